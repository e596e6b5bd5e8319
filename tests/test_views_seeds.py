"""A grid of seeds: each in its own cell, the collapsed told from the rest without colour."""

from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from genart_edu.data.densities import grid, ring
from genart_edu.views.canvas import Canvas
from genart_edu.views.seeds import GAP, TAB, SeedGrid, cells
from genart_edu.views.style import DARK, FAKE, LIGHT, REAL, Theme

MODES = ring().modes.numpy()


def view_of(canvas: Canvas) -> Any:
    return canvas.views[0]


def pixels(canvas: Canvas, frame: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The frame between two corners, in the view's inches."""
    corners = canvas._figure.axes[0].transData.transform([low, high])
    (left, bottom), (right, top) = np.rint(corners).astype(int)
    return frame[len(frame) - top : len(frame) - bottom, left:right].astype(float)


def tab(canvas: Canvas, frame: np.ndarray, seed: int) -> np.ndarray:
    view = view_of(canvas)
    corner = view.corners[seed] + (0, view.side + 0.02)
    return pixels(canvas, frame, corner, corner + np.array([view.side, TAB - 0.02]))


def has(area: np.ndarray, color: str, tolerance: float = 30) -> int:
    return int((np.abs(area - 255 * np.array(to_rgb(color))).max(axis=-1) < tolerance).sum())


@pytest.mark.parametrize("columns", [None, 8])
@pytest.mark.parametrize("n", [1, 2, 3, 5, 7, 8, 10, 16, 31, 32, 33, 64])
def test_cells_lie_apart_within_the_plot(n: int, columns: int | None):
    corners, side = cells(n, 4.74, 2.78, columns)
    assert corners.shape == (n, 2) and corners.min() >= 0
    assert (corners[:, 0] + side <= 4.74).all() and (corners[:, 1] + side + TAB <= 2.78).all()
    gaps = abs(corners[:, None] - corners) + 10 * np.eye(n)[..., None] - [side, side + TAB]
    assert gaps.max(axis=-1).min() >= GAP - 1e-9
    if columns is None:
        assert all(side >= cells(n, 4.74, 2.78, c)[1] for c in range(1, n + 1))
    assert np.allclose(100 * corners, np.rint(100 * corners)), "on whole pixels"


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_fakes_lie_in_their_seed_where_they_are(theme: Theme):
    canvas = Canvas([SeedGrid("Seeds", 1.5, MODES)], theme)
    fakes = np.full((4, 3, 2), np.nan)
    fakes[2] = (0.5, 0.25), (-0.5, -0.75), (0, 0)
    frame = canvas.frame([(fakes, np.full(4, 8))])
    view = view_of(canvas)
    drawn = np.stack(view.fakes.get_data(), axis=1)
    assert np.allclose(drawn, view.corners[2] + view.side * (fakes[2] + 1.5) / 3)
    orange = FAKE.color(theme)
    for place in drawn:
        assert has(pixels(canvas, frame, place - 0.03, place + 0.03), orange, 80)
    for seed in (0, 1, 3):
        corner = view.corners[seed]
        assert not has(pixels(canvas, frame, corner, corner + view.side), orange, 80)


@pytest.mark.filterwarnings("error")
def test_what_is_outside_or_not_finite_is_left_out():
    canvas = Canvas([SeedGrid("Seeds", 0.5, MODES / 3)])
    far = [(0.1, 0.6), (1e308, 0), (0, -1e308), (np.inf, 0), (np.nan, 0), (0.5, -0.5)]
    canvas.frame([(np.array([far, far[::-1]]), np.array([8, 8]))])
    assert len(view_of(canvas).fakes.get_xdata()) == 2, "the corner itself, of both"


def test_every_mode_is_marked_in_every_cell():
    canvas = Canvas([SeedGrid("Seeds", 1.5, MODES)])
    frame = canvas.frame([(np.zeros((5, 0, 2)), np.zeros(5, dtype=int))])
    view = view_of(canvas)
    centres = np.stack(view.targets.get_data(), axis=1)
    expected = view.corners[:, None] + view.side * (MODES + 1.5) / 3
    assert np.allclose(centres, expected.reshape(-1, 2))
    for centre in centres:
        area = pixels(canvas, frame, centre - 0.07, centre + 0.07)
        assert has(area, REAL.color(LIGHT), 80)
        middle = area[len(area) // 2, len(area) // 2]
        assert (middle == 255).all(), "hollow"


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_the_collapsed_differ_from_the_rest_in_grey_and_are_counted(theme: Theme):
    canvas = Canvas([SeedGrid("Seeds", 1.5, MODES)], theme)
    captured = np.array([8, 3, 8, 8, 1, 7])
    frame = canvas.frame([(np.zeros((6, 4, 2)), captured)])
    view = view_of(canvas)
    for seed, count in enumerate(captured):
        area = tab(canvas, frame, seed)
        filled = has(area, theme.ink) / area[..., 0].size
        assert (filled > 0.6) if count < 8 else (filled < 0.3)
        assert has(area, theme.background) > 5, "its count can be read"
    assert view.said.get_text() == "3 of 6 collapsed"
    assert view.said.get_window_extent(canvas._agg.get_renderer()).height > 18


def test_counts_are_the_seeds_own():
    canvas = Canvas([SeedGrid("Seeds", 1.5, MODES)])

    def tabs(*captured: int) -> list[np.ndarray]:
        frame = canvas.frame([(np.zeros((2, 1, 2)), np.array(captured))])
        return [tab(canvas, frame, seed) for seed in (0, 1)]

    (a, b), (c, d), (e, f) = tabs(3, 5), tabs(5, 3), tabs(8, 8)
    assert all(abs(x - y).max() < 9 for x, y in ((a, d), (b, c), (e, f)))
    assert abs(a - b).max() > 99 and abs(a - e).max() > 99


@pytest.mark.parametrize(("density", "n"), [(ring(), 64), (grid(), 32), (grid(), 64)])
def test_counts_stay_within_their_cells(density: Any, n: int):
    canvas = Canvas([SeedGrid("Seeds", density.extent, density.modes.numpy())])
    canvas.frame([(np.zeros((n, 1, 2)), np.full(n, len(density.modes)))])
    view = view_of(canvas)
    letters = view.tabs.get_path().vertices
    letters = letters[(letters != 0).any(axis=1)]  # a closing vertex has no place
    right = letters[:, 0, None] - view.corners[:, 0]
    assert ((right > 0) & (right < view.side)).any(axis=1).all()


def test_one_to_many_seeds_with_headline_and_key_apart():
    canvas = Canvas([SeedGrid("Seeds", 1.5, MODES)])
    for n in (1, 32, 64, 100):
        frame = canvas.frame([(np.zeros((n, 10, 2)), np.arange(n) % 9)])
        assert (
            frame == Canvas(canvas.views).frame([(np.zeros((n, 10, 2)), np.arange(n) % 9)])
        ).all()
        renderer = canvas._agg.get_renderer()
        said = view_of(canvas).said.get_window_extent(renderer)
        legend: Any = canvas._figure.axes[0].get_legend()
        assert said.x1 < legend.get_window_extent(renderer).x0
    assert not view_of(canvas).update(np.ones((100, 3, 2)), np.full(100, 8))


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="3 seeds of fakes, but 2 counts"):
        Canvas([SeedGrid("Seeds", 1.5, MODES)]).frame([(np.zeros((3, 1, 2)), np.zeros(2))])
