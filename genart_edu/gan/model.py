"""The maps of a GAN: noise z -> x, and x -> one logit.  Goodfellow et al. 2014, arXiv:1406.2661."""

from collections.abc import Callable

import torch
from torch import nn

from genart_edu.nets import leaky_relu, mlp


def mlp_generator(
    latent_dim: int,
    data_dim: int,
    *,
    hidden_dim: int = 128,
    depth: int = 2,
    activation: Callable[[], nn.Module] = leaky_relu,
    pixels: bool = False,
    rng: torch.Generator,
) -> nn.Sequential:
    """z (..., latent_dim) -> x (..., data_dim).

    pixels: x lies in [0, 1]; the sigmoid is part of the map, since the discriminator has to see
    what a viewer sees.
    """
    stack = mlp([latent_dim, *[hidden_dim] * depth, data_dim], rng, activation)
    return stack.append(nn.Sigmoid()) if pixels else stack


def mlp_discriminator(
    data_dim: int,
    *,
    hidden_dim: int = 128,
    depth: int = 2,
    activation: Callable[[], nn.Module] = leaky_relu,
    rng: torch.Generator,
) -> nn.Sequential:
    """x (..., data_dim) -> logit (...).  D(x) = sigmoid(logit): the belief that x is real."""
    stack = mlp([data_dim, *[hidden_dim] * depth, 1], rng, activation)
    return stack.append(nn.Flatten(-2))
