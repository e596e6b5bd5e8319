"""The maps of a GAN: noise z -> x, and x -> one logit.  Goodfellow et al. 2014, arXiv:1406.2661.

Shapes: D data_dim, L latent_dim, K classes, m packing; leading dimensions (...) are free, but
convolutions want exactly one.
"""

from collections.abc import Callable
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrize import register_parametrization

from genart_edu.nets import Layer, conv_decoder, conv_encoder, leaky_relu, linear, mlp, relu


class Conditional(nn.Module):
    """A map of z or x that is told the class: as one-hot beside its input, (..., D + K).

    Mirza & Osindero 2014, arXiv:1411.1784, section 3.2.  area: pixels of a picture x, where each
    class is a whole channel, as convolutions want it.
    """

    def __init__(self, net: nn.Module, classes: int, area: int = 1) -> None:
        super().__init__()
        self.net, self.classes, self.area = net, classes, area

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        """x (..., D), labels (...) int64 in [0, K) -> what `net` makes of both."""
        y = F.one_hot(labels, self.classes).to(x.dtype).repeat_interleave(self.area, dim=-1)
        return self.net(torch.cat([x, y], dim=-1))


class Pack(nn.Module):
    """m examples side by side are judged as one: (..., B, D) -> (..., B / m, m D).

    A collapsed generator gives itself away: its examples are too much alike.  PacGAN, Lin 2018,
    arXiv:1712.04086, section 3.
    """

    def __init__(self, packing: int) -> None:
        super().__init__()
        self.packing = packing

    def forward(self, x: Tensor) -> Tensor:
        return x.unflatten(-2, (-1, self.packing)).flatten(-2)


class MinibatchStd(nn.Module):
    """How much the batch varies, as one feature more of each example: (..., B, D) -> (..., B, D+1).

    The mean over the features of their standard deviation over the batch.  Karras 2018,
    arXiv:1710.10196, section 3.
    """

    def forward(self, x: Tensor) -> Tensor:
        std = (x.var(-2, correction=0, keepdim=True) + 1e-8).sqrt().mean(-1, keepdim=True)
        return torch.cat([x, std.expand(*x.shape[:-1], 1)], dim=-1)


class SpectralNorm(nn.Module):
    """W / sigma(W), its largest singular value: a layer that stretches nothing.

    sigma by one power iteration a pass, from where the last one ended.  Miyato 2018,
    arXiv:1802.05957, algorithm 1.  W: of a linear map, of S of them, or of a convolution.
    """

    u: Tensor

    def __init__(self, weight: Tensor, rng: torch.Generator) -> None:
        super().__init__()
        matrix = self._matrix(weight.detach())
        self.register_buffer("u", torch.randn(*matrix.shape[:-1], 1, generator=rng))
        for _ in range(15):  # from anywhere to near enough
            self.u, _ = self._iterate(matrix)

    def forward(self, weight: Tensor) -> Tensor:
        matrix = self._matrix(weight)
        with torch.no_grad():
            u, v = self._iterate(matrix)
        if torch.is_grad_enabled():  # looking changes nothing
            self.u = u
        sigma = u.mT @ matrix @ v  # (..., 1, 1)
        return weight / sigma.view(-1, *[1] * (weight.ndim - 1))

    def _iterate(self, matrix: Tensor) -> tuple[Tensor, Tensor]:
        """Nearer to the left and right singular vectors that belong to sigma."""
        v = F.normalize(matrix.mT @ self.u, dim=-2)
        return F.normalize(matrix @ v, dim=-2), v

    @staticmethod
    def _matrix(weight: Tensor) -> Tensor:
        """(..., out, in): a Linear's as it is, a SeedLinear's turned, a convolution's flattened."""
        if weight.ndim == 3:
            return weight.mT
        return weight.flatten(1)


def judges_alone(discriminator: nn.Module) -> bool:
    """Whether D(x) is a function of one x, of which there can be a picture."""
    together = (Pack, MinibatchStd)
    return not any(isinstance(part, together) for part in discriminator.modules())


# ---- ready-made ------------------------------------------------------------------------


def mlp_generator(
    latent_dim: int,
    data_dim: int,
    *,
    hidden_dim: int = 128,
    depth: int = 2,
    activation: Callable[[], nn.Module] = leaky_relu,
    layer: Layer = linear,
    pixels: bool = False,
    classes: int = 0,
    rng: torch.Generator,
) -> nn.Module:
    """z (..., latent_dim), and labels (...) if there are classes -> x (..., data_dim).

    pixels: x lies in [0, 1]; the sigmoid is part of the map, since the discriminator has to see
    what a viewer sees.
    """
    net = mlp([latent_dim + classes, *[hidden_dim] * depth, data_dim], rng, activation, layer)
    net = net.append(nn.Sigmoid()) if pixels else net
    return Conditional(net, classes) if classes else net


def conv_generator(
    latent_dim: int,
    shape: tuple[int, int, int],
    *,
    hidden_dim: int = 32,
    depth: int = 2,
    activation: Callable[[], nn.Module] = relu,
    classes: int = 0,
    rng: torch.Generator,
) -> nn.Module:
    """The same for pictures of `shape` (C, H, W), as DCGAN has it: z (..., L) -> x (..., C H W).

    Radford 2015, arXiv:1511.06434, section 3: strided convolutions.  Not its BatchNorm: a picture
    is to depend on its own z alone.  hidden_dim: channels of the last layer but one; each one
    before it has twice as many.
    """
    stack: Any = {"hidden_dim": hidden_dim, "depth": depth, "activation": activation}
    net = conv_decoder(latent_dim + classes, shape, rng, **stack)
    net = net.append(nn.Sigmoid())
    return Conditional(net, classes) if classes else net


def mlp_discriminator(
    data_dim: int,
    *,
    hidden_dim: int = 128,
    depth: int = 2,
    activation: Callable[[], nn.Module] = leaky_relu,
    layer: Layer = linear,
    packing: int = 1,
    minibatch_std: bool = False,
    spectral_norm: bool = False,
    classes: int = 0,
    rng: torch.Generator,
) -> nn.Module:
    """x (..., data_dim), and labels (...) -> logit (...).  D(x) = sigmoid(logit): is x real?

    packing m: x (..., B, data_dim) -> (..., B / m), one logit for each m of them together.
    """
    widths = [packing * (data_dim + classes), *[hidden_dim] * depth]
    net = mlp([*widths, 1], rng, activation, layer)
    net = net.insert(0, Pack(packing)) if packing > 1 else net
    net = _with_std(net, layer(widths[-1] + 1, 1, rng)) if minibatch_std else net
    net = _normalised(net, rng) if spectral_norm else net
    net = net.append(nn.Flatten(-2))
    return Conditional(net, classes) if classes else net


def conv_discriminator(
    shape: tuple[int, int, int],
    *,
    hidden_dim: int = 32,
    depth: int = 2,
    activation: Callable[[], nn.Module] = leaky_relu,
    packing: int = 1,
    minibatch_std: bool = False,
    spectral_norm: bool = False,
    classes: int = 0,
    rng: torch.Generator,
) -> nn.Module:
    """The same of convolutions, for flat pictures of `shape` (C, H, W)."""
    channels, height, width = shape
    stack: Any = {"hidden_dim": hidden_dim, "depth": depth, "activation": activation}
    net = conv_encoder((packing * (channels + classes), height, width), 1, rng, **stack)
    features = cast(nn.Linear, net[-1]).in_features
    net = net.insert(0, Pack(packing)) if packing > 1 else net
    net = _with_std(net, linear(features + 1, 1, rng)) if minibatch_std else net
    net = _normalised(net, rng) if spectral_norm else net
    net = net.append(nn.Flatten(-2))
    return Conditional(net, classes, height * width) if classes else net


def _with_std(net: nn.Sequential, last: nn.Module) -> nn.Sequential:
    """Put MinibatchStd before the last layer, which takes one feature more."""
    net.pop(-1)
    return net.extend([MinibatchStd(), last])


def _normalised(net: nn.Sequential, rng: torch.Generator) -> nn.Sequential:
    """Give every layer of `net` that has a weight a SpectralNorm."""
    for layer in [layer for layer in net.modules() if hasattr(layer, "weight")]:
        norm = SpectralNorm(cast(Tensor, layer.weight), rng)
        register_parametrization(layer, "weight", norm, unsafe=True)  # safe: one pass to try it
    return net
