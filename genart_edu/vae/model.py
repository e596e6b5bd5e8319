"""The maps of a variational autoencoder.  Kingma & Welling 2014, arXiv:1312.6114.

prior p(z) = N(0, I)      decoder p(x|z)      encoder q(z|x) = N(mean(x), diag exp logvar(x))
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from genart_edu.nets import leaky_relu, mlp
from genart_edu.vae.likelihood import Bernoulli, Gaussian


class VAE(nn.Module):
    """An MLP on each side.  Shapes: D data_dim, L latent_dim; leading dimensions are free.

    depth: hidden layers on each side.  likelihood: what p(x|z) is, `Bernoulli` or `Gaussian`.
    """

    def __init__(
        self,
        data_dim: int,
        latent_dim: int = 16,
        *,
        hidden_dim: int = 128,
        depth: int = 1,
        activation: Callable[[], nn.Module] = leaky_relu,
        likelihood: type[Bernoulli] | type[Gaussian] = Bernoulli,
        rng: torch.Generator,
    ) -> None:
        super().__init__()
        self.latent_dim, self.likelihood = latent_dim, likelihood
        hidden = [hidden_dim] * depth
        self.encoder = mlp([data_dim, *hidden, 2 * latent_dim], rng, activation)
        outputs = likelihood.numbers_per_pixel * data_dim
        self.decoder = mlp([latent_dim, *hidden, outputs], rng, activation)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """x (..., D) -> mean (..., L), logvar (..., L) of the posterior q(z|x)."""
        mean, logvar = self.encoder(x).chunk(2, dim=-1)
        return mean, logvar

    def decode(self, z: Tensor) -> Bernoulli | Gaussian:
        """z (..., L) -> p(x|z), a distribution over x (..., D): ask it for `nll(x)` or `mean`."""
        return self.likelihood(self.decoder(z))
