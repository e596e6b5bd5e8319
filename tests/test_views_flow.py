"""Slow motion: one box and one line are at work, marked without colour too, and all can be read."""

import inspect
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

from genart_edu.views.canvas import DPI, Canvas
from genart_edu.views.flow import GAP, LINES, Code, Flow, link, marked, places
from genart_edu.views.style import DARK, LIGHT, Theme

GAN = (
    ("D's half", ("noise", "generator", "discriminator", "loss", "gradient", "update")),
    ("G's half", ("discriminator", "loss", "gradient", "update")),
)
VAE = (("", ("encoder", "noise", "z", "decoder", "costs", "gradient", "update")),)
SOURCE = inspect.getsource(Axes.plot).split("\n")  # long, indented, with a docstring


def extents(canvas: Canvas, artist: Any) -> Bbox:
    return artist.get_window_extent(canvas._agg.get_renderer())


def area(frame: np.ndarray, box: Bbox, less: int = 0) -> np.ndarray:
    """The frame's pixels within a box, less a rim."""
    left, bottom, right, top = np.rint(box.extents).astype(int)
    rows = slice(len(frame) - top + less, len(frame) - bottom - less)
    return frame[rows, left + less : right - less].astype(float)


def texts(n: int, reached: int, said: str = "z = 0.42, −1.3") -> np.ndarray:
    return np.array([said if i < reached else "" for i in range(n)])


@pytest.mark.parametrize("counts", [(6, 4), (7,), (1,), (4,), (5, 1), (9, 3, 2)])
def test_boxes_lie_apart_in_reading_order_and_fill_the_room(counts: tuple[int, ...]):
    found = places(counts, 6.0, 3.0)
    low, high = found[:, :2], found[:, :2] + found[:, 2:]
    assert len(found) == sum(counts) and (found[:, 2:] > 0.3).all()
    assert np.allclose(low.min(axis=0), 0) and np.allclose(high.max(axis=0), (6, 3))
    for (low_1, high_1), (low_2, high_2) in pairwise(zip(low, high, strict=True)):
        beside = np.isclose(low_1[1], low_2[1])
        gap = low_2[0] - high_1[0] if beside else low_1[1] - high_2[1]
        assert gap == pytest.approx(GAP)
    starts = np.cumsum([0, *counts])[:-1]
    assert np.allclose(found[starts, 0], 0), "each row begins at the left"
    lines, in_line = np.unique(found[:, 1].round(9), return_counts=True)
    assert in_line.max() <= 4 and len(lines) == sum(-(-n // 4) for n in counts)


def test_an_arrow_leads_from_box_to_box_and_through_none():
    found = places((7, 4), 6.0, 3.0)
    for one, other in pairwise(found[:7]):
        way = link(one, other)
        path = np.concatenate(
            [a + np.linspace(0, 1, 50)[:, None] * (b - a) for a, b in pairwise(way)]
        )
        for x, y, wide, tall in found:
            within = (path > (x + 1e-9, y + 1e-9)) & (path < (x + wide - 1e-9, y + tall - 1e-9))
            assert not within.all(axis=1).any()
        for end, (x, y, wide, tall) in ((way[0], one), (way[-1], other)):
            rim = abs(end - (x, y)), abs(end - (x + wide, y + tall))
            assert np.min(rim) < 1e-9 and (end >= (x - 1e-9, y - 1e-9)).all()
            assert (end <= (x + wide + 1e-9, y + tall + 1e-9)).all()


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("rows", [GAN, VAE], ids=["gan", "vae"])
def test_one_box_is_at_work_and_marked_in_grey_too(rows: Any, theme: Theme):
    canvas = Canvas([Flow(rows, "One step")], theme)
    view: Any = canvas.views[0]
    n, ground = len(view.boxes), 255 * marked(theme)[:3]
    for at in range(n):
        frame = canvas.frame([(np.array(at), texts(n, at + 1))])
        for i, (box, name, said) in enumerate(view.boxes):
            inside = area(frame, extents(canvas, box), less=4)
            here = (np.abs(inside - ground).max(axis=-1) < 2).mean() > 0.5
            assert here == (i == at)
            assert (box.get_linewidth() > 3) == (i == at)
            assert said.get_text() == ("z = 0.42, −1.3" if i <= at else "")
            assert name.get_color() == (theme.ink if i <= at else theme.muted)
    assert (
        frame == Canvas([Flow(rows, "One step")], theme).frame([(np.array(n - 1), texts(n, n))])
    ).all()


@pytest.mark.parametrize("rows", [GAN, VAE], ids=["gan", "vae"])
def test_what_flows_has_room_in_its_box(rows: Any):
    canvas = Canvas([Flow(rows, "One step"), Code()], width=13.4)
    view: Any = canvas.views[0]
    said = "\n".join(["0.42, −1.30, 5"] * 3)
    canvas.frame(
        [
            (np.array(0), texts(len(view.boxes), 99, said)),
            (np.array(""), np.array(["x"]), np.array(0)),
        ]
    )
    for box, name, text in view.boxes:
        frame, above, below = (extents(canvas, artist) for artist in (box, name, text))
        assert frame.x0 < below.x0 and below.x1 < frame.x1 and above.x1 < frame.x1
        assert frame.y0 < below.y0 and below.y1 < above.y0 + 3 and above.y1 < frame.y1
        assert text.get_size() >= 11
    names = [t for t in canvas._figure.axes[0].texts if t.get_rotation() == 90 and t.get_text()]
    assert [t.get_text() for t in names] == [name for name, _ in rows if name]
    for box in (extents(canvas, name) for name in names):
        assert box.x0 >= 0 and all(box.x1 < extents(canvas, b).x0 for b, *_ in view.boxes)


def test_a_flow_is_told_in_words_and_refuses_what_does_not_fit():
    canvas = Canvas([Flow(GAN, "One step")])
    assert "One step" in canvas.alt and "G's half: discriminator, loss, gradient" in canvas.alt
    assert "; encoder, noise, z" in Flow(VAE, "One step").alt
    with pytest.raises(ValueError, match="Flow has 10 boxes; got 3 texts"):
        canvas.frame([(np.array(0), texts(3, 3))])


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("n", [1, 3, LINES, LINES + 1, 60])
def test_the_line_at_work_stands_on_a_band_beside_an_arrow(n: int, theme: Theme):
    canvas = Canvas([Code()], theme)
    view: Any = canvas.views[0]
    lines = np.array([f"line_{i} = {i}" for i in range(n)])
    ground = 255 * marked(theme)[:3]
    for at in {0, 1, n // 3, n // 2, n - 2, n - 1} & set(range(n)):
        title = f"gan/training.py, line {at}"
        frame = canvas.frame([(np.array(title), lines, np.array(at))])
        band, (mark, text) = extents(canvas, view.band), view.at_work
        shown = {t.get_text(): extents(canvas, t) for t in view.texts if t.get_text()}
        assert len(shown) == min(n, LINES) and text.get_text() == lines[at]
        here = shown[lines[at]]
        for box in (here, extents(canvas, text), extents(canvas, mark)):
            assert band.y0 < (box.y0 + box.y1) / 2 < band.y1
        assert extents(canvas, mark).x1 < here.x0
        assert (np.abs(area(frame, band) - ground).max(axis=-1) < 2).mean() > 0.8
        others = [box for line, box in shown.items() if line != lines[at]]
        assert not any(np.abs(area(frame, box) - ground).max(axis=-1).min() < 2 for box in others)
        assert canvas._figure.axes[0].get_title(loc="left") == title
    assert (frame == Canvas([Code()], theme).frame([(np.array(title), lines, np.array(at))])).all()


@pytest.mark.parametrize("longest", [30, 71, 100])
def test_the_longest_line_fits_or_is_cut(longest: int):
    canvas = Canvas([Code(), Code()], width=13.4)
    lines = np.array(["x" * 5, "m" * longest, "y"])
    canvas.frame([(np.array("x"), lines, np.array(1))] * 2)
    view: Any = canvas.views[0]
    wide = view.texts[1]
    assert (wide.get_text() == lines[1]) == (longest < 80)
    assert wide.get_text().endswith("…") == (longest > 80)
    assert wide.get_text() == view.at_work[1].get_text()
    right = canvas._figure.axes[0].bbox.x1
    assert extents(canvas, wide).x1 <= right
    assert longest < 80 or right - 60 < extents(canvas, wide).x1
    fine = canvas.figure([(np.array("x"), lines, np.array(1))] * 2)
    fine.set_dpi(2 * DPI)
    texts = [t for t in fine.axes[0].texts if t.get_text() == wide.get_text()]
    assert all(t.get_window_extent().x1 < fine.axes[0].bbox.x1 + 4 for t in texts)


def test_a_source_is_shown_as_it_is():
    canvas = Canvas([Code()])
    lines = np.array(["def price(self):", '    return "$x$ and $y_2$"', "", "    # ½"])
    canvas.frame([(np.array("x.py"), lines, np.array(1))])
    view: Any = canvas.views[0]
    shown = [text.get_text() for text in view.texts[:5]]
    assert shown == ["def price(self):", '    return "$x$ and $y_2$"', "", "    # ½", ""]
    family = {text.get_fontname() for text in view.texts}
    assert family == {"DejaVu Sans Mono"}
    letters = extents(canvas, view.texts[1]).width / extents(canvas, view.texts[0]).width
    assert letters == pytest.approx(len(shown[1]) / len(shown[0]), rel=0.05), "no mathematics"


def test_only_a_window_that_moves_is_drawn_anew():
    view: Any = Canvas([Code()]).views[0]
    lines, title = np.array(SOURCE[:64]), np.array("axes.py")
    changed = [view.update(title, lines, np.array(at)) for at in range(64)]
    assert changed[0] and sum(changed) < 10
    assert view.update(np.array("other.py"), lines, np.array(63))
    assert not view.update(np.array("other.py"), lines, np.array(63))
