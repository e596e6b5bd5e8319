"""Bars: as high as the numbers, the dead told from the living without colour, limits that stay."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from genart_edu.views.bars import Bars
from genart_edu.views.canvas import Canvas
from genart_edu.views.style import DARK, KL, LIGHT, Theme

LAYERS = ("encoder 1", "encoder 2", "encoder 3", "decoder 1", "decoder 2", "decoder 3")


def tops(patch: Any) -> dict[int, float]:
    """For each bar its place and its height, as they are drawn."""
    corners = [polygon[:4] for polygon in patch.get_path().to_polygons()]
    return {round(c[:, 0].mean()): c[:, 1].max() for c in corners}


def said(view: Any) -> list[str]:
    """What is counted above the bars."""
    return [view.key.get_texts()[0].get_text()]


def inside(canvas: Canvas, frame: np.ndarray, x: float, low: float, high: float) -> np.ndarray:
    """The pixels of a bar, less its rim."""
    pixels = canvas._figure.axes[0].transData.transform([(x - 0.3, low), (x + 0.3, high)])
    (left, bottom), (right, top) = np.rint(pixels).astype(int)
    return frame[len(frame) - top + 2 : len(frame) - bottom - 2, left + 2 : right - 2]


def test_bars_are_as_high_as_the_numbers():
    canvas = Canvas([Bars("KL of each latent")])
    values = np.random.default_rng(0).uniform(0.01, 1.2, 16)
    alive = values > 0.3
    canvas.frame([(values, alive)])
    view = canvas.views[0]
    for patch, which in ((view.live, alive), (view.dead, ~alive)):
        expected = {i + 1: values[i] for i in np.flatnonzero(which)}
        assert tops(patch) == pytest.approx(expected)
    assert view.crosses.get_xdata().tolist() == (np.flatnonzero(~alive) + 1).tolist()
    assert view.ax.get_ylim() == (0, 1.5)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_the_dead_differ_from_the_living_in_grey(theme: Theme):
    canvas = Canvas([Bars("KL")], theme)
    frame = canvas.frame([(np.array([1.0, 1.0]), np.array([True, False]))])
    live, dead = (inside(canvas, frame, x, 0, 1).mean(axis=-1) for x in (1, 2))
    assert live.std() < 1 and dead.std() > 20, "one is plain, the other hatched"
    assert abs(live.mean() - dead.mean()) > 40
    color = 255 * np.array(to_rgb(KL.color(theme)))
    assert np.abs(inside(canvas, frame, 1, 0, 1) - color).max() < 1


def test_a_dead_latent_is_seen_though_its_bar_has_no_height():
    canvas = Canvas([Bars("KL")])
    frame = canvas.frame([(np.array([1.0, 0.0]), np.array([True, False]))])
    other = canvas.frame([(np.array([1.0, 0.0]), np.array([True, True]))])
    top = canvas._figure.axes[0].transData.transform((0, 0.15))[1]
    plot = slice(len(frame) - round(top), None)
    assert (frame[plot] != other[plot]).any(axis=-1).sum() > 15


def test_the_key_counts_the_living():
    canvas = Canvas([Bars("KL")])
    view = canvas.views[0]
    for count in (11, 3):
        canvas.frame([(np.ones(16), np.arange(16) < count)])
        assert said(view) == [f"{count} of 16 active"] and view.key.get_visible()
    renderer = canvas._agg.get_renderer()
    box = view.key.get_window_extent(renderer)
    drawn, cross = (text.get_window_extent(renderer) for text in view.key.get_texts())
    assert drawn.height > 10 and drawn.x1 < cross.x0
    assert box.y0 >= view.ax.bbox.y1 - 1 and box.x1 < canvas._figure.bbox.x1
    canvas.frame([(np.ones(16),)])
    assert not view.key.get_visible()


def test_another_count_is_written_anew_and_nothing_else():
    def counted(n):
        return np.ones(16), np.arange(16) < n

    canvas = Canvas([Bars("KL")])
    canvas.frame([counted(11)])
    assert not canvas.views[0].update(*counted(13)) and canvas.views[0].update(*counted(3))
    canvas.frame([counted(11)])
    assert (canvas.frame([counted(12)]) == Canvas([Bars("KL")]).frame([counted(12)])).all()


def test_powers_of_ten_and_what_is_zero_or_not_finite():
    canvas = Canvas([Bars("Gradient norm", LAYERS, unit="", log=True)])
    canvas.frame([(np.array([1e-6, 0, np.nan, 3e-3, np.inf, 0.1]),)])
    view = canvas.views[0]
    assert tops(view.live) == pytest.approx({1: -6, 4: np.log10(3e-3), 6: -1})
    low, high = view.ax.get_ylim()
    assert low == -7 and high == 0
    assert "$10^{−6}$" in [text.get_text() for text in view.ax.get_yticklabels()]
    canvas.frame([(np.zeros(6),)])
    assert tops(view.live) == {} and np.isfinite(view.ax.get_ylim()).all()


@pytest.mark.parametrize("names", [LAYERS, ()], ids=["layers", "numbers"])
def test_names_stay_apart_and_inside(names: tuple[str, ...]):
    canvas = Canvas([Bars("Gradient norm", names, unit="")])
    canvas.frame([(np.ones(len(names) or 64),)])
    renderer, paper = canvas._agg.get_renderer(), canvas._figure.bbox
    ticks = canvas._figure.axes[0].get_xticklabels()
    boxes = [text.get_window_extent(renderer) for text in ticks]
    assert all(box.x0 >= 0 and box.x1 <= paper.x1 and box.y0 >= 0 for box in boxes)
    assert all(a.x1 < b.x0 for a, b in pairwise(boxes))
    words = [text.get_text().replace("\n", " ") for text in ticks]
    assert words == ([*names] if names else [str(8 * i) for i in range(1, 9)])
    assert ("encoder 1, encoder 2" in canvas.alt) == bool(names)


@pytest.mark.parametrize("log", [False, True])
def test_limits_rarely_move(log: bool):
    canvas, rng = Canvas([Bars("KL", log=log)]), np.random.default_rng(0)
    view: Any = canvas.views[0]
    changed = [view.update(g * rng.uniform(0.7, 1, 8)) for g in np.geomspace(0.2, 2, 200)]
    assert changed[0] and sum(changed) < 10
    assert view.ax.get_ylim()[1] < 4
    assert not view.update(np.ones(8)) and view.update(np.ones(9))


def test_none_at_all_is_an_empty_plot():
    frame = Canvas([Bars("KL")]).frame([(np.zeros(0), np.zeros(0, dtype=bool))])
    assert frame.std() > 0


def test_what_does_not_fit_is_refused():
    named, free = Canvas([Bars("Norm", LAYERS)]), Canvas([Bars("KL")])
    with pytest.raises(ValueError, match="Bars needs 6 values"):
        named.frame([(np.ones(5),)])
    with pytest.raises(ValueError, match="Bars needs 3 values, and `alive` for each"):
        free.frame([(np.ones(3), np.ones(2, dtype=bool))])


def test_other_words_and_another_axis():
    canvas = Canvas([Bars("Share", unit="", x="mode", words=("captured", "missed"))])
    canvas.frame([(np.ones(8), np.arange(8) < 5)])
    view, ax = canvas.views[0], canvas._figure.axes[0]
    assert said(view) == ["5 of 8 captured"] and ax.get_xlabel() == "mode"
    assert view.key.get_texts()[1].get_text() == "missed"
    assert canvas.alt == "Share: a bar for each of the modes"
    plain = Canvas([Bars("KL")])
    assert plain.alt == "KL (nats): a bar for each of the latents"
    assert plain._figure.axes[0].get_xlabel() == "latent dimension"


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_a_reference_crosses_the_bars_at_its_value_and_is_named(theme: Theme, log: bool):
    canvas = Canvas([Bars("Share", log=log, reference=(0.5, "fair share"))], theme)
    for values in (np.array([1.0, 0.8]), np.array([0.1, 0.01])):  # above, and below it
        frame = canvas.frame([(values,)])
        ax: Any = canvas._figure.axes[0]
        low, high = ax.get_ylim()
        y = np.log10(0.5) if log else 0.5
        assert low < y < high
        (left, middle), (right, _) = ax.transData.transform([(0.4, y), (2.6, y)])
        row = len(frame) - middle
        band = frame[round(row) - 2 : round(row) + 2, round(left) : round(right)].astype(float)
        inked = (np.abs(band - 255 * np.array(to_rgb(theme.ink))).max(axis=-1) < 60).any(axis=0)
        assert 0.4 < inked.mean() < 0.8, "dashed"
        name = ax.texts[-1].get_window_extent(canvas._agg.get_renderer())
        assert ax.texts[-1].get_text() == "fair share"
        assert ax.bbox.x1 < name.x0 and name.x1 < canvas._figure.bbox.x1
        assert abs((name.y0 + name.y1) / 2 - middle) < 3
