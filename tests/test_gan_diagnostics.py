"""Modes counted by hand; the discriminator's surface, the generator's lattice and the pull on the
fakes against maps that we know."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from scipy.stats import norm
from torch import Tensor, nn
from torch.distributions import Categorical, kl_divergence
from torch.nn import functional as F

from genart_edu.data.densities import grid, ring, spiral
from genart_edu.gan.diagnostics import discriminator_surface, manifold, modes, pulls
from genart_edu.gan.model import mlp_discriminator, mlp_generator
from genart_edu.gan.objective import (
    HINGE,
    LEAST_SQUARES,
    MINIMAX,
    NONSATURATING,
    WASSERSTEIN,
    Objective,
)
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


# ---- the generator's lattice ------------------------------------------------------------


def affine(matrix: list[list[float]], bias: list[float]) -> nn.Linear:
    """x = W z + b in float64."""
    layer = nn.Linear(len(matrix[0]), len(matrix), dtype=torch.float64)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(matrix))
        layer.bias.copy_(torch.tensor(bias))
    return layer


@pytest.mark.parametrize("cells", [1, 7, 20])
def test_each_cell_of_the_lattice_holds_as_much_of_the_noise(cells):
    """G(z) = z: the corners are the places in z.  Their probability by scipy."""
    corners = manifold(affine([[1.0, 0.0], [0.0, 1.0]], [0.0, 0.0]), cells).numpy()
    assert corners.shape == (cells + 1, cells + 1, 2)
    x, y = corners[..., 0], corners[..., 1]
    across = norm.cdf(x[:-1, 1:]) - norm.cdf(x[:-1, :-1])
    upward = norm.cdf(y[1:, :-1]) - norm.cdf(y[:-1, :-1])
    np.testing.assert_allclose(across * upward, (0.99 / cells) ** 2, rtol=1e-10)
    assert norm.cdf([x.min(), x.max(), y.min(), y.max()]) == pytest.approx([0.005, 0.995] * 2)


def test_a_linear_generator_turns_and_stretches_the_lattice():
    """Each cell is a parallelogram, |det W| times as large as it is in z."""
    corners = manifold(affine([[2.0, -1.0], [0.5, 3.0]], [4.0, -5.0]), cells=6).numpy()
    z = norm.ppf(np.linspace(0.005, 0.995, 7))
    for row in range(7):
        for column in range(7):
            first, second = z[column], z[row]
            expected = [2 * first - second + 4, 0.5 * first + 3 * second - 5]
            np.testing.assert_allclose(corners[row, column], expected, rtol=1e-9)
    right, up = np.diff(corners, axis=1)[:-1], np.diff(corners, axis=0)[:, :-1]
    areas = right[..., 0] * up[..., 1] - right[..., 1] * up[..., 0]
    np.testing.assert_allclose(areas, 6.5 * np.outer(np.diff(z), np.diff(z)), rtol=1e-9)


def test_each_of_many_seeds_has_a_lattice():
    many = mlp_generator(2, 2, layer=partial(SeedLinear, 3), rng=seeded())
    found = manifold(many, cells=4)
    assert found.shape == (3, 5, 5, 2) and not found.requires_grad
    assert (found[0] - found[1]).abs().max() > 0.1


# ---- where fakes are pulled -------------------------------------------------------------


def judge(slope: list[float], bias: float) -> nn.Sequential:
    """x (..., 2) -> the logit slope x + bias, (...)."""
    return nn.Sequential(affine([slope], [bias]), nn.Flatten(-2))


CLOSED = {  # minus the slope of a loss in the logit
    "minimax": (MINIMAX, lambda logit: logit.sigmoid()),
    "nonsaturating": (NONSATURATING, lambda logit: 1 - logit.sigmoid()),
    "least squares": (LEAST_SQUARES, lambda logit: 1 - logit),
    "hinge": (HINGE, torch.ones_like),
    "wasserstein": (WASSERSTEIN, torch.ones_like),
}


@pytest.mark.parametrize("name", CLOSED)
def test_a_pull_is_the_slope_of_the_loss_times_that_of_the_discriminator(name):
    objective, along = CLOSED[name]
    fake = 3 * torch.randn(40, 2, generator=seeded(), dtype=torch.float64)
    slope = torch.tensor([1.5, -2.0], dtype=torch.float64)
    expected = along(fake @ slope + 0.5).unsqueeze(-1) * slope
    torch.testing.assert_close(pulls(objective, judge([1.5, -2.0], 0.5), fake), expected)


def test_minimax_no_longer_pulls_a_fake_that_is_found_out_and_nonsaturating_does():
    """At a logit of -20 by sigmoid(-20) = 2e-9 of the slope, and by all but as much."""
    fake = torch.zeros(3, 2, dtype=torch.float64)
    found_out = judge([3.0, 4.0], -20.0)
    lost, kept = (pulls(o, found_out, fake).norm(dim=-1) for o in (MINIMAX, NONSATURATING))
    assert lost.tolist() == pytest.approx([5 / (1 + math.exp(20))] * 3)
    assert kept.tolist() == pytest.approx([5.0] * 3, rel=1e-8)


@pytest.mark.parametrize("objective", [MINIMAX, NONSATURATING, LEAST_SQUARES])
def test_pulls_are_finite_differences_of_each_fakes_own_loss(objective: Objective):
    discriminator = mlp_discriminator(2, activation=nn.Tanh, rng=seeded()).double()
    fake = torch.randn(12, 2, generator=seeded(1), dtype=torch.float64)

    @torch.no_grad()
    def loss(x: Tensor) -> Tensor:
        return objective.generator(discriminator(x))

    nudges = 1e-6 * torch.eye(2, dtype=torch.float64)
    slopes = [(loss(fake + nudge) - loss(fake - nudge)) / 2e-6 for nudge in nudges]
    found = pulls(objective, discriminator, fake)
    torch.testing.assert_close(found, -torch.stack(slopes, dim=-1), rtol=1e-6, atol=1e-8)
    torch.testing.assert_close(pulls(objective, discriminator, fake[:1]), found[:1])


def test_a_step_along_the_pull_lowers_the_loss():
    discriminator = mlp_discriminator(2, rng=seeded())
    fake = torch.randn(50, 2, generator=seeded(1))
    moved = fake + 1e-2 * F.normalize(pulls(NONSATURATING, discriminator, fake), dim=-1)
    with torch.no_grad():
        before, after = (NONSATURATING.generator(discriminator(x)) for x in (fake, moved))
    assert (after < before).all()


@pytest.mark.parametrize("grad", [True, False])
def test_looking_at_pulls_leaves_gradients_and_spectral_norms_alone(grad):
    layer = partial(SeedLinear, 3)
    discriminator = mlp_discriminator(2, spectral_norm=True, layer=layer, rng=seeded())
    fake = torch.randn(3, 20, 2, generator=seeded()).requires_grad_(grad)
    discriminator(fake).sum().backward()
    before = {name: value.clone() for name, value in discriminator.state_dict().items()}
    gradients = [parameter.grad.clone() for parameter in discriminator.parameters()]
    with torch.set_grad_enabled(grad):
        found = pulls(HINGE, discriminator, fake)
    assert found.shape == (3, 20, 2) and not found.requires_grad
    assert any(name.endswith("u") for name in before)
    for name, value in discriminator.state_dict().items():
        assert torch.equal(value, before[name]), name
    for parameter, gradient in zip(discriminator.parameters(), gradients, strict=True):
        assert torch.equal(parameter.grad, gradient)
