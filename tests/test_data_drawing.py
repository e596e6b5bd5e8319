"""Drawings: their names, their geometry, the mass of their ink, and what is refused."""

import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.spatial import cKDTree

from genart_edu.data.catalogue import load
from genart_edu.data.densities import Density, ring
from genart_edu.data.drawing import drawing, drawn

torch.set_num_threads(1)
TURN = np.linspace(0, 2 * math.pi, 400)
CIRCLE = np.stack([np.cos(TURN), np.sin(TURN)], axis=1)
SNAKE = np.stack([0.7 * np.sin(TURN), 1 - TURN / math.pi], axis=1)  # an S, mirrored


def scribbles(n: int) -> list[list[list[list[float]]]]:
    """n drawings, each of one stroke to eight that wander as a hand does, or a dot."""
    rng, found = torch.Generator().manual_seed(0), []
    for _ in range(n):
        strokes = []
        for _ in range(int(torch.randint(1, 9, (), generator=rng))):
            steps = torch.randint(1, 120, (), generator=rng)
            speed = 0.02 * torch.randn(int(steps), 2, generator=rng).cumsum(0) / steps**0.5
            start = 2 * torch.rand(2, generator=rng) - 1
            strokes.append((start + speed.cumsum(0)).clamp(-1.5, 1.5).tolist())
        found.append(strokes)
    return found


def points(density: Density) -> list[list[list[float]]]:
    """The strokes that a name spells, read as a person would."""
    return [
        [list(pair) for pair in zip(*[iter(map(float, part.split()))] * 2, strict=True)]
        for part in density.name.removeprefix("drawn:").split(";")
    ]


# ---- names -------------------------------------------------------------------------------


def test_a_name_spells_its_strokes():
    assert drawing([[[0.1, 0.2], [0.35, 0.4]], [[-0.5, 0.6]]]) == (
        "drawn:0.10 0.20 0.35 0.40;-0.50 0.60"
    )
    assert drawing([[[-0.001, 1.004]]]) == "drawn:0.00 1.00"  # never -0


@pytest.mark.parametrize("strokes", scribbles(40))
def test_a_name_gives_the_same_density_to_the_bit(strokes):
    name = drawing(strokes)
    density = load(name)
    again = load(density.name)
    assert density.name == again.name == name
    for here, there in [
        (density.means, again.means),
        (density.modes, again.modes),
        (density.mode_of, again.mode_of),
    ]:
        assert torch.equal(here, there)
    assert drawing(points(density)) == name  # what is simple stays as it is


@pytest.mark.parametrize("strokes", scribbles(40))
def test_no_simplified_stroke_is_far_from_what_was_drawn(strokes):
    for stroke, kept in zip(strokes, points(load(drawing(strokes))), strict=True):
        corners = np.array(kept)
        along = np.linspace(0, len(kept) - 1, 20_000)
        line = [np.interp(along, range(len(kept)), corners[:, axis]) for axis in (0, 1)]
        away, _ = cKDTree(np.stack(line, axis=1)).query(np.array(stroke))
        assert away.max() < 0.02 + 0.0075  # the tolerance, and a rounding in x and in y
        assert len(kept) <= len(stroke)
        assert abs(corners[[0, -1]] - np.array(stroke)[[0, -1]]).max() <= 0.005 + 1e-9


def test_a_straight_stroke_is_two_points_and_a_corner_stays():
    x = np.linspace(-1, 1, 500)
    line = np.stack([x, 0.5 * x], axis=1)
    roof = np.stack([x, 1 - abs(x)], axis=1)
    assert drawing([line, roof]) == ("drawn:-1.00 -0.50 1.00 0.50;-1.00 0.00 0.00 1.00 1.00 0.00")


def test_a_closed_stroke_keeps_its_shape():
    [kept] = points(drawn(drawing([CIRCLE])))
    assert kept[0] == kept[-1] and 12 <= len(kept) <= 40


# ---- modes -------------------------------------------------------------------------------


def test_a_dot_is_one_gaussian():
    density = drawn("drawn:0.5 -0.25")
    assert density.modes.tolist() == [[0.5, -0.25]] and density.extent == 1.5
    peer = torch.distributions.Normal(torch.tensor([0.5, -0.25]), 0.04)
    x = density.sample(100, torch.Generator().manual_seed(0))
    torch.testing.assert_close(density.log_prob(x), peer.log_prob(x).sum(-1))


def test_eight_dots_are_the_modes_of_a_ring():
    density = drawn(drawing(ring().modes[:, None].tolist()))
    torch.testing.assert_close(density.modes, ring().modes, rtol=0, atol=0.0051)


def test_a_circle_is_arcs_of_about_half_a_unit():
    density = drawn(drawing([CIRCLE]))
    m = len(density.modes)
    assert m == round(2 * math.pi / 0.5)
    torch.testing.assert_close(density.modes.norm(dim=1), torch.ones(m), rtol=0, atol=0.03)
    apart = (density.modes - density.modes.roll(1, 0)).norm(dim=1)
    torch.testing.assert_close(
        apart, torch.full((m,), 2 * math.sin(math.pi / m)), rtol=0, atol=0.03
    )


def test_an_s_is_cut_along_its_stroke():
    length = quad(lambda t: math.hypot(0.7 * math.cos(t), 1 / math.pi), 0, 2 * math.pi)[0]
    density = drawn(drawing([SNAKE]))
    assert len(density.modes) == round(length / 0.5) == 7
    assert (density.modes[:, 1].diff() < 0).all()  # from top to bottom
    curve = 0.7 * torch.sin(math.pi * (1 - density.modes[:, 1]))
    torch.testing.assert_close(density.modes[:, 0], curve, rtol=0, atol=0.05)


def test_two_far_lines_share_no_mode():
    density = drawn("drawn:-1.2 -1 -1.2 1;1.2 -1 1.2 1")
    assert density.modes[:, 0].sign().tolist() == [-1] * 4 + [1] * 4
    mode, _ = density.assign(density.means)
    assert torch.equal(density.means[:, 0].sign(), density.modes[mode, 0].sign())


@pytest.mark.parametrize("strokes", scribbles(40))
def test_all_modes_weigh_the_same_and_components_melt_together(strokes):
    density = drawn(drawing(strokes))
    assert len(set(density.mode_of.bincount().tolist())) == 1
    same = density.mode_of[1:] == density.mode_of[:-1]
    assert density.means.diff(dim=0).norm(dim=1)[same].max() <= 1.3 * density.std
    assert density.modes.isfinite().all() and density.means.abs().max() <= 1.5


def test_along_a_line_the_density_is_flat():
    line = torch.stack([torch.linspace(-0.9, 0.9, 1_000), torch.zeros(1_000)], dim=1).double()
    height = drawn("drawn:-1.2 0 1.2 0").log_prob(line).exp()
    assert height.max() / height.min() < 1 + 1e-4


# ---- mass --------------------------------------------------------------------------------


def mass(density: Density, left: float, right: float) -> float:
    """The probability between two x, by the rectangle rule on log_prob alone."""
    x, y = torch.arange(left, right, 0.01).double() + 0.005, torch.arange(-2, 2, 0.01).double()
    return float(density.log_prob(torch.cartesian_prod(x, y)).exp().sum() * 1e-4)


def test_mass_follows_the_length_of_the_ink():
    density = drawn("drawn:-0.8 -0.5 -0.8 0.5;0.8 -1 0.8 1")
    assert mass(density, -2, 0) == pytest.approx(1 / 3, abs=1e-6)
    assert mass(density, 0, 2) == pytest.approx(2 / 3, abs=1e-6)


@pytest.mark.parametrize("short", ["-1 0", "-1 0 -1 0", "-1 0 -1 0.1", "-1 0 -1 0.5"])
def test_a_dot_weighs_as_a_short_stroke_beside_a_long_line(short):
    density = drawn(f"drawn:{short};1 -1.25 1 1.25")
    assert mass(density, -2, 0) == pytest.approx(1 / 6, abs=1e-6)
    lattice = density.masses(torch.tensor([-torch.inf, 0.0, torch.inf]))
    assert lattice[:, 0].sum().item() == pytest.approx(1 / 6, abs=1e-9)


@pytest.mark.parametrize("length", [0.1, 0.7, 0.8, 1.2, 1.3, 2.4])
def test_mass_is_right_to_half_an_arc(length):
    density = drawn(f"drawn:-1 -1.2 -1 {length - 1.2:.2f};1 -1 1 1")
    arcs = 4 * mass(density, -2, 0) / mass(density, 0, 2)  # the right one has 4
    assert arcs == pytest.approx(max(length / 0.5, 1), abs=0.5 + 1e-3)


# ---- what is refused ---------------------------------------------------------------------

HOSTILE = [
    *([], None, 3, math.nan, "abc", {}, {"a": 1}, [None], ["ab", "cd"], object()),
    *([[]], [[[]]], [[[1]]], [[1, 0]], [[[1, 0], []]], [[[1, 0, 0]]], [[[[1, 0]]]], [[{"x": 1}]]),
    *([[["a", 1]]], [[[None, 1]]], [[[math.nan, 1]]], [[[0, math.inf]]], [[[10**400, 1]]]),
    *([[[-(2**63), 0]]], [[[1.6, 0]]], [[[0, -1.501]]], [[[0, 0]], [[0, 2]]], [[[1j, 0]]]),
]
NO_NAMES = [
    *("", ";", " ", "1", "0 0;", ";0 0", "0 0;;0 0", "0 0 1", "a b", "0,0", "0 0\n1 1", "0  0"),
    *("nan 0", "0 inf", "1e9 0", "1e999 0", "0 2", "0x1 0", "None None", "drawn:0 0", "[0 0]"),
]


@pytest.mark.parametrize("strokes", HOSTILE)
def test_what_is_no_drawing_is_told_in_one_sentence(strokes):
    with pytest.raises(ValueError, match=r"^A drawing is .* from -1.5 to 1.5; got .*\.$") as caught:
        drawing(strokes)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("text", NO_NAMES)
def test_a_name_that_spells_no_drawing_is_told_in_one_sentence(text):
    with pytest.raises(ValueError, match=r"^A drawing is .*; got 'drawn:.*'\.$"):
        drawn(f"drawn:{text}")


@pytest.mark.parametrize(
    "strokes",
    [
        [[[0, 0]]] * 41,
        [[[0, 0]]] * 5_000,
        [[[1.5, 0], [-1.5, 0]] * 7 + [[0, 0]]],  # 13.5 times across: 40.5
        [[[0.3 * math.cos(i), 0.3 * math.sin(i)] for i in range(50_000)]],
    ],
)
def test_more_than_a_drawing_holds_is_told(strokes):
    with pytest.raises(ValueError, match=r"^A drawing has at most 40 strokes, .*\.$"):
        drawing(strokes)


def test_a_name_that_is_too_long_is_told():
    zigzag = [[i / 100 - 1.4, 0.03 * (i % 2)] for i in range(281)]
    with pytest.raises(ValueError, match=r"^A drawing's name has at most 2,000 letters; .*\.$"):
        drawing([zigzag])
    with pytest.raises(ValueError, match=r"needs 1,000,007: draw fewer or plainer strokes\.$"):
        drawn("drawn:0" + "0" * 1_000_000)


def test_all_that_is_allowed_can_be_drawn():
    dots = [[[0.05 * i - 1, 1]] for i in range(39)]
    across = [[1.5 * (-1) ** i, 0.1 * i - 0.6] for i in range(13)]  # 36.02 units of ink
    density = drawn(drawing([*dots, across]))
    assert len(density.modes) == 39 + 72
    torch.testing.assert_close(density.masses(torch.tensor([-9.0, 9.0])).sum().item(), 1.0)
