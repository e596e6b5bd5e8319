"""Numbers to read a GAN by.  They take samples and maps, and change neither."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from genart_edu.data.densities import Density


class Modes(NamedTuple):
    """How well samples cover the modes of a density that is known.

    captured: modes with at least one high-quality sample.  high_quality: the share of samples
    within 3 std of their nearest mode, in [0, 1].  reverse_kl: KL of the shares that the modes
    have of the high-quality samples to equal shares, in nats; 0 is fair, nan if there are none.
    Read all three: one stray sample captures a mode.
    """

    captured: int
    high_quality: float
    reverse_kl: float


def modes(samples: Tensor, density: Density) -> Modes:
    """samples (N, 2); 2,500 is the published number.  VEEGAN, arXiv:1705.07761, section 5.1;
    the reverse KL as in PacGAN, arXiv:1712.04086, section 4.1."""
    mode, good = density.assign(samples)  # (N,), (N,)
    counts = torch.bincount(mode[good], minlength=len(density.modes)).double()
    share = counts / counts.sum()
    reverse_kl = torch.special.xlogy(share, share * len(share)).sum()
    return Modes(int((counts > 0).sum()), good.double().mean().item(), reverse_kl.item())


@torch.no_grad()
def discriminator_surface(discriminator: nn.Module, extent: float, size: int = 48) -> Tensor:
    """D(x) on a grid over [-extent, extent]^2: (size, size) in [0, 1], rows from low to high y."""
    parameter = next(discriminator.parameters())
    axis = torch.linspace(-extent, extent, size, device=parameter.device)
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    return discriminator(torch.stack([x, y], dim=-1).reshape(-1, 2)).sigmoid().view(size, size)
