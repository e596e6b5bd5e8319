"""A game as a flow: arrows along the field, paths even to infinity, eigenvalues in place."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from genart_edu.views.canvas import Canvas
from genart_edu.views.phase import Eigenvalues, PhasePortrait, flow
from genart_edu.views.style import DARK, LIGHT, SERIES, Theme

NAMES = ("simultaneous", "alternating", "with R1")
LINE = np.linspace(-2, 2, 9)
PLACES = np.stack(np.meshgrid(LINE, LINE), axis=-1)  # (9, 9, 2): theta, psi
TURN = PLACES[..., ::-1] * [-1, 1]  # the flow of a zero-sum game, around and around


def near(canvas: Canvas, frame: np.ndarray, x: float, y: float, view: int = 0) -> np.ndarray:
    """The pixels around a place of the plane, (9, 9, 3)."""
    column, height = canvas._figure.axes[view].transData.transform((x, y))
    row, column = round(len(frame) - height), round(column)
    return frame[row - 4 : row + 5, column - 4 : column + 5].astype(float)


def has(pixels: np.ndarray, color: str, tolerance: float = 20) -> bool:
    return bool((np.abs(pixels - 255 * np.array(to_rgb(color))).max(axis=-1) < tolerance).any())


def test_an_arrow_points_along_the_field_around_its_place():
    outlines = flow(TURN, extent=2)
    assert len(outlines) == 80, "none at the equilibrium"
    flat = PLACES.reshape(-1, 2)[TURN.reshape(-1, 2).any(axis=1)]
    tip, left, right = (outlines[:, i] for i in (3, 4, 2))
    tail = (outlines[:, 0] + outlines[:, 6]) / 2
    assert np.allclose((tail + tip) / 2, flat)
    along, field = tip - tail, flat[:, ::-1] * [-1, 1]
    cross = along[:, 0] * field[:, 1] - along[:, 1] * field[:, 0]
    assert np.allclose(cross, 0) and ((along * field).sum(axis=1) > 0).all()
    for barb in left, right:  # behind the tip, beside the shaft
        assert (((barb - tip) * along).sum(axis=1) < 0).all()


def test_slow_arrows_are_seen_and_fast_ones_touch_no_neighbour():
    field = np.array([[[1.0, 1], [1e-3, 0]], [[0, 1], [1e-1, 0]]])
    outlines = flow(field, 1)
    length = np.linalg.norm(outlines[:, 3] - (outlines[:, 0] + outlines[:, 6]) / 2, axis=1)
    assert length.max() < 2, "the lattice's spacing"
    assert length[0] == length.max() and length[1] == length.min() > 0.08 * length.max()


def test_what_is_not_finite_or_immense_has_no_arrow_or_a_good_one():
    field = TURN.copy()
    field[0, 0], field[1, 1], field[2, 2] = (np.nan, 1), (1, np.inf), (1e300, -1e300)
    strokes = flow(field, 2)
    assert len(strokes) == 78 and np.isfinite(strokes).all() and abs(strokes).max() < 3
    assert len(flow(np.zeros((3, 3, 2)), 2)) == 0


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_paths_lie_where_they_were_and_begin_hollow(theme: Theme):
    canvas = Canvas([PhasePortrait("Game", NAMES)], theme)
    paths = np.array([[(1, 1), (-1, 1)], [(1, -1), (-1, -1)], [(1.5, 0.3), (-1.5, 0.3)]])
    frame = canvas.frame([(np.zeros((5, 5, 2)), *paths)])
    for (start, end), role in zip(paths, SERIES, strict=False):
        color = role.color(theme)
        assert has(near(canvas, frame, *((3 * start + end) / 4)), color), "its line"
        middle = near(canvas, frame, *start)[4, 4], near(canvas, frame, *end)[4, 4]
        assert has(middle[0], theme.background) and has(middle[1], color)
    legend: Any = canvas._figure.axes[0].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == [*NAMES]


@pytest.mark.filterwarnings("error")
def test_a_path_that_runs_away_leaves_the_window_in_its_direction():
    away = np.array([(0.5, 0.5), (1, 0.5), (1e300, 1e299), (np.inf, 3), (np.nan, np.nan)])
    canvas = Canvas([PhasePortrait("Game", ("away", "back"))])
    frame = canvas.frame([(TURN, away, -away[:3])])
    for sign, role in ((1, SERIES[0]), (-1, SERIES[1])):
        places = [(sign * x, sign * (0.5 + 0.1 * (x - 1))) for x in (1.2, 1.5, 1.8)]
        assert all(has(near(canvas, frame, *place), role.color(LIGHT)) for place in places)
    for line in canvas.views[0].paths:
        assert np.isfinite(line.get_xydata()).all() and abs(line.get_xydata()).max() <= 2000


def test_the_field_alone_is_drawn_once():
    canvas = Canvas([PhasePortrait("Game", NAMES)])
    view = canvas.views[0]
    assert view.update(TURN, np.ones((2, 2))) and not view.update(TURN) and view.update(-TURN)
    assert all(len(line.get_xydata()) == 0 for line in view.artists)
    with pytest.raises(ValueError, match="PhasePortrait has 3 paths; got 4"):
        view.update(TURN, *np.zeros((4, 1, 2)))
    with pytest.raises(ValueError, match="At most 5"):
        PhasePortrait("Game", list("abcdef"))


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_eigenvalues_are_in_place_beside_a_round_circle(theme: Theme):
    canvas = Canvas([Eigenvalues("Game", NAMES)], theme, width=8)
    values = np.array([[0.5 + 1.2j, 0.5 - 1.2j], [-0.5 + 0.5j, 0.1], [np.nan, 0.2j]])
    frame = canvas.frame([(values,)])
    for row, role in zip(values, SERIES, strict=False):
        for value in row[np.isfinite(row)]:
            assert has(near(canvas, frame, value.real, value.imag), role.color(theme), 60)
    for angle in np.linspace(0.2, 6, 9):
        circle = near(canvas, frame, np.cos(angle), np.sin(angle))
        assert has(circle, theme.ink, 100), "the unit circle"
    (left, bottom), (right, top) = canvas._figure.axes[0].transData.transform([(0, 0), (1, 1)])
    assert right - left == pytest.approx(top - bottom)


def test_the_key_tells_the_largest_eigenvalue_and_says_when_it_changed():
    view: Any = Canvas([Eigenvalues("Game", NAMES)]).views[0]
    turn = np.array([1 + 0.1j, 1 - 0.1j])
    for values in (np.stack([turn, turn**2, turn / 2]), np.array([0.5, 0.6, 0.7])):
        assert view.update(values) and not view.update(values)
        told = [float(text.get_text().split("= ")[1]) for text in view.key.get_texts()]
        largest = [max(np.hypot(v.real, v.imag) for v in np.atleast_1d(row)) for row in values]
        assert told == pytest.approx(largest, rel=1e-3)
    with pytest.raises(ValueError, match="a row for each"):
        view.update(np.ones(2))


def test_limits_hold_the_values_and_the_circle_and_rarely_move():
    view: Any = Canvas([Eigenvalues("Game", ("one",))]).views[0]
    sizes = np.geomspace(0.1, 30, 200)
    changes = 0
    for size in sizes:
        before = view.ax.get_xlim()
        view.update(np.array([[size * 1j, -size]]))
        low, high = view.ax.get_xlim()
        assert high == -low == view.ax.get_ylim()[1] and max(size, 1) < high < 2.1 * max(size, 1)
        changes += view.ax.get_xlim() != before
    assert changes < 12
    view.update(np.array([[np.inf, 0.5]]))
    assert view.ax.get_xlim() == (-1.5, 1.5)


@pytest.mark.parametrize("names", [NAMES, (*NAMES, "extragradient", "momentum −0.5")])
def test_names_and_the_rule_stay_inside_and_apart(names: tuple[str, ...]):
    canvas = Canvas([PhasePortrait("Game", names), Eigenvalues("Step", names)])
    canvas.frame([(TURN,), (np.full(len(names), 1.01 + 0.1j),)])
    renderer = canvas._agg.get_renderer()
    for cell, ax in canvas._cells:
        legend: Any = ax.get_legend()
        boxes = [text.get_window_extent(renderer) for text in [*legend.get_texts(), *ax.texts]]
        room = cell.get_window_extent(renderer)
        assert all(b.x1 < room.x1 and room.y0 < b.y0 and b.y1 < room.y1 for b in boxes)
        assert all(a.y0 >= b.y1 - 2 for a, b in pairwise(boxes))


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_a_frame_after_others_is_the_picture_drawn_first(theme: Theme):
    views: list[Any] = [PhasePortrait("Game", NAMES), Eigenvalues("Step", NAMES)]
    canvas, rng = Canvas(views, theme), np.random.default_rng(0)
    for n in (2, 30, 5):
        values = rng.normal(0, 1, (3, n)) + 1j * rng.normal(0, n, (3, n))
        arrays = [(n * TURN + PLACES, *rng.normal(0, 1, (3, n, 2))), (values,)]
        frame = canvas.frame(arrays)
    assert (frame == Canvas(views, theme).frame(arrays)).all()
