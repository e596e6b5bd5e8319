"""The canvas: a live frame is the full picture, a still is complete, and nothing needs pyplot."""

import io
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from genart_edu.views.bars import Bars
from genart_edu.views.canvas import DPI, Canvas, Still, arrange, still
from genart_edu.views.curves import Curves
from genart_edu.views.images import ImageGrid, Rows
from genart_edu.views.latent import LatentPlane
from genart_edu.views.plane import Plane
from genart_edu.views.png import png
from genart_edu.views.rate import RateDistortion
from genart_edu.views.style import DARK, LIGHT, REAL, Theme


def views() -> list:
    return [
        Curves(("real", "fake"), "Losses", references={"log 2": 0.693, "2 log 2": 1.386}),
        Plane("Samples"),
        LatentPlane("Latents", ("ring", "disc")),
        Rows("Rows"),
        ImageGrid("Grid"),
        Bars("KL"),
        RateDistortion("Sweep", ("β 1", "β 2")),
    ]


def look(n: int, seed: int = 0) -> list[tuple]:
    """What the views take after n steps of a training that never was."""
    rng = np.random.default_rng(seed)
    steps = np.arange(1, n + 1)
    noise = rng.normal(0, 0.1, (2, n))
    images = rng.random((2, 16, 8, 8))
    return [
        (steps, 1.4 + noise[0], 0.7 + 20 / np.maximum(steps, 1) + noise[1]),
        (rng.normal(0, 1, (50, 2)), rng.normal(0, 1, (60, 2)), rng.random((9, 9))),
        (rng.normal(0, 1 + n / 1000, (40, 2)), rng.integers(0, 2, 40), rng.random((40, 2))),
        (images[0], images[1]),
        (rng.random((12, 3, 8, 8)),),
        (rng.random(16) * (1 + n / 1000), rng.random(16) > 0.5),
        (np.array([9.0, 2]), np.array([12.0, 20]), rng.uniform(1, 9, 2) * (1 + n / 1000)),
    ]


def pixels(figure: Still) -> np.ndarray:
    """The figure as matplotlib itself saves it, at the size of a frame."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI)
    return np.asarray(Image.open(buffer).convert("RGB"))


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_a_frame_after_many_updates_is_the_picture_drawn_whole(theme: Theme):
    canvas = Canvas(views(), theme)
    for n in (0, 1, 2, 5, 40, 41, 90, 170, 400, 1500, 1501, 30):  # the last step is a rewind
        frame = canvas.frame(look(n, seed=n))
    whole = pixels(canvas._figure)
    assert frame.dtype == np.uint8 and frame.shape == whole.shape
    assert np.abs(frame.astype(int) - whole).max() <= 2


def test_frames_move_with_their_arrays_and_return():
    canvas = Canvas(views())
    canvas.frame(look(100))
    first, other = canvas.frame(look(100)), canvas.frame(look(100, seed=1))
    edges = [round(canvas._figure.axes[i].bbox.x0) for i in range(7)]
    for left in edges:  # every view has moved
        assert (first[:, left : left + 150] != other[:, left : left + 150]).any()
    assert (canvas.frame(look(100)) == first).all()


def test_full_redraws_are_rare(monkeypatch: pytest.MonkeyPatch):
    canvas = Canvas(views()[:3])
    redrawn: list[Any] = []
    draw = Canvas._draw_background

    def noted(canvas: Canvas, view: Any, *cell: Any) -> Any:
        redrawn.append(view)
        return draw(canvas, view, *cell)

    monkeypatch.setattr(Canvas, "_draw_background", noted)
    for n in range(1, 2000, 20):
        canvas.frame(look(n, seed=n)[:3])
    assert 1 < sum(view is canvas.views[0] for view in redrawn) < 30
    assert len(redrawn) < 33  # a view whose limits stay is drawn whole once


def test_a_view_that_changed_is_redrawn_as_if_all_were():
    canvas = Canvas(views())
    for n in (1, 150, 900):  # the curves' limits change, the others' do not
        frame = canvas.frame(look(n))
    assert (frame == Canvas(views()).frame(look(900))).all()


def test_a_view_that_gets_nothing_stays_as_it_is_in_the_picture(monkeypatch: pytest.MonkeyPatch):
    canvas = Canvas(views())
    canvas.frame(look(100))
    before = canvas.frame(look(100))
    arrays: list[Any] = look(900, seed=1)
    arrays[1] = arrays[5] = None
    for i in (1, 5):  # neither updated nor drawn
        monkeypatch.setattr(canvas.views[i], "update", None)
        monkeypatch.setattr(canvas.views[i], "artists", None)
    after = canvas.frame(arrays)
    moved = Canvas(views()).frame(look(900, seed=1))
    for i, (cell, _) in enumerate(canvas._cells):
        left, right = (round(x) for x in cell.get_extents().intervalx)
        expected = before if arrays[i] is None else moved
        assert (after[:, left:right] == expected[:, left:right]).all(), i
        assert (before[:, left:right] != moved[:, left:right]).any(), i


def test_a_first_picture_needs_all():
    canvas = Canvas(views()[:2])
    for draw in (canvas.frame, canvas.figure):
        with pytest.raises(ValueError, match="first frame needs the arrays of every view"):
            draw([None, look(3)[1]])
    canvas.frame(look(3)[:2])
    assert canvas.frame([None, None]).std() > 0
    with pytest.raises(ValueError, match="first frame"):
        canvas.figure([look(3)[0], None])


def test_limits_move_without_moving_plots():
    canvas = Canvas(views()[:3])
    places = [ax.get_position().bounds for ax in canvas._figure.axes[:3]]
    for n in (1, 1000):
        canvas.frame(look(n)[:3])
    assert [ax.get_position().bounds for ax in canvas._figure.axes[:3]] == places


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_a_still_holds_what_moves(theme: Theme):
    steps = np.arange(50)
    figure = still(Curves(("real",), "Curve", roles=(REAL,)), steps, steps / 50, theme=theme)
    color = np.round(255 * np.array(to_rgb(REAL.color(theme))))
    assert (np.abs(pixels(figure) - color).max(axis=-1) < 3).sum() > 300
    agg: Any = figure.canvas
    agg.draw()
    drawn = np.asarray(agg.buffer_rgba())[..., :3]
    assert (drawn == pixels(figure)).all()
    assert (drawn[2, 2] == np.round(255 * np.array(to_rgb(theme.background)))).all()


def test_a_figure_is_left_alone_by_later_frames():
    canvas = Canvas(views())
    canvas.frame(look(10))
    figure = canvas.figure(look(100))
    before = pixels(figure)
    canvas.frame(look(200, seed=1))
    assert (pixels(figure) == before).all()


def test_one_description_serves_two_canvases():
    grid = ImageGrid("Grid")
    light, dark = Canvas([grid], LIGHT), Canvas([grid], DARK)
    black, white = np.zeros((1, 4, 4)), np.ones((1, 4, 4))
    light.frame([(black,)])
    dark.frame([(white,)])
    assert (light.frame([(black,)])[150, 150] == 0).all()
    assert not hasattr(grid, "artists")


def test_a_notebook_shows_a_still_with_no_pyplot():
    formatters = pytest.importorskip("IPython.core.formatters")
    figure = still(ImageGrid("Samples"), np.ones((4, 8, 8)))
    data, metadata = formatters.DisplayFormatter().format(figure)
    shown = Image.open(io.BytesIO(data["image/png"]))
    assert data["text/plain"] == repr(figure) == "<Figure: Samples: a grid of images>"
    assert shown.size == tuple(2 * metadata["image/png"][side] for side in ("width", "height"))
    assert metadata["image/png"]["alt"] == "Samples: a grid of images"
    assert np.asarray(shown.convert("L"))[shown.height // 2, shown.width // 2] == 255


def test_views_import_neither_pyplot_nor_torch():
    code = """
import sys, numpy as np
from genart_edu.views.canvas import still, Canvas
from genart_edu.views.png import png
from genart_edu.views.curves import Curves
from genart_edu.views import images, latent, plane
view, arrays = Curves(("a",), "Curve"), (np.arange(3), np.arange(3.0))
still(view, *arrays)._repr_png_()
png(Canvas([view]).frame([arrays]))
print([name for name in ("matplotlib.pyplot", "torch") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_png_is_read_back_as_it_was():
    frame = np.random.default_rng(0).integers(0, 256, (17, 31, 3), dtype=np.uint8)
    image = Image.open(io.BytesIO(png(frame)))
    assert image.mode == "RGB" and (np.asarray(image) == frame).all()


def test_rows_fill_the_width_and_views_keep_apart():
    (width, height), boxes = arrange(views()[:5], height=3.0, width=None, columns=2)
    assert height == 9.0
    for box, view in zip(boxes, views(), strict=False):
        margins = view.margins
        assert box[0] >= margins.left - 0.01 and box[0] + box[2] + margins.right <= width + 0.02
    for one, other, view in zip(boxes, boxes[1:], views(), strict=False):
        if one[1] // 3 == other[1] // 3:  # in one row
            assert other[0] > one[0] + one[2] + view.margins.right
    assert np.allclose(np.array(boxes) * DPI, np.round(np.array(boxes) * DPI))
    last_of_row = boxes[3]
    assert last_of_row[0] + last_of_row[2] == pytest.approx(
        width - views()[3].margins.right, abs=0.02
    )


def test_a_size_is_kept():
    figure = still(Plane("Samples"), np.zeros((1, 2)), np.zeros((1, 2)), size=(5, 4))
    assert figure.get_size_inches() == pytest.approx((5, 4))
    assert Canvas([Plane("Samples")], height=2.5).frame([(np.zeros((0, 2)),) * 2]).shape[0] == 250


def test_no_views_is_an_error():
    with pytest.raises(ValueError, match="at least one view"):
        Canvas([])
