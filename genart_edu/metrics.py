"""How alike two sets of vectors are: real (N, F) and fake (M, F), whatever made them.

Vectors are taken as they are: places in the plane, pixels, or what a network makes of a picture.
All is computed in float64; each number is a 0-d tensor.  ValueError, in one sentence, for sets that
are not (N, F) and (M, F) with N and M of 2 or more, or hold a number that is not finite.
"""

from typing import NamedTuple

import torch
from torch import Tensor


class Quality(NamedTuple):
    """Fidelity and diversity, by balls: each vector's reaches to its k-th nearest of its own set.

    precision: the share of fakes that lie in a real vector's ball.  recall: the share of real
    vectors that lie in a fake's.  One outlier's ball is wide and lets much in, so read these too:
    density: how many real balls a fake lies in, over k; 1 if p = q, more where fakes crowd.
    coverage: the share of real balls with a fake in them; a missed mode lowers it.
    """

    precision: Tensor
    recall: Tensor
    density: Tensor
    coverage: Tensor


def quality(real: Tensor, fake: Tensor, k: int = 5) -> Quality:
    """Precision and recall: Kynkäänniemi 2019, arXiv:1904.06991, section 2.  Density and coverage:
    Naeem 2020, arXiv:2002.09797, section 3.2.

    A ball is open, as in the latter's code: a copy of the real set has all four at 1, and where
    k + 1 vectors are equal their balls are empty.  If p = q, coverage is on average (lemma 2)
    1 - prod_{j=1..k} (N - j) / (N + M - j).  5,000 by 5,000 vectors take 600 MB, and about a minute
    if F = 784.  ValueError for a k that is not below N and M.
    """
    real, fake = _checked(real, fake)
    fewest = min(len(real), len(fake))
    if not 1 <= k < fewest:
        raise ValueError(f"k must be at least 1 and below the {fewest} vectors of a set; got {k}.")
    apart = _distances(real, fake)  # (N, M)
    in_real = apart < _radii(real, k).unsqueeze(1)  # (N, M): fake j is in the ball of real i
    in_fake = apart < _radii(fake, k)
    return Quality(
        precision=in_real.any(0).double().mean(),
        recall=in_fake.any(1).double().mean(),
        density=in_real.sum(0).double().mean() / k,
        coverage=in_real.any(1).double().mean(),
    )


def frechet_distance(real: Tensor, fake: Tensor) -> Tensor:
    """Of Gaussians with the sets' means and covariances: |m - m'|^2 + tr(C + C' - 2 (C C')^(1/2)).

    Heusel 2017, arXiv:1706.08500, eq. 6.  FID is this number on Inception features; on any other
    vectors it is no FID.  In the vectors' units, squared; too large on average if there are few.
    """
    real, fake = _checked(real, fake)
    root, fake_root = _root(real), _root(fake)
    # Squared, these are the eigenvalues of C C': none is negative, and no root loses digits.
    overlap = torch.linalg.svdvals(root @ fake_root.T).sum()
    spread = root.square().sum() + fake_root.square().sum()  # tr C + tr C'
    return (real.mean(0) - fake.mean(0)).square().sum() + (spread - 2 * overlap).clamp(min=0)


def mmd2(real: Tensor, fake: Tensor, bandwidth: float) -> Tensor:
    """The squared maximum mean discrepancy, E k(x, x') + E k(y, y') - 2 E k(x, y), unbiased.

    k(x, y) = exp(-|x - y|^2 / (2 bandwidth^2)), the bandwidth in the vectors' units.  0 on average
    if p = q, so it is often below 0.  Gretton 2012, JMLR 13:723, section 2.2, lemma 6.
    ValueError for a bandwidth that is not positive.
    """
    real, fake = _checked(real, fake)
    if not bandwidth > 0:
        raise ValueError(f"bandwidth must be positive; got {bandwidth}.")

    def kernel(x: Tensor, y: Tensor) -> Tensor:
        return (-(_distances(x, y) / bandwidth).square() / 2).exp()

    def within(x: Tensor) -> Tensor:
        n = len(x)  # the n pairs of a vector with itself, k(x, x) = 1, are the bias
        return (kernel(x, x).sum() - n) / (n * (n - 1))

    return within(real) + within(fake) - 2 * kernel(real, fake).mean()


def spread(fake: Tensor, real: Tensor) -> Tensor:
    """How wide fake (..., M, F) lie beside real (N, F): sqrt(tr C' / tr C) -> (...).

    0 if all fakes are one, about 1 if p = q; that is no proof, for two far modes are wide as well.
    """
    width, whole = (x.double().var(-2).sum(-1) for x in (fake, real))
    return (width / whole).sqrt()


class Nearest(NamedTuple):
    """Of each of M fakes: how far it is to the nearest real vector, (M,), and which, (M,) int64."""

    distances: Tensor
    indices: Tensor


def nearest(fake: Tensor, real: Tensor) -> Nearest:
    """The nearest of real (N, F) to each of fake (M, F): beside it one sees what was learned by
    heart.  Of equally near ones, any."""
    real, fake = _checked(real, fake)
    return Nearest(*_distances(fake, real).min(1))


def memorised(fake: Tensor, real: Tensor, held_out: Tensor) -> Tensor:
    """The share of pairs in which a fake is nearer to the training set than a held-out vector is.

    fake (M, F), real (N, F): what was trained on, held_out (H, F) -> 0-d, in [0, 1]; a tie is half.
    1/2 on average if fakes are new draws of p, with a std of about sqrt((M + H + 1) / (12 M H)) by
    chance; 1 if all are copies; less where fakes stray.  Copies and strays can cancel, and fakes
    that crowd at common places are near without being copies: look at the pairs of `nearest` too.
    What the data-copying test of Meehan 2020, arXiv:2004.05675, is made of, in a single cell.
    """
    found, expected = nearest(fake, real).distances, nearest(held_out, real).distances
    return more_often(expected, found)


def more_often(a: Tensor, b: Tensor) -> Tensor:
    """P(a > b) of a drawn from (..., N), b from (..., M) -> (...); a tie is half.  In float64.

    1/2: they can't be told apart; 1: every a is above every b.  Mann & Whitney 1947's U / (N M),
    and the area under an ROC curve.
    """
    apart = a.double().unsqueeze(-1) - b.double().unsqueeze(-2)
    return (apart.sign().mean((-1, -2)) + 1) / 2


def _checked(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    for name, x in ("real", real), ("fake", fake):
        if x.ndim != 2 or len(x) < 2:
            raise ValueError(f"{name} must be 2 or more vectors, (N, F); got {tuple(x.shape)}.")
        if not x.isfinite().all():
            raise ValueError(f"{name} holds numbers that are not finite.")
    (_, f), (_, g) = real.shape, fake.shape
    if f != g:
        raise ValueError(f"real and fake must be vectors of one length; got {f} and {g}.")
    return real.detach().double(), fake.detach().double()


def _distances(x: Tensor, y: Tensor) -> Tensor:
    """(N, F), (M, F) -> (N, M)."""
    # |x|^2 + |y|^2 - 2 x y, the other mode, is faster and loses distances small beside |x|.
    mode = "donot_use_mm_for_euclid_dist"
    # In blocks that stay in the cache: four times as fast for F = 784.
    return torch.cat([torch.cdist(x, block, compute_mode=mode) for block in y.split(100)], dim=1)


def _radii(x: Tensor, k: int) -> Tensor:
    """How far it is from each vector of (N, F) to the k-th nearest of the others, (N,)."""
    return _distances(x, x).topk(k + 1, largest=False).values.amax(1)  # the nearest is itself


def _root(x: Tensor) -> Tensor:
    """R with R^T R = C, the unbiased covariance of (N, F)."""
    return torch.linalg.qr((x - x.mean(0)) / (len(x) - 1) ** 0.5, mode="r").R
