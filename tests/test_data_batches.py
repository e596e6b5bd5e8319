"""Batches: every image once an epoch, and a place that can be kept and found again."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from genart_edu.data.batches import DensityBatches, ImageBatches, SeedBatches
from genart_edu.data.densities import grid, moons, ring
from genart_edu.data.drawing import drawn
from genart_edu.data.images import Images


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def numbered(n: int) -> Images:
    """n pictures of 2x1 pixels; picture i has the value i in its first pixel."""
    pixels = torch.zeros(n, 1, 2, 1, dtype=torch.uint8)
    pixels[:, 0, 0, 0] = torch.arange(n)
    return Images(pixels, white=n)


def places(x: Tensor, n: int) -> list[int]:
    """Which of the n pictures a batch holds."""
    return (x[:, 0] * n).round().int().tolist()


def make_images(seed: int = 0) -> ImageBatches:
    return ImageBatches(numbered(50), 8, seeded(seed))


def make_density(seed: int = 0) -> DensityBatches:
    return DensityBatches(ring(), 8, seeded(seed))


def make_shared(seed: int = 0) -> SeedBatches:
    return SeedBatches(make_images(seed), 4)


BOTH = pytest.mark.parametrize("make", [make_images, make_density])
ALL = pytest.mark.parametrize("make", [make_images, make_density, make_shared])


def test_an_epoch_shows_every_image_once():
    batches = ImageBatches(numbered(12), 4, seeded())
    epochs = [
        [place for _ in range(3) for place in places(next(batches)[0], 12)] for _ in range(20)
    ]
    assert all(sorted(epoch) == list(range(12)) for epoch in epochs)
    assert len(set(map(tuple, epochs))) == 20  # each in an order of its own


def test_a_rest_smaller_than_a_batch_is_left_out_of_its_epoch():
    batches = ImageBatches(numbered(11), 4, seeded())
    seen = set()
    for _ in range(20):
        epoch = [place for _ in range(2) for place in places(next(batches)[0], 11)]
        assert len(set(epoch)) == 8
        seen |= set(epoch)
    assert seen == set(range(11))  # not always the same three


def test_one_batch_may_be_everything():
    batches = ImageBatches(numbered(5), 5, seeded())
    assert all(sorted(places(next(batches)[0], 5)) == [0, 1, 2, 3, 4] for _ in range(3))


def test_batches_are_flat_floats_from_0_to_1():
    (x,) = next(ImageBatches(Images(torch.tensor([[[[0, 255], [51, 204]]]]).byte()), 1, seeded()))
    assert x.dtype == torch.float32
    torch.testing.assert_close(x, torch.tensor([[0.0, 1.0, 0.2, 0.8]]))


def test_a_densitys_batches_are_its_samples():
    batches, rng = make_density(), seeded()
    for _ in range(3):
        assert torch.equal(next(batches)[0], ring().sample(8, rng))


@ALL
@pytest.mark.parametrize("steps", [0, 1, 5, 6, 7, 20])  # an epoch of images is 6
def test_a_place_that_was_kept_is_found_again(make, steps):
    batches = make()
    for _ in range(steps):
        next(batches)
    state = batches.state_dict()
    onwards = [next(batches)[0] for _ in range(15)]
    for other in batches, make(seed=1):  # back in itself, and in one that stands elsewhere
        other.load_state_dict(state)
        assert all(torch.equal(next(other)[0], x) for x in onwards)


@ALL
def test_batches_follow_their_rng_and_leave_torchs_alone(make):
    before = torch.get_rng_state()
    first, again, other = make(), make(), make(seed=1)
    same = [torch.equal(next(first)[0], next(again)[0]) for _ in range(10)]
    different = [torch.equal(next(first)[0], next(other)[0]) for _ in range(10)]
    assert all(same) and not any(different)
    assert torch.equal(torch.get_rng_state(), before)


@BOTH
def test_batches_are_endless_iterators(make):
    batches = make()
    assert iter(batches) is batches
    assert all(x.shape == (8, 2) for (x,), _ in zip(batches, range(100), strict=False))


@pytest.mark.parametrize("size", [0, -1, 51])
def test_image_batch_sizes_that_cannot_be_are_refused(size):
    sentence = rf"^batch_size must be from 1 to 50 \(all images\); got {size}\.$"
    with pytest.raises(ValueError, match=sentence):
        ImageBatches(numbered(50), size, seeded())


def test_a_density_needs_at_least_one_sample():
    with pytest.raises(ValueError, match=r"^batch_size must be at least 1; got 0\.$"):
        DensityBatches(ring(), 0, seeded())


# ---- another density while a run lives ---------------------------------------------------

DRAWING = "drawn:-1.00 0.00 1.00 0.00;0.50 0.60"


def make_drawn(seed: int = 0) -> DensityBatches:
    return DensityBatches(drawn(DRAWING), 8, seeded(seed))


def make_seeds(seed: int = 0) -> SeedBatches:
    return SeedBatches(make_density(seed), 4)


LIVING = pytest.mark.parametrize("make", [make_density, make_drawn, make_seeds])


def test_pictures_offer_nothing_to_change_and_densities_their_data():
    assert make_images().settings == make_shared().settings == ()
    assert make_density().settings == make_seeds().settings == ("data",)
    assert make_density().data == make_seeds().data == "ring" and make_drawn().data == DRAWING


@LIVING
def test_another_density_holds_from_the_next_batch_on(make):
    batches, rng = make(), seeded()
    ring().sample(8, rng), next(batches)
    for name, density in [("grid", grid()), (DRAWING, drawn(DRAWING)), ("moons", moons())]:
        batches.data = name
        assert batches.data == name
        assert torch.equal(next(batches)[0].view(8, 2), density.sample(8, rng))


@LIVING
def test_a_place_that_was_kept_brings_the_density_of_that_time_back(make):
    batches = make()
    states, onwards = [], []
    for name in ["grid", DRAWING, "moons", batches.data]:
        states.append(batches.state_dict())
        onwards.append((batches.data, next(batches)[0]))
        batches.data = name
    for other in batches, make(seed=1):
        for state, (name, x) in zip(states[::-1], onwards[::-1], strict=True):
            other.load_state_dict(state)
            assert other.data == name and torch.equal(next(other)[0], x)


def test_a_density_that_nobody_else_knows_is_found_again():
    own = replace(ring(), name="mine", means=ring().means / 2)
    batches, rng = DensityBatches(own, 8, seeded()), seeded()
    state = batches.state_dict()
    batches.load_state_dict(state)
    assert torch.equal(next(batches)[0], own.sample(8, rng))
    batches.data = "grid"
    next(batches)
    batches.load_state_dict(state)
    assert batches.data == "mine" and torch.equal(next(batches)[0], own.sample(8, seeded()))


def test_a_state_of_before_there_was_a_choice_is_still_loaded():
    batches = make_density()
    batches.load_state_dict({"rng": seeded(3).get_state()})
    assert torch.equal(next(batches)[0], ring().sample(8, seeded(3)))


def test_another_density_lies_on_the_same_device():
    batches = DensityBatches(ring().to("meta"), 8, seeded())
    batches.data = DRAWING
    assert batches.density.means.device.type == next(batches)[0].device.type == "meta"


@LIVING
@pytest.mark.parametrize("name", ["digits", "folder:.", "cifar", "drawn:", "drawn:0 9", "", 3, []])
def test_what_is_no_density_is_refused_and_nothing_changes(make, name):
    batches, other = make(), make()
    with pytest.raises(ValueError, match=r"^A (density|drawing) .*; got .*\.$"):
        batches.data = name
    assert batches.data == other.data and torch.equal(next(batches)[0], next(other)[0])


# ---- many seeds ------------------------------------------------------------------------


@BOTH
def test_seeds_share_out_a_batch_in_its_own_order(make):
    shared, alone = SeedBatches(make(), 4), make()
    assert iter(shared) is shared and shared.batch_size == 8
    for _ in range(20):
        (x,), (whole,) = next(shared), next(alone)
        assert x.shape == (4, 2, 2)
        assert torch.equal(torch.cat(list(x)), whole)


def test_no_two_seeds_see_the_same_image_in_an_epoch():
    (x,) = next(SeedBatches(ImageBatches(numbered(12), 12, seeded()), 3))
    assert sorted(place for seed in x for place in places(seed, 12)) == list(range(12))


def test_labels_are_shared_out_with_their_images():
    pixels = torch.arange(12, dtype=torch.uint8).view(12, 1, 1, 1)
    images = Images(pixels, labels=torch.arange(12), names=tuple(map(str, range(12))), white=12)
    x, labels = next(SeedBatches(ImageBatches(images, 6, seeded(), labels=True), 2))
    assert labels.shape == (2, 3)
    assert torch.equal((x[..., 0] * 12).round().long(), labels)


@pytest.mark.parametrize("seeds", [0, -1, 3, 16])
def test_a_batch_that_cannot_be_shared_evenly_is_refused(seeds):
    sentence = rf"^8 examples can't be shared by {seeds} seeds\.$"
    with pytest.raises(ValueError, match=sentence):
        SeedBatches(make_density(), seeds)
