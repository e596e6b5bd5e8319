"""The rate-distortion plane of VAEs: how much z says, and how much x costs once z is known.

Alemi et al. 2018, "Fixing a Broken ELBO", section 3, arXiv:1711.00464.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.path import Path
from matplotlib.text import Annotation

from genart_edu.views.style import LABEL, SERIES, TICK, Margins, Theme, key, roomy, rounds

AWAY = 8  # points from a model to its name, to the side and up or down
NEAR = 10  # pixels around a name, a little less: where no other model is


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
        ax.yaxis.set_major_locator(rounds())
        self.ax, self.theme, self.texts = ax, theme, list[Annotation]()
        self.look: dict[str, Any] = {"textcoords": "offset points", "annotation_clip": False}
        self.look |= {"color": theme.ink, "size": LABEL, "va": "bottom"}
        self.look["bbox"] = {"facecolor": theme.background, "lw": 0, "pad": 1}
        self.shown: tuple[Any, ...] = ()
        self.equal = ax.add_collection(LineCollection([], color=theme.muted), autolim=False)
        self.equal.set(linewidth=1, linestyle=(0, (5, 4)), alpha=0.6, label="equal −ELBO")
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
        self.models = np.stack([rate, distortion], axis=1)
        spot = np.full((1, 2), np.nan) if here is None else np.reshape(here, (1, 2))
        self.here.set_data(*spot.T)
        self._fit(np.concatenate([self.models, spot]))
        shown = self.models.tobytes(), here is None, self.ax.get_xlim(), self.ax.get_ylim()
        if shown == self.shown:
            return False
        self.shown = shown
        key(self.ax, self.theme, [self.line, *([] if here is None else [self.here]), self.equal])
        self._draw_still()
        return True

    def _fit(self, places: np.ndarray) -> None:
        """Leave the limits alone while they hold the places (N, 2) and do not dwarf them."""
        places = places[np.isfinite(places).all(axis=1)]
        rate, distortion = places.T if len(places) else np.array([[0.0], [0.5]])
        wide, low, high = roomy(1.08 * rate.max(), least=1), distortion.min(), distortion.max()
        pad = max(0.1 * (high - low), 0.1 * abs(high), 0.5)
        ticks = rounds().tick_values(0 if 0 <= low < 0.6 * high else low - pad, high + pad)
        (_, right), (bottom, top) = self.ax.get_xlim(), self.ax.get_ylim()
        holds = rate.max() <= right and bottom <= low and high <= top
        if not holds or right > 2 * wide or top - bottom > 2 * np.ptp(ticks):
            self.ax.set(xlim=(0, wide), ylim=(ticks[0], ticks[-1]))

    def _draw_still(self) -> None:
        """The line, the diagonals with their numbers, the names of models."""
        self.line.set_data(*self.models.T)
        (_, right), (bottom, top) = self.ax.get_xlim(), self.ax.get_ylim()
        levels = np.array(rounds(7).tick_values(bottom, top + right))
        levels = levels[(levels > bottom) & (levels < top + 0.95 * right)]
        self.equal.set(segments=[[(0, c), (right, c - right)] for c in levels])
        while self.texts:
            self.texts.pop().remove()
        for c in levels:
            end, said = min(right, c - bottom), f"{c:g}".replace("-", "−")
            look = self.look | {"color": self.theme.muted, "size": TICK}
            self.texts.append(self.ax.annotate(said, (end, c - end), (AWAY, 2), **look))
        for name, model in zip(self.names[::-1], self.models[::-1], strict=False):
            self._name(name, model)

    def _name(self, name: str, model: Any) -> None:
        """Write a name above its model, or below, where a line falls; not if it meets anything."""
        line = self.ax.transData.transform(self.models)
        others = [text.get_window_extent() for text in self.texts]
        for away, ha, va in (AWAY, "left", "bottom"), (-AWAY, "right", "top"):
            look = self.look | {"ha": ha, "va": va}
            text = self.ax.annotate(name, model, (away, away), **look)
            box = text.get_window_extent()
            inside = self.ax.bbox.count_contains(box.corners()) == 4
            crossed = Path(line).intersects_bbox(box, filled=False)
            near = box.padded(NEAR).count_contains(line) + box.count_overlaps(others)
            if inside and not crossed and not near:
                self.texts.append(text)
                return
            text.remove()
