"""The evidence lower bound, term by term, in nats per example.

    log p(x) >= elbo = E_q(z|x)[ log p(x|z) ] - KL( q(z|x) || p(z) )
             -elbo   =      reconstruction    +    kl

Kingma & Welling 2014, arXiv:1312.6114, eq. 3; every function returns one number per example.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from genart_edu.vae.model import VAE


class Costs(NamedTuple):
    """The two positive costs of a VAE, each (B,): -elbo = reconstruction + kl."""

    reconstruction: Tensor
    kl: Tensor


def reparameterize(mean: Tensor, logvar: Tensor, rng: torch.Generator) -> Tensor:
    """z = mean + std * noise: a draw from q(z|x) that gradients pass through (section 2.4).

    mean, logvar (..., L) -> z (..., L).
    """
    noise = torch.randn(mean.shape, generator=rng, device=mean.device)
    return mean + (0.5 * logvar).exp() * noise


def kl_per_dim(mean: Tensor, logvar: Tensor) -> Tensor:
    """KL( N(mean, exp logvar) || N(0, 1) ) of each latent dimension (appendix B).  -> (..., L)."""
    return 0.5 * (mean.square() + logvar.exp() - 1 - logvar)


def elbo_costs(model: VAE, x: Tensor, rng: torch.Generator) -> Costs:
    """x (B, D) -> both costs (B,): the reconstruction at one draw of z, the kl exact."""
    mean, logvar = model.encode(x)
    z = reparameterize(mean, logvar, rng)
    return Costs(model.decode(z).nll(x), kl_per_dim(mean, logvar).sum(-1))
