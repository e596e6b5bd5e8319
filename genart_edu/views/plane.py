"""A GAN whose data are points of the plane: what is real, what is fake, and what D makes of it."""

from typing import Any

import numpy as np
from contourpy import contour_generator
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.path import Path
from matplotlib.transforms import offset_copy

from genart_edu.views.bitmap import Bitmap
from genart_edu.views.mesh import ARROW, Mesh, arrows
from genart_edu.views.outlines import outline, polygons
from genart_edu.views.style import FAKE, LABEL, REAL, TICK, Margins, Role, Theme, blend, key, rounds


def points(
    ax: Axes, theme: Theme, role: Role, label: str = "", size: float = 5, alpha: float = 0.9
) -> Line2D:
    """A cloud, still empty.  A Line2D stamps one marker everywhere; a scatter draws each anew."""
    cloud = Line2D([], [], linestyle="none", color=role.color(theme), label=label, alpha=alpha)
    cloud.set(marker=role.marker, markersize=size)
    cloud.set_markeredgewidth(1.4 if role.marker == "x" else 0)  # a cross is all edge
    return ax.add_line(cloud)


def square(ax: Axes, extent: float) -> None:
    """Both axes from -extent to extent, on one scale, with the same few ticks."""
    ticks = np.array(rounds().tick_values(-extent, extent))
    ticks = ticks[abs(ticks) <= extent]
    ax.set(xlim=(-extent, extent), ylim=(-extent, extent), xticks=ticks, yticks=ticks)
    ax.set_aspect("equal", anchor="W")


def fit(ax: Axes, extent: float) -> bool:
    """Leave the limits alone while they hold `extent` and do not dwarf it.  -> if they are new."""
    if new := not extent <= ax.get_xlim()[1] <= 2 * extent:
        square(ax, extent)
    return new


def shades(theme: Theme) -> np.ndarray:
    """The colours of D(x) from 0 (fake's) over 1/2 to 1 (real's).  -> bytes (256, 4)."""
    fake, real = (blend(role.color(theme), theme.background, 0.65) for role in (FAKE, REAL))
    middle = blend(theme.grid, theme.background, 0.5)
    level = np.linspace(0, 1, 256)
    channels = [np.interp(level, (0, 0.5, 1), c) for c in zip(fake, middle, real, strict=True)]
    return np.rint(255 * np.stack(channels, axis=1)).astype(np.uint8)


def knots(n: int, pixels: int) -> np.ndarray:
    """Weights (pixels, n) that read n values, evenly from edge to edge, at the pixels' centres."""
    at = (np.arange(pixels) + 0.5) / pixels * (n - 1)
    weights = np.stack([np.interp(at, np.arange(n), one) for one in np.eye(n)], axis=1)
    return weights.astype(np.float32)  # in doubles the product costs more than all the rest


class Plane:
    """Real and fake points of the plane, over how real the discriminator takes each place to be.

    extent: the plane is shown from -extent to extent.
    """

    width = 1.0
    margins = Margins(0.6, 0.75, 0.55, 0.78)

    def __init__(self, title: str, extent: float = 3.0) -> None:
        self.title, self.extent = title, extent
        self.alt = f"{title}: real and fake points in the plane"

    def attach(self, ax: Axes, theme: Theme) -> None:
        ax.set_xlabel("x₁")
        ax.set_ylabel("x₂", rotation=0, va="center")
        square(ax, self.extent)
        self.shades = shades(theme)
        self.surface, self.pixels = Bitmap(ax), round(min(ax.bbox.size))
        self.weights = knots(1, self.pixels), knots(1, self.pixels)  # of a surface not yet seen
        self.mesh = Mesh(ax, theme, self.extent)
        self.border = LineCollection([], colors=[theme.ink], linewidths=1.4)
        self.border.set(linestyle=(0, (4, 2.5)), label="D* ≈ ½")
        ax.add_collection(self.border, autolim=False)
        self.real = points(ax, theme, REAL, "real", size=6, alpha=0.75)
        self.fake = points(ax, theme, FAKE, "fake", size=4)
        self.pulls = outline(ax, facecolor=theme.ink, edgecolor="none")
        self.artists = self.surface, self.mesh, self.border, self.real, self.fake, self.pulls
        arrow = Path(np.stack([ARROW.real - 0.5, ARROW.imag], axis=1))
        pull = Line2D([], [], color=theme.ink, linestyle="none", marker=arrow, label="pull")
        pull.set(markersize=24, markeredgewidth=0)
        cell = Patch(facecolor=(*self.mesh.color, 0.4), edgecolor=self.mesh.color, label="G(z)")
        self.handles = self.real, self.fake, self.border, cell, pull
        self.ax, self.theme, self.scale = ax, theme, self._scale(ax, theme)
        self.corner = ax.transAxes, ax.get_figure(root=True)
        self.shown: list[bool] = []
        self.keys: list[Legend] = []

    def update(
        self,
        real: np.ndarray,
        fake: np.ndarray,
        surface: np.ndarray | None = None,
        best: np.ndarray | None = None,
        mesh: np.ndarray | None = None,
        pulls: np.ndarray | None = None,
    ) -> bool:
        """real (N, 2), fake (M, 2), surface (H, W): D(x) = sigmoid(logit) in [0, 1], or None.

        surface[i, j] is at x = X[j], y = X[i], with X evenly from -extent to extent, both included.
        best (H, W): the same of the optimal discriminator, whose border of 1/2 is drawn, or None.
        mesh (n + 1, m + 1, 2): G(z) of a lattice in z whose cells all hold the same probability.
        pulls (K, 2, 2): where a fake is, and the vector that pulls it; of length 1 it is drawn a
        tenth of the extent long, and never longer than a quarter.
        """
        self.real.set_data(*real.T)
        self.fake.set_data(*fake.T)
        if surface is not None:
            self._paint(np.nan_to_num(surface.clip(0, 1), nan=0.5))
        if best is not None:
            x, y = (np.linspace(-self.extent, self.extent, n) for n in best.shape[::-1])
            lines: Any = contour_generator(x, y, best).lines(0.5)
            self.border.set_segments(lines)
        if mesh is not None:
            self.mesh.show(mesh)
        if pulls is not None:
            self.pulls.set_path(polygons(arrows(pulls, self.extent)))
        layers = [len(real), len(fake), *(a is not None for a in (best, mesh, pulls, surface))]
        return self._switch([bool(layer) for layer in layers])

    def _switch(self, shown: list[bool]) -> bool:
        """Show these layers and name them above, in two rows if need be.  -> whether that is new.

        shown: of real, fake, border, mesh, pulls and surface.
        """
        if shown == self.shown:
            return False
        self.shown = shown
        drawn = self.real, self.fake, self.border, self.mesh, self.pulls, self.surface, self.scale
        for artist, there in zip(drawn, [*shown, shown[-1]], strict=True):
            artist.set_visible(there)
        for row in self.keys:
            row.remove()
        named = [handle for handle, there in zip(self.handles, shown, strict=False) if there]
        rows = [row for row in (named[3:], named[:3]) if row]
        self.keys = [key(self.ax, self.theme, row) for row in rows]
        for row in self.keys[:-1]:
            self.ax.add_artist(row)  # matplotlib keeps the last key only
        for i, row in enumerate(self.keys):
            y = 14 * i - 3 * (len(rows) > 1)
            row.set_bbox_to_anchor((0, 1), offset_copy(*self.corner, y=y, units="points"))
        return True

    def _paint(self, surface: np.ndarray) -> None:
        """Interpolate D(x), not its colours, to the screen's pixels; top row first."""
        if tuple(w.shape[1] for w in self.weights) != surface.shape:
            rows, columns = (knots(n, self.pixels) for n in surface.shape)
            self.weights = np.ascontiguousarray(rows[::-1]), columns
        rows, columns = self.weights
        level = np.rint(255 * (rows @ surface.astype(np.float32) @ columns.T)).astype(np.uint8)
        self.surface.show(self.shades.take(level, axis=0), (-self.extent, self.extent) * 2)

    def _scale(self, ax: Axes, theme: Theme) -> Axes:
        """The colour key at the right: D(x) from 0 to 1."""
        scale = ax.inset_axes((1.05, 0, 0.06, 1), visible=False)
        scale.imshow(self.shades[:, None], origin="lower", aspect="auto", extent=(0, 1, 0, 1))
        scale.set_xlabel("D(x)", loc="left", size=LABEL, color=theme.ink)  # above stands the key
        scale.tick_params(colors=theme.muted, labelsize=TICK, length=0, pad=5)
        scale.yaxis.tick_right()
        scale.set(xticks=[], yticks=(0, 0.5, 1), yticklabels=("0", "½", "1"))
        low, _, high = scale.get_yticklabels()  # keep them within the bar's height
        low.set_verticalalignment("bottom")
        high.set_verticalalignment("top")
        scale.spines[:].set_visible(False)
        return scale
