"""VAETrainer.step against a plain loop that is written out here, with torch.distributions."""

import copy

import pytest
import torch
from torch import Tensor
from torch.distributions import Bernoulli, Normal, kl_divergence

from genart_edu.vae.likelihood import LearnedVariance
from genart_edu.vae.model import mlp_vae
from genart_edu.vae.objective import elbo_costs
from genart_edu.vae.training import VAETrainer


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def data(n: int = 1, seed: int = 2) -> Tensor:
    """n batches of 16 black and white pictures of 12 pixels."""
    return (torch.rand(n, 16, 12, generator=seeded(seed)) < 0.4).to(torch.get_default_dtype())


def make(data_dim: int = 12, **settings) -> VAETrainer:
    model = mlp_vae(data_dim, 3, hidden_dim=20, rng=seeded())
    return VAETrainer(model, rng=seeded(1), **settings)


def weights(trainer: VAETrainer) -> Tensor:
    return torch.nn.utils.parameters_to_vector(trainer.model.parameters()).detach().clone()


@pytest.mark.parametrize("beta", [1.0, 4.0])
def test_fifty_steps_are_those_of_a_plain_loop(float64, beta):
    trainer, rng = make(lr=3e-3, beta=beta), seeded(1)
    model = copy.deepcopy(trainer.model)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for x in data(50):
        mean, logvar = model.encoder(x).chunk(2, dim=1)
        q = Normal(mean, (logvar / 2).exp())
        z = q.loc + q.scale * torch.randn(16, 3, generator=rng)
        reconstruction = -Bernoulli(logits=model.decoder(z)).log_prob(x).sum(1)
        kl = kl_divergence(q, Normal(0.0, 1.0)).sum(1)
        loss = (reconstruction + beta * kl).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        record = trainer.step(x)
        torch.testing.assert_close(record.reconstruction, reconstruction.mean(), rtol=0, atol=1e-10)
        torch.testing.assert_close(record.kl, kl.mean(), rtol=0, atol=1e-10)
    for ours, plain in zip(trainer.model.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(ours, plain, rtol=0, atol=1e-10)


def test_a_record_tells_of_the_model_before_the_update():
    trainer, (x,) = make(), data()
    costs = elbo_costs(trainer.model, x, seeded(1))
    expected = [costs.reconstruction.mean(), costs.kl.sum(-1).mean()]
    record = trainer.step(x)
    torch.testing.assert_close(list(record), expected)
    assert all(value.ndim == 0 and not value.requires_grad for value in record)


def test_a_cost_is_not_averaged_over_pixels():
    """The same picture printed twice costs twice as much, with a decoder that prints it twice."""
    (x,), once, twice = data(), make(), make(data_dim=24)
    with torch.no_grad():
        twice.model.encoder[0].weight.copy_(torch.cat([once.model.encoder[0].weight] * 2, 1) / 2)
        twice.model.encoder[2].load_state_dict(once.model.encoder[2].state_dict())
        twice.model.decoder[0].load_state_dict(once.model.decoder[0].state_dict())
        twice.model.decoder[2].weight.copy_(torch.cat([once.model.decoder[2].weight] * 2))
    one, two = once.step(x), twice.step(torch.cat([x, x], 1))
    torch.testing.assert_close(two.reconstruction, 2 * one.reconstruction)
    torch.testing.assert_close(two.kl, one.kl)


def test_a_leading_dimension_is_a_sum_of_means_and_reports_each(float64):
    both, (x, y) = make(), data(2)
    model, rng = copy.deepcopy(both.model), seeded(1)
    record = both.step(torch.stack([x, y]))
    assert record.reconstruction.shape == record.kl.shape == (2,)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    costs = elbo_costs(model, torch.stack([x, y]), rng)
    bound = costs.reconstruction + costs.kl.sum(-1)
    (bound[0].mean() + bound[1].mean()).backward()
    optimizer.step()
    plain = torch.nn.utils.parameters_to_vector(model.parameters())
    torch.testing.assert_close(weights(both), plain.detach(), rtol=0, atol=1e-10)


def test_training_makes_both_kinds_of_data_cheaper():
    for likelihood in ({}, {"likelihood": LearnedVariance()}):
        model = mlp_vae(12, 3, hidden_dim=20, rng=seeded(), **likelihood)
        trainer, (x,) = VAETrainer(model, lr=1e-2, rng=seeded(1)), data()
        costs = [sum(trainer.step(x)).item() for _ in range(200)]
        assert sum(costs[-20:]) / 20 < 0.8 * costs[0]


def test_without_a_learning_rate_nothing_moves():
    trainer = make(lr=0.0)
    before = weights(trainer)
    trainer.step(data()[0])
    assert torch.equal(weights(trainer), before)


def test_settings_act_from_the_next_step_on():
    """Set while it lives, they do what they do from the start."""
    set_later, given = make(lr=9e-3, beta=9.0), make(lr=1e-4, beta=0.5)
    set_later.lr, set_later.beta = 1e-4, 0.5
    for x in data(3):
        set_later.step(x), given.step(x)
    assert torch.equal(weights(set_later), weights(given))
    assert (set_later.lr, set_later.beta) == (1e-4, 0.5)
    assert all(hasattr(given, name) for name in VAETrainer.settings)


def test_gradients_left_by_somebody_else_are_not_used():
    clean, dirty = make(), make()
    for parameter in dirty.model.parameters():
        parameter.grad = torch.full_like(parameter, 1e3)
    clean.step(data()[0]), dirty.step(data()[0])
    assert torch.equal(weights(clean), weights(dirty))


def test_its_state_is_all_of_it():
    trainer, other = make(lr=1e-2, beta=2.0), make(lr=5e-3, beta=3.0)
    for x in data(5):
        trainer.step(x)
    other.load_state_dict(copy.deepcopy(trainer.state_dict()))
    for x in data(5, seed=3):
        assert list(trainer.step(x)) == list(other.step(x))
    assert torch.equal(weights(trainer), weights(other))
    assert (other.lr, other.beta) == (1e-2, 2.0)


def test_a_step_leaves_torchs_own_rng_alone():
    before = torch.get_rng_state()
    make().step(data()[0])
    assert torch.equal(torch.get_rng_state(), before)
