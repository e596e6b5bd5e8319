"""GANTrainer against a plain loop that is written out here, and who moves when."""

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from genart_edu.gan.model import mlp_discriminator, mlp_generator
from genart_edu.gan.objective import minimax, nonsaturating
from genart_edu.gan.training import GANTrainer


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def data(n: int = 1, seed: int = 2) -> Tensor:
    """n batches of 16 points in the plane."""
    return torch.randn(n, 16, 2, generator=seeded(seed)) + 1


def make(**settings) -> GANTrainer:
    generator = mlp_generator(3, 2, hidden_dim=20, rng=seeded())
    discriminator = mlp_discriminator(2, hidden_dim=20, rng=seeded(7))
    return GANTrainer(generator, discriminator, latent_dim=3, rng=seeded(1), **settings)


def weights(net: nn.Module) -> Tensor:
    return nn.utils.parameters_to_vector(net.parameters()).detach().clone()


def both(trainer: GANTrainer) -> Tensor:
    return torch.cat([weights(trainer.generator), weights(trainer.discriminator)])


def plain_loop(trainer: GANTrainer, batches: Tensor, saturating: bool = False):
    """The game of Goodfellow 2014 as tutorials write it: labels, cross entropy, detach."""
    generator, discriminator = copy.deepcopy((trainer.generator, trainer.discriminator))
    to_g = torch.optim.Adam(generator.parameters(), lr=1e-3, betas=(0.5, 0.999))
    to_d = torch.optim.Adam(discriminator.parameters(), lr=4e-3, betas=(0.5, 0.999))
    rng, cross_entropy = seeded(1), F.binary_cross_entropy_with_logits
    ones, zeros = torch.ones(16), torch.zeros(16)
    for real in batches:
        fake = generator(torch.randn(16, 3, generator=rng))
        d_loss = cross_entropy(discriminator(real), ones)
        d_loss = d_loss + cross_entropy(discriminator(fake.detach()), zeros)
        to_d.zero_grad()
        d_loss.backward()
        to_d.step()
        logits = discriminator(fake)
        g_loss = -cross_entropy(logits, zeros) if saturating else cross_entropy(logits, ones)
        to_g.zero_grad()
        g_loss.backward()
        to_g.step()
        yield d_loss, g_loss, torch.cat([weights(generator), weights(discriminator)])


@pytest.mark.parametrize("loss", [nonsaturating, minimax])
def test_fifty_steps_are_those_of_a_plain_loop(float64, loss):
    trainer, batches = make(lr=1e-3, discriminator_lr=4e-3, generator_loss=loss), data(50)
    steps = plain_loop(trainer, batches, saturating=loss is minimax)
    for real, (d_loss, g_loss, expected) in zip(batches, steps, strict=True):
        record = trainer.step(real)
        torch.testing.assert_close(list(record), [d_loss, g_loss], rtol=0, atol=1e-10)
        torch.testing.assert_close(both(trainer), expected, rtol=0, atol=1e-10)


def test_the_discriminator_step_moves_only_the_discriminator():
    trainer = make()
    generator, discriminator = weights(trainer.generator), weights(trainer.discriminator)
    state = copy.deepcopy(trainer.generator_optimizer.state_dict())
    trainer.discriminator_step(data()[0])
    assert torch.equal(weights(trainer.generator), generator)
    assert (weights(trainer.discriminator) != discriminator).float().mean() > 0.9
    assert trainer.generator_optimizer.state_dict() == state
    assert all(parameter.grad is None for parameter in trainer.generator.parameters())


def test_the_generator_step_moves_only_the_generator():
    trainer = make()
    generator, discriminator = weights(trainer.generator), weights(trainer.discriminator)
    state = copy.deepcopy(trainer.discriminator_optimizer.state_dict())
    trainer.generator_step(data()[0])
    assert torch.equal(weights(trainer.discriminator), discriminator)
    assert (weights(trainer.generator) != generator).float().mean() > 0.9
    assert trainer.discriminator_optimizer.state_dict() == state
    assert all(parameter.grad is None for parameter in trainer.discriminator.parameters())


def test_a_step_is_a_half_of_each_on_the_same_fakes():
    whole, halves, (real,) = make(), make(), data()
    record = whole.step(real)
    fake = halves.generator(torch.randn(16, 3, generator=seeded(1)))
    assert halves.update_discriminator(real, fake.detach()) == record.discriminator_loss
    assert halves.update_generator(fake) == record.generator_loss
    assert torch.equal(both(halves), both(whole))


def test_half_steps_are_halves_of_a_step(float64):
    """The discriminator's on fakes of its own draw, then the generator's on the next."""
    trainer, (real,) = make(discriminator_lr=4e-3), data()
    generator, discriminator = copy.deepcopy((trainer.generator, trainer.discriminator))
    d_loss, g_loss = trainer.discriminator_step(real), trainer.generator_step(real)
    rng = seeded(1)
    with torch.no_grad():
        fake = generator(torch.randn(16, 3, generator=rng))
    expected = F.softplus(-discriminator(real)).mean() + F.softplus(discriminator(fake)).mean()
    torch.testing.assert_close(d_loss, expected)
    logits = trainer.discriminator(generator(torch.randn(16, 3, generator=rng)))
    torch.testing.assert_close(g_loss, F.softplus(-logits).mean())


def test_no_gradient_that_was_left_lying_about_is_used():
    """In a GAN the generator's half can leave gradients in the discriminator, and add them up."""
    clean, dirty = make(), make()
    for real in data(3):
        for net in dirty.generator, dirty.discriminator:
            for parameter in net.parameters():
                parameter.grad = torch.full_like(parameter, 1e3)
        assert list(clean.step(real)) == list(dirty.step(real))
    assert torch.equal(both(clean), both(dirty))


def test_the_generators_half_leaves_no_gradient_in_the_discriminator():
    trainer, (real,) = make(), data()
    trainer.discriminator_step(real)
    before = [parameter.grad.clone() for parameter in trainer.discriminator.parameters()]
    trainer.generator_step(real)
    after = [parameter.grad for parameter in trainer.discriminator.parameters()]
    assert all(map(torch.equal, before, after))


def test_a_fake_is_detached_from_the_discriminators_loss():
    """The generator learns nothing from the discriminator's half of a whole step either."""
    trainer = make()
    seen = []
    update = trainer.update_generator

    def watch(fake):
        seen.extend(parameter.grad for parameter in trainer.generator.parameters())
        return update(fake)

    trainer.update_generator = watch
    trainer.step(data()[0])
    assert len(seen) == 6 and all(gradient is None for gradient in seen)


def test_fakes_are_as_many_as_the_real_ones_and_follow_the_rng():
    trainer = make()
    assert trainer.fake_like(data()[0]).shape == (16, 2)
    assert trainer.fake_like(data(3)).shape == (3, 16, 2)
    expected = trainer.generator(torch.randn(16, 3, generator=seeded(1)))
    assert torch.equal(make().fake_like(data()[0]), expected)


def test_a_leading_dimension_is_a_sum_of_means_and_reports_each(float64):
    trainer, real = make(lr=1e-3, discriminator_lr=1e-3), data(4)
    generator, discriminator = copy.deepcopy((trainer.generator, trainer.discriminator))
    record = trainer.step(real)
    assert record.discriminator_loss.shape == record.generator_loss.shape == (4,)
    with torch.no_grad():
        fake = generator(torch.randn(4, 16, 3, generator=seeded(1)))
    optimizer = torch.optim.Adam(discriminator.parameters(), lr=1e-3, betas=(0.5, 0.999))
    one_by_one = zip(real, fake, strict=True)
    means = [
        (F.softplus(-discriminator(r)) + F.softplus(discriminator(f))).mean() for r, f in one_by_one
    ]
    torch.testing.assert_close(record.discriminator_loss, torch.stack(means).detach())
    sum(means).backward()
    optimizer.step()
    expected = weights(discriminator)
    torch.testing.assert_close(weights(trainer.discriminator), expected, rtol=0, atol=1e-10)


def test_the_discriminators_rate_is_the_generators_unless_given():
    rates = [(t.lr, t.discriminator_lr) for t in (make(lr=0.1), make(lr=0.1, discriminator_lr=0.2))]
    assert rates == [(0.1, 0.1), (0.1, 0.2)]


def test_a_rate_of_zero_freezes_its_own_player_only():
    for frozen, name in ("generator", "lr"), ("discriminator", "discriminator_lr"):
        trainer = make(**{"lr": 1e-2, "discriminator_lr": 1e-2, name: 0.0})
        before = {net: weights(getattr(trainer, net)) for net in ("generator", "discriminator")}
        trainer.step(data()[0])
        for net, old in before.items():
            assert torch.equal(weights(getattr(trainer, net)), old) == (net == frozen)


def test_settings_act_from_the_next_step_on():
    set_later, given = make(), make(lr=1e-2, discriminator_lr=3e-2)
    set_later.lr, set_later.discriminator_lr = 1e-2, 3e-2
    for real in data(3):
        set_later.step(real), given.step(real)
    assert torch.equal(both(set_later), both(given))
    assert (set_later.lr, set_later.discriminator_lr) == (1e-2, 3e-2)
    assert all(hasattr(given, name) for name in GANTrainer.settings + GANTrainer.half_steps)


def test_its_state_is_all_of_it():
    trainer, other = make(lr=1e-2), make(lr=5e-3, beta1=0.5)
    for real in data(5):
        trainer.step(real)
    other.load_state_dict(copy.deepcopy(trainer.state_dict()))
    for real in data(5, seed=3):
        assert list(trainer.step(real)) == list(other.step(real))
    assert torch.equal(both(trainer), both(other))
    assert other.lr == other.discriminator_lr == 1e-2


def test_a_step_leaves_torchs_own_rng_alone():
    before = torch.get_rng_state()
    make().step(data()[0])
    assert torch.equal(torch.get_rng_state(), before)
