"""One step of training in slow motion: what flows from part to part, and the line that does it.

Both views mark what is at work by a colour and by a shape.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, Rectangle
from matplotlib.path import Path
from matplotlib.text import Text

from genart_edu.views.canvas import DPI
from genart_edu.views.style import LABEL, TICK, Margins, Theme, bare, blend, themed

MARKER = "#f0e442"  # as of a text marker: Okabe & Ito's yellow
GAP, NAME, PAD = 0.18, 0.3, 0.06  # inches: between boxes, beside them for a name, inside a box
MOST = 4  # boxes in a line
LINES = 16  # of a source that are shown
SIZE, ADVANCE = 9, 8  # of its letters, points; and pixels from one to the next on a screen
GUTTER = 0.25  # inches for the arrow beside it
BASE = 0.7  # lines: where letters stand, from the top of theirs


def marked(theme: Theme) -> np.ndarray:
    """The ground below what is at work.  -> (4,)"""
    return blend(theme.background, MARKER, 0.25 if theme.dark else 0.5)


def places(counts: Sequence[int], width: float, height: float) -> np.ndarray:
    """Rows of boxes that fill width x height; a row of more than MOST breaks into even lines.

    counts: boxes in each row.  -> left, bottom, width, height of each box: (boxes, 4)
    """
    lines: list[tuple[int, int]] = []  # places in a line, and how many of them are taken
    for n in counts:
        columns = math.ceil(n / math.ceil(n / MOST))
        lines += [(columns, min(columns, n - first)) for first in range(0, n, columns)]
    tall, found = (height + GAP) / len(lines), []
    for line, (columns, n) in enumerate(lines, start=1):
        wide, bottom = (width + GAP) / columns, height + GAP - line * tall
        found += [(i * wide, bottom, wide - GAP, tall - GAP) for i in range(n)]
    return np.array(found)


def link(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The way from a box (4,) to the next: straight, or through the gap to the line below."""
    (x, y, wide, tall), (x_2, y_2, wide_2, tall_2) = one, other
    if y == y_2:
        return np.array([(x + wide, y + tall / 2), (x_2, y + tall / 2)])
    start, end, between = x + wide / 2, x_2 + wide_2 / 2, y - 0.4 * GAP
    return np.array([(start, y), (start, between), (end, between), (end, y_2 + tall_2)])


class Flow:
    """Named boxes joined by arrows, and in each what flowed there.

    rows: the name of each row, or "", and its boxes, e.g. [("D's half", ("noise", "generator"))].
    """

    width = 2.0
    margins = Margins(0.15, 0.15, 0.04, 0.44)

    def __init__(self, rows: Sequence[tuple[str, Sequence[str]]], title: str) -> None:
        self.rows, self.title = [(name, tuple(boxes)) for name, boxes in rows], title
        said = (": ".join(filter(None, (name, ", ".join(boxes)))) for name, boxes in rows)
        self.alt = f"{title}: boxes joined by arrows, that at work marked; {'; '.join(said)}"

    def attach(self, ax: Axes, theme: Theme) -> None:
        bare(ax)
        self.theme = theme
        width, height = ax.bbox.width / DPI, ax.bbox.height / DPI
        left = NAME * any(name for name, _ in self.rows)
        ax.set(xlim=(-left, width - left), ylim=(0, height))  # inches
        found = places([len(boxes) for _, boxes in self.rows], width - left, height)
        arrow: dict[str, Any] = {"arrowstyle": "-|>", "mutation_scale": 12}
        arrow |= {"color": theme.muted, "linewidth": 1.3}
        self.boxes: list[tuple[Rectangle, Text, Text]] = []
        for name, boxes in self.rows:
            row = found[len(self.boxes) :][: len(boxes)]
            middle = (row[0, 1] + row[0, 3] + row[-1, 1]) / 2
            ax.text(-left, middle, name, rotation=90, va="center", color=theme.ink, size=LABEL)
            self.boxes += [self._box(ax, place, box) for place, box in zip(row, boxes, strict=True)]
            for pair in pairwise(row):
                ax.add_patch(FancyArrowPatch(path=Path(link(*pair)), **arrow))
        self.artists = [artist for box in self.boxes for artist in box]

    def update(self, at: np.ndarray, texts: np.ndarray) -> bool:
        """at (): the box at work, counted from 0 through all rows.

        texts (boxes,) of str: what flowed there, or "" if nothing did so far; at most three lines,
        of about 14 letters where four boxes stand side by side, of 22 where three do.
        """
        if len(texts) != len(self.boxes):
            raise ValueError(f"Flow has {len(self.boxes)} boxes; got {len(texts)} texts.")
        for i, ((frame, name, said), text) in enumerate(zip(self.boxes, texts, strict=True)):
            here = i == int(at)
            color = self.theme.ink if here or text else self.theme.muted
            ground = marked(self.theme) if here else self.theme.background
            frame.set(facecolor=ground, edgecolor=color, linewidth=3.5 if here else 1)
            name.set_color(color)
            said.set_text(str(text))
        return False

    def _box(self, ax: Axes, place: np.ndarray, name: str) -> tuple[Rectangle, Text, Text]:
        """A frame, its name, and room for what flows there."""
        x, y, wide, tall = place
        frame = Rectangle((x, y), wide, tall, clip_on=False)
        ax.add_patch(frame)
        look: dict[str, Any] = {"va": "top", "color": self.theme.ink}
        named = ax.text(x + PAD, y + tall - PAD, name, size=TICK, weight="bold", **look)
        said = ax.text(x + PAD, y + tall - PAD - 0.22, "", size=TICK, linespacing=1.15, **look)
        return frame, named, said


class Code:
    """The lines of a function, that at work on a band with an arrow beside it."""

    width = 2.0
    margins = Margins(0.15, 0.15, 0.04, 0.44)
    title = ""  # comes with each update
    alt = "The source of what is at work, its line marked by an arrow"

    def attach(self, ax: Axes, theme: Theme) -> None:
        self.ax, self.theme, self.shown = ax, theme, [""]
        self.room = int(ax.bbox.width - DPI * GUTTER) // ADVANCE  # letters
        ax.set(xlim=(0, ax.bbox.width / DPI), ylim=(LINES, 0))
        look: dict[str, Any] = {"color": theme.ink, "size": SIZE, "parse_math": False}
        look["family"] = "DejaVu Sans Mono"
        self.texts = [ax.text(GUTTER, i + BASE, "", **look) for i in range(LINES)]
        self.band = Rectangle((0, 0), ax.bbox.width / DPI, 1, facecolor=marked(theme))
        self.at_work = ax.text(0.05, 0, "▶", **look), ax.text(GUTTER, 0, "", **look)
        self.artists = [ax.add_patch(self.band), *self.at_work]

    def update(self, title: np.ndarray, lines: np.ndarray, at: np.ndarray) -> bool:
        """title () of str; lines (N,) of str; at (): which of them is at work, from 0.

        Those around it are shown; what is too long ends in "…".
        """
        half = LINES // 2  # of the window, which moves by as much, so that it moves rarely
        first = max(0, min(int(at) // half * half - half // 2, len(lines) - LINES))
        window = [str(line) for line in lines[first : first + LINES]]
        window = [s if len(s) <= self.room else f"{s[: self.room - 1]}…" for s in window]
        row = int(at) - first
        self.band.set_y(row)
        for artist in self.at_work:
            artist.set_y(row + BASE)
        self.at_work[1].set_text(window[row])  # once more, above the band
        if [str(title), *window] == self.shown:
            return False
        self.shown = [str(title), *window]
        for i, text in enumerate(self.texts):
            text.set_text(window[i] if i < len(window) else "")
        themed(self.ax, self.theme, str(title), self.margins)
        bare(self.ax)
        return True
