"""Diagnostics against a linear model whose log p(x) and posterior are known."""

import copy

import pytest
import torch
from torch import Tensor
from torch.distributions import Bernoulli, Independent, MultivariateNormal, Normal

from genart_edu.vae.diagnostics import importance_weighted_nll, mean_costs
from genart_edu.vae.likelihood import LearnedVariance
from genart_edu.vae.model import mlp_vae
from genart_edu.vae.objective import elbo_costs

VARIANCE = 0.3
W = torch.tensor([[1.0, 0.5], [-1.0, 0.5], [0.0, 1.0]]).double()  # orthogonal columns


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(n: int = 20) -> Tensor:
    return (torch.rand(n, 8, generator=seeded(3)) < 0.5).float()


def linear_model(off=0.0):
    """x = W z + noise.  Its encoder gives the true posterior, shifted and widened by `off`."""
    model = mlp_vae(3, 2, depth=0, likelihood=LearnedVariance(), rng=seeded()).double()
    covariance = torch.linalg.inv(
        torch.eye(2, dtype=torch.float64) + W.T @ W / VARIANCE
    )  # diagonal
    floorless = torch.tensor(VARIANCE, dtype=torch.float64).log() + 6
    with torch.no_grad():
        model.decoder[0].weight.copy_(torch.cat([W, torch.zeros(3, 2)]))
        model.decoder[0].bias[3:] = -6 + floorless.expm1().log()
        model.encoder[0].weight.copy_(torch.cat([covariance @ W.T / VARIANCE, torch.zeros(2, 3)]))
        model.encoder[0].bias[:2] = off
        model.encoder[0].bias[2:] = covariance.diagonal().log() + off
    return model


def exact_nll(x: Tensor) -> Tensor:
    covariance = W @ W.T + VARIANCE * torch.eye(3, dtype=torch.float64)
    return -MultivariateNormal(torch.zeros(3).double(), covariance).log_prob(x)


def points(n: int = 10) -> Tensor:
    return torch.randn(n, 3, generator=seeded(4), dtype=torch.float64)


@pytest.mark.parametrize("samples", [1, 7])
def test_with_the_true_posterior_every_weight_is_the_exact_likelihood(samples):
    nll = importance_weighted_nll(linear_model(), points(), seeded(), samples)
    torch.testing.assert_close(nll, exact_nll(points()), rtol=0, atol=1e-9)


def test_it_comes_to_the_exact_likelihood_with_many_samples():
    nll = importance_weighted_nll(linear_model(off=0.3), points(), seeded(), 3_000)
    torch.testing.assert_close(nll, exact_nll(points()), rtol=0, atol=0.05)


def test_one_sample_is_a_draw_of_minus_elbo():
    model, x, draws = linear_model(off=0.5), points(), 10_000
    single = importance_weighted_nll(model, x.expand(draws, *x.shape), seeded(), 1)
    with torch.no_grad():
        costs = elbo_costs(model, x.expand(draws, *x.shape), seeded(1))
    bound = costs.reconstruction + costs.kl.sum(-1)
    error = (single.var(0) + bound.var(0)).div(draws).sqrt()
    assert ((single.mean(0) - bound.mean(0)).abs() < 4 * error).all()


def test_more_samples_tighten_the_bound_from_above():
    """Burda 2016, theorem 1, on the mean over x."""
    model, x = linear_model(off=0.5), points(4_000)
    bounds = [importance_weighted_nll(model, x, seeded(k), k).mean() for k in (1, 5, 50)]
    assert bounds[0] > bounds[1] + 0.1 > bounds[2] + 0.15
    assert bounds[2] > exact_nll(x).mean()


def test_the_weights_are_those_of_torch_distributions():
    model, x, rng = mlp_vae(8, 2, hidden_dim=16, rng=seeded()), pictures(), seeded(5)
    nll = importance_weighted_nll(model, x, seeded(5), samples=4)
    weights = []
    with torch.no_grad():
        mean, logvar = model.encode(x)
        q = Independent(Normal(mean, (logvar / 2).exp()), 1)
        prior = Independent(Normal(torch.zeros(2), torch.ones(2)), 1)
        for _ in range(4):
            z = mean + (logvar / 2).exp() * torch.randn(mean.shape, generator=rng)
            likelihood = Independent(Bernoulli(logits=model.decoder(z)), 1)
            weights.append((likelihood.log_prob(x) + prior.log_prob(z) - q.log_prob(z)).exp())
    torch.testing.assert_close(nll, -torch.stack(weights).mean(0).log(), rtol=1e-4, atol=1e-4)


def test_mean_costs_average_over_examples_and_draws():
    model, x, rng = mlp_vae(8, 2, hidden_dim=16, rng=seeded()), pictures(), seeded(5)
    costs = [elbo_costs(model, x, rng) for _ in range(3)]
    seen = mean_costs(model, x, seeded(5), draws=3)
    torch.testing.assert_close(seen.reconstruction, sum(c.reconstruction.mean() for c in costs) / 3)
    torch.testing.assert_close(seen.kl, costs[0].kl.sum(-1).mean())


def test_looking_changes_nothing():
    model, before = mlp_vae(8, 2, hidden_dim=16, rng=seeded()), torch.get_rng_state()
    weights = copy.deepcopy(model.state_dict())
    numbers = [*mean_costs(model, pictures(), seeded())]
    numbers += [importance_weighted_nll(model, pictures(), seeded(), 3)]
    assert not any(number.requires_grad for number in numbers)
    assert all(torch.equal(weights[name], w) for name, w in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert torch.equal(torch.get_rng_state(), before)
