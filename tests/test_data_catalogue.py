"""Data by name."""

import warnings

import pytest
import torch
from PIL import Image

from genart_edu.data import catalogue
from genart_edu.data.catalogue import NAMES, PLANE, density, load
from genart_edu.data.densities import Density
from genart_edu.data.images import Images, digits
from genart_edu.data.motifs import KINDS


@pytest.mark.parametrize("name", ["ring", "grid", "spiral", "moons", "drawn:0.1 0.2 0.3 1;-1 0"])
def test_densities(name):
    found = load(name)
    assert isinstance(found, Density) and found.name == name
    assert torch.equal(density(name).means, found.means)


@pytest.mark.parametrize(("name", "grey"), [("digits", False), ("digits-grey", True)])
def test_digits_are_split_as_published(name, grey):
    train, test = load(name)
    order = torch.randperm(1_797, generator=torch.Generator().manual_seed(0))
    assert torch.equal(train.x(), digits(grey).x(order[:1_500]))
    assert torch.equal(test.x(), digits(grey).x(order[1_500:]))


def test_motifs_are_always_the_same_and_none_is_in_both_sets():
    train, test = load("motifs")
    again, _ = load("motifs")
    assert (len(train), len(test), train.names) == (6_000, 1_000, KINDS)
    assert torch.equal(train.pixels, again.pixels)
    seen = {bytes(picture.numpy()) for picture in train.pixels}
    assert len(seen) == 6_000
    assert not any(bytes(picture.numpy()) in seen for picture in test.pixels)


def test_idx_files_are_asked_for_by_their_name(monkeypatch):
    monkeypatch.setattr(catalogue, "idx", lambda name: (name, "test"))
    assert load("idx:fashion-mnist") == ("fashion-mnist", "test")


@pytest.mark.parametrize(("n", "n_train"), [(2, 1), (3, 2), (6, 5), (7, 5), (12, 10)])
def test_five_of_six_pictures_in_a_folder_are_for_training(tmp_path, n, n_train):
    for grey in range(n):
        Image.new("L", (28, 28), grey).save(tmp_path / f"{grey}.png")
    train, test = load(f"folder:{tmp_path}")
    assert (len(train), len(test)) == (n_train, n - n_train)
    shown = torch.cat([train.pixels, test.pixels])[:, 0, 0, 0]
    assert sorted(shown.tolist()) == list(range(n))


def test_a_lone_picture_serves_for_both_and_says_so(tmp_path):
    Image.new("L", (28, 28), 9).save(tmp_path / "a.png")
    with pytest.warns(UserWarning, match="one picture only"):
        train, test = load(f"folder:{tmp_path}")
    assert len(train) == len(test) == 1


def test_a_path_may_contain_colons(monkeypatch):
    seen = []
    pair = Images(torch.zeros(2, 1, 1, 1, dtype=torch.uint8))
    monkeypatch.setattr(catalogue, "folder", lambda path: seen.append(path) or pair)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load(r"folder:C:\my pictures")
    assert seen == [r"C:\my pictures"]


@pytest.mark.parametrize(
    "name", ["", "digit", "Ring", "idx:", "folder:", "ring:", "digits:x", "drawn", "drawn:"]
)
def test_an_unknown_name_is_told_what_is_allowed(name):
    with pytest.raises(ValueError) as caught:
        load(name)
    text = str(caught.value)
    assert all(allowed in text for allowed in NAMES) and repr(name) in text and "\n" not in text


@pytest.mark.parametrize(
    "name", ["digits", "idx:mnist", "folder:.", "", "drawn", 3, None, ["ring"]]
)
def test_what_is_no_density_is_refused_unread(monkeypatch, name):
    for reader in "folder", "idx", "digits":
        monkeypatch.setattr(catalogue, reader, lambda *_: pytest.fail("It was read."))
    with pytest.raises(ValueError) as caught:
        density(name)
    text = str(caught.value)
    assert text.startswith("A density is one of ") and all(allowed in text for allowed in PLANE)


@pytest.mark.parametrize("ask", [load, density])
def test_an_absurd_name_is_quoted_in_part(ask):
    for name in "x" * 100_000, "drawn:" + "x" * 1_000, "drawn:" + "0" * 100_000:
        with pytest.raises(ValueError) as caught:
            ask(name)
        assert len(str(caught.value)) < 300


def test_errors_of_the_rooms_come_through(tmp_path):
    with pytest.raises(ValueError, match="IDX data must be one of"):
        load("idx:cifar")
    with pytest.raises(NotADirectoryError):
        load(f"folder:{tmp_path / 'missing'}")
