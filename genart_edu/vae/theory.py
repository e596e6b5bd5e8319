"""What is known in closed form: the VAE without a bend, and pixels that know nothing of each other.

A linear decoder p(x|z) = N(W z + c, s2 I) is probabilistic PCA (Tipping & Bishop 1999), of which
all is known.  Its posterior is Gaussian with one covariance for every x, so a linear encoder can be
exact, and the best ELBO *is* the likelihood (Lucas 2019, arXiv:1911.02469).
"""

import math
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn

from genart_edu.nets import linear
from genart_edu.vae.likelihood import Bernoulli, GivenVariance
from genart_edu.vae.model import VAE
from genart_edu.vae.objective import Costs, kl_per_dim


class LinearEncoder(nn.Module):
    """x (..., D) -> mean (..., L) = V x + b, beside a logvar that is the same for every x."""

    def __init__(self, data_dim: int, latent_dim: int, rng: torch.Generator) -> None:
        super().__init__()
        self.mean = linear(data_dim, latent_dim, rng)
        self.logvar = nn.Parameter(torch.zeros(latent_dim))

    def forward(self, x: Tensor) -> Tensor:
        mean = self.mean(x)
        return torch.cat([mean, self.logvar.expand_as(mean)], dim=-1)


def linear_vae(
    data_dim: int, latent_dim: int, likelihood: GivenVariance, *, rng: torch.Generator
) -> VAE:
    """A VAE without a bend.  likelihood: `GivenVariance(s2)`, or `OptimalVariance()`."""
    encoder = LinearEncoder(data_dim, latent_dim, rng)
    return VAE(encoder, linear(latent_dim, data_dim, rng), latent_dim, likelihood)


def linear_elbo_costs(model: VAE, x: Tensor, rng: torch.Generator | None = None) -> Costs:
    """The costs of a linear VAE without a draw: the mean over z is known.

    E_q |x - W z - c|^2 = |x - W mean - c|^2 + sum_l |W_l|^2 var_l.   x (B, D).
    """
    mean, logvar = model.encode(x)
    reconstruction = model.decode(mean).nll(x)
    weight, variance = cast(nn.Linear, model.decoder).weight, cast(Any, model.likelihood).variance
    spread = (weight.square().sum(0) * logvar.exp()).sum(-1) / (2 * variance)
    return Costs(reconstruction + spread, kl_per_dim(mean, logvar))


class PPCA(NamedTuple):
    """Probabilistic PCA at its maximum likelihood, in double precision.

    mean (D,).  eigenvalues (D,) of the data's covariance (with 1/N), largest first.  directions
    (D, D): the eigenvectors, in columns.  latent_dim: how many of them z may use.
    """

    mean: Tensor
    eigenvalues: Tensor
    directions: Tensor
    latent_dim: int

    @property
    def variance(self) -> Tensor:
        """The best s2: the mean of the eigenvalues that z leaves out (their eq. 8)."""
        return self.eigenvalues[self.latent_dim :].mean()

    def log_likelihood(self) -> Tensor:
        """Mean log p(x) of the data it was fitted to, in nats: no linear VAE has a better ELBO.

        -1/2 ( D log 2 pi + sum_{i<=L} log lambda_i + (D - L) log s2 + D )   (their eq. 9).
        """
        used, rest = self.eigenvalues[: self.latent_dim], self.eigenvalues[self.latent_dim :]
        logs = used.log().sum() + len(rest) * self.variance.log()
        dims = len(self.eigenvalues)
        return -0.5 * (dims * math.log(2 * math.pi) + logs + dims)

    def weight(self) -> Tensor:
        """The decoder's best W (D, L), up to a rotation of z (their eq. 7)."""
        stretch = (self.eigenvalues[: self.latent_dim] - self.variance).clamp(min=0).sqrt()
        return self.directions[:, : self.latent_dim] * stretch


def ppca(x: Tensor, latent_dim: int) -> PPCA:
    """Fit probabilistic PCA to x (N, D).  ValueError unless 0 < latent_dim < D."""
    if not 0 < latent_dim < x.shape[1]:
        raise ValueError(f"latent_dim must be from 1 to {x.shape[1] - 1}; got {latent_dim}.")
    x = x.cpu().double()  # in single precision `eigh` can fail; some devices have no double
    mean = x.mean(0)
    covariance = (x - mean).T @ (x - mean) / len(x)
    eigenvalues, directions = torch.linalg.eigh(covariance)  # in ascending order
    return PPCA(mean, eigenvalues.flip(0), directions.flip(1), latent_dim)


def linear_kl(eigenvalues: Tensor, variance: float, beta: float = 1.0) -> Tensor:
    """Mean KL of each latent of a linear VAE at its optimum:  max(0, 1/2 log(lambda / (beta s2))).

    eigenvalues (L,): the largest of the data's.  A latent lives iff lambda > beta s2.  Below that
    the best that it can do is to be the prior: that collapse *is* the optimum, and no training
    cures it.  (Lucas 2019; beta times the KL asks for the posterior of the variance beta s2.)
    """
    return 0.5 * (eigenvalues / (beta * variance)).log().clamp(min=0)


def independent_nll(train: Tensor, x: Tensor) -> Tensor:
    """-log p(x) where each binary pixel is a coin of its own, as biased as in `train` (N, D).

    What a VAE charges that has collapsed: its z says nothing.  x (B, D) -> (B,), in nats.
    """
    ink = (train.sum(0) + 1) / (len(train) + 2)  # never quite 0 or 1 (Laplace's rule)
    return Bernoulli(ink.logit().expand_as(x)).nll(x)
