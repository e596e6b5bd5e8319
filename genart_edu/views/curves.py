"""What a training has measured so far, as lines over its steps."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from genart_edu.views.style import SERIES, Margins, Role, Theme, key, reference, rounds

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
        self.references = dict(sorted((references or {}).items(), key=lambda item: item[1]))
        right = 0.3 + 0.1 * max((len(name) for name in self.references), default=0)
        letters = sum(map(len, names))
        self.width = max(1.6, 0.05 * letters + 0.25 * len(names))  # the key fits above the plot
        self.margins = Margins(0.75, right, 0.55, 0.7)

    def attach(self, ax: Axes, theme: Theme) -> None:
        self.ax = ax
        self.size, self.x_limits, self.y_limits = 0, (0.0, 0.0), (0.0, 0.0)
        self.lines = [
            ax.plot([], [], color=r.color(theme), linestyle=r.dash, marker=r.marker, label=name)[0]
            for name, r in zip(self.names, self.roles, strict=False)
        ]
        for line in self.lines:
            line.set(linewidth=2.2, markersize=7, markevery=[-1], clip_on=self.x == "step")
        self.artists = list(self.lines)
        self.labels = [reference(ax, theme, y, name)[1] for name, y in self.references.items()]
        key(ax, theme, self.lines)
        ax.xaxis.set_major_locator(rounds())
        ax.xaxis.set_major_formatter("{x:,.0f}" if self.x == "step" else "{x:g}")
        ax.yaxis.set_major_formatter("{x:,g}")

    def update(self, steps: np.ndarray, *values: np.ndarray) -> bool:
        """steps (N,) ascending; values (N,) for each name.  What is not finite is left out."""
        if any(np.shape(v) != np.shape(steps) for v in values) or len(values) != len(self.lines):
            raise ValueError(f"Curves needs as many steps as values of each of {self.names}.")
        size = bin_size(len(steps))
        for line, value in zip(self.lines, values, strict=True):
            finite = np.isfinite(value)
            line.set_data(bin_means(steps[finite], size), bin_means(value[finite], size))
        return any([self._fit_x(steps, size), self._fit_y()])

    def _fit_x(self, steps: np.ndarray, size: int) -> bool:
        limits = self._x_limits(steps)
        if (limits, size) == (self.x_limits, self.size):
            return False
        self.x_limits, self.size = limits, size
        self.ax.set_xlim(limits)
        self.ax.set_xlabel(self.x if size == 1 else f"{self.x}   (each point: mean of {size})")
        return True

    def _x_limits(self, steps: np.ndarray) -> tuple[float, float]:
        if not len(steps):
            return 0.0, 100.0
        if self.x != "step":
            return float(steps[0]), float(steps[-1])
        left = steps[0] - steps[0] % 1000  # training may go on from later
        room = bin_size(int(steps[-1] - left)) * POINTS  # moves when the bins do: drawn whole once
        return left, left + 1.03 * room

    def _fit_y(self) -> bool:
        """Leave the limits alone while they hold the data and do not dwarf it."""
        lines = [np.asarray(line.get_ydata()) for line in self.lines]
        low, high = y_range(lines, [*self.references.values()], whole=self.x != "step")
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
