"""The two players' losses against cross entropy, known gradients and the known optimum."""

import math

import pytest
import torch
from torch import Tensor
from torch.distributions import Categorical, kl_divergence
from torch.nn import functional as F

from genart_edu.gan.objective import discriminator_loss, minimax, nonsaturating

# Beyond 20 torch's softplus is a straight line, wrong by exp(-20) = 2e-9: under float32's rounding.
LOGITS = torch.linspace(-20, 20, 81, dtype=torch.float64)


def sigmoid(logit: Tensor) -> Tensor:
    return torch.where(logit < 0, logit.exp() / (1 + logit.exp()), 1 / (1 + (-logit).exp()))


def slope(loss, logits: Tensor) -> Tensor:
    logits = logits.clone().requires_grad_()
    return torch.autograd.grad(loss(logits).sum(), logits)[0]


def test_the_discriminators_loss_is_its_cross_entropy():
    """Real ones are labelled 1, fakes 0."""
    rng = torch.Generator().manual_seed(0)
    real, fake = 5 * torch.randn(2, 100, generator=rng, dtype=torch.float64)
    cross_entropy = F.binary_cross_entropy_with_logits
    on_real = cross_entropy(real, torch.ones_like(real), reduction="none")
    on_fake = cross_entropy(fake, torch.zeros_like(fake), reduction="none")
    expected = on_real + on_fake
    torch.testing.assert_close(discriminator_loss(real, fake), expected, rtol=0, atol=1e-12)


def test_the_generators_losses_are_the_logarithms_they_say():
    d = sigmoid(LOGITS[20:61])  # moderate logits, where a plain logarithm is exact enough
    torch.testing.assert_close(nonsaturating(LOGITS[20:61]), -d.log(), rtol=0, atol=1e-10)
    torch.testing.assert_close(minimax(LOGITS[20:61]), (1 - d).log(), rtol=0, atol=1e-10)


def test_gradients_in_the_logit():
    torch.testing.assert_close(slope(nonsaturating, LOGITS), -sigmoid(-LOGITS), rtol=0, atol=1e-12)
    torch.testing.assert_close(slope(minimax, LOGITS), -sigmoid(LOGITS), rtol=0, atol=1e-12)
    real = slope(lambda logits: discriminator_loss(logits, LOGITS), LOGITS)
    fake = slope(lambda logits: discriminator_loss(LOGITS, logits), LOGITS)
    torch.testing.assert_close(real, -sigmoid(-LOGITS), rtol=0, atol=1e-12)
    torch.testing.assert_close(fake, sigmoid(LOGITS), rtol=0, atol=1e-12)


def test_a_fake_that_is_found_out_learns_exp_times_more_from_the_nonsaturating_loss():
    ratio = slope(nonsaturating, LOGITS) / slope(minimax, LOGITS)
    torch.testing.assert_close(ratio, (-LOGITS).exp(), rtol=1e-12, atol=0)


@pytest.mark.parametrize("logit", [-1_000.0, 1_000.0])
@pytest.mark.parametrize(
    "loss",
    [
        nonsaturating,
        minimax,
        lambda logits: discriminator_loss(logits, torch.zeros(1)),
        lambda logits: discriminator_loss(torch.zeros(1), logits),
    ],
)
def test_losses_and_gradients_are_finite_at_logits_of_a_thousand(loss, logit):
    logits = torch.tensor([logit])
    assert loss(logits).isfinite().all() and abs(loss(logits).item()) < 1_001
    assert slope(loss, logits).abs().item() in (0, 1)


def test_a_discriminator_that_can_only_guess_pays_two_log_two():
    zero = torch.zeros(3, dtype=torch.float64)
    torch.testing.assert_close(discriminator_loss(zero, zero), zero + 2 * math.log(2))
    torch.testing.assert_close(nonsaturating(zero), zero + math.log(2))
    torch.testing.assert_close(minimax(zero), zero - math.log(2))


def test_one_number_an_example():
    logits = torch.zeros(4, 5)
    for loss in nonsaturating(logits), minimax(logits), discriminator_loss(logits, logits):
        assert loss.shape == (4, 5)


def test_the_value_at_the_optimal_discriminator_is_twice_jensen_shannon_less_log_four():
    """Goodfellow 2014, theorem 1, for two dice: D* = p / (p + q)."""
    p = torch.tensor([0.5, 0.3, 0.1, 0.1], dtype=torch.float64)
    q = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)
    middle = Categorical((p + q) / 2)
    js = (kl_divergence(Categorical(p), middle) + kl_divergence(Categorical(q), middle)) / 2

    def value(logits: Tensor) -> Tensor:
        """V(D) = E_p log D + E_q log(1 - D); each face is a real one in p, a fake one in q."""
        pairs = discriminator_loss(logits.unsqueeze(1), logits)  # every (real, fake) there is
        return -(p.unsqueeze(1) * q * pairs).sum()

    best = (p / q).log()  # the logit of D*
    assert value(best).item() == pytest.approx(-math.log(4) + 2 * js.item(), abs=1e-12)
    assert slope(value, best).abs().max() < 1e-12
    rng = torch.Generator().manual_seed(0)
    for _ in range(20):
        other = best + torch.randn(4, generator=rng, dtype=torch.float64)
        assert value(other) < value(best)


def test_minimax_is_the_generators_side_of_the_value():
    zero = torch.zeros_like(LOGITS)
    value = -discriminator_loss(zero, LOGITS)  # log D(x) does not know the generator
    torch.testing.assert_close(minimax(LOGITS), value + math.log(2), rtol=0, atol=1e-12)
