"""Images: one tensor, read as floats; and the digits against their source."""

import runpy
import sys
from pathlib import Path

import pytest
import torch

from genart_edu.data import images as images_module
from genart_edu.data.images import Images, digits


def some(n: int = 5, white: int = 255) -> Images:
    rng = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, white + 1, (n, 3, 4, 2), generator=rng).to(torch.uint8)
    return Images(pixels, torch.arange(n), tuple("abcdefghij"[:n]), white)


def test_shape_and_length():
    images = some()
    assert (len(images), images.shape, images.data_dim) == (5, (3, 4, 2), 24)


@pytest.mark.parametrize("white", [1, 16, 255])
def test_x_is_flat_and_from_zero_to_one(white):
    images = some(white=white)
    x = images.x()
    assert x.shape == (5, 24) and x.dtype == torch.float32
    torch.testing.assert_close(x.view(5, 3, 4, 2), images.pixels / white)
    ends = Images(torch.tensor([0, white], dtype=torch.uint8).view(1, 1, 1, 2), white=white)
    assert ends.x().tolist() == [[0.0, 1.0]]


def test_x_takes_a_slice_or_places_in_any_order():
    images = some()
    assert torch.equal(images.x(slice(1, 3)), images.x()[1:3])
    assert torch.equal(images.x(torch.tensor([4, 0, 4])), images.x()[[4, 0, 4]])


def test_x_is_a_copy_even_where_white_is_one():
    images = some(white=1)
    before = images.pixels.clone()
    images.x().zero_()
    assert torch.equal(images.pixels, before)


def test_split_is_the_documented_permutation_and_keeps_labels_with_their_pictures():
    images = some(10)
    train, test = images.split(7)
    order = torch.randperm(10, generator=torch.Generator().manual_seed(0))
    assert torch.equal(train.labels, order[:7]) and torch.equal(test.labels, order[7:])
    assert torch.equal(train.pixels, images.pixels[order[:7]])
    assert train.names == test.names == images.names


def test_split_needs_no_labels():
    train, test = Images(some().pixels).split(4)
    assert (len(train), len(test), train.labels) == (4, 1, None)


@pytest.mark.parametrize("n_train", [-1, 0, 5, 6])
def test_split_leaves_something_on_both_sides(n_train):
    with pytest.raises(ValueError, match="both sides of 5 images"):
        some().split(n_train)


def test_all_of_it_moves_to_another_device():
    moved = some().to("meta")
    assert str(moved.x(torch.tensor([0])).device) == str(moved.labels.device) == "meta"
    assert all(part.labels.is_meta and part.pixels.is_meta for part in moved.split(2))


@pytest.mark.parametrize(
    "pixels", [torch.zeros(2, 1, 3, 3), torch.zeros(2, 3, 3, dtype=torch.uint8)]
)
def test_pixels_of_another_kind_are_refused(pixels):
    with pytest.raises(ValueError, match="must be uint8"):
        Images(pixels)


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        (torch.arange(4), r"5 images need as many labels; got 4\."),
        (torch.zeros(5), r"labels must be int64; got torch\.float32\."),
        (torch.arange(5), r"labels must be from 0 to 2, the place of a name; got 0 to 4\."),
        (torch.arange(5) - 3, r"labels must be from 0 to 2, the place of a name; got -3 to 1\."),
    ],
)
def test_labels_must_fit(labels, sentence):
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        Images(some().pixels, labels, ("a", "b", "c"))


def test_no_pixel_is_whiter_than_white():
    with pytest.raises(ValueError, match=r"^pixels must be at most 16 \(white\); got 17\.$"):
        Images(torch.full((2, 1, 3, 3), 17, dtype=torch.uint8), white=16)


def test_pictures_of_your_own_come_as_floats():
    x = torch.rand(5, 3, 4, 6, generator=torch.Generator().manual_seed(0))
    images = Images.of(x, torch.tensor([0, 2, 1, 0, 2]))
    assert images.shape == (3, 4, 6) and images.names == ("0", "1", "2")
    assert ((images.x() - x.flatten(1)).abs() <= 0.5 / 255 + 1e-6).all()
    assert Images.of(x).labels is None


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (float("nan"), r"x must be finite; 1 numbers are not\."),
        (1.5, r"x must lie in \[0, 1\]; got 0 to 1\.5\."),
        (-0.5, r"x must lie in \[0, 1\]; got -0\.5 to 0\."),
    ],
)
def test_pictures_of_another_range_are_refused(value, sentence):
    x = torch.zeros(2, 1, 3, 3)
    x[0, 0, 0, 0] = value
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        Images.of(x)


def test_digits_are_those_of_scikit_learn():
    source = pytest.importorskip("sklearn.datasets").load_digits()
    images = digits(grey=True)
    assert torch.equal(images.pixels[:, 0].double(), torch.from_numpy(source.images))
    assert torch.equal(images.labels, torch.from_numpy(source.target).long())
    assert torch.equal(images.x().double(), torch.from_numpy(source.data) / 16)


def test_binary_digits_are_white_where_there_is_more_ink_than_half():
    binary, grey = digits(), digits(grey=True)
    assert binary.white == 1 and grey.white == 16
    assert torch.equal(binary.x(), (grey.x() > 0.5).float())
    assert torch.equal(binary.labels, grey.labels)
    assert binary.names == tuple("0123456789") and binary.shape == (1, 8, 8)


def test_the_published_split_of_the_digits():
    train, test = digits().split(1_500)
    assert (len(train), len(test)) == (1_500, 297)
    assert train.labels.unique().numel() == test.labels.unique().numel() == 10


def test_digits_load_without_scikit_learn(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)  # importing it now fails
    fresh = runpy.run_path(images_module.__file__)
    assert len(fresh["digits"]()) == 1_797


def test_digits_name_their_source_and_licences():
    licence = (
        Path(images_module.__file__).with_name("digits.LICENSE.md").read_text(encoding="utf-8")
    )
    assert all(word in licence for word in ("CC BY 4.0", "BSD 3-Clause", "Alpaydin", "Kaynak"))
