"""The page "Watch it learn" without a browser: what its buttons and fields do."""

import re
from types import SimpleNamespace

import gradio as gr
import pytest
import torch

from demos import watch_it_learn as page
from genart_edu.lab.experiment import Experiment
from genart_edu.lab.live import Live

LATENTS = "Latent dimensions must be a whole number from 1 to 128; got {}."
RATE = "The learning rate must be a number from 0 to 1; got {}."
SEED = "The seed must be a whole number from 0 to 999,999; got {}."


def step_of(screen):
    return int(re.search(r'alt="Step ([\d,]+)', screen)[1].replace(",", ""))


@pytest.fixture
def who():
    """A visitor who has just opened the page."""
    visitor = SimpleNamespace(session_hash="ann")
    page.arrive(visitor, dark=False, narrow=False)
    yield visitor
    page.leave(visitor)


def live_of(who):
    return page.visitors.find(who.session_hash)


def weights(live):
    state = live.run.trainer.state_dict()
    return list(state["model" if "model" in state else "generator"].values())


def test_the_page_starts_with_what_works(who):
    page.step(who)
    alone = Live(Experiment("vae", "digits"))
    alone.step()
    assert all(map(torch.equal, weights(live_of(who)), weights(alone)))


@pytest.mark.parametrize("data", [name for _, name in page.DATA])
@pytest.mark.parametrize("model", [name for _, name in page.MODELS])
def test_every_choice_of_the_menus_learns(who, model, data):
    latent_dim, lr, screen, caption = page.choose(who, model, data, 0)
    assert (latent_dim, lr.value) == page.what_works(model, data)
    assert step_of(screen) == 0
    assert step_of(page.step(who)) == 1
    assert ("discriminator" if model == "gan" else "reconstruction") in caption
    experiment = live_of(who).experiment
    assert (experiment.model, experiment.data) == (model, data)


def test_play_ends_with_pause_and_step_adds_one(who):
    frames = page.play(who)
    seen = [step_of(next(frames)) for _ in range(3)]
    assert seen == sorted(set(seen))
    page.pause(who)
    rest = [step_of(screen) for screen in frames]
    assert len(rest) <= 1
    stood = live_of(who).run.step
    assert not live_of(who).playing
    assert step_of(page.step(who)) == stood + 1


def test_closing_the_stream_stops_the_run(who):
    frames = page.play(who)
    next(frames)
    frames.close()
    assert not live_of(who).playing


def test_a_new_learning_rate_goes_on_and_anything_else_begins_anew(who):
    page.step(who)
    latent_dim, lr = page.what_works("vae", "digits")
    assert step_of(page.change(who, "vae", "digits", latent_dim, lr, 0)[0]) == 1  # nothing is new
    assert step_of(page.change(who, "vae", "digits", latent_dim, lr / 2, 0)[0]) == 1
    assert live_of(who).run.trainer.lr == lr / 2
    assert step_of(page.change(who, "vae", "digits", latent_dim, lr / 2, 7)[0]) == 0
    assert live_of(who).experiment == Experiment("vae", "digits", latent_dim, lr=lr / 2, seed=7)


def test_reset_begins_the_same_again(who):
    fields = ("vae", "ring", 2, 1e-3, 3)
    first = page.reset(who, *fields)
    page.step(who)
    after = weights(live_of(who))
    assert page.reset(who, *fields) == first
    page.step(who)
    assert all(map(torch.equal, weights(live_of(who)), after))


@pytest.mark.parametrize(
    ("latent_dim", "lr", "seed", "sentence"),
    [
        (0, 1e-3, 0, LATENTS.format(0)),
        (129, 1e-3, 0, LATENTS.format(129)),
        (10**9, 1e-3, 0, LATENTS.format(1000000000)),
        (2.5, 1e-3, 0, LATENTS.format(2.5)),
        (None, 1e-3, 0, LATENTS.format("none")),
        ("<b>", 1e-3, 0, LATENTS.format("none")),
        (float("nan"), 1e-3, 0, LATENTS.format("nan")),
        (2, -1, 0, RATE.format(-1)),
        (2, float("inf"), 0, RATE.format("inf")),
        (2, None, 0, RATE.format("none")),
        (2, 1e-3, -1, SEED.format(-1)),
        (2, 1e-3, 10**6, SEED.format(1000000)),
    ],
)
@pytest.mark.parametrize("press", [page.change, page.reset])
def test_a_bad_number_is_told_in_one_sentence(who, press, latent_dim, lr, seed, sentence):
    before = live_of(who).run
    with pytest.raises(gr.Error) as error:
        press(who, "vae", "digits", latent_dim, lr, seed)
    assert error.value.message == sentence
    assert live_of(who).run is before  # it stays as it was


def test_a_run_ends_somewhere(who, monkeypatch):
    monkeypatch.setattr(page.visitors, "steps", 3)
    assert step_of(list(page.play(who))[-1]) == 3
    with pytest.raises(gr.Error, match="ends after 3 steps: press Reset"):
        next(page.play(who))


def test_who_lost_the_run_is_told():
    stranger = SimpleNamespace(session_hash="a stranger")
    for press in (page.pause, page.step, lambda who: next(page.play(who))):
        with pytest.raises(gr.Error, match="lost its run: load the page again"):
            press(stranger)


def test_dark_and_narrow_visitors_get_their_own_picture():
    sizes = []
    for narrow in False, True:
        visitor = SimpleNamespace(session_hash="bob")
        screen, _ = page.arrive(visitor, dark=narrow, narrow=narrow)
        sizes.append([int(n) for n in re.findall(r'(?:width|height)="(\d+)"', screen)])
        assert live_of(visitor).screen.theme.dark == narrow
    page.leave(visitor)
    assert sizes[0][0] > 2 * sizes[0][1]
    assert sizes[1][0] < sizes[1][1]
