"""A discriminator that is trained alone becomes the known optimum, p / (p + q), of known densities.

Goodfellow 2014, proposition 1: error in D by quadrature, under (p + q) / 2, and its loss against
the Jensen-Shannon divergence, log 2 - loss / 2 (theorem 1).
"""

import math
from functools import partial

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal
from torch.nn import functional as F

from genart_edu.data.densities import Density, moons, ring
from genart_edu.gan.model import mlp_discriminator
from genart_edu.gan.schedule import cosine
from genart_edu.gan.training import GANTrainer
from genart_edu.nets import SeedLinear

SEEDS = 4


class Line:
    """A mixture of Gaussians on the line."""

    def __init__(self, weights: list[float], means: list[float], stds: list[float]) -> None:
        self.weights, self.means, self.stds = map(torch.tensor, (weights, means, stds))

    def sample(self, n: int, rng: torch.Generator) -> Tensor:
        k = torch.multinomial(self.weights, n, replacement=True, generator=rng)
        return (self.means[k] + self.stds[k] * torch.randn(n, generator=rng)).unsqueeze(-1)

    def log_prob(self, x: Tensor) -> Tensor:
        parts = Normal(self.means.double(), self.stds.double())
        return MixtureSameFamily(Categorical(self.weights), parts).log_prob(x.squeeze(-1))


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def trained(p: Density | Line, dim: int, std: float, steps: int, batch: int, seed: int = 0):
    """Four discriminators as one, of p against N(0, std^2 I): only they learn."""
    generator = nn.Linear(dim, dim)  # a fixed affine map of z
    with torch.no_grad():
        generator.weight.copy_(std * torch.eye(dim))
        generator.bias.zero_()
    width = 32 if dim == 1 else 64
    layer = partial(SeedLinear, SEEDS)
    judge = mlp_discriminator(dim, hidden_dim=width, layer=layer, rng=seeded(seed))
    trainer = GANTrainer(generator, judge, latent_dim=dim, rng=seeded(seed + 1))
    rng = seeded(seed + 2)
    for step in range(steps):
        trainer.discriminator_lr = 2e-2 * cosine(step, steps)
        real = p.sample(SEEDS * batch, rng).unflatten(0, (SEEDS, batch))
        trainer.discriminator_step(real)
    return judge


def lattice(dim: int) -> tuple[Tensor, float]:
    """Places (P, dim) that are all there is to p and q, and the size of each one's cell."""
    reach, n = (8, 4_001) if dim == 1 else (4, 321)
    axis = torch.linspace(-reach, reach, n, dtype=torch.float64)
    x = axis.unsqueeze(-1) if dim == 1 else torch.cartesian_prod(axis, axis)
    return x, (2 * reach / (n - 1)) ** dim


@pytest.mark.parametrize(
    ("p", "dim", "std", "steps", "batch"),
    [
        (Line([1.0], [1.0], [1.0]), 1, 1.0, 600, 256),
        (Line([1.0], [2.0], [0.5]), 1, 1.0, 600, 256),
        (Line([0.3, 0.7], [-1.5, 1.0], [0.4, 0.6]), 1, 1.5, 1_000, 256),
        (moons().blurred(0.3), 2, 0.8, 1_200, 256),
        (ring().blurred(0.3), 2, 0.7, 1_500, 384),
    ],
    ids=["shifted", "apart", "mixture", "moons", "ring"],
)
def test_a_trained_discriminator_is_the_optimal_one(p, dim, std, steps, batch):
    judge = trained(p, dim, std, steps, batch)
    x, cell = lattice(dim)
    log_p = torch.cat([p.log_prob(part) for part in x.split(20_000)])
    log_q = Independent(Normal(torch.zeros(dim).double(), std), 1).log_prob(x)
    log_m = torch.logaddexp(log_p, log_q) - math.log(2)
    with torch.no_grad():
        logits = judge(x.float()).double()  # (SEEDS, P)

    def integral(y: Tensor) -> Tensor:
        return y.sum(-1) * cell

    torch.testing.assert_close(integral(log_p.exp()).item(), 1.0, rtol=0, atol=1e-5)
    off = (logits.sigmoid() - (log_p - log_q).sigmoid()).abs()
    error = integral(off * log_m.exp())
    js = integral(log_p.exp() * (log_p - log_m) + log_q.exp() * (log_q - log_m)) / 2
    loss = integral(log_p.exp() * F.softplus(-logits) + log_q.exp() * F.softplus(logits))
    estimate = math.log(2) - loss / 2
    assert error.shape == (SEEDS,) and error.max() <= 0.02
    assert (estimate - js).abs().max() <= 0.01
    assert (estimate <= js + 1e-6).all()  # no other discriminator does better
