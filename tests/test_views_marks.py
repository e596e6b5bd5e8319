"""Marks: a line at each event's step, and words that cover neither each other nor the curves."""

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.transforms import Bbox

from genart_edu.views.canvas import Canvas
from genart_edu.views.curves import Curves
from genart_edu.views.marks import MOST, ROWS
from genart_edu.views.style import DARK, LIGHT, Theme

STEPS = np.arange(1, 301)
LOSS = 2 + np.sin(STEPS / 20)


def marked(marks, theme: Theme = LIGHT, **settings) -> tuple[Canvas, np.ndarray, Any]:
    """A canvas with one view of `marks`, its picture, and the view."""
    canvas = Canvas([Curves(("loss",), "Losses", **settings)], theme)
    canvas.views[0].surround(marks=marks)  # type: ignore[attr-defined]
    return canvas, canvas.frame([(STEPS, LOSS)]), canvas.views[0]


def said(view: Any) -> dict[str, Bbox]:
    """The words that are shown, and where, in pixels."""
    shown = [text for text in view.marked.texts if text.get_visible()]
    return {text.get_text(): text.get_window_extent() for text in shown}


def distance(view: Any, step: float, text: str) -> float:
    """How far beside the line at a step its words stand, in pixels."""
    at, box = view.ax.transData.transform((step, 0))[0], said(view)[text]
    assert at < box.x0 or box.x1 < at
    return float(max(box.x0 - at, at - box.x1))


def heights(canvas: Canvas, frame: np.ndarray, theme: Theme, step: float) -> np.ndarray:
    """How high above the plot's bottom, in pixels, the line at a step is drawn."""
    ax = canvas._figure.axes[0]
    column = int(ax.transData.transform((step, 0))[0])
    near = frame[::-1, column - 1 : column + 2] / 255  # from below
    muted, paper = np.array(to_rgb(theme.muted)), np.array(to_rgb(theme.background))
    covered = ((near - paper) @ (muted - paper) / ((muted - paper) @ (muted - paper))).max(axis=1)
    drawn = np.flatnonzero(covered > 0.5) - ax.bbox.y0
    return drawn[(drawn > 0) & (drawn < ax.bbox.height)]


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_a_line_stands_at_each_step_from_the_bottom_up_to_its_words(theme: Theme):
    marks = [(40, "lr 0.0001"), (180, "β 4")]
    canvas, frame, view = marked(marks, theme)
    for step, text in marks:
        drawn = heights(canvas, frame, theme, step)
        assert (drawn < 20).any(), "it reaches the bottom"
        assert len(drawn) > 0.9 * view.ax.bbox.height
        assert distance(view, step, text) < 10
    assert len(heights(canvas, frame, theme, 110)) < 20, "there is a curve only"


def test_words_are_as_high_as_the_numbers_at_the_axes():
    _, _, view = marked([(200, "0123")])
    tick = view.ax.get_xticklabels()[1].get_window_extent()
    assert said(view)["0123"].height == pytest.approx(tick.height, abs=2)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_curves_run_below_the_words(theme: Theme):
    frames = []
    for top in (1.0, 1e6):  # a spike, which the axis does not follow, through the words
        canvas = Canvas([Curves(("loss",), "Losses")], theme)
        view: Any = canvas.views[0]
        view.surround(marks=[(140, "lr 0.0001")])
        loss = np.where(STEPS[:160] == 120, top, 1.0)
        frames.append(canvas.frame([(STEPS[:160], loss)]))
    box = said(view)["lr 0.0001"]
    rows = slice(round(len(frames[0]) - box.y1), round(len(frames[0]) - box.y0))
    first, second = (frame[rows, round(box.x0) : round(box.x1)] for frame in frames)
    assert np.array_equal(first, second)
    ink = abs(first - 255 * np.array(to_rgb(theme.ink))).max(axis=-1) < 40
    assert 0.05 < ink.mean() < 0.6
    assert not np.array_equal(frames[0], frames[1])


@pytest.mark.parametrize("count", [3, 12, 40])
def test_words_cover_neither_each_other_nor_leave_the_plot(count: int):
    rng = np.random.default_rng(count)
    for _ in range(5):
        steps = sorted(rng.integers(0, 301, count).tolist())
        _, _, view = marked([(step, f"lr {step / 1000:.3f}") for step in steps])
        boxes, plot = said(view), view.ax.bbox
        assert f"lr {steps[-1] / 1000:.3f}" in boxes, "the newest wins"
        assert not any(Bbox.intersection(a, b) for a, b in combinations(boxes.values(), 2))
        for box in boxes.values():
            assert plot.x0 <= box.x0 and box.x1 <= plot.x1 + 1 and box.y1 <= plot.y1 + 1


def test_left_of_their_marks_words_are_crossed_by_no_line():
    steps = np.arange(80, 300, 6).tolist()
    _, _, view = marked([(step, f"lr {step / 1000:.3f}") for step in steps])
    assert len(said(view)) > 2 * ROWS
    for segment in view.marked.lines.get_segments():
        (x, _), (_, top) = segment
        at = view.ax.transData.transform((x, 0))[0]
        height = view.ax.bbox.y0 + top * view.ax.bbox.height
        crossed = [b for b in said(view).values() if b.x0 < at < b.x1 and b.y0 + 2 < height]
        assert not crossed


def test_words_lie_above_the_curves():
    dense = [(step, f"lr {step / 1000:.3f}") for step in range(5, 200, 5)]
    for marks in ([(100, "β 4")], dense):
        canvas = Canvas([Curves(("loss",), "Losses")])
        view: Any = canvas.views[0]
        view.surround(marks=marks)
        canvas.frame([(STEPS, 4.93 - (STEPS // 60) % 2)])  # alone it would reach to the top
        top = view.ax.transData.transform((0, 4.93))[1]
        assert min(box.y0 for box in said(view).values()) > top


def test_only_the_newest_steps_have_a_line():
    _, _, view = marked([(step, "Step D") for step in range(1, 120, 2)])
    drawn = sorted(segment[0][0] for segment in view.marked.lines.get_segments())
    assert drawn == [*range(1, 120, 2)][-MOST:]


def test_marks_of_one_step_are_joined_and_the_last_of_many_are_told():
    _, _, view = marked([(50, "fork"), (50, "β 4"), (50, "β 4")])
    assert [*said(view)] == ["fork, β 4"]
    _, _, view = marked([(50, f"lr {i}") for i in range(9)])
    assert [*said(view)] == ["…, lr 6, lr 7, lr 8"]
    assert len(view.marked.lines.get_segments()) == 1


def test_marks_beyond_the_axis_are_left_out():
    _, _, view = marked([(-5, "before"), (0, "fork"), (90_000, "after")])
    assert [*said(view)] == ["fork"]


def test_words_stand_right_of_a_mark_where_the_plot_begins():
    _, _, view = marked([(0, "fork"), (298, "target redrawn")])
    assert said(view)["fork"].x0 > view.ax.transData.transform((0, 0))[0]
    assert said(view)["target redrawn"].x1 < view.ax.transData.transform((298, 0))[0]


def test_the_newest_is_in_the_top_row_and_what_it_meets_below():
    steps = [100, 260, 270, 280, 290]
    _, _, view = marked([(step, f"lr {step / 1000:.3f}") for step in steps])
    tops = {name: view.ax.bbox.y1 - box.y1 for name, box in said(view).items()}
    assert [*tops] == ["lr 0.290", "lr 0.280", "lr 0.270", "lr 0.100"], "no room for a fourth row"
    first, second, third, apart = tops.values()
    assert first == apart < 5 and second - first == pytest.approx(third - second)
    assert second - first > said(view)["lr 0.290"].height


def test_lines_of_marks_and_of_references_are_told_apart():
    _, _, view = marked([(40, "fork")], references={"log 2": 0.693})
    assert view.marked.lines.get_linestyle()[0][1] is None, (
        "solid and upright, not dashed and level"
    )
    assert said(view)["fork"].x1 < view.labels[0].get_window_extent().x0


def test_words_stay_beside_their_marks_when_the_run_grows():
    canvas = Canvas([Curves(("loss",), "Losses")])
    view: Any = canvas.views[0]
    view.surround(marks=[(20, "lr 0.0001"), (80, "β 4")])
    for steps in (STEPS[:100], STEPS):
        frame = canvas.frame([(steps, np.ones(len(steps)))])
        for step, text in view.marks:
            assert distance(view, step, text) < 10
            assert len(heights(canvas, frame, LIGHT, step)) > 0.8 * view.ax.bbox.height
