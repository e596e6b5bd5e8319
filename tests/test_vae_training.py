"""VAETrainer.step against a plain loop that is written out here, with torch.distributions."""

import copy
from functools import partial

import pytest
import torch
from torch import Tensor
from torch.distributions import Bernoulli, Normal, kl_divergence

from genart_edu.nets import mlp
from genart_edu.vae.likelihood import LearnedVariance, OptimalVariance
from genart_edu.vae.model import Autoencoder, mlp_vae
from genart_edu.vae.objective import autoencoder_costs, elbo_costs, reparameterize, warm_up
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
    trainer = make(lr=1e-2, beta=2.0, free_bits=0.1)
    other = make(lr=5e-3, beta=3.0, free_bits=0.0)
    for x in data(5):
        trainer.step(x)
    other.load_state_dict(copy.deepcopy(trainer.state_dict()))
    for x in data(5, seed=3):
        assert list(trainer.step(x)) == list(other.step(x))
    assert torch.equal(weights(trainer), weights(other))
    assert (other.lr, other.beta, other.free_bits) == (1e-2, 2.0, 0.1)


def test_a_step_leaves_torchs_own_rng_alone():
    before = torch.get_rng_state()
    make().step(data()[0])
    assert torch.equal(torch.get_rng_state(), before)


# ---- how the KL is charged, and other ways to learn ----------------------------------------


def test_free_bits_and_a_schedule_are_those_of_a_plain_loop(float64):
    trainer = make(lr=3e-3, beta=2.0, free_bits=0.05, schedule=partial(warm_up, steps=10))
    rng, model = seeded(1), copy.deepcopy(trainer.model)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for step, x in enumerate(data(20)):
        mean, logvar = model.encoder(x).chunk(2, dim=1)
        q = Normal(mean, (logvar / 2).exp())
        z = q.loc + q.scale * torch.randn(16, 3, generator=rng)
        reconstruction = -Bernoulli(logits=model.decoder(z)).log_prob(x).sum(1).mean()
        kl = kl_divergence(q, Normal(0.0, 1.0)).mean(0)  # (L,)
        loss = reconstruction + 2 * min(1, step / 10) * kl.clamp(min=0.05).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        record = trainer.step(x)
        torch.testing.assert_close(record.kl, kl.sum(), rtol=0, atol=1e-10)  # the true one
    for ours, plain in zip(trainer.model.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(ours, plain, rtol=0, atol=1e-10)


def test_after_a_step_the_optimal_variance_is_the_error_that_it_saw(float64):
    model = mlp_vae(12, 3, hidden_dim=20, likelihood=OptimalVariance(), rng=seeded())
    trainer, rng, (x,) = VAETrainer(model, rng=seeded(1)), seeded(1), data()
    for _ in range(3):
        z = reparameterize(*model.encode(x), rng)
        error = (x - model.decode(z).mean).square().mean().item()
        trainer.step(x)
        assert model.likelihood.variance.item() == pytest.approx(error, rel=1e-9)


def test_the_place_in_a_schedule_is_part_of_the_state():
    trainer, other = (make(schedule=partial(warm_up, steps=6), free_bits=0.1) for _ in range(2))
    for x in data(3):
        trainer.step(x)
    other.load_state_dict(copy.deepcopy(trainer.state_dict()))
    assert other.steps == 3
    for x in data(5, seed=3):
        assert list(trainer.step(x)) == list(other.step(x))
    assert torch.equal(weights(trainer), weights(other))


def test_an_autoencoder_learns_to_copy():
    model = Autoencoder(mlp([12, 32, 6], seeded()), mlp([6, 32, 12], seeded(1)))
    trainer, (x,) = VAETrainer(model, lr=1e-2, costs=autoencoder_costs, rng=seeded()), data()
    records = [trainer.step(x) for _ in range(300)]
    assert records[-1].reconstruction < 0.3 * records[0].reconstruction
    assert records[-1].kl == 0


def test_a_conditional_vae_learns_what_the_label_says():
    """x is nothing but its class: then z has nothing to say, and need not pay for it."""
    patterns = (torch.rand(3, 12, generator=seeded(5)) < 0.5).float()
    labels = torch.arange(48) % 3
    told = VAETrainer(mlp_vae(12, 2, hidden_dim=20, classes=3, rng=seeded()), lr=1e-2, rng=seeded())
    alone = VAETrainer(mlp_vae(12, 2, hidden_dim=20, rng=seeded()), lr=1e-2, rng=seeded())
    for _ in range(400):
        with_labels = told.step(patterns[labels], labels)
        without = alone.step(patterns[labels])
    assert sum(with_labels) < 0.1
    assert sum(without) > 0.9 * torch.tensor(3.0).log()  # at least the entropy of the class


# ---- data that it can't learn from ---------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "labels", "classes", "sentence"),
    [
        (torch.full((2, 12), torch.nan), None, 0, r"x must be finite; 24 numbers are not\."),
        (torch.full((2, 12), 1.5), None, 0,
         r"A Bernoulli likelihood takes pixels in \[0, 1\]; got 1\.5 to 1\.5\."),
        (torch.full((2, 12), -0.1), None, 0,
         r"A Bernoulli likelihood takes pixels in \[0, 1\]; got -0\.1 to -0\.1\."),
        (torch.zeros(2, 12), torch.tensor([0, 3]), 3, r"labels must be from 0 to 2; got 0 to 3\."),
        (torch.zeros(2, 12), torch.tensor([-1, 0]), 3,
         r"labels must be from 0 to 2; got -1 to 0\."),
        (torch.zeros(2, 12), torch.tensor([1.0, 0]), 3,
         r"labels must be int64, one for each of 2 x; got torch\.float32 of shape \(2,\)\."),
        (torch.zeros(2, 12), torch.tensor([1]), 3,
         r"labels must be int64, one for each of 2 x; got torch\.int64 of shape \(1,\)\."),
        (torch.zeros(2, 12), None, 3, r"This model needs labels beside x\."),
        (torch.zeros(2, 12), torch.tensor([0, 1]), 0,
         r"This model takes x alone, without labels\."),
    ],
)  # fmt: skip
def test_bad_data_get_one_sentence_before_the_first_step(x, labels, classes, sentence):
    model = mlp_vae(12, 2, hidden_dim=20, classes=classes, rng=seeded())
    trainer = VAETrainer(model, rng=seeded())
    before = weights(trainer)
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        trainer.step(x, labels)
    assert torch.equal(weights(trainer), before) and trainer.steps == 0


def test_pixels_beyond_0_and_1_are_fine_for_a_gaussian():
    model = mlp_vae(12, 2, hidden_dim=20, likelihood=LearnedVariance(), rng=seeded())
    VAETrainer(model, rng=seeded()).step(3 * torch.ones(2, 12))
