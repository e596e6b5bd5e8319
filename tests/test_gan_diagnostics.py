"""Modes counted by hand, and the discriminator's surface against one that we know."""

import math
from functools import partial

import pytest
import torch
from torch import nn
from torch.distributions import Categorical, kl_divergence

from genart_edu.data.densities import grid, ring, spiral
from genart_edu.gan.diagnostics import discriminator_surface, modes
from genart_edu.gan.model import mlp_discriminator
from genart_edu.nets import SeedLinear


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("density", [ring(), grid()], ids=["ring", "grid"])
def test_real_samples_cover_all_modes_evenly(density):
    n, expected = 50_000, 1 - math.exp(-4.5)
    found = modes(density.sample(n, seeded()), density)
    assert found.captured == len(density.modes)
    error = (expected * (1 - expected) / n) ** 0.5
    assert found.high_quality.item() == pytest.approx(expected, abs=5 * error)
    share = 1 / len(density.modes)
    assert (found.shares - share).abs().max() < 5 * (share / n) ** 0.5
    assert 0 <= found.reverse_kl < len(density.modes) / n * 5  # its mean is (modes - 1) / 2n


def test_collapse_onto_one_mode():
    found = modes(ring().modes[:1].expand(100, 2), ring())
    assert (found.captured, found.high_quality) == (1, 1)
    assert found.reverse_kl.item() == pytest.approx(math.log(8))


def test_one_stray_sample_captures_a_mode_and_the_reverse_kl_tells():
    samples = ring().modes.repeat(1, 1)[[0] * 93 + [1, 2, 3, 4, 5, 6, 7]]
    found = modes(samples, ring())
    assert (found.captured, found.high_quality) == (8, 1)
    share = torch.tensor([93.0] + [1.0] * 7).double() / 100
    expected = kl_divergence(Categorical(share), Categorical(torch.ones(8).double()))
    assert found.reverse_kl.item() == pytest.approx(expected.item(), abs=1e-12)
    torch.testing.assert_close(found.shares, share)


def test_samples_of_low_quality_count_for_no_mode():
    middle = torch.zeros(60, 2)
    found = modes(torch.cat([ring().modes[:4].repeat(10, 1), middle]), ring())
    assert found.captured == 4
    assert found.high_quality.item() == pytest.approx(0.4)
    assert found.reverse_kl.item() == pytest.approx(math.log(2))  # 4 of 8, evenly
    nothing = modes(middle, ring())
    assert (nothing.captured, nothing.high_quality) == (0, 0)
    assert math.isnan(nothing.reverse_kl)


def test_components_of_one_arc_are_one_mode():
    found = modes(spiral().means[:20], spiral())
    assert (found.captured, found.high_quality) == (1, 1)


def test_samples_that_are_no_numbers_are_of_low_quality():
    found = modes(torch.full((5, 2), torch.nan), ring())
    assert (found.captured, found.high_quality) == (0, 0)


def test_many_seeds_are_each_read_as_if_alone():
    samples = ring().sample(3 * 200, seeded()).view(3, 200, 2).clone()
    samples[1] = samples[1, :1] * torch.tensor(1.0)
    samples[2, 50:] = 0
    found = modes(samples, ring())
    assert found.captured.shape == found.high_quality.shape == found.reverse_kl.shape == (3,)
    assert found.shares.shape == (3, 8)
    for i, one in enumerate(samples):
        for number, alone in zip(found, modes(one, ring()), strict=True):
            torch.testing.assert_close(number[i], alone, rtol=0, atol=0)


def test_the_surface_has_x_along_its_columns_and_y_up_its_rows():
    """For D(x, y) = sigmoid(2 x + 3 y + 1)."""
    discriminator = nn.Sequential(nn.Linear(2, 1), nn.Flatten(-2))
    with torch.no_grad():
        discriminator[0].weight.copy_(torch.tensor([[2.0, 3.0]]))
        discriminator[0].bias.fill_(1.0)
    surface = discriminator_surface(discriminator, extent=1.5, size=4)
    for row, y in enumerate((-1.5, -0.5, 0.5, 1.5)):
        for column, x in enumerate((-1.5, -0.5, 0.5, 1.5)):
            expected = 1 / (1 + math.exp(-(2 * x + 3 * y + 1)))
            assert surface[row, column].item() == pytest.approx(expected, abs=1e-6)


def test_each_of_many_seeds_has_a_surface():
    many = mlp_discriminator(2, layer=partial(SeedLinear, 3), rng=seeded())
    surfaces = discriminator_surface(many, 1.5, size=6)
    assert surfaces.shape == (3, 6, 6)
    for i, surface in enumerate(surfaces):
        one = mlp_discriminator(2, rng=seeded())
        with torch.no_grad():
            for mine, all_of_them in zip(one.parameters(), many.parameters(), strict=True):
                mine.copy_(all_of_them[i].T if mine.ndim == 2 else all_of_them[i, 0])
        torch.testing.assert_close(discriminator_surface(one, 1.5, size=6), surface)


def test_looking_changes_nothing():
    discriminator, before = mlp_discriminator(2, rng=seeded()), torch.get_rng_state()
    surface = discriminator_surface(discriminator, 1.5)
    assert surface.shape == (48, 48) and not surface.requires_grad
    assert all(parameter.grad is None for parameter in discriminator.parameters())
    assert torch.equal(torch.get_rng_state(), before)
