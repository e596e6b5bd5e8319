"""Motifs: white shapes on black whose every cause is known.  Data for asking what a latent means.

A shape is a function: how far a point lies outside of it, negative inside.  Shapes make shapes: the
smaller of two distances is their union, the larger their intersection, minus is the complement.
Nothing in it knows of pixels, so one motif can be drawn at 28 for a model and at 512 for a poster.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from genart_edu.data.images import Images


class Factors(NamedTuple):
    """What makes each of N motifs what it is: tensors (N,).  The picture spans [-1, 1], y up."""

    kind: Tensor  # int64, which of KINDS
    x: Tensor  # the middle
    y: Tensor
    size: Tensor  # the radius
    angle: Tensor  # radians, counter-clockwise; a disc and a ring look the same at all of them
    ink: Tensor  # the brightness, in [0, 1]


# ---- shapes of a radius of about 1: points (..., 2) -> distances (...) -----------------


def disc(p: Tensor) -> Tensor:
    """All that is near."""
    return _radius(p) - 0.9


def ring(p: Tensor) -> Tensor:
    """What is neither near nor far."""
    return (_radius(p) - 0.72).abs() - 0.2


def moon(p: Tensor) -> Tensor:
    """A disc with a bite out of its upper right."""
    bite = _radius(p - torch.tensor([0.45, 0.15])) - 0.72
    return torch.maximum(_radius(p) - 0.95, -bite)


def square(p: Tensor) -> Tensor:
    """Within four sides."""
    return _sides(p, 4).amax(-1) - 0.75


def triangle(p: Tensor) -> Tensor:
    """Within three, one of them down."""
    return _sides(p, 3).amax(-1) - 0.55


def star(p: Tensor) -> Tensor:
    """A pentagram: to be in it is to be on the inner side of at least four of its five lines."""
    return _sides(-p, 5).kthvalue(4, dim=-1).values - 0.34


def cross(p: Tensor) -> Tensor:
    """Two bars."""
    across, along = p.abs().amin(-1), p.abs().amax(-1)
    return torch.maximum(across - 0.32, along - 0.95)


def heart(p: Tensor) -> Tensor:
    """A square that stands on its corner, and a disc on each of its upper sides."""
    x, y = p[..., 0].abs(), p[..., 1] + 0.15
    square = (x + y.abs()) / math.sqrt(2) - 0.6
    disc = torch.hypot(x - 0.6 / math.sqrt(2), y - 0.6 / math.sqrt(2)) - 0.6
    return torch.minimum(square, disc)


def _radius(p: Tensor) -> Tensor:
    return torch.hypot(p[..., 0], p[..., 1])


def _sides(p: Tensor, n: int) -> Tensor:
    """How far p lies out in the n directions in which a regular polygon faces, (..., n)."""
    angle = torch.arange(n) * (2 * math.pi / n) - math.pi / 2  # one side faces down
    return p @ torch.stack([angle.cos(), angle.sin()])


SHAPES = disc, ring, moon, square, triangle, cross, star, heart
KINDS = tuple(shape.__name__ for shape in SHAPES)


# ---- from factors to pictures ----------------------------------------------------------


def draw_factors(n: int, rng: torch.Generator) -> Factors:
    """n sets of factors: independent, uniform, and such that every motif lies in its picture.

    Angles stay within 30 degrees, where no shape but disc and ring looks the same at two of them.
    """

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(n, generator=rng)

    kind = torch.randint(len(KINDS), (n,), generator=rng)
    x, y, size = uniform(-0.33, 0.33), uniform(-0.33, 0.33), uniform(0.4, 0.6)
    angle, ink = uniform(-math.pi / 6, math.pi / 6), uniform(0.5, 1.0)
    return Factors(kind, x, y, size, angle, ink)


def render(factors: Factors, side: int = 28) -> Tensor:
    """Pixels (N, 1, side, side) uint8: white for ink 1, and edges that fade over one pixel."""
    middles = (torch.arange(side) + 0.5) * (2 / side) - 1
    down, right = torch.cartesian_prod(-middles, middles).unbind(-1)  # (P,) each
    pixels = torch.zeros(len(factors.kind), side * side, dtype=torch.uint8)
    at_once = max(1, 100_000 // side**2)  # few enough to stay in the cache
    for kind, shape in enumerate(SHAPES):
        chosen = (factors.kind == kind).nonzero().squeeze(-1)
        for rows in torch.split(chosen, at_once):
            x, y, size, angle, ink = (factor[rows, None] for factor in factors[1:])
            x, y = (right - x) / size, (down - y) / size  # (n, P), as the shape sees them
            cos, sin = angle.cos(), angle.sin()
            distance = shape(torch.stack([cos * x + sin * y, cos * y - sin * x], dim=-1))
            cover = (0.5 - distance * size * side / 2).clamp(0, 1)  # of each pixel
            pixels[rows] = (255 * ink * cover).round().to(torch.uint8)
    return pixels.view(-1, 1, side, side)


def motifs(n: int, rng: torch.Generator) -> tuple[Images, Factors]:
    """n motifs of 28x28 grey pixels, and the factors that made them.  The class is the kind."""
    factors = draw_factors(n, rng)
    return Images(render(factors), factors.kind, KINDS), factors
