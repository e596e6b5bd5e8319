"""Stacks of layers as plain `nn.Sequential`: what every model in the kit is made of."""

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn


def leaky_relu() -> nn.Module:
    """max(x, 0.2 x): a unit that is off still passes a fifth of its gradient (Maas 2013)."""
    return nn.LeakyReLU(0.2, inplace=True)


def relu() -> nn.Module:
    """max(x, 0)."""
    return nn.ReLU(inplace=True)


def sigmoid() -> nn.Module:
    """1 / (1 + exp(-x)): its slope is at most 1/4, so a stack of them starves its first layers."""
    return nn.Sigmoid()


def linear(in_features: int, out_features: int, rng: torch.Generator) -> nn.Linear:
    """y = W x + b, W uniform in +-sqrt(6 / (in + out)) drawn from `rng`, and b zero.

    Signals forward and gradients backward then keep about the variance that they came with (Glorot
    & Bengio 2010).  torch's own start draws from its global stream, which all threads share, and
    left the GAN of the ring stuck on 6 of 32 seeds.
    """
    return _glorot(nn.utils.skip_init(nn.Linear, in_features, out_features), rng)


class SeedLinear(nn.Module):
    """S linear maps as one, each with weights of its own: (S, B, in) -> (S, B, out).

    Whoever trains it trains S networks, each as if alone.  x (B, in) is handed to all of them.
    """

    def __init__(self, seeds: int, in_features: int, out_features: int, rng: torch.Generator):
        super().__init__()
        bound = math.sqrt(6 / (in_features + out_features))  # as in `linear`
        weight = torch.empty(seeds, in_features, out_features)
        self.weight = nn.Parameter(weight.uniform_(-bound, bound, generator=rng))
        self.bias = nn.Parameter(torch.zeros(seeds, 1, out_features))

    def forward(self, x: Tensor) -> Tensor:
        weight = self.weight  # asked for once: a spectral norm would take a step at each
        return torch.baddbmm(self.bias, x.expand(len(weight), -1, -1), weight)


Shape = tuple[int, int, int]  # of a picture: (C, H, W)
Layer = Callable[[int, int, torch.Generator], nn.Module]  # `linear`, or partial(SeedLinear, S)


def _glorot(layer: Any, rng: torch.Generator) -> Any:
    """Start a linear map or a convolution as `linear` says."""
    nn.init.xavier_uniform_(layer.weight, generator=rng)
    nn.init.zeros_(layer.bias)
    return layer


def mlp(
    widths: Sequence[int],
    rng: torch.Generator,
    activation: Callable[[], nn.Module] = leaky_relu,
    layer: Layer = linear,
) -> nn.Sequential:
    """A multilayer perceptron: linear maps with a bend between them.

    widths: features in, of each hidden layer, and out, e.g. (2, 128, 128, 64).
    x (..., widths[0]) -> (..., widths[-1]).  The last layer has no activation: it gives logits.
    """
    if len(widths) < 2 or min(widths) < 1:
        raise ValueError(f"widths must be two or more positive numbers; got {tuple(widths)}.")
    layers: list[nn.Module] = []
    for fan_in, fan_out in itertools.pairwise(widths):
        layers += [layer(fan_in, fan_out, rng), activation()]
    return nn.Sequential(*layers[:-1])


class Bfloat16(nn.Sequential):
    """A stack whose matrix products and convolutions are made in bfloat16, of weights in float32.

    It takes and gives float32.  8 bits of a number remain; its range is that of float32, so no loss
    has to be scaled.
    """

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, torch.bfloat16):
            return super().forward(x).float()


def in_bfloat16(net: Any) -> Any:
    """`net` with every stack in it a `Bfloat16` one; its weights and their names stay."""
    if isinstance(net, nn.Sequential):
        return Bfloat16(*net)
    for name, part in net.named_children():
        setattr(net, name, in_bfloat16(part))
    return net


def conv_encoder(
    shape: Shape,
    out_features: int,
    rng: torch.Generator,
    *,
    hidden_dim: int = 32,
    depth: int = 2,
    activation: Callable[[], nn.Module] = leaky_relu,
) -> nn.Sequential:
    """Flat pictures of `shape` (C, H, W) -> features: x (B, C H W) -> (B, out_features).

    Each of `depth` convolutions halves height and width and doubles the channels, from hidden_dim
    on.  4x4 with stride 2, as in Radford 2015, arXiv:1511.06434.
    """
    sizes, channels = _pyramid(shape, hidden_dim, depth)
    layers: list[nn.Module] = [nn.Unflatten(-1, shape)]
    for fan_in, fan_out in itertools.pairwise([shape[0], *channels]):
        layer = nn.utils.skip_init(nn.Conv2d, fan_in, fan_out, 4, stride=2, padding=1)
        layers += [_glorot(layer, rng), activation()]
    features = channels[-1] * math.prod(sizes[-1])
    return nn.Sequential(*layers, nn.Flatten(-3), linear(features, out_features, rng))


def conv_decoder(
    in_features: int,
    shape: Shape,
    rng: torch.Generator,
    *,
    hidden_dim: int = 32,
    depth: int = 2,
    activation: Callable[[], nn.Module] = leaky_relu,
) -> nn.Sequential:
    """Features -> flat pictures of `shape` (C, H, W): (B, in_features) -> (B, C H W).

    `conv_encoder` run backwards.  The last layer has no activation: it gives logits.
    """
    sizes, channels = _pyramid(shape, hidden_dim, depth)
    small = (channels[-1], *sizes[-1])
    layers: list[nn.Module] = [linear(in_features, math.prod(small), rng), nn.Unflatten(-1, small)]
    fans = itertools.pairwise([*reversed(channels), shape[0]])
    for (fan_in, fan_out), (height, width) in zip(fans, reversed(sizes[:-1]), strict=True):
        doubling = {"stride": 2, "padding": 1, "output_padding": (height % 2, width % 2)}
        layer = nn.utils.skip_init(nn.ConvTranspose2d, fan_in, fan_out, 4, **doubling)
        layers += [activation(), _glorot(layer, rng)]
    return nn.Sequential(*layers, nn.Flatten(-3))


def _pyramid(shape: Shape, hidden_dim: int, depth: int) -> tuple[list[tuple[int, int]], list[int]]:
    """Height and width before the first convolution and after each; channels after each."""
    _, height, width = shape
    sizes = [(height >> i, width >> i) for i in range(depth + 1)]
    if depth < 1 or hidden_dim < 1 or min(sizes[-1]) < 1:
        most = min(height, width).bit_length() - 1
        need = f"a depth from 1 to {most} and a hidden_dim of at least 1"
        got = f"got {depth} and {hidden_dim}"
        raise ValueError(f"convolutions on {height}x{width} pictures need {need}; {got}.")
    return sizes, [hidden_dim << i for i in range(depth)]


def gradient_norm(weights: Iterable[Tensor], ndim: int = 0) -> Tensor:
    """The length of the gradient in all weights of a net, (); with ndim 1 of S nets, (S,)."""
    found = [weight.grad.flatten(ndim) for weight in weights if weight.grad is not None]
    return torch.stack([each.norm(dim=-1) for each in found]).norm(dim=0)
