"""Densities against quadrature, torch.distributions and geometry."""

import math

import numpy as np
import pytest
import torch
from scipy.integrate import dblquad
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from genart_edu.data.densities import Density, grid, moons, ring, spiral
from genart_edu.data.drawing import drawn

torch.set_num_threads(1)


def by_hand() -> Density:
    """A hook, a line and a dot."""
    return drawn("drawn:-1.1 -0.9 -1.1 1 -0.2 0.9;0.3 -1.2 1.2 0.4;0.9 1.1")


ALL = pytest.mark.parametrize("make", [ring, grid, spiral, moons, by_hand])


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def squares(density: Density) -> tuple[torch.Tensor, float]:
    """The middles of small squares that tile the density's picture, (P, 2), and their area."""
    side = density.std / 2
    line = torch.arange(-density.extent, density.extent, side) + side / 2
    return torch.cartesian_prod(line, line), side**2


@ALL
def test_the_density_integrates_to_one_within_its_extent(make):
    points, area = squares(make())
    assert (make().log_prob(points).exp().sum() * area).item() == pytest.approx(1, abs=1e-4)


@ALL
def test_log_prob_is_that_of_torch_distributions(make):
    density = make()
    means = density.means.double()
    parts = Independent(Normal(means, torch.full_like(means, density.std)), 1)
    peer = MixtureSameFamily(Categorical(torch.ones(len(means)).double()), parts)
    x = 4 * torch.rand(5, 7, 2, generator=seeded(), dtype=torch.float64) - 2
    x[0] = means[:7]
    assert density.log_prob(x).shape == (5, 7)
    torch.testing.assert_close(density.log_prob(x), peer.log_prob(x), rtol=1e-9, atol=1e-9)


@ALL
def test_samples_have_the_mixtures_mean_and_covariance(make):
    density, n = make(), 50_000
    x = density.sample(n, seeded()).double()
    means = density.means.double()
    centre = means.mean(0)
    torch.testing.assert_close(x.mean(0), centre, rtol=0, atol=5 * x.std().item() / n**0.5)
    products = (x - centre).unsqueeze(-1) * (x - centre).unsqueeze(-2)  # (n, 2, 2)
    expected = (means - centre).T @ (means - centre) / len(means)
    expected += density.std**2 * torch.eye(2)
    off = (products.mean(0) - expected).abs()
    assert (off < 5 * products.std(0) / n**0.5).all()


@ALL
def test_samples_come_from_the_very_density_that_is_evaluated(make):
    density, n = make(), 50_000
    points, area = squares(density)
    log_p = density.log_prob(points)
    negative_entropy = (log_p.exp() * log_p).sum() * area
    seen = density.log_prob(density.sample(n, seeded(1)))
    assert abs(seen.mean() - negative_entropy) < 5 * seen.std() / n**0.5


@ALL
def test_sampling_follows_its_rng_and_leaves_torchs_alone(make):
    before = torch.get_rng_state()
    first, again, other = (make().sample(64, seeded(seed)) for seed in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert torch.equal(before, torch.get_rng_state())


@ALL
def test_every_mode_owns_its_centre_and_an_equal_share_of_components(make):
    density = make()
    mode, high_quality = density.assign(density.modes)
    assert mode.tolist() == list(range(len(density.modes)))
    assert high_quality.all()
    assert len(set(density.mode_of.bincount().tolist())) == 1
    assert density.mode_of.dtype == torch.int64


@ALL
def test_modes_are_captured_in_equal_shares(make):
    density, n = make(), 50_000
    share = 1 / len(density.modes)
    counts = density.assign(density.sample(n, seeded()))[0].bincount()
    # a sample may belong to the neighbouring arc, as many to one side as to the other
    assert len(counts) == len(density.modes)
    assert ((counts / n - share).abs() < 5 * (share * (1 - share) / n) ** 0.5 + 0.1 * share).all()


# ---- masses ------------------------------------------------------------------------------


@ALL
def test_the_masses_of_cells_are_integrals_of_the_density(make):
    """By scipy's quadrature; of cells that much, little and next to none of it reaches."""
    density = make()
    means, std = density.means.double().numpy(), density.std
    x, y = means[0].tolist()
    edges = torch.tensor(sorted([x - std, x + 2 * std, y - 1.5 * std, y + std, 1.3 * y + 3 * std]))
    masses, edges = density.masses(edges), edges.double().tolist()
    assert masses.shape == (4, 4) and masses.dtype == torch.float64

    def height(y: float, x: float) -> float:
        squared = ((means - (x, y)) ** 2).sum(-1)
        return np.exp(-squared / (2 * std**2)).mean() / (2 * math.pi * std**2)

    checked = masses.flatten().topk(3).indices.tolist()
    for row, column in [(cell // 4, cell % 4) for cell in checked]:
        sides = edges[column], edges[column + 1], edges[row], edges[row + 1]
        expected, _ = dblquad(height, *sides, epsabs=1e-10, epsrel=1e-10)
        assert masses[row, column].item() == pytest.approx(expected, abs=1e-9)
    assert masses.max() > 1e-3


@ALL
def test_the_masses_of_a_lattice_and_of_all_outside_sum_to_one(make):
    density = make()
    everywhere = torch.linspace(-density.extent, density.extent, 31).double()
    everywhere[0], everywhere[-1] = -torch.inf, torch.inf
    masses = density.masses(everywhere)
    assert masses.min() >= 0
    assert masses.sum().item() == pytest.approx(1, abs=1e-12)
    seen = density.masses(torch.linspace(-density.extent, density.extent, 31)).sum().item()
    assert 1 - 1e-4 < seen <= 1 + 1e-12  # its extent holds all there is to see


@ALL
def test_fine_cells_are_parts_of_coarse_ones(make):
    fine = torch.linspace(-1, 1, 13).double()
    coarse = make().masses(fine).view(6, 2, 6, 2).sum((1, 3))
    torch.testing.assert_close(coarse, make().masses(fine[::2]), rtol=0, atol=1e-14)


@ALL
def test_masses_are_as_often_as_samples_fall_there(make):
    """x along the columns, y up the rows."""
    density, n = make(), 50_000
    edges = torch.linspace(-density.extent, density.extent, 7)
    x, y = density.sample(n, seeded()).T.contiguous()
    place = 6 * (torch.bucketize(y, edges) - 1) + torch.bucketize(x, edges) - 1
    share = place.bincount(minlength=36).view(6, 6) / n
    masses = density.masses(edges)
    assert ((share - masses).abs() <= 5 * (masses / n).sqrt() + 1e-6).all()


@ALL
def test_a_blurred_density_is_that_of_noisy_samples(make):
    density, n = make(), 50_000
    blurred = density.blurred(0.3)
    assert blurred.std == pytest.approx((density.std**2 + 0.09) ** 0.5)
    assert torch.equal(blurred.means, density.means) and density.std == make().std
    x = density.sample(n, seeded()) + 0.3 * torch.randn(n, 2, generator=seeded(1))
    seen, drawn = blurred.log_prob(x), blurred.log_prob(blurred.sample(n, seeded(2)))
    error = ((seen.var() + drawn.var()) / n) ** 0.5
    assert abs(seen.mean() - drawn.mean()) < 5 * error


@ALL
def test_all_of_it_moves_to_another_device(make):
    moved = make().to("meta")
    x = torch.zeros(3, 2, device="meta")
    mode, high_quality = moved.assign(x)
    masses = moved.masses(torch.zeros(4, device="meta"))
    results = [
        moved.log_prob(x),
        mode,
        high_quality,
        moved.modes,
        moved.sample(3, seeded()),
        masses,
    ]
    assert {str(result.device) for result in results} == {"meta"}
    assert str(make().means.device) == "cpu"


@pytest.mark.parametrize("make", [ring, grid])
def test_real_samples_are_of_high_quality_as_often_as_theory_says(make):
    n, expected = 100_000, 1 - math.exp(-4.5)
    high_quality = make().assign(make().sample(n, seeded()))[1].double().mean().item()
    assert high_quality == pytest.approx(expected, abs=4 * (expected * (1 - expected) / n) ** 0.5)


def test_ring_has_eight_modes_of_their_own():
    modes = ring().modes
    torch.testing.assert_close(modes.norm(dim=1), torch.ones(8))
    assert torch.pdist(modes).min().item() == pytest.approx(2 * math.sin(math.pi / 8), abs=1e-6)


def test_grid_is_five_by_five():
    modes = grid().modes
    assert {tuple(mode) for mode in modes.tolist()} == {
        (x, y) for x in (-2, -1, 0, 1, 2) for y in (-2, -1, 0, 1, 2)
    }


def test_spiral_runs_outwards_in_even_steps():
    means = spiral().means
    steps = (means[1:] - means[:-1]).norm(dim=1)
    assert steps.max() < 1.01 * steps.min() and steps.max() < 1.3 * spiral().std
    assert (means.norm(dim=1).diff() > 0).all()
    assert spiral().mode_of.tolist() == [mode for mode in range(10) for _ in range(20)]


def test_moons_are_half_circles_that_turn_into_each_other():
    upper, lower = moons().means.view(2, -1, 2)
    torch.testing.assert_close((upper + torch.tensor([0.5, 0.25])).norm(dim=1), torch.ones(60))
    torch.testing.assert_close(lower, -upper)
    assert (upper[:, 1] > -0.25).all()


def test_high_quality_ends_at_three_standard_deviations():
    x = torch.tensor([[1.0, 0.0], [1.059, 0.0], [1.061, 0.0], [0.0, -0.95], [0.0, 0.0]])
    mode, high_quality = ring().assign(x)
    assert mode[:4].tolist() == [0, 0, 0, 6]
    assert high_quality.tolist() == [True, True, False, True, False]


def test_what_is_not_a_number_is_not_of_high_quality():
    assert not ring().assign(torch.full((1, 2), torch.nan))[1].any()
