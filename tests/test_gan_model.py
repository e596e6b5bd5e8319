"""The maps of a GAN: their shapes, and one sigmoid in one place only."""

import copy
from functools import partial

import pytest
import torch
from torch import Tensor, nn

from genart_edu.gan.layers import judges_alone
from genart_edu.gan.model import (
    conv_discriminator,
    conv_generator,
    mlp_discriminator,
    mlp_generator,
)
from genart_edu.gan.objective import Objective
from genart_edu.gan.training import GANTrainer
from genart_edu.nets import SeedLinear, conv_decoder, mlp, relu

SHAPES = pytest.mark.parametrize("shape", [(1, 8, 8), (1, 28, 28), (3, 8, 8), (3, 9, 7)], ids=str)
CONV = (1, 8, 8)


def noise(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(*shape, generator=seeded(seed))


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_generator_is_an_mlp_and_pixels_pass_one_sigmoid():
    z = torch.randn(9, 3, generator=seeded(1))
    logits = mlp([3, 16, 16, 8], seeded())(z)
    assert torch.equal(mlp_generator(3, 8, hidden_dim=16, rng=seeded())(z), logits)
    pixels = mlp_generator(3, 8, hidden_dim=16, pixels=True, rng=seeded())(z)
    torch.testing.assert_close(pixels, 1 / (1 + (-logits).exp()))


def test_the_discriminator_is_an_mlp_and_gives_logits():
    x = 50 * torch.randn(9, 8, generator=seeded(1))
    logits = mlp_discriminator(8, hidden_dim=16, rng=seeded())(x)
    assert torch.equal(logits, mlp([8, 16, 16, 1], seeded())(x)[:, 0])
    assert logits.min() < 0 and logits.max() > 1  # these are no probabilities


@pytest.mark.parametrize("lead", [(5,), (2, 5)])
def test_leading_dimensions_are_free(lead):
    x = mlp_generator(3, 8, rng=seeded())(torch.randn(*lead, 3, generator=seeded(1)))
    assert x.shape == (*lead, 8)
    assert mlp_discriminator(8, rng=seeded())(x).shape == lead


def test_width_depth_and_activation_are_arguments():
    net = mlp_generator(3, 8, hidden_dim=7, depth=3, activation=relu, rng=seeded())
    widths = [layer.out_features for layer in net if isinstance(layer, nn.Linear)]
    assert widths == [7, 7, 7, 8]
    assert sum(isinstance(layer, nn.ReLU) for layer in net) == 3


# ---- convolutions ----------------------------------------------------------------------


@SHAPES
def test_convolutions_make_and_judge_flat_pictures_of_any_size(shape):
    c, h, w = shape
    x = conv_generator(3, shape, hidden_dim=4, rng=seeded())(noise(5, 3))
    assert x.shape == (5, c * h * w)
    assert x.min() >= 0 and x.max() <= 1 and x.std() > 1e-3  # pixels, and not all the same
    assert conv_discriminator(shape, hidden_dim=4, rng=seeded())(x).shape == (5,)


def test_the_conv_generators_pixels_pass_one_sigmoid():
    logits = conv_decoder(3, CONV, seeded(), hidden_dim=4, activation=relu)(noise(5, 3))
    pixels = conv_generator(3, CONV, hidden_dim=4, rng=seeded())(noise(5, 3))
    torch.testing.assert_close(pixels, 1 / (1 + (-logits).exp()))


def test_a_picture_depends_on_its_own_z_alone_and_a_logit_on_its_own_picture():
    """There is no BatchNorm in either."""
    generator = conv_generator(3, CONV, hidden_dim=4, classes=2, rng=seeded())
    judge = conv_discriminator(CONV, hidden_dim=4, classes=2, rng=seeded())
    z, labels = noise(5, 3), torch.tensor([0, 1, 1, 0, 1])
    x = generator(z, labels)
    torch.testing.assert_close(generator(z[2:3], labels[2:3]), x[2:3])
    torch.testing.assert_close(judge(x[2:3], labels[2:3]), judge(x, labels)[2:3])


def test_the_conv_discriminators_logits_are_no_probabilities():
    logits = conv_discriminator(CONV, rng=seeded())(50 * noise(30, 64))
    assert logits.min() < 0 and logits.max() > 1


# ---- classes ---------------------------------------------------------------------------


def test_a_class_is_one_hot_beside_z_and_beside_x():
    z, labels = noise(6, 3), torch.tensor([0, 3, 1, 1, 2, 0])
    y = torch.eye(4)[labels]
    generator = mlp_generator(3, 2, classes=4, rng=seeded())
    assert torch.equal(generator(z, labels), mlp([7, 128, 128, 2], seeded())(torch.cat([z, y], 1)))
    judge, x = mlp_discriminator(2, classes=4, rng=seeded()), noise(6, 2)
    expected = mlp([6, 128, 128, 1], seeded())(torch.cat([x, y], 1))[:, 0]
    assert torch.equal(judge(x, labels), expected)


def test_for_convolutions_a_class_is_a_whole_channel():
    judge = conv_discriminator((1, 3, 2), hidden_dim=4, depth=1, classes=3, rng=seeded())
    seen = []
    judge.net.register_forward_pre_hook(lambda net, inputs: seen.append(inputs[0]))
    x = noise(2, 6)
    judge(x, torch.tensor([2, 0]))
    channels = seen[0].view(2, 4, 3, 2)
    assert torch.equal(channels[:, 0].flatten(1), x)
    assert channels[:, 1:].amin((-2, -1)).tolist() == [[0, 0, 1], [1, 0, 0]]
    assert channels[:, 1:].amax((-2, -1)).tolist() == [[0, 0, 1], [1, 0, 0]]


@pytest.mark.parametrize("make", [mlp_discriminator, conv_discriminator])
@pytest.mark.parametrize("packing", [1, 2])
def test_a_discriminator_heeds_the_labels(make, packing):
    what = CONV if make is conv_discriminator else 64
    judge = make(what, hidden_dim=4, classes=3, packing=packing, rng=seeded())
    labels, x = torch.arange(6) % 3, noise(6, 64)
    assert judge(x, labels).shape == (6 / packing,)
    assert (judge(x, labels) - judge(x, (labels + 1) % 3)).abs().min() > 1e-4


def test_each_seeds_labels_are_its_own():
    """(S, B) labels with x (S, B, D)."""
    judge = mlp_discriminator(2, classes=3, layer=partial(SeedLinear, 4), rng=seeded())
    x, labels = noise(4, 6, 2), torch.randint(3, (4, 6), generator=seeded(2))
    logits = judge(x, labels)
    assert logits.shape == (4, 6)
    moved = labels.clone()
    moved[2] = (moved[2] + 1) % 3
    assert (judge(x, moved) != logits).any(1).tolist() == [False, False, True, False]


def test_conv_generators_draw_the_class_they_are_told():
    net = conv_generator(3, CONV, hidden_dim=4, classes=3, rng=seeded())
    z, zeros = noise(6, 3), torch.zeros(6, dtype=torch.int64)
    assert net(z, zeros).shape == (6, 64)
    assert (net(z, zeros) - net(z, torch.arange(6) % 3)).abs().amax(1)[1].item() > 1e-3


# ---- what the discriminator is built of ----------------------------------------------------


MAKES = {
    "alone": partial(mlp_discriminator, 2),
    "packs": partial(mlp_discriminator, 2, packing=2),
    "std": partial(mlp_discriminator, 2, minibatch_std=True),
    "packs, std, norm": partial(
        mlp_discriminator, 2, packing=3, minibatch_std=True, spectral_norm=True
    ),
    "seeds": partial(mlp_discriminator, 2, layer=partial(SeedLinear, 2), minibatch_std=True),
    "conv": partial(conv_discriminator, (2, 4, 4), hidden_dim=4),
    "conv, packs, std, norm": partial(
        conv_discriminator,
        (2, 4, 4),
        hidden_dim=4,
        packing=2,
        minibatch_std=True,
        spectral_norm=True,
    ),
}


@pytest.mark.parametrize("name", MAKES)
def test_what_the_fakes_are_does_not_change_the_logits_of_the_real(name):
    """Not in the trainer's own call either, where one half of D's loss is left out here."""
    d, seeds = (32 if "conv" in name else 2), ([2] if name == "seeds" else [])
    real, fake, other = noise(3, *seeds, 6, d)
    for half, same in (lambda real, fake: real, True), (lambda real, fake: fake, False):
        trainer = GANTrainer(
            mlp_generator(3, d, rng=seeded()),
            MAKES[name](rng=seeded()),
            latent_dim=3,
            objective=Objective(half, torch.neg),
            rng=seeded(),
        )
        first, second = (
            copy.deepcopy(trainer).update_discriminator(real, x)[0] for x in (fake, 100 * other)
        )
        assert torch.equal(first, second) == same


@pytest.mark.parametrize("name", MAKES)
def test_there_is_a_picture_of_those_that_judge_alone(name):
    judge = MAKES[name](rng=seeded())
    assert judges_alone(judge) == (name in ("alone", "conv"))
    with_classes = MAKES[name](rng=seeded(), classes=3)
    assert judges_alone(with_classes) == (name in ("alone", "conv"))


@pytest.mark.parametrize("name", MAKES)
def test_building_and_judging_leave_torchs_own_rng_alone(name):
    before = torch.get_rng_state()
    first, again, other = (MAKES[name](rng=seeded(seed)) for seed in (0, 0, 1))
    x = noise(6, 32 if "conv" in name else 2)
    assert torch.equal(first(x), again(x)) and not torch.equal(first(x), other(x))
    assert torch.equal(torch.get_rng_state(), before)
