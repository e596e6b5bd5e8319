"""The two players' losses against cross entropy, known gradients and known optima."""

import math

import pytest
import torch
from scipy.stats import wasserstein_distance
from torch import Tensor
from torch.distributions import Categorical, kl_divergence
from torch.nn import functional as F

from genart_edu.gan.objective import (
    HINGE,
    LEAST_SQUARES,
    MINIMAX,
    NONSATURATING,
    WASSERSTEIN,
    discriminator_loss,
    hinge_discriminator,
    least_squares,
    least_squares_discriminator,
    minimax,
    nonsaturating,
    wasserstein,
    wasserstein_discriminator,
)

# Beyond 20 torch's softplus is a straight line, wrong by exp(-20) = 2e-9: under float32's rounding.
LOGITS = torch.linspace(-20, 20, 81, dtype=torch.float64)
OBJECTIVES = [MINIMAX, NONSATURATING, LEAST_SQUARES, HINGE, WASSERSTEIN]
EACH = pytest.mark.parametrize(
    "objective", OBJECTIVES, ids=["minimax", "nonsaturating", "least squares", "hinge", "critic"]
)

# Two dice: how often a real one and a fake one show each face.
P = torch.tensor([0.5, 0.3, 0.1, 0.1], dtype=torch.float64)
Q = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)


def sigmoid(logit: Tensor) -> Tensor:
    return torch.where(logit < 0, logit.exp() / (1 + logit.exp()), 1 / (1 + (-logit).exp()))


def slope(loss, logits: Tensor) -> Tensor:
    logits = logits.clone().requires_grad_()
    return torch.autograd.grad(loss(logits).sum(), logits)[0]


def cost(loss, logits: Tensor) -> Tensor:
    """The discriminator's mean loss on the dice, if it gives each face this logit."""
    pairs = loss(logits.unsqueeze(1), logits)  # every (real, fake) there is
    return (P.unsqueeze(1) * Q * pairs).sum()


def others(best: Tensor) -> list[Tensor]:
    rng = torch.Generator().manual_seed(0)
    return [best + torch.randn(4, generator=rng, dtype=torch.float64) for _ in range(20)]


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


def test_least_squares_are_half_of_torchs_squared_errors():
    real, fake = LOGITS, LOGITS.flip(0)
    mse = F.mse_loss
    one = torch.ones_like(real)
    pair = (mse(real, one, reduction="none") + mse(fake, -one, reduction="none")) / 2
    torch.testing.assert_close(least_squares_discriminator(real, fake), pair)
    torch.testing.assert_close(least_squares(fake), mse(fake, one, reduction="none") / 2)


def test_the_hinge_is_torchs_hinge():
    """torch's is max(0, margin - x) for a target of -1."""
    real, fake = LOGITS, LOGITS.flip(0)
    target = -torch.ones_like(real)
    pair = sum(F.hinge_embedding_loss(x, target, 1.0, reduction="none") for x in (real, -fake))
    torch.testing.assert_close(hinge_discriminator(real, fake), pair)


def test_a_critics_loss_is_a_difference():
    assert wasserstein_discriminator(torch.tensor(2.0), torch.tensor(5.0)) == 3
    assert wasserstein(torch.tensor(5.0)) == -5


def test_gradients_in_the_logit():
    """By hand; a discriminator's in its real logit, then in its fake one."""
    x = LOGITS[LOGITS.abs() != 1]  # where a hinge has none
    one = torch.ones_like(x)
    known = {
        MINIMAX: (-sigmoid(-x), sigmoid(x), -sigmoid(x)),
        NONSATURATING: (-sigmoid(-x), sigmoid(x), -sigmoid(-x)),
        LEAST_SQUARES: (x - 1, x + 1, x - 1),
        HINGE: (-(x < 1).double(), (x > -1).double(), -one),
        WASSERSTEIN: (-one, one, -one),
    }
    for (discriminator, generator), (on_real, on_fake, expected) in known.items():
        real = slope(lambda logits, loss=discriminator: loss(logits, x), x)
        fake = slope(lambda logits, loss=discriminator: loss(x, logits), x)
        torch.testing.assert_close(real, on_real, rtol=0, atol=1e-12)
        torch.testing.assert_close(fake, on_fake, rtol=0, atol=1e-12)
        torch.testing.assert_close(slope(generator, x), expected, rtol=0, atol=1e-12)


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


@EACH
@pytest.mark.parametrize("logit", [-1_000.0, 1_000.0])
def test_no_objective_overflows_at_logits_of_a_thousand(objective, logit):
    logits, zero = torch.tensor([logit]), torch.zeros(1)
    for loss in (
        objective.generator,
        lambda logits: objective.discriminator(logits, zero),
        lambda logits: objective.discriminator(zero, logits),
    ):
        assert loss(logits).isfinite().all() and slope(loss, logits).isfinite().all()


def test_a_discriminator_that_can_only_guess_pays_two_log_two():
    zero = torch.zeros(3, dtype=torch.float64)
    torch.testing.assert_close(discriminator_loss(zero, zero), zero + 2 * math.log(2))
    torch.testing.assert_close(nonsaturating(zero), zero + math.log(2))
    torch.testing.assert_close(minimax(zero), zero - math.log(2))


def test_what_guessing_costs_each_player():
    two = math.log(2)
    known = [(2 * two, -two), (2 * two, two), (1, 0.5), (2, 0), (0, 0)]
    for objective, expected in zip(OBJECTIVES, known, strict=True):
        assert objective.guessing() == pytest.approx(expected)


@EACH
def test_one_number_an_example(objective):
    logits = torch.zeros(4, 5)
    for loss in objective.discriminator(logits, logits), objective.generator(logits):
        assert loss.shape == (4, 5)


def test_the_value_at_the_optimal_discriminator_is_twice_jensen_shannon_less_log_four():
    """Goodfellow 2014, theorem 1, for two dice: D* = p / (p + q)."""
    middle = Categorical((P + Q) / 2)
    js = (kl_divergence(Categorical(P), middle) + kl_divergence(Categorical(Q), middle)) / 2

    def value(logits: Tensor) -> Tensor:
        """V(D) = E_p log D + E_q log(1 - D); each face is a real one in p, a fake one in q."""
        return -cost(discriminator_loss, logits)

    best = (P / Q).log()  # the logit of D*
    assert value(best).item() == pytest.approx(-math.log(4) + 2 * js.item(), abs=1e-12)
    assert slope(value, best).abs().max() < 1e-12
    assert all(value(other) < value(best) for other in others(best))


def test_the_least_squares_optimum_is_the_difference_over_the_sum():
    """And its cost is 1 - the sum of (p - q)^2 / (p + q) / 2: Mao 2017, section 3.2."""
    best = (P - Q) / (P + Q)
    expected = 1 - ((P - Q) ** 2 / (P + Q)).sum() / 2
    assert cost(least_squares_discriminator, best).item() == pytest.approx(expected.item())
    assert slope(lambda x: cost(least_squares_discriminator, x), best).abs().max() < 1e-12
    worse = [cost(least_squares_discriminator, other) for other in others(best)]
    assert min(worse) > cost(least_squares_discriminator, best)


def test_the_hinges_optimum_is_the_sign_of_the_difference():
    """And its cost is 2 - 2 TV, TV = sum |p - q| / 2: Lim & Ye 2017, section 3."""
    best = (P - Q).sign()
    expected = 2 - (P - Q).abs().sum()
    assert cost(hinge_discriminator, best).item() == pytest.approx(expected.item(), abs=1e-12)
    worse = [cost(hinge_discriminator, other) for other in others(best)]
    assert min(worse) > cost(hinge_discriminator, best)


def test_a_critic_of_unit_slope_measures_wassersteins_distance():
    """Between N(1, 1) and N(-2, 1) it is 3, for D(x) = x; a slope of both signs finds less."""
    rng = torch.Generator().manual_seed(0)
    real = 1 + torch.randn(20_000, generator=rng, dtype=torch.float64)
    fake = -2 + torch.randn(20_000, generator=rng, dtype=torch.float64)
    found = -wasserstein_discriminator(real, fake).mean().item()
    assert found == pytest.approx(3, abs=5 * (2 / 20_000) ** 0.5)
    assert found == pytest.approx(wasserstein_distance(real, fake), abs=1e-2)
    for critic in (lambda x: 0.9 * x, torch.abs, torch.sin, lambda x: -x):
        assert -wasserstein_discriminator(critic(real), critic(fake)).mean() < found


def test_minimax_is_the_generators_side_of_the_value():
    zero = torch.zeros_like(LOGITS)
    value = -discriminator_loss(zero, LOGITS)  # log D(x) does not know the generator
    torch.testing.assert_close(minimax(LOGITS), value + math.log(2), rtol=0, atol=1e-12)
