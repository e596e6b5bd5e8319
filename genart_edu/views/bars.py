"""One number for each latent dimension, or for each layer, as bars: which of them live?"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.transforms import offset_copy

from genart_edu.views.outlines import outline, polygons
from genart_edu.views.style import KL, Margins, Role, Theme, key, reference, roomy, rounds

SIDES = 0.36 * np.array([-1, -1, 1, 1])  # of a bar; from one bar to the next is 1


class Bars:
    """A bar for each name, in their order; without names a bar for each latent, from 1.

    unit: of the numbers; stands behind the title.  log: show powers of ten.
    width: of the plot, in units of its height; by default the names fit below it.
    x: what a bar without a name is one of.  words: for what is alive, and what is not.
    reference: a value worth knowing and its name, e.g. (0.125, "fair share"): dashed.
    """

    def __init__(
        self,
        title: str,
        names: Sequence[str] = (),
        *,
        unit: str = "nats",
        log: bool = False,
        width: float | None = None,
        role: Role = KL,
        x: str = "latent dimension",
        words: tuple[str, str] = ("active", "inactive"),
        reference: tuple[float, str] | None = None,
    ) -> None:
        self.title = f"{title} ({unit})" if unit else title
        self.names = [name.replace(" ", "\n") for name in names]
        self.log, self.role, self.x, self.words, self.reference = log, role, x, words, reference
        each = ", ".join(names) or f"the {x.split()[0]}s"
        self.alt = f"{self.title}: a bar for each of {each}"
        longest = max((len(word) for name in names for word in name.split()), default=0)
        self.width = width or max(1.6, 0.042 * len(names) * (1 + longest))
        lines = max((name.count("\n") for name in self.names), default=1)
        right = 0.3 + 0.1 * len(reference[1]) if reference else 0.2
        self.margins = Margins(0.75, right, 0.37 + 0.18 * lines, 0.7)

    def attach(self, ax: Axes, theme: Theme) -> None:
        ax.grid(False, axis="x")
        self.ax, self.count, self.limits = ax, -1, (0.0, 0.0)
        color = self.role.color(theme)
        self.live = outline(ax, facecolor=color, edgecolor="none")
        self.dead = outline(ax, fill=False, edgecolor=theme.muted, hatch="////")
        figure: Any = ax.figure
        above = offset_copy(ax.transData, figure, y=7, units="points")
        lives, dies = self.words
        self.crosses = ax.plot([], [], "x", color=theme.muted, label=dies, transform=above)[0]
        self.crosses.set(markeredgewidth=1.6, clip_on=False)
        self.key = key(ax, theme, [Patch(color=color, label=lives), self.crosses])
        self.said = self.key.get_texts()[0]  # it changes often, and is drawn anew alone
        self.artists = [self.live, self.dead, self.crosses, self.said]
        ax.yaxis.set_major_locator(rounds(integer=self.log))
        ax.yaxis.set_major_formatter("$10^{{{x:.0f}}}$" if self.log else "{x:,g}")
        ax.set_xlabel("" if self.names else self.x)
        self.worth: list[float] = []  # where on the axis the reference is, if there is one
        if self.reference:
            value, name = self.reference
            self.worth = [np.log10(value) if self.log else value]
            line, _ = reference(ax, theme, self.worth[0], name)
            line.set_color(theme.ink)  # it lies on the bars
            self.artists.append(line)

    def update(self, values: np.ndarray, alive: np.ndarray | None = None) -> bool:
        """values (N,): what is not finite or not above 0 has no bar.  alive (N,) of bool, or None.

        A bar that is not alive is hollow and hatched, and has a cross above.
        """
        n = len(self.names) or len(values)
        if len(values) != n or (alive is not None and len(alive) != n):
            raise ValueError(f"Bars needs {n} values, and `alive` for each of them or for none.")
        lives = np.ones(n, dtype=bool) if alive is None else np.asarray(alive, dtype=bool)
        drawn = np.isfinite(values) & (values > 0)
        height = np.where(drawn, values, 1.0)
        height = np.log10(height) if self.log else height
        changed = [self._fit_x(n), self._fit_y(np.append(height[drawn], self.worth))]
        base, x = self.limits[0], np.arange(1, n + 1)
        rims = np.where([False, True, True, False], height[:, None], base)
        bars = np.stack([x[:, None] + SIDES, rims], axis=-1)  # (N, 4, 2)
        for patch, which in (self.live, lives), (self.dead, ~lives):  # one each: a hatch takes 1 ms
            patch.set_path(polygons(bars[drawn & which]))
        self.crosses.set_data(x[~lives], np.where(drawn, height, base)[~lives])
        told, known = f"{lives.sum()} of {n} {self.words[0]}", alive is not None
        changed.append(len(told) != len(self.said.get_text()) or known != self.key.get_visible())
        self.said.set_text(told)
        self.key.set_visible(known)
        self.said.set_visible(known)
        return any(changed)

    def _fit_x(self, n: int) -> bool:
        if n == self.count:
            return False
        self.count = n
        every = 1 if self.names or n <= 10 else 2 ** int(np.ceil(np.log2(n / 8)))
        self.ax.set_xlim(0.3, max(n, 1) + 0.7)
        self.ax.set_xticks(range(every, n + 1, every), self.names or None)
        self.crosses.set_markersize(6 if n <= 32 else 4)
        return True

    def _fit_y(self, heights: np.ndarray) -> bool:
        """Leave the limits alone while they hold the bars and do not dwarf them."""
        low, high = 0.0, roomy(1.1 * heights.max(initial=0), least=0.1)
        if self.log:  # whole powers of ten, and some room for the least and the most
            low = np.floor(heights.min(initial=0 if len(heights) == 0 else np.inf) - 0.2)
            high = max(np.ceil(heights.max(initial=-np.inf) + 0.1), low + 1)
        bottom, top = self.limits
        if bottom <= low and high <= top and top - bottom <= 2 * (high - low):
            return False
        self.limits = low, high
        self.ax.set_ylim(low, high)
        return True
