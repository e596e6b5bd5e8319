"""The runs that grew out of one: where each left its parent, and what was done to it."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Annotation

from genart_edu.views.curves import POINTS, bin_size
from genart_edu.views.style import REAL, SERIES, TICK, Margins, Theme, key, rounds

LEAST, NAMED = 4, 12  # how many rows there is room for at least, and names at most


def strokes(starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """One coordinate of a line that is interrupted: start, end, nan, and so on.  (N,) -> (3 N,)"""
    return np.stack([starts, ends, np.full(len(starts), np.nan)], axis=1).ravel()


class Tree:
    """Each run as a line over its steps, in a row of its own below that of the run it left.

    The run that one looks at is thick, and a ring is where one stands.
    """

    width = 1.6
    margins = Margins(0.75, 0.3, 0.55, 0.7)

    def __init__(self, title: str = "Runs") -> None:
        self.title, self.alt = title, f"{title}: a line over its steps for each, forks and events"

    def attach(self, ax: Axes, theme: Theme) -> None:
        ax.set(xlabel="step", yticks=[])
        ax.spines["left"].set_visible(False)
        ax.xaxis.set_major_locator(rounds())
        ax.xaxis.set_major_formatter("{x:,.0f}")
        self.ax, self.theme, self.names, self.seen = ax, theme, list[Annotation](), list[float]()
        look: dict[str, Any] = {"color": theme.muted, "solid_capstyle": "butt", "clip_on": False}
        self.forks = ax.plot([], [], "o-", markevery=3, markersize=9, linewidth=1.4, **look)[0]
        self.runs = ax.plot([], [], linewidth=2.2, **look)[0]
        self.run = ax.plot([], [], linewidth=5, **look | {"color": REAL.color(theme)})[0]
        look |= {"linestyle": "", "color": theme.ink, "markersize": 13, "markeredgewidth": 2}
        self.events = ax.plot([], [], marker="|", label="event", **look)[0]
        look |= {"color": SERIES[1].color(theme), "markersize": 15, "markeredgewidth": 3}
        self.here = ax.plot([], [], marker="o", fillstyle="none", label="here", **look)[0]
        self.artists = [self.runs, self.run, self.events, self.here]
        key(ax, theme, [self.here, self.events])

    def update(self, spans: np.ndarray, marks: np.ndarray, here: np.ndarray) -> bool:
        """spans (R, 3): first and last step of each run, and the row of the one it left, or -1.

        marks (M, 2): row and step of each event.  here (2,): row and step of where one stands.
        """
        shapes = [np.shape(each) for each in (spans, marks, here)]
        if [s[1:] for s in shapes[:2]] != [(3,), (2,)] or shapes[2] != (2,) or not len(spans):
            raise ValueError(f"Tree needs spans (R, 3), marks (M, 2), here (2,); got {shapes}.")
        rows, (first, last, parent) = np.arange(len(spans)), np.transpose(spans)
        below = (parent >= -1) & (parent < rows)
        if not (below.all() and np.isin([*marks[:, 0], here[0]], rows).all()):
            raise ValueError(f"Tree has rows 0 to {rows[-1]}, and a run stands below its parent.")
        row = int(here[0])
        self.runs.set_data(strokes(first, last), strokes(rows, rows))
        self.run.set_data(spans[row, :2], [row, row])
        self.events.set_data(*marks[:, ::-1].T)
        self.here.set_data([here[1]], [row])
        right = 1.03 * POINTS * bin_size(int(last.max()))  # moves seldom, as that of `Curves`
        seen, self.seen = self.seen, [right, row, *first, *parent]
        if seen != self.seen:
            self._draw_still(right, row, spans)
        return seen != self.seen

    def _draw_still(self, right: float, row: int, spans: np.ndarray) -> None:
        """The limits, the way from each run's parent to it, and the names."""
        n, left = len(spans), spans[:, 2] >= 0
        self.ax.set(xlim=(0, right), ylim=(max(n, LEAST) - 0.5, -0.5))
        at, parent = spans[left, 0], spans[left, 2]
        self.forks.set_data(strokes(at, at), strokes(parent, np.flatnonzero(left)))
        while self.names:
            self.names.pop().remove()
        look: dict[str, Any] = {"ha": "right", "va": "center", "textcoords": "offset points"}
        look |= {"size": TICK, "bbox": {"facecolor": self.theme.background, "lw": 0, "pad": 1}}
        for r in sorted({*range(0, n, -(-n // NAMED)), row}):
            look |= {"color": self.theme.ink, "weight": "bold" if r == row else "normal"}
            self.names += [self.ax.annotate(f"run {r + 1}", (spans[r, 0], r), (-11, 0), **look)]
