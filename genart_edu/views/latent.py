"""The latent plane of a VAE: where it puts its data, and where the prior expects them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.path import Path
from matplotlib.textpath import TextPath

from genart_edu.views.plane import axes_named, points, square
from genart_edu.views.style import REAL, SERIES, Margins, Role, Theme, key, roomy, themed


def letter(character: str) -> Path:
    """A marker in the shape of one character, centred."""
    outline = TextPath((0, 0), character, prop=FontProperties(weight="bold"))
    middle = (outline.vertices.min(axis=0) + outline.vertices.max(axis=0)) / 2
    return Path(outline.vertices - middle, outline.codes)


class LatentPlane:
    """Where a VAE with two latents puts its data: the posterior means, by class.

    names: of the classes, at most ten.  Names of one character are themselves the markers; longer
    ones stand beside their marker at the right.  The circles: one and two sigma of the prior.
    """

    width = 1.0

    def __init__(self, title: str, names: Sequence[str] = ()) -> None:
        if len(names) > len(SERIES):
            raise ValueError(f"LatentPlane tells {len(SERIES)} classes apart, not {len(names)}.")
        self.title, self.names = title, tuple(names)
        self.alt = f"{title}: encoded points in the latent plane"
        longest = max(map(len, self.names), default=0)
        self.spelled = not all(len(name.strip()) == 1 for name in self.names)
        self.margins = Margins(0.6, 0.45 + 0.1 * longest if self.spelled else 0.2, 0.55, 0.7)

    def attach(self, ax: Axes, theme: Theme) -> None:
        themed(ax, theme, self.title, self.margins)
        self.ax, self.extent = ax, 0.0
        axes_named(ax, "z")
        self.unnamed = points(ax, theme, REAL, alpha=0.6)
        self.classes = [self._class(theme, *pair) for pair in zip(self.names, SERIES, strict=False)]
        circles = self._prior(theme)
        self.artists: list[Artist] = [self.unnamed, *self.classes, *circles]
        if self.spelled:
            ax.add_artist(key(ax, theme, self.classes, beside=True))
        key(ax, theme, circles[:1])

    def update(self, mean: np.ndarray, labels: np.ndarray | None = None) -> bool:
        """mean (N, 2) of q(z|x).  labels (N,): each point's place in names, or None."""
        count = len(self.names)
        number = np.full(len(mean), -1) if labels is None else labels
        known = labels is None or set(labels.tolist()) <= set(range(count))
        if len(number) != len(mean) or not known:
            allowed = f"None or {len(mean)} numbers below {count}"
            raise ValueError(f"The labels of a LatentPlane must be {allowed}.")
        for i, cloud in enumerate([self.unnamed, *self.classes], start=-1):
            cloud.set_data(*mean[number == i].T)
        size = abs(mean[np.isfinite(mean)])
        wanted = roomy(1.05 * float(np.quantile(size, 0.99)) if len(size) else 0, least=3)
        if wanted <= self.extent <= 2 * wanted:
            return False
        self.extent = wanted
        square(self.ax, wanted)
        return True

    def _class(self, theme: Theme, name: str, role: Role) -> Line2D:
        if self.spelled:
            return points(self.ax, theme, role, name, size=6.5)
        return points(self.ax, theme, role, name, size=8, marker=letter(name))

    def _prior(self, theme: Theme) -> list[Line2D]:
        """Circles at one and two standard deviations of p(z) = N(0, I)."""
        angle = np.linspace(0, 2 * np.pi, 121)
        look: dict[str, Any] = {"color": theme.ink, "linewidth": 1.4, "linestyle": (0, (4, 3))}
        look["label"] = "prior: 1σ and 2σ"
        return [self.ax.plot(r * np.cos(angle), r * np.sin(angle), **look)[0] for r in (1, 2)]
