"""The rate-distortion plane: models, names that cover nothing, diagonals of -ELBO."""

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.transforms import Bbox

from genart_edu.views.canvas import Canvas
from genart_edu.views.rate import RateDistortion
from genart_edu.views.style import DARK, LIGHT, SERIES, Theme

RATE = np.array([22, 7.5, 3.7, 1.2, 0.01])
DISTORTION = np.array([8.4, 12.7, 16.4, 21.2, 24.7])
NAMES: tuple[str, ...] = ("β 0.1", "β 0.5", "β 1", "β 2", "β 4")
NONE = np.zeros(0)


def near(canvas: Canvas, frame: np.ndarray, x: float, y: float, reach: int = 4) -> np.ndarray:
    column, height = canvas._figure.axes[0].transData.transform((x, y))
    row, column = round(len(frame) - height), round(column)
    return frame[row - reach : row + reach + 1, column - reach : column + reach + 1].astype(float)


def has(pixels: np.ndarray, color: str) -> bool:
    return bool((np.abs(pixels - 255 * np.array(to_rgb(color))).max(axis=-1) < 3).any())


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_models_are_where_they_are_and_this_one_stands_out(theme: Theme):
    canvas = Canvas([RateDistortion("Sweep", NAMES)], theme)
    frame = canvas.frame([(RATE, DISTORTION, np.array([15, 25]))])
    blue, star = (role.color(theme) for role in SERIES[:2])
    for x, y in zip(RATE, DISTORTION, strict=True):
        assert has(near(canvas, frame, x, y), blue)
    assert (np.abs(near(canvas, frame, 15, 25, 2) - 255 * np.array(to_rgb(star))) < 3).all()
    view: Any = canvas.views[0]
    assert view.here.get_marker() != view.line.get_marker()
    assert (view.line.get_xydata() == np.stack([RATE, DISTORTION], axis=1)).all()


def test_diagonals_join_what_has_the_same_elbo_as_their_number():
    canvas = Canvas([RateDistortion("Sweep", NAMES)])
    canvas.frame([(RATE, DISTORTION)])
    view = canvas.views[0]
    sums = [set(np.round(line.sum(axis=1), 6)) for line in view.equal.get_segments()]
    assert sums == [{10}, {20}, {30}, {40}, {50}]
    numbers = {t.get_text(): t for t in view.texts if t.get_text().isdigit()}
    assert set(numbers) == {"10", "20", "30", "40", "50"}
    for number, text in numbers.items():  # it stands within a few pixels of its line
        box = text.get_window_extent()
        corners = view.ax.transData.inverted().transform([(box.x0 - 12, box.y0 - 12), box.max])
        low, high = corners.sum(axis=1)
        assert low < float(number) < high


@pytest.mark.parametrize("n", [5, 8])
def test_names_cover_neither_data_nor_each_other_nor_the_edge(n: int):
    rate, distortion, names = RATE, DISTORTION, NAMES
    if n == 8:  # a run that slows down: the last ones crowd
        rate = np.array([0.02, 0.3, 1.5, 3, 4.2, 5, 5.4, 5.6])
        distortion = np.array([44, 33, 27, 22.5, 19.5, 17.5, 16.4, 16])
        names = tuple(f"step {s:,}" for s in (1, 10, 30, 100, 300, 1_000, 3_000, 10_000))
    canvas = Canvas([RateDistortion("Sweep", names)])
    canvas.frame([(rate, distortion, np.array([rate[2], distortion[2]]))])
    view: Any = canvas.views[0]
    texts = {t.get_text(): t.get_window_extent() for t in view.texts if t.get_visible()}
    written = [name for name in names if name in texts]
    assert {names[0], names[-1]} < set(written) and len(written) > 0.8 * n
    boxes = [texts[name] for name in written]
    assert not any(Bbox.intersection(a, b) for a, b in combinations(texts.values(), 2))
    for box in boxes:
        assert view.ax.bbox.x0 <= box.x0 and box.x1 <= view.ax.bbox.x1
        assert view.ax.bbox.y0 <= box.y0 and box.y1 <= view.ax.bbox.y1
    at = view.ax.transData.transform(view.line.get_xydata())
    t = np.linspace(0, n - 1, 50 * n)
    for x, y in zip(*(np.interp(t, np.arange(n), c) for c in at.T), strict=True):
        assert not any(box.contains(x, y) for box in texts.values())
    spots = view.ax.transData.transform(view.models)
    for name, box in zip(written, boxes, strict=True):  # it is near its own model, and no other
        far = np.maximum(box.min - spots, spots - box.max).max(axis=1)
        assert far[names.index(name)] == pytest.approx(far.min(), abs=0.1) and far.min() < 23
    legend: Any = view.ax.get_legend()
    for box in (*texts.values(), legend.get_window_extent(canvas._agg.get_renderer())):
        assert box.x0 >= 0 and box.x1 <= canvas._figure.bbox.x1


def test_where_names_crowd_the_last_are_written():
    canvas = Canvas([RateDistortion("Stuck", [f"step {i}" for i in range(30)])])
    canvas.frame([(np.full(30, 5.0), np.full(30, 16.0))])
    view = canvas.views[0]
    written = [t for t in view.texts if t.get_visible() and t.get_text().startswith("step")]
    assert "step 29" in [t.get_text() for t in written] and 1 < len(written) < 15
    boxes = [t.get_window_extent() for t in written]
    assert not any(Bbox.intersection(a, b) for a, b in combinations(boxes, 2))


def test_only_what_is_looked_at_moves():
    canvas = Canvas([RateDistortion("Sweep", NAMES)])
    frames = [canvas.frame([(RATE, DISTORTION, np.array([x, 20]))]) for x in (10.0, 12.0)]
    view = canvas.views[0]
    assert (frames[0] != frames[1]).any()
    assert not view.update(RATE, DISTORTION, np.array([5, 9.0]))
    assert view.update(RATE, DISTORTION + 1, np.array([5, 9.0]))  # other models
    assert view.update(RATE, DISTORTION + 1, np.array([50, 9.0]))  # out of sight
    assert view.update(RATE, DISTORTION + 1)
    assert [t.get_text() for t in view.ax.get_legend().get_texts()] == ["trained", "equal −ELBO"]


def test_limits_rarely_move_while_a_run_learns():
    canvas = Canvas([RateDistortion("Run")])
    view = canvas.views[0]
    share = np.linspace(0, 1, 300)
    run = np.stack([8 * share, 16 + 28 * (1 - share) ** 3], axis=1)
    changed = [view.update(NONE, NONE, here) for here in run]
    assert changed[0] and sum(changed) < 12
    low, high = view.ax.get_ylim()
    assert low < 16 < high and 8 <= view.ax.get_xlim()[1] <= 10


def test_no_models_no_names_and_what_is_not_finite():
    canvas = Canvas([RateDistortion("Empty")])
    canvas.frame([(NONE, NONE)])
    canvas.frame([(NONE, NONE, np.array([3.0, np.nan]))])
    canvas.frame([(np.array([1.0, np.nan]), np.array([-3.0, 2]), np.array([2.0, -4]))])
    view = canvas.views[0]
    assert view.ax.get_ylim()[0] < -4 and np.isfinite(view.ax.get_xlim()).all()
    assert canvas.alt == "Empty (nats): reconstruction over KL of trained models"


def test_what_does_not_fit_is_refused():
    for names, rate, distortion, needed in (
        (NAMES, RATE[:4], DISTORTION[:4], 5),
        (NAMES, NONE, NONE, 5),
        ((), RATE, DISTORTION[:4], 5),
    ):
        with pytest.raises(ValueError, match=f"needs {needed} rates and as many distortions"):
            Canvas([RateDistortion("Sweep", names)]).frame([(rate, distortion)])
