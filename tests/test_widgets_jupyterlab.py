"""The player in real JupyterLab, in a real browser: what a student sees and presses."""

import base64
import io
import json
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image

from tests import jupyterlab
from tests.jupyterlab import IDLE, opened

ROOT = Path(__file__).parents[1]
LESSON = nbformat.read(ROOT / "lessons" / "01_variational_autoencoder.ipynb", as_version=4)
CELLS = [
    *(cell.source for cell in LESSON.cells if cell.id == "player"),
    "import threading\nsum(thread.name == 'player' for thread in threading.enumerate())",
    """from genart_edu.lab.screen import Screen
screen = Screen(player.live.screen.tree, player.live.screen.theme)
screen.look()
costs = screen.canvas.views[0]
marks = [step for step, _ in costs.marks]
lines = [costs.lines[1], costs.past[1]]
print([marks, [[line.get_xdata().tolist(), line.get_ydata().tolist()] for line in lines]])""",
]
THREADS, CURVES = 1, 2  # cells that ask the kernel


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


def answer(page, i):
    """Run a cell and read what it says."""
    cell = page.locator(".jp-CodeCell").nth(i)
    before = cell.locator(".jp-InputPrompt").inner_text()
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    page.wait_for_function(
        "([i, before]) => ![before, '[*]:'].includes("
        "document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')[i].innerText)",
        arg=[i, before],
    )
    page.wait_for_selector(IDLE)
    return json.loads(cell.locator(".jp-OutputArea-output").inner_text())


def paused(page):
    """Wait until the first button says Play again."""
    page.locator(".genart-player").get_by_role("button", name="Play").wait_for()
    stands_still(page)


def play_to(page, n):
    """Play beyond so many steps, and pause.  -> the step it stands at."""
    press(page, "Play")
    wait_for_step(page, f"n > {n}")
    press(page, "Pause")
    paused(page)
    return step(page)


def scrub(page, n):
    """Write a step beside the scrubber, and wait until it is shown."""
    readout = page.locator(".genart-player .widget-readout")
    readout.fill(f"{n}")
    readout.press("Enter")
    wait_for_step(page, f"n === {n}")
    stands_still(page)


def scene(page):
    """The pixels to the right of the curves: what the model makes, whatever lies ahead."""
    return page.locator(".genart-picture canvas").evaluate("""canvas => {
      const left = Math.round(0.57 * canvas.width);
      const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
      copy.drawImage(canvas, 0, 0);
      const { data } = copy.getImageData(left, 0, canvas.width - left, canvas.height);
      return btoa(data.reduce((text, byte) => text + String.fromCharCode(byte), ""));
    }""")


def test_play_moves_the_picture_and_the_counter_and_pause_stops_them(page):
    reset(page)
    before = picture(page)
    press(page, "Play")
    wait_for_step(page, "n > 20")
    first = step(page), picture(page)
    assert first[1] != before
    wait_for_step(page, f"n > {first[0]}")
    press(page, "Pause")
    paused(page)
    assert stands_still(page)
    assert step(page) > first[0] and picture(page) != first[1]


def test_play_goes_on_where_it_paused(page):
    reset(page)
    for start in (0, 10):
        press(page, "Play")
        wait_for_step(page, f"n > {start + 10}")
        press(page, "Pause")
        paused(page)
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
    paused(page)
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
    assert answer(page, THREADS) == 1
    reset(page)
    run_all(page)
    wait_for_step(page, "n === 300")
    press(page, "Play")
    wait_for_step(page, "n > 300")
    assert page.locator(".genart-player").count() == 1
    assert answer(page, THREADS) == 1
    press(page, "Pause")
    paused(page)


# ---- the time bar -----------------------------------------------------------------------------


def test_every_step_that_is_asked_for_is_shown_as_when_it_was_there_first(page):
    reset(page)
    first = {}
    for n in (1, 2, 3):
        press(page, "Step")
        wait_for_step(page, f"n === {n}")
        stands_still(page)
        first[n] = scene(page)
    assert len({*first.values()}) == 3
    play_to(page, 60)
    for n in (2, 1, 3, 1):
        scrub(page, n)
        assert scene(page) == first[n]
        assert page.locator(".genart-status").inner_text().startswith(f"Step {n}, ")


def test_the_scrubber_is_moved_with_keys_and_dragged(page):
    reset(page)
    end = play_to(page, 60)
    handle = page.locator(".genart-player .noUi-handle")
    handle.focus()
    seen = {}
    for key, n in [("ArrowLeft", end - 1), ("ArrowLeft", end - 2), ("Home", 0), ("ArrowRight", 1)]:
        page.keyboard.press(key)
        wait_for_step(page, f"n === {n}")
        stands_still(page)
        seen[n] = picture(page)
    assert len({*seen.values()}) == 4
    line = page.locator(".genart-player .noUi-base").bounding_box()
    grip = handle.bounding_box()
    y = grip["y"] + grip["height"] / 2
    page.mouse.move(grip["x"] + grip["width"] / 2, y)
    page.mouse.down()
    for share in (0.2, 0.9, 0.4, 0.7, 0.5):
        page.mouse.move(line["x"] + share * line["width"], y, steps=8)
    page.mouse.up()
    while not stands_still(page):  # the steps on the way are still shown, one after the other
        pass
    assert abs(step(page) - end / 2) < 0.1 * end
    assert page.locator(".genart-player .widget-readout").inner_text() == f"{step(page)}"
    handle.focus()
    for key, n in [("Home", 0), ("ArrowRight", 1)]:
        page.keyboard.press(key)
        wait_for_step(page, f"n === {n}")
    stands_still(page)
    assert picture(page) == seen[1]


def test_scrubbing_while_it_plays_pauses_there(page):
    reset(page)
    press(page, "Play")
    wait_for_step(page, "n > 60")
    page.locator(".genart-player .noUi-handle").focus()
    page.keyboard.press("Home")
    paused(page)
    wait_for_step(page, "n === 0")
    assert stands_still(page) and step(page) == 0


def test_keys_on_the_picture_play_step_and_rewind(page):
    reset(page)
    page.locator(".genart-picture canvas").click()
    page.keyboard.press("Space")
    wait_for_step(page, "n > 20")
    page.keyboard.press("Space")
    paused(page)
    end = step(page)
    keys = [("ArrowLeft", end - 1), ("Home", 0), ("ArrowRight", 1), ("End", end)]
    for key, n in [*keys, ("ArrowRight", end + 1)]:
        page.keyboard.press(key)
        wait_for_step(page, f"n === {n}")
        stands_still(page)


def fork_and_compare(page, at):
    """Rewind, change the rate, put the first run beside the fork, play on."""
    scrub(page, at)
    rate = page.get_by_label("learning rate")
    rate.fill("0.01")
    rate.press("Enter")
    page.locator(".genart-status", has_text=f"This is run 2, from 1 at {at}.").wait_for()
    page.get_by_label("beside").select_option(index=1)
    page.locator(".genart-status", has_text="Dotted: run 1.").wait_for()
    return play_to(page, 100)


def test_a_fork_shows_two_curves_that_part_where_it_left(page, tmp_path):
    reset(page)
    play_to(page, 60)
    fork_and_compare(page, 40)
    marks, ((x, ours), (others_x, theirs)) = answer(page, CURVES)
    x, ours, theirs = (np.array(values) for values in (x, ours, theirs))
    n = min(len(ours), len(theirs)) - 1  # the last point is of fewer steps
    size = round(x[1] - x[0])
    assert 40 in marks and np.array_equal(x[:n], others_x[:n])
    alike, behind = x[:n] + size / 2 <= 41, x[:n] - size / 2 > 41  # 41 is of the old weights
    assert alike.sum() >= 2 and np.array_equal(ours[:n][alike], theirs[:n][alike])
    assert behind.sum() >= 2 and (ours[:n][behind] != theirs[:n][behind]).all()
    assert "Alike up to step 40." in page.locator(".genart-status").inner_text()
    for n in (40, 90):
        scrub(page, n)
    page.get_by_label("beside").select_option(index=0)
    page.wait_for_function("!document.querySelector('.genart-status').innerText.includes('Dotted')")
    reset(page)


# Whether what is written on a control, or chosen in a menu, is cut; what lies over another; what
# lies beside the panel.
UNFIT = """panel => {
  const parts = "button, select, input, label, .widget-readout, .noUi-target";
  const seen = [...panel.querySelectorAll(parts)]
    .filter(n => n.offsetParent && !n.closest(".genart-picture"));
  const paper = document.createElement("canvas").getContext("2d");
  const whole = n => {
    if (n.matches(".noUi-target")) return true; // its handle hangs over
    if (n.tagName !== "SELECT") return n.scrollWidth <= n.clientWidth;
    paper.font = getComputedStyle(n).font;
    const widest = Math.max(...[...n.options].map(o => paper.measureText(o.text).width));
    return n.selectedIndex >= 0 && widest + 28 <= n.clientWidth;
  };
  const box = n => n.getBoundingClientRect();
  const [a, b] = [panel, panel].map(box);
  const over = (p, q) => Math.min(p.right, q.right) - Math.max(p.left, q.left) > 1
    && Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top) > 1;
  const bad = seen.filter(n => !whole(n) || box(n).right > a.right || box(n).left < a.left);
  seen.forEach((n, i) => seen.slice(i + 1).forEach(m => {
    if (!n.contains(m) && !m.contains(n) && over(box(n), box(m))) bad.push(n, m);
  }));
  return [seen.length, bad.map(n => `${n.className} ${n.innerText}`)];
}"""


@pytest.mark.parametrize("width", [1280, 1920])
def test_the_time_bar_fits(page, width):
    """Of a run that has forked, with the question unfolded."""
    before = page.viewport_size
    page.set_viewport_size({"width": width, "height": 800})
    reset(page)
    play_to(page, 60)
    scrub(page, 40)
    press(page, "Fork")
    page.locator(".genart-status", has_text="This is run 2").wait_for()
    press(page, "Predict first")
    page.wait_for_timeout(500)
    count, unfit = page.locator(".genart-player").evaluate(UNFIT)
    choices, bar, question = 2 * 6 + 5, 2 * 4 + 1 + 3, 2 * 2 + 3 + 1  # most have a label
    assert unfit == [] and count == choices + bar + question
    press(page, "Predict first")
    reset(page)
    page.set_viewport_size(before)


def pixels(png):
    return np.array(Image.open(io.BytesIO(png)).convert("RGB"))


def test_a_saved_notebook_shows_the_last_frame_of_run_all(page):
    run_all(page)
    wait_for_step(page, "n === 300")
    stands_still(page)
    shown = pixels(base64.b64decode(picture(page).partition(",")[2]))
    page.locator(".jp-Notebook").press("Control+s")
    page.wait_for_timeout(2_000)
    saved = nbformat.read(page.folder / "lesson.ipynb", as_version=4)
    (output,) = saved.cells[0].outputs
    assert np.array_equal(pixels(base64.b64decode(output.data["image/png"])), shown)
    assert output.data["text/plain"] == "Player: VAE on digits, step 300"
    assert output.metadata["image/png"]["alt"] != ""


def test_labels_and_numbers_are_whole(page):
    cut = "nodes => nodes.filter(n => n.scrollWidth > n.clientWidth).map(n => n.outerHTML)"
    shown = page.locator(".genart-player").locator("label:visible, button:visible, input:visible")
    assert shown.count() == 8 + 8 + 4 and shown.evaluate_all(cut) == []


def test_the_page_asks_nobody_outside(page):
    here = (page.lab, page.lab.replace("http", "ws"), "data:", "blob:")
    assert len(page.asked) > 10
    assert [address for address in page.asked if not address.startswith(here)] == []
