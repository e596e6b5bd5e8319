"""What is known in closed form: a game of two numbers, and the best discriminator.

The Dirac-GAN (Mescheder 2018, arXiv:1801.04406, section 2): all real data lie at 0, all fakes at
theta, and a point x has the logit psi x.  Two numbers are the whole game, so that it can be seen
whole.  Nothing here writes a loss again: the field is the gradient of the kit's own losses and
cures, in double precision.  (Their D is high for fakes, ours for real data: our psi is their -psi.)
"""

import itertools
import math
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from functools import cache, partial

import numpy as np
import torch
from torch import Tensor, nn

from genart_edu.gan.objective import NONSATURATING, Judge, Objective, gradient_penalty, r1, unrolled

Move = Callable[[Tensor], Tensor]  # points (theta, psi), (..., 2) -> (..., 2)


@cache
def quadrature(n: int) -> tuple[Tensor, Tensor]:
    """Gauss-Hermite nodes and weights, (n,) each, of a mean over N(0, 1).  Dear, so kept."""
    nodes, weights = map(torch.from_numpy, np.polynomial.hermite_e.hermegauss(n))
    return nodes, weights / weights.sum()


class DiracDiscriminator(nn.Module):
    """x (S, B, 1) -> logits psi x (S, B): S discriminators of one weight each, psi (S, 1, 1)."""

    def __init__(self, psi: Tensor) -> None:
        super().__init__()
        self.psi = nn.Parameter(psi)

    def forward(self, x: Tensor) -> Tensor:
        return (self.psi * x).squeeze(-1)


@dataclass(frozen=True)
class DiracGAN:
    """The field of the game: points (..., 2) -> where each is driven (..., 2), in float64.

    That is minus the slope of each player's loss in its own number.  The settings are those of
    `GANTrainer`; here a draw of noise is a mean over it, by Gauss-Hermite quadrature: to 1e-9 near
    0, to 1e-3 where psi std is 10, and only to some hundredths across a hinge's kink.  consensus:
    weight of half the field's squared length, which both players minimise as well (Mescheder 2017,
    arXiv:1705.10461, section 4).
    """

    objective: Objective = NONSATURATING
    _: KW_ONLY
    r1: float = 0.0
    gradient_penalty: float = 0.0
    instance_noise: float = 0.0
    unroll: int = 0
    unroll_lr: float = 0.1
    consensus: float = 0.0

    def __call__(self, points: Tensor) -> Tensor:
        theta, psi = points.detach().double().reshape(-1, 1, 2).split(1, dim=-1)
        theta, discriminator = theta.clone().requires_grad_(), DiracDiscriminator(psi.clone())
        d_loss, g_loss = self.losses(theta, discriminator)
        again = bool(self.consensus)  # the field has a slope of its own then
        slope = partial(torch.autograd.grad, retain_graph=True, create_graph=again)
        (theta_slope,) = slope(g_loss.sum(), theta)
        (psi_slope,) = slope(d_loss.sum(), discriminator.psi)
        field = -torch.cat([theta_slope, psi_slope], dim=-1)  # (S, 1, 2)
        if self.consensus:
            unrest = 0.5 * field.square().sum()
            slopes = torch.autograd.grad(unrest, [theta, discriminator.psi])
            field = field - self.consensus * torch.cat(slopes, dim=-1)
        return field.detach().view(points.shape)

    def losses(self, theta: Tensor, discriminator: DiracDiscriminator) -> tuple[Tensor, Tensor]:
        """All that D and G minimise at S points: theta (S, 1, 1) -> (S, 1) each."""
        nodes, weights = quadrature(64 if self.instance_noise else 1)
        real = (self.instance_noise * nodes)[:, None].expand(len(theta), -1, 1)  # (S, B, 1)
        fake = theta + real  # every loss is a sum over the pair: one noise for both has the mean

        def cost(judge: Judge) -> Tensor:
            loss = self.objective.discriminator(judge(real), judge(fake))
            return (loss * weights).sum(-1, keepdim=True)

        d_loss = cost(discriminator)
        if self.r1:
            d_loss = d_loss + self.r1 * r1(discriminator, real[:, :1])
        if self.gradient_penalty:  # where between the two it is drawn is all the same: D is linear
            drawn = gradient_penalty(discriminator, real[:, :1], fake[:, :1], torch.Generator())
            d_loss = d_loss + self.gradient_penalty * drawn
        judge: Judge = discriminator
        if self.unroll:
            judge = unrolled(discriminator, cost, self.unroll, self.unroll_lr)
        g_loss = (self.objective.generator(judge(fake)) * weights).sum(-1, keepdim=True)
        return d_loss, g_loss


# ---- what a field becomes when one walks in it -----------------------------------------


def simultaneous(field: Move, h: float | Tensor) -> Move:
    """Both players step at once, from the same point.  h: the rate, or one each, (2,)."""
    return lambda points: points + h * field(points)


def alternating(
    field: Move, h: float | Tensor, n_generator: int = 1, n_discriminator: int = 1
) -> Move:
    """In turns: n_generator steps of theta, then n_discriminator of psi, which sees where theta is.

    Who begins does not matter to where it ends: it is the same walk, looked at half a step later.
    """
    turns = [(1.0, 0.0)] * n_generator + [(0.0, 1.0)] * n_discriminator

    def update(points: Tensor) -> Tensor:
        for mine in turns:
            points = points + torch.tensor(mine).double() * h * field(points)
        return points

    return update


def play(update: Move, start: tuple[float, float], steps: int) -> Tensor:
    """The path of `steps` updates from `start`: (steps + 1, 2)."""
    path = [torch.tensor(start, dtype=torch.float64)]
    for _ in range(steps):
        path.append(update(path[-1]))
    return torch.stack(path)


def eigenvalues(move: Move, at: tuple[float, float] = (0.0, 0.0)) -> Tensor:
    """Of the Jacobian of a field or an update at a point: (2,), complex.

    A field's real parts say how fast it leaves an equilibrium (+) or comes to it (-); an update
    comes to it if both |eigenvalues| are below 1.  Central differences, right to 1e-10 where the
    move is smooth; nan at a corner, such as a gradient penalty's at psi = 0.
    """
    eye, here = torch.eye(2, dtype=torch.float64), torch.tensor(at, dtype=torch.float64)

    def jacobian(h: float) -> Tensor:  # transposed, which is all the same
        return (move(here + h * eye) - move(here - h * eye)) / (2 * h)

    found = torch.linalg.eigvals(jacobian(1e-6))
    smooth = torch.allclose(jacobian(1e-6), jacobian(4e-6), rtol=1e-3, atol=1e-6)
    return found if smooth else torch.full_like(found, torch.nan)


def near(values: Tensor) -> str:
    """What eigenvalues (2,) of an update say of the neighbourhood of its equilibrium: whoever is
    there "comes", "stays", "leaves", or "?" where there are none."""
    size = values.abs().max().item()
    if abs(size - 1) < 1e-6:
        return "stays"
    return "comes" if size < 1 else "leaves" if size > 1 else "?"


def verdict(path: Tensor) -> str:
    """What became of a path (T, 2) around 0: "converges", "circles", "diverges", or "is stuck".

    T is at least 2.  A turn reaches as far as its farthest point.  The path circles if its last
    quarter of turns reaches within 5% as far, on average, as the quarter before; it is stuck if it
    no longer moves, but not at 0.  Where it starts and how long it is can decide: say both.
    """
    distance, psi = path.norm(dim=-1), path[:, 1]
    if distance[-1] < 1e-6 * distance[0]:
        return "converges"
    if (path[-1] - path[-2]).norm() < 1e-6 * distance[-1]:
        return "is stuck"
    begins = ((psi[:-1] > 0) & (psi[1:] <= 0)).nonzero().flatten().tolist()
    reach = [distance[i:j].max().item() for i, j in itertools.pairwise(begins)]
    if len(reach) < 2:
        reach = [distance[0].item(), distance[-1].item()]
    quarter = max(1, len(reach) // 4)
    change = sum(reach[-quarter:]) / sum(reach[-2 * quarter : -quarter])
    return "converges" if change < 0.95 else "circles" if change < 1.05 else "diverges"


# ---- the best discriminator ------------------------------------------------------------


def optimal_discriminator(log_p: Tensor, log_q: Tensor) -> Tensor:
    """The logit of D* = p / (p + q), the best answer to real p and fake q:  log p - log q.

    Of log densities at the same places, (...) each.  Goodfellow 2014, arXiv:1406.2661, prop. 1.
    """
    return log_p - log_q


def jensen_shannon(discriminator_loss: Tensor) -> Tensor:
    """The JS(p, q) that a discriminator has found, from its mean loss:  log 2 - loss / 2, in nats.

    From V(D*) = -log 4 + 2 JS (theorem 1).  A bound from below: exact for D* and less for any
    other; negative for one that does worse than guessing.
    """
    return math.log(2) - discriminator_loss / 2
