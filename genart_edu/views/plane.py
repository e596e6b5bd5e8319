"""A GAN whose data are points of the plane: what is real, what is fake, and what D makes of it."""

import numpy as np
from contourpy import contour_generator
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from PIL import Image

from genart_edu.views.bitmap import Bitmap
from genart_edu.views.mesh import Mesh, pulled
from genart_edu.views.outlines import outline, polygons
from genart_edu.views.style import FAKE, LABEL, REAL, TICK, Margins, Role, Theme, blend, key, rounds


def points(
    ax: Axes, theme: Theme, role: Role, label: str = "", size: float = 5, alpha: float = 0.9
) -> Line2D:
    """A cloud, still empty.  A Line2D stamps one marker everywhere; a scatter draws each anew.

    A cross is all edge, and other markers have none.
    """
    cloud = ax.plot([], [], role.marker, color=role.color(theme), label=label, alpha=alpha)[0]
    cloud.set(markersize=size, markeredgewidth=1.4 if role.marker == "x" else 0)
    return cloud


def square(ax: Axes, extent: float) -> None:
    """Both axes from -extent to extent, on one scale, with the same few ticks."""
    ticks = [tick for tick in rounds().tick_values(-extent, extent) if abs(tick) <= extent]
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
    scale = LinearSegmentedColormap.from_list("D(x)", [fake, middle, real])
    return np.rint(255 * scale(np.arange(256))).astype(np.uint8)


def enlarged(values: np.ndarray, pixels: int) -> np.ndarray:
    """A lattice (H, W) whose outermost points are at the edges, read between them, linearly.

    -> (pixels, pixels), float32: at the pixels' centres.
    """
    (rows, columns), image = values.shape, Image.fromarray(values.astype(np.float32))
    edges = (0.5, 0.5, columns - 0.5, rows - 0.5)  # the centres of the corners
    return np.asarray(image.resize((pixels, pixels), Image.Resampling.BILINEAR, edges))


class Plane:
    """Real and fake points of the plane, over how real the discriminator takes each place to be.

    extent: the plane is shown from -extent to extent.
    """

    width = 1.0
    margins = Margins(0.6, 0.75, 0.55, 0.82)

    def __init__(self, title: str, extent: float = 3.0) -> None:
        self.title, self.extent = title, extent
        self.alt = f"{title}: real and fake points in the plane"

    def attach(self, ax: Axes, theme: Theme) -> None:
        ax.set_xlabel("x₁")
        ax.set_ylabel("x₂", rotation=0, va="center")
        square(ax, self.extent)
        self.shades = shades(theme)
        self.surface, self.pixels = Bitmap(ax), round(min(ax.bbox.size))
        self.mesh = Mesh(ax, theme, self.extent)
        self.border = ax.add_collection(LineCollection([], color=theme.ink), autolim=False)
        self.border.set(linewidth=1.4, linestyle=(0, (4, 2.5)), label="D* ≈ ½")
        self.real = points(ax, theme, REAL, "real", size=6, alpha=0.75)
        self.fake = points(ax, theme, FAKE, "fake", size=4)
        self.pulls = outline(ax, facecolor=theme.ink, edgecolor="none")
        self.artists = [self.surface, self.mesh.cells, self.mesh.lines, self.border]
        self.artists += [self.real, self.fake, self.pulls]
        pull = Line2D([], [], color=theme.ink, linestyle="none", marker="$→$", label="pull")
        pull.set(markersize=18, markeredgewidth=0)
        cell = Patch(facecolor=(*self.mesh.color, 0.4), edgecolor=self.mesh.color, label="G(z)")
        self.handles = self.real, self.fake, self.border, cell, pull
        self.ax, self.theme, self.scale = ax, theme, self._scale(ax, theme)
        self.shown: list[bool] = []

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
            self.border.set(segments=contour_generator(x, y, best).lines(0.5))
        if mesh is not None:
            self.mesh.show(mesh)
        if pulls is not None:
            self.pulls.set_path(polygons(pulled(pulls, self.extent)))
        layers = best, mesh, pulls, surface, mesh, surface
        shown = [len(real) > 0, len(fake) > 0, *(layer is not None for layer in layers)]
        if shown == self.shown:
            return False
        self.shown = shown
        drawn = self.real, self.fake, self.border, self.mesh.cells, self.pulls, self.surface
        for artist, there in zip((*drawn, self.mesh.lines, self.scale), shown, strict=True):
            artist.set_visible(there)
        named = [handle for handle, there in zip(self.handles, shown, strict=False) if there]
        self.key = key(self.ax, self.theme, named, columns=3)
        return True

    def _paint(self, surface: np.ndarray) -> None:
        """Interpolate D(x), not its colours, to the screen's pixels; top row first."""
        level = np.rint(255 * enlarged(surface, self.pixels)).astype(np.uint8)
        self.surface.show(self.shades.take(level[::-1], axis=0), (-self.extent, self.extent) * 2)

    def _scale(self, ax: Axes, theme: Theme) -> Axes:
        """The colour key at the right: D(x) from 0 to 1."""
        scale = ax.inset_axes((1.05, 0, 0.06, 1), visible=False)
        scale.imshow(self.shades[:, None], origin="lower", aspect="auto", extent=(0, 1, 0, 1))
        scale.spines[:].set_visible(False)
        scale.set_xlabel("D(x)", loc="left", size=LABEL, color=theme.ink)  # above stands the key
        scale.tick_params(colors=theme.muted, labelsize=TICK, length=0, pad=5)
        scale.set_xticks([])
        scale.yaxis.tick_right()
        scale.set_yticks((0.04, 0.5, 0.96), ("0", "½", "1"))  # within the bar's height
        return scale
