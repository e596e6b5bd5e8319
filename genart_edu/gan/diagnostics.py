"""Numbers to read a GAN by.  They take samples and maps, and change neither."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from genart_edu.data.densities import Density
from genart_edu.gan.objective import Objective


class Modes(NamedTuple):
    """How well samples cover the M modes of a density that is known; (...) for leading dimensions.

    captured: modes with at least one high-quality sample.  high_quality: the share of samples
    within 3 std of their nearest mode, in [0, 1].  reverse_kl: KL of the shares that the modes
    have of the high-quality samples to equal shares, in nats; 0 is fair, nan if there are none.
    shares (..., M): those shares.  Read all: one stray sample captures a mode.
    """

    captured: Tensor
    high_quality: Tensor
    reverse_kl: Tensor
    shares: Tensor


def modes(samples: Tensor, density: Density) -> Modes:
    """samples (..., N, 2); N = 2,500 is the published number.  VEEGAN, arXiv:1705.07761, section
    5.1; the reverse KL as in PacGAN, arXiv:1712.04086, section 4.1."""
    mode, good = density.assign(samples)  # (..., N) each
    m = len(density.modes)
    counts = (F.one_hot(mode, m) * good.unsqueeze(-1)).sum(-2).double()  # (..., M)
    shares = counts / counts.sum(-1, keepdim=True)
    reverse_kl = torch.special.xlogy(shares, shares * m).sum(-1)
    return Modes((counts > 0).sum(-1), good.double().mean(-1), reverse_kl, shares)


# ---- how far the generator's density is from the true one -------------------------------


class Divergences(NamedTuple):
    """In nats, (...): kl, KL(p || q), which a missed mode makes large; js, from 0 to log 2."""

    kl: Tensor
    js: Tensor


def divergences(samples: Tensor, density: Density, cells: int = 64) -> Divergences:
    """How far q, of which there are samples (..., N, 2), is from the density p.

    Both as the masses of cells x cells squares over the density's extent and of all the rest: p
    exactly, q by counting; each sums to one.  Masses can't tell more than densities do, so this is
    from below, but for the noise of counting: 2,500 samples of p itself read a js of .01 (ring) to
    .04 (spiral), about (cells that p reaches) / 8N, and a kl of .06 to .4.  In KL, one sample more
    is counted, spread as p is: no cell of q is empty then, and missing all costs log(N + 1).
    """
    edges = torch.linspace(-density.extent, density.extent, cells + 1, device=samples.device)
    inside = density.masses(edges).flatten()
    p = torch.cat([inside, (1 - inside.sum()).clamp(min=0).unsqueeze(0)])  # (cells^2 + 1,)
    q = _shares(samples, density.extent, cells)  # (..., cells^2 + 1)
    n = samples.shape[-2]
    mixed, middle = (n * q + p) / (n + 1), (p + q) / 2
    js = (relative_entropy(p, middle) + relative_entropy(q, middle)) / 2
    return Divergences(relative_entropy(p, mixed), js)


def relative_entropy(p: Tensor, q: Tensor) -> Tensor:
    """KL(p || q) of masses (..., C) -> (...), in nats."""
    return (torch.special.xlogy(p, p) - torch.special.xlogy(p, q)).sum(-1)


def _shares(samples: Tensor, extent: float, cells: int) -> Tensor:
    """The share of samples (..., N, 2) in each square, row by row, and outside."""
    place = ((samples + extent) * (cells / (2 * extent))).floor().nan_to_num(-1)
    outside = ((place < 0) | (place >= cells)).any(-1)
    column, row = place.clamp(0, cells - 1).long().unbind(-1)
    cell = torch.where(outside, cells**2, row * cells + column)
    counts = torch.zeros(*cell.shape[:-1], cells**2 + 1, dtype=torch.double, device=cell.device)
    return counts.scatter_add(-1, cell, torch.ones_like(cell, dtype=torch.double)) / cell.shape[-1]


# ---- what the discriminator makes of the plane ------------------------------------------


@torch.no_grad()
def discriminator_surface(discriminator: nn.Module, extent: float, size: int = 48) -> Tensor:
    """D(x) on a lattice over [-extent, extent]^2: (..., size, size) in [0, 1], y upward.

    For D = sigmoid(logit), the belief that x is real; for the other objectives 1/2 is undecided.
    """
    axis = torch.linspace(-extent, extent, size, device=next(discriminator.parameters()).device)
    x = torch.cartesian_prod(axis, axis).flip(-1)  # row by row, from low to high y
    return discriminator(x).sigmoid().unflatten(-1, (size, size))


def optimal_surface(samples: Tensor, density: Density, size: int = 48) -> Tensor:
    """D* = p / (p + q) on the same lattice: an estimate, since q is known by samples (N, 2) alone.

    q is a Gaussian of std h around each of them, and p is blurred as much, exactly; h is a 15th of
    the extent.  Averages over the lattice's cells; nan where p and q are next to nothing.
    -> (size, size).
    """
    samples, blur = samples[samples.isfinite().all(-1)], density.extent / 15
    half = density.extent / (size - 1)  # of a cell, around a place of the lattice
    ends = density.extent + half
    edges = torch.linspace(-ends, ends, size + 1, dtype=torch.double, device=samples.device)
    nowhere = torch.zeros(len(samples), dtype=torch.int64)
    q = Density("generated", samples, blur, nowhere, samples[:1], density.extent).masses(edges)
    p = density.blurred(blur).masses(edges)
    return torch.where(p + q > 1e-3 * (p + q).max(), p / (p + q), torch.nan)


# ---- what the generator makes of its noise, and where it is drawn -----------------------


@torch.no_grad()
def manifold(generator: nn.Module, cells: int = 20) -> Tensor:
    """G at the corners of a lattice in a latent plane: (..., cells + 1, cells + 1, 2).

    The lattice stands at quantiles of z ~ N(0, I), from .005 to .995, row by row from low to high
    z_2.  So each of its cells holds (.99 / cells)^2 of all noise, and of all fakes: where G draws a
    cell small, it is dense.  For two latents.
    """
    weight = next(generator.parameters())
    share = torch.linspace(0.005, 0.995, cells + 1, dtype=torch.double)
    axis = torch.special.ndtri(share).to(weight)
    z = torch.cartesian_prod(axis, axis).flip(-1)
    return generator(z).unflatten(-2, (cells + 1, cells + 1))


def pulls(objective: Objective, discriminator: nn.Module, fake: Tensor) -> Tensor:
    """Where each fake is drawn: minus the slope of the generator's loss in x.

    fake (..., M, 2) -> the same shape.  Of the loss of that fake, not of the mean over a batch:
    -loss'(logit) dD/dx, which vanishes where the loss or D is flat.
    """
    state = discriminator.state_dict()  # without a graph; a spectral norm turns this copy of its u
    with torch.enable_grad():
        x = fake.detach().requires_grad_()
        loss = objective.generator(functional_call(discriminator, state, x))
        (slope,) = torch.autograd.grad(loss.sum(), x)
    return -slope
