"""Views side by side: a still figure, or live frames by blitting, and no pyplot in either.

A frame costs the moving artists only: what stands still is drawn once and kept as pixels.
"""

import io
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from typing import Any, Protocol

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from genart_edu.views.png import png
from genart_edu.views.style import LIGHT, Margins, Theme, themed

DPI = 100
Size = tuple[float, float]  # width and height, inches
Arrays = Sequence[np.ndarray | None]  # what one view's `update` takes
Around = tuple[Any, ...] | None  # what its `surround` takes, if it has one


class View(Protocol):
    """What a canvas asks of a view.  It is described without axes, then attached to some,
    which are `themed`.

    title: above it.  width: of the plot, in units of its height.  margins: inches around the plot.
    alt: the picture in words.  artists: what moves, in drawing order.
    update: takes the arrays; True if limits or labels changed, so that all must be drawn again.
    """

    title: str
    width: float
    margins: Margins
    alt: str

    def attach(self, ax: Axes, theme: Theme) -> None: ...
    @property
    def artists(self) -> Sequence[Artist]: ...
    @property
    def update(self) -> Callable[..., bool]: ...


class Still(Figure):
    """A matplotlib Figure that a notebook shows by itself, whether or not pyplot is there."""

    alt = ""

    def __repr__(self) -> str:
        return f"<Figure: {self.alt}>"

    def _repr_png_(self) -> tuple[bytes, dict[str, object]]:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=2 * DPI)  # twice as fine as it is shown
        width, height = (round(DPI * inches) for inches in self.get_size_inches())
        return buffer.getvalue(), {"width": width, "height": height, "alt": self.alt}


def arrange(
    views: Sequence[View], height: float, width: float | None, columns: int | None
) -> tuple[Size, list[np.ndarray]]:
    """Rows of at most `columns` views, each row `height` inches.  Margins stay; plots stretch.

    -> (width, height) of all, and for each view left, bottom, width, height of its plot; inches,
    on whole pixels, so that nothing is blurred.
    """

    def tall(view: View) -> float:
        return height - view.margins.top - view.margins.bottom

    columns = columns or len(views)
    rows = [views[i : i + columns] for i in range(0, len(views), columns)]
    rims = [sum(view.margins.left + view.margins.right for view in row) for row in rows]
    plots = [sum(view.width * tall(view) for view in row) for row in rows]
    total = width or max(rim + plot for rim, plot in zip(rims, plots, strict=True))
    boxes = []
    for r, row in enumerate(rows):
        left, bottom = 0.0, (len(rows) - 1 - r) * height
        for view in row:
            left += view.margins.left
            wide = view.width * tall(view) * (total - rims[r]) / plots[r]
            box = left, bottom + view.margins.bottom, wide, tall(view)
            boxes.append(np.round(DPI * np.array(box)) / DPI)
            left += wide + view.margins.right
    return (round(DPI * total) / DPI, round(DPI * height * len(rows)) / DPI), boxes


class Canvas:
    """A row of views, or several rows of at most `columns` views.

    height: inches a row.  width: inches in all; by default as much as the views ask for.
    The views are copied: one description can serve several canvases.
    """

    lost = False  # as an `Aside` can be

    def __init__(
        self,
        views: Iterable[View],
        theme: Theme = LIGHT,
        height: float = 3.68,
        width: float | None = None,
        columns: int | None = None,
    ) -> None:
        self.views = [copy(view) for view in views]
        if not self.views:
            raise ValueError("A canvas needs at least one view.")
        self.theme, self.height, self.width, self.columns = theme, height, width, columns
        self.alt = "; ".join(view.alt for view in self.views)
        size, boxes = arrange(self.views, height, width, columns)
        self._figure = Still(figsize=size, dpi=DPI, facecolor=theme.background)
        self._figure.set_layout_engine("none")
        self._figure.alt = self.alt
        self._cells = [self._attach(*pair) for pair in zip(self.views, boxes, strict=True)]
        self._agg = FigureCanvasAgg(self._figure)
        self._backgrounds: list[Any] = []  # of each cell, what stands still, as pixels

    def frame(self, arrays: Iterable[Arrays | None], around: Iterable[Around] = ()) -> np.ndarray:
        """arrays: what each view's `update` takes; None: it stays as it is.  around: what their
        `surround` takes first, or None.  -> uint8 (H, W, 3)."""
        for view, what in zip(self.views, around, strict=False):
            if what is not None:
                view.surround(*what)  # type: ignore[attr-defined]  # who has none is asked nothing
        changed = self._update(arrays)
        if not self._backgrounds:
            self._agg.draw()
            self._backgrounds, changed = [None] * len(self.views), [True] * len(self.views)
        renderer = self._agg.get_renderer()
        for i, view in enumerate(self.views):
            if changed[i]:
                self._backgrounds[i] = self._draw_background(view, *self._cells[i])
            if changed[i] is not None:
                self._agg.restore_region(self._backgrounds[i])
                for artist in view.artists:
                    artist.draw(renderer)
        rgba = np.asarray(self._agg.buffer_rgba())
        return np.stack([rgba[..., c] for c in range(3)], axis=-1)  # 5 times as fast as a slice

    def png(self, frame: np.ndarray) -> bytes:
        """A frame as a PNG.  Any thread may ask, and later frames leave it alone."""
        return png(frame)

    def figure(self, arrays: Iterable[Arrays]) -> Still:
        """The same picture as a matplotlib Figure of its own: later frames leave it alone."""
        still = Canvas(self.views, self.theme, self.height, self.width, self.columns)
        still._update(arrays)
        return still._figure

    def _update(self, arrays: Iterable[Arrays | None]) -> list[bool | None]:
        """Every view takes its arrays.  -> for each if it must be drawn whole; None: not at all."""
        pairs = list(zip(self.views, arrays, strict=True))
        if not self._backgrounds and any(a is None for _, a in pairs):
            raise ValueError("The first frame needs the arrays of every view.")
        return [None if a is None else view.update(*a) for view, a in pairs]

    def _draw_background(self, view: View, cell: Rectangle, ax: Axes) -> Any:
        """Draw what stands still in a view's cell, alone.  -> the cell's pixels.

        Its artists are invisible only meanwhile: anyone else who draws the figure draws it whole.
        """
        renderer = self._agg.get_renderer()
        cell.draw(renderer)
        shown = [artist for artist in view.artists if artist.get_visible()]
        for artist in shown:
            artist.set_visible(False)
        ax.draw(renderer)
        for artist in shown:
            artist.set_visible(True)
        return self._agg.copy_from_bbox(cell.get_extents())

    def _attach(self, view: View, box: np.ndarray) -> tuple[Rectangle, Axes]:
        """Put a view's plot in its box, inches.  -> its cell, its own for good, and its axes."""
        low = DPI * (box[0] - view.margins.left), DPI * (box[1] - view.margins.bottom)
        wide = DPI * (box[2] + view.margins.left + view.margins.right)
        cell = Rectangle(low, wide, DPI * self.height, color=self.theme.background)
        cell.set_figure(self._figure)
        ax = self._figure.add_axes(tuple(box / np.tile(self._figure.get_size_inches(), 2)))
        themed(ax, self.theme, view.title, view.margins)
        view.attach(ax, self.theme)
        for order, artist in enumerate(view.artists):
            artist.set_zorder(10 + order)  # above all that stands still, as blitting draws it
        return cell, ax


def still(
    view: View, *arrays: np.ndarray | None, theme: Theme = LIGHT, size: Size | None = None
) -> Still:
    """One view as a figure.  arrays: what its `update` takes.  size: (width, height) in inches."""
    width, height = size or (None, 3.6)
    return Canvas([view], theme, height, width).figure([arrays])
