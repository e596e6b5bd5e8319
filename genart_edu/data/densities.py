"""Two-dimensional targets that can be sampled *and* evaluated: the answer is known, so we can mark.

Each is an equal-weight mixture of K isotropic Gaussians with one standard deviation,

    p(x) = 1/K  sum_k  N(x; mean_k, std^2 I),

so log p(x) is exact, and so is the list of modes that a generator must find.
K components may share a mode: the spiral's 200 are cut into 10.
"""

import math
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Density:
    """An equal-weight mixture of isotropic Gaussians in the plane.  Densities are in nats."""

    name: str
    means: Tensor  # (K, 2)
    std: float
    mode_of: Tensor  # (K,) int64: the mode to which each component belongs
    modes: Tensor  # (M, 2): where each mode has its centre
    extent: float  # the square from -extent to extent holds all there is to see

    def to(self, device: torch.device | str) -> Self:
        """The same density on another device."""
        moved = {name: getattr(self, name).to(device) for name in ("means", "mode_of", "modes")}
        return replace(self, **moved)

    def sample(self, n: int, rng: torch.Generator) -> Tensor:
        """n draws, (n, 2).  A CPU rng gives the same draws whatever the density's device."""
        component = torch.randint(len(self.means), (n,), generator=rng, device=rng.device)
        noise = torch.randn(n, 2, generator=rng, device=rng.device)
        device = self.means.device
        return self.means.index_select(0, component.to(device)) + self.std * noise.to(device)

    def log_prob(self, x: Tensor) -> Tensor:
        """log p(x) in nats, exact.  x (..., 2) -> (...)."""
        exponents = -self._squared_distances(x) / (2 * self.std**2)  # (..., K)
        normaliser = math.log(len(self.means)) + math.log(2 * math.pi * self.std**2)
        return exponents.logsumexp(-1) - normaliser

    def masses(self, edges: Tensor) -> Tensor:
        """The probability of each cell of a square lattice, exact.  edges (C + 1,) -> (C, C).

        Cell [i, j] is from edges[i] to edges[i + 1] in y, and from edges[j] to edges[j + 1] in x.
        In float64; what is missing to 1 lies outside.
        """
        standard = (edges.double() - self.means.double().unsqueeze(-1)) / self.std  # (K, 2, C + 1)
        x, y = torch.special.ndtr(standard).diff(dim=-1).unbind(1)  # (K, C) each
        return y.mT @ x / len(self.means)

    def blurred(self, std: float) -> Self:
        """The density of x + std noise: every component is as much wider."""
        return replace(self, std=math.hypot(self.std, std))

    def assign(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The mode that each point belongs to, and whether the point is any good.

        x (..., 2) -> mode (...) int64, that of the nearest mean;
        high_quality (...) bool, within 3 std of it (the rule of VEEGAN, arXiv:1705.07761).
        Where the components lie apart, real samples pass with probability 1 - exp(-9/2) = 98.9%.
        """
        squared, nearest = self._squared_distances(x).min(-1)
        return self.mode_of[nearest], squared <= (3 * self.std) ** 2

    def _squared_distances(self, x: Tensor) -> Tensor:
        flat, means = x.reshape(-1, 2), self.means.to(x.dtype)
        apart = torch.cdist(flat, means, compute_mode="donot_use_mm_for_euclid_dist")
        return apart.square().view(*x.shape[:-1], -1)  # (..., K)


def ring() -> Density:
    """8 modes on a circle of radius 1, std 0.02: the classic test for mode collapse."""
    angle = torch.arange(8) * (2 * math.pi / 8)  # linspace(0, 2 pi, 8) would double one mode
    modes = torch.stack([angle.cos(), angle.sin()], dim=-1)
    return Density("ring", modes, 0.02, torch.arange(8), modes, extent=1.5)


def grid() -> Density:
    """25 modes on the whole numbers from -2 to 2, std 0.05."""
    line = torch.arange(-2.0, 3.0)
    modes = torch.cartesian_prod(line, line)
    return Density("grid", modes, 0.05, torch.arange(25), modes, extent=2.5)


def spiral() -> Density:
    """One arm that winds twice around the middle, std 0.03; its 10 modes are equal arcs of it."""
    turn = np.linspace(0, 2, 2_000)
    radius, angle = 0.15 + 0.425 * turn, 2 * math.pi * turn
    arm = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)
    return along("spiral", [(arm, 10)], components=20, std=0.03, extent=1.5)


def moons() -> Density:
    """Two half circles that reach into each other, std 0.05; each is one mode."""
    angle = np.linspace(0, math.pi, 1_000)
    upper = np.stack([np.cos(angle) - 0.5, np.sin(angle) - 0.25], axis=-1)
    return along("moons", [(upper, 1), (-upper, 1)], components=60, std=0.05, extent=2.0)


def along(
    name: str, curves: list[tuple[np.ndarray, int]], *, components: int, std: float, extent: float
) -> Density:
    """Components strung evenly along curves, each given by many points (P, 2) and cut into its
    number of equal arcs.

    components: of each arc, which is a mode; so all modes weigh the same.  At most 1.3 std apart
    they melt together: the ripple is below one in 10,000.
    """
    means = torch.cat([_middles(curve, arcs * components) for curve, arcs in curves])
    centres = torch.cat([_middles(curve, arcs) for curve, arcs in curves])
    return Density(name, means, std, torch.arange(len(means)) // components, centres, extent)


def _middles(curve: np.ndarray, n: int) -> Tensor:
    """The middles of n equally long arcs of a curve given by many points, (P, 2) -> (n, 2)."""
    steps = np.linalg.norm(np.diff(curve, axis=0), axis=-1)
    length = np.concatenate([[0.0], steps.cumsum()])
    where = (np.arange(n) + 0.5) / n * length[-1]
    middles = np.stack([np.interp(where, length, curve[:, axis]) for axis in (0, 1)], axis=-1)
    return torch.from_numpy(middles).float()
