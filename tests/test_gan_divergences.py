"""Divergences and the optimal discriminator from samples, against quadrature and by hand."""

import math

import pytest
import torch
from scipy.stats import entropy
from torch import Tensor

from genart_edu.data.densities import Density, grid, moons, ring, spiral
from genart_edu.gan import diagnostics
from genart_edu.gan.diagnostics import divergences, optimal_surface, relative_entropy

ALL = pytest.mark.parametrize("density", [ring(), grid(), spiral(), moons()], ids=lambda d: d.name)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def gaussian(std: float, x: float = 0.0, y: float = 0.0) -> Density:
    """One mode, seen in a square from -2 to 2."""
    mean = torch.tensor([[x, y]])
    return Density("gaussian", mean, std, torch.zeros(1, dtype=torch.int64), mean, extent=2.0)


def js_by_quadrature(p: Density, q: Density, cells: int = 600) -> float:
    """Of the densities themselves, midpoint rule over [-3, 3]^2."""
    side = 6 / cells
    line = torch.arange(cells).double() * side - 3 + side / 2
    x = torch.cartesian_prod(line, line)
    parts = x.split(100_000)
    log_p = torch.cat([p.log_prob(part) for part in parts])
    log_q = torch.cat([q.log_prob(part) for part in parts])
    log_m = torch.logaddexp(log_p, log_q) - math.log(2)
    js = log_p.exp() * (log_p - log_m) + log_q.exp() * (log_q - log_m)
    return (js.sum() * side**2 / 2).item()


# ---- divergences -----------------------------------------------------------------------


def test_relative_entropy_is_scipys():
    p, q = torch.rand(2, 3, 7, generator=seeded(), dtype=torch.float64)
    p[:, 2] = 0
    p, q = (x / x.sum(-1, keepdim=True) for x in (p, q))
    expected = torch.from_numpy(entropy(p.numpy(), q.numpy(), axis=-1))
    torch.testing.assert_close(relative_entropy(p, q), expected)
    q[0, 0] = 0
    assert relative_entropy(p, q)[0] == torch.inf


@ALL
def test_all_masses_of_both_sum_to_one(density, monkeypatch):
    """A histogram that leaves the outside out does not: its divergences are all wrong."""
    seen = []

    def watched(p, q):
        seen.extend([p, q])
        return relative_entropy(p, q)

    monkeypatch.setattr(diagnostics, "relative_entropy", watched)
    samples = density.sample(2 * 500, seeded()).view(2, 500, 2).clone()
    samples[0, :100] = torch.nan
    samples[1, :250] = 50.0
    divergences(samples, density)
    assert len(seen) == 6
    for masses in seen:
        assert masses.min() >= 0
        torch.testing.assert_close(
            masses.sum(-1), torch.ones(masses.shape[:-1]).double(), rtol=0, atol=1e-9
        )


@ALL
@pytest.mark.parametrize("n", [2_500, 20_000])
def test_samples_of_the_density_itself_read_as_little_as_is_said(density, n):
    """p reaches a cell if it is expected to put a tenth of a sample there."""
    edges = torch.linspace(-density.extent, density.extent, 65)
    reached = (density.masses(edges) > 0.1 / n).sum().item()
    found = divergences(density.sample(n, seeded()), density)
    assert found.js.item() == pytest.approx(reached / (8 * n), rel=0.35)
    assert 0 < found.kl < 2 * reached / n


@ALL
def test_samples_that_are_all_elsewhere_are_log_two_away(density):
    n, corner = 2_500, torch.tensor([0.99 * density.extent, -0.99 * density.extent])
    for place in corner, torch.tensor([50.0, 0.0]), torch.tensor([torch.nan, 0.0]):
        found = divergences(place.expand(n, 2), density)
        assert found.js.item() == pytest.approx(math.log(2), abs=1e-3)
        assert found.kl.item() == pytest.approx(math.log(n + 1), abs=1e-2)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e30, -1e30, 1.5001, -1.5001])
@pytest.mark.parametrize("axis", [0, 1])
def test_what_is_no_number_or_far_away_is_outside(value, axis):
    odd = ring().sample(1_000, seeded())
    odd[:300, axis] = value
    far = odd.clone()
    far[:300] = 7.0
    for one, other in zip(divergences(odd, ring()), divergences(far, ring()), strict=True):
        assert one == other and one.isfinite()


def test_a_case_by_hand():
    """A Gaussian on the crossing of four cells, each with a quarter; q has 3, 1, 0 and 0 of 4."""
    density = gaussian(0.1)
    samples = torch.tensor([[0.5, 0.5], [0.7, 0.1], [1.9, 1.9], [-0.5, 0.5]])
    found = divergences(samples, density, cells=2)
    p, q = torch.tensor([0.25] * 4).double(), torch.tensor([0.75, 0.25, 0, 0]).double()
    mixed, middle = (4 * q + p) / 5, (p + q) / 2
    kl = entropy(p, mixed)
    js = (entropy(p, middle) + entropy(q, middle)) / 2
    assert found.kl.item() == pytest.approx(kl, abs=1e-9)
    assert found.js.item() == pytest.approx(js, abs=1e-9)


def test_cells_of_p_and_of_q_are_the_same_ones():
    """x along one side and y along the other, for both: a bump off the diagonal tells."""
    density = gaussian(0.2, x=1.0, y=-0.4)
    assert divergences(density.sample(20_000, seeded()), density).js < 0.01
    turned = density.sample(20_000, seeded()).flip(-1)
    assert divergences(turned, density).js > 0.6


def test_kl_is_finite_for_a_collapse_and_grows_with_every_mode_that_is_missed():
    n, seen = 4_000, []
    for kept in range(8, 0, -1):
        x = ring().sample(20 * n, seeded())
        mode, _ = ring().assign(x)
        seen.append(divergences(x[mode < kept][:n], ring()))
    kl, js = ([getattr(found, name).item() for found in seen] for name in ("kl", "js"))
    assert kl == sorted(kl) and js == sorted(js) and math.isfinite(kl[-1])
    for missed in range(8):  # if each mode were one cell
        p, q = missed / 8, 1 - missed / 8
        expected = p * math.log(n + 1) + q * math.log(q)
        assert kl[missed] == pytest.approx(expected, abs=0.15)


def test_each_seed_is_as_far_as_if_alone():
    samples = ring().sample(3 * 200, seeded()).view(3, 200, 2).clone()
    samples[1] *= 1.2
    samples[2, 50:] = 0
    found = divergences(samples, ring())
    assert found.kl.shape == found.js.shape == (3,)
    for i, one in enumerate(samples):
        for number, alone in zip(found, divergences(one, ring()), strict=True):
            torch.testing.assert_close(number[i], alone, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("p", "q"),
    [
        (ring().blurred(0.1), ring().blurred(0.2)),
        (moons().blurred(0.1), gaussian(0.6)),
        (gaussian(0.3, x=0.4), gaussian(0.3, y=0.2)),
        (ring(), ring().blurred(0.02)),
    ],
    ids=["ring", "moons", "gaussians", "narrow ring"],
)
def test_js_between_known_mixtures_is_that_of_quadrature(p, q):
    found = divergences(q.sample(200_000, seeded()), p, cells=128)
    assert found.js.item() == pytest.approx(js_by_quadrature(p, q), abs=0.01)


# ---- the optimal discriminator -----------------------------------------------------------


def lattice(density: Density, size: int) -> Tensor:
    """Its places (size, size, 2): row by row from low to high y, x from left to right."""
    axis = torch.linspace(-density.extent, density.extent, size).double()
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    return torch.stack([x, y], dim=-1)


def blurred_optimum(p: Density, q: Density, size: int) -> Tensor:
    """D* of both blurred by a 15th, each cell the mean of 21 x 21 points."""
    side, h = 2 * p.extent / (size - 1), p.extent / 15
    steps = (torch.arange(21).double() - 10) / 21 * side
    y, x = torch.meshgrid(steps, steps, indexing="ij")
    points = lattice(p, size).unsqueeze(2) + torch.stack([x, y], -1).view(-1, 2)
    heights = [d.blurred(h).log_prob(points).exp().mean(-1) for d in (p, q)]
    return heights[0] / sum(heights)


@pytest.mark.parametrize("q", [gaussian(0.5), gaussian(0.4, x=0.6, y=-0.3)], ids=["mid", "off"])
@pytest.mark.parametrize("p", [moons(), ring()], ids=["moons", "ring"])
def test_the_optimal_surface_is_that_of_the_densities(p, q):
    surface = optimal_surface(q.sample(50_000, seeded()), p, size=16)
    known = ~surface.isnan()
    assert surface.shape == (16, 16) and 0.2 < known.double().mean() < 1
    off = (surface - blurred_optimum(p, q, 16)).abs()
    assert off[known].mean() < 0.01 and off[known].quantile(0.95) < 0.03  # few samples are a guess


def test_the_optimal_surface_is_unknown_only_where_next_to_nothing_is():
    p, q = ring(), gaussian(0.5)
    surface = optimal_surface(q.sample(50_000, seeded()), p, size=16)
    h, x = p.extent / 15, lattice(p, 16)
    both = p.blurred(h).log_prob(x).exp() + q.blurred(h).log_prob(x).exp()
    assert not surface[both > 1e-2 * both.max()].isnan().any()
    assert surface[both < 1e-4 * both.max()].isnan().all()


def test_real_samples_make_the_optimal_discriminator_guess():
    surface = optimal_surface(moons().sample(50_000, seeded()), moons())
    known = ~surface.isnan()
    assert surface.shape == (48, 48) and known.double().mean() > 0.2
    assert (surface[known] - 0.5).abs().mean() < 0.02


def test_the_optimal_surface_has_x_along_its_columns_and_y_up_its_rows():
    p = gaussian(0.2, x=1.0, y=0.0)
    surface = optimal_surface(torch.tensor([[0.0, 1.0]]).expand(500, 2), p, size=9)
    assert surface[4, 6] > 0.99  # y = 0, x = 1: all real
    assert surface[6, 4] < 0.01  # y = 1, x = 0: all fake


def test_a_fake_that_is_no_number_leaves_the_rest_of_the_picture():
    samples = ring().sample(300, seeded())
    broken = torch.cat([samples, torch.full((2, 2), torch.nan)])
    assert torch.equal(
        optimal_surface(broken, ring()).nan_to_num(9),
        optimal_surface(samples, ring()).nan_to_num(9),
    )
