"""Events over steps: a line at each, with its words beside its top where there is room."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox

from genart_edu.views.style import TICK, Theme

Mark = tuple[int, str]  # a step, and a few words
MOST, SAID, ROWS = 30, 3, 3  # steps that are shown, events of one, rows of words
TALL, GAP = 14, 4  # points: a row, and from a mark to its words


class Marks:
    """The newest MOST steps of an axis that have marks; those of one step are joined."""

    def __init__(self, ax: Axes, theme: Theme) -> None:
        self.ax, self.texts, upright = ax, list[Annotation](), ax.get_xaxis_transform()
        self.lines = ax.vlines([], 0, [], colors=theme.muted, transform=upright)
        self.look: dict[str, Any] = {"color": theme.ink, "size": TICK, "va": "top", "ha": "right"}
        self.look |= {"xycoords": upright, "textcoords": "offset points"}
        self.look["bbox"] = {"facecolor": theme.background, "lw": 0, "pad": 1}

    def show(self, marks: Sequence[Mark]) -> float:
        """Words stand left of their mark, since curves leap right of it; right of it where the plot
        begins.  The newest are in the top row, others a row below all newer words that they meet,
        as are their lines.  From ROWS on there is no room.

        -> the share of the plot's height that the words need.
        """
        while self.texts:
            self.texts.pop().remove()
        left, right = self.ax.get_xlim()
        steps = sorted({step for step, _ in marks if left <= step <= right})[: -MOST - 1 : -1]
        placed: list[tuple[Bbox, int]] = []
        for step in steps:
            said = list(dict.fromkeys(word for at, word in marks if at == step))
            words = ", ".join(["…"] * (len(said) > SAID) + said[-SAID:])
            text = self.ax.annotate(words, (step, 1), (-GAP, 0), **self.look)
            if text.get_window_extent().x0 < self.ax.bbox.x0:
                text.set(ha="left", x=GAP)
            box = text.get_window_extent().padded(GAP)
            met = [r for b, r in placed if r < ROWS and b.x0 < box.x1 and box.x0 < b.x1]
            row = max(met, default=-1) + 1
            text.set(y=-TALL * row, visible=row < ROWS)
            self.texts.append(text)
            placed.append((box, row))
        rows = [row for _, row in placed]
        tall = TALL / 72 * self.ax.figure.dpi / self.ax.bbox.height
        tops = [[(x, 0), (x, 1 - row * tall)] for x, row in zip(steps, rows, strict=True)]
        self.lines.set(segments=tops, linewidth=[1.4 if row < ROWS else 0.7 for row in rows])
        return tall * max((row + 1 for row in rows if row < ROWS), default=0)
