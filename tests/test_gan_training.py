"""GANTrainer against a plain loop that is written out here, and who moves when."""

import copy
from functools import partial

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from genart_edu.gan.model import mlp_discriminator, mlp_generator
from genart_edu.gan.objective import HINGE, LEAST_SQUARES, MINIMAX, NONSATURATING, WASSERSTEIN
from genart_edu.gan.schedule import cosine
from genart_edu.gan.training import GANTrainer
from genart_edu.nets import SeedLinear, linear


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def data(n: int = 1, seed: int = 2, size: int = 16) -> Tensor:
    """n batches of 16 points in the plane."""
    return torch.randn(n, size, 2, generator=seeded(seed)) + 1


def make(layer=linear, **settings) -> GANTrainer:
    generator = mlp_generator(3, 2, hidden_dim=20, layer=layer, rng=seeded())
    discriminator = mlp_discriminator(2, hidden_dim=20, layer=layer, rng=seeded(7))
    return GANTrainer(generator, discriminator, latent_dim=3, rng=seeded(1), **settings)


def weights(net: nn.Module) -> Tensor:
    return nn.utils.parameters_to_vector(net.parameters()).detach().clone()


def both(trainer: GANTrainer) -> Tensor:
    return torch.cat([weights(trainer.generator), weights(trainer.discriminator)])


def length(net: nn.Module) -> Tensor:
    """Of the gradient that lies in a net."""
    return nn.utils.clip_grad_norm_(net.parameters(), torch.inf)  # which clips nothing


def is_real(logits: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, torch.ones_like(logits))


def is_fake(logits: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, torch.zeros_like(logits))


def square(logits: Tensor, target: int) -> Tensor:
    return F.mse_loss(logits, torch.full_like(logits, target)) / 2


# The discriminator's loss and the generator's, as tutorials write them.
TUTORIALS = {
    MINIMAX: (lambda real, fake: is_real(real) + is_fake(fake), lambda fake: -is_fake(fake)),
    NONSATURATING: (lambda real, fake: is_real(real) + is_fake(fake), is_real),
    LEAST_SQUARES: (
        lambda real, fake: square(real, 1) + square(fake, -1),
        lambda fake: square(fake, 1),
    ),
    HINGE: (
        lambda real, fake: (1 - real).clamp(min=0).mean() + (1 + fake).clamp(min=0).mean(),
        lambda fake: -fake.mean(),
    ),
    WASSERSTEIN: (lambda real, fake: fake.mean() - real.mean(), lambda fake: -fake.mean()),
}


def plain_loop(
    trainer: GANTrainer,
    batches: Tensor,
    *,
    objective=NONSATURATING,
    n_critic: int = 1,
    schedule=None,
    r1: float = 0,
    gradient_penalty: float = 0,
    instance_noise: float = 0,
    average: float = 0,
):
    """The game of Goodfellow 2014 with its cures, as tutorials write it: detach, two Adams."""
    generator, discriminator = copy.deepcopy((trainer.generator, trainer.discriminator))
    slow = copy.deepcopy(generator)
    adams = [
        torch.optim.Adam(generator.parameters(), lr=1e-3, betas=(0.5, 0.999)),
        torch.optim.Adam(discriminator.parameters(), lr=4e-3, betas=(0.5, 0.999)),
    ]
    to_g, to_d = adams
    horizon = len(batches) if schedule else 10**15
    waves = [torch.optim.lr_scheduler.CosineAnnealingLR(adam, horizon) for adam in adams]
    rng, (d_cost, g_cost) = seeded(1), TUTORIALS[objective]

    def noisy(x: Tensor) -> Tensor:
        if not instance_noise:
            return x
        return x + instance_noise * torch.randn(x.shape, generator=rng)

    def slope(x: Tensor) -> Tensor:
        x = x.clone().requires_grad_()
        return torch.autograd.grad(discriminator(x).sum(), x, create_graph=True)[0]

    for batch in batches:
        for real in batch.view(n_critic, -1, 2):
            fake = generator(torch.randn(16, 3, generator=rng))
            d_loss = d_cost(discriminator(noisy(real)), discriminator(noisy(fake.detach())))
            cost = d_loss + r1 / 2 * slope(real).pow(2).sum(1).mean()
            if gradient_penalty:
                u = torch.rand(16, 1, generator=rng)
                between = u * real + (1 - u) * fake.detach()
                cost = cost + gradient_penalty * (slope(between).norm(dim=1) - 1).pow(2).mean()
            to_d.zero_grad()
            cost.backward()
            d_length = length(discriminator)
            to_d.step()
        g_loss = g_cost(discriminator(noisy(fake)))
        to_g.zero_grad()
        g_loss.backward()
        to_g.step()
        for wave in waves:
            wave.step()
        with torch.no_grad():
            for old, new in zip(slow.parameters(), generator.parameters(), strict=True):
                old.copy_(average * old + (1 - average) * new)
        record = [d_loss, g_loss, d_length, length(generator)]
        yield record, torch.cat([weights(net) for net in (generator, discriminator, slow)])


@pytest.mark.parametrize(
    "settings",
    [
        {"objective": MINIMAX},
        {"objective": NONSATURATING},
        {"objective": LEAST_SQUARES},
        {"objective": HINGE},
        {"objective": WASSERSTEIN},
        {"n_critic": 3},
        {"schedule": partial(cosine, steps=50)},
        {"r1": 0.7},
        {"gradient_penalty": 10.0, "objective": WASSERSTEIN, "n_critic": 2},
        {"instance_noise": 0.3},
        {"average": 0.9},
        {
            "objective": HINGE,
            "n_critic": 2,
            "schedule": partial(cosine, steps=50),
            "r1": 0.1,
            "gradient_penalty": 1.0,
            "instance_noise": 0.2,
            "average": 0.99,
        },
    ],
    ids=lambda settings: ", ".join(settings),
)
def test_fifty_steps_are_those_of_a_plain_loop(float64, settings):
    """Losses, the lengths of both gradients, all weights and those that samples come from."""
    trainer = make(lr=1e-3, discriminator_lr=4e-3, **settings)
    batches = data(50, size=16 * settings.get("n_critic", 1))
    steps = plain_loop(trainer, batches, **settings)
    for real, (expected, after) in zip(batches, steps, strict=True):
        record = trainer.step(real)
        torch.testing.assert_close(list(record), expected, rtol=0, atol=1e-10)
        now = torch.cat([both(trainer), weights(trainer.painter)])
        torch.testing.assert_close(now, after, rtol=0, atol=1e-10)


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
    of_d = halves.update_discriminator(real, fake.detach())
    assert of_d == (record.discriminator_loss, record.discriminator_gradient)
    of_g = halves.update_generator(real, fake)
    assert of_g == (record.generator_loss, record.generator_gradient)
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

    def watch(real, fake):
        seen.extend(parameter.grad for parameter in trainer.generator.parameters())
        return update(real, fake)

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
    trainer, real = make(partial(SeedLinear, 4)), data(4)
    generator, discriminator = copy.deepcopy((trainer.generator, trainer.discriminator))
    record = trainer.step(real)
    assert record.discriminator_loss.shape == record.generator_loss.shape == (4,)
    with torch.no_grad():
        fake = generator(torch.randn(4, 16, 3, generator=seeded(1)))
    optimizer = torch.optim.Adam(discriminator.parameters(), lr=1e-3, betas=(0.5, 0.999))
    one_by_one = zip(discriminator(real), discriminator(fake), strict=True)
    means = [is_real(of_real) + is_fake(of_fake) for of_real, of_fake in one_by_one]
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


def test_the_weight_of_a_penalty_can_be_set_while_it_lives():
    set_later, given = make(), make(r1=0.5, gradient_penalty=2.0, instance_noise=0.1)
    set_later.r1, set_later.gradient_penalty, set_later.instance_noise = 0.5, 2.0, 0.1
    for real in data(3):
        assert list(set_later.step(real)) == list(given.step(real))
    assert torch.equal(both(set_later), both(given))


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


@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_a_layer_that_is_frozen_stays_and_the_rest_learns(player):
    trainer = make()
    frozen, _, free, *_ = getattr(trainer, player)
    frozen.requires_grad_(False)
    before = weights(frozen), weights(free)
    trainer.step(data()[0])
    assert torch.equal(weights(frozen), before[0]) and not torch.equal(weights(free), before[1])
