"""The floor of a training step: its matrix products and one fused Adam, and nothing else.

Whoever computes these gradients with this library is not faster.  Measured on the spot, on tensors
of the sizes that a step has.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor

Step = Callable[[], object]
Widths = Sequence[int]  # of an MLP, as `nets.mlp` takes them


def vae(data_dim: int, hidden_dim: int, latent_dim: int, batch: int) -> Step:
    """Of a VAE of one hidden layer each way."""
    encoder, decoder = (data_dim, hidden_dim, 2 * latent_dim), (latent_dim, hidden_dim, data_dim)
    work = products(encoder, batch, inputs=False) + products(decoder, batch)
    return _all([*work, adam(encoder, decoder)])


def gan(generator: Widths, discriminator: Widths, batch: int) -> Step:
    """Of a GAN: its fakes serve both halves, and in the generator's the gradient passes through the
    discriminator, not into it."""
    work = products(generator, batch, inputs=False)
    work += products(discriminator, 2 * batch, inputs=False)
    work += products(discriminator, batch, weights=False)
    return _all([*work, adam(generator), adam(discriminator)])


def products(widths: Widths, batch: int, weights: bool = True, inputs: bool = True) -> list[Step]:
    """Of an MLP there and back, without the gradients of its weights, or of its first input."""
    work: list[Step] = []
    for i, (fan_in, fan_out) in enumerate(pairwise(widths)):
        x, w = torch.randn(batch, fan_in), torch.randn(fan_in, fan_out)
        gradient = torch.randn(batch, fan_out)
        work.append(_product(x, w))
        work += [_product(x.T, gradient)] if weights else []
        work += [_product(gradient, w.T)] if inputs or i else []
    return work


def _product(a: Tensor, b: Tensor) -> Step:
    out = torch.empty(len(a), b.shape[1])
    return lambda: torch.mm(a, b, out=out)


def adam(*nets: Widths) -> Step:
    """One fused Adam over all that learns in these nets."""
    parameters = []
    for fan_in, fan_out in (pair for widths in nets for pair in pairwise(widths)):
        for shape in (fan_in, fan_out), (fan_out,):
            parameters.append(torch.randn(shape, requires_grad=True))
            parameters[-1].grad = torch.randn(shape)
    return torch.optim.Adam(parameters, fused=True).step


def _all(work: Sequence[Step]) -> Step:
    def step() -> None:
        for each in work:
            each()

    return step
