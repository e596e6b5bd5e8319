"""The evidence lower bound, term by term, in nats per example.

    log p(x) >= elbo = E_q(z|x)[ log p(x|z) ] - KL( q(z|x) || p(z) )
             -elbo   =      reconstruction    +    kl

Kingma & Welling 2014, arXiv:1312.6114, eq. 3; costs and bounds are one number per example, (B,).
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from genart_edu.vae.likelihood import Gaussian
from genart_edu.vae.model import Autoencoder, Maps


class Costs(NamedTuple):
    """The two positive costs of a VAE: -elbo = reconstruction + kl.sum(-1).

    reconstruction (B,).  kl (B, L), of each latent dimension.
    """

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


def elbo_costs(model: Maps, x: Tensor, rng: torch.Generator) -> Costs:
    """x (B, D) -> the costs: the reconstruction at one draw of z, the kl exact."""
    mean, logvar = model.encode(x)
    z = reparameterize(mean, logvar, rng)
    return Costs(model.decode(z).nll(x), kl_per_dim(mean, logvar))


def autoencoder_costs(model: Autoencoder, x: Tensor, rng: torch.Generator | None = None) -> Costs:
    """The reconstruction alone: nothing is drawn, and z costs nothing.  x (B, D)."""
    z = model.encode(x)
    return Costs(model.decode(z).nll(x), torch.zeros_like(z))


# ---- how the KL is charged -------------------------------------------------------------


def free_bits(kl: Tensor, free: float) -> Tensor:
    """sum_l max(free, mean over the batch of kl_l): `free` nats a dimension cost nothing extra.

    kl (B, L) -> (B,), whose mean is that sum.  A dimension below `free` feels no pull to the prior.
    Kingma 2016, arXiv:1606.04934, appendix, "objective with free bits".
    """
    return torch.where(kl.mean(-2, keepdim=True) > free, kl, free).sum(-1) if free else kl.sum(-1)


def warm_up(step: int, steps: int) -> float:
    """Weight of the KL before step 0, 1, ...: from 0 to 1 in a line of `steps`, then 1.

    Bowman 2016, arXiv:1511.06349, section 3.1.  steps 0: always 1.
    """
    return min(1.0, step / steps) if steps else 1.0


def cyclical(step: int, period: int) -> float:
    """The same over and over: a period warms up in its first half, and stays at 1 in its second.

    Fu 2019, arXiv:1903.10145, with R = 1/2.  period 0: always 1.
    """
    return min(1.0, 2 * (step % period) / period) if period else 1.0


# ---- a tighter bound -------------------------------------------------------------------


def iwae_bound(model: Maps, x: Tensor, rng: torch.Generator, k: int) -> Tensor:
    """log 1/k sum_i p(x|z_i) p(z_i) / q(z_i|x),  z_i ~ q(z|x).  x (B, D) -> (B,), in nats.

    Its mean rises with k from the elbo (k = 1) to log p(x).  Burda 2016, arXiv:1509.00519, eq. 8.
    One draw at a time: without gradients memory stays that of one batch.
    """
    mean, logvar = model.encode(x)  # (B, L) each
    weights = []  # k of (B,): log p(x|z) p(z) / q(z|x), whose mean is the elbo
    for _ in range(k):
        z = reparameterize(mean, logvar, rng)
        log_ratio = gaussian_log_prob(z) - gaussian_log_prob(z, mean, logvar)
        weights.append(log_ratio - model.decode(z).nll(x))
    return torch.stack(weights).logsumexp(0) - math.log(k)


def gaussian_log_prob(
    z: Tensor, mean: Tensor | None = None, logvar: Tensor | None = None
) -> Tensor:
    """log N(z; mean, exp logvar), summed over the L dimensions; of the prior by default.

    z (..., L) -> (...).
    """
    zero = torch.zeros_like(z)
    return -Gaussian(zero if mean is None else mean, zero if logvar is None else logvar).nll(z)
