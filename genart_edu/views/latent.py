"""The latent plane of a VAE: where it puts its data, and where the prior expects them."""

from collections.abc import Sequence
from string import ascii_letters, digits
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D

from genart_edu.views.plane import fit, points
from genart_edu.views.style import REAL, SERIES, Margins, Role, Theme, key, roomy

ANGLE = np.linspace(0, 2 * np.pi, 73)
CIRCLE = np.stack([np.cos(ANGLE), np.sin(ANGLE)], axis=1)  # (73, 2)


class LatentPlane:
    """Where a VAE puts its data in two of its latents: the posteriors, by class.

    names: of the classes, at most ten.  Names of one letter or digit are themselves the markers;
    others stand beside their marker at the right.  axes: what to call the two latents.
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
        self.spelled = not set(names) <= {*ascii_letters, *digits}
        self.margins = Margins(0.6, 0.45 + 0.1 * longest if self.spelled else 0.2, 0.55, 0.7)

    def attach(self, ax: Axes, theme: Theme) -> None:
        self.ax, self.theme, self.named = ax, theme, 0
        ax.set_xlabel(self.axes[0])
        ax.set_ylabel(self.axes[1], rotation=0, va="center")
        self.ellipses = ax.add_collection(LineCollection([], linewidth=1, alpha=0.7), autolim=False)
        self.unnamed = points(ax, theme, REAL, alpha=0.6)
        self.classes = [self._class(theme, *pair) for pair in zip(self.names, SERIES, strict=False)]
        look: dict[str, Any] = {"color": theme.ink, "linewidth": 1.4, "linestyle": (0, (4, 3))}
        self.circles = [ax.plot(*(r * CIRCLE.T), **look)[0] for r in (1, 2)]
        self.ring = Line2D([], [], color=theme.ink, marker="o", markersize=9, linestyle="none")
        self.ring.set(markerfacecolor="none", label="posterior: 1σ")
        self.artists = [self.ellipses, self.unnamed, *self.classes, *self.circles]
        if self.spelled:
            ax.add_artist(key(ax, theme, self.classes, beside=True))

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
        size = abs(mean) + (0 if std is None else std)
        size = size[np.isfinite(size)]
        most = float(np.quantile(size, 0.99)) if len(size) else 0.0
        return fit(self.ax, roomy(1.05 * most, least=3)) or changed

    def _draw_ellipses(self, mean: np.ndarray, number: np.ndarray, std: np.ndarray | None) -> bool:
        """One of each q(z|x), in its class's colour.  -> whether the key has changed."""
        if std is not None and std.shape != mean.shape:
            raise ValueError(f"The std of a LatentPlane is None or {mean.shape}; got {std.shape}.")
        colors = np.array([cloud.get_color() for cloud in (*self.classes, self.unnamed)])
        radii = np.full(mean.shape, np.nan) if std is None else std
        seen = np.isfinite(mean + radii).all(axis=1)
        outlines = mean[seen, None] + radii[seen, None] * CIRCLE[::2]
        self.ellipses.set(segments=outlines, color=colors[number[seen]])
        named = 1 if std is None else 2
        if self.named == named:
            return False
        self.named = named
        self.circles[0].set_label("prior" if named == 2 else "prior: 1σ and 2σ")  # both in full
        key(self.ax, self.theme, [self.circles[0], self.ring][:named])  # do not fit above the plot
        return True

    def _class(self, theme: Theme, name: str, role: Role) -> Line2D:
        cloud = points(self.ax, theme, role, name, size=6.5 if self.spelled else 8)
        if not self.spelled:
            cloud.set_marker(rf"$\mathbf{{{name}}}$")
        return cloud
