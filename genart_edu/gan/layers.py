"""What a discriminator can be made of, beside plain layers: each a cure that reads as one line.

Shapes: D features, K classes, m packing; leading dimensions (...) are free.
"""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrize import register_parametrization


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
    arXiv:1710.10196, section 3.  A logit is then no function of its own x alone, and a slope dD/dx
    no longer quite what R1 and the gradient penalty mean.
    """

    def forward(self, x: Tensor) -> Tensor:
        std = (x.var(-2, correction=0, keepdim=True) + 1e-8).sqrt().mean(-1, keepdim=True)
        return torch.cat([x, std.expand(*x.shape[:-1], 1)], dim=-1)


class SpectralNorm(nn.Module):
    """W / sigma(W), its largest singular value: a linear map that stretches nothing.

    sigma by one power iteration a pass, from where the last one ended.  Miyato 2018,
    arXiv:1802.05957, algorithm 1.  W: of a linear map, of S of them, or of a convolution, whose
    kernel is taken as a matrix (out, in k k): as a map it can still stretch a little.
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
        return weight.mT if weight.ndim == 3 else weight.flatten(1)


def normalised(net: nn.Sequential, rng: torch.Generator) -> nn.Sequential:
    """Give every layer of `net` that has a weight a SpectralNorm."""
    for layer in [layer for layer in net.modules() if hasattr(layer, "weight")]:
        norm = SpectralNorm(cast(Tensor, layer.weight), rng)
        register_parametrization(layer, "weight", norm, unsafe=True)  # a check would turn u
    return net


def judges_alone(discriminator: nn.Module) -> bool:
    """Whether D(x) is a function of one x, of which there can be a picture."""
    return not any(isinstance(part, Pack | MinibatchStd) for part in discriminator.modules())
