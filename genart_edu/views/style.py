"""How every picture looks: two themes, one colour-blind-safe palette, one way to dress axes.

Nothing is told by colour alone: each role has a dash and a marker of its own as well.
Colours: Okabe & Ito, "Color Universal Design", 2008; the last three of SERIES after Paul Tol.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.text import Annotation, Text
from matplotlib.ticker import MaxNLocator

TITLE, LABEL, TICK = 14, 12, 11  # points: at 100 dpi the smallest is 15 pixels high


class Theme(NamedTuple):
    """The colours that carry no data."""

    background: str
    ink: str  # titles, names
    muted: str  # ticks, references
    grid: str
    dark: bool


LIGHT = Theme(background="#ffffff", ink="#1a1a1a", muted="#595959", grid="#e4e4e4", dark=False)
DARK = Theme(background="#15171c", ink="#f2f2f2", muted="#a9afba", grid="#30353f", dark=True)
THEMES = {"light": LIGHT, "dark": DARK}

Dash = tuple[float, tuple[float, ...]]  # offset, then on, off, ... in line widths
SOLID: Dash = (0, ())
LONG: Dash = (0, (6, 1.6))
DASHDOT: Dash = (0, (6, 1.5, 1, 1.5))
DOTTED: Dash = (0, (1.2, 1.2))
SHORT: Dash = (0, (3, 1.5))


class Role(NamedTuple):
    """What one kind of data looks like wherever it appears."""

    light: str  # its colour in LIGHT
    dark: str  # its colour in DARK
    dash: Dash
    marker: str

    def color(self, theme: Theme) -> str:
        return self.dark if theme.dark else self.light


REAL = Role("#0072b2", "#56b4e9", SOLID, "o")
FAKE = Role("#d55e00", "#e69f00", LONG, "x")
DISCRIMINATOR = Role("#009e73", "#00b585", SOLID, "s")
GENERATOR = Role("#d55e00", "#e69f00", LONG, "D")
ELBO = Role("#1a1a1a", "#f2f2f2", SOLID, "s")
RECONSTRUCTION = Role("#0072b2", "#56b4e9", LONG, "D")
KL = Role("#d55e00", "#e69f00", DASHDOT, "^")

SERIES = (  # for what has no role of its own: sweeps, classes
    Role("#0072b2", "#56b4e9", SOLID, "o"),
    Role("#d55e00", "#e69f00", LONG, "X"),
    Role("#009e73", "#00b585", DASHDOT, "s"),
    Role("#c0569a", "#cc79a7", DOTTED, "^"),
    Role("#1a1a1a", "#f2f2f2", SHORT, "D"),
    Role("#e69f00", "#d55e00", SOLID, "v"),
    Role("#56b4e9", "#2f8fd0", LONG, "P"),
    Role("#882255", "#f0e442", DASHDOT, "*"),
    Role("#8a8a1f", "#b5b54a", DOTTED, "<"),
    Role("#332288", "#b3a1f0", SHORT, ">"),
)


class Margins(NamedTuple):
    """Inches kept free around a plot for its title, key, ticks and labels."""

    left: float
    right: float
    bottom: float
    top: float


def theme_named(name: str) -> Theme:
    """ValueError, in one sentence, for a name that is none of THEMES."""
    if name not in THEMES:
        raise ValueError(f"theme must be one of {', '.join(THEMES)}; got {name!r}.")
    return THEMES[name]


def blend(first: str, second: str, share: float) -> np.ndarray:
    """(1 - share) first + share second, in sRGB.  -> (4,) in [0, 1]: red, green, blue, opaque."""
    return (1 - share) * np.array(to_rgba(first)) + share * np.array(to_rgba(second))


def themed(ax: Axes, theme: Theme, title: str, margins: Margins) -> None:
    """Dress `ax`: two quiet spines, a faint grid behind the data, the title at the cell's top."""
    ax.set_facecolor(theme.background)
    ax.set_axisbelow(True)
    ax.grid(color=theme.grid, linewidth=1)
    ax.tick_params(colors=theme.muted, labelsize=TICK, length=0, pad=5)
    ax.xaxis.label.set(color=theme.ink, size=LABEL)
    ax.yaxis.label.set(color=theme.ink, size=LABEL)
    for side, spine in ax.spines.items():
        spine.set(visible=side in ("left", "bottom"), color=theme.muted)
    above = 72 * margins.top - 1.75 * TITLE  # every title of a row stands on one line
    ax.set_title(title, loc="left", pad=above, color=theme.ink, size=TITLE, weight="bold")


def bare(ax: Axes) -> None:
    """Take ticks, grid and spines away: a picture is its own frame."""
    ax.set(xticks=[], yticks=[])
    ax.grid(False)
    ax.spines[:].set_visible(False)


def key(
    ax: Axes, theme: Theme, handles: Sequence[Artist], beside: bool = False, columns: int = 10
) -> Legend:
    """Name `handles` where they cover no data: above the plot, or in a column beside.

    columns: how many stand in a row above the plot; more begin another row.
    """
    look: dict[str, Any] = {"labelcolor": theme.ink, "fontsize": LABEL, "frameon": False}
    look |= {"borderaxespad": 0, "borderpad": 0.3, "handletextpad": 0.5, "columnspacing": 1.2}
    if beside:
        look |= {"loc": "upper left", "bbox_to_anchor": (1, 1), "handlelength": 1.2}
        return ax.legend(handles=handles, **look)
    look |= {"loc": "lower left", "bbox_to_anchor": (0, 1), "handlelength": 1.7}
    by_column = [handle for column in range(columns) for handle in handles[column::columns]]
    return ax.legend(handles=by_column, ncols=columns, labelspacing=0.15, **look)


def note(
    ax: Axes, text: str, corner: tuple[float, float], offset: tuple[float, float], **look: Any
) -> Annotation:
    """Write `text` at a corner of the plot, e.g. (0, 1), moved by `offset` points."""
    return ax.annotate(text, corner, offset, "axes fraction", textcoords="offset points", **look)


def reference(ax: Axes, theme: Theme, y: float, name: str) -> tuple[Line2D, Text]:
    """A dashed line at a value worth knowing, and its name beyond the right end."""
    line = ax.axhline(y, color=theme.muted, linewidth=1.3, linestyle=(0, (5, 4)))
    look: dict[str, Any] = {"transform": ax.get_yaxis_transform(), "va": "center", "size": LABEL}
    return line, ax.text(1.02, y, name, color=theme.muted, **look)


def rounds(most: int = 5, **rules: Any) -> MaxNLocator:
    """Where ticks stand: at round numbers, `most` steps or fewer."""
    return MaxNLocator(most, steps=[1, 2, 5, 10], **rules)


def roomy(length: float, least: float) -> float:
    """The next of 1, 1.5, 2, 3, 4, 6, 8, 10, 15, ... from both up: a limit that rarely moves."""
    length = max(length, least)
    decade = 10.0 ** math.floor(math.log10(length))
    return next(decade * m for m in (1, 1.5, 2, 3, 4, 6, 8, 10) if length <= decade * m)
