"""Stacks of layers as plain `nn.Sequential`: what every model in the kit is made of."""

import itertools
from collections.abc import Callable, Sequence

import torch
from torch import nn


def leaky_relu() -> nn.Module:
    """max(x, 0.2 x): a unit that is off still passes a fifth of its gradient (Maas 2013)."""
    return nn.LeakyReLU(0.2, inplace=True)


def relu() -> nn.Module:
    """max(x, 0)."""
    return nn.ReLU(inplace=True)


def linear(in_features: int, out_features: int, rng: torch.Generator) -> nn.Linear:
    """y = W x + b, W uniform in +-sqrt(6 / (in + out)) drawn from `rng`, and b zero.

    Signals forward and gradients backward then keep about the variance that they came with (Glorot
    & Bengio 2010).  torch's own start draws from its global stream, which all threads share, and
    left the GAN of the ring stuck on 6 of 32 seeds.
    """
    layer = nn.utils.skip_init(nn.Linear, in_features, out_features)
    nn.init.xavier_uniform_(layer.weight, generator=rng)
    nn.init.zeros_(layer.bias)
    return layer


def mlp(
    widths: Sequence[int],
    rng: torch.Generator,
    activation: Callable[[], nn.Module] = leaky_relu,
) -> nn.Sequential:
    """A multilayer perceptron: linear maps with a bend between them.

    widths: features in, of each hidden layer, and out, e.g. (2, 128, 128, 64).
    x (..., widths[0]) -> (..., widths[-1]).  The last layer has no activation: it gives logits.
    """
    if len(widths) < 2 or min(widths) < 1:
        raise ValueError(f"widths must be two or more positive numbers; got {tuple(widths)}.")
    layers: list[nn.Module] = []
    for fan_in, fan_out in itertools.pairwise(widths):
        layers += [linear(fan_in, fan_out, rng), activation()]
    return nn.Sequential(*layers[:-1])
