"""p(x|z): what the decoder's numbers mean.  The reconstruction cost is -log p(x|z), in nats.

A *likelihood* turns the decoder's output into such a distribution: `Bernoulli` for pixels that are
0 or 1; for grey ones a Gaussian whose variance is given, learned by the decoder, or always the
best.  `numbers_per_pixel` says how many numbers it takes.  The distribution offers
    nll(x) -> (...)     -log p(x|z), summed over the D pixels, never averaged
    mean (..., D)       E[x|z], the picture to show
    sample(rng)         one draw of x, (..., D)
"""

import math
from typing import Protocol

import torch
from torch import Tensor, nn
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
        p = self.mean
        return (torch.rand(p.shape, generator=rng, device=p.device) < p).to(p.dtype)


class Gaussian:
    """Each pixel has a mean and a variance:  p(x|z) = prod_d N(x_d; mean_d, exp logvar_d)."""

    def __init__(self, mean: Tensor, logvar: Tensor) -> None:
        self.mean, self.logvar = mean, logvar  # (..., D); (..., D), or () where all share one

    def nll(self, x: Tensor) -> Tensor:
        squares = (x - self.mean).square() * (-self.logvar).exp()
        return 0.5 * (math.log(2 * math.pi) + self.logvar + squares).sum(-1)

    def sample(self, rng: torch.Generator) -> Tensor:
        noise = torch.randn(self.mean.shape, generator=rng, device=self.mean.device)
        return self.mean + (0.5 * self.logvar).exp() * noise


class Likelihood(Protocol):
    """What a VAE asks for: decoder output (..., numbers_per_pixel D) -> p(x|z)."""

    numbers_per_pixel: int

    def __call__(self, output: Tensor, /) -> Bernoulli | Gaussian: ...


class GivenVariance(nn.Module):
    """One variance for all pixels, that you choose.

    The reconstruction is then SSE / (2 variance), and a constant.  With 1, the famous
    1/2 SSE + KL: on pixels in [0, 1] it allows an error as wide as the whole range.
    """

    numbers_per_pixel = 1
    variance: Tensor

    def __init__(self, variance: float = 1.0) -> None:
        super().__init__()
        if not 0 < variance < math.inf:
            raise ValueError(f"variance must be a finite number above 0; got {variance}.")
        self.register_buffer("variance", torch.tensor(float(variance)))

    def forward(self, output: Tensor) -> Gaussian:
        return Gaussian(output, self.variance.log())


class OptimalVariance(GivenVariance):
    """One variance for all pixels, always the best: the mean squared error of the last batch.

    Of all variances that one makes the batch most likely: the "optimal sigma-VAE" of Rybkin 2021,
    arXiv:2006.13202.  A trainer calls `fit` after each step, so p(x|z) is a fixed density whenever
    one looks.
    """

    least = 1e-6  # a perfect copy would be a variance of 0

    @torch.no_grad()
    def fit(self, nll: Tensor, data_dim: int) -> None:
        """nll (...): -log p(x|z) as it was measured.  It holds the mean squared error:

        nll = D/2 ( log 2 pi variance + MSE / variance ).
        """
        ratio = nll.mean() * (2 / data_dim) - (2 * math.pi * self.variance).log()
        self.variance.mul_(ratio).clamp_(min=self.least)


class LearnedVariance(nn.Module):
    """The decoder says a mean and a log variance for each pixel.

    The log variance has a floor, reached smoothly.  Without one a pixel that never changes buys
    likelihood without end: its variance shrinks to nothing, and the bound has no optimum.
    -6 is a standard deviation of 0.05, on pixels in [0, 1].
    """

    numbers_per_pixel = 2
    floor = -6.0

    def forward(self, output: Tensor) -> Gaussian:
        mean, free = output.chunk(2, dim=-1)  # (..., D) each
        return Gaussian(mean, self.floor + F.softplus(free - self.floor))
