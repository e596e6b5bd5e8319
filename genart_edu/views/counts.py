"""How many seeds of each setting came to something, as a table: the more, the stronger a cell."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from genart_edu.views.style import FAKE, LABEL, TITLE, Margins, Theme, bare, blend, note


class CountMap:
    """A cell for each setting, a number in each: how many of `of` seeds.

    rows, columns: the settings, from the top and from the left, e.g. "1e-3".
    row_name, column_name: what they set.
    """

    def __init__(
        self,
        title: str,
        rows: Sequence[str],
        columns: Sequence[str],
        of: int,
        row_name: str = "",
        column_name: str = "",
    ) -> None:
        self.title, self.of, self.names = title, of, (row_name, column_name)
        self.rows, self.columns = tuple(rows), tuple(columns)
        sides = [(row_name or "row", rows), (column_name or "column", columns)]
        each = " and ".join(f"each {name} ({', '.join(values)})" for name, values in sides)
        self.alt = f"{title}: how many of {of} seeds, for {each}"
        self.width = max(1.0, len(columns) * max(0.3, 0.045 * (2 + max(map(len, columns)))))
        left = 0.3 + 0.1 * max(map(len, rows)) + (0.25 if row_name else 0)
        self.margins = Margins(left, 0.2, 0.6 if column_name else 0.35, 0.7)

    def attach(self, ax: Axes, theme: Theme) -> None:
        bare(ax)
        ax.tick_params(labelcolor=theme.ink)
        low = blend(theme.background, theme.grid, 0.6)
        high = blend(theme.background, FAKE.color(theme), 0.55)  # ink is read on both
        scale = LinearSegmentedColormap.from_list("counts", [low, high])
        self.counts = np.full((len(self.rows), len(self.columns)), np.nan)
        self.mesh = ax.pcolormesh(self.counts, cmap=scale, vmin=0, vmax=self.of)
        self.mesh.set(edgecolor=theme.background, linewidth=3)
        rows, columns = self.counts.shape
        ax.set(ylim=(rows, 0), xlabel=self.names[1], ylabel=self.names[0])
        ax.set_xticks(np.arange(columns) + 0.5, self.columns)
        ax.set_yticks(np.arange(rows) + 0.5, self.rows)
        tall = (ax.bbox.height / rows) / (ax.bbox.width / columns)
        ax.set_aspect(min(1.0, tall), anchor="NW")  # a single row is not as tall as the plot
        note(ax, f"of {self.of} seeds", (0, 1), (0, 6.3), color=theme.ink, size=LABEL)
        look: dict[str, Any] = {"color": theme.ink, "size": TITLE, "weight": "bold"}
        look |= {"ha": "center", "va": "center_baseline"}
        self.texts = [ax.text(c + 0.5, r + 0.5, "–", **look) for r, c in np.ndindex(rows, columns)]
        self.artists = ()  # nothing moves: a sweep has news every few seconds

    def update(self, counts: np.ndarray) -> bool:
        """counts (R, C), from 0 to `of`; nan where nothing has run yet: a dash, and no colour."""
        if counts.shape != self.counts.shape:
            raise ValueError(f"This CountMap needs {self.counts.shape} counts; got {counts.shape}.")
        if np.array_equal(counts, self.counts, equal_nan=True):
            return False
        self.counts = counts.astype(float)
        self.mesh.set_array(self.counts)
        for text, count in zip(self.texts, self.counts.flat, strict=True):
            text.set_text("–" if np.isnan(count) else f"{count:.0f}")
        return True
