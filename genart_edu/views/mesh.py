"""What a generator does to the plane: its manifold as a warped mesh, and what pulls at its fakes.

After the layered distributions view of Kahng et al. 2019, "GAN Lab: Understanding Complex Deep
Generative Models using Interactive Visual Experimentation", arXiv:1809.01587.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.path import Path

from genart_edu.views.outlines import arrows, outline
from genart_edu.views.style import GENERATOR, Theme

FAR = 20.0  # extents from the middle: a corner that is farther is drawn there
DENSEST, HALF = 0.6, 2.0  # opacity that no cell reaches, and the density that has half of it
LINES = 0.6  # their opacity
SCALE, LONGEST = 0.1, 0.25  # extents: the length of an arrow for a pull of 1, and the longest


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


def pulled(pulls: np.ndarray, extent: float) -> np.ndarray:
    """Outlines of arrows for pulls (M, 2, 2): where from, and the vector.  -> (K, 7, 2)

    A pull of 1 is SCALE extents long, always, and none is longer than LONGEST extents.  One that
    is not finite, or that begins outside the plane, is left out.
    """
    inside = (abs(pulls[:, 0]) <= extent).all(axis=1) & np.isfinite(pulls[:, 1]).all(axis=1)
    at, pull = (pulls[inside] @ [1, 1j]).T
    length = extent * np.minimum(SCALE * abs(pull), LONGEST)
    return arrows(at, length * np.exp(1j * np.angle(pull)))


class Mesh:
    """A lattice's image on `ax`, empty until it is shown: its cells, and the lines between them."""

    def __init__(self, ax: Axes, theme: Theme, extent: float) -> None:
        self.extent, self.color = extent, to_rgb(GENERATOR.color(theme))
        self.cells = ax.add_collection(PolyCollection([], edgecolor="none"), autolim=False)
        self.lines = outline(ax, fill=False, edgecolor=(*self.color, LINES), linewidth=0.6)

    def show(self, corners: np.ndarray) -> None:
        """corners (n + 1, m + 1, 2).  A cell with a corner that is not finite is left out."""
        reach = FAR * self.extent
        there = np.isfinite(corners).all(axis=2, keepdims=True)
        corners = np.where(there, corners.clip(-reach, reach), np.nan)
        around = corners[:-1, :-1], corners[:-1, 1:], corners[1:, 1:], corners[1:, :-1]
        cells = np.stack(around, axis=2)  # (n, m, 4, 2)
        whole = np.isfinite(cells).all(axis=(2, 3))
        opacity = opacities(densities(corners, self.extent)[whole])
        colors = np.column_stack([np.tile(self.color, (len(opacity), 1)), opacity])
        self.cells.set(verts=cells[whole], facecolor=colors)  # matplotlib keeps no array for ever
        lines = [Path(line) for line in (*corners, *corners.swapaxes(0, 1))]
        self.lines.set_path(Path.make_compound_path(*lines))
