"""The classroom in a real browser, as `genart demo` opens it."""

import io
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from demos import app, game, watch_it_learn
from tests.test_widgets_draw import SHEET, draw, shown

ROOT = Path(__file__).parents[1]
PROJECTOR, PHONE = {"width": 1920, "height": 1080}, {"width": 390, "height": 844}
LAPTOP = {"width": 1366, "height": 768}


@pytest.fixture(scope="module")
def address():
    """Of the app, served by the command in a process of its own, behind a proxy that is not there.

    The proxy makes any request that the server sends beyond this machine fail.
    """
    proxy = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9")
    command = [sys.executable, "-m", "genart_edu.cli", "demo", "--no-browser"]
    server = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | proxy, stdout=subprocess.PIPE, text=True
    )
    try:
        yield re.search(r"http://127\.0\.0\.1:\d+", server.stdout.readline())[0]
    finally:
        server.terminate()
        server.wait(timeout=60)


@pytest.fixture
def visit(browser, address):
    """visit() opens the page as another visitor, with a browser of their own."""
    contexts, outside = [], []

    def open_page(viewport=PROJECTOR, scheme="light", path="", server=address):
        def note(request):
            if not request.url.startswith((server, "data:", "blob:")):
                outside.append(request.url)

        contexts.append(browser.new_context(viewport=viewport, color_scheme=scheme))
        contexts[-1].on("request", note)
        page = contexts[-1].new_page()
        page.goto(f"{server}{path}")
        page.wait_for_selector("img[alt^='Step 0']", timeout=60_000)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert outside == []  # whatever a test did, the page asked nobody but the app


def press(page: Page, button: str) -> None:
    page.get_by_role("button", name=button, exact=True).click()


def step(page: Page) -> int:
    alt = page.locator("img[alt^=Step]").get_attribute("alt") or ""
    return int(alt.split()[1].strip(".,;").replace(",", ""))


def wait_for_step(page: Page, least: int) -> None:
    deadline = time.monotonic() + 120
    while step(page) < least:
        assert time.monotonic() < deadline, f"never came to step {least}"
        page.wait_for_timeout(50)


def rest(page: Page) -> int:
    """Wait until the counter stands still.  -> where."""
    deadline = time.monotonic() + 120
    before = -1
    while step(page) != before:
        assert time.monotonic() < deadline, f"still counts at step {before}"
        before = step(page)
        page.wait_for_timeout(1_000)
    return before


def pixels(page: Page) -> np.ndarray:
    """What is on the screen of the live picture, (H, W, 3)."""
    shot = page.locator("img[alt^=Step]").screenshot()
    return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB"), dtype=int)


def test_a_vae_and_then_a_gan_learn_before_your_eyes(visit):
    page = visit()
    untrained = pixels(page)
    press(page, "Play")
    wait_for_step(page, 100)
    press(page, "Pause")
    assert rest(page) >= 100
    assert (abs(pixels(page) - untrained) > 64).mean() > 0.01
    expect(page.get_by_text("upper bound on")).to_be_visible()

    page.get_by_label("GAN").click()
    page.wait_for_selector("img[alt^='Step 0']")
    expect(page.get_by_text("judge by the samples")).to_be_visible()
    untrained = pixels(page)
    press(page, "Play")
    wait_for_step(page, 100)
    assert "discriminator" in page.locator("img[alt^=Step]").get_attribute("alt")
    assert (abs(pixels(page) - untrained) > 64).mean() > 0.01


def test_pause_stands_still_and_step_adds_exactly_one(visit):
    page = visit()
    press(page, "Play")
    wait_for_step(page, 20)
    press(page, "Pause")
    stood = rest(page)
    for n in 1, 2, 3:
        press(page, "Step")
        wait_for_step(page, stood + n)
    assert rest(page) == stood + 3

    press(page, "Play")
    wait_for_step(page, stood + 20)
    press(page, "Step")  # while it trains: it pauses, and makes one
    stood = rest(page)
    press(page, "Step")
    wait_for_step(page, stood + 1)
    assert rest(page) == stood + 1


def test_reset_shows_the_same_beginning_again(visit):
    page = visit()
    first = pixels(page)
    press(page, "Play")
    wait_for_step(page, 20)
    press(page, "Reset")
    page.wait_for_selector("img[alt^='Step 0']")
    assert rest(page) == 0
    page.mouse.move(0, 0)
    assert (pixels(page) == first).all()


def test_two_visitors_never_disturb_each_other(visit):
    ann, bob = visit(), visit()
    press(ann, "Play")
    press(bob, "Step")
    wait_for_step(ann, 50)
    wait_for_step(bob, 1)
    press(bob, "Reset")
    bob.wait_for_selector("img[alt^='Step 0']")
    reached = step(ann)
    wait_for_step(ann, reached + 50)
    assert step(bob) == 0


def test_a_bad_latent_dimension_is_told_and_the_run_goes_on(visit):
    page = visit()
    press(page, "Play")
    wait_for_step(page, 10)
    field = page.get_by_label("Latent dimensions")
    field.fill("0")
    field.press("Enter")
    sentence = "Latent dimensions must be a whole number from 1 to 128; got 0."
    expect(page.get_by_text(sentence).first).to_be_visible()
    wait_for_step(page, step(page) + 20)


def test_a_new_learning_rate_goes_on_and_a_new_seed_begins_anew(visit):
    page = visit()
    press(page, "Play")
    wait_for_step(page, 30)
    rate = page.get_by_label("Learning rate")
    rate.fill("0.0001")
    rate.press("Enter")
    wait_for_step(page, step(page) + 30)
    seed = page.get_by_label("Seed")
    seed.fill("5")
    seed.press("Enter")
    page.wait_for_selector("img[alt^='Step 0']")
    assert rest(page) == 0


def test_a_phone_shows_all_of_it_one_below_the_other(visit):
    page = visit(PHONE)
    width, height, _ = pixels(page).transpose(1, 0, 2).shape
    assert width < PHONE["width"] < height
    for edge in page.evaluate("[document.documentElement.scrollWidth, document.body.scrollWidth]"):
        assert edge == PHONE["width"]
    for name in "Play", "Pause", "Step", "Reset":
        assert page.get_by_role("button", name=name, exact=True).is_visible()


@pytest.mark.parametrize(("scheme", "dark"), [("light", False), ("dark", True)])
def test_the_picture_wears_the_theme_of_the_browser(visit, scheme, dark):
    page = visit(scheme=scheme)
    corner = pixels(page)[0, 0]
    assert (corner.max() < 64) == dark
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == f"rgb({', '.join(map(str, corner))})"  # it has no edge


def test_a_closed_tab_ends_its_run(browser):
    page_alone = watch_it_learn.demo
    _, address, _ = page_alone.launch(prevent_thread_lock=True, quiet=True, ssr_mode=False)
    try:
        tab = browser.new_page()
        tab.goto(address)
        tab.wait_for_selector("img[alt^='Step 0']", timeout=60_000)
        [live] = watch_it_learn.visitors._lives.values()
        press(tab, "Play")
        wait_for_step(tab, 10)
        tab.close()
        deadline = time.monotonic() + 60
        while (live.playing or len(watch_it_learn.visitors)) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not live.playing
        assert len(watch_it_learn.visitors) == 0
    finally:
        page_alone.close()


# See the game


@pytest.fixture
def play_alone(visit):
    """The game as a page alone, served in this process.  -> the page, and the visitor's run."""
    server = f"http://127.0.0.1:{app._serve(game.demo, '127.0.0.1', None)}"
    page = visit(LAPTOP, server=server)
    yield page, next(iter(game.visitors._lives.values()))
    game.demo.close()


def test_a_target_is_drawn_while_it_plays_and_learned(play_alone):
    page, live = play_alone
    press(page, "Play")
    wait_for_step(page, 50)
    page.get_by_label("Draw a target").click()
    page.wait_for_selector(SHEET)
    draw(page, (-1, -1), (-0.5, 1), (0.5, -1), (1, 1))
    before = pixels(page)
    press(page, "Train on it")
    expect(page.get_by_label("Target", exact=True)).to_have_value("Your own")
    wait_for_step(page, step(page) + 100)
    [event] = live.run.events
    assert event.name == "data" and event.value.startswith("drawn:-")
    assert step(page) > event.step > 0
    assert (abs(pixels(page) - before) > 64).mean() > 0.01
    page.get_by_label("R1").fill("0.5")
    page.get_by_label("R1").press("Enter")
    wait_for_step(page, step(page) + 20)
    assert [*event[1:], *live.run.events[1][1:]] == ["data", event.value, "r1", 0.5]

    for _ in range(40):  # and the stroke: one more than a drawing may have
        page.locator(SHEET).click()
    for folded in True, False:  # what was drawn is not lost
        page.get_by_label("Draw a target").click()
        expect(page.locator(SHEET)).to_be_visible(visible=not folded)
    assert len(shown(page)) == 41
    press(page, "Train on it")
    expect(page.get_by_text("A drawing has at most 40 strokes").first).to_be_visible()
    wait_for_step(page, step(page) + 20)
    assert len(live.run.events) == 2


def test_slow_motion_shows_the_line_and_step_d_moves_the_discriminator_only(play_alone):
    page, live = play_alone
    places = []
    page.get_by_label("Slow motion").click()
    for name in "noise", "generator", "discriminator":
        press(page, "Step")
        expect(page.locator("p", has_text=f"half, {name}: gan/training.py, line ")).to_be_visible()
        places.append(page.get_by_label("manifold").bounding_box())
    assert places == 3 * places[:1]  # nothing jumps
    picture = page.locator("img[alt^=Step]").bounding_box()
    assert picture["y"] + picture["height"] < LAPTOP["height"]
    lit = (abs(pixels(page) - (0xF7, 0xF1, 0xA0)) < 8).all(axis=-1)  # of a marker, half as strong
    assert lit.mean() > 0.01

    page.get_by_label("Slow motion").click()
    expect(page.locator("p", has_text="slow motion")).not_to_be_visible()
    before = live.run.state_dict()["trainer"]
    press(page, "Step D")
    deadline = time.monotonic() + 60
    while not live.run.events and time.monotonic() < deadline:
        page.wait_for_timeout(50)
    after = live.run.state_dict()["trainer"]
    moved = {
        player: any((after[player][name] != w).any() for name, w in before[player].items())
        for player in ("generator", "discriminator")
    }
    assert moved == {"generator": False, "discriminator": True}
    assert [event.name for event in live.run.events] == ["discriminator_step"]


def test_a_laptop_shows_the_game_and_its_controls_at_once(visit):
    page = visit(LAPTOP, path="/game")
    for thing in (
        page.get_by_role("button", name="Play", exact=True),
        page.locator("img[alt^=Step]"),
        page.get_by_label("manifold"),
        page.get_by_label("Target", exact=True),
        page.get_by_label("Instance noise"),
    ):
        box = thing.bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= LAPTOP["height"]
    assert page.evaluate("document.documentElement.scrollWidth") == LAPTOP["width"]


def test_a_phone_shows_the_game_one_below_the_other(visit):
    page = visit(PHONE, path="/game", scheme="dark")
    width, height, _ = pixels(page).transpose(1, 0, 2).shape
    assert width < PHONE["width"] < height
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    for name in "Play", "Step", "Step D", "Step G":
        box = page.get_by_role("button", name=name, exact=True).bounding_box()
        assert box["y"] + box["height"] < page.locator("img[alt^=Step]").bounding_box()["y"]
        assert box["height"] < 50  # its name fits in a line
