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

from demos import watch_it_learn

ROOT = Path(__file__).parents[1]
PROJECTOR, PHONE = {"width": 1920, "height": 1080}, {"width": 390, "height": 844}


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

    def note(request):
        if not request.url.startswith((address, "data:", "blob:")):
            outside.append(request.url)

    def open_page(viewport=PROJECTOR, scheme="light"):
        contexts.append(browser.new_context(viewport=viewport, color_scheme=scheme))
        contexts[-1].on("request", note)
        page = contexts[-1].new_page()
        page.goto(address)
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
    return int(alt.split()[1].strip(".,").replace(",", ""))


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
