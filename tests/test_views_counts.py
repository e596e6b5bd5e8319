"""A table of counts: every number in its cell, legible on every colour, in any shape."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from genart_edu.views.canvas import Canvas
from genart_edu.views.counts import CountMap
from genart_edu.views.style import DARK, LIGHT, Theme

RATES = ("1e-4", "3e-4", "1e-3", "3e-3")
PACKED = ("packing 1", "packing 2", "packing 4")
COUNTS = np.array([[0, 3, 17, 32], [1, 0, 9, 28], [2, 4, np.nan, np.nan]])


def table(rows: tuple[str, ...] = PACKED, columns: tuple[str, ...] = RATES) -> CountMap:
    return CountMap("Collapsed", rows, columns, 32, "discriminator", "learning rate")


def fill(canvas: Canvas, frame: np.ndarray, row: int, column: int) -> np.ndarray:
    """A cell's colour, from its upper left corner: beside the number."""
    at = canvas._figure.axes[0].transData.transform((column + 0.15, row + 0.15))
    return frame[round(len(frame) - at[1]), round(at[0])] / 255


def luminance(color: Any) -> float:
    """WCAG 2.2, relative luminance."""
    c = np.asarray(color)
    return float(
        np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]
    )


def test_numbers_stand_in_their_cells_and_what_did_not_run_is_a_dash():
    canvas = Canvas([table()])
    canvas.frame([(COUNTS,)])
    ax: Any = canvas._figure.axes[0]
    renderer = canvas._agg.get_renderer()
    for text in canvas.views[0].texts:
        box = text.get_window_extent(renderer)
        middle = ax.transData.inverted().transform(
            (box.x0 + box.width / 2, box.y0 + box.height / 2)
        )
        column, row = np.floor(middle).astype(int)
        count = COUNTS[row, column]
        assert text.get_text() == ("–" if np.isnan(count) else str(int(count)))


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_the_more_the_stronger_the_colour_and_ink_is_read_on_each(theme: Theme):
    counts = np.arange(33.0)[None]
    canvas = Canvas([table(("one",), tuple(map(str, range(33))))], theme)
    frame = canvas.frame([(counts,)])
    colors = [fill(canvas, frame, 0, i) for i in range(33)]
    light = [luminance(color) for color in colors]
    order = 1 if theme.dark else -1
    assert (order * np.diff(light) > 0).all(), "told by lightness alone"
    ink = luminance(to_rgb(theme.ink))
    assert all((max(ink, y) + 0.05) / (min(ink, y) + 0.05) > 4.5 for y in light)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_none_collapsed_is_not_the_same_as_not_run(theme: Theme):
    canvas = Canvas([table()], theme)
    frame = canvas.frame([(COUNTS,)])
    page = np.array(to_rgb(theme.background))
    assert np.allclose(fill(canvas, frame, 2, 3), page, atol=0.003)
    assert abs(fill(canvas, frame, 0, 0) - page).max() > 0.04


@pytest.mark.parametrize(
    ("rows", "columns"),
    [(PACKED, RATES), (("minimax",), RATES), (PACKED, ("ring",)), (("a",), ("b",))],
)
def test_any_shape_has_its_names_beside_its_cells_and_inside(rows: Any, columns: Any):
    canvas = Canvas([table(rows, columns)])
    frame = canvas.frame([(np.zeros((len(rows), len(columns))),)])
    ax: Any = canvas._figure.axes[0]
    renderer, paper, plot = canvas._agg.get_renderer(), canvas._figure.bbox, ax.bbox
    across = [label.get_window_extent(renderer) for label in ax.get_xticklabels()]
    down = [label.get_window_extent(renderer) for label in ax.get_yticklabels()]
    names = [label.get_window_extent(renderer) for label in (ax.xaxis.label, ax.yaxis.label)]
    assert [label.get_text() for label in ax.get_yticklabels()] == [*rows]
    assert all(a.x1 < b.x0 for a, b in pairwise(across))
    assert all(a.y0 > b.y1 for a, b in pairwise(down))
    for box in (*across, *down, *names):
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= paper.x1
    assert all(0 < plot.y0 - box.y1 < 12 for box in across), "close below the last row"
    assert names[0].y1 < min(box.y0 for box in across)
    assert names[1].x1 < min(box.x0 for box in down)
    assert plot.height / len(rows) <= plot.width / len(columns) + 1, "no cell is a tower"
    assert frame.std() > 0


def test_it_is_drawn_again_only_with_news():
    canvas = Canvas([table()])
    view = canvas.views[0]
    assert view.update(COUNTS) and not view.update(COUNTS.copy())
    frame = canvas.frame([(COUNTS + 1,)])
    assert (frame != canvas.frame([(COUNTS,)])).any()
    assert (canvas.frame([(COUNTS,)]) == Canvas([table()]).frame([(COUNTS,)])).all()


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"needs \(3, 4\) counts; got \(4, 3\)"):
        Canvas([table()]).frame([(COUNTS.T,)])
