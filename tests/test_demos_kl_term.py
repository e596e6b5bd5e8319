"""The page "KL term": the shelf of trained models, collapse on demand and its cures."""

import io
import math
import re
from base64 import b64decode
from types import SimpleNamespace
from typing import Any

import gradio as gr
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from genart_edu.bundled import demo
from genart_edu.data.catalogue import load
from genart_edu.device import rngs
from genart_edu.lab.shelf import BETAS, BetaSweep
from genart_edu.vae.diagnostics import mean_costs, mean_kl
from genart_edu.views.images import ImageGrid

page, app = demo("kl_term"), demo("app")
LAPTOP, PHONE = {"width": 1366, "height": 768}, {"width": 390, "height": 844}
REFUSAL = "β must be one of 0.1, 0.25, 0.5, 1, 1.5, 2, 3, 4."
FORGED: list[Any] = [None, "1", "<b>", [1.0], {}, math.nan, math.inf, -1, 0.3, 5, 10**400]


@pytest.fixture(scope="module")
def sweep():
    return BetaSweep()


def pixels(html):
    """Of the picture in a piece of a page, (H, W, 3)."""
    [data] = re.findall(r'base64,([^"]+)', html)
    return np.asarray(Image.open(io.BytesIO(b64decode(data))).convert("RGB"), dtype=int)


# The shelf


def test_each_beta_shows_its_own_model(sweep):
    places = (0, 3, 7)
    shown = [page.choose(None, BETAS[i], False, False) for i in places]
    for i, (model, latents, query) in zip(places, shown, strict=True):
        assert f"<p>{sweep.status(i)}</p>" in model and query == f"shelf={BETAS[i]:g}"
        wanted = Image.open(io.BytesIO(sweep.picture(i))).convert("RGB")
        assert (pixels(model) == np.asarray(wanted)).all()
        assert f"Latents of β {BETAS[i]:g}: " in latents
    assert len({latents for _, latents, _ in shown}) == 3
    assert page.choose(None, 1, False, False) == shown[1]  # and again the same


def test_its_most_informative_latents_move_a_digit_and_dead_ones_do_not(sweep, monkeypatch):
    """What the last panel of a picture of latents shows, of β 1 and of β 4."""
    seen = []
    update = ImageGrid.update
    monkeypatch.setattr(ImageGrid, "update", lambda self, x: seen.append(x) or update(self, x))
    for i in 3, 7:
        sweep.latents(i)
    x = load("digits")[1].x()
    for i, pictures in zip((3, 7), seen, strict=True):
        maps = sweep.models[i].model
        first = int(mean_kl(maps, x).argmax())
        z = maps.encode(x)[0][0].detach()
        z[first] = 3.0
        rows = pictures.reshape(8, 11, 64)
        assert np.allclose(rows[0, -1], maps.decode(z).mean.detach().numpy(), atol=1e-6)
    moved = [abs(p.reshape(8, 11, 64)[:4, 0] - p.reshape(8, 11, 64)[:4, -1]).mean() for p in seen]
    assert moved[0] > 3 * moved[1]


@pytest.mark.parametrize(("dark", "narrow"), [(False, True), (True, False)])
def test_each_kind_of_screen_has_its_own_pictures(dark, narrow):
    for picture in page.choose(None, 2.0, dark, narrow)[:2]:
        height, width, _ = pixels(picture).shape
        assert (height > width) == narrow
        assert (pixels(picture)[0, 0].max() < 64) == dark


def test_a_forged_beta_is_refused_in_a_sentence():
    for beta in FORGED:
        with pytest.raises(gr.Error) as error:
            page.choose(None, beta, False, False)
        assert error.value.message == REFUSAL


def test_a_forged_screen_is_one_of_the_few_there_are():
    before = page.drawn.cache_info().maxsize, page.choose(None, 1.0, True, False)
    assert page.choose(None, 1.0, "<b>" * 1_000, [])[0] == before[1][0]
    assert page.drawn.cache_info().currsize <= 4 * len(BETAS)


@pytest.mark.parametrize(
    ("query", "beta", "visible"),
    [
        ("", 1.0, True),
        ("shelf=0.25", 0.25, True),
        ("beta=4&shelf=4&hide=time,shelf", 4.0, False),
        ("shelf=nan", 1.0, True),
        ("shelf=<b>&hide=%00", 1.0, True),
    ],
)
def test_a_link_brings_the_beta_and_hides_the_shelf(query, beta, visible):
    chosen, shelf, model, _ = page.arrive(None, False, False, query)
    assert (chosen, shelf.visible) == (beta, visible)
    assert f"β {beta:g}: " in model


# Collapse on demand


def trained(name, steps=250, **settings):
    """A preset's run after some steps, and what it is to be judged by: held-out x."""
    experiment = page.KL.choices.experiment(**page.PRESETS[name][0] | settings)
    run, _ = experiment.start()
    list(run.play(steps, every=steps))
    return run, load(experiment.data)[1].x()


def code(run, x):
    """Nats of KL, and how many latents have more than .1 of them."""
    kl = mean_kl(run.trainer.model, x)
    return kl.sum().item(), int((kl > 0.1).sum())


@pytest.mark.parametrize("name", [*page.PRESETS])
def test_every_preset_is_an_experiment_of_the_fields(name):
    settings, words = page.PRESETS[name]
    names = [field.name for field in page.KL.choices.fields]
    assert set(settings) <= set(names) and words in demo("shared").CHINESE
    wanted = page.KL.choices.experiment(**settings)
    assert page.KL.choices.linked(page.KL.choices.query(wanted)) == wanted


def test_what_collapses_collapses_and_comes_back_for_a_smaller_beta():
    run, x = trained("It collapses (β 4)")
    nats, loud = code(run, x)
    assert nats < 0.3 and loud == 0
    costs = mean_costs(run.trainer.model, x, rngs(0, 1)[0], draws=10)
    assert sum(costs).item() == pytest.approx(24.7, abs=0.4)  # 64 coins
    run.set(beta=1.0)
    list(run.play(500, every=500))
    assert code(run, x)[0] > 3
    run.set(beta=4.0)
    list(run.play(250, every=250))
    assert code(run, x)[0] < 1.5


def test_cures_do_what_their_words_say():
    nats, loud = code(*trained("Cure: a smaller β"))
    assert nats > 3 and loud > 6
    run, x = trained("Cure: free bits")
    assert 3 < code(run, x)[0] < 4.5 and code(run, x)[1] == 16
    run.set(free_bits=0.0)
    list(run.play(250, every=250))
    assert code(run, x)[0] < 0.6
    assert code(*trained("Cure? Warm-up"))[0] > 5  # not yet taxed
    assert code(*trained("Cure? Warm-up", warmup=100))[0] < 2  # and taxed


def test_two_losses_without_a_beta_in_sight_collapse_and_the_best_variance_does_not():
    for name in "A mean over pixels", "Variance 1":
        nats, loud = code(*trained(name))
        assert nats < 0.05 and loud == 0
    nats, loud = code(*trained("Cure: the best variance"))
    assert nats > 10 and loud > 12


def test_beta_takes_effect_while_it_trains():
    who = SimpleNamespace(session_hash="ann", headers={})
    page.KL.arrive(who, False, False, "beta=4")
    live = page.KL.find(who)
    live.step(3)
    values = page.KL.choices.values(live.experiment)
    place = [field.name for field in page.KL.choices.fields].index("beta")
    values[place] = 1.0
    page.KL.change(live, *values)
    assert (live.run.step, live.run.trainer.beta) == (3, 1.0)
    page.KL.leave(who)


# In a browser


@pytest.fixture(scope="module")
def address():
    """Of the page alone, served in this process."""
    port = app.serve(page.demo, "127.0.0.1", None, "", demo("door").Room())
    yield f"http://127.0.0.1:{port}"
    page.demo.close()


@pytest.fixture
def visit(browser, address):
    """visit(query) opens the page as another visitor."""
    contexts = []

    def open_page(query="", viewport=LAPTOP):
        contexts.append(browser.new_context(viewport=viewport))
        tab = contexts[-1].new_page()
        tab.goto(f"{address}/?{query}")
        tab.wait_for_selector("img[alt^='β']")
        tab.wait_for_selector("img[alt^='Step 0']")
        return tab

    yield open_page
    for context in contexts:
        context.close()


def test_the_keyboard_moves_beta_and_the_address_follows(visit):
    tab = visit("shelf=2")
    expect(tab.locator("img[alt^='β 2: ']")).to_be_visible()
    tab.get_by_role("slider", name="β").focus()
    tab.keyboard.press("ArrowRight")
    expect(tab.locator("img[alt^='β 3: ']")).to_be_visible()
    expect(tab.locator("img[alt^='Latents of β 3']")).to_be_visible()
    tab.wait_for_url("**/?shelf=3")
    tab.reload()
    expect(tab.locator("img[alt^='β 3: ']")).to_be_visible()


def test_a_preset_begins_says_what_to_watch_and_plays(visit):
    tab = visit()
    tab.get_by_role("button", name="It collapses (β 4)").click()
    expect(tab.get_by_text("Watch the bars")).to_be_visible()
    expect(tab.get_by_role("spinbutton", name="β", exact=True)).to_have_value("4")
    tab.get_by_role("button", name="Play", exact=True).click()
    tab.wait_for_function(
        """() => Number(document.querySelector("img[alt^='Step']").alt
          .match(/Step ([\\d,]+)/)[1].replace(",", "")) >= 20"""
    )
    tab.get_by_role("button", name="Pause", exact=True).click()
    tab.wait_for_url("**/?beta=4*")


def test_a_phone_is_not_wider_than_itself(visit):
    tab = visit(viewport=PHONE)
    assert tab.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    box = tab.locator("img[alt^='β']").bounding_box()
    assert box["height"] > box["width"]
