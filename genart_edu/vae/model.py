"""The maps of a variational autoencoder.  Kingma & Welling 2014, arXiv:1312.6114.

prior p(z) = N(0, I)      decoder p(x|z)      encoder q(z|x) = N(mean(x), diag exp logvar(x))

Shapes: D data_dim, L latent_dim, K classes; leading dimensions (...) are free, but convolutions
want exactly one.
"""

import math
from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from genart_edu.nets import Shape, conv_decoder, conv_encoder, leaky_relu, mlp
from genart_edu.vae.likelihood import Bernoulli, Gaussian, Likelihood


class Maps(Protocol):
    """What the objective and the diagnostics ask for: a VAE, or a conditional one with labels."""

    latent_dim: int

    def encode(self, x: Tensor, /) -> tuple[Tensor, Tensor]: ...
    def decode(self, z: Tensor, /) -> Bernoulli | Gaussian: ...


class VAE(nn.Module):
    """Two networks.  encoder: x (..., D) -> (..., 2 L).  decoder: z (..., L) -> what `likelihood`
    takes, (..., D) or (..., 2 D)."""

    classes = 0

    def __init__(
        self, encoder: nn.Module, decoder: nn.Module, latent_dim: int, likelihood: Likelihood
    ):
        super().__init__()
        if latent_dim < 1:
            raise ValueError(f"latent_dim must be at least 1; got {latent_dim}.")
        self.encoder, self.decoder = encoder, decoder
        self.latent_dim, self.likelihood = latent_dim, likelihood

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """x (..., D) -> mean (..., L), logvar (..., L) of the posterior q(z|x)."""
        mean, logvar = self.encoder(x).chunk(2, dim=-1)
        return mean, logvar

    def decode(self, z: Tensor) -> Bernoulli | Gaussian:
        """z (..., L) -> p(x|z), a distribution over x (..., D): ask it for `nll(x)` or `mean`."""
        return self.likelihood(self.decoder(z))

    def given(self, labels: Tensor | None) -> Maps:
        """The maps for x of these classes (...).  Only a conditional VAE makes a difference."""
        return self


class ConditionalVAE(VAE):
    """p(x|z, y) and q(z|x, y): both maps are told the class y, so z need not say it.

    Kingma 2014, arXiv:1406.5298, section 2; Sohn 2015 (NIPS).  `given(labels)` is a VAE like any
    other.  vae: what a VAE is made of, but its decoder takes z and y as one-hot, (..., L + K).
    """

    def __init__(self, *vae: Any, data_dim: int, classes: int):
        super().__init__(*vae)
        self.classes = classes
        # Added to x: for a linear layer the same as y beside x, and a picture for a convolution.
        self.pictures = nn.Parameter(torch.zeros(classes, data_dim))

    def given(self, labels: Tensor | None) -> Maps:
        """labels (...) int64 in [0, K) -> the maps of a VAE for x (..., D) of these classes."""
        if labels is None:
            raise ValueError("A conditional VAE needs to be told the labels.")
        return Given(self, F.one_hot(labels, self.classes).to(self.pictures.dtype))


class Given:
    """A conditional VAE whose labels are known.  y (..., K): the classes, one-hot."""

    def __init__(self, model: ConditionalVAE, y: Tensor):
        self.model, self.y, self.latent_dim = model, y, model.latent_dim

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.model.encode(x + self.y @ self.model.pictures)

    def decode(self, z: Tensor) -> Bernoulli | Gaussian:
        return self.model.decode(torch.cat([z, self.y.expand(*z.shape[:-1], -1)], dim=-1))


class Autoencoder(nn.Module):
    """Where it all starts: x -> z -> p(x|z).  z is a point: no draw, no KL, no prior.

    encoder: x (..., D) -> z (..., L).  decoder, likelihood: as of a VAE.
    """

    classes = 0

    def __init__(self, encoder: nn.Module, decoder: nn.Module, likelihood: Likelihood = Bernoulli):
        super().__init__()
        self.encoder, self.decoder, self.likelihood = encoder, decoder, likelihood

    def encode(self, x: Tensor) -> Tensor:
        return self.encoder(x)

    def decode(self, z: Tensor) -> Bernoulli | Gaussian:
        return self.likelihood(self.decoder(z))

    def given(self, labels: Tensor | None) -> "Autoencoder":
        return self


# ---- ready-made ------------------------------------------------------------------------


def mlp_vae(
    data_dim: int,
    latent_dim: int = 16,
    *,
    hidden_dim: int = 128,
    depth: int = 1,
    activation: Callable[[], nn.Module] = leaky_relu,
    likelihood: Likelihood = Bernoulli,
    classes: int = 0,
    rng: torch.Generator,
) -> VAE:
    """A VAE of two MLPs with `depth` hidden layers each; a conditional one if there are classes."""
    hidden = [hidden_dim] * depth
    outputs = likelihood.numbers_per_pixel * data_dim
    encoder = mlp([data_dim, *hidden, 2 * latent_dim], rng, activation)
    decoder = mlp([latent_dim + classes, *hidden, outputs], rng, activation)
    vae = encoder, decoder, latent_dim, likelihood
    return ConditionalVAE(*vae, data_dim=data_dim, classes=classes) if classes else VAE(*vae)


def conv_vae(
    shape: Shape,
    latent_dim: int = 16,
    *,
    likelihood: Likelihood = Bernoulli,
    classes: int = 0,
    rng: torch.Generator,
    **stack: Any,
) -> VAE:
    """The same of convolutions, for flat pictures of `shape` (C, H, W).

    stack: of `conv_encoder` and `conv_decoder`: activation, and hidden_dim, the channels of the
    first of `depth` convolutions; each next one has twice as many.
    """
    channels, height, width = shape
    outputs = likelihood.numbers_per_pixel * channels, height, width
    encoder = conv_encoder(shape, 2 * latent_dim, rng, **stack)
    decoder = conv_decoder(latent_dim + classes, outputs, rng, **stack)
    vae, data_dim = (encoder, decoder, latent_dim, likelihood), math.prod(shape)
    return ConditionalVAE(*vae, data_dim=data_dim, classes=classes) if classes else VAE(*vae)
