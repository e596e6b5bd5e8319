"""Themes and roles: legible, and told apart without colour and by colour-blind eyes."""

from itertools import combinations

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from genart_edu.views import style
from genart_edu.views.style import DARK, LIGHT, SERIES, Role, Theme, blend, roomy

TOGETHER = [  # roles that meet in one picture
    (style.REAL, style.FAKE),
    (style.DISCRIMINATOR, style.GENERATOR),
    (style.ELBO, style.RECONSTRUCTION, style.KL),
]
# Machado et al. 2009, "A physiologically-based model for simulation of color vision deficiency",
# severity 1, on linear red, green and blue.
DEUTAN = [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.011820, 0.042940, 0.968881],
]
PROTAN = [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
]


def linear(color: str) -> np.ndarray:
    c = np.array(to_rgb(color))
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def contrast(first: str, second: str) -> float:
    """WCAG 2.2, section 1.4.3: 1 to 21."""
    a, b = sorted(float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (first, second))
    return (b + 0.05) / (a + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_words_and_lines_stand_out(theme: Theme):
    assert contrast(theme.ink, theme.background) > 7
    assert contrast(theme.muted, theme.background) > 4.5
    for role in (role for group in TOGETHER for role in group):
        assert contrast(role.color(theme), theme.background) > 3


@pytest.mark.parametrize("eye", [np.eye(3), DEUTAN, PROTAN], ids=["usual", "deutan", "protan"])
@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("roles", TOGETHER)
def test_roles_that_meet_differ_for_every_eye(roles: tuple[Role, ...], theme: Theme, eye: object):
    for one, other in combinations(roles, 2):
        seen = [np.clip(eye @ linear(r.color(theme)), 0, 1) ** (1 / 2.2) for r in (one, other)]
        assert np.linalg.norm(seen[0] - seen[1]) > 0.2


@pytest.mark.parametrize("roles", [*TOGETHER, SERIES])
def test_roles_that_meet_differ_without_colour(roles: tuple[Role, ...]):
    assert len({role.marker for role in roles}) == len(roles)
    assert len({role.dash for role in roles[:5]}) == len(roles[:5])
    for theme in (LIGHT, DARK):
        assert len({role.color(theme) for role in roles}) == len(roles)


def test_blend_is_a_straight_line_between_two_colours():
    assert np.allclose(blend("#000000", "#ffffff", 0.25), [0.25, 0.25, 0.25, 1])
    assert np.allclose(blend("#ff0000", "#0000ff", 0), [1, 0, 0, 1])


def test_roomy_is_enough_but_never_twice_too_much():
    lengths = np.geomspace(1, 1e7, 3001)
    limits = np.array([roomy(length, least=100) for length in lengths])
    assert (limits >= np.maximum(lengths, 100)).all()
    assert (limits[lengths > 100] < 1.51 * lengths[lengths > 100]).all()
    assert len(np.unique(limits)) < 40
    assert roomy(0, least=3) == 3
