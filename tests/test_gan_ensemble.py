"""S GANs that train as one against S that are trained alone, from the same weights and noise."""

from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from genart_edu.gan.model import mlp_discriminator, mlp_generator
from genart_edu.gan.objective import HINGE, LEAST_SQUARES, MINIMAX, WASSERSTEIN
from genart_edu.gan.schedule import cosine
from genart_edu.gan.training import GANTrainer
from genart_edu.nets import SeedLinear, linear

SEEDS = 3
NETS = "packing", "minibatch_std", "spectral_norm", "classes"

SETTINGS = [
    {},
    {"objective": MINIMAX},
    {"objective": LEAST_SQUARES},
    {"objective": HINGE},
    {"spectral_norm": True},
    {"objective": WASSERSTEIN, "gradient_penalty": 10.0, "n_critic": 2},
    {"packing": 2},
    {"minibatch_std": True},
    {"packing": 2, "minibatch_std": True, "gradient_penalty": 1.0},
    {"r1": 0.5},
    {"instance_noise": 0.2},
    {"unroll": 2},
    {"average": 0.9},
    {"classes": 3},
    {
        "objective": LEAST_SQUARES,
        "n_critic": 2,
        "packing": 2,
        "minibatch_std": True,
        "spectral_norm": True,
        "classes": 3,
        "r1": 0.1,
        "gradient_penalty": 1.0,
        "instance_noise": 0.2,
        "unroll": 1,
        "average": 0.99,
        "schedule": partial(cosine, steps=60),
    },
]
EACH = pytest.mark.parametrize(
    "settings", SETTINGS, ids=lambda settings: ", ".join(settings) or "plain"
)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def member(net: nn.Module, seed: int) -> dict[str, Tensor]:
    """The state that one of S networks would have of its own, made of torch's linear maps."""
    state = {name: value[seed] for name, value in net.state_dict().items()}
    for name, value in state.items():
        if name.endswith("bias"):
            state[name] = value[0]
        elif not name.endswith("u"):  # the singular vector of a spectral norm stands as it is
            state[name] = value.T
    return state


class Share:
    """As an rng: the noise that one of S gets of what all of them draw."""

    device = torch.device("cpu")

    def __init__(self, seed: int) -> None:
        self.seed, self.rng = seed, seeded(1)


@pytest.fixture
def shares(monkeypatch):
    """torch's draws understand a Share."""

    def understanding(draw):
        def drawn(*shape, generator, **options):
            if not isinstance(generator, Share):
                return draw(*shape, generator=generator, **options)
            shape = shape if isinstance(shape[0], int) else shape[0]
            return draw(SEEDS, *shape, generator=generator.rng, **options)[generator.seed]

        return drawn

    for name in "randn", "rand":
        monkeypatch.setattr(torch, name, understanding(getattr(torch, name)))


def make(layer, rng, settings: dict, **rates: Any) -> GANTrainer:
    of_d = {name: settings[name] for name in NETS if name in settings}
    classes = settings.get("classes", 0)
    generator = mlp_generator(3, 2, hidden_dim=12, layer=layer, classes=classes, rng=seeded())
    discriminator = mlp_discriminator(2, hidden_dim=12, layer=layer, rng=seeded(7), **of_d)
    rest = {name: value for name, value in settings.items() if name not in NETS}
    return GANTrainer(generator, discriminator, latent_dim=3, rng=rng, **rates, **rest)


def family(settings: dict, **rates: Any) -> tuple[GANTrainer, list[GANTrainer]]:
    """S that train as one, and each of them alone, with the same weights."""
    together = make(partial(SeedLinear, SEEDS), seeded(1), settings, **rates)
    alone = [make(linear, Share(i), settings, **rates) for i in range(SEEDS)]
    for i, one in enumerate(alone):
        for mine, theirs in nets(one, together):
            mine.load_state_dict(member(theirs, i))
    return together, alone


def nets(one: GANTrainer, other: GANTrainer) -> list[tuple[nn.Module, nn.Module]]:
    names = "generator", "discriminator", "painter"
    return [(getattr(one, name), getattr(other, name)) for name in names]


def batches(steps: int, settings: dict):
    """(x (S, B, 2),), and labels (S, B) if there are classes: each seed sees data of its own."""
    rng, size = seeded(2), 12 * settings.get("n_critic", 1)
    for _ in range(steps):
        x = torch.randn(SEEDS, size, 2, generator=rng) + 1
        labels = torch.randint(3, (SEEDS, size), generator=rng)
        yield (x, labels) if "classes" in settings else (x,)


def compare(settings: dict, steps: int, tolerance: float) -> None:
    together, alone = family(settings, lr=1e-3, discriminator_lr=2e-3)
    for batch in batches(steps, settings):
        record = together.step(*batch)
        for i, one in enumerate(alone):
            for all_of_them, number in zip(
                record, one.step(*(part[i] for part in batch)), strict=True
            ):
                assert all_of_them.shape == (SEEDS,) and number.shape == ()
                torch.testing.assert_close(all_of_them[i], number, rtol=0, atol=10 * tolerance)
    for i, one in enumerate(alone):
        for mine, theirs in nets(one, together):
            expected = member(theirs, i)
            for name, value in mine.named_parameters():
                torch.testing.assert_close(value.data, expected[name], rtol=0, atol=tolerance)


@EACH
def test_members_are_as_if_alone_in_double_precision(float64, shares, settings):
    """Weights after 15 steps within 1e-10; losses and lengths of gradients in every one."""
    compare(settings, steps=15, tolerance=1e-10)


@EACH
def test_members_are_as_if_alone_in_single_precision(shares, settings):
    compare(settings, steps=50, tolerance=1e-5)


def test_half_steps_are_each_members_own_too(float64, shares):
    together, alone = family({"r1": 0.1})
    for (x,) in batches(5, {}):
        for half in together.half_steps:
            losses = getattr(together, half)(x)
            expected = [getattr(one, half)(x[i]) for i, one in enumerate(alone)]
            torch.testing.assert_close(losses, torch.stack(expected), rtol=0, atol=1e-10)


def test_one_members_data_do_not_reach_another():
    first, second = (make(partial(SeedLinear, SEEDS), seeded(1), {}) for _ in range(2))
    for (x,) in batches(5, {}):
        other = x.clone()
        other[1] += 5
        first.step(x), second.step(other)
    for mine, theirs in zip(first.generator.parameters(), second.generator.parameters()):  # noqa: B905
        same = [torch.equal(mine[i], theirs[i]) for i in range(SEEDS)]
        assert same == [True, False, True]


def test_as_many_seeds_as_examples_are_kept_apart(float64, shares, monkeypatch):
    """Nothing is told from shapes that only happen to differ."""
    monkeypatch.setitem(globals(), "SEEDS", 12)
    compare({"minibatch_std": True}, steps=3, tolerance=1e-10)
