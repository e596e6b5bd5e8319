"""Numbers to read a VAE by.  They take a model and data, and change neither."""

import math

import torch
from torch import Tensor

from genart_edu.vae.model import VAE
from genart_edu.vae.objective import Costs, elbo_costs, reparameterize


@torch.no_grad()
def mean_costs(model: VAE, x: Tensor, rng: torch.Generator, draws: int = 1) -> Costs:
    """Reconstruction and kl, the mean over x (N, D) and `draws` of z each.  0-d, in nats."""
    costs = [elbo_costs(model, x, rng) for _ in range(draws)]
    reconstruction = torch.stack([cost.reconstruction for cost in costs])  # (draws, N)
    return Costs(reconstruction.mean(), costs[0].kl.mean())


@torch.no_grad()
def importance_weighted_nll(
    model: VAE, x: Tensor, rng: torch.Generator, samples: int = 200
) -> Tensor:
    """An upper bound on -log p(x) that tightens as `samples` grows.  x (N, D) -> (N,), in nats.

    -log 1/K sum_k p(x|z_k) p(z_k) / q(z_k|x),  z_k ~ q(z|x).   Burda 2016, arXiv:1509.00519, eq. 8.
    K = 1 is a draw of -elbo.
    """
    mean, logvar = model.encode(x)
    log_weights = []
    for _ in range(samples):  # one draw at a time: memory stays that of one batch
        z = reparameterize(mean, logvar, rng)
        log_prior = -0.5 * (z.square() + math.log(2 * math.pi)).sum(-1)
        noise = (z - mean) * (-0.5 * logvar).exp()
        log_posterior = -0.5 * (noise.square() + logvar + math.log(2 * math.pi)).sum(-1)
        log_weights.append(log_prior - log_posterior - model.decode(z).nll(x))
    return math.log(samples) - torch.stack(log_weights).logsumexp(0)
