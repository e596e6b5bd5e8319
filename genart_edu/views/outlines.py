"""Many shapes as one outline: of many, one artist costs a tenth."""

from functools import cache
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.textpath import TextPath

from genart_edu.views.style import TICK

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
