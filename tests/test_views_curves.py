"""Curves: they run where the numbers say, bins do not move, and axes settle and stay."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.transforms import Bbox

from genart_edu.views.canvas import Canvas
from genart_edu.views.curves import POINTS, Curves, bin_means, bin_size, spread, y_range
from genart_edu.views.style import DARK, FAKE, LIGHT, REAL, SERIES, Role, Theme


def canvas_of(*names: str, **settings) -> tuple[Canvas, Any]:
    canvas = Canvas([Curves(names, "Losses", **settings)])
    return canvas, canvas.views[0]


def is_drawn(canvas: Canvas, frame: np.ndarray, color: str, x: float, y: float) -> bool:
    """Whether a pixel near the data point (x, y) has the colour."""
    column, height = canvas._figure.axes[0].transData.transform((x, y))
    row = len(frame) - height
    near = frame[round(row) - 4 : round(row) + 5, round(column) - 4 : round(column) + 5]
    return bool((np.abs(near - 255 * np.array(to_rgb(color))).max(axis=-1) < 3).any())


def test_bin_means_are_means_of_neighbours():
    values = np.random.default_rng(0).normal(size=1003)
    for size in (1, 2, 16, 2000):
        expected = [np.mean(values[i : i + size]) for i in range(0, 1003, size)]
        assert np.allclose(bin_means(values, size), expected)


def test_bins_are_few_and_stay_where_they_are():
    values = np.random.default_rng(0).normal(size=100_000)
    assert [bin_size(n) for n in (0, 1, POINTS, POINTS + 1)] == [1, 1, 1, 2]
    for n in (5 * POINTS, 12_345, 99_000):
        size = bin_size(n)
        few, more = bin_means(values[:n], size), bin_means(values[: n + size], size)
        assert POINTS / 2 <= len(few) <= POINTS
        assert (few[:-1] == more[: len(few) - 1]).all()


def test_lines_run_where_the_numbers_say():
    canvas, _ = canvas_of("real", "fake", roles=(REAL, FAKE))
    steps = np.arange(1, 61)
    frame = canvas.frame([(steps, 0.02 * steps, 3 - 0.02 * steps)])
    for step in (5, 20, 55):
        assert is_drawn(canvas, frame, REAL.light, step, 0.02 * step)
        assert is_drawn(canvas, frame, FAKE.light, 60, 3 - 0.02 * 60)
        assert not is_drawn(canvas, frame, REAL.light, step, 3 - 0.02 * step)


def test_lines_differ_by_dash_and_by_marker():
    _, view = canvas_of(*"abcde")
    assert (
        len({line.get_linestyle() + str(line._unscaled_dash_pattern) for line in view.lines}) == 5
    )
    assert len({line.get_marker() for line in view.lines}) == 5


def test_what_is_not_finite_is_left_out():
    canvas, view = canvas_of("half", "none")
    steps = np.arange(1.0, 101)
    half = np.where(steps % 2 == 0, steps / 100, np.nan)  # as a half step leaves it
    half[49] = np.inf
    canvas.frame([(steps, half, np.full(100, np.nan))])
    x, y = view.lines[0].get_data()
    assert len(x) == 49 and np.allclose(y, x / 100)
    assert len(view.lines[1].get_xdata()) == 0
    assert np.isfinite(view.ax.get_ylim()).all()


@pytest.mark.parametrize("n", [0, 1, 2])
def test_a_short_history_is_drawn(n: int):
    canvas, view = canvas_of("loss", references={"log 2": 0.693})
    frame = canvas.frame([(np.arange(n), np.full(n, 5.0))])
    assert frame.shape[2] == 3
    low, high = view.ax.get_ylim()
    assert low < 0.693 < high and (n == 0 or low < 5 < high)


def test_a_spike_does_not_flatten_the_rest_but_a_new_level_is_shown():
    steps = np.arange(1, 2001)
    calm = 1 + 0.1 * np.random.default_rng(0).normal(size=2000)
    spiked, risen = calm.copy(), calm.copy()
    spiked[900] = 1e6
    risen[-150:] += 10
    for values, top in ((calm, 1.1), (spiked, 1.1), (risen, 11)):
        canvas, view = canvas_of("loss")
        canvas.frame([(steps, values)])
        assert top / 1.4 < view.ax.get_ylim()[1] < 1.4 * top


def test_the_range_holds_references_and_a_near_zero():
    assert y_range([], []) == (0, 1.06)
    low, high = y_range([np.array([5.0, 6.0])], [4.0])
    assert 3.5 < low < 4 and 6 < high < 6.5
    assert y_range([np.array([1.0, 6.0])], [])[0] == 0
    assert y_range([np.full(9, 3.0)], [])[0] < 3 < y_range([np.full(9, 3.0)], [])[1]


def test_the_x_axis_follows_the_run_back_and_on_from_a_checkpoint():
    canvas, view = canvas_of("loss")
    for first, last, limits in (
        (1, 900, (0, 1.03 * 8 * POINTS)),
        (1, 90, (0, 1.03 * POINTS)),
        (20_001, 20_050, (20_000, 20_000 + 1.03 * POINTS)),
        (500, 1000, (0, 1.03 * 8 * POINTS)),
    ):
        steps = np.arange(first, last + 1)
        canvas.frame([(steps, np.ones(len(steps)))])
        assert view.ax.get_xlim() == pytest.approx(limits)


def test_the_x_axis_is_drawn_anew_only_when_the_bins_double():
    _, view = canvas_of("loss")
    view.update(np.arange(1.0), np.ones(1))
    changes = [n for n in range(2, 5_000) if view.update(np.arange(1, n + 1.0), np.ones(n))]
    assert changes == [POINTS * 2**k + 1 for k in range(5)]


def test_the_axis_says_what_a_point_is():
    canvas, view = canvas_of("loss")
    for n, label in ((POINTS, "step"), (4 * POINTS, "step   (each point: mean of 4)")):
        canvas.frame([(np.arange(n), np.ones(n))])
        assert view.ax.get_xlabel() == label


def test_names_cover_neither_data_nor_each_other():
    names = ("reconstruction", "kl", "-elbo")
    canvas, view = canvas_of(*names, references={"one": 1.0, "and one": 1.001, "ten": 10.0})
    canvas.frame([(np.arange(9), *np.random.default_rng(0).normal(5, 1, (3, 9)))])
    renderer = canvas._agg.get_renderer()
    plot, paper = view.ax.bbox, canvas._figure.bbox
    key = view.ax.get_legend().get_window_extent(renderer)
    labels = [label.get_window_extent(renderer) for label in view.labels]
    title = view.ax._left_title.get_window_extent(renderer)
    for box in (key, title, *labels, view.ax.xaxis.get_tightbbox(renderer)):
        assert (
            paper.x0 <= box.x0 and box.x1 <= paper.x1 and paper.y0 <= box.y0 and box.y1 <= paper.y1
        )
    assert key.y0 >= plot.y1 - 1 and title.y0 >= key.y1 - 3 and key.x1 <= plot.x1 + 20
    assert all(label.x0 > plot.x1 for label in labels)
    assert not any(Bbox.intersection(a, b) for a, b in pairwise(labels))


def test_spread_keeps_a_gap_and_moves_nothing_else():
    assert spread([], 0.1) == []
    assert spread([0.1, 0.5], 0.1) == [0.1, 0.5]
    assert spread([0.1, 0.1, 0.15, 0.9], 0.1) == pytest.approx([0.1, 0.2, 0.3, 0.9])


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="got 11 names"):
        Curves("abcdefghijk", "Eleven")
    canvas, _ = canvas_of("a", "b")
    for arrays in ((np.arange(3), np.ones(3)), (np.arange(3), np.ones(3), np.ones(4))):
        with pytest.raises(ValueError, match="as many steps"):
            canvas.frame([arrays])


def test_over_anything_but_steps_the_axis_runs_from_end_to_end():
    canvas, view = canvas_of("real", x="logit", roles=(REAL,))
    logit = np.linspace(-6, 6, 49)
    frame = canvas.frame([(logit, 1 / (1 + np.exp(-logit)))])
    assert view.ax.get_xlim() == (-6, 6) and view.ax.get_xlabel() == "logit"
    assert view.ax.get_ylim() == (0, 1), "a probability needs no room above 1"
    assert view.alt.endswith("real over logit")
    assert is_drawn(canvas, frame, REAL.light, 0, 0.5)


def recording(n: int, fork: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Steps and losses of a run; from the fork on the loss is another one."""
    steps = np.arange(1, n + 1)
    loss = 1 + np.random.default_rng(0).uniform(size=5000)[:n]
    return steps, loss if fork is None else np.where(steps > fork, loss + 2, loss)


def surrounded(arrays, theme: Theme = LIGHT, **around) -> tuple[np.ndarray, Any]:
    """The picture of a run and what surrounds it, and its view."""
    canvas = Canvas([Curves(("loss",), "Losses", roles=(REAL,))], theme)
    view: Any = canvas.views[0]
    view.surround(**around)
    return canvas.frame([arrays]), view


def test_two_runs_show_equal_points_up_to_their_fork_and_part_there():
    whole, other = recording(3000), recording(2200, fork=1300)
    _, view = surrounded(other, behind=whole)
    (line_x, line_y), (past_x, past_y) = view.lines[0].get_data(), view.past[0].get_data()
    size = bin_size(3000)
    together = 1300 // size
    assert (line_x[:together] == past_x[:together]).all()
    assert (line_y[:together] == past_y[:together]).all()
    assert (line_y[together:-1] > past_y[together : len(line_y) - 1]).all()
    for x, y, (steps, loss) in ((line_x, line_y, other), (past_x, past_y, whole)):
        starts = range(0, len(steps), size)
        assert np.allclose(x, [np.mean(steps[i : i + size]) for i in starts])
        assert np.allclose(y, [np.mean(loss[i : i + size]) for i in starts])


@pytest.mark.parametrize("seen", [0, 1, 100, 3000])
def test_the_axes_hold_what_is_behind_too(seen: int):
    whole = recording(3000, fork=1300)
    steps, loss = recording(3000)
    _, view = surrounded((steps[:seen], loss[:seen]), behind=whole)
    low, high = view.ax.get_ylim()
    assert low < 1.4 and high > 3.4
    assert view.ax.get_xlim() == pytest.approx((0, 1.03 * bin_size(3000) * POINTS))
    assert view.ax.get_xlabel() == "step   (each point: mean of 32)"


def test_a_run_that_went_further_than_what_is_behind_it_sets_the_bins():
    _, view = surrounded(recording(90), behind=recording(100))
    assert len(view.past[0].get_xdata()) == 100 and len(view.lines[0].get_xdata()) == 90
    view.update(*recording(3000))
    assert len(view.past[0].get_xdata()) == 4 and len(view.lines[0].get_xdata()) == 94
    assert view.ax.get_xlim()[1] == pytest.approx(1.03 * bin_size(3000) * POINTS)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_what_is_behind_is_thinner_and_interrupted(theme: Theme):
    flat = np.arange(1, 3001), np.full(3000, 2.0)
    frame, view = surrounded([each[:1000] for each in flat], theme, behind=flat)
    color, paper = (np.array(to_rgb(c)) for c in (REAL.color(theme), theme.background))

    def inked(first: int, last: int) -> np.ndarray:
        """How much of each pixel is drawn, around the line between two steps."""
        (left, height), (right, _) = view.ax.transData.transform([(first, 2), (last, 2)])
        row = round(len(frame) - height)
        near = frame[row - 5 : row + 6, round(left) : round(right)] / 255
        return ((near - paper) @ (color - paper)) / ((color - paper) @ (color - paper))

    line, past = inked(200, 800), inked(1200, 1900)  # between two lines of the grid
    assert line.max(axis=0).min() > 0.9, "without a gap"
    assert 0.2 < (past.max(axis=0) < 0.5).mean() < 0.8, "dots"
    assert 0.1 < past.sum(axis=0).mean() < 0.7 * line.sum(axis=0).mean()


@pytest.mark.parametrize("role", [*SERIES], ids=range(len(SERIES)))
def test_where_a_run_follows_what_is_behind_only_the_run_is_seen(role: Role):
    flat = np.arange(1, 161), np.full(160, 2.0)
    hidden = flat[0], np.where(flat[0] <= 100, np.nan, 2.0)
    frames = []
    for behind in (flat, hidden):
        canvas = Canvas([Curves(("loss",), "Losses", roles=(role,))])
        view: Any = canvas.views[0]
        view.surround(behind)
        frames.append(canvas.frame([[each[:100] for each in flat]]).astype(int))
    start, end = (round(view.ax.transData.transform((step, 0))[0]) for step in (2, 97))
    first, second = (frame[:, start:end] for frame in frames)
    assert abs(first - second).max() < 64, "a trace where a dash ends"


def test_surroundings_hold_until_they_are_told_anew():
    part, whole = recording(1000), recording(3000)
    canvas = Canvas([Curves(("loss",), "Losses")])
    view: Any = canvas.views[0]
    view.surround(marks=[(500, "fork")])
    canvas.frame([whole])  # makes room for words: limits stay while they serve
    view.surround()
    plain = canvas.frame([whole])
    pictures = [plain]
    for behind, marks in ((part, []), (part, [(500, "fork")]), ((), [(500, "fork")])):
        view.surround(behind, marks)
        pictures.append(canvas.frame([whole]))
        assert np.array_equal(canvas.frame([whole]), pictures[-1])
        assert not any(np.array_equal(pictures[-1], other) for other in pictures[:-1])
    view.surround()
    assert np.array_equal(canvas.frame([whole]), plain)


def test_all_is_drawn_anew_only_for_other_surroundings():
    part, whole = recording(1000), recording(3000)
    _, view = surrounded(whole)
    for behind, marks in (
        (part, [(500, "fork")]),
        (part, [(500, "β 4")]),
        (part, [(501, "β 4")]),
        (recording(999), [(501, "β 4")]),
        ((), [(501, "β 4")]),
        ((), []),
    ):
        view.surround(behind, marks)
        assert view.update(*whole) and not view.update(*whole)
        view.surround([each.copy() for each in behind], tuple(marks))
        assert not view.update(*whole), "the same again"


def test_what_is_behind_is_kept_when_its_history_is_written_over():
    steps, loss = recording(3000)
    view = Curves(("loss",), "Losses")
    view.surround((steps, loss))
    loss[:] = np.nan
    canvas = Canvas([view])
    canvas.frame([(steps[:10], np.ones(10))])
    copied: Any = canvas.views[0]
    assert len(copied.past[0].get_xdata()) == 94


def test_copies_are_surrounded_as_their_original_was():
    whole, marks = recording(3000), [(500, "fork")]
    view = Curves(("loss",), "Losses")
    view.surround(whole, marks)
    first, second = Canvas([view]), Canvas([view])
    now: Any = second.views[0]
    now.surround()
    shown = [canvas.frame([recording(1000)]) for canvas in (first, second, Canvas([view]))]
    assert np.array_equal(shown[0], shown[2]), "one canvas told nothing to another"
    assert not np.array_equal(shown[0], shown[1])
    drawn = FigureCanvasAgg(first.figure([recording(1000)]))  # copies what is on the canvas
    drawn.draw()
    assert np.array_equal(np.asarray(drawn.buffer_rgba())[..., :3], shown[0])
    assert np.array_equal(first.frame([recording(1000)]), shown[0])


def test_over_anything_but_steps_the_axis_holds_both_from_end_to_end():
    canvas = Canvas([Curves(("real",), "D", x="logit")])
    view: Any = canvas.views[0]
    view.surround((np.linspace(-8, 2, 9), np.linspace(0, 1, 9)))
    canvas.frame([(np.linspace(-6, 6, 9), np.linspace(0, 1, 9))])
    assert view.ax.get_xlim() == (-8, 6)


def test_what_does_not_fit_behind_is_refused():
    view = Curves(("a", "b"), "Losses")
    for behind in ((np.arange(3), np.ones(3)), (np.arange(3), np.ones(3), np.ones(4))):
        with pytest.raises(ValueError, match=r"as many steps.*\('a', 'b'\)"):
            view.surround(behind)
