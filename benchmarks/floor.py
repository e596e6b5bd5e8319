"""The floor of a training step: its matrix products and one fused Adam, and nothing else.

Nothing that computes the same gradients with the same library can be faster.  Measured on the spot,
on tensors of the sizes that a step has.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor

Step = Callable[[], object]


def products(widths: Sequence[int], batch: int, weights: bool, inputs: bool) -> list[Step]:
    """Of one pass of an MLP, there and back.  weights: with the gradient of the weights; inputs:
    with that of what came in."""
    work: list[Step] = []
    for i, (fan_in, fan_out) in enumerate(pairwise(widths)):
        x, w, g = torch.randn(batch, fan_in), torch.randn(fan_in, fan_out), torch.randn(batch, fan_out)
        work.append(_product(x, w))
        if weights:
            work.append(_product(x.T, g))
        if inputs or i > 0:
            work.append(_product(g, w.T))
    return work


def _product(a: Tensor, b: Tensor) -> Step:
    out = torch.empty(len(a), b.shape[1])
    return lambda: torch.mm(a, b, out=out)


def adam(*nets: Sequence[int]) -> list[Step]:
    """One fused Adam for each net, over all that learns in it."""
    steps: list[Step] = []
    for widths in nets:
        shapes = [s for fan_in, fan_out in pairwise(widths) for s in ((fan_in, fan_out), (fan_out,))]
        parameters = [torch.randn(shape, requires_grad=True) for shape in shapes]
        for each in parameters:
            each.grad = torch.randn_like(each)
        steps.append(torch.optim.Adam(parameters, fused=True).step)
    return steps


def vae(data_dim: int, hidden_dim: int, latent_dim: int, batch: int) -> Step:
    """Of a VAE of one hidden layer each way."""
    there, back = (data_dim, hidden_dim, 2 * latent_dim), (latent_dim, hidden_dim, data_dim)
    work = products(there, batch, weights=True, inputs=False)
    work += products(back, batch, weights=True, inputs=True) + adam(there + back[:0], back)
    return _all(work)


def gan(generator: Sequence[int], discriminator: Sequence[int], batch: int) -> Step:
    """Of a GAN whose discriminator sees the real and the fake at once, and whose fakes serve both
    halves."""
    work = products(generator, batch, weights=True, inputs=False)
    work += products(discriminator, 2 * batch, weights=True, inputs=False)
    work += products(discriminator, batch, weights=False, inputs=True)
    return _all(work + adam(generator, discriminator))


def _all(work: list[Step]) -> Step:
    def step() -> None:
        for each in work:
            each()

    return step
