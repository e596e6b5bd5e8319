"""Many shapes as one outline: of many, one artist costs a tenth."""

from functools import cache
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.textpath import TextPath

from genart_edu.views.style import TICK

ARROW = np.array([-0.02j, 0.6 - 0.035j, 0.55 - 0.14j, 1, 0.55 + 0.14j, 0.6 + 0.035j, 0.02j])
polygons = Path.make_compound_path_from_polys  # corners (N, K, 2) of N shapes -> their outline


def outline(ax: Axes, **look: Any) -> PathPatch:
    """A patch on `ax`, still empty: its `set_path` takes the shapes.  look: as of a PathPatch."""
    patch = PathPatch(Path(np.zeros((0, 2))), **look)
    ax.add_patch(patch)
    return patch


@cache
def words(text: str, size: float = TICK) -> Path:
    """A text as one outline, in inches.  size: of its letters, points."""
    return TextPath((0, 0), text, size=size / 72)


def arrows(starts: np.ndarray, ways: np.ndarray) -> np.ndarray:
    """Arrows from `starts` along `ways`, both complex (K,).  -> corners of outlines (K, 7, 2)"""
    corners = starts[:, None] + ways[:, None] * ARROW
    return np.stack([corners.real, corners.imag], axis=-1)
