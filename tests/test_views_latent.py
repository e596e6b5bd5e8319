"""The latent plane: classes told apart in two ways, the prior's circles, axes that settle."""

from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.markers import MarkerStyle

from genart_edu.views.canvas import Canvas, still
from genart_edu.views.latent import LatentPlane
from genart_edu.views.style import DARK, LIGHT, REAL, SERIES, Theme, blend

DIGITS = tuple("0123456789")
WORDS = ("ring", "disc", "square")


def near(canvas: Canvas, frame: np.ndarray, x: float, y: float) -> np.ndarray:
    column, height = canvas._figure.axes[0].transData.transform((x, y))
    row, column = int(len(frame) - height), int(column)
    return frame[row - 4 : row + 5, column - 4 : column + 5].astype(float)


def has(pixels: np.ndarray, color: Any) -> bool:
    return bool((np.abs(pixels - 255 * np.array(to_rgb(color))).max(axis=-1) < 50).any())


@pytest.mark.parametrize("names", [DIGITS, WORDS], ids=["digits", "words"])
@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_each_class_lies_where_it_is_in_its_colour(names: tuple[str, ...], theme: Theme):
    canvas = Canvas([LatentPlane("Latents", names)], theme, height=5)
    mean = np.stack([np.linspace(-2.7, 2.7, len(names)), np.full(len(names), -2.5)], axis=1)
    frame = canvas.frame([(mean, np.arange(len(names)))])
    for place, role in zip(mean, SERIES, strict=False):
        assert has(near(canvas, frame, *place), role.color(theme))
    assert not has(near(canvas, frame, 0.5, 2.7), SERIES[0].color(theme))


def test_classes_differ_by_marker_too():
    for names in (DIGITS, WORDS):
        markers = [c.get_marker() for c in Canvas([LatentPlane("Latents", names)]).views[0].classes]
        shapes = {m if isinstance(m, str) else m.vertices.tobytes() for m in markers}
        assert len(shapes) == len(names)


def test_words_are_named_beside_the_plot_and_the_prior_above():
    canvas = Canvas([LatentPlane("Latents", WORDS)])
    canvas.frame([(np.zeros((1, 2)), np.array([2]))])
    ax, renderer = canvas._figure.axes[0], canvas._agg.get_renderer()
    legends = [child for child in ax.get_children() if type(child).__name__ == "Legend"]
    words = {text.get_text(): legend for legend in legends for text in legend.get_texts()}
    assert set(words) == {*WORDS, "prior: 1σ and 2σ"}
    beside = words["disc"].get_window_extent(renderer)
    assert beside.x0 > ax.bbox.x1 - 1 and beside.x1 <= canvas._figure.bbox.x1
    assert words["prior: 1σ and 2σ"].get_window_extent(renderer).y0 >= ax.bbox.y1 - 1


def test_the_circles_are_one_and_two_sigma():
    canvas = Canvas([LatentPlane("Latents")], height=5)
    frame = canvas.frame([(np.zeros((0, 2)), None)])
    angles = np.linspace(0, 2 * np.pi, 50)
    for radius, drawn in ((1, True), (1.5, False), (2, True)):
        hits = [
            has(near(canvas, frame, radius * np.cos(a), radius * np.sin(a)), LIGHT.ink)
            for a in angles
        ]
        assert (np.mean(hits) > 0.5) == drawn


def test_without_labels_all_are_alike_and_nan_is_left_out():
    mean = np.array([[0.5, 0.5], [np.nan, 1], [-1, np.inf]])
    canvas = Canvas([LatentPlane("Latents", DIGITS)])
    blue = blend(REAL.light, LIGHT.background, 0.4)  # a point is translucent
    assert has(near(canvas, canvas.frame([(mean,)]), 0.5, 0.5), blue)
    assert canvas.views[0].ax.get_xlim() == (-3, 3)


def test_the_plane_grows_with_the_codes_and_settles():
    canvas = Canvas([LatentPlane("Latents")])
    view, codes = canvas.views[0], np.random.default_rng(0).normal(size=(500, 2))
    edges = []
    for scale in (0.1, 1, 4, 3.9, 3, 0.5):
        canvas.frame([(scale * codes,)])
        edges.append(view.ax.get_xlim()[1])
        assert np.mean(np.abs(scale * codes) < edges[-1]) > 0.98
    assert edges == [3, 3, 15, 15, 15, 3]


def test_a_letter_is_centred():
    view: Any = Canvas([LatentPlane("Latents", tuple("0aQ8"))]).views[0]
    for cloud in view.classes:
        marker = MarkerStyle(cloud.get_marker())
        box = marker.get_path().get_extents(marker.get_transform())
        assert np.allclose(box.min, -box.max) and box.height > 0.9


@pytest.mark.parametrize("odd", ["ring", "$", "_", "猫", " ", ""])
def test_what_is_no_letter_stands_beside_its_marker(odd: str):
    view: Any = Canvas([LatentPlane("Latents", ("a", odd))]).views[0]
    assert [cloud.get_marker() for cloud in view.classes] == [role.marker for role in SERIES[:2]]


def test_each_posterior_is_an_ellipse_of_one_sigma_in_its_colour():
    canvas = Canvas([LatentPlane("Latents", WORDS)], height=5)
    mean = np.array([[-2.0, -2], [2, 2], [0.5, 0.1]])
    std = np.array([[0.2, 0.6], [0.5, 0.1], [0.3, 0.3]])
    frame = canvas.frame([(mean, np.array([0, 1, 2]), std)])
    view = canvas.views[0]
    for outline, middle, sigma in zip(view.ellipses.get_segments(), mean, std, strict=True):
        assert np.allclose(outline.min(axis=0), middle - sigma)
        assert np.allclose(outline.max(axis=0), middle + sigma)
        assert np.allclose((((outline - middle) / sigma) ** 2).sum(axis=1), 1)
    assert has(near(canvas, frame, -2, -1.4), blend(SERIES[0].light, LIGHT.background, 0.3))
    assert has(near(canvas, frame, 1.5, 2), blend(SERIES[1].light, LIGHT.background, 0.3))
    assert has(near(canvas, frame, 2, 2), SERIES[1].light)  # the mean keeps its marker
    assert not view.update(mean, np.array([0, 1, 2]), 0.9 * std)


def test_the_plane_shows_the_ellipses_whole():
    canvas = Canvas([LatentPlane("Latents")])
    canvas.frame([(np.full((9, 2), 2.5), None, np.full((9, 2), 1.5))])
    assert canvas.views[0].ax.get_xlim()[1] >= 4


@pytest.mark.parametrize("names", [DIGITS, WORDS, ()], ids=["digits", "words", "none"])
def test_the_key_says_what_the_ellipses_are_and_only_while_there_are_any(names: tuple[str, ...]):
    canvas, one = Canvas([LatentPlane("Latents", names)]), np.zeros((1, 2))
    view: Any = canvas.views[0]
    for std, said in (
        (None, ["prior: 1σ and 2σ"]),
        (one + 1, ["prior", "posterior: 1σ"]),
        (None, ["prior: 1σ and 2σ"]),
    ):
        canvas.frame([(one, None, std)])
        named: Any = canvas._figure.axes[0].get_legend()
        assert [text.get_text() for text in named.get_texts()] == said
        box = named.get_window_extent(canvas._agg.get_renderer())
        assert box.x1 - 4 <= canvas._figure.bbox.x1  # less the padding
        assert len(view.ellipses.get_segments()) == (std is not None)


def test_axes_have_the_names_of_their_latents():
    ax = still(LatentPlane("Latents", axes=("z₃", "z₁₂")), np.zeros((1, 2))).axes[0]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("z₃", "z₁₂")


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="10 classes"):
        LatentPlane("Latents", [*DIGITS, "A"])
    for labels in (np.array([0, 3]), np.array([0]), np.array([0, -2])):
        with pytest.raises(ValueError, match="None or 2 numbers below 3"):
            still(LatentPlane("Latents", WORDS), np.zeros((2, 2)), labels)
    with pytest.raises(ValueError, match=r"None or \(2, 2\); got \(2,\)"):
        still(LatentPlane("Latents"), np.zeros((2, 2)), None, np.ones(2))
