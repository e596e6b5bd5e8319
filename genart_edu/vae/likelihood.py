"""p(x|z): what the decoder's numbers mean.  The reconstruction cost is -log p(x|z), in nats.

Each takes the decoder's output and offers
    nll(x) -> (...)     -log p(x|z), summed over the D pixels, never averaged
    mean (..., D)       E[x|z], the picture to show
    sample(rng)         one draw of x, (..., D)
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F


class Bernoulli:
    """Each pixel is a coin: p(x|z) = prod_d  p_d^x_d (1 - p_d)^(1 - x_d),  p = sigmoid(logits).

    For pixels that are 0 or 1.  Grey pixels are taken as probabilities: then nll is a cross
    entropy that contains the pixels' own entropy, and no longer the -log of a density.
    """

    numbers_per_pixel = 1

    def __init__(self, output: Tensor) -> None:
        self.logits = output  # (..., D)

    def nll(self, x: Tensor) -> Tensor:
        logits, x = torch.broadcast_tensors(self.logits, x)
        return F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1)

    @property
    def mean(self) -> Tensor:
        return self.logits.sigmoid()

    def sample(self, rng: torch.Generator) -> Tensor:
        return torch.bernoulli(self.mean, generator=rng)


class Gaussian:
    """Each pixel has a mean and a variance:  p(x|z) = prod_d N(x_d; mean_d, exp logvar_d).

    The log variance has a floor, reached smoothly.  Without one a pixel that never changes buys
    likelihood without end: its variance shrinks to nothing, and the bound has no optimum.
    -6 is a standard deviation of 0.05, on pixels in [0, 1].
    """

    numbers_per_pixel = 2
    logvar_floor = -6.0

    def __init__(self, output: Tensor) -> None:
        self.mean, free = output.chunk(2, dim=-1)  # (..., D) each
        self.logvar = self.logvar_floor + F.softplus(free - self.logvar_floor)

    def nll(self, x: Tensor) -> Tensor:
        squares = (x - self.mean).square() * (-self.logvar).exp()
        return 0.5 * (math.log(2 * math.pi) + self.logvar + squares).sum(-1)

    def sample(self, rng: torch.Generator) -> Tensor:
        noise = torch.randn(self.mean.shape, generator=rng, device=self.mean.device)
        return self.mean + (0.5 * self.logvar).exp() * noise
