"""A folder of pictures: every kind of file that people have, and some that they should not open."""

import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import EpsImagePlugin, Image

from genart_edu.data.folder import folder
from genart_edu.data.images import Images

RED, GREY = (200, 30, 30), (120, 120, 120)


def quietly(path: Path, size: int = 28) -> Images:
    """folder(), where any warning is a failure."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return folder(path, size)


def picture(colour: tuple[int, ...] | int = RED, size: tuple[int, int] = (40, 30)) -> Image.Image:
    mode = "L" if isinstance(colour, int) else "RGB" if len(colour) == 3 else "RGBA"
    return Image.new(mode, size, colour)


def middle(images: Images, n: int = 0) -> list[int]:
    return images.pixels[n, :, images.shape[1] // 2, images.shape[2] // 2].tolist()


def header(width: int, height: int) -> bytes:
    """A PNG that promises width x height pixels and has none."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(b""))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + data + chunk(b"IEND", b"")


@pytest.mark.parametrize("suffix", ["png", "jpg", "gif", "webp", "bmp", "tif", "ppm", "ico", "tga"])
def test_common_files(tmp_path, suffix):
    picture(size=(32, 32)).save(tmp_path / f"a.{suffix}")
    images = quietly(tmp_path)
    assert images.shape == (3, 28, 28) and images.white == 255
    assert images.pixels.dtype == torch.uint8 and images.pixels.is_contiguous()
    assert middle(images) == pytest.approx(RED, abs=6)
    assert images.labels is None and images.names == ()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr"])
def test_every_mode_keeps_its_colours(tmp_path, mode):
    suffix = "jpg" if mode in ("CMYK", "YCbCr") else "png"
    picture((255, 255, 255)).convert(mode).save(tmp_path / f"a.{suffix}", quality=95)
    picture(RED).save(tmp_path / "b.png")
    assert middle(quietly(tmp_path)) == pytest.approx([255] * 3, abs=3)


@pytest.mark.parametrize("mode", ["P", "RGBA", "CMYK", "YCbCr"])
def test_colour_survives(tmp_path, mode):
    suffix = "jpg" if mode in ("CMYK", "YCbCr") else "png"
    converted = picture(RED).convert(mode, palette=Image.Palette.ADAPTIVE)
    converted.save(tmp_path / f"a.{suffix}", quality=95)
    assert middle(quietly(tmp_path)) == pytest.approx(RED, abs=8)


@pytest.mark.parametrize(
    ("values", "suffix"),
    [
        (np.full((9, 9), 0x8080, np.uint16), "png"),
        (np.full((9, 9), 0x8080, np.uint16), "tif"),
        (np.full((9, 9), 0x8080, np.int32), "tif"),
        (np.full((9, 9), 0.502, np.float32), "tif"),
    ],
)
def test_deep_pixels_are_scaled(tmp_path, values, suffix):
    Image.fromarray(values).save(tmp_path / f"a.{suffix}")
    assert middle(quietly(tmp_path)) == [128]


@pytest.mark.parametrize(("value", "shown"), [(-5, 0), (70_000, 255)])
def test_pixels_beyond_black_and_white_are_black_and_white(tmp_path, value, shown):
    Image.fromarray(np.full((9, 9), value, np.int32)).save(tmp_path / "a.tif")
    assert middle(quietly(tmp_path)) == [shown]


def test_transparent_parts_are_white(tmp_path):
    picture((0, 0, 0, 0)).save(tmp_path / "all.png")
    palette = picture(RED).convert("P")
    palette.info["transparency"] = 0
    palette.putpalette([200, 30, 30] * 256)
    palette.paste(0, (0, 0, *palette.size))
    palette.save(tmp_path / "palette.png", transparency=0)
    picture((0, 0, 0, 128)).save(tmp_path / "half.png")
    images = quietly(tmp_path)
    assert [middle(images, n) for n in range(3)] == [[255], [127], [255]]


def test_one_picture_with_colour_makes_all_of_them_colour(tmp_path):
    picture(77).save(tmp_path / "a.png")
    picture(GREY).save(tmp_path / "b.png")
    grey = quietly(tmp_path)
    assert grey.shape == (1, 28, 28) and [middle(grey, 0), middle(grey, 1)] == [[77], [120]]
    picture(RED).save(tmp_path / "c.png")
    assert quietly(tmp_path).shape == (3, 28, 28) and middle(quietly(tmp_path)) == [77] * 3


def test_a_trace_of_colour_is_grey(tmp_path):
    picture((120, 124, 117)).save(tmp_path / "a.png")
    assert quietly(tmp_path).shape[0] == 1
    picture((120, 128, 117)).save(tmp_path / "b.png")
    assert quietly(tmp_path).shape[0] == 3


def test_the_middle_square_is_kept_in_its_own_proportions(tmp_path):
    values = np.zeros((30, 90), np.uint8)
    values[:, 30:60] = 255
    values[0, :30] = values[-1, 60:] = 255  # outside
    Image.fromarray(values).save(tmp_path / "wide.png")
    Image.fromarray(values.T.copy()).save(tmp_path / "tall.png")
    assert (quietly(tmp_path, 10).pixels == 255).all()


def test_a_picture_of_the_right_size_is_untouched(tmp_path):
    values = np.random.default_rng(0).integers(0, 256, (28, 28, 3), dtype=np.uint8)
    Image.fromarray(values).save(tmp_path / "a.png")
    assert torch.equal(quietly(tmp_path).pixels[0].permute(1, 2, 0), torch.from_numpy(values))


def test_shrinking_averages(tmp_path):
    board = (np.indices((64, 64)).sum(0) % 2 * 255).astype(np.uint8)
    Image.fromarray(board).save(tmp_path / "a.png")
    inner = quietly(tmp_path, 8).pixels[0, 0, 1:-1, 1:-1]
    assert inner.min() >= 120 and inner.max() <= 135


@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_a_large_photo_is_the_same_small_picture(tmp_path, suffix):
    ramp = np.linspace(0, 255, 800).astype(np.uint8)
    Image.fromarray(np.tile(ramp, (800, 1))).save(tmp_path / f"a.{suffix}", quality=95)
    rows = quietly(tmp_path, 8).pixels[0, 0].double()
    expected = torch.from_numpy(ramp).double().view(8, 100).mean(1)
    assert (rows - expected).abs().max() < 4


def test_a_small_photo_is_read_in_full(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (150, 120), dtype=np.uint8)
    for name in ("jpg", "png"):
        (tmp_path / name).mkdir()
    Image.fromarray(noise).save(tmp_path / "jpg" / "a.jpg")
    Image.open(tmp_path / "jpg" / "a.jpg").save(tmp_path / "png" / "a.png")
    assert torch.equal(quietly(tmp_path / "jpg").pixels, quietly(tmp_path / "png").pixels)


def test_the_cameras_orientation_is_followed(tmp_path):
    values = np.zeros((40, 40), np.uint8)
    values[:20] = 255  # light above
    exif = Image.Exif()
    exif[0x0112] = 6  # "turn me a quarter clockwise": light comes to lie on the right
    Image.fromarray(values).save(tmp_path / "a.jpg", exif=exif)
    pixels = quietly(tmp_path).pixels[0, 0].double()
    assert pixels[:, 16:].mean() > 240 and pixels[:, :12].mean() < 15


def test_an_animation_gives_its_first_frame(tmp_path):
    first, second = picture(10), picture(240)
    first.save(tmp_path / "a.gif", save_all=True, append_images=[second])
    assert middle(quietly(tmp_path)) == [10]


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1)])
def test_extreme_shapes(tmp_path, size):
    picture(90, size).save(tmp_path / "a.png")
    assert (quietly(tmp_path).pixels == 90).all()


def test_subfolders_are_the_classes(tmp_path):
    for name, grey in [("b/1.png", 10), ("b/deep/2.png", 20), ("a/9.png", 30)]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        picture(grey).save(tmp_path / name)
    (tmp_path / "empty").mkdir()
    images = quietly(tmp_path)
    assert images.names == ("a", "b")
    assert images.labels.tolist() == [0, 1, 1] and images.labels.dtype == torch.int64
    assert [middle(images, n)[0] for n in range(3)] == [30, 10, 20]
    picture(40).save(tmp_path / "c.png")
    loose = quietly(tmp_path)
    assert loose.labels is None and loose.names == () and len(loose) == 4


def test_the_order_is_that_of_the_paths(tmp_path):
    for grey, name in enumerate(["b.png", "C.png", "a b.png", "a.png", "10.png", "9.png"]):
        picture(10 * grey).save(tmp_path / name)
    order = [middle(quietly(tmp_path), n)[0] // 10 for n in range(6)]
    assert order == [4, 5, 1, 2, 3, 0]


def test_paths_with_spaces_and_chinese_characters(tmp_path):
    (tmp_path / "我的 照片" / "猫 咪").mkdir(parents=True)
    picture().save(tmp_path / "我的 照片" / "猫 咪" / "第 一.png")
    images = quietly(tmp_path / "我的 照片")
    assert images.names == ("猫 咪",) and len(images) == 1
    assert len(quietly(str(tmp_path / "我的 照片"))) == 1


def test_what_is_hidden_is_passed_over(tmp_path):
    picture().save(tmp_path / "a.png")
    (tmp_path / ".DS_Store").write_bytes(b"x")
    (tmp_path / ".cache").mkdir()
    picture(9).save(tmp_path / ".cache" / "b.png")
    assert len(quietly(tmp_path)) == 1


def test_bad_files_are_named_in_one_warning_and_skipped(tmp_path):
    picture().save(tmp_path / "good.png")
    whole = (tmp_path / "good.png").read_bytes()
    (tmp_path / "notes.txt").write_text("no picture at all")
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "cut.png").write_bytes(whole[:50])
    with pytest.warns(UserWarning) as caught:
        images = folder(tmp_path)
    assert len(images) == 1 and middle(images) == list(RED)
    assert len(caught) == 1 and caught[0].filename == __file__
    text = str(caught[0].message)
    assert "3 of 4 files" in text and "'notes.txt' (no picture)" in text and "\n" not in text
    assert "empty.jpg" in text and "cut.png" in text and "good.png" not in text


def test_a_long_list_of_bad_files_is_cut(tmp_path):
    picture().save(tmp_path / "good.png")
    for n in range(30):
        (tmp_path / f"bad{n:02}.png").write_bytes(b"bad")
    with pytest.warns(UserWarning, match="30 of 31 files.*bad04.*and 25 more") as caught:
        folder(tmp_path)
    assert len(str(caught[0].message)) < 400


@pytest.mark.parametrize("side", [9_000, 9_800, 50_000])
def test_a_bomb_is_refused_before_it_is_decoded(tmp_path, side, monkeypatch):
    picture().save(tmp_path / "good.png")
    (tmp_path / "bomb.png").write_bytes(header(side, side))
    with pytest.warns(UserWarning, match=r"'bomb\.png' \(too many pixels\)\.$"):
        assert len(folder(tmp_path)) == 1
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)  # as some other library may have done
    with pytest.warns(UserWarning, match=r"'bomb\.png' \(too many pixels\)\.$"):
        folder(tmp_path)


def test_a_bomb_in_a_wrapper_is_refused_too(tmp_path):
    bomb = header(9_800, 9_800)
    entry = struct.pack("<HHH4B2H2I", 0, 1, 1, 16, 16, 0, 0, 1, 32, len(bomb), 22)
    (tmp_path / "bomb.ico").write_bytes(entry + bomb)
    picture().save(tmp_path / "good.png")
    with pytest.warns(UserWarning, match=r"'bomb\.ico' \(too many pixels\)\.$"):
        folder(tmp_path)


def test_no_other_program_is_run_for_a_picture(tmp_path, monkeypatch):
    picture().save(tmp_path / "good.png")
    picture().save(tmp_path / "drawing.eps")
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *_: pytest.fail("it was run"))
    with pytest.warns(
        UserWarning, match=r"'drawing\.eps' \(a drawing that only another program can open\)"
    ):
        assert len(folder(tmp_path)) == 1


@pytest.mark.parametrize("seed", range(4))
def test_damaged_bytes_never_stop_the_rest(tmp_path, seed):
    rng = np.random.default_rng(seed)
    noise = Image.fromarray(rng.integers(0, 256, (32, 32, 3), dtype=np.uint8))
    noise.save(tmp_path / "good.png")
    for suffix in ("png", "jpg", "gif", "webp", "bmp", "tif", "ico", "tga", "ppm"):
        noise.save(tmp_path / f"x.{suffix}")
        content = bytearray((tmp_path / f"x.{suffix}").read_bytes())
        for place in rng.integers(0, min(len(content), 200), 12):
            content[place] = rng.integers(256)
        (tmp_path / f"x.{suffix}").write_bytes(content)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        images = folder(tmp_path)
    assert 1 <= len(images) <= 10 and len(caught) <= 1


def test_a_folder_without_pictures_is_one_sentence(tmp_path):
    with pytest.raises(ValueError) as caught:
        quietly(tmp_path)
    assert str(caught.value) == f"No picture can be read from the folder {tmp_path}."
    (tmp_path / "a.txt").write_text("hello")
    with pytest.raises(ValueError, match=r"No picture .*: 'a.txt' \(no picture\)\.$"):
        quietly(tmp_path)


def test_a_path_that_is_no_folder_is_one_sentence(tmp_path):
    picture().save(tmp_path / "a.png")
    for path in (tmp_path / "a.png", tmp_path / "missing"):
        with pytest.raises(NotADirectoryError, match=f"There is no folder .*{path.name}"):
            folder(path)


def test_size_must_be_positive(tmp_path):
    with pytest.raises(ValueError, match="size must be at least 1 pixel; got 0"):
        folder(tmp_path, 0)
