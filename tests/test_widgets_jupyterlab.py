"""The player in real JupyterLab, in a real browser: what a student sees and presses."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
LESSON = nbformat.read(ROOT / "lessons" / "01_variational_autoencoder.ipynb", as_version=4)
CELLS = [
    *(cell.source for cell in LESSON.cells if cell.id == "player"),
    "import threading\nsum(thread.name == 'player' for thread in threading.enumerate())",
]
LAB = [
    *("-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"),
    *("--ServerApp.port_retries=0", "--IdentityProvider.token=", "--LabApp.news_url="),
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
]
QUIET = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
IDLE = ".jp-Notebook-ExecutionIndicator[data-status=idle]"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(url):
    try:
        return urllib.request.urlopen(url).status == 200
    except OSError:
        return False


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """JupyterLab, with settings of its own, on the player's cell of lesson 01.  -> its URL."""
    folder, home = tmp_path_factory.mktemp("a class"), tmp_path_factory.mktemp("home")
    cells = [nbformat.v4.new_code_cell(cell) for cell in CELLS]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, folder / "lesson.ipynb")
    (home / "config" / "labconfig").mkdir(parents=True)
    (home / "config" / "labconfig" / "page_config.json").write_text(json.dumps(QUIET), "utf-8")
    places = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data"}
    places |= {"JUPYTER_RUNTIME_DIR": "runtime", "IPYTHONDIR": "ipython"}
    env = {**os.environ, "PYTHONPATH": str(ROOT), "no_proxy": "127.0.0.1"}
    env |= {name: str(home / place) for name, place in places.items()}
    port, log = free_port(), home / "log"
    with log.open("wb") as out:
        command = [sys.executable, *LAB, f"--port={port}"]
        server = subprocess.Popen(command, cwd=folder, env=env, stdout=out, stderr=out)
    url = f"http://127.0.0.1:{port}"
    end = time.monotonic() + 120
    while not answers(f"{url}/api"):
        assert server.poll() is None and time.monotonic() < end, log.read_text("utf-8")
        time.sleep(0.2)
    yield url
    server.terminate()
    server.wait(30)


@pytest.fixture(scope="module")
def page(browser, lab):
    """The notebook, run.  `page.asked`: every address that the page has asked for."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.set_default_timeout(60_000)
    page.asked = []
    page.on("request", lambda request: page.asked.append(request.url))
    page.goto(f"{lab}/lab/tree/lesson.ipynb?reset")
    page.wait_for_selector(IDLE)
    page.wait_for_timeout(1_000)  # what is pressed before is lost now and then
    run_all(page)
    yield page
    page.close()


def run_all(page):
    """Run every cell, and wait for the panel that comes of it."""
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.wait_for_selector(IDLE)
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
    latents = page.get_by_label("latents")
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
    assert page.get_by_label("latents").input_value() == "2"
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
    shown = page.locator(".genart-player").locator("label, button, input")
    assert shown.count() == 5 + 3 + 3 and shown.evaluate_all(cut) == []


def test_the_page_asks_nobody_outside(page, lab):
    here = (lab, lab.replace("http", "ws"), "data:", "blob:")
    assert len(page.asked) > 10
    assert [address for address in page.asked if not address.startswith(here)] == []
