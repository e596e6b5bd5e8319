"""The latent plane of a VAE: where it puts its data, and where the prior expects them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.path import Path
from matplotlib.textpath import TextPath

from genart_edu.views.plane import fit, points
from genart_edu.views.style import REAL, SERIES, Margins, Role, Theme, key, roomy

ANGLE = np.linspace(0, 2 * np.pi, 73)
CIRCLE = np.stack([np.cos(ANGLE), np.sin(ANGLE)], axis=1)  # (73, 2)


def letter(character: str) -> Path:
    """A marker in the shape of one character, centred."""
    outline = TextPath((0, 0), character, prop=FontProperties(weight="bold"))
    middle = (outline.vertices.min(axis=0) + outline.vertices.max(axis=0)) / 2
    return Path(outline.vertices - middle, outline.codes)


class LatentPlane:
    """Where a VAE puts its data in two of its latents: the posteriors, by class.

    names: of the classes, at most ten.  Names of one character are themselves the markers; longer
    ones stand beside their marker at the right.  axes: what to call the two latents.
    The circles: one and two sigma of the prior.
    """

    width = 1.0

    def __init__(
        self, title: str, names: Sequence[str] = (), axes: Sequence[str] = ("z₁", "z₂")
    ) -> None:
        if len(names) > len(SERIES):
            raise ValueError(f"LatentPlane tells {len(SERIES)} classes apart, not {len(names)}.")
        self.title, self.names, self.axes = title, tuple(names), tuple(axes)
        self.alt = f"{title}: encoded points in the latent plane"
        longest = max(map(len, self.names), default=0)
        self.spelled = not all(len(name.strip()) == 1 for name in self.names)
        self.margins = Margins(0.6, 0.45 + 0.1 * longest if self.spelled else 0.2, 0.55, 0.7)

    def attach(self, ax: Axes, theme: Theme) -> None:
        self.ax, self.theme, self.wide = ax, theme, False
        ax.set_xlabel(self.axes[0])
        ax.set_ylabel(self.axes[1], rotation=0, va="center")
        self.ellipses = LineCollection([], linewidth=1, alpha=0.7)
        ax.add_collection(self.ellipses, autolim=False)
        self.unnamed = points(ax, theme, REAL, alpha=0.6)
        self.classes = [self._class(theme, *pair) for pair in zip(self.names, SERIES, strict=False)]
        look: dict[str, Any] = {"color": theme.ink, "linewidth": 1.4, "linestyle": (0, (4, 3))}
        look["label"] = "prior: 1σ and 2σ"  # the standard deviations of p(z) = N(0, I)
        self.circles = [ax.plot(*(r * CIRCLE.T), **look)[0] for r in (1, 2)]
        self.artists = [self.ellipses, self.unnamed, *self.classes, *self.circles]
        if self.spelled:
            ax.add_artist(key(ax, theme, self.classes, beside=True))
        key(ax, theme, self.circles[:1])

    def update(
        self, mean: np.ndarray, labels: np.ndarray | None = None, std: np.ndarray | None = None
    ) -> bool:
        """mean (N, 2) of q(z|x).  labels (N,): each point's place in names, or None.

        std (N, 2) of q(z|x): its ellipse of one sigma is drawn too.
        """
        number = np.full(len(mean), -1) if labels is None else labels
        known = labels is None or set(labels.tolist()) <= set(range(len(self.names)))
        if len(number) != len(mean) or not known:
            allowed = f"None or {len(mean)} numbers below {len(self.names)}"
            raise ValueError(f"The labels of a LatentPlane must be {allowed}.")
        for i, cloud in enumerate([self.unnamed, *self.classes], start=-1):
            cloud.set_data(*mean[number == i].T)
        changed = self._draw_ellipses(mean, number, std)
        size = abs(mean) if std is None else abs(mean) + std
        size = size[np.isfinite(size)]
        most = float(np.quantile(size, 0.99)) if len(size) else 0.0
        return fit(self.ax, roomy(1.05 * most, least=3)) or changed

    def _draw_ellipses(self, mean: np.ndarray, number: np.ndarray, std: np.ndarray | None) -> bool:
        """One of each q(z|x), in its class's colour.  -> whether the key has changed."""
        if std is not None and std.shape != mean.shape:
            raise ValueError(f"The std of a LatentPlane is None or {mean.shape}; got {std.shape}.")
        colors = np.array([cloud.get_color() for cloud in (*self.classes, self.unnamed)])
        outlines: Any = []
        if std is not None:
            seen = np.isfinite(mean + std).all(1)
            outlines, number = mean[seen, None] + std[seen, None] * CIRCLE[::2], number[seen]
        self.ellipses.set_segments(outlines)
        self.ellipses.set_color(colors[number])
        if self.wide == (std is not None):
            return False
        self.wide = std is not None
        ring = Line2D([], [], color=self.theme.ink, marker="o", markersize=9, linestyle="none")
        ring.set(markerfacecolor="none", label="posterior: 1σ")
        named = key(self.ax, self.theme, [self.circles[0], *[ring] * self.wide])
        if self.wide:
            named.get_texts()[0].set_text("prior")  # both in full do not fit above the plot
        return True

    def _class(self, theme: Theme, name: str, role: Role) -> Line2D:
        cloud = points(self.ax, theme, role, name, size=6.5 if self.spelled else 8)
        if not self.spelled:
            cloud.set_marker(letter(name))
        return cloud
