"""Two sets of vectors, compared by other libraries, by closed forms, and where we know what is."""

import math
from itertools import product
from statistics import fmean

import numpy as np
import ot
import pytest
import torch
from prdc import compute_prdc
from scipy.linalg import sqrtm
from scipy.spatial import cKDTree
from scipy.stats import mannwhitneyu
from torch import Tensor
from torch.testing import assert_close

from genart_edu.metrics import (
    frechet_distance,
    memorised,
    mmd2,
    more_often,
    nearest,
    quality,
    spread,
)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normal(n: int, features: int, rng: torch.Generator) -> Tensor:
    return torch.randn(n, features, generator=rng, dtype=torch.float64)


def two_modes(n: int, features: int, rng: torch.Generator) -> Tensor:
    """Half of them around 0, half around 100: no ball of one reaches the other."""
    return normal(n, features, rng) + 100 * (torch.arange(n) % 2).unsqueeze(1)


def mean_is(draws: list[float], expected: float) -> None:
    """Within 3 standard errors, which are small enough to tell."""
    error = float(np.std(draws, ddof=1)) / math.sqrt(len(draws))
    assert error < 0.01
    assert np.mean(draws) == pytest.approx(expected, abs=3 * error)


# ---- precision, recall, density, coverage ----------------------------------------------


@pytest.mark.parametrize("k", [1, 3, 5, 20])
@pytest.mark.parametrize(("n", "m", "features"), [(60, 60, 2), (300, 110, 8), (50, 200, 64)])
@pytest.mark.parametrize("make", [normal, two_modes])
def test_the_four_numbers_are_those_of_prdc(make, n, m, features, k):
    rng = seeded(n + k)
    real, fake = make(n, features, rng), 0.3 + 0.9 * make(m, features, rng)
    expected = compute_prdc(real.numpy(), fake.numpy(), nearest_k=k)
    found = quality(real, fake, k)
    assert {name: number.item() for name, number in found._asdict().items()} == pytest.approx(
        expected, rel=0, abs=1e-12
    )


@pytest.mark.parametrize(("n", "m", "k"), [(40, 40, 5), (30, 80, 3), (90, 20, 10)])
def test_two_sets_from_one_source_have_a_density_of_1_and_the_coverage_of_chance(n, m, k):
    """Of the N - 1 + M other vectors, which are the k nearest is a fair draw without return."""
    rng = seeded(n)
    draws = [quality(normal(n, 3, rng), normal(m, 3, rng), k) for _ in range(600)]
    mean_is([draw.density.item() for draw in draws], 1)
    uncovered = math.comb(n - 1, k) / math.comb(n + m - 1, k)
    mean_is([draw.coverage.item() for draw in draws], 1 - uncovered)


def test_a_collapse_onto_one_of_two_modes_halves_the_diversity_and_keeps_the_fidelity():
    rng = seeded()
    real, fair = two_modes(1_000, 2, rng), two_modes(1_000, 2, rng)
    whole, half = quality(real, fair), quality(real, fair[::2])
    assert half.recall.item() == pytest.approx(whole.recall.item() / 2, abs=0.02)
    assert half.coverage.item() == pytest.approx(whole.coverage.item() / 2, abs=0.03)
    assert half.precision.item() == pytest.approx(whole.precision.item(), abs=0.02)
    assert half.density.item() == pytest.approx(1, abs=0.1)
    assert whole.recall > 0.9 and whole.precision > 0.9


def test_one_outlier_feigns_precision_and_the_density_tells():
    """Its ball holds all: Naeem's figure.  k of N balls that hold a fake are a density of 1."""
    rng = seeded()
    real = torch.cat([normal(199, 2, rng), torch.full((1, 2), 1e3)])
    fake = normal(200, 2, rng) + 30
    found = quality(real, fake, k=5)
    assert (found.precision, found.density.item()) == (1, pytest.approx(1 / 5))
    assert (found.recall, found.coverage.item()) == (0, pytest.approx(1 / 200))


@pytest.mark.parametrize("features", [1, 2, 30, 600])
def test_a_copy_of_the_real_set_is_perfect_to_the_last_digit(features):
    """Each k-th neighbour lies on the rim of a ball, and an open ball lacks its rim."""
    rng = seeded()
    real = torch.rand(150, features, generator=rng) + 7
    copy = real[torch.randperm(150, generator=rng)]
    assert quality(real, copy, k=5) == (1, 1, 1, 1)


def test_far_from_0_no_digit_is_lost():
    """Vectors of 24 bits, moved by 2^20: in float64 that is exact."""
    rng, far = seeded(), 2.0**20
    real, fake = (normal(80, 5, rng).float().double() for _ in range(2))
    assert quality(real + far, fake + far) == quality(real, fake)
    assert mmd2(real + far, fake + far, 1.0) == mmd2(real, fake, 1.0)


def test_equal_vectors_have_empty_balls():
    """All fakes at one place, where a real vector is: faithful, and no diversity at all."""
    real = normal(50, 2, seeded())
    found = quality(real, real[:1].expand(30, 2))
    assert (found.precision, found.recall) == (1, 0)


# ---- the Fréchet distance --------------------------------------------------------------


def gaussians(n: int, m: int, features: int) -> tuple[Tensor, Tensor]:
    """Of other means and correlations."""
    rng = seeded(features)
    real = normal(n, features, rng) @ normal(features, features, rng)
    return real, normal(m, features, rng) @ normal(features, features, rng) + 1


@pytest.mark.parametrize(("n", "m", "features"), [(40, 60, 1), (50, 50, 3), (400, 300, 20)])
def test_the_frechet_distance_is_that_of_pot_and_of_a_matrix_root(n, m, features):
    real, fake = gaussians(n, m, features)
    means = real.mean(0).numpy(), fake.mean(0).numpy()
    c, d = (np.atleast_2d(np.cov(x.numpy(), rowvar=False)) for x in (real, fake))
    found = frechet_distance(real, fake).item()
    by_root = np.square(means[0] - means[1]).sum() + np.trace(c + d - 2 * sqrtm(c @ d).real)
    by_pot = ot.gaussian.bures_wasserstein_distance(*means, c, d) ** 2
    assert [by_root, by_pot] == pytest.approx([found, found], rel=1e-8)


def test_sets_with_fewer_vectors_than_features_lose_no_digit():
    """Singular covariances.  Moved, twice as wide: |move|^2 + tr C (2 - 1)^2."""
    real = normal(20, 200, seeded()).float()
    moved, wide = real + 0.25, 2 * (real - real.mean(0)) + real.mean(0)
    assert_close(frechet_distance(real, moved).item(), 200 / 16, rtol=1e-6, atol=0)
    spread = real.double().var(0).sum().item()
    assert_close(frechet_distance(real, wide).item(), spread, rtol=1e-6, atol=0)


@pytest.mark.parametrize("seed", range(10))
def test_a_copy_is_at_a_distance_of_0_and_never_less(seed):
    real = normal(30, 1 + 5 * seed, seeded(seed))
    assert 0 <= frechet_distance(real, real.flip(0)) < 1e-12


# ---- the maximum mean discrepancy ------------------------------------------------------


@pytest.mark.parametrize("bandwidth", [0.5, 2.0])
@pytest.mark.parametrize(("shift", "std"), [(0.0, 1.0), (0.7, 1.0), (0.5, 1.8)])
def test_mmd2_is_unbiased(shift, std, bandwidth):
    """Between N(0, I) and N(shift, std^2 I): the mean of a Gaussian kernel of a Gaussian."""
    features, rng = 2, seeded()

    def kernel(variance: float, mean: float) -> float:  # of x - y
        width = bandwidth**2 + variance
        return (bandwidth**2 / width) ** (features / 2) * math.exp(-features * mean**2 / 2 / width)

    expected = kernel(2, 0) + kernel(2 * std**2, 0) - 2 * kernel(1 + std**2, shift)
    draws = [
        mmd2(normal(12, features, rng), shift + std * normal(9, features, rng), bandwidth).item()
        for _ in range(3_000)
    ]
    mean_is(draws, expected)
    assert min(draws) < 0


def test_mmd2_is_the_mean_over_pairs():
    """Summed pair by pair, no vector with itself."""
    real, fake = gaussians(5, 4, 3)

    def mean(x: Tensor, y: Tensor, pairs) -> float:
        return fmean(math.exp(-((x[i] - y[j]).norm().item() ** 2) / 8) for i, j in pairs)

    def within(x: Tensor) -> float:
        return mean(x, x, [(i, j) for i, j in product(range(len(x)), repeat=2) if i != j])

    expected = within(real) + within(fake) - 2 * mean(real, fake, product(range(5), range(4)))
    assert mmd2(real, fake, bandwidth=2.0).item() == pytest.approx(expected, abs=1e-12)


# ---- the nearest, and what was learned by heart ------------------------------------------


@pytest.mark.parametrize(("n", "m", "features"), [(200, 90, 2), (70, 250, 30)])
def test_the_nearest_is_that_of_a_search_tree(n, m, features):
    rng = seeded(n)
    real, fake = normal(n, features, rng), normal(m, features, rng)
    distances, indices = cKDTree(real.numpy()).query(fake.numpy())
    found = nearest(fake, real)
    np.testing.assert_allclose(found.distances, distances, rtol=1e-12)
    np.testing.assert_array_equal(found.indices, indices)


@pytest.mark.parametrize("ties", [False, True])
def test_more_often_is_the_u_of_mann_and_whitney(ties):
    rng = seeded()
    a, b = normal(60, 1, rng).squeeze(), 0.5 * normal(45, 1, rng).squeeze() + 0.2
    if ties:
        a, b = a.round(), b.round()
    expected = mannwhitneyu(a.numpy(), b.numpy()).statistic / (60 * 45)
    assert more_often(a, b).item() == pytest.approx(expected, abs=1e-12)
    assert (more_often(a, b) + more_often(b, a)).item() == pytest.approx(1)
    each = more_often(a.view(3, 20), b)
    assert each.tolist() == [more_often(part, b).item() for part in a.view(3, 20)]


def test_new_draws_are_not_memorised_and_copies_are():
    """As far from 1/2 as chance takes it: the std that the docstring names, over 200 draws."""
    rng, draws = seeded(), []
    for _ in range(200):
        real = normal(50, 4, rng)
        draws.append(memorised(normal(30, 4, rng), real, normal(20, 4, rng)).item())
    std = math.sqrt((30 + 20 + 1) / (12 * 30 * 20))
    assert np.mean(draws) == pytest.approx(0.5, abs=4 * std / math.sqrt(200))
    assert np.std(draws) == pytest.approx(std, rel=0.2)
    held_out = normal(20, 4, rng)
    assert memorised(real[:30], real, held_out) == 1
    assert memorised(real[:30] + 0.01, real, held_out) > 0.99
    assert memorised(real[:30] + 100, real, held_out) == 0


def test_memorised_is_the_u_of_the_distances():
    rng = seeded()
    real, fake, held_out = normal(80, 3, rng), 0.7 * normal(40, 3, rng), normal(30, 3, rng)
    tree = cKDTree(real.numpy())
    found, expected = (tree.query(x.numpy())[0] for x in (fake, held_out))
    u = mannwhitneyu(expected, found).statistic / (40 * 30)
    assert memorised(fake, real, held_out).item() == pytest.approx(u, abs=1e-12)


def test_a_spread_is_the_ratio_of_scales():
    """Moved and turned it is the same; half as wide it is half.  Of S sets, each its own."""
    real = normal(300, 3, seeded()).float()
    turn = torch.linalg.qr(normal(3, 3, seeded(1))).Q.float()
    sets = torch.stack([real @ turn + 7, 0.5 * real, real[:1].expand(300, 3)])
    expected = torch.tensor([1.0, 0.5, 0.0], dtype=torch.float64)
    assert_close(spread(sets, real), expected, rtol=1e-5, atol=0)
    fake = 2 * normal(50, 3, seeded(2))
    squares = np.trace(np.cov(fake.numpy().T)) / np.trace(np.cov(real.numpy().T))
    assert spread(fake, real).item() == pytest.approx(math.sqrt(squares), rel=1e-6)


# ---- all of them -----------------------------------------------------------------------

SET = normal(8, 3, seeded())
NUMBERS = [
    quality,
    frechet_distance,
    lambda real, fake: mmd2(real, fake, 1.0),
    lambda real, fake: memorised(fake, real, real),
]


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize(
    ("real", "fake", "said"),
    [
        (SET, SET[:, :2], "vectors of one length; got 3 and 2."),
        (SET[0], SET, r"real must be 2 or more vectors, \(N, F\); got \(3,\)."),
        (SET, SET[None], r"fake must be .* got \(1, 8, 3\)."),
        (SET, SET[:1], r"fake must be 2 or more vectors, \(N, F\); got \(1, 3\)."),
        (SET / 0, SET, "real holds numbers that are not finite."),
        (SET, SET.clone().fill_diagonal_(math.nan), "fake holds numbers that are not finite."),
    ],
)
def test_bad_sets_are_refused_in_one_sentence(number, real, fake, said):
    with pytest.raises(ValueError, match=f"{said}$"):
        number(real, fake)


@pytest.mark.parametrize(("n", "m", "k"), [(8, 5, 5), (4, 8, 4), (8, 8, 0), (8, 8, 9)])
def test_k_lies_below_the_number_of_vectors(n, m, k):
    with pytest.raises(ValueError, match=rf"below the {min(n, m)} vectors of a set; got {k}\.$"):
        quality(SET[:n], SET[:m], k)


@pytest.mark.parametrize("bandwidth", [0.0, -1.0, math.nan])
def test_a_bandwidth_is_positive(bandwidth):
    with pytest.raises(ValueError, match=f"bandwidth must be positive; got {bandwidth}.$"):
        mmd2(SET, SET, bandwidth)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_is_a_tensor_in_float64_without_a_graph(number):
    """Of float32, and of what a network still trains on."""
    found = number(SET.float().requires_grad_(), SET.float() + 1)
    for tensor in found if isinstance(found, tuple) else [found]:
        assert (tensor.shape, tensor.dtype, tensor.requires_grad) == ((), torch.float64, False)
