"""Likelihoods against torch.distributions, sums over every picture, and closed forms."""

import itertools
import math

import pytest
import torch
from torch.distributions import Bernoulli as TorchBernoulli
from torch.distributions import Normal

from genart_edu.data.images import digits
from genart_edu.device import rngs
from genart_edu.vae.likelihood import (
    Bernoulli,
    GivenVariance,
    LearnedVariance,
    OptimalVariance,
)
from genart_edu.vae.model import mlp_vae
from genart_edu.vae.training import VAETrainer

BOTH = pytest.mark.parametrize("likelihood", [Bernoulli, LearnedVariance(), GivenVariance(0.3)])


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


def output_for(likelihood, *shape: int, seed: int = 0) -> torch.Tensor:
    """What a decoder might say about x of `shape`."""
    return 2 * normal(*shape[:-1], likelihood.numbers_per_pixel * shape[-1], seed=seed)


def test_bernoulli_nll_is_that_of_torch_distributions():
    logits = 5 * normal(6, 64)
    x = (normal(6, 64, seed=1) > 0).double()
    peer = -TorchBernoulli(logits=logits).log_prob(x).sum(-1)
    torch.testing.assert_close(Bernoulli(logits).nll(x), peer, rtol=1e-12, atol=1e-12)


def test_gaussian_nll_is_that_of_torch_distributions():
    output, x = output_for(LearnedVariance(), 6, 64), normal(6, 64, seed=1)
    mean, free = output[:, :64], output[:, 64:]
    logvar = -6 + (free + 6).exp().log1p()  # the floor as the docstring states it
    peer = -Normal(mean, (logvar / 2).exp()).log_prob(x).sum(-1)
    torch.testing.assert_close(LearnedVariance()(output).nll(x), peer, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(LearnedVariance()(output).mean, mean)


@BOTH
def test_nll_is_summed_over_pixels_never_averaged(likelihood):
    halves = [h.repeat(1, 2) for h in output_for(likelihood, 5, 8).split(8, dim=-1)]
    twice = torch.cat(halves, dim=-1)  # every pixel two times over
    x = (normal(5, 8, seed=1) > 0).double()
    once = likelihood(output_for(likelihood, 5, 8)).nll(x)
    torch.testing.assert_close(likelihood(twice).nll(x.repeat(1, 2)), 2 * once)


@BOTH
def test_one_x_meets_many_outputs(likelihood):
    outputs, x = output_for(likelihood, 3, 5, 8), (normal(5, 8, seed=1) > 0).double()
    nll = likelihood(outputs).nll(x)
    assert nll.shape == (3, 5)
    torch.testing.assert_close(nll[1], likelihood(outputs[1]).nll(x))


def test_bernoulli_probabilities_of_all_pictures_sum_to_one():
    pictures = torch.tensor(list(itertools.product([0.0, 1.0], repeat=6))).double()  # (64, 6)
    nll = Bernoulli(3 * normal(6).expand(64, 6)).nll(pictures)
    assert (-nll).exp().sum().item() == pytest.approx(1, abs=1e-12)


def test_gaussian_density_integrates_to_one():
    x = torch.linspace(-30, 30, 60_001, dtype=torch.float64).unsqueeze(-1)
    nll = LearnedVariance()(torch.tensor([0.7, 0.9]).double().expand(len(x), 2)).nll(x)
    assert ((-nll).exp().sum() * 0.001).item() == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("logit", [-1_000.0, 1_000.0])
def test_bernoulli_stays_finite_at_logits_of_a_thousand(logit):
    logits, p = torch.tensor([logit], requires_grad=True), float(logit > 0)
    right, wrong = (Bernoulli(logits).nll(torch.tensor([x])) for x in (p, 1 - p))
    assert (right.item(), wrong.item()) == (0, 1_000)
    (gradient,) = torch.autograd.grad(wrong, logits)
    assert gradient.item() == math.copysign(1, logit)


def test_a_grey_pixel_costs_at_least_its_own_entropy():
    grey = torch.tensor([0.3], dtype=torch.float64)
    entropy = -(0.3 * math.log(0.3) + 0.7 * math.log(0.7))
    assert Bernoulli(torch.logit(grey)).nll(grey).item() == pytest.approx(entropy, abs=1e-12)
    others = torch.linspace(-8, 8, 100).double().unsqueeze(-1)
    assert (Bernoulli(others).nll(grey) > entropy).all()


def test_bernoulli_samples_are_black_or_white_as_often_as_the_mean_says():
    logits, n = torch.linspace(-3, 3, 5), 20_000
    draws = Bernoulli(logits.expand(n, 5)).sample(seeded())
    p = 1 / (1 + (-logits).exp())
    torch.testing.assert_close(Bernoulli(logits).mean, p)
    assert set(draws.unique().tolist()) == {0, 1}
    assert ((draws.mean(0) - p).abs() < 5 * (p * (1 - p) / n).sqrt()).all()


def test_gaussian_samples_have_its_mean_and_variance():
    output, n = torch.tensor([0.5, -1.0, 0.3, -4.0]), 20_000
    draws = LearnedVariance()(output.expand(n, 4)).sample(seeded())
    variance = LearnedVariance()(output).logvar.exp()
    assert ((draws.mean(0) - output[:2]).abs() < 5 * (variance / n).sqrt()).all()
    assert ((draws.var(0) / variance - 1).abs() < 5 * (2 / n) ** 0.5).all()


@BOTH
def test_sampling_follows_its_rng_and_leaves_torchs_alone(likelihood):
    before = torch.get_rng_state()
    p = likelihood(output_for(likelihood, 5, 8).float())
    first, again, other = (p.sample(seeded(seed)) for seed in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_floor_is_reached_smoothly_and_never_passed():
    free = torch.linspace(-40, 40, 161, dtype=torch.float64, requires_grad=True)
    logvar = LearnedVariance()(torch.stack([torch.zeros_like(free), free], dim=-1)).logvar.squeeze(
        -1
    )
    assert (logvar >= -6).all() and logvar[0].item() == pytest.approx(-6, abs=1e-12)
    (slope,) = torch.autograd.grad(logvar.sum(), free)
    torch.testing.assert_close(slope, 1 / (1 + (-(free.detach() + 6)).exp()))
    assert (slope > 0).all() and (logvar.diff() > 0).all()
    torch.testing.assert_close(logvar[-1], free[-1])  # far above the floor it does nothing


def test_a_pixel_that_never_changes_buys_likelihood_with_an_end():
    """Without a floor this descends for ever: -1/2 log variance has no minimum."""
    x, bound = torch.full((1,), 0.4, dtype=torch.float64), 0.5 * (math.log(2 * math.pi) - 6)
    free = torch.tensor([0.4, 0.0], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([free], lr=0.5)
    for _ in range(300):
        nll = LearnedVariance()(free).nll(x)
        assert nll.isfinite() and nll > bound
        optimizer.zero_grad()
        nll.backward()
        optimizer.step()
    assert nll.item() == pytest.approx(bound, abs=1e-3)


def test_the_best_constant_variance_is_the_mean_squared_error():
    """Rybkin 2021, arXiv:2006.13202."""
    errors = 0.3 * normal(50)
    best = errors.square().mean().log()
    free = -6 + (best + 6).expm1().log()  # the floor, undone
    free.requires_grad_()
    output = torch.stack([torch.zeros(50).double(), free.expand(50)], dim=-1)
    p = LearnedVariance()(output)
    torch.testing.assert_close(p.logvar[0, 0], best)
    (slope,) = torch.autograd.grad(p.nll(errors.unsqueeze(-1)).mean(), free)
    assert abs(slope.item()) < 1e-12


# ---- one variance for all pixels -----------------------------------------------------------


def test_with_a_given_variance_nll_is_that_of_torch_distributions():
    mean, x = normal(6, 64), normal(6, 64, seed=1)
    peer = -Normal(mean, math.sqrt(0.3)).log_prob(x).sum(-1)
    torch.testing.assert_close(GivenVariance(0.3).double()(mean).nll(x), peer, rtol=1e-6, atol=1e-5)


def test_with_variance_1_it_is_the_famous_half_sum_of_squares_but_for_a_constant():
    mean, x = normal(6, 64), normal(6, 64, seed=1)
    constant = 32 * math.log(2 * math.pi)
    peer = 0.5 * (x - mean).square().sum(-1)
    torch.testing.assert_close(GivenVariance()(mean).nll(x) - constant, peer)


@pytest.mark.parametrize("variance", [0.0, -1.0, math.inf, math.nan])
def test_a_variance_that_cannot_be_is_refused(variance):
    with pytest.raises(ValueError, match=r"^variance must be a finite number above 0; got "):
        GivenVariance(variance)


def test_the_optimal_variance_is_the_mean_squared_error():
    """Of whatever was seen, whatever the variance was before; and no other is as likely."""
    likelihood, mean, x = OptimalVariance().double(), normal(5, 8), normal(5, 8, seed=1)
    for _ in range(3):
        likelihood.fit(likelihood(mean).nll(x), 8)
        error = (x - mean).square().mean().item()
        assert likelihood.variance.item() == pytest.approx(error, rel=1e-12)
    best = likelihood(mean).nll(x).mean()
    for factor in (0.9, 1.1):
        other = GivenVariance(factor * likelihood.variance.item()).double()
        assert other(mean).nll(x).mean() > best + 1e-3


def test_a_perfect_copy_leaves_a_variance_above_zero():
    likelihood, x = OptimalVariance(), normal(5, 8).float()
    for _ in range(3):
        likelihood.fit(likelihood(x).nll(x), 8)
        assert likelihood(x).nll(x).isfinite().all() and likelihood.variance > 0


def test_a_variance_is_part_of_a_models_state():
    first, second = OptimalVariance(), OptimalVariance()
    first.fit(first(normal(5, 8).float()).nll(normal(5, 8, seed=1).float()), 8)
    second.load_state_dict(first.state_dict())
    assert second.variance == first.variance != 1


def test_pixels_that_never_change_do_not_break_the_learned_variance():
    """3 pixels of the grey digits are constant: the bound stays finite, and so do test pictures."""
    train, test = digits(grey=True).split(1_500)
    x = train.x()
    assert int((x.var(0) == 0).sum()) >= 3
    weights_rng, rng = rngs(0, 2)
    model = mlp_vae(64, 4, likelihood=LearnedVariance(), rng=weights_rng)
    trainer = VAETrainer(model, rng=rng)
    for _ in range(300):
        record = trainer.step(x[torch.randint(1_500, (64,), generator=rng)])
    floor = 32 * (math.log(2 * math.pi) - 6)  # all 64 pixels at it, and no error
    assert floor < record.reconstruction < 0
    with torch.no_grad():
        worst = model.decode(model.encode(test.x())[0]).nll(test.x()).max()
    assert worst.isfinite() and worst < 200
