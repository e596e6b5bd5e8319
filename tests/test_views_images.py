"""Image grids and rows: each picture in its place, its pixels square, exact and in order."""

import io

import numpy as np
import pytest
from PIL import Image

from genart_edu.views.canvas import DPI, Canvas, still
from genart_edu.views.images import RIM, ImageGrid, Rows, residuals, to_bytes
from genart_edu.views.style import DARK


def squares(frame: np.ndarray, color: object) -> tuple[int, float, float]:
    """How many pixels have just that colour, and their mean row and column."""
    rows, columns = np.nonzero((frame == color).all(axis=-1))
    return len(rows), rows.mean(), columns.mean()


def flat(levels: np.ndarray, side: int = 8) -> np.ndarray:
    """One picture of one colour for each level of red: letters are grey, and never that."""
    colors = np.stack([levels, 0 * levels + 200, 0 * levels + 20], axis=1) / 255
    return np.broadcast_to(colors[..., None, None], (len(levels), 3, side, side))


def test_a_grid_is_read_like_a_page():
    levels = np.arange(100, 120)
    frame = Canvas([ImageGrid("Grid", columns=8)]).frame([(flat(levels),)])
    found = [squares(frame, (level, 200, 20)) for level in levels]
    assert len({count for count, _, _ in found}) == 1
    assert found == sorted(found, key=lambda at: (at[1], at[2]))
    assert [len({round(at[axis]) for at in found}) for axis in (1, 2)] == [3, 8]


@pytest.mark.parametrize("channels", [1, 3])
def test_every_data_pixel_is_a_square_of_screen_pixels(channels: int):
    levels = 1 + np.random.default_rng(0).permutation(64 * channels)  # 0 is the colour of the rim
    image = levels.reshape(1, channels, 8, 8) / 255
    frame = Canvas([ImageGrid("")], height=3.2).frame([(image,)])
    bytes_ = np.broadcast_to(np.round(255 * image[0]), (3, 8, 8)).transpose(1, 2, 0)
    counts = {squares(frame, tuple(bytes_[y, x]))[0] for y in range(8) for x in range(8)}
    assert counts == {33**2}  # 270 pixels, less the rim, for 8
    left, top = squares(frame, tuple(bytes_[0, 0])), squares(frame, tuple(bytes_[7, 7]))
    assert left[1] < top[1] and left[2] < top[2]


def test_a_finer_still_shows_the_same_pixels():
    images = np.random.default_rng(0).random((64, 8, 8))
    figure = still(ImageGrid("Fine"), images)
    shown = []
    for dpi in (DPI, 2 * DPI):
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=dpi)
        shown.append(np.asarray(Image.open(buffer).convert("RGB")))
    rows = slice(60, -20)  # the title's letters are finer, the pictures are not
    assert (shown[1][::2, ::2][rows, 20:-20] == shown[0][rows, 20:-20]).all()


@pytest.mark.parametrize("columns", [8, 12])
def test_eight_rows_of_small_pictures_fill_the_plot(columns: int):
    canvas = Canvas([ImageGrid("", columns)])
    frame = canvas.frame([(np.zeros((8 * columns, 8, 8)),)])
    rows, columns_ = np.nonzero((frame == 0).all(axis=-1))
    box = canvas._figure.axes[0].bbox
    assert np.ptp(rows) + 1 == round(box.height) and np.ptp(columns_) + 1 == round(box.width)


def test_white_ink_at_the_edge_of_a_picture_does_not_touch_the_page():
    frame = Canvas([ImageGrid("")]).frame([(np.ones((64, 8, 8)),)])
    row = frame[70, :, 0]  # through the middle of the first eight
    runs = np.split(row, np.flatnonzero(np.diff(row)) + 1)
    assert sum(len(run) == RIM and (run == 0).all() for run in runs) == 16


def test_what_is_too_large_is_made_smaller_and_stays_inside():
    images = np.ones((64, 3, 64, 64)) * 0.5
    frame = Canvas([ImageGrid("")]).frame([(images,)])
    rows, columns = np.nonzero((np.abs(frame.astype(int) - 128) < 3).all(axis=-1))
    assert 300 < np.ptp(rows) < 318 and 300 < np.ptp(columns) < 318
    assert 0.75 < len(rows) / 318**2 < 1


@pytest.mark.parametrize("theme", [DARK])
def test_none_then_one_then_many_then_none(theme):
    canvas = Canvas([ImageGrid("Grid"), Rows("Rows")], theme)
    empty = canvas.frame([(np.zeros((0, 8, 8)),), (np.zeros((0, 8, 8)),) * 2])
    for n in (1, 7, 64):
        images = np.ones((n, 8, 8))
        assert (canvas.frame([(images,), (images, images)]) != empty).any()
    again = canvas.frame([(np.zeros((0, 8, 8)),), (np.zeros((0, 8, 8)),) * 2])
    assert (again == empty).all()


@pytest.mark.parametrize("labels", [("data", "model"), ("x", "mean", "sample", "error")])
def test_each_column_of_a_group_holds_one_picture_of_every_array(labels: tuple[str, ...]):
    canvas = Canvas([Rows("Rows", columns=8, labels=labels)], height=6)
    levels = [np.arange(20) + 10 + 40 * k for k in range(len(labels))]
    frame = canvas.frame([[flat(level) for level in levels]])
    for column in zip(*levels, strict=True):
        found = [squares(frame, (level, 200, 20)) for level in column]
        assert len({x for _, _, x in found}) == 1
        gaps = np.diff([y for _, y, _ in found])
        assert (gaps == gaps[0]).all() and 5 < gaps[0] < 45 * 6 / 3.68
    ax = canvas._figure.axes[0]
    assert [text.get_text() for text in ax.get_yticklabels()] == [*labels] * 3
    heights = ax.transData.transform([(0, y) for y in ax.get_yticks()])[:, 1]
    for level, height in zip([each[0] for each in levels], heights, strict=False):
        assert len(frame) - height == pytest.approx(squares(frame, (level, 200, 20))[1], abs=1)
    assert canvas.alt == f"Rows: rows of images, {' above '.join(labels)}"


def test_rows_may_mix_grey_and_colour_and_move_no_name_while_they_live():
    canvas = Canvas([Rows("Rows", labels=("grey", "flat", "colour"))])
    grey, colour = np.full((3, 1, 8, 8), 77 / 255), flat(np.arange(3) + 50)
    frame = canvas.frame([(grey, grey[:, 0], colour)])
    plot = frame[:, round(canvas._figure.axes[0].bbox.x0) :]  # letters have greys of their own
    assert squares(plot, 77)[0] == 6 * squares(plot, (51, 200, 20))[0]
    assert not canvas.views[0].update(grey, grey[:, 0], colour)
    assert canvas.views[0].update(*[np.concatenate([colour] * 3)] * 3)  # two groups


def test_a_grid_names_its_rows_from_the_top():
    canvas = Canvas([ImageGrid("Moves", columns=3, rows=("z₃", "z₁₂"))])
    frame = canvas.frame([(flat(np.arange(10, 16)),)])
    renderer = canvas._agg.get_renderer()
    for text, level in zip(canvas._figure.axes[0].get_yticklabels(), (10, 13), strict=True):
        box = text.get_window_extent(renderer)
        assert box.x0 >= 0 and box.x1 < canvas._figure.axes[0].bbox.x0
        middle = squares(frame, (level, 200, 20))[1]
        assert len(frame) - (box.y0 + box.y1) / 2 == pytest.approx(middle, abs=4)
    assert [t.get_text() for t in canvas._figure.axes[0].get_yticklabels()] == ["z₃", "z₁₂"]
    assert canvas.alt.endswith("a row for each of z₃, z₁₂")
    with pytest.raises(ValueError, match="2 named rows hold 6 pictures; got 7"):
        canvas.frame([(np.zeros((7, 8, 8)),)])


def test_residuals_are_black_blue_and_orange():
    x = np.full((1, 1, 1, 4), 0.5)
    mean = x + np.array([0, -0.25, 0.25, 0.5])
    exact, dark, bright, brighter = residuals(x, mean)[0, :, 0].T
    assert (exact == 0).all()
    assert dark[2] > dark[1] > dark[0] and bright[0] > bright[1] > bright[2]
    assert np.allclose(brighter**2, 2 * bright**2)  # twice the error, twice the light
    assert (residuals(x[:, 0], mean[:, 0]) == residuals(x, mean)).all()


def test_residuals_of_colours_have_the_sign_of_the_mean_and_cancel_nothing():
    x, mean = np.random.default_rng(0).random((2, 5, 3, 4, 4))
    error = mean - x
    signed = np.sign(error.mean(axis=1)) * abs(error).mean(axis=1)  # (5, 4, 4)
    assert residuals(x, mean).shape == (5, 3, 4, 4)
    assert np.allclose(residuals(x, mean), residuals(np.zeros_like(signed), signed))
    red, green = np.eye(3)[:2, None, :, None, None]
    assert (residuals(red, green) > 0).any()
    with pytest.raises(ValueError, match="one shape"):
        residuals(x, mean[:, :1])


def test_bytes_are_rounded_clipped_and_never_nan():
    values = np.array([[[0, 1, 0.5, -3, 7, np.nan, np.inf, 1 / 255]]])
    assert to_bytes(values)[0, 0, :, 0].tolist() == [0, 255, 128, 0, 255, 0, 255, 1]
    assert (to_bytes(values)[..., 3] == 255).all()


def test_what_is_no_image_is_refused():
    canvas = Canvas([ImageGrid("Grid")])
    for shape in ((4, 2, 8, 8), (8, 8)):
        with pytest.raises(ValueError, match="C 1 or 3"):
            canvas.frame([(np.zeros(shape),)])
    two, three = np.zeros((2, 8, 8)), np.zeros((3, 8, 8))
    for arrays in ((two, three), (two,), (two, two, two), (two, np.zeros((2, 4, 4)))):
        with pytest.raises(ValueError, match="Rows needs 2 arrays"):
            Canvas([Rows("Rows")]).frame([arrays])
    with pytest.raises(ValueError, match="two rows or more; got 1"):
        Rows("Rows", labels=("x",))
