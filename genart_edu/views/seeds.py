"""Many seeds of one GAN side by side: which found all modes, and which collapsed."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.path import Path

from genart_edu.views.canvas import DPI
from genart_edu.views.outlines import outline, polygons, words
from genart_edu.views.plane import points
from genart_edu.views.style import FAKE, REAL, TITLE, Margins, Theme, bare, key, note

TAB, GAP = 0.17, 0.05  # inches: above a cell, for its count; and between two cells
RIM, FRAME = 0.01, 0.02  # how far a thick frame reaches out of its cell, and into it
SQUARE = np.array([(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)])


def cells(n: int, width: float, height: float, columns: int | None) -> tuple[np.ndarray, float]:
    """n squares with a tab above each, row by row, as large as fit.  Inches.

    columns: squares to a row; None: as many as make them largest.
    -> their lower left corners (n, 2), and their side.
    """

    def side(columns: int) -> float:
        room = min(width / columns, height / math.ceil(n / columns) - TAB) - GAP
        return max(1, math.floor(DPI * room)) / DPI  # on whole pixels, so that no frame is blurred

    columns = columns or max(range(1, n + 1), key=side)
    size = side(columns)
    row, column = np.divmod(np.arange(n), columns)
    x, y = column * (size + GAP), height + GAP - (row + 1) * (size + TAB + GAP)
    return np.stack([x + RIM, y - RIM], axis=1), size


class SeedGrid:
    """A cell for each seed: its fakes over the true modes, and how many of these it captured.

    A seed that misses a mode has collapsed: its frame is thick, its count in reverse on a tab.
    extent: each cell shows the plane from -extent to extent.  modes (M, 2): their centres.
    columns: cells to a row; by default as many as make them largest.
    """

    width = 1.7
    margins = Margins(0.15, 0.15, 0.1, 0.8)

    def __init__(
        self, title: str, extent: float, modes: np.ndarray, columns: int | None = None
    ) -> None:
        self.title, self.extent, self.modes, self.columns = title, extent, modes, columns
        self.alt = f"{title}: the fakes of each seed over the {len(modes)} modes"

    def attach(self, ax: Axes, theme: Theme) -> None:
        bare(ax)
        self.corners, self.side, self.scale = np.zeros((0, 2)), 1.0, 1.0
        self.room = ax.bbox.width / DPI, ax.bbox.height / DPI  # inches, as is all in this view
        ax.set(xlim=(0, self.room[0]), ylim=(0, self.room[1]))
        self.targets = points(ax, theme, REAL, "mode")
        self.targets.set(markerfacecolor="none", markeredgewidth=1.2)
        self.fakes = points(ax, theme, FAKE, "fake", alpha=0.7)
        self.fakes.set(marker="o", markeredgewidth=0)
        self.frames = outline(ax, fill=False, edgecolor=theme.muted, linewidth=0.7)
        self.tabs = outline(ax, facecolor=theme.ink, edgecolor="none")
        self.said = note(ax, "", (0, 1), (0, 9), color=theme.ink, size=1.3 * TITLE, weight="bold")
        self.artists = [self.fakes, self.tabs, self.said]
        key(ax, theme, [self.targets, self.fakes]).set(loc="lower right", bbox_to_anchor=(1, 1))

    def update(self, fakes: np.ndarray, captured: np.ndarray) -> bool:
        """fakes (S, N, 2), captured (S,): of M modes.  What is outside its cell is left out."""
        if len(fakes) != len(captured):
            raise ValueError(f"{len(fakes)} seeds of fakes, but {len(captured)} counts of modes.")
        changed = len(fakes) != len(self.corners)
        if changed:
            self._arrange(len(fakes))
        inside = np.all(abs(fakes) <= self.extent, axis=2)  # nan is not
        middle = self.corners[np.nonzero(inside)[0]] + self.side / 2
        self.fakes.set_data(*(middle + self.scale * fakes[inside]).T)

        collapsed = captured < len(self.modes)
        tabs = polygons(self._tabs(self.corners[collapsed]))
        self.tabs.set_path(Path.make_compound_path(tabs, *self._counts(captured)))
        self.said.set_text(f"{collapsed.sum()} of {len(captured)} collapsed")
        return changed

    def _arrange(self, n: int) -> None:
        """Lay out n cells, with what stands still in them."""
        self.corners, self.side = cells(n, *self.room, self.columns)
        self.scale = self.side / 2 / self.extent  # from the plane to inches
        centres = self.corners[:, None] + self.side / 2 + self.scale * self.modes
        self.targets.set_data(*centres.reshape(-1, 2).T)
        self.frames.set_path(polygons(self.corners[:, None] + self.side * SQUARE[:4]))
        self.targets.set_markersize(np.clip(9 * self.side, 3, 9))
        self.fakes.set_markersize(np.clip(3 * self.side, 1.6, 3))
        most, of = len(self.modes), f"/{len(self.modes)}"
        self.of = of if words(f"{most}{of}").get_extents().width < self.side - 0.05 else ""

    def _tabs(self, corners: np.ndarray) -> np.ndarray:
        """A frame that widens to a tab above, as an outline with its hole.  (K, 2) -> (K, 10, 2)"""
        outer = SQUARE * (self.side + 2 * RIM, self.side + 2 * RIM + TAB) - RIM
        hole = FRAME + SQUARE[::-1] * (self.side - 2 * FRAME)
        return corners[:, None] + np.concatenate([outer, hole])

    def _counts(self, captured: np.ndarray) -> list[Path]:
        """How many modes, e.g. 3/8, as outlines; they run against a tab's: there they are holes."""
        starts = self.corners + np.array([0.03, self.side + 0.04])
        outlines = [words(f"{count}{self.of}") for count in captured]
        return [Path(o.vertices + at, o.codes) for o, at in zip(outlines, starts, strict=True)]
