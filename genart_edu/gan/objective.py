"""The losses of the two players, one number an example; each is minimised by its own player.

    min_G max_D V(D, G) = E[ log D(x) ] + E[ log(1 - D(G(z))) ],    D = sigmoid(logit)

Goodfellow et al. 2014, arXiv:1406.2661, eq. 1.  With s = softplus: -log D = s(-logit) and
-log(1 - D) = s(logit), so no logarithm of zero is ever taken.  The first three losses are in nats.
In all five kinds a logit of 0 says "I can't tell", so they can be compared.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

Judge = Callable[[Tensor], Tensor]  # x (..., B, D) -> logits (..., B): a discriminator


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """-log D(x) - log(1 - D(G(z))): the discriminator's cross entropy on a pair.  (B,) -> (B,).

    2 log 2 = 1.386 for a discriminator that cannot tell them apart and always says 1/2.
    """
    return F.softplus(-real_logits) + F.softplus(fake_logits)


def nonsaturating(fake_logits: Tensor) -> Tensor:
    """-log D(G(z)): the generator's loss that is used in practice (section 3).  (B,) -> (B,).

    Its gradient in the logit is -sigmoid(-logit): strongest where the fake is found out.
    """
    return F.softplus(-fake_logits)


def minimax(fake_logits: Tensor) -> Tensor:
    """log(1 - D(G(z))): the generator's side of V itself, negative.  (B,) -> (B,).

    Its gradient in the logit is -sigmoid(logit): it vanishes where the fake is found out.
    """
    return -F.softplus(fake_logits)


def least_squares_discriminator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """(D(x) - 1)^2 / 2 + (D(G(z)) + 1)^2 / 2: 1 for real, -1 for fake.  (B,) -> (B,).

    Mao 2017, arXiv:1611.04076, eq. 2 with a = -1, b = c = 1.
    """
    return 0.5 * (real_logits - 1).square() + 0.5 * (fake_logits + 1).square()


def least_squares(fake_logits: Tensor) -> Tensor:
    """(D(G(z)) - 1)^2 / 2: a fake far on the wrong side is pulled the harder.  (B,) -> (B,)."""
    return 0.5 * (fake_logits - 1).square()


def hinge_discriminator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """max(0, 1 - D(x)) + max(0, 1 + D(G(z))): who is right by 1 learns no more.  (B,) -> (B,).

    Lim & Ye 2017, arXiv:1705.02894; Miyato 2018, arXiv:1802.05957, eq. 16.
    """
    return F.relu(1 - real_logits) + F.relu(1 + fake_logits)


def wasserstein_discriminator(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """D(G(z)) - D(x): minus the distance, if D is a critic whose slope is at most 1.  (B,) -> (B,).

    Arjovsky 2017, arXiv:1701.07875, section 3.  Without a penalty on its slope it has no minimum.
    """
    return fake_logits - real_logits


def wasserstein(fake_logits: Tensor) -> Tensor:
    """-D(G(z)): the generator's loss with a critic, and with a hinge.  (B,) -> (B,)."""
    return -fake_logits


class Objective(NamedTuple):
    """What each player minimises.

    discriminator: real_logits (B,), fake_logits (B,) -> (B,).  generator: fake_logits (B,) -> (B,).
    """

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]

    def guessing(self) -> tuple[float, float]:
        """Both losses where every logit is 0: at equilibrium, and for a D that learned nothing."""
        zero = torch.zeros(())
        losses = self.discriminator(zero, zero), self.generator(zero)
        return losses[0].item() + 0.0, losses[1].item() + 0.0  # and not -0.0


MINIMAX = Objective(discriminator_loss, minimax)
NONSATURATING = Objective(discriminator_loss, nonsaturating)
LEAST_SQUARES = Objective(least_squares_discriminator, least_squares)
HINGE = Objective(hinge_discriminator, wasserstein)
WASSERSTEIN = Objective(wasserstein_discriminator, wasserstein)


# ---- cures -----------------------------------------------------------------------------


def slopes(discriminator: Judge, x: Tensor) -> Tensor:
    """dD/dx at each x (..., B, D) -> (..., B, D); of packs (..., B / m, m D)."""
    x = x.detach().requires_grad_()
    logits = discriminator(x)
    (slope,) = torch.autograd.grad(logits.sum(), x, create_graph=True)
    return slope.reshape(*logits.shape, -1)


def gradient_penalty(critic: Judge, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
    """(|dD/dx| - 1)^2 at a uniformly drawn point between a real and a fake.  (B, D) -> (B,).

    Gulrajani 2017, arXiv:1704.00028, eq. 3, without its weight lambda.  In a pack each member lies
    between its own two.
    """
    share = torch.rand(*real.shape[:-1], 1, generator=rng, device=real.device)
    between = share * real + (1 - share) * fake.detach()
    return (torch.linalg.vector_norm(slopes(critic, between), dim=-1) - 1).square()


def r1(discriminator: Judge, real: Tensor) -> Tensor:
    """|dD/dx|^2 / 2 on real data: there, at equilibrium, D has to be flat.  (B, D) -> (B,).

    Mescheder 2018, arXiv:1801.04406, eq. 9, without its weight gamma.
    """
    return 0.5 * slopes(discriminator, real).square().sum(-1)


def instance_noise(x: Tensor, std: float, rng: torch.Generator) -> Tensor:
    """x + std noise, before D looks, on real and fake: then the two overlap.  Any shape.

    Sonderby 2017, arXiv:1610.04490, section 3; Arjovsky & Bottou 2017, arXiv:1701.04862, sec. 3.
    """
    return x + std * torch.randn(x.shape, generator=rng, device=x.device)


def unrolled(
    discriminator: nn.Module, loss: Callable[[Judge], Tensor], steps: int, lr: float
) -> Judge:
    """D as it will be after `steps` steps of gradient descent on its `loss`; itself stays.

    The steps are part of the graph: a generator that descends through them sees D's answer coming.
    loss: a discriminator -> its loss, (B,).  Metz 2017, arXiv:1611.02163, eq. 8 to 10.
    """
    weights: dict[str, Tensor] = dict(discriminator.named_parameters())

    def ahead(*x: Tensor) -> Tensor:
        return functional_call(discriminator, weights, x)

    for _ in range(steps):
        cost = loss(ahead).mean(-1).sum()
        found = torch.autograd.grad(cost, list(weights.values()), create_graph=True)
        moved = zip(weights.items(), found, strict=True)
        weights = {name: weight - lr * slope for (name, weight), slope in moved}
    return ahead
