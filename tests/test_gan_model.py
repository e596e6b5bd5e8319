"""The maps of a GAN: their shapes, and one sigmoid in one place only."""

import pytest
import torch
from torch import nn

from genart_edu.gan.model import mlp_discriminator, mlp_generator
from genart_edu.nets import mlp, relu


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
