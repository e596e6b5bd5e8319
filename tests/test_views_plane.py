"""The plane of a GAN: points and surface lie where the numbers say, in their own colours."""

import io
from typing import Any, cast

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from genart_edu.views.canvas import DPI, Canvas
from genart_edu.views.mesh import DENSEST, HALF, densities, opacities, pulled
from genart_edu.views.plane import Plane, enlarged, shades
from genart_edu.views.style import DARK, FAKE, GENERATOR, LIGHT, REAL, Theme, blend

NONE, ONE = np.zeros((0, 2)), np.zeros((1, 2))


def lattice(n: int, extent: float = 1.0) -> np.ndarray:
    """(n + 1, n + 1, 2): corners of squares from -extent to extent."""
    line = np.linspace(-extent, extent, n + 1)
    return np.stack(np.meshgrid(line, line), axis=-1)


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


def test_a_lattice_is_read_exactly_between_its_points():
    pixels = (np.arange(100) + 0.5) / 100
    for n, m in ((2, 7), (7, 64), (64, 2)):
        x, y = np.meshgrid(np.linspace(-1, 1, m), np.linspace(-1, 1, n))
        across, up = np.meshgrid(2 * pixels - 1, 2 * pixels - 1)
        assert np.allclose(enlarged(x + 0.3 * y, 100), across + 0.3 * up, atol=1e-6)


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


def has_dark(canvas: Canvas, frame: np.ndarray, x: float, y: float) -> bool:
    """Whether ink is near: none of the points or colours of the plane is as dark."""
    return bool((at(canvas, frame, x, y, reach=3).max(axis=-1) < 90).any())


def test_the_best_discriminator_has_its_border_where_it_is_one_half():
    x, y = np.meshgrid(np.linspace(-3, 3, 61), np.linspace(-3, 3, 41))
    best = 1 / (1 + np.exp(x**2 + y**2 - 4))  # 1/2 on the circle of radius 2
    canvas = Canvas([Plane("Samples", extent=3)])
    frame = canvas.frame([(NONE, NONE, np.full((4, 4), 0.5), best)])
    [outline] = [path.vertices for path in canvas.views[0].border.get_paths()]
    assert np.allclose(np.hypot(*outline.T), 2, atol=0.01)
    places = [
        (r * np.cos(a), r * np.sin(a)) for r in (1.5, 2, 2.5) for a in np.arange(0, 6.3, 0.02)
    ]
    inked = np.array([has_dark(canvas, frame, *place) for place in places]).reshape(3, -1)
    assert not inked[0].any() and inked[1].mean() > 0.7 and not inked[2].any()


def test_a_best_that_is_nowhere_one_half_or_not_a_number_has_no_border_there():
    canvas = Canvas([Plane("Samples", extent=3)])
    x = np.meshgrid(np.linspace(-3, 3, 31), np.linspace(-3, 3, 31))[0]
    canvas.frame([(NONE, NONE, None, np.where(x[::-1].T < 0, np.nan, 0.5 + x / 12))])
    lines = [path.vertices for path in canvas.views[0].border.get_paths()]
    assert np.allclose(np.concatenate(lines)[:, 0], 0)
    for none in (np.full((5, 5), np.nan), np.full((5, 5), 0.2)):
        canvas.frame([(NONE, NONE, None, none)])
        assert canvas.views[0].border.get_paths() == []


def names(canvas: Canvas) -> list[str]:
    """What the key above names, read like a page."""
    view: Any = canvas.views[0]
    boxes = {t.get_text(): t.get_window_extent() for t in view.key.get_texts()}
    return sorted(boxes, key=lambda text: (-round(boxes[text].y0 / 10), boxes[text].x0))


def test_the_key_names_the_border_only_while_it_is_there():
    canvas = Canvas([Plane("Samples")])
    view, best = canvas.views[0], np.eye(4)
    plain = canvas.frame([(ONE, ONE, best)])
    assert view.update(ONE, ONE, best, best) and not view.update(ONE, ONE, best, best)
    with_border = Canvas([Plane("Samples")]).frame([(ONE, ONE, best, best)])
    legend: Any = view.ax.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["real", "fake", "D* ≈ ½"]
    assert (canvas.frame([(ONE, ONE, best)]) == plain).all()
    assert (canvas.frame([(ONE, ONE, best, best)]) == with_border).all()


@pytest.mark.parametrize("layers", [2, 4], ids=["three names", "five names"])
def test_names_have_room_beside_title_and_scale(layers: int):
    canvas = Canvas([Plane("Generated from noise")])
    canvas.frame([(ONE, ONE, *(np.eye(4), np.eye(4), lattice(2), np.zeros((1, 2, 2)))[:layers])])
    renderer, view = canvas._agg.get_renderer(), cast(Any, canvas.views[0])
    boxes = [t.get_window_extent(renderer) for t in view.key.get_texts()]
    assert len(boxes) == 1 + layers
    scale, [title] = view.scale, view.ax.findobj(lambda a: a.properties().get("text") == view.title)
    texts = [title, scale.xaxis.label, view.ax.xaxis.label, *scale.get_yticklabels()]
    others = [text.get_window_extent(renderer) for text in [*texts, *view.ax.get_xticklabels()]]
    assert all(box.x1 < canvas._figure.bbox.x1 and box.y0 >= view.ax.bbox.y1 for box in boxes)
    everything = [*boxes, *others]
    pairs = [(a, b) for i, a in enumerate(everything) for b in everything[:i]]
    assert not any(a.overlaps(b) for a, b in pairs)


def test_layers_come_and_go():
    canvas = Canvas([Plane("Samples")])
    x, level = np.random.default_rng(0).normal(0, 1, (9, 2)), lattice(8)[..., 0]
    layers = [x, x + 1, 0.5 + level / 4, 0.5 + level / 2, lattice(3), np.stack([x, x], axis=1)]
    called = ["real", "fake", "", "D* ≈ ½", "G(z)", "pull"]
    off = [NONE, NONE, None, None, None, None]
    for kept in (63, 0, 12, 48, 62, 3, 47, 31):  # bits: which are on
        there = [bool(kept >> i & 1) for i in range(6)]
        arrays = [layer if on else no for layer, no, on in zip(layers, off, there, strict=True)]
        frame = canvas.frame([arrays])
        assert (frame == Canvas([Plane("Samples")]).frame([arrays])).all()
        assert names(canvas) == [
            name for name, on in zip(called, there, strict=True) if on and name
        ]
        assert not canvas.views[0].update(*arrays), "nothing is new"


def test_cells_are_as_dense_as_the_change_of_variables_says():
    u = np.linspace(0, 1, 11)
    x, y = np.meshgrid(u, u)
    linear = np.stack([2 * x + y, x - 3 * y], axis=-1)  # |det| = 7
    assert np.allclose(densities(linear, extent=1.5), 9 / 7)
    assert np.allclose(densities(linear[::-1], extent=1.5), 9 / 7), "mirrored"
    squared = np.stack([x**2, y], axis=-1)  # its mean slope from a to b is a + b
    assert np.allclose(densities(squared, extent=1.5), 9 / (u[1:] + u[:-1]))
    twisted = np.array([[(0, 0), (1, 1)], [(1, 0), (0, 1)]], dtype=float)
    assert 0 < densities(twisted, extent=1)[0, 0] < np.inf
    assert np.isinf(densities(np.zeros((2, 2, 2)), extent=1)).all(), "a mesh that is one point"


def test_opacity_grows_with_density_and_hides_nothing_wholly():
    density = np.geomspace(1e-6, 1e6, 200)
    found = opacities(density)
    assert (np.diff(found) > 0).all() and 0 < found[0] < 1e-5
    assert opacities(np.array([HALF, np.inf])).tolist() == [DENSEST / 2, DENSEST] and DENSEST < 1


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_the_manifold_is_filled_where_it_is_as_densely_as_it_is(theme: Theme):
    wide = lattice(2) * (2, 1) + (0, 1.5)  # 4 by 2; cells of 2 by 1, then some of 1/4 by 1
    close = lattice(2) * (0.25, 1) + (0, -1.5)
    canvas = Canvas([Plane("Samples", extent=3)], theme)
    background, color = 255 * np.array(to_rgb(theme.background)), GENERATOR.color(theme)
    for corners, place, area in ((wide, (1, 2.2), 2), (close, (0.12, -1.1), 0.25)):
        frame = canvas.frame([(NONE, NONE, None, None, corners)])
        density = 6**2 / (4 * area)
        opacity = DENSEST * density / (density + HALF)
        expected = 255 * blend(theme.background, color, opacity)[:3]
        assert np.abs(at(canvas, frame, *place) - expected).max() < 2
        assert (at(canvas, frame, -2.8, -0.5) == background.round()).all(), "nothing elsewhere"


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_a_stretched_cell_is_seen_by_its_lines(theme: Theme):
    canvas = Canvas([Plane("Samples", extent=3)], theme)
    frame = canvas.frame([(NONE, NONE, None, None, lattice(1, extent=40) + 41.3)])
    for x, y in ((1.3, 2.5), (2.5, 1.3)):  # its left and its lower side
        side, within = (at(canvas, frame, x + d, y + d, reach=2) for d in (0, 0.3))
        assert np.ptp(within, axis=(0, 1)).max() < 2, "its fill is even, and faint"
        assert np.abs(within - 255 * np.array(to_rgb(theme.background))).max() < 5
        assert np.abs(side - within.mean(axis=(0, 1))).max() > 50


def test_each_cell_has_the_opacity_of_its_own_density():
    x, y = np.meshgrid([-2.5, -2, -1, 2.5], [-2.5, 1, 2.5])  # 2 rows of 3 cells
    canvas = Canvas([Plane("Samples", extent=3)])
    frame = canvas.frame([(NONE, NONE, None, None, np.stack([x, y], axis=-1))])
    middles = [(-2.25, 1.7), (-1.5, 1.7), (-2.25, -0.8), (-1.5, -0.8), (0.8, 1.7), (0.8, -0.8)]
    light = [at(canvas, frame, *middle)[0, 0, 2] for middle in middles]  # white, less and less
    assert (np.diff(light) > 3).all(), "areas .75, 1.5, 1.75, 3.5, 5.25, 12.25"


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30, -1e308])
def test_a_corner_that_is_far_or_no_number_spoils_nothing_else(bad: float):
    canvas, corners = Canvas([Plane("Samples", extent=3)]), lattice(6, extent=2.4)
    whole = canvas.frame([(NONE, NONE, None, None, corners)])
    plain = canvas.frame([(NONE, NONE)])
    spoilt = corners.copy()
    spoilt[0, 0] = spoilt[3, 3, 0] = bad  # of the cells around (0, 0), and of the first
    frame = canvas.frame([(NONE, NONE, None, None, spoilt)])
    middles = (corners[1:, 1:] + corners[:-1, :-1]) / 2
    for i, j in np.ndindex(6, 6):
        touched = (i, j) == (0, 0) or (i in (2, 3) and j in (2, 3))
        x, y = middles[i, j]
        if not touched:  # the far cells reach beyond, over all that lies on one side
            drawn = at(canvas, frame, x, y)
            assert (drawn != at(canvas, plain, x, y)).any()
            assert np.isfinite(bad) or (drawn == at(canvas, whole, x, y)).all()
        elif not np.isfinite(bad):
            assert (at(canvas, frame, x, y) == at(canvas, plain, x, y)).all()
    left = round(canvas._figure.axes[0].bbox.x0)
    assert (frame[90:, : left - 2] == plain[90:, : left - 2]).all(), "nothing leaves the plane"
    canvas.frame([(NONE, NONE, None, None, np.full((4, 4, 2), bad))])


def test_a_finely_saved_plane_shows_the_same():
    x = lattice(8)[..., 0]
    pulls = np.array([[(2.0, -2.0), (0.0, -9.0)]])
    layers = (NONE, NONE, 0.5 + x / 4, None, lattice(4, extent=1.5), pulls)
    canvas = Canvas([Plane("Samples", extent=3)])
    frame, figure = canvas.frame([layers]), canvas.figure([layers])
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=2 * DPI)
    fine = np.asarray(Image.open(buffer).convert("RGB")).astype(float)
    for place in ((0.4, 0.4), (-1.1, 1.1), (-2.5, 0), (2, -2.3), (1.5, 0.3)):
        shown = at(canvas, frame, *place, reach=2)
        column, height = canvas._figure.axes[0].transData.transform(place)
        row, column = int(2 * (len(frame) - height)), int(2 * column)
        same = fine[row - 4 : row + 6, column - 4 : column + 6].reshape(5, 2, 5, 2, 3)
        assert np.abs(same.mean(axis=(1, 3)).mean(axis=(0, 1)) - shown.mean(axis=(0, 1))).max() < 12


def test_an_arrow_is_as_long_as_the_pull_until_it_is_cut():
    rng = np.random.default_rng(0)
    at, angle = rng.uniform(-1, 1, (50, 2)), rng.uniform(-np.pi, np.pi, 50)
    length = np.geomspace(1e-9, 1e9, 50)
    pull = length[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    tips = pulled(np.stack([at, pull], axis=1), extent=2)[:, 3] - at
    assert np.allclose(np.hypot(*tips.T), 2 * np.minimum(0.1 * length, 0.25), rtol=1e-6, atol=1e-12)
    assert np.allclose(np.arctan2(tips[15:, 1], tips[15:, 0]), angle[15:])
    one = pulled(np.array([[(0.0, 0.0), (1.0, 0.0)]]), extent=2)
    assert np.ptp(one[..., 0]) == pytest.approx(0.2) and np.ptp(one[..., 1]) < 0.1


@pytest.mark.filterwarnings("error")
def test_a_pull_that_vanishes_leaves_nothing_and_what_is_no_number_is_left_out():
    far = [[(3.1, 0), (1, 0)], [(0, np.nan), (1, 0)], [(0, 0), (np.inf, 0)], [(0, 0), (0, np.nan)]]
    assert pulled(np.array(far), extent=3).shape == (0, 7, 2)
    assert np.isfinite(pulled(np.array([[(0, 0), (1e308, -1e308)]]), extent=3)).all()
    canvas = Canvas([Plane("Samples", extent=3)])
    nothing = canvas.frame([(NONE, NONE, None, None, None, np.array(far))])
    weak = np.array([[(0.0, 0.0), (1e-4, 1e-4)]])
    still = canvas.frame([(NONE, NONE, None, None, None, weak)])
    assert np.abs(still.astype(int) - nothing).max() < 3
    assert (canvas.frame([(NONE, NONE, None, None, None, np.zeros((0, 2, 2)))]) == nothing).all()


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_an_arrow_is_seen_over_surface_and_fakes(theme: Theme):
    canvas = Canvas([Plane("Samples", extent=3)], theme)
    fakes = np.random.default_rng(0).uniform(-1, 1, (400, 2))
    layers = (fakes, fakes, np.eye(9), None, lattice(9))
    frame = canvas.frame([(*layers, np.array([[(-0.3, 0.0), (3.0, 0.0)]]))])
    for x in (0.15, 0.2, 0.25):  # its head
        assert has(at(canvas, frame, x, 0, reach=1), theme.ink)
