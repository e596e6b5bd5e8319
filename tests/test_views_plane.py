"""The plane of a GAN: points and surface lie where the numbers say, in their own colours."""

from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from genart_edu.views.canvas import Canvas
from genart_edu.views.plane import Plane, knots, shades
from genart_edu.views.style import DARK, FAKE, LIGHT, REAL, Theme

NONE = np.zeros((0, 2))


def at(canvas: Canvas, frame: np.ndarray, x: float, y: float, reach: int = 0) -> np.ndarray:
    """The frame's pixels at a place of the plane: (2 reach + 1, 2 reach + 1, 3) floats."""
    column, height = canvas._figure.axes[0].transData.transform((x, y))
    row, column = int(len(frame) - height), int(column)
    return frame[row - reach : row + reach + 1, column - reach : column + reach + 1].astype(float)


def has(pixels: np.ndarray, color: str, tolerance: float = 40) -> bool:
    return bool((np.abs(pixels - 255 * np.array(to_rgb(color))).max(axis=-1) < tolerance).any())


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_points_lie_where_they_are_and_look_like_what_they_are(theme: Theme):
    canvas = Canvas([Plane("Samples", extent=2)], theme)
    frame = canvas.frame([(np.array([[1.0, 1.5]]), np.array([[-1.5, 0.5], [np.nan, 0]]), None)])
    real, fake = at(canvas, frame, 1, 1.5, reach=3), at(canvas, frame, -1.5, 0.5, reach=3)
    assert has(real, REAL.color(theme), 70) and not has(real, FAKE.color(theme))
    assert has(fake, FAKE.color(theme)) and not has(fake, REAL.color(theme))
    assert not has(at(canvas, frame, 1.5, -1, reach=3), REAL.color(theme), 70)
    view: Any = canvas.views[0]
    assert view.real.get_marker() != view.fake.get_marker()


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_the_surface_has_its_real_side_where_it_is_one(theme: Theme):
    x, y = np.meshgrid(np.linspace(-3, 3, 31), np.linspace(-3, 3, 31))
    canvas = Canvas([Plane("Samples", extent=3)], theme)
    colors = shades(theme)[:, :3]
    for surface, high, low in ((x > 0, (2, 1), (-2, 1)), (y > 0, (1, 2), (1, -2))):
        frame = canvas.frame([(NONE, NONE, surface.astype(float))])
        assert (at(canvas, frame, *high) == colors[-1]).all()
        assert (at(canvas, frame, *low) == colors[0]).all()
    assert np.linalg.norm(
        colors[-1] - 255.0 * np.array(to_rgb(REAL.color(theme)))
    ) < np.linalg.norm(colors[0] - 255.0 * np.array(to_rgb(REAL.color(theme))))


def test_the_surface_is_interpolated_in_place():
    x, y = np.meshgrid(np.linspace(-3, 3, 7), np.linspace(-3, 3, 5))
    canvas = Canvas([Plane("Samples", extent=3)])
    frame = canvas.frame([(NONE, NONE, 0.5 + x / 12 + y / 24)])
    for place in ((0, 0), (1.3, -2.1), (-2.5, 2.9)):
        level = 255 * (0.5 + place[0] / 12 + place[1] / 24)
        expected = shades(LIGHT)[round(level), :3]
        assert np.abs(at(canvas, frame, *place) - expected).max() <= 3


def test_knots_read_straight_lines_exactly():
    for n in (2, 7, 64):
        pixels = (np.arange(100) + 0.5) / 100
        assert np.allclose(knots(n, 100) @ np.linspace(-1, 1, n), 2 * pixels - 1)


def test_without_a_surface_there_is_no_colour_key():
    canvas = Canvas([Plane("Samples")])
    bare = canvas.frame([(NONE, NONE, None)])
    mapped = canvas.frame([(NONE, NONE, np.full((4, 4), np.nan))])
    middle = shades(LIGHT)[128, :3]
    assert np.abs(at(canvas, mapped, 1, 1) - middle).max() <= 2  # nan: neither real nor fake
    right = round(canvas._figure.axes[0].bbox.x1) + 2
    assert (bare[100:, right:] == 255).all() and (mapped[100:, right:] != 255).any()
    assert (canvas.frame([(NONE, NONE)]) == bare).all()


def test_the_plane_is_square_in_any_cell():
    for size in (None, 9.0):
        canvas = Canvas([Plane("Samples", extent=2)], width=size)
        canvas.frame([(NONE, NONE, np.zeros((3, 3)))])
        box = canvas._figure.axes[0].get_window_extent()
        assert box.width == pytest.approx(box.height, abs=1)
