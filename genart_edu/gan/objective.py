"""The losses of the two players, in nats per example; each is minimised by its own player.

    min_G max_D V(D, G) = E[ log D(x) ] + E[ log(1 - D(G(z))) ],    D = sigmoid(logit)

Goodfellow et al. 2014, arXiv:1406.2661, eq. 1.  With s = softplus: -log D = s(-logit) and
-log(1 - D) = s(logit), so no logarithm of zero is ever taken.
"""

from torch import Tensor
from torch.nn import functional as F


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
