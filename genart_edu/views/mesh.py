"""What a generator does to the plane: its manifold as a warped mesh, and what pulls at its fakes.

After the layered distributions view of Kahng et al. 2019, "GAN Lab: Understanding Complex Deep
Generative Models using Interactive Visual Experimentation", arXiv:1809.01587.
"""

from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.path import Path
from matplotlib.transforms import IdentityTransform

from genart_edu.views.style import GENERATOR, Theme

FAR = 20.0  # extents from the middle: a corner that is farther is drawn there
DENSEST, HALF = 0.6, 2.0  # opacity that no cell reaches, and the density that has half of it
LINES = 0.6  # their opacity
END = (0, 1), (0, 1), (0, 0)  # one nan after each line of a mesh: there the next one begins
SCALE, LONGEST = 0.1, 0.25  # extents: the length of an arrow for a pull of 1, and the longest
ARROW = np.array([-0.02j, 0.6 - 0.035j, 0.55 - 0.14j, 1, 0.55 + 0.14j, 0.6 + 0.035j, 0.02j])


def densities(corners: np.ndarray, extent: float) -> np.ndarray:
    """How dense each cell of a mesh is, where every cell holds the same probability.

    corners (n + 1, m + 1, 2).  A cell is measured as two triangles, or one that is twisted would
    have no area.  -> (n, m), in units of what fills the plane from -extent to extent evenly.
    """
    z = corners @ [1, 1j]
    across = (z[1:, 1:] - z[:-1, :-1]).conj()
    area = sum(abs((across * (z_i - z[:-1, :-1])).imag) for z_i in (z[1:, :-1], z[:-1, 1:])) / 2
    with np.errstate(divide="ignore"):
        return (2 * extent) ** 2 / (area.size * area)


def opacities(density: np.ndarray) -> np.ndarray:
    """DENSEST density / (density + HALF): it grows with the density, and hides nothing wholly."""
    return DENSEST / (1 + HALF / density)


def arrows(pulls: np.ndarray, extent: float) -> np.ndarray:
    """Outlines of arrows for pulls (M, 2, 2): where from, and the vector.  -> (K, 7, 2)

    A pull of 1 is SCALE extents long, always, and none is longer than LONGEST extents.  One that
    is not finite, or that begins outside the plane, is left out.
    """
    inside = (abs(pulls[:, 0]) <= extent).all(axis=1) & np.isfinite(pulls[:, 1]).all(axis=1)
    at, pull = (pulls[inside] @ [1, 1j]).T
    length = extent * np.minimum(SCALE * abs(pull), LONGEST)
    outlines = at[:, None] + (length * np.exp(1j * np.angle(pull)))[:, None] * ARROW
    return np.stack([outlines.real, outlines.imag], axis=-1)


class Mesh(Artist):
    """A lattice's image on `ax`, invisible until it is shown: its cells and lines as one artist."""

    def __init__(self, ax: Axes, theme: Theme, extent: float) -> None:
        super().__init__()
        self.ax, self.extent = ax, extent
        self.color = to_rgb(GENERATOR.color(theme))
        self.set_visible(False)
        ax.add_artist(self)

    def show(self, corners: np.ndarray) -> None:
        """corners (n + 1, m + 1, 2).  A cell with a corner that is not finite is left out."""
        there = np.isfinite(corners).all(axis=2)
        whole = there[1:, 1:] & there[:-1, 1:] & there[1:, :-1] & there[:-1, :-1]
        reach = FAR * self.extent
        self.corners = np.where(there[..., None], corners.clip(-reach, reach), 0.0)
        self.fill = np.tile((*self.color, 0.0), (whole.size, 1))
        self.fill[:, 3] = (whole * opacities(densities(self.corners, self.extent))).ravel()
        ends = np.pad(np.where(there[..., None], self.corners, np.nan), END, constant_values=np.nan)
        across, along = ends[:-1], ends[:, :-1].swapaxes(0, 1)
        self.lines = Path(np.concatenate([across.reshape(-1, 2), along.reshape(-1, 2)]))

    def draw(self, renderer: Any) -> None:
        """What matplotlib calls.  Its own QuadMesh cannot move, and strokes each line twice."""
        if not self.get_visible():
            return
        gc = renderer.new_gc()
        gc.set_clip_rectangle(self.ax.bbox)
        gc.set_linewidth(0.6)
        gc.set_foreground((*self.color, LINES), isRGBA=True)
        place = self.ax.transData.frozen()
        n, m, _ = self.corners.shape
        still, no_edges = (np.zeros((1, 2)), IdentityTransform()), np.zeros((0, 4))
        cells = m - 1, n - 1, self.corners, *still, self.fill, True, no_edges
        renderer.draw_quad_mesh(gc, place, *cells)
        renderer.draw_path(gc, self.lines, place)
        gc.restore()
