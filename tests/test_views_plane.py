"""The plane of a GAN: points and surface lie where the numbers say, in their own colours."""

from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from genart_edu.views.canvas import Canvas
from genart_edu.views.plane import Plane, knots, shades
from genart_edu.views.style import DARK, FAKE, LIGHT, REAL, Theme

NONE = np.zeros((0, 2))


def at(canvas: Canvas, frame: np.ndarray, x: float, y: float, reach: int = 0) -> np.ndarray:
    """The frame's pixels at a place of the plane: (2 reach + 1, 2 reach + 1, 3) floats."""
    column, height = canvas._figure.axes[0].transData.transform((x, y))
    row, column = int(len(frame) - height), int(column)
    return frame[row - reach : row + reach + 1, column - reach : column + reach + 1].astype(float)


def has(pixels: np.ndarray, color: str, tolerance: float = 40) -> bool:
    return bool((np.abs(pixels - 255 * np.array(to_rgb(color))).max(axis=-1) < tolerance).any())


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_points_lie_where_they_are_and_look_like_what_they_are(theme: Theme):
    canvas = Canvas([Plane("Samples", extent=2)], theme)
    frame = canvas.frame([(np.array([[1.0, 1.5]]), np.array([[-1.5, 0.5], [np.nan, 0]]), None)])
    real, fake = at(canvas, frame, 1, 1.5, reach=3), at(canvas, frame, -1.5, 0.5, reach=3)
    assert has(real, REAL.color(theme), 70) and not has(real, FAKE.color(theme))
    assert has(fake, FAKE.color(theme)) and not has(fake, REAL.color(theme))
    assert not has(at(canvas, frame, 1.5, -1, reach=3), REAL.color(theme), 70)
    view: Any = canvas.views[0]
    assert view.real.get_marker() != view.fake.get_marker()


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_the_surface_has_its_real_side_where_it_is_one(theme: Theme):
    x, y = np.meshgrid(np.linspace(-3, 3, 31), np.linspace(-3, 3, 31))
    canvas = Canvas([Plane("Samples", extent=3)], theme)
    colors = shades(theme)[:, :3]
    for surface, high, low in ((x > 0, (2, 1), (-2, 1)), (y > 0, (1, 2), (1, -2))):
        frame = canvas.frame([(NONE, NONE, surface.astype(float))])
        assert (at(canvas, frame, *high) == colors[-1]).all()
        assert (at(canvas, frame, *low) == colors[0]).all()
    assert np.linalg.norm(
        colors[-1] - 255.0 * np.array(to_rgb(REAL.color(theme)))
    ) < np.linalg.norm(colors[0] - 255.0 * np.array(to_rgb(REAL.color(theme))))


def test_the_surface_is_interpolated_in_place():
    x, y = np.meshgrid(np.linspace(-3, 3, 7), np.linspace(-3, 3, 5))
    canvas = Canvas([Plane("Samples", extent=3)])
    frame = canvas.frame([(NONE, NONE, 0.5 + x / 12 + y / 24)])
    for place in ((0, 0), (1.3, -2.1), (-2.5, 2.9)):
        level = 255 * (0.5 + place[0] / 12 + place[1] / 24)
        expected = shades(LIGHT)[round(level), :3]
        assert np.abs(at(canvas, frame, *place) - expected).max() <= 3


def test_knots_read_straight_lines_exactly():
    for n in (2, 7, 64):
        pixels = (np.arange(100) + 0.5) / 100
        assert np.allclose(knots(n, 100) @ np.linspace(-1, 1, n), 2 * pixels - 1)


def test_without_a_surface_there_is_no_colour_key():
    canvas = Canvas([Plane("Samples")])
    bare = canvas.frame([(NONE, NONE, None)])
    mapped = canvas.frame([(NONE, NONE, np.full((4, 4), np.nan))])
    middle = shades(LIGHT)[128, :3]
    assert np.abs(at(canvas, mapped, 1, 1) - middle).max() <= 2  # nan: neither real nor fake
    right = round(canvas._figure.axes[0].bbox.x1) + 2
    assert (bare[100:, right:] == 255).all() and (mapped[100:, right:] != 255).any()
    assert (canvas.frame([(NONE, NONE)]) == bare).all()


def test_the_plane_is_square_in_any_cell():
    for size in (None, 9.0):
        canvas = Canvas([Plane("Samples", extent=2)], width=size)
        canvas.frame([(NONE, NONE, np.zeros((3, 3)))])
        box = canvas._figure.axes[0].get_window_extent()
        assert box.width == pytest.approx(box.height, abs=1)


def has_dark(canvas: Canvas, frame: np.ndarray, x: float, y: float) -> bool:
    """Whether ink is near: none of the points or colours of the plane is as dark."""
    return bool((at(canvas, frame, x, y, reach=3).max(axis=-1) < 90).any())


def test_the_best_discriminator_has_its_border_where_it_is_one_half():
    x, y = np.meshgrid(np.linspace(-3, 3, 61), np.linspace(-3, 3, 41))
    best = 1 / (1 + np.exp(x**2 + y**2 - 4))  # 1/2 on the circle of radius 2
    canvas = Canvas([Plane("Samples", extent=3)])
    frame = canvas.frame([(NONE, NONE, np.full((4, 4), 0.5), best)])
    [outline] = [path.vertices for path in canvas.views[0].border.get_paths()]
    assert np.allclose(np.hypot(*outline.T), 2, atol=0.01)
    places = [
        (r * np.cos(a), r * np.sin(a)) for r in (1.5, 2, 2.5) for a in np.arange(0, 6.3, 0.02)
    ]
    inked = np.array([has_dark(canvas, frame, *place) for place in places]).reshape(3, -1)
    assert not inked[0].any() and inked[1].mean() > 0.7 and not inked[2].any()


def test_a_best_that_is_nowhere_one_half_or_not_a_number_has_no_border_there():
    canvas = Canvas([Plane("Samples", extent=3)])
    x = np.meshgrid(np.linspace(-3, 3, 31), np.linspace(-3, 3, 31))[0]
    canvas.frame([(NONE, NONE, None, np.where(x[::-1].T < 0, np.nan, 0.5 + x / 12))])
    lines = [path.vertices for path in canvas.views[0].border.get_paths()]
    assert np.allclose(np.concatenate(lines)[:, 0], 0)
    for none in (np.full((5, 5), np.nan), np.full((5, 5), 0.2)):
        canvas.frame([(NONE, NONE, None, none)])
        assert canvas.views[0].border.get_paths() == []


def test_the_key_names_the_border_only_while_it_is_there():
    canvas = Canvas([Plane("Samples")])
    view, best = canvas.views[0], np.eye(4)
    plain = canvas.frame([(NONE, NONE, best)])
    assert view.update(NONE, NONE, best, best) and not view.update(NONE, NONE, best, best)
    with_border = Canvas([Plane("Samples")]).frame([(NONE, NONE, best, best)])
    legend: Any = view.ax.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["real", "fake", "D* ≈ ½"]
    assert (canvas.frame([(NONE, NONE, best)]) == plain).all()
    assert (canvas.frame([(NONE, NONE, best, best)]) == with_border).all()


def test_three_names_have_room_beside_the_scale():
    canvas = Canvas([Plane("Samples")])
    canvas.frame([(NONE, NONE, np.eye(4), np.eye(4))])
    renderer, view = canvas._agg.get_renderer(), canvas.views[0]
    legend: Any = view.ax.get_legend()
    boxes = [text.get_window_extent(renderer) for text in legend.get_texts()]
    scale = view.scale
    texts = [scale.xaxis.label, view.ax.xaxis.label, *scale.get_yticklabels()]
    others = [text.get_window_extent(renderer) for text in [*texts, *view.ax.get_xticklabels()]]
    assert boxes[-1].x1 < canvas._figure.bbox.x1
    everything = [*boxes, *others]
    pairs = [(a, b) for i, a in enumerate(everything) for b in everything[:i]]
    assert not any(a.overlaps(b) for a, b in pairs)
