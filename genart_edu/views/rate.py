"""The rate-distortion plane of VAEs: how much z says, and how much x costs once z is known.

Alemi et al. 2018, "Fixing a Broken ELBO", section 3, arXiv:1711.00464.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patheffects import withStroke
from matplotlib.text import Text

from genart_edu.views.style import LABEL, SERIES, TICK, Margins, Theme, key, roomy, rounds

REACHES = 11, 22  # pixels from a place to its name
SIDES = np.array([(1, 1), (1, 0), (0, 1), (-1, -1), (0, -1), (-1, 0), (-1, 1), (1, -1)])
RIM = np.array([[-5, -5], [5, 5]])  # pixels kept free around a point


def place(at: np.ndarray, sizes: np.ndarray, room: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Where to write names of sizes (N, 2) beside their places at (N, 2), near and on nothing else.

    All in pixels.  A name stays in room (2, 2), its lower left and upper right corner; beside
    points (M, 2) and other names; and no place is nearer than its own.  -> the names' lower left
    corners (N, 2), nan where none is free.
    """
    corners, taken = np.full(at.shape, np.nan), points[:, None] + RIM
    for i, (spot, size) in enumerate(zip(at, sizes, strict=True)):
        for low in (spot + reach * s + (s - 1) / 2 * size for reach in REACHES for s in SIDES):
            inside = (low >= room[0]).all() and (low + size <= room[1]).all()
            covers = ((low < taken[:, 1]) & (low + size > taken[:, 0])).all(axis=1)
            far = np.maximum(low - at, at - low - size).max(axis=1)  # from each of the places
            if inside and not covers.any() and far[i] <= np.nanmin(far):
                corners[i] = low
                taken = np.concatenate([taken, [[low, low + size]]])
                break
    return corners


class RateDistortion:
    """Trained models by rate (KL) and distortion (reconstruction), over lines of equal -ELBO.

    names: of the models, e.g. "β 0.5", or none.  Where they crowd, only the last are written.
    line: what they are.
    """

    width = 1.6
    margins = Margins(1.0, 0.55, 0.55, 0.7)

    def __init__(self, title: str, names: Sequence[str] = (), line: str = "trained") -> None:
        self.title, self.names, self.joined = f"{title} (nats)", tuple(names), line
        self.alt = f"{self.title}: reconstruction over KL of {', '.join(names) or 'trained models'}"

    def attach(self, ax: Axes, theme: Theme) -> None:
        ax.grid(False)
        ax.set(xlabel="rate: KL", ylabel="distortion: reconstruction")
        self.ax, self.theme = ax, theme
        self.texts: list[Text] = []
        self.right, self.bottom, self.top = 0.0, 0.0, 0.0
        self.models, self.shown = np.zeros((0, 2)), False
        self.equal = LineCollection([], linewidths=1, colors=theme.muted, alpha=0.6)
        self.equal.set(linestyle=(0, (5, 4)), label="equal −ELBO")
        ax.add_collection(self.equal, autolim=False)
        color, star = (role.color(theme) for role in SERIES[:2])
        self.line = ax.plot([], [], "o-", color=color, label=self.joined, clip_on=False)[0]
        self.line.set(linewidth=2.2, markersize=7)
        self.here = ax.plot([], [], "*", color=star, label="this model", clip_on=False)[0]
        self.here.set(markersize=18, markeredgecolor=theme.ink, markeredgewidth=1.2)
        self.artists = [self.here]

    def update(
        self, rate: np.ndarray, distortion: np.ndarray, here: np.ndarray | None = None
    ) -> bool:
        """rate (N,), distortion (N,): of each model.  here (2,): both of the one looked at."""
        n = len(self.names) or len(rate)
        if not len(rate) == len(distortion) == n:
            raise ValueError(f"RateDistortion needs {n} rates and as many distortions.")
        models, shown = np.stack([rate, distortion], axis=1), here is not None
        spot = np.reshape(np.full(2, np.nan) if here is None else here, (1, 2))
        self.here.set_data(*spot.T)
        places = np.concatenate([models, spot])
        moved = self._fit(places[np.isfinite(places).all(axis=1)])
        same = np.array_equal(models, self.models, equal_nan=True)
        if same and not moved and shown == self.shown:
            return False
        self.models, self.shown = models, shown
        self._draw_still()
        return True

    def _fit(self, places: np.ndarray) -> bool:
        """Leave the limits alone while they hold the places (N, 2) and do not dwarf them."""
        rate, distortion = places.T if len(places) else np.array([[0.0], [0.5]])
        most, low, high = rate.max(), distortion.min(), distortion.max()
        holds = most <= self.right and self.bottom <= low and high <= self.top
        right, pad = roomy(1.08 * most, least=1), max(0.1 * (high - low), 0.1 * abs(high), 0.5)
        low, high = 0.0 if 0 <= low < 0.6 * high else low - pad, high + pad
        if holds and self.right <= 2 * right and self.top - self.bottom <= 3 * (high - low):
            return False
        ticks = rounds().tick_values(low, high)
        self.right, self.bottom, self.top = right, ticks[0], ticks[-1]
        self.ax.set(xlim=(0, right), ylim=(self.bottom, self.top), yticks=ticks)
        return True

    def _draw_still(self) -> None:
        """The line, the key, the diagonals; numbers and names where they cover nothing."""
        self.line.set_data(*self.models.T)
        key(self.ax, self.theme, [self.line, *[self.here] * self.shown, self.equal])
        levels = np.array(rounds(7).tick_values(self.bottom, self.top + self.right))
        levels = levels[(levels > self.bottom) & (levels < self.top + 0.95 * self.right)]
        ends = np.minimum(self.right, levels - self.bottom)  # each goes from x = 0 to its end
        self.equal.set_segments([[(0, c), (x, c - x)] for c, x in zip(levels, ends, strict=True)])
        inside = levels[ends < self.right]

        for text in self.texts:
            text.remove()
        said = [f"{c:g}".replace("-", "−") for c in levels]
        halo = [withStroke(linewidth=3, foreground=self.theme.background)]
        look: dict[str, Any] = {"path_effects": halo, "color": self.theme.muted, "size": TICK}
        at_edge = [(c - self.right, n) for c, n in zip(levels, said, strict=True)][len(inside) :]
        self.texts = [self.ax.text(1.02 * self.right, *e, va="center", **look) for e in at_edge]
        texts = [self.ax.text(0, 0, n, **look) for n in said[: len(inside)]]
        look |= {"color": self.theme.ink, "size": LABEL}
        texts += [self.ax.text(0, 0, name, **look) for name in self.names[::-1]]
        spots = np.stack([inside - self.bottom, np.full(len(inside), self.bottom)], axis=1)
        self._settle(texts, np.concatenate([spots, self.models[::-1]])[: len(texts)])
        self.texts += texts

    def _settle(self, texts: Sequence[Text], spots: np.ndarray) -> None:
        """Put each text to a free place beside its spot (N, 2) of the plane, or hide it."""
        line = self.ax.transData.transform(self.models)
        share = np.linspace(0, 1, 60)[:, None]  # a point of the line every few pixels
        strokes = line[:-1, None] + share * np.diff(line, axis=0)[:, None]
        points = np.concatenate([line, strokes.reshape(-1, 2)])
        sizes = np.reshape([text.get_window_extent().size for text in texts], (-1, 2))
        room = np.reshape(self.ax.bbox.extents, (2, 2))
        corners = place(self.ax.transData.transform(spots), sizes, room, points)
        for text, corner in zip(texts, corners, strict=True):
            text.set_visible(bool(np.isfinite(corner).all()))
            text.set(transform=self.ax.transAxes)  # stays there, however fine the figure is saved
            x, y = self.ax.transAxes.inverted().transform(np.nan_to_num(corner))
            text.set_position((x, y))
