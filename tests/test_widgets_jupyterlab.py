"""The player in real JupyterLab, in a real browser: what a student sees and presses."""

import re
from pathlib import Path

import nbformat
import pytest

from tests import jupyterlab
from tests.jupyterlab import IDLE, opened

ROOT = Path(__file__).parents[1]
LESSON = nbformat.read(ROOT / "lessons" / "01_variational_autoencoder.ipynb", as_version=4)
CELLS = [
    *(cell.source for cell in LESSON.cells if cell.id == "player"),
    "import threading\nsum(thread.name == 'player' for thread in threading.enumerate())",
]


@pytest.fixture(scope="module")
def page(browser, tmp_path_factory):
    """The notebook, run."""
    with opened(browser, tmp_path_factory, CELLS) as page:
        run_all(page)
        yield page


def run_all(page):
    """Run every cell, and wait for the panel that comes of it."""
    jupyterlab.run_all(page)
    page.wait_for_function("document.querySelector('canvas')?.width > 0")


def press(page, label):
    page.locator(".genart-player").get_by_role("button", name=label).click()


def step(page):
    """The counter in the status line."""
    status = page.locator(".genart-status").inner_text()
    return int(re.match(r"Step ([\d,]+)", status)[1].replace(",", ""))


def picture(page):
    """The picture's pixels, as text."""
    return page.locator("canvas").evaluate("canvas => canvas.toDataURL()")


def wait_for_step(page, condition):
    """Wait until the counter n meets a condition in JavaScript, e.g. "n > 7"."""
    number = "document.querySelector('.genart-status').innerText.match(/[\\d,]+/)[0]"
    page.wait_for_function(f"(n => {condition})(+{number}.replaceAll(',', ''))")


def reset(page):
    press(page, "Reset")
    wait_for_step(page, "n === 0")


def stands_still(page):
    """Whether neither the counter nor the picture moves any more."""
    page.wait_for_timeout(500)  # the last picture may still be on its way
    before = step(page), picture(page)
    page.wait_for_timeout(700)
    return before == (step(page), picture(page))


def thread_count(page):
    """Run the last cell and read what it says."""
    cell = page.locator(".jp-CodeCell").last
    before = cell.locator(".jp-InputPrompt").inner_text()
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    page.wait_for_function(
        "before => ![before, '[*]:'].includes("
        "[...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].at(-1).innerText)",
        arg=before,
    )
    page.wait_for_selector(IDLE)
    return int(cell.locator(".jp-OutputArea-output").inner_text())


def test_play_moves_the_picture_and_the_counter_and_pause_stops_them(page):
    reset(page)
    before = picture(page)
    press(page, "Play")
    wait_for_step(page, "n > 20")
    first = step(page), picture(page)
    assert first[1] != before
    wait_for_step(page, f"n > {first[0]}")
    press(page, "Pause")
    page.locator(".genart-player").get_by_role("button", name="Play").wait_for()
    assert stands_still(page)
    assert step(page) > first[0] and picture(page) != first[1]


def test_play_goes_on_where_it_paused(page):
    reset(page)
    for start in (0, 10):
        press(page, "Play")
        wait_for_step(page, f"n > {start + 10}")
        press(page, "Pause")
        page.locator(".genart-player").get_by_role("button", name="Play").wait_for()
        assert step(page) > start


def test_every_step_adds_one_and_changes_the_picture(page):
    reset(page)
    for n in (1, 2, 3):
        before = picture(page)
        press(page, "Step")
        wait_for_step(page, f"n >= {n}")
        assert stands_still(page)
        assert step(page) == n and picture(page) != before


def test_the_keyboard_is_enough(page):
    reset(page)
    page.locator(".genart-player").get_by_role("button", name="Play").focus()
    page.keyboard.press("Space")
    wait_for_step(page, "n > 0")
    page.keyboard.press("Space")
    page.locator(".genart-player").get_by_role("button", name="Play").wait_for()
    before = step(page)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    wait_for_step(page, f"n > {before}")
    assert stands_still(page) and step(page) == before + 1


def test_a_bad_number_gets_a_sentence_and_the_old_number_back(page):
    reset(page)
    latents = page.get_by_role("spinbutton", name="latents")
    latents.fill("0")
    latents.press("Enter")
    sentence = "latent_dim must be a whole number of at least 1; got 0."
    page.locator(".genart-status", has_text=sentence).wait_for()
    assert latents.input_value() == "16"


def test_what_is_chosen_is_shown(page):
    reset(page)
    assert page.get_by_label("learning rate").input_value() == "0.003"
    page.get_by_label("data").select_option("moons")
    page.locator("canvas[aria-label*='Latent plane']").wait_for()
    assert page.get_by_role("spinbutton", name="latents").input_value() == "2"
    assert page.locator(".genart-caption strong").all_inner_texts()[:2] == ["reconstruction", "KL"]
    page.get_by_label("data").select_option("digits")
    page.locator("canvas[aria-label*='Decoded noise: a grid of images']").wait_for()


def test_a_cell_that_is_run_again_while_it_plays_leaves_one_thread(page):
    press(page, "Play")
    wait_for_step(page, "n > 0")
    assert thread_count(page) == 1
    reset(page)
    run_all(page)
    wait_for_step(page, "n === 300")
    press(page, "Play")
    wait_for_step(page, "n > 300")
    assert page.locator(".genart-player").count() == 1
    assert thread_count(page) == 1
    press(page, "Pause")
    page.locator(".genart-player").get_by_role("button", name="Play").wait_for()


def test_labels_and_numbers_are_whole(page):
    cut = "nodes => nodes.filter(n => n.scrollWidth > n.clientWidth).map(n => n.outerHTML)"
    shown = page.locator(".genart-player").locator("label:visible, button:visible, input:visible")
    assert shown.count() == 6 + 5 + 4 and shown.evaluate_all(cut) == []


def test_the_page_asks_nobody_outside(page):
    here = (page.lab, page.lab.replace("http", "ws"), "data:", "blob:")
    assert len(page.asked) > 10
    assert [address for address in page.asked if not address.startswith(here)] == []
