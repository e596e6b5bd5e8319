"""A game of two players as a flow: where each step drives them, and whether they come to rest.

Mescheder et al. 2018, "Which Training Methods for GANs do actually Converge?", section 2,
arXiv:1801.04406.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from genart_edu.views.latent import CIRCLE
from genart_edu.views.outlines import arrows, outline, polygons
from genart_edu.views.plane import fit, points, square
from genart_edu.views.style import SERIES, TICK, Margins, Theme, blend, key, note, roomy

FAR = 1e3  # windows from the middle: what is farther is drawn there, in its direction
RULE = "inside: converges\non it: circles\noutside: diverges"  # of the unit circle


def flow(field: np.ndarray, extent: float) -> np.ndarray:
    """Arrows around the places of a lattice where `field` (n, n, 2) is finite and not 0.

    The lattice goes from -extent to extent.  An arrow's length grows as the cube root of the
    speed, so that slow ones are seen and the longest reaches no other.  -> outlines (K, 7, 2)
    """
    line = np.linspace(-extent, extent, len(field))
    moves = np.isfinite(field).all(axis=2) & field.any(axis=2)
    at = (line + 1j * line[:, None])[moves]
    step = field[moves] / abs(field[moves]).max(initial=1e-300) @ [1, 1j]  # 1e300 has no square
    longest = 0.75 * 2 * extent / max(len(field) - 1, 1)  # on a diagonal 0.84 of the spacing
    way = longest * np.cbrt(abs(step)) * np.exp(1j * np.angle(step))
    return arrows(at - way / 2, way)


def beside(names: Sequence[str], least: int = 0) -> Margins:
    """Margins with room at the right for a key of these names, at most five."""
    if len(names) > 5:  # a sixth role has the dash of the first
        raise ValueError(f"At most 5 paths can be told apart, not {len(names)}.")
    longest = max(map(len, names), default=0)
    return Margins(0.75, 0.5 + 0.11 * max(longest, least) if names else 0.2, 0.55, 0.7)


class PhasePortrait:
    """The plane of two players' parameters: the field that moves them, and the paths they took.

    names: of the paths, at most five, or none for a single path.
    extent: the plane is shown from -extent to extent, around the equilibrium at 0.
    """

    width = 1.0

    def __init__(self, title: str, names: Sequence[str] = (), extent: float = 2.0) -> None:
        self.title, self.names, self.extent = title, tuple(names), extent
        self.margins = beside(names)
        self.alt = f"{title}: a field of arrows around an equilibrium, "
        self.alt += f"and the paths of {', '.join(names)}" if names else "and a path"

    def attach(self, ax: Axes, theme: Theme) -> None:
        ax.grid(False)
        square(ax, self.extent)
        ax.set(xlabel="θ: generator", ylabel="ψ: discriminator")
        self.field = np.zeros((0, 0, 2))
        self.arrows = outline(ax, color=theme.muted, linewidth=0.5)
        ax.plot(0, 0, "+", color=theme.ink, markersize=15, markeredgewidth=2)
        self.paths, self.starts = list[Line2D](), list[Line2D]()
        for name, role in zip(self.names or [""], SERIES, strict=False):
            look: dict[str, Any] = {"color": role.color(theme), "marker": role.marker}
            look |= {"linestyle": role.dash, "linewidth": 2, "markersize": 8, "markevery": [-1]}
            self.paths += ax.plot([], [], label=name, **look)
            self.starts += ax.plot([], [], markerfacecolor=theme.background, **look)
        self.artists = [*self.paths, *self.starts]
        if self.names:
            key(ax, theme, self.paths, beside=True)

    def update(self, field: np.ndarray, *paths: np.ndarray) -> bool:
        """field (n, n, 2): (dθ, dψ) evenly from -extent to extent, rows from low to high ψ.

        paths (T, 2), at most one for each name: each begins hollow and ends filled.
        What is not finite is left out.
        """
        missing = len(self.paths) - len(paths)
        if missing < 0:
            raise ValueError(f"PhasePortrait has {len(self.paths)} paths; got {len(paths)}.")
        paths += (np.zeros((0, 2)),) * missing
        for line, start, path in zip(self.paths, self.starts, paths, strict=True):
            path = path[np.isfinite(path).all(axis=1)]
            far = abs(path).max(axis=1, keepdims=True, initial=0) / (FAR * self.extent)
            path = path / np.maximum(far, 1)
            line.set_data(*path.T)
            start.set_data(*path[:1].T)
        if np.array_equal(field, self.field, equal_nan=True):
            return False
        self.field = field.copy()
        self.arrows.set_path(polygons(flow(field, self.extent)))
        return True


class Eigenvalues:
    """The eigenvalues of a step at its equilibrium, and the unit circle that decides its fate.

    names: of the ways to step, at most five.  Each is told with its largest |eigenvalue|.
    """

    width = 1.0

    def __init__(self, title: str, names: Sequence[str]) -> None:
        self.title, self.names = title, tuple(names)
        self.margins = beside(names, least=12)  # letters: as many as RULE needs
        self.alt = f"{title}: eigenvalues of {', '.join(names)} in the complex plane; "
        self.alt += f"of the unit circle, {RULE}".replace("\n", ", ")

    def attach(self, ax: Axes, theme: Theme) -> None:
        self.ax = ax
        ax.grid(False)
        ax.set(xlabel="Re λ", ylabel="Im λ")
        for line in ax.axhline, ax.axvline:
            line(0, color=theme.grid, linewidth=1.2)
        disc = blend(theme.grid, theme.background, 0.5)
        ax.fill(*CIRCLE.T, facecolor=disc, edgecolor=theme.ink, linewidth=1.4)
        pairs = zip(self.names, SERIES, strict=False)
        self.values = [points(ax, theme, role, name, size=9) for name, role in pairs]
        for cloud in self.values:  # hollow: they often lie on one another
            cloud.set(markerfacecolor="none", markeredgewidth=2)
        self.artists = list(self.values)
        self.key = key(ax, theme, self.values, beside=True)
        note(ax, RULE, (1, 0), (8, -35.5), color=theme.muted, size=TICK)

    def update(self, values: np.ndarray) -> bool:
        """values (K,) or (K, n), complex: n of each name.  What is not finite has no point."""
        if len(values) != len(self.names):
            raise ValueError(f"Eigenvalues needs a row for each of {self.names}.")
        values = np.reshape(values, (len(values), -1))
        changed, texts = False, self.key.get_texts()
        for name, cloud, row, text in zip(self.names, self.values, values, texts, strict=True):
            cloud.set_data(row.real, row.imag)
            largest = abs(row).max()
            said = f"{name}\n" + (f"|λ| = {largest:#.4g}" if np.isfinite(largest) else "no λ")
            changed |= said != text.get_text()
            text.set_text(said)
        parts = abs(np.stack([values.real, values.imag]))
        most = parts.max(initial=0, where=np.isfinite(parts))
        return fit(self.ax, roomy(1.1 * most, least=1.5)) or changed
