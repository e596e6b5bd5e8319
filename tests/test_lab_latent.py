import io

import numpy as np
import pytest
import torch
from PIL import Image

from genart_edu.lab.experiment import Experiment
from genart_edu.lab.latent import LatentMap
from genart_edu.lab.stages import pictures, samples

POINTS = [None, 1.0, "12", ["1", "2"], [1], [0, 0, 0], [[0], [0, 0]], [np.nan, 0], [np.inf, 0]]


def ramp(z):
    """Pictures (n, 1, 2, 3) that tell z: the left pixels z1, the right ones z2, of -4 ... 4."""
    told = (z[:, :2].numpy() + 4) / 8
    return told[:, None, None, [0, 0, 1]].repeat(2, axis=2)


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), dtype=int)


def byte(z):
    """The shade of z in a ramp."""
    return np.rint(255 * (z + 4) / 8)


def test_a_point_is_placed_on_its_two_latents_and_the_others_stand():
    plane = LatentMap(ramp, 4, dims=(2, 0), at=[0.1, 0.2, 0.3, 0.4])
    assert torch.equal(plane.place([1, -2]), torch.tensor([-2, 0.2, 1, 0.4]))
    assert torch.equal(plane.place([0, 0]), torch.tensor([0, 0.2, 0, 0.4]))  # nothing is kept
    assert torch.equal(LatentMap(ramp, 3).place([1, 2]), torch.tensor([1.0, 2, 0]))


def test_what_lies_outside_is_clipped():
    plane = LatentMap(ramp, 2, extent=2.5)
    assert plane.place([1e300, -3]).tolist() == [2.5, -2.5]
    assert plane.look([7, 0]) == plane.look([2.5, 0])


@pytest.mark.parametrize("point", [np.array([1.5, 2]), torch.tensor([1.5, 2]), (1.5, 2)])
def test_a_point_may_be_any_two_numbers(point):
    assert LatentMap(ramp, 2).clip(point) == [1.5, 2.0]


def test_the_answer_is_the_decoders_enlarged_by_a_whole_number():
    shown = pixels(LatentMap(ramp, 2).look([1, -2]))
    assert shown.shape == (150, 225, 3)  # 75 times
    assert (shown[:, :150] == byte(1)).all()
    assert (shown[:, 150:] == byte(-2)).all()


@pytest.mark.parametrize(("channels", "side", "shown"), [(3, 8, 224), (1, 28, 224), (3, 300, 300)])
def test_answers_of_every_size_and_colour(channels, side, shown):
    colour = np.random.default_rng(0).random((1, channels, side, side))
    answer = pixels(LatentMap(lambda _: colour, 2).look([0, 0]))
    assert answer.shape == (shown, shown, 3)
    wanted = np.rint(255 * np.broadcast_to(colour[0], (3, side, side))).transpose(1, 2, 0)
    assert (answer[:: shown // side, :: shown // side] == wanted).all()


def test_every_cell_of_the_background_is_decoded_at_its_middle_and_z2_grows_upward():
    n, extent = 5, 2.0
    shown = pixels(LatentMap(ramp, 2, extent=extent).background(n))
    assert shown.shape == (n * 4, n * 5, 3)  # a black pixel around each picture
    for row, column in np.ndindex(n, n):
        z1 = (column + 0.5) / n * 2 * extent - extent
        z2 = extent - (row + 0.5) / n * 2 * extent
        cell = shown[4 * row : 4 * row + 4, 5 * column : 5 * column + 5]
        assert (cell[1:3, 1:3] == byte(z1) // 2).all()
        assert (cell[1:3, 3] == byte(z2) // 2).all()
        assert cell[0].max() == cell[-1].max() == cell[:, 0].max() == cell[:, -1].max() == 0


def test_a_row_is_decoded_along_the_straight_line():
    start, end = torch.tensor([-2.0, 3.0, 9.0]), torch.tensor([2.0, 1.0, -9.0])
    shown = pixels(LatentMap(ramp, 3).row(start, end, n=5))
    assert shown.shape == (4, 5 * 5, 3)  # a black pixel around each picture
    for i, share in enumerate((0, 0.25, 0.5, 0.75, 1)):
        z1, z2 = -2 + 4 * share, 3 - 2 * share
        assert (shown[1:3, 5 * i + 1 : 5 * i + 3] == byte(z1)).all()
        assert (shown[1:3, 5 * i + 3] == byte(z2)).all()


def test_a_traversal_moves_one_latent_and_leaves_the_others_at_the_point():
    plane = LatentMap(ramp, 4, dims=(1, 0), at=[9, 9, 0.5, 9], extent=2)
    shown = pixels(plane.traversals([-1, 1.5], dims=(0, 1, 2), n=3))  # z1 1.5, z2 -1
    assert shown.shape == (3 * 4, 3 * 5, 3)
    for i, z in enumerate((-2, 0, 2)):
        for row, (z1, z2) in enumerate([(z, -1), (1.5, z), (1.5, -1)]):  # z3 is not seen
            cell = shown[4 * row : 4 * row + 4, 5 * i : 5 * i + 5]
            assert (cell[1:3, 1:3] == byte(z1)).all()
            assert (cell[1:3, 3] == byte(z2)).all()


def test_a_white_mark_is_seen_on_a_white_plane():
    white = LatentMap(lambda z: np.ones((len(z), 1, 4, 4)), 2)
    assert pixels(white.background()).max() < 128


def test_it_is_decoded_without_gradients():
    seen = []

    def decode(z):
        seen.append(torch.is_grad_enabled())
        return ramp(z)

    plane = LatentMap(decode, 2)
    plane.look([0, 0])
    plane.background()
    assert seen == [False, False]


@pytest.mark.parametrize("model", ["vae", "gan"])
def test_it_shows_what_a_model_makes_of_z(model):
    run, stage = Experiment(model, "digits", latent_dim=3).start()
    plane = LatentMap(lambda z: pictures(samples(run.trainer, z), stage.shape), 3, dims=(2, 1))
    [picture] = pictures(samples(run.trainer, torch.tensor([[0, -1.2, 0.5]])), stage.shape)
    shown = pixels(plane.look([0.5, -1.2]))[::28, ::28]
    assert (shown[..., 0] == np.rint(255 * picture[0])).all()
    assert picture.max() > picture.min()


def test_the_state_says_all_that_the_view_shows():
    plane = LatentMap(ramp, 12, dims=(11, 2), extent=2)
    state = plane.state([5, 1])
    assert state["names"] == ["z₁₂", "z₃"]
    assert (state["point"], state["extent"]) == ([2.0, 1.0], 2.0)
    assert state["picture"] == plane.look([2, 1])
    assert state["background"] == plane.background()
    assert state["alt"] and state["ellipse"] is None


@pytest.mark.parametrize("dims", [(0, 0), (0, 2), (-1, 0), (0,), (0, 1, 1), ("0", 1), (0.0, 1)])
def test_what_are_not_two_latents_is_told_in_one_sentence(dims):
    sentence = r"^dims must be two different latents from 0 to 1; got \(.*\)\.$"
    with pytest.raises(ValueError, match=sentence):
        LatentMap(ramp, 2, dims=dims)


@pytest.mark.parametrize("extent", [0, -1, np.nan, np.inf])
def test_what_is_no_extent_is_told_in_one_sentence(extent):
    with pytest.raises(ValueError, match=r"^extent must be a finite number above 0; got .*\.$"):
        LatentMap(ramp, 2, extent=extent)


@pytest.mark.parametrize("at", POINTS[1:])
def test_what_is_no_place_for_the_others_is_told_in_one_sentence(at):
    with pytest.raises(ValueError, match=r"^at must be 2 finite numbers; got .*\.$"):
        LatentMap(ramp, 2, at=at)


@pytest.mark.parametrize("point", POINTS)
def test_what_is_no_point_is_told_in_one_sentence(point):
    plane = LatentMap(ramp, 2)
    for use in plane.place, plane.look, plane.clip, plane.state:
        with pytest.raises(ValueError, match=r"^A point must be 2 finite numbers; got .*\.$"):
            use(point)


def test_a_long_text_is_not_repeated():
    with pytest.raises(ValueError, match="got 'xxx") as error:
        LatentMap(ramp, 2).place("x" * 10**6)
    assert len(str(error.value)) < 100
