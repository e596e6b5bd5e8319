"""The tree of runs: lines where the spans say, a way down from each parent, a ring."""

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.transforms import Bbox

from genart_edu.views.canvas import Canvas
from genart_edu.views.curves import POINTS, Curves
from genart_edu.views.style import DARK, LIGHT, REAL, SERIES, Theme
from genart_edu.views.tree import Tree

SPANS = np.array([(0, 3000, -1), (1300, 2200, 0), (1700, 2100, 1)])
MARKS = np.array([(0, 400), (1, 1500), (2, 1700)])


def grown(spans=SPANS, marks=MARKS, here=(1, 2000), theme: Theme = LIGHT) -> tuple[Any, Any, Any]:
    """A canvas, its picture and its view."""
    canvas = Canvas([Tree()], theme)
    frame = canvas.frame([(spans, marks, np.array(here))])
    return canvas, frame, canvas.views[0]


def thickness(view: Any, frame: np.ndarray, color: str, step: float, row: float) -> float:
    """How many pixels of a colour stand above each other around a place."""
    x, y = view.ax.transData.transform((step, row))
    near = frame[round(len(frame) - y) - 8 : round(len(frame) - y) + 9, int(x)]
    return float((abs(near - 255 * np.array(to_rgb(color))).max(axis=-1) < 30).sum())


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_runs_are_lines_in_rows_of_their_own_and_the_one_looked_at_is_thick(theme: Theme):
    _, frame, view = grown(here=(1, 1750), theme=theme)
    for row, (first, last) in enumerate(SPANS[:, :2]):
        color = REAL.color(theme) if row == 1 else theme.muted
        for step in (first + 150, last - 100):
            assert (thickness(view, frame, color, step, row) > 4) == (row == 1)
            assert thickness(view, frame, color, step, row) >= 1
        for step in (first - 60, last + 100):
            assert thickness(view, frame, color, step, row) == 0
    assert view.ax.transData.transform((0, 0))[1] > view.ax.transData.transform((0, 1))[1]


def test_a_way_leads_from_the_parent_down_to_each_fork():
    _, frame, view = grown(marks=np.zeros((0, 2)))
    for step, parent, row in ((1300, 0, 1), (1700, 1, 2)):
        x, below = view.ax.transData.transform((step, row))
        _, above = view.ax.transData.transform((step, parent))
        column = frame[
            round(len(frame) - above) : round(len(frame) - below), int(x) - 1 : int(x) + 2
        ]
        inked = abs(column - 255 * np.array(to_rgb(LIGHT.muted))).max(axis=-1).min(axis=-1) < 90
        assert inked[8:-6].all(), "without a gap"
        beside = frame[round(len(frame) - (above + below) / 2), int(x) - 12 : int(x) - 4]
        assert (beside == 255).all()


def test_events_are_ticks_and_the_ring_is_where_one_stands():
    _, frame, view = grown(here=(0, 2600))
    assert view.here.get_xydata().tolist() == [[2600, 0]]
    assert view.events.get_xydata().tolist() == MARKS[:, ::-1].tolist()
    for row, step in MARKS:
        assert thickness(view, frame, LIGHT.ink, step, row) > 10
    x, y = view.ax.transData.transform((2600, 0))
    row = len(frame) - round(y)
    near = frame[row - 20 : row + 21, round(x) - 20 : round(x) + 21]
    ring = abs(near - 255 * np.array(to_rgb(SERIES[1].light))).max(axis=-1) < 30
    distance = np.hypot(*np.indices(ring.shape) - 20.0)[ring]
    assert ring.sum() > 100 and distance.min() > 5 and distance.max() < 14


def test_the_ring_is_whole_at_the_first_step():
    _, frame, view = grown(np.array([(0, 0, -1)]), np.zeros((0, 2)), (0, 0))
    x, y = view.ax.transData.transform((0, 0))
    row, near = len(frame) - round(y), slice(round(x) - 14, round(x))
    assert (abs(frame[row, near] - 255 * np.array(to_rgb(SERIES[1].light))).max(axis=-1) < 30).any()


@pytest.mark.parametrize("count", [1, 2, 5, 8, 30])
def test_names_stand_left_of_their_runs_and_apart(count: int):
    rng = np.random.default_rng(count)
    spans = np.array([(0, 5000, -1)] + [(rng.integers(5000), 5000, 0) for _ in range(count - 1)])
    canvas, _, view = grown(spans, np.zeros((0, 2)), (count - 1, 5000))
    boxes = {name.get_text(): name.get_window_extent() for name in view.names}
    assert "run 1" in boxes and f"run {count}" in boxes, "the first, and the one looked at"
    if count <= 8:
        assert [*boxes] == [f"run {i + 1}" for i in range(count)]
        assert not any(Bbox.intersection(a, b) for a, b in combinations(boxes.values(), 2))
    for name, box in boxes.items():
        row = int(name.split()[1]) - 1
        x, y = view.ax.transData.transform((spans[row, 0], row))
        assert box.x0 >= 0 and x - 20 < box.x1 < x - 8
        assert box.y0 < y < box.y1 and canvas._figure.bbox.y1 > box.y1
    weights = {name.get_text(): name.get_weight() for name in view.names}
    assert [name for name, weight in weights.items() if weight == "bold"] == [f"run {count}"]


def test_its_steps_stand_where_those_of_the_curves_do():
    for last in (0, 1, POINTS, POINTS + 1, 3000):
        canvas = Canvas([Tree(), Curves(("loss",), "Losses")])
        steps = np.arange(1, last + 1)
        spans = np.array([(0, last, -1)])
        canvas.frame([(spans, np.zeros((0, 2)), np.array([0, last])), (steps, np.ones(last))])
        views: Any = canvas.views
        tree, curves = (view.ax for view in views)
        assert last == 0 or tree.get_xlim() == pytest.approx(curves.get_xlim())


def test_all_is_drawn_anew_only_for_another_axis_name_or_fork():
    _, _, view = grown()
    still: Any = np.array([1, 2000])
    assert not view.update(SPANS, MARKS, still)
    assert not view.update(SPANS + np.array([0, 50, 0]), MARKS[:1], np.array([1, 2050])), "it grows"
    assert view.update(SPANS, MARKS, np.array([0, 2050])), "another name is bold"
    assert view.update(np.concatenate([SPANS, [(900, 950, 0)]]), MARKS, np.array([0, 2050]))
    assert view.update(SPANS, MARKS, np.array([0, 2050]))
    assert len(view.ax.texts) == len(SPANS), "old names are gone"
    changes = [n for n in range(3000) if view.update(SPANS + np.array([0, n, 0]), MARKS, still)]
    assert len(changes) <= 2


def test_a_frame_after_others_is_the_frame_drawn_first():
    canvas, _, _ = grown(SPANS[:1], MARKS[:1], (0, 10))
    frame = canvas.frame([(SPANS, MARKS, np.array([2, 2000]))])
    assert np.array_equal(frame, grown(here=(2, 2000))[1])


@pytest.mark.parametrize(
    ("spans", "marks", "here", "said"),
    [
        (np.zeros((0, 3)), MARKS, (0, 1), r"\(R, 3\)"),
        (SPANS[:, :2], MARKS, (0, 1), r"got \[\(3, 2\)"),
        (SPANS, MARKS[0], (0, 1), r"\(M, 2\)"),
        (SPANS, MARKS, (0,), r"here \(2,\)"),
        (SPANS, MARKS, 0, r"here \(2,\)"),
        (SPANS, MARKS, (3, 1), "rows 0 to 2"),
        (SPANS, np.array([(3, 1)]), (0, 1), "rows 0 to 2"),
        (np.array([(0, 9, -1), (3, 9, 1)]), MARKS[:0], (0, 1), "below its parent"),
        (np.array([(0, 9, -2)]), MARKS[:0], (0, 1), "below its parent"),
    ],
    ids=range(9),
)
def test_what_does_not_fit_is_refused_in_a_sentence(spans, marks, here, said):
    with pytest.raises(ValueError, match=said) as refused:
        grown(spans, marks, here)
    assert str(refused.value).count(".") == 1


def test_the_alternative_text_says_what_it_is():
    assert Canvas([Tree("Forks")]).alt.startswith("Forks: ")
