"""What a training has measured so far, as lines over its steps."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.transforms import Bbox, TransformedBbox

from genart_edu.views.canvas import Arrays
from genart_edu.views.marks import Mark, Marks
from genart_edu.views.style import DOTTED, SERIES, Margins, Role, Theme, key, reference, rounds

POINTS = 160  # in a line: two pixels each, so that its dashes can be told


def bin_size(n: int) -> int:
    """How many neighbours to average: the least power of two that leaves at most POINTS bins.

    A power of two, so that the bins of a growing history stay where they are.
    """
    return 1 << max(0, math.ceil(math.log2(max(n, 1) / POINTS)))


def bin_means(values: np.ndarray, size: int) -> np.ndarray:
    """Means of `size` neighbours; the last bin is as full as it is.  (N,) -> (ceil(N / size),)."""
    starts = np.arange(0, len(values), size)
    counts = np.diff(starts, append=len(values))
    return np.add.reduceat(values, starts, dtype=float) / counts if len(values) else values


def y_range(
    lines: Sequence[np.ndarray], references: Sequence[float], whole: bool = False
) -> tuple[float, float]:
    """What the y axis must show: quantiles, so that a spike does not flatten all the rest.

    The latest tenth counts for itself, or a late change of level would stay out of sight.
    whole: all that there is, and no room for more.
    """
    lines = [y for y in lines if len(y)]
    bounds = [y if whole else np.quantile(y, (0.02, 0.98)) for y in lines]
    bounds += [np.quantile(y[-1 - len(y) // 10 :], (0.05, 0.95)) for y in lines]
    seen = np.concatenate([*bounds, references]) if bounds or references else np.array([0.0, 1.0])
    low, high = float(seen.min()), float(seen.max())
    pad = 0.0 if whole else max(0.06 * (high - low), 1e-3 * max(abs(low), abs(high)), 1e-6)
    near_zero = 0 <= low < 0.4 * high
    return (0.0 if near_zero else low - pad), high + pad


def spread(heights: Sequence[float], gap: float) -> list[float]:
    """Ascending heights, moved as little as keeps them `gap` apart."""
    placed: list[float] = []
    for height in heights:
        placed.append(max(height, placed[-1] + gap) if placed else height)
    return placed


def put(lines: Sequence[Line2D], size: int, steps: np.ndarray, *values: np.ndarray) -> None:
    """Each line shows its values (N,) in means of `size`.  What is not finite is left out."""
    for line, value in zip(lines, values, strict=True):
        finite = np.isfinite(value)
        line.set_data(bin_means(steps[finite], size), bin_means(value[finite], size))


class Curves:
    """One line for each name, e.g. Curves(("reconstruction", "kl"), "Costs").

    names: at most ten.  roles: how each is drawn.  unit: of y; stands behind the title.
    references: values worth knowing, by name, e.g. {"2 log 2": 1.386}: dashed, named at the right.
    x: what lies below.  Steps grow from the left; anything else is shown from end to end.
    """

    def __init__(
        self,
        names: Sequence[str],
        title: str,
        *,
        unit: str = "nats",
        roles: Sequence[Role] = SERIES,
        references: Mapping[str, float] | None = None,
        x: str = "step",
    ) -> None:
        if not 1 <= len(names) <= len(roles):
            lines = f"1 to {len(roles)} lines with these roles"
            raise ValueError(f"Curves draws {lines}; got {len(names)} names.")
        self.names, self.roles = tuple(names), tuple(roles)
        self.title = f"{title} ({unit})" if unit else title
        self.x = x
        self.alt = f"{self.title}: {', '.join(names)} over {'steps' if x == 'step' else x}"
        self.behind, self.marks = [np.zeros(0)] * (1 + len(names)), list[Mark]()
        self.drawn: tuple[int, float, float] | None = None  # in which bins, between which steps
        self.references = dict(sorted((references or {}).items(), key=lambda item: item[1]))
        right = 0.3 + 0.1 * max((len(name) for name in self.references), default=0)
        letters = sum(map(len, names))
        self.width = max(1.6, 0.05 * letters + 0.25 * len(names))  # the key fits above the plot
        self.margins = Margins(0.75, right, 0.55, 0.7)

    def surround(self, behind: Arrays = (), marks: Sequence[Mark] = ()) -> None:
        """What `update` draws around the lines, until this is called again.

        behind: what `update` takes, of what a rewound run has recorded, or of a run to compare
        with: thin and dotted, in bins of the same size.  It is copied: histories are written to.
        marks: (step, a few words) of each event: a line, and the words where there is room.
        """
        own = [np.array(v, dtype=float) for v in behind] or [np.zeros(0)] * (1 + len(self.names))
        self._check(*own)
        if self.marks != list(marks) or not all(map(np.array_equal, own, self.behind)):
            self.drawn, self.behind, self.marks = None, own, list(marks)

    def attach(self, ax: Axes, theme: Theme) -> None:
        self.ax, self.theme, self.drawn, self.y_limits = ax, theme, None, (0.0, 0.0)
        self.past, self.lines = list[Line2D](), list[Line2D]()
        self.marked, self.room = Marks(ax, theme), 0.0
        for name, r in zip(self.names, self.roles, strict=False):
            look: dict[str, Any] = {"color": r.color(theme), "marker": r.marker, "markevery": [-1]}
            look["clip_on"] = self.x == "step"
            self.past += ax.plot([], [], linestyle=DOTTED, linewidth=1.4, markersize=5, **look)
            look |= {"linestyle": r.dash, "linewidth": 2.2, "markersize": 7}
            self.lines += ax.plot([], [], label=name, **look)
        self.artists = self.lines
        self.labels = [reference(ax, theme, y, name)[1] for name, y in self.references.items()]
        key(ax, theme, self.lines)
        ax.xaxis.set_major_locator(rounds())
        ax.xaxis.set_major_formatter("{x:,.0f}" if self.x == "step" else "{x:g}")
        ax.yaxis.set_major_formatter("{x:,g}")

    def update(self, steps: np.ndarray, *values: np.ndarray) -> bool:
        """steps (N,) ascending; values (N,) for each name.  What is not finite is left out."""
        self._check(steps, *values)
        size = bin_size(max(len(steps), len(self.behind[0])))
        put(self.lines, size, steps, *values)
        drawn = size, *self._x_limits(np.append(steps, self.behind[0]))
        if changed := drawn != self.drawn:
            self._draw_around(*drawn)
            self.drawn = drawn
        return self._fit_y() or changed

    def _check(self, steps: np.ndarray, *values: np.ndarray) -> None:
        if any(np.shape(v) != np.shape(steps) for v in values) or len(values) != len(self.names):
            raise ValueError(f"Curves needs as many steps as values of each of {self.names}.")

    def _draw_around(self, size: int, left: float, right: float) -> None:
        """The x axis, the marks, and what is behind, in means of `size`."""
        self.ax.set_xlim(left, right)
        self.ax.set_xlabel(self.x if size == 1 else f"{self.x}   (each point: mean of {size})")
        put(self.past, size, *self.behind)
        self.room = self.marked.show(self.marks)
        # No spike runs through words.
        below = TransformedBbox(Bbox.from_extents(0, 0, 1, 1 - self.room), self.ax.transAxes)
        for line, past, role in zip(self.lines, self.past, self.roles, strict=False):
            hides = len(self.behind[0]) and role.dash[1]  # no dots shine through a dash
            line.set(gapcolor=self.theme.background if hides else None, clip_box=below)
            past.set_clip_box(below)

    def _x_limits(self, shown: np.ndarray) -> tuple[float, float]:
        if not len(shown):
            return 0.0, 100.0
        first, last = float(shown.min()), float(shown.max())
        if self.x != "step":
            return first, last
        left = first - first % 1000  # training may go on from later
        room = bin_size(int(last - left)) * POINTS  # moves when the bins do: drawn whole once
        return left, left + 1.03 * room

    def _fit_y(self) -> bool:
        """Leave the limits alone while they hold the data and do not dwarf it."""
        lines = [np.asarray(line.get_ydata()) for line in (*self.lines, *self.past)]
        low, high = y_range(lines, [*self.references.values()], whole=self.x != "step")
        high += self.room / (1 - self.room) * (high - low)  # for the words above the lines
        bottom, top = self.y_limits
        if bottom <= low and high <= top and top - bottom < 2.5 * (high - low):
            return False
        ticks = rounds().tick_values(low, high)
        self.y_limits = bottom, top = ticks[0], ticks[-1]
        self.ax.set_ylim(bottom, top)
        self.ax.set_yticks(ticks)
        heights = spread([*self.references.values()], 0.1 * (top - bottom))
        for label, height in zip(self.labels, heights, strict=True):
            label.set_y(height)
        return True
