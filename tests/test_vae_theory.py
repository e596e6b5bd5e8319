"""Closed forms against torch.distributions and scikit-learn; then our own trainer against them."""

import itertools
import math

import pytest
import torch
from sklearn.decomposition import PCA
from torch import Tensor
from torch.distributions import Bernoulli, MultivariateNormal

from genart_edu.data.images import digits
from genart_edu.device import rngs
from genart_edu.vae.diagnostics import active_units, mean_costs, mean_kl
from genart_edu.vae.likelihood import GivenVariance, OptimalVariance
from genart_edu.vae.model import VAE
from genart_edu.vae.objective import elbo_costs, iwae_bound
from genart_edu.vae.theory import (
    independent_nll,
    linear_elbo_costs,
    linear_kl,
    linear_vae,
    ppca,
)
from genart_edu.vae.training import VAETrainer

L = 10


@pytest.fixture(scope="module")
def x() -> Tensor:
    """1,500 grey digits in [0, 1]."""
    return digits(grey=True).split(1_500)[0].x()


def trained(x: Tensor, likelihood: GivenVariance, steps: int, lr: float, **settings) -> VAE:
    """A linear VAE after full-batch steps of our trainer; a tenth of the rate in the last third."""
    weights_rng, noise_rng = rngs(0, 2)
    model = linear_vae(64, L, likelihood, rng=weights_rng)
    trainer = VAETrainer(model, lr=lr, rng=noise_rng, **settings)
    for step in range(steps):
        if step == 2 * steps // 3:
            trainer.lr = lr / 10
        trainer.step(x)
    return model


def test_the_likelihood_is_that_of_its_gaussian(x):
    """x ~ N(mean, W W^T + s2 I), by torch's own density."""
    fit = ppca(x.double(), L)
    covariance = fit.weight() @ fit.weight().T + fit.variance * torch.eye(64).double()
    peer = MultivariateNormal(fit.mean, covariance).log_prob(x.double()).mean()
    torch.testing.assert_close(fit.log_likelihood(), peer, rtol=0, atol=1e-8)


def test_the_likelihood_is_scikit_learns(x):
    """Which divides by N - 1 in its covariance, so it is a little off its own maximum."""
    peer = PCA(L, svd_solver="full").fit(x.double().numpy()).score(x.double().numpy())
    assert ppca(x.double(), L).log_likelihood().item() == pytest.approx(peer, abs=1e-4)


def test_no_other_weight_or_variance_is_more_likely(x):
    fit, x = ppca(x.double(), L), x.double()
    rng = torch.Generator().manual_seed(0)
    for scale in (1e-3, 1e-2, 1e-1):
        weight = fit.weight() + scale * torch.randn(64, L, generator=rng, dtype=x.dtype)
        for variance in (fit.variance * 0.9, fit.variance, fit.variance * 1.1):
            covariance = weight @ weight.T + variance * torch.eye(64).double()
            other = MultivariateNormal(fit.mean, covariance).log_prob(x).mean()
            assert other < fit.log_likelihood()


@pytest.mark.parametrize("latent_dim", [0, 64, -1])
def test_a_latent_dim_that_cannot_be_is_refused(x, latent_dim):
    with pytest.raises(ValueError, match=rf"^latent_dim must be from 1 to 63; got {latent_dim}\.$"):
        ppca(x, latent_dim)


def test_the_analytic_costs_are_the_mean_of_the_sampled_ones(float64, x):
    model = linear_vae(64, L, GivenVariance(0.1), rng=rngs(0, 1)[0])
    few, draws = x[:6].double(), 20_000
    analytic = linear_elbo_costs(model, few)
    with torch.no_grad():
        sampled = elbo_costs(model, few.expand(draws, 6, 64), rngs(1, 1)[0])
    error = sampled.reconstruction.std(0) / draws**0.5
    assert ((sampled.reconstruction.mean(0) - analytic.reconstruction).abs() < 4 * error).all()
    torch.testing.assert_close(sampled.kl[0], analytic.kl)


def test_a_linear_vae_reaches_the_exact_likelihood_without_draws(x):
    """Seen: 17.6416 of 17.6459 nats after 5,000 steps."""
    model = trained(x, OptimalVariance(), 5_000, 3e-2, costs=linear_elbo_costs)
    exact = ppca(x.double(), L)
    reconstruction, kl = linear_elbo_costs(model, x)
    elbo = -(reconstruction + kl.sum(-1)).mean().item()
    assert exact.log_likelihood().item() - 0.01 < elbo < exact.log_likelihood().item() + 1e-4
    assert model.likelihood.variance.item() == pytest.approx(exact.variance.item(), rel=1e-3)


def test_a_linear_vae_reaches_the_exact_likelihood_with_draws(x):
    """Seen: 17.616 of 17.646 nats after 3,000 steps; its noise over 20 draws is below .01."""
    model = trained(x, OptimalVariance(), 3_000, 1e-2)
    elbo = -sum(mean_costs(model, x, rngs(1, 1)[0], draws=20)).item()
    assert elbo == pytest.approx(ppca(x.double(), L).log_likelihood().item(), abs=0.05)


SETTINGS = [  # variance, beta, how many of the eigenvalues are above their product
    (0.16, 1.0, 8),
    (0.25, 1.0, 5),
    (0.1, 4.0, 3),
    (0.65, 1.0, 1),
    (0.2, 4.0, 0),
]


@pytest.mark.parametrize(("variance", "beta", "alive"), SETTINGS)
def test_theory_says_which_latents_live_and_what_each_carries(x, variance, beta, alive):
    """On 300 of them: theory holds for any data.  Seen: off by 5e-4 nats at the most."""
    x = x[:300]
    model = trained(x, GivenVariance(variance), 5_000, 3e-2, beta=beta, costs=linear_elbo_costs)
    eigenvalues = ppca(x.double(), L).eigenvalues[:L].float()
    assert int((eigenvalues > beta * variance).sum()) == alive
    with torch.no_grad():
        assert int(active_units(model.encode(x)[0]).sum()) == alive
    kl = mean_kl(model, x).sort(descending=True).values
    assert ((kl - linear_kl(eigenvalues, variance, beta)).abs() < 0.01).all()


def test_more_draws_climb_to_the_exact_likelihood(x):
    """At pPCA's own decoder, behind an encoder that is half a standard deviation off."""
    fit = ppca(x.double(), L)
    model = linear_vae(64, L, GivenVariance(fit.variance.item()), rng=rngs(0, 1)[0]).double()
    weight, variance = fit.weight(), fit.variance
    precision = torch.eye(L).double() + weight.T @ weight / variance
    posterior = torch.linalg.inv(precision)  # diagonal: the columns of W are orthogonal
    with torch.no_grad():
        model.decoder.weight.copy_(weight)
        model.decoder.bias.copy_(fit.mean)
        model.encoder.mean.weight.copy_(posterior @ weight.T / variance)
        off = 0.5 * posterior.diagonal().sqrt()
        model.encoder.mean.bias.copy_(off - model.encoder.mean.weight @ fit.mean)
        model.encoder.logvar.copy_(posterior.diagonal().log())
    test = digits(grey=True).split(1_500)[1].x().double()
    covariance = weight @ weight.T + variance * torch.eye(64).double()
    exact = MultivariateNormal(fit.mean, covariance).log_prob(test).mean().item()
    rng = rngs(1, 1)[0]
    bounds = []
    for k, times in [(1, 20), (5, 20), (50, 20), (500, 20), (5_000, 2)]:
        with torch.no_grad():
            draws = iwae_bound(model, test.repeat(times, 1), rng, k).view(times, len(test))
        noise = draws.std(0) / times**0.5  # of each picture's bound
        bounds.append((draws.mean().item(), noise.square().sum().sqrt().item() / len(test)))
    for (low, low_error), (high, high_error) in itertools.pairwise(bounds):
        assert high - low > 3 * math.hypot(low_error, high_error), bounds
    assert bounds[-1][0] == pytest.approx(exact, abs=0.02)
    with torch.no_grad():
        costs = elbo_costs(model, test.repeat(20, 1), rng)
    elbo = -(costs.reconstruction + costs.kl.sum(-1)).view(20, -1)
    error = math.hypot(elbo.std(0).square().sum().sqrt() / 20**0.5 / len(test), bounds[0][1])
    assert abs(bounds[0][0] - elbo.mean().item()) < 3 * error


def test_coins_of_their_own_are_torchs():
    train, test = (part.x() for part in digits().split(1_500))
    ink = (train.double().sum(0) + 1) / 1_502
    peer = -Bernoulli(ink).log_prob(test.double()).sum(-1)
    torch.testing.assert_close(independent_nll(train, test).double(), peer, rtol=1e-5, atol=1e-4)
    assert peer.mean().item() == pytest.approx(24.75, abs=0.05)
