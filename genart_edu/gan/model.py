"""The maps of a GAN: noise z -> x, and x -> one logit.  Goodfellow et al. 2014, arXiv:1406.2661.

Shapes: D data_dim, L latent_dim, K classes, m packing; leading dimensions (...) are free, but
convolutions want exactly one.
"""

from collections.abc import Callable
from typing import Any, cast

import torch
from torch import nn

from genart_edu.gan.layers import Conditional, MinibatchStd, Pack, normalised
from genart_edu.nets import Layer, Shape, conv_decoder, conv_encoder, leaky_relu, linear, mlp, relu


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
    shape: Shape,
    *,
    activation: Callable[[], nn.Module] = relu,
    classes: int = 0,
    rng: torch.Generator,
    **stack: int,
) -> nn.Module:
    """The same for pictures of `shape` (C, H, W), as DCGAN has it: z (..., L) -> x (..., C H W).

    Radford 2015, arXiv:1511.06434, section 3: strided convolutions.  Not its BatchNorm: a picture
    is to depend on its own z alone.  stack: hidden_dim, the channels of the last layer but one, of
    which each one before it has twice as many, and depth, as of `conv_decoder`.
    """
    net = conv_decoder(latent_dim + classes, shape, rng, activation=activation, **stack)
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
    net = normalised(net, rng) if spectral_norm else net
    net = net.append(nn.Flatten(-2))
    return Conditional(net, classes) if classes else net


def conv_discriminator(
    shape: Shape,
    *,
    packing: int = 1,
    minibatch_std: bool = False,
    spectral_norm: bool = False,
    classes: int = 0,
    rng: torch.Generator,
    **stack: Any,
) -> nn.Module:
    """The same of convolutions, for flat pictures of `shape` (C, H, W).

    stack: hidden_dim, depth and activation, as of `conv_encoder`.
    """
    channels, height, width = shape
    net = conv_encoder((packing * (channels + classes), height, width), 1, rng, **stack)
    features = cast(nn.Linear, net[-1]).in_features
    net = net.insert(0, Pack(packing)) if packing > 1 else net
    net = _with_std(net, linear(features + 1, 1, rng)) if minibatch_std else net
    net = normalised(net, rng) if spectral_norm else net
    net = net.append(nn.Flatten(-2))
    return Conditional(net, classes, height * width) if classes else net


def _with_std(net: nn.Sequential, last: nn.Module) -> nn.Sequential:
    """Put MinibatchStd before the last layer, which takes one feature more."""
    net.pop(-1)
    return net.extend([MinibatchStd(), last])
