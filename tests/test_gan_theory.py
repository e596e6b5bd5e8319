"""The field of two numbers against formulas by hand, its walks against theory, D* against torch.

The Dirac-GAN's formulas are those of Mescheder 2018, arXiv:1801.04406, with their sign of psi.
"""

import math

import pytest
import torch
from scipy.integrate import quad
from torch import Tensor, nn
from torch.distributions import Normal

from genart_edu.gan.objective import (
    HINGE,
    LEAST_SQUARES,
    MINIMAX,
    NONSATURATING,
    WASSERSTEIN,
    minimax,
    nonsaturating,
)
from genart_edu.gan.theory import (
    DiracDiscriminator,
    DiracGAN,
    alternating,
    eigenvalues,
    jensen_shannon,
    optimal_discriminator,
    play,
    simultaneous,
    verdict,
)
from genart_edu.gan.training import GANTrainer

OBJECTIVES = {
    "minimax": MINIMAX,
    "nonsaturating": NONSATURATING,
    "least_squares": LEAST_SQUARES,
    "hinge": HINGE,
    "wasserstein": WASSERSTEIN,
}
POINTS = 2 * torch.randn(300, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
close = torch.testing.assert_close


def exact(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def f(t: Tensor) -> Tensor:
    """f'(t) for f(t) = -log(1 + exp(-t))."""
    return 1 / (1 + t.exp())


def theirs(theta_psi: Tensor) -> tuple[Tensor, Tensor]:
    """Their theta and psi: our psi is high for real data, theirs for fakes."""
    return theta_psi[:, 0], -theta_psi[:, 1]


FIELDS = {  # theta, psi, theta psi -> the field, in their sign
    MINIMAX: lambda a, b, t: (-b * f(t), a * f(t)),
    NONSATURATING: lambda a, b, t: (-b * f(-t), a * f(t)),
    WASSERSTEIN: lambda a, b, t: (-b, a),
    LEAST_SQUARES: lambda a, b, t: (-b * (1 + t), a * (1 - t)),  # 1/2 (D - 1)^2, 1/2 (D + 1)^2
    HINGE: lambda a, b, t: (-b, a * (t < 1)),  # D learns from a fake until it is right by 1
}


@pytest.mark.parametrize("objective", OBJECTIVES.values(), ids=OBJECTIVES)
def test_the_field_is_the_papers(objective):
    theta, psi = theirs(POINTS)
    toward = theirs(DiracGAN(objective)(POINTS))
    close(toward, FIELDS[objective](theta, psi, theta * psi), rtol=0, atol=1e-12)


@pytest.mark.parametrize("objective", OBJECTIVES.values(), ids=OBJECTIVES)
def test_penalties_pull_at_psi_alone(objective):
    """Ours is Gulrajani's (|slope| - 1)^2, with the factor 2 in its slope that theirs lacks."""
    psi, plain = POINTS[:, 1], DiracGAN(objective)(POINTS)
    r1 = DiracGAN(objective, r1=0.7)(POINTS) - plain
    close(r1, torch.stack([0 * psi, -0.7 * psi], dim=-1), rtol=0, atol=1e-12)
    penalty = DiracGAN(objective, gradient_penalty=0.7)(POINTS) - plain
    pull = -2 * 0.7 * (psi.abs() - 1) * psi.sign()
    close(penalty, torch.stack([0 * psi, pull], dim=-1), rtol=0, atol=1e-12)


def test_consensus_of_a_wasserstein_game_pulls_to_the_middle():
    """The field turns by a right angle, so half its squared length is |(theta, psi)|^2 / 2."""
    toward = DiracGAN(WASSERSTEIN, consensus=0.3)(POINTS)
    close(toward, DiracGAN(WASSERSTEIN)(POINTS) - 0.3 * POINTS, rtol=0, atol=1e-12)


@pytest.mark.parametrize("objective", [MINIMAX, NONSATURATING, LEAST_SQUARES])
def test_consensus_descends_on_the_length_of_the_field(objective):
    """Half its square, by central differences."""
    plain = DiracGAN(objective)
    pull = DiracGAN(objective, consensus=1.0)(POINTS) - plain(POINTS)

    def slope(of: int) -> Tensor:
        nudge = 1e-5 * torch.eye(2).double()[of]
        up, down = (plain(POINTS + sign * nudge).square().sum(-1) / 2 for sign in (1, -1))
        return (up - down) / 2e-5

    close(pull, -torch.stack([slope(0), slope(1)], dim=-1), rtol=1e-8, atol=1e-8)


def test_a_generator_that_looks_one_step_ahead():
    """psi' = psi - lr theta s(t), and the slope in theta runs through psi', too.  t = theta psi."""
    theta, psi = POINTS.unbind(-1)
    toward = DiracGAN(WASSERSTEIN, unroll=1, unroll_lr=0.3)(POINTS)
    close(toward, torch.stack([psi - 0.6 * theta, -theta], dim=-1), rtol=0, atol=1e-12)
    t, s = theta * psi, (theta * psi).sigmoid()
    ahead = psi - 0.3 * theta * s
    through = -0.3 * (s + t * s * (1 - s))  # d psi' / d theta
    pull = (-ahead * theta).sigmoid() * (ahead + theta * through)
    toward = DiracGAN(NONSATURATING, unroll=1, unroll_lr=0.3)(POINTS)
    close(toward, torch.stack([pull, -theta * s], dim=-1), rtol=0, atol=1e-12)


def sigmoid(a: float) -> float:
    return 1 / (1 + math.exp(-a))


def mean_over_noise(of, std: float) -> float:
    """E[ of(std n) ], n ~ N(0, 1), by scipy's quadrature."""

    def weighed(n: float) -> float:
        return of(std * n) * math.exp(-(n**2) / 2) / math.sqrt(2 * math.pi)

    return quad(weighed, -10, 10, epsabs=1e-11)[0]


@pytest.mark.parametrize(("theta", "psi"), POINTS[:12].tolist())
@pytest.mark.parametrize("std", [0.3, 0.7])
def test_instance_noise_is_a_mean_over_the_noise(theta, psi, std):
    """Each player's own: on real and on fake a noise apiece would have the same mean."""
    on_theta = mean_over_noise(lambda n: psi * sigmoid(-psi * (theta + n)), std)
    on_real = mean_over_noise(lambda n: n * sigmoid(-psi * n), std)
    on_fake = mean_over_noise(lambda n: (theta + n) * sigmoid(psi * (theta + n)), std)
    field = DiracGAN(NONSATURATING, instance_noise=std)(exact(theta, psi))
    close(field, exact(on_theta, on_real - on_fake), rtol=0, atol=1e-6)


CURES = {"none": {}, "r1": {"r1": 0.7}, "gp": {"gradient_penalty": 0.7}, "unrolled": {"unroll": 3}}


@pytest.mark.parametrize("cure", CURES.values(), ids=CURES)
@pytest.mark.parametrize("objective", OBJECTIVES.values(), ids=OBJECTIVES)
def test_the_field_is_where_our_trainer_would_step(float64, objective, cure):
    class Point(nn.Module):
        def __init__(self, theta):
            super().__init__()
            self.theta = nn.Parameter(torch.tensor(theta))

        def forward(self, z):
            return self.theta + 0 * z

    for theta, psi in POINTS[:5].tolist():
        generator, discriminator = Point(theta), DiracDiscriminator(torch.tensor(psi))
        trainer = GANTrainer(
            generator,
            discriminator,
            latent_dim=1,
            objective=objective,
            lr=0.0,
            rng=torch.Generator().manual_seed(0),
            **cure,
        )
        trainer.step(torch.zeros(4, 1))
        slopes = torch.stack([generator.theta.grad, discriminator.psi.grad])
        field = DiracGAN(objective, **cure)(torch.tensor([theta, psi]))
        close(field, -slopes, rtol=0, atol=1e-12)


# ---- at the equilibrium ----------------------------------------------------------------


def assert_eigenvalues(move, real: float, square: float, tolerance: float = 1e-9) -> None:
    """They are real +- sqrt(square): compared by their sum and their product."""
    found = eigenvalues(move)
    assert abs(found.sum().item() - 2 * real) < tolerance
    assert abs(found.prod().item() - (real**2 - square)) < tolerance


SLOPE = dict.fromkeys(OBJECTIVES, 1.0) | {"minimax": 0.5, "nonsaturating": 0.5}  # f'(0)
EACH = pytest.mark.parametrize("name", OBJECTIVES)


@EACH
def test_without_a_cure_the_flow_turns(name):
    assert_eigenvalues(DiracGAN(OBJECTIVES[name]), 0, -(SLOPE[name] ** 2))


@EACH
@pytest.mark.parametrize("gamma", [0.3, 1.0, 3.0])
def test_r1_makes_it_come_to_rest(name, gamma):
    field = DiracGAN(OBJECTIVES[name], r1=gamma)
    assert_eigenvalues(field, -gamma / 2, gamma**2 / 4 - SLOPE[name] ** 2)
    assert eigenvalues(field).real.max() < 0


@EACH
def test_consensus_makes_it_come_to_rest(name):
    field = DiracGAN(OBJECTIVES[name], consensus=0.3)
    assert_eigenvalues(field, -0.3 * SLOPE[name] ** 2, -(SLOPE[name] ** 2))


@pytest.mark.parametrize("objective", [MINIMAX, NONSATURATING])
@pytest.mark.parametrize("std", [0.2, 1.0, 2.0])
def test_instance_noise_makes_it_come_to_rest(objective, std):
    """f''(0) = -1/4."""
    bend = -(std**2) / 4
    assert_eigenvalues(DiracGAN(objective, instance_noise=std), bend, bend**2 - 0.25)


@pytest.mark.parametrize("objective", [HINGE, WASSERSTEIN])
def test_instance_noise_does_nothing_where_the_loss_has_no_bend(objective):
    noisy = DiracGAN(objective, instance_noise=0.05)
    assert_eigenvalues(noisy, 0, -1)


def test_unrolling_makes_it_come_to_rest():
    """Of (psi - 2 lr theta, -theta)."""
    assert_eigenvalues(DiracGAN(WASSERSTEIN, unroll=1, unroll_lr=0.3), -0.3, 0.09 - 1)


# ---- steps -----------------------------------------------------------------------------


@EACH
@pytest.mark.parametrize("h", [0.01, 0.2, 1.0])
def test_simultaneous_steps_leave_the_equilibrium(name, h):
    update = simultaneous(DiracGAN(OBJECTIVES[name]), h)
    assert_eigenvalues(update, 1, -((h * SLOPE[name]) ** 2))
    assert eigenvalues(update).abs().min() > 1


@pytest.mark.parametrize("objective", [MINIMAX, WASSERSTEIN])
def test_in_a_game_of_sum_zero_each_simultaneous_step_leads_further_away(objective):
    distance = play(simultaneous(DiracGAN(objective), 0.2), (1.0, 1.0), 300).norm(dim=-1)
    assert (distance.diff() > 0).all()


@EACH
@pytest.mark.parametrize("turns", [(1, 1), (1, 5), (3, 2)])
@pytest.mark.parametrize("h", [0.1, 0.7, 2.1, 4.2])
def test_alternating_steps_stay_on_the_unit_circle_while_they_are_short(name, turns, h):
    update = alternating(DiracGAN(OBJECTIVES[name]), h, *turns)
    a = math.sqrt(turns[0] * turns[1]) * h * SLOPE[name]
    real = 1 - a**2 / 2
    assert_eigenvalues(update, real, real**2 - 1, tolerance=1e-9 * max(1, a**2))
    size = eigenvalues(update).abs().max().item()
    assert size == pytest.approx(1, abs=1e-8) if a <= 2 else size > 1.1


def test_two_rates_turn_as_fast_as_their_geometric_mean():
    field = DiracGAN(WASSERSTEIN)
    rates = exact(0.1, 0.4)
    assert_eigenvalues(simultaneous(field, rates), 1, -0.04)
    assert_eigenvalues(alternating(field, rates), 0.98, 0.98**2 - 1)


def test_psi_steps_from_where_theta_is_and_theta_does_not_see_it_coming():
    """Two steps of two numbers, written out."""
    theta, psi, h = 0.8, 1.1, 0.3
    path = play(alternating(DiracGAN(MINIMAX), h, n_discriminator=2), (theta, psi), 2)
    for found in path[1:]:
        theta += h * psi / (1 + math.exp(-theta * psi))
        for _ in range(2):
            psi -= h * theta / (1 + math.exp(-theta * psi))
        close(found, exact(theta, psi), rtol=0, atol=1e-12)


# ---- what is kept, and what becomes of a walk ------------------------------------------


def test_the_flow_of_minimax_keeps_the_distance():
    """Its field is at right angles to the way to 0."""
    crosswise = (DiracGAN(MINIMAX)(POINTS) * POINTS).sum(-1)
    close(crosswise, torch.zeros(300).double(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("objective", [NONSATURATING, LEAST_SQUARES])
def test_the_flow_of_a_game_whose_sum_is_not_zero_comes_nearer(objective):
    """By -t tanh(t / 2), or -2 t^2, which no eigenvalue shows: t = theta psi is of second order."""
    t = POINTS.prod(-1)
    inward = -t * (t / 2).tanh() if objective is NONSATURATING else -2 * t.square()
    close((DiracGAN(objective)(POINTS) * POINTS).sum(-1), inward, rtol=0, atol=1e-12)


def test_wasserstein_simultaneous_grows_by_one_plus_h_squared():
    squared = play(simultaneous(DiracGAN(WASSERSTEIN), 0.2), (1.0, 0.5), 100).square().sum(-1)
    close(squared[1:] / squared[:-1], exact(*[1.04] * 100), rtol=0, atol=1e-9)


def test_wasserstein_alternating_keeps_an_ellipse():
    theta, psi = play(alternating(DiracGAN(WASSERSTEIN), 0.2), (1.0, 0.5), 1_000).unbind(-1)
    kept = theta.square() + psi.square() + 0.2 * theta * psi
    close(kept, kept[0].expand(1_001), rtol=0, atol=1e-9)


TABLE = {  # simultaneous, alternating; from (1, 1), h = .2
    "minimax": ("diverges", "circles"),
    "nonsaturating": ("circles", "converges"),
    "least_squares": ("circles", "converges"),
    "hinge": ("circles", "circles"),
    "wasserstein": ("diverges", "circles"),
}


@EACH
def test_what_becomes_of_each_game(name):
    """No longer and no shorter walk says otherwise, from 600 steps to 1,500."""
    field = DiracGAN(OBJECTIVES[name])
    walks = (play(step(field, 0.2), (1.0, 1.0), 800) for step in (simultaneous, alternating))
    assert tuple(map(verdict, walks)) == TABLE[name]


def test_a_nonsaturating_game_runs_to_the_same_circle_from_within_and_from_without():
    """Pushed out by h^2 r^2 / 4 a step, and in by h r^4 / 8: in balance near r^2 = 2 h."""
    update = simultaneous(DiracGAN(NONSATURATING), 0.1)
    for start in (0.3, 0.3), (0.4, 0.4):
        end = play(update, start, 1_500)[-130:].norm(dim=-1)  # a whole turn
        assert end.mean().item() == pytest.approx(math.sqrt(0.2), rel=0.02)


def test_a_heavy_gradient_penalty_comes_to_rest_at_a_wrong_place():
    """theta = 2 weight: D is flat, which says nothing to G, and the two pulls at D are equal."""
    path = play(alternating(DiracGAN(WASSERSTEIN, gradient_penalty=1.0), 0.2), (1.0, 1.0), 500)
    assert verdict(path) == "is stuck"
    close(path[-1], exact(2.0, 0.0), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("growth", "says"),  # a quarter of the turns are 126 or 145 steps
    [
        (0.99, "converges"),
        (0.9992, "converges"),
        (0.9998, "circles"),
        (1.0, "circles"),
        (1.0002, "circles"),
        (1.0008, "diverges"),
        (1.01, "diverges"),
    ],
)
@pytest.mark.parametrize("turn", [0.1, 1.0, -0.1])
def test_spirals_are_told_apart(growth, says, turn):
    t = torch.arange(600).double()
    spiral = growth**t * torch.stack([(turn * t).cos(), (turn * t).sin()])
    assert verdict(spiral.T) == says


def test_what_does_not_turn_is_told_apart():
    line = torch.linspace(1, 3, 100).double()[:, None] * exact(1.0, 0.5)
    assert verdict(line) == "diverges"
    assert verdict(line.flip(0)) == "converges"
    assert verdict(line[:1].expand(100, 2)) == "is stuck"
    assert verdict(0 * line.flip(0) + exact(math.inf, 0)) == "diverges"
    assert verdict(torch.cat([line, torch.zeros(1, 2).double()])) == "converges"


# ---- the best discriminator ------------------------------------------------------------

P, Q = Normal(exact(0), exact(1)), Normal(exact(1.5), exact(0.6))


def integral(of) -> float:
    """Over x, of a function of a 0-d tensor in float64."""
    return quad(lambda x: of(exact(x)).item(), -12, 12, epsabs=1e-12, limit=200)[0]


def test_the_best_discriminator_is_p_over_p_plus_q():
    x = torch.linspace(-4, 4, 81).double()
    p, q = P.log_prob(x).exp(), Q.log_prob(x).exp()
    belief = optimal_discriminator(P.log_prob(x), Q.log_prob(x)).sigmoid()
    close(belief, p / (p + q), rtol=0, atol=1e-8)


def test_its_loss_says_how_far_apart_p_and_q_are():
    """JS by its definition, two KL to the mixture, both sides by quadrature."""

    def kl_to_mixture(one: Normal) -> float:
        def integrand(x: Tensor) -> Tensor:
            log_mean = torch.logaddexp(P.log_prob(x), Q.log_prob(x)) - math.log(2)
            return one.log_prob(x).exp() * (one.log_prob(x) - log_mean)

        return integral(integrand)

    def mean_loss(logit) -> float:
        softplus = torch.nn.functional.softplus
        on_real = integral(lambda x: P.log_prob(x).exp() * softplus(-logit(x)))
        return on_real + integral(lambda x: Q.log_prob(x).exp() * softplus(logit(x)))

    def best(x: Tensor) -> Tensor:
        return optimal_discriminator(P.log_prob(x), Q.log_prob(x))

    js = (kl_to_mixture(P) + kl_to_mixture(Q)) / 2
    loss = mean_loss(best)
    assert -loss == pytest.approx(-math.log(4) + 2 * js, abs=1e-8)  # V(D*)
    assert jensen_shannon(exact(loss)).item() == pytest.approx(js, abs=1e-8)
    for other in (lambda x: 0.8 * best(x), lambda x: best(x) + 0.3, lambda x: 0 * x):
        assert jensen_shannon(exact(mean_loss(other))).item() < js - 1e-3
    assert jensen_shannon(exact(math.log(4))).item() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("a", [-6.0, -1.0, 0.0, 2.0])
def test_where_the_fake_is_found_out_minimax_pulls_exp_a_times_as_hard(a):
    logit = exact(a).requires_grad_()
    slopes = [torch.autograd.grad(loss(logit), logit)[0] for loss in (minimax, nonsaturating)]
    expected = [-sigmoid(a), -sigmoid(-a)]
    assert [slope.item() for slope in slopes] == pytest.approx(expected, abs=1e-12)
    assert (slopes[1] / slopes[0]).item() == pytest.approx(math.exp(-a), rel=1e-12)
