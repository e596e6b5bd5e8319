"""What a GANTrainer's settings change: half steps, classes, foresight, the average, its state."""

import copy
from functools import partial

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from genart_edu.gan.model import mlp_discriminator, mlp_generator
from genart_edu.gan.objective import HINGE
from genart_edu.gan.schedule import constant, cosine
from genart_edu.gan.training import GANTrainer


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def data(n: int = 1, seed: int = 2) -> Tensor:
    """n batches of 16 points in the plane."""
    return torch.randn(n, 16, 2, generator=seeded(seed)) + 1


def make(
    classes: int = 0, minibatch_std: bool = False, spectral_norm: bool = False, **settings
) -> GANTrainer:
    generator = mlp_generator(3, 2, hidden_dim=20, classes=classes, rng=seeded())
    discriminator = mlp_discriminator(
        2,
        hidden_dim=20,
        classes=classes,
        minibatch_std=minibatch_std,
        spectral_norm=spectral_norm,
        rng=seeded(7),
    )
    return GANTrainer(generator, discriminator, latent_dim=3, rng=seeded(1), **settings)


def weights(net: nn.Module) -> Tensor:
    return nn.utils.parameters_to_vector(net.parameters()).detach().clone()


def all_weights(trainer: GANTrainer) -> Tensor:
    nets = trainer.generator, trainer.discriminator, trainer.painter
    return torch.cat([weights(net) for net in nets])


EVERYTHING = {
    "minibatch_std": True,
    "spectral_norm": True,
    "objective": HINGE,
    "n_critic": 2,
    "schedule": partial(cosine, steps=20),
    "r1": 0.1,
    "gradient_penalty": 1.0,
    "instance_noise": 0.2,
    "unroll": 2,
    "average": 0.9,
}


# ---- its state -------------------------------------------------------------------------


def test_with_everything_on_a_run_goes_on_from_its_state_to_the_bit():
    trainer = make(**EVERYTHING, lr=2e-3, discriminator_lr=3e-3)
    other = make(**EVERYTHING | {"r1": 9.0, "instance_noise": 0.0, "gradient_penalty": 0.0})
    for real in data(5):
        trainer.step(real)
    other.load_state_dict(copy.deepcopy(trainer.state_dict()))
    assert other.steps == 5
    for real in data(5, seed=3):
        assert list(trainer.step(real)) == list(other.step(real))
    for real in data(2, seed=4):  # half steps too
        assert trainer.discriminator_step(real) == other.discriminator_step(real)
        assert trainer.generator_step(real) == other.generator_step(real)
    assert torch.equal(all_weights(trainer), all_weights(other))
    assert torch.equal(trainer.rng.get_state(), other.rng.get_state())


def test_its_settings_are_in_its_state():
    trainer = make()
    values = {name: float(i) for i, name in enumerate(GANTrainer.settings, 1)}
    for name, value in values.items():
        setattr(trainer, name, value)
    other = make()
    other.load_state_dict(trainer.state_dict())
    assert {name: getattr(other, name) for name in GANTrainer.settings} == values


def test_taking_only_the_maps_leaves_the_rest():
    trainer, other = make(average=0.9), make(average=0.9, lr=7.0)
    for real in data(3):
        trainer.step(real)
    other.load_weights(trainer.state_dict())
    assert torch.equal(all_weights(trainer), all_weights(other))
    assert (other.lr, other.steps) == (7.0, 0)
    assert not other.generator_optimizer.state


# ---- half steps ------------------------------------------------------------------------


def test_with_everything_on_half_steps_move_only_their_own_player():
    trainer = make(**EVERYTHING)
    g, d, painter = map(weights, (trainer.generator, trainer.discriminator, trainer.painter))
    trainer.discriminator_step(data()[0])
    assert torch.equal(weights(trainer.generator), g)
    assert torch.equal(weights(trainer.painter), painter)
    assert all(parameter.grad is None for parameter in trainer.generator.parameters())
    moved = weights(trainer.discriminator)
    gradients = [parameter.grad.clone() for parameter in trainer.discriminator.parameters()]
    assert not torch.equal(moved, d)
    trainer.generator_step(data()[0])
    assert torch.equal(weights(trainer.discriminator), moved)
    after = [parameter.grad for parameter in trainer.discriminator.parameters()]
    assert all(map(torch.equal, gradients, after))
    assert not torch.equal(weights(trainer.generator), g)
    assert not torch.equal(weights(trainer.painter), painter)


@pytest.mark.parametrize(("half", "fakes"), [("discriminator_step", 4), ("generator_step", 1)])
def test_a_half_step_makes_as_many_updates_as_a_whole_one(half, fakes):
    """The discriminator's n_critic, each on the next of the data and on fakes of its own."""
    trainer = make(n_critic=4)
    seen, update = [], trainer.update_discriminator

    def watched(real, fake):
        seen.append((real, fake))
        return update(real, fake)

    trainer.update_discriminator = watched
    (real,) = data()
    getattr(trainer, half)(real)
    drawn = seeded(1)
    for _ in range(fakes):
        torch.randn(4, 3, generator=drawn)
    assert torch.equal(trainer.rng.get_state(), drawn.get_state())
    if half == "discriminator_step":
        assert torch.equal(torch.cat([x for x, _ in seen]), real)
        assert len({tuple(fake.flatten().tolist()) for _, fake in seen}) == 4


def test_a_batch_that_cannot_be_shared_by_the_updates_is_refused():
    """Not made into three updates where four were asked for."""
    with pytest.raises((RuntimeError, ValueError)):
        make(n_critic=4).step(data()[0][:9])


# ---- schedule and average -----------------------------------------------------------------


def test_a_cosine_goes_from_all_to_nothing():
    assert [cosine(step, 4) for step in (0, 2, 4, 9)] == pytest.approx([1, 0.5, 0, 0])
    assert [constant(step) for step in (0, 10**9)] == [1, 1]


def test_a_schedule_counts_steps_and_ends_in_rest():
    trainer = make(schedule=partial(cosine, steps=3))
    seen = []
    for real in data(5):
        before = all_weights(trainer)
        trainer.step(real)
        seen.append((all_weights(trainer) - before).abs().max().item())
    assert seen[0] > seen[1] > seen[2] > 0 and seen[3] == seen[4] == 0
    assert trainer.steps == 5


def test_samples_come_from_the_average_if_there_is_one():
    plain, averaged = make(), make(average=0.9)
    assert plain.painter is plain.generator
    assert averaged.painter is not averaged.generator
    for real in data(3):
        plain.step(real), averaged.step(real)
    assert torch.equal(weights(plain.generator), weights(averaged.generator))  # it only follows
    assert not torch.equal(weights(averaged.painter), weights(averaged.generator))


# ---- foresight --------------------------------------------------------------------------


def test_the_unrolled_generators_gradient_is_that_of_finite_differences(float64):
    """Of a loss that is found by really training a copy of the discriminator for two steps."""
    trainer, (real,) = make(unroll=2, unroll_lr=0.5), data()
    generator, discriminator = copy.deepcopy((trainer.generator, trainer.discriminator))
    z = torch.randn(16, 3, generator=seeded(1))
    start = weights(generator)
    record = trainer.generator_step(real)
    gradient = torch.cat([p.grad.flatten() for p in trainer.generator.parameters()])

    def loss(vector: Tensor) -> float:
        nn.utils.vector_to_parameters(vector, generator.parameters())
        fake, rival = generator(z).detach(), copy.deepcopy(discriminator)
        descent = torch.optim.SGD(rival.parameters(), lr=0.5)
        for _ in range(2):
            descent.zero_grad()
            (F.softplus(-rival(real)) + F.softplus(rival(fake))).mean().backward()
            descent.step()
        return F.softplus(-rival(fake)).mean().item()

    assert record.item() == pytest.approx(loss(start), abs=1e-12)
    assert abs(loss(start) - F.softplus(-discriminator(generator(z))).mean().item()) > 1e-3
    nudge = 1e-6 * gradient
    rise = (loss(start + nudge) - loss(start - nudge)) / 2e-6
    assert rise == pytest.approx((gradient @ gradient).item(), rel=1e-5)


# ---- classes ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cures", [{}, {"r1": 0.5, "gradient_penalty": 2.0}], ids=["plain", "cures"]
)
def test_labels_are_told_to_both_players(float64, cures):
    """A loop by hand on the bare nets, with one-hot classes beside z and beside x."""
    trainer = make(classes=4, lr=1e-3, **cures)
    generator = copy.deepcopy(trainer.generator.net)
    discriminator = copy.deepcopy(trainer.discriminator.net)
    to_g = torch.optim.Adam(generator.parameters(), betas=(0.5, 0.999))
    to_d = torch.optim.Adam(discriminator.parameters(), betas=(0.5, 0.999))
    rng = seeded(1)
    for real in data(5):
        labels = torch.randint(4, (16,), generator=seeded(5))
        record = trainer.step(real, labels)
        y = torch.eye(4)[labels]

        def judge(x, y=y):
            return discriminator(torch.cat([x, y], 1))

        def slope(x, judge=judge):
            x = x.clone().requires_grad_()
            return torch.autograd.grad(judge(x).sum(), x, create_graph=True)[0]

        fake = generator(torch.cat([torch.randn(16, 3, generator=rng), y], 1))
        cost = d_loss = (F.softplus(-judge(real)) + F.softplus(judge(fake.detach()))).mean()
        if cures:
            u = torch.rand(16, 1, generator=rng)
            norm = slope(u * real + (1 - u) * fake.detach()).norm(dim=1)
            cost = cost + 0.25 * slope(real).pow(2).sum(1).mean() + 2 * (norm - 1).pow(2).mean()
        to_d.zero_grad()
        cost.backward()
        to_d.step()
        g_loss = F.softplus(-judge(fake)).mean()
        to_g.zero_grad()
        g_loss.backward()
        to_g.step()
        torch.testing.assert_close(list(record)[:2], [d_loss, g_loss], rtol=0, atol=1e-10)
    now = torch.cat([weights(trainer.generator), weights(trainer.discriminator)])
    expected = torch.cat([weights(generator), weights(discriminator)])
    torch.testing.assert_close(now, expected, rtol=0, atol=1e-10)


def test_half_steps_tell_the_labels_too():
    trainer, (real,) = make(classes=4, n_critic=2, unroll=1), data()
    told = [torch.zeros(16, dtype=torch.int64), torch.arange(16) % 4]
    for half in trainer.half_steps:
        losses = []
        for labels in told:
            fresh = copy.deepcopy(trainer)
            losses.append(getattr(fresh, half)(real, labels))
        assert losses[0] != losses[1]
