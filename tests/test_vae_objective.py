"""The bound against torch.distributions and against a linear model whose log p(x) is known."""

import pytest
import torch
from torch import Tensor
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from genart_edu.nets import mlp
from genart_edu.vae.likelihood import LearnedVariance
from genart_edu.vae.model import Autoencoder, mlp_vae
from genart_edu.vae.objective import (
    autoencoder_costs,
    cyclical,
    elbo_costs,
    free_bits,
    gaussian_log_prob,
    iwae_bound,
    kl_per_dim,
    reparameterize,
    warm_up,
)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


class Linear:
    """x = W z + c + noise of variance v, with q(z|x) = N(A x + a, diag): all is Gaussian.

    The columns of W are orthogonal, so that the true posterior has a diagonal covariance too.
    """

    W = torch.tensor([[1.0, 0.5], [-1.0, 0.5], [0.0, 1.0]]).double()
    c, v = torch.tensor([0.2, -0.1, 0.4]).double(), 0.3

    def __init__(self):
        self.model = mlp_vae(3, 2, depth=0, likelihood=LearnedVariance(), rng=seeded()).double()
        free = torch.tensor(self.v, dtype=torch.float64).log() + 6
        with torch.no_grad():
            self.model.decoder[0].weight.copy_(torch.cat([self.W, torch.zeros(3, 2)]))
            self.model.decoder[0].bias[:3] = self.c
            self.model.decoder[0].bias[3:] = -6 + free.expm1().log()  # the floor, undone

    def posterior(self, x: Tensor) -> MultivariateNormal:
        """The true p(z|x)."""
        covariance = torch.linalg.inv(
            torch.eye(2, dtype=torch.float64) + self.W.T @ self.W / self.v
        )
        return MultivariateNormal((x - self.c) @ self.W @ covariance / self.v, covariance)

    def nll(self, x: Tensor) -> Tensor:
        """-log p(x), exact."""
        covariance = self.W @ self.W.T + self.v * torch.eye(3, dtype=torch.float64)
        return -MultivariateNormal(self.c, covariance).log_prob(x)

    def encode_exactly(self):
        """Make q(z|x) the true posterior."""
        at_zero = self.posterior(torch.zeros(3).double())
        with torch.no_grad():
            slope = at_zero.covariance_matrix @ self.W.T / self.v
            self.model.encoder[0].weight.copy_(torch.cat([slope, torch.zeros(2, 3)]))
            self.model.encoder[0].bias[:2] = at_zero.mean
            self.model.encoder[0].bias[2:] = at_zero.variance.log()


def test_the_kl_is_that_of_torch_distributions():
    mean, logvar = 2 * normal(7, 5), normal(7, 5, seed=1)
    peer = kl_divergence(Normal(mean, (logvar / 2).exp()), Normal(0.0, 1.0))
    torch.testing.assert_close(kl_per_dim(mean, logvar), peer, rtol=1e-12, atol=1e-12)


def test_the_kl_is_positive_and_zero_only_at_the_prior():
    mean, logvar = normal(1_000, 5), normal(1_000, 5, seed=1)
    assert (kl_per_dim(mean, logvar) > 0).all()
    assert (kl_per_dim(torch.zeros(5), torch.zeros(5)) == 0).all()


def test_descending_the_kl_leads_to_the_prior():
    """With the sign of the KL turned round, the first mistake of many, this runs away."""
    mean, logvar = torch.tensor([2.0], requires_grad=True), torch.tensor([-3.0], requires_grad=True)
    for _ in range(200):
        gradients = torch.autograd.grad(kl_per_dim(mean, logvar).sum(), [mean, logvar])
        with torch.no_grad():
            mean -= 0.1 * gradients[0]
            logvar -= 0.1 * gradients[1]
    assert abs(mean.item()) < 1e-3 and abs(logvar.item()) < 1e-3


def test_reparameterized_draws_have_the_posteriors_mean_and_variance():
    mean, logvar, n = torch.tensor([0.5, -2.0, 0.0]), torch.tensor([0.0, -3.0, 2.0]), 50_000
    z = reparameterize(mean.expand(n, 3), logvar.expand(n, 3), seeded())
    variance = logvar.exp()
    assert ((z.mean(0) - mean).abs() < 5 * (variance / n).sqrt()).all()
    assert ((z.var(0) / variance - 1).abs() < 5 * (2 / n) ** 0.5).all()
    correlation = torch.corrcoef(z.T) - torch.eye(3, dtype=torch.float64)
    assert (correlation.abs() < 5 / n**0.5).all()


def test_gradients_pass_through_a_reparameterized_draw():
    mean, logvar = normal(4, 5).requires_grad_(), normal(4, 5, seed=1).requires_grad_()
    z = reparameterize(mean, logvar, seeded())
    to_mean, to_logvar = torch.autograd.grad(z.sum(), [mean, logvar])
    torch.testing.assert_close(to_mean, torch.ones(4, 5).double())
    torch.testing.assert_close(to_logvar, (z - mean).detach() / 2)  # d std / d logvar = std / 2


def test_draws_follow_their_rng_and_leave_torchs_alone():
    before, mean = torch.get_rng_state(), torch.zeros(4, 5)
    first, again, other = (reparameterize(mean, mean, seeded(seed)) for seed in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_costs_are_those_of_the_closed_form():
    """E over q of |x - W z - c|^2 is |x - W m - c|^2 + tr(W S W^T), for z ~ N(m, S)."""
    toy, x, draws = Linear(), normal(6, 3, seed=2), 20_000
    mean, logvar = toy.model.encode(x)
    squares = (x - mean @ toy.W.T - toy.c).square().sum(-1)
    squares = squares + (toy.W.square().sum(0) * logvar.exp()).sum(-1)
    constant = 1.5 * torch.tensor(2 * torch.pi * toy.v).double().log()
    expected = constant + squares / (2 * toy.v)
    with torch.no_grad():
        costs = elbo_costs(toy.model, x.expand(draws, 6, 3), seeded())
    seen, error = costs.reconstruction.mean(0), costs.reconstruction.std(0) / draws**0.5
    assert ((seen - expected).abs() < 5 * error).all()
    peer = kl_divergence(Normal(mean, (logvar / 2).exp()), Normal(0.0, 1.0)).sum(-1)
    torch.testing.assert_close(costs.kl[0].sum(-1), peer)


def test_minus_elbo_exceeds_the_nll_by_the_kl_to_the_true_posterior():
    toy, x, draws = Linear(), normal(6, 3, seed=2), 20_000
    mean, logvar = toy.model.encode(x)
    gap = kl_divergence(MultivariateNormal(mean, logvar.exp().diag_embed()), toy.posterior(x))
    with torch.no_grad():
        costs = elbo_costs(toy.model, x.expand(draws, 6, 3), seeded())
    bound = costs.reconstruction + costs.kl.sum(-1)
    assert ((bound.mean(0) - toy.nll(x) - gap).abs() < 5 * bound.std(0) / draws**0.5).all()
    assert (gap > 0.01).all()


def test_the_bound_is_tight_at_the_true_posterior():
    toy, x, draws = Linear(), normal(6, 3, seed=2), 20_000
    toy.encode_exactly()
    with torch.no_grad():
        costs = elbo_costs(toy.model, x.expand(draws, 6, 3), seeded())
    bound = costs.reconstruction + costs.kl.sum(-1)
    assert ((bound.mean(0) - toy.nll(x)).abs() < 5 * bound.std(0) / draws**0.5).all()


def test_the_decoder_is_fed_by_the_encoder_not_by_the_prior():
    """With a posterior of no width there is one z for each x, and so one reconstruction cost."""
    model, x = mlp_vae(8, 2, hidden_dim=16, rng=seeded()).double(), (normal(5, 8) > 0).double()
    with torch.no_grad():
        model.encoder[-1].weight[2:] = 0
        model.encoder[-1].bias[2:] = -80
    expected = model.decode(model.encode(x)[0]).nll(x)
    for seed in range(3):
        torch.testing.assert_close(elbo_costs(model, x, seeded(seed)).reconstruction, expected)
    with torch.no_grad():
        model.encoder[-1].weight.zero_()
    without = elbo_costs(model, x, seeded()).reconstruction
    assert ((without - expected).abs() > 1e-3).all()


def test_each_example_has_costs_of_its_own_in_nats_summed_over_dimensions():
    model, x = mlp_vae(8, 3, hidden_dim=16, rng=seeded()), (normal(4, 5, 8) > 0).float()
    costs = elbo_costs(model, x, seeded(1))
    assert costs.reconstruction.shape == (4, 5) and costs.kl.shape == (4, 5, 3)
    torch.testing.assert_close(costs.kl, kl_per_dim(*model.encode(x)))
    z = reparameterize(*model.encode(x), seeded(1))
    pixels = -torch.distributions.Bernoulli(logits=model.decoder(z)).log_prob(x)
    torch.testing.assert_close(costs.reconstruction, pixels.sum(-1))


@pytest.mark.parametrize("part", ["encoder", "decoder"])
def test_both_maps_learn_from_the_bound(part):
    model, x = mlp_vae(8, 3, hidden_dim=16, rng=seeded()), (normal(5, 8) > 0).float()
    costs = elbo_costs(model, x, seeded())
    (costs.reconstruction + costs.kl.sum(-1)).sum().backward()
    assert all(p.grad.abs().sum() > 0 for p in getattr(model, part).parameters())


# ---- how the KL is charged -----------------------------------------------------------------


def test_free_bits_are_the_published_sum():
    """sum_l max(free, mean over the batch of kl_l), Kingma 2016: as the batch's mean."""
    kl = normal(32, 5).square() * torch.tensor([0.01, 0.2, 0.5, 1, 3])
    for free in (0.0, 0.1, 0.5, 2.0):
        peer = torch.stack([k.mean().clamp(min=free) for k in kl.unbind(1)]).sum()
        assert free_bits(kl, free).shape == (32,)
        torch.testing.assert_close(free_bits(kl, free).mean(), peer)


def test_below_its_free_bits_a_dimension_feels_no_pull():
    kl = normal(32, 2).square() * torch.tensor([0.01, 3.0]).double()
    kl.requires_grad_()
    (slope,) = torch.autograd.grad(free_bits(kl, 0.5).mean(), kl)
    assert (slope[:, 0] == 0).all()
    torch.testing.assert_close(slope[:, 1], torch.full((32,), 1 / 32).double())


def test_each_of_many_seeds_has_free_bits_of_its_own():
    kl = torch.stack([0.01 * normal(8, 2).square(), 9 * normal(8, 2).square()])  # (S, B, L)
    both = free_bits(kl, 0.5)
    for seed in range(2):
        torch.testing.assert_close(both[seed], free_bits(kl[seed], 0.5))


def test_a_warm_up_is_a_line_to_1():
    assert [warm_up(step, 4) for step in range(7)] == [0, 0.25, 0.5, 0.75, 1, 1, 1]
    assert {warm_up(step, 0) for step in range(5)} == {1}


def test_a_cycle_warms_up_in_its_first_half():
    once = [0, 0.25, 0.5, 0.75, 1, 1, 1, 1]
    assert [cyclical(step, 8) for step in range(24)] == 3 * once
    assert {cyclical(step, 0) for step in range(5)} == {1}


# ---- a tighter bound, and none -------------------------------------------------------------


def test_log_normal_is_torchs():
    z, mean, logvar = normal(5, 3), normal(5, 3, seed=1), normal(5, 3, seed=2)
    peer = Normal(mean, (logvar / 2).exp()).log_prob(z).sum(-1)
    torch.testing.assert_close(gaussian_log_prob(z, mean, logvar), peer)
    torch.testing.assert_close(gaussian_log_prob(z), Normal(0.0, 1.0).log_prob(z).sum(-1))


def test_the_iwae_bound_can_be_climbed():
    """It is a training objective too: both maps get a gradient, and a step makes it better."""
    model, x = mlp_vae(8, 3, hidden_dim=16, rng=seeded()).double(), (normal(5, 8) > 0).double()
    before = iwae_bound(model, x, seeded(1), 5).mean()
    before.backward()
    with torch.no_grad():
        for p in model.parameters():
            assert p.grad.abs().sum() > 0
            p += 1e-3 * p.grad
    assert iwae_bound(model, x, seeded(1), 5).mean() > before


def test_an_autoencoder_pays_for_the_picture_alone():
    model = Autoencoder(mlp([8, 16, 3], seeded()), mlp([3, 16, 8], seeded(1)))
    x = (normal(5, 8) > 0).float()
    costs = autoencoder_costs(model, x)
    peer = -torch.distributions.Bernoulli(logits=model.decoder(model.encoder(x))).log_prob(x)
    torch.testing.assert_close(costs.reconstruction, peer.sum(-1))
    assert costs.kl.shape == (5, 3) and (costs.kl == 0).all()
