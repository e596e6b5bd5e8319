"""Motifs: what is drawn is what the factors say.  Areas are checked by school geometry."""

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from genart_edu.data.motifs import KINDS, Factors, draw_factors, motifs, render

torch.set_num_threads(1)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def one_of_each(**changes: float) -> Factors:
    """Every kind once, in the middle, upright, white and of size 0.8."""
    values = {"x": 0.0, "y": 0.0, "size": 0.8, "angle": 0.0, "ink": 1.0} | changes
    n = len(KINDS)
    return Factors(torch.arange(n), **{key: torch.full((n,), v) for key, v in values.items()})


def lens(r: float, s: float, d: float) -> float:
    """The area that two discs share whose centres are d apart."""
    a = r * r * math.acos((d * d + r * r - s * s) / (2 * d * r))
    b = s * s * math.acos((d * d + s * s - r * r) / (2 * d * s))
    corner = (r + s - d) * (d + r - s) * (d - r + s) * (d + r + s)
    return a + b - math.sqrt(corner) / 2


def pentagram(apothem: float) -> float:
    tip, notch = apothem / math.cos(2 * math.pi / 5), apothem / math.cos(math.pi / 5)
    return 5 * tip * notch * math.sin(math.pi / 5)


AREAS = {
    "disc": math.pi * 0.9**2,
    "ring": math.pi * (0.92**2 - 0.52**2),
    "moon": math.pi * 0.95**2 - lens(0.95, 0.72, math.hypot(0.45, 0.15)),
    "square": 1.5**2,
    "triangle": 3 * math.sqrt(3) * 0.55**2,
    "cross": 2 * 1.9 * 0.64 - 0.64**2,
    "star": pentagram(0.34),
    "heart": 1.2**2 + math.pi * 0.6**2,
}


@pytest.mark.parametrize("kind", KINDS)
def test_area(kind):
    picture = render(one_of_each(), side=400)[KINDS.index(kind)]
    area = picture.double().mean().item() / 255 * 4  # the picture is 2 by 2
    assert area == pytest.approx(AREAS[kind] * 0.8**2, rel=2e-3)


def middle_of_mass(pixels: Tensor) -> Tensor:
    """(N, 2): x to the right and y up, where the picture spans [-1, 1]."""
    side = pixels.shape[-1]
    line = (torch.arange(side) + 0.5) * 2 / side - 1
    mass = pixels[:, 0].double()
    x = (mass * line).sum((1, 2)) / mass.sum((1, 2))
    y = (mass * -line[:, None]).sum((1, 2)) / mass.sum((1, 2))
    return torch.stack([x, y], dim=-1)


def test_x_goes_right_and_y_goes_up():
    here = middle_of_mass(render(one_of_each(size=0.5), 100))
    there = middle_of_mass(render(one_of_each(size=0.5, x=0.3, y=-0.2), 100))
    torch.testing.assert_close(
        there - here, torch.tensor([[0.3, -0.2]]).double().expand(len(KINDS), 2), atol=2e-3, rtol=0
    )


def test_round_and_regular_motifs_lie_about_their_middle():
    regular = [
        KINDS.index(kind) for kind in ("disc", "ring", "square", "triangle", "cross", "star")
    ]
    assert middle_of_mass(render(one_of_each(), 200))[regular].abs().max() < 2e-3


def test_angle_turns_counter_clockwise():
    upright, quarter = render(one_of_each(), 64), render(one_of_each(angle=math.pi / 2), 64)
    assert (torch.rot90(upright, 1, (-2, -1)).int() - quarter.int()).abs().max() <= 2
    turned = [KINDS.index(kind) for kind in ("moon", "triangle", "star", "heart")]
    assert all((upright[k] != quarter[k]).float().mean() > 0.05 for k in turned)


def test_small_pictures_are_large_ones_averaged():
    factors = draw_factors(200, seeded())
    averaged = F.avg_pool2d(render(factors, 280).double(), 10)
    off = (render(factors, 28).double() - averaged).abs() / 255
    smooth = factors.kind <= KINDS.index("ring")
    assert off[smooth].max() < 0.06
    assert (off > 0.1).double().mean() < 0.005  # tips are finer than a pixel


def test_ink_is_the_brightness():
    assert render(one_of_each(ink=0.6)).amax((1, 2, 3)).unique().tolist() == [153]


def test_no_motif_leaves_its_picture():
    x, y, angle = torch.cartesian_prod(
        torch.tensor([-0.33, 0.33]), torch.tensor([-0.33, 0.33]), torch.linspace(-0.53, 0.53, 20)
    ).unbind(-1)
    for kind in range(len(KINDS)):
        n = len(angle)
        size, ink = torch.full((n,), 0.6), torch.ones(n)
        # at half the scale, what left the picture would show around the middle; edges take a pixel
        half = Factors(torch.full((n,), kind), x / 2, y / 2, size / 2, angle, ink)
        pixels = render(half, 200)
        assert pixels.any()
        pixels[..., 49:151, 49:151] = 0
        assert not pixels.any()


def test_no_two_kinds_look_alike():
    solid = render(one_of_each(), 100).flatten(1) > 127
    for i in range(len(KINDS)):
        for j in range(i):
            shared, either = (solid[i] & solid[j]).sum(), (solid[i] | solid[j]).sum()
            assert shared < 0.9 * either, (KINDS[i], KINDS[j])


def test_angles_show_on_all_but_disc_and_ring():
    left, right = render(one_of_each(angle=-math.pi / 6), 64), render(one_of_each(angle=0.52), 64)
    changed = (left.int() - right.int()).abs().amax((1, 2, 3)) > 100
    same = {KINDS[k] for k in range(len(KINDS)) if not changed[k]}
    assert same == {"disc", "ring"}


def test_factors_are_uniform_and_independent():
    factors = draw_factors(20_000, seeded())
    assert (factors.kind.bincount() / 20_000 - 1 / 8).abs().max() < 0.01
    columns = torch.stack([factor.float() for factor in factors])
    assert (columns.corrcoef() - torch.eye(6)).abs().max() < 0.03
    ranges = [(-0.33, 0.33), (-0.33, 0.33), (0.4, 0.6), (-math.pi / 6, math.pi / 6), (0.5, 1)]
    for factor, (low, high) in zip(factors[1:], ranges, strict=True):
        assert low <= factor.min() < low + 0.01 and high - 0.01 < factor.max() <= high


def test_motifs_are_their_factors_drawn():
    images, factors = motifs(50, seeded())
    assert images.shape == (1, 28, 28) and images.white == 255 and images.names == KINDS
    assert torch.equal(images.labels, factors.kind)
    assert torch.equal(images.pixels, render(factors))
    alone = Factors(*(factor[7:8] for factor in factors))
    assert torch.equal(images.pixels[7:8], render(alone))


def test_motifs_follow_their_rng_and_leave_torchs_alone():
    before = torch.get_rng_state()
    first, again, other = (motifs(20, seeded(seed))[0].pixels for seed in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert torch.equal(before, torch.get_rng_state())
