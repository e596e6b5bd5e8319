"""`python -m benchmarks.jupyter`: the GAN game in real JupyterLab, in a headless Chromium.

Pictures a second, and the training speed as a share of that without a view, measured in the same
kernel just before.  How soon Pause, Step and the scrubber are answered: until the status line shows
its last value.  How much memory two minutes of play take, after 20 seconds of them; and how many
threads a cell leaves that is run again ten times.
"""

import random
import re
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Any, cast

from playwright.sync_api import Page, sync_playwright

from benchmarks.browser import BROWSERS
from tests import jupyterlab

ALONE = """import time
from genart_edu.lab.experiment import Experiment
run, _ = Experiment("gan", "ring").start()
began = time.perf_counter()
list(run.play(3_000, every=3_000))
print(3_000 / (time.perf_counter() - began))"""
PLAYER = """from genart_edu.widgets.player import Player
player = Player(Experiment("gan", "ring"))
player.live.show(manifold=True, optimum={both}, modes={both})
player"""
# Every picture is put once on the canvas: count that, and the steps, for so many seconds.
COUNT = """seconds => new Promise(resolve => {
  const step = () => +document.querySelector(".genart-status").innerText.match(/[\\d,]+/)[0]
    .replaceAll(",", "");
  const paper = document.querySelector(".genart-picture canvas").getContext("bitmaprenderer");
  const draw = paper.transferFromImageBitmap.bind(paper);
  let pictures = 0;
  paper.transferFromImageBitmap = (bitmap) => { pictures += 1; draw(bitmap); };
  const began = performance.now(), first = step();
  setTimeout(() => {
    const passed = (performance.now() - began) / 1000;
    paper.transferFromImageBitmap = draw;
    resolve([pictures / passed, (step() - first) / passed]);
  }, 1000 * seconds);
})"""


ROUNDS, SECONDS = 10, 120
# Press a button, or write a step beside the scrubber; then look at every animation frame for a
# second: when did the status last change?
ANSWER = """(control, step) => new Promise(resolve => {
  const status = () => document.querySelector(".genart-status").innerText;
  const began = performance.now();
  let seen = status(), last = began;
  if (step == null) control.click();
  else {
    control.textContent = step;
    control.dispatchEvent(new KeyboardEvent("keydown", { keyCode: 13, bubbles: true }));
  }
  (function look() {
    const now = performance.now();
    if (status() !== seen) [seen, last] = [status(), now];
    if (now - began < 1000) requestAnimationFrame(look);
    else resolve(last - began);
  })();
})"""
KERNEL = """import gc, os, threading
gc.collect()
print(os.getpid(), sum(thread.name == "player" for thread in threading.enumerate()))"""


HOLDERS = ("the kernel", "the page's JavaScript", "the page's process")


class Folders:
    """New folders for a notebook and its settings, all in one."""

    def __init__(self, home: str) -> None:
        self.home = Path(home)

    def mktemp(self, name: str) -> Path:
        return Path(tempfile.mkdtemp(prefix=name, dir=self.home))


def press(page: Page, label: str) -> None:
    """One of the player's buttons."""
    page.locator(f".genart-player button:has-text('{label}')").first.click()


def answers(page: Page, label: str) -> str:
    """Median and slowest answer of ROUNDS presses, each while it plays."""
    found = []
    for _ in range(ROUNDS):
        press(page, "Play")
        page.wait_for_timeout(1_500)
        button = page.locator(f".genart-player button:has-text('{label}')").first
        found.append(button.evaluate(ANSWER))
    return f"{statistics.median(found):.0f} ms | {max(found):.0f} ms"


def scrubs(page: Page) -> str:
    """Median and slowest answer of ROUNDS random steps of the recording."""
    readout = page.locator(".genart-player .widget-readout")
    end, rng = int(readout.inner_text()), random.Random(0)
    found = []
    for _ in range(ROUNDS):
        found.append(readout.evaluate(ANSWER, rng.randint(0, end)))
        page.wait_for_timeout(500)
    row = f"{statistics.median(found):.0f} ms | {max(found):.0f} ms"
    return f"a step of {end:,}, at the scrubber | {row}"


def run_cell(page: Page, i: int) -> str:
    """Run a cell, and wait for what it says."""
    cell = page.locator(".jp-CodeCell").nth(i)
    before = cell.locator(".jp-InputPrompt").inner_text()
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    page.wait_for_function(
        "([i, before]) => ![before, '[*]:'].includes("
        "document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')[i].innerText)",
        arg=[i, before],
    )
    return cell.locator(".jp-OutputArea-output").first.inner_text()


def resident(pid: int) -> float:
    """MB of memory that a process holds, of its own and not of files (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    return int(re.findall(r"RssAnon:\s+(\d+) kB", status)[0]) / 1_000


def held(page: Page) -> list[float]:
    """MB that the kernel, the page's JavaScript and its renderer hold, garbage collected first."""
    pid = int(run_cell(page, 2).split()[0])
    cdp = page.context.new_cdp_session(page)
    for _ in range(2):
        cdp.send("HeapProfiler.collectGarbage")
    heap = cdp.send("Runtime.getHeapUsage")["usedSize"] / 1e6
    cdp.detach()
    browser = page.context.browser
    assert browser
    whole = browser.new_browser_cdp_session()
    found = whole.send("SystemInfo.getProcessInfo")["processInfo"]
    whole.detach()
    renderers = [each["id"] for each in found if each["type"] == "renderer"]
    return [resident(pid), heap, max(map(resident, renderers))]


def growth(page: Page) -> list[float]:
    """MB more that each of `held` holds after SECONDS of play; 20 seconds of it come before."""
    seen = []
    for seconds in (20, SECONDS):
        press(page, "Play")
        page.wait_for_timeout(1_000 * seconds)
        press(page, "Pause")
        page.wait_for_timeout(2_000)
        seen.append(held(page))
    return [after - before for before, after in zip(*seen, strict=True)]


def pictures(page: Page) -> str:
    """Pictures a second and the share of the training speed: medians of 5 times 8 seconds, each
    beside a run without a view just before."""
    found = []
    for _ in range(5):
        alone = float(run_cell(page, 0))
        press(page, "Play")
        page.wait_for_timeout(3_000)  # the axes find their limits
        seen, steps = page.evaluate(COUNT, 8)
        press(page, "Pause")
        page.wait_for_timeout(800)
        found.append((seen, steps / alone))
    seen, share = (statistics.median(column) for column in zip(*found, strict=True))
    return f"{seen:.1f} | {share:.0%}"


def main() -> None:
    """Play with and without D* and the modes; print tables in Markdown."""
    path = next(filter(None, map(shutil.which, BROWSERS)))
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    print("| JupyterLab | pictures a second | training speed |\n| --- | --- | --- |")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as home:
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        for both in (False, True):
            cells = [ALONE, PLAYER.format(both=both), KERNEL]
            with jupyterlab.opened(browser, cast(Any, Folders(home)), cells) as page:
                jupyterlab.run_all(page)
                page.wait_for_function("document.querySelector('canvas')?.width > 0")
                what = "surface, manifold, samples, losses" + "; D*, modes" * both
                print(f"| {what} | {pictures(page)} |", flush=True)
                if both:
                    watch(page)


def watch(page: Page) -> None:
    """Answers, memory and threads of the player in an open page."""
    print("\n| while it plays | median | slowest |\n| --- | --- | --- |")
    for label in ("Pause", "Step"):
        print(f"| {label} | {answers(page, label)} |", flush=True)
    print(f"| {scrubs(page)} |", flush=True)
    print(f"\n| {SECONDS} seconds of play | growth |\n| --- | --- |")
    for what, more in zip(HOLDERS, growth(page), strict=True):
        print(f"| {what} | {more:+.1f} MB |", flush=True)
    for _ in range(10):
        run_cell(page, 1)
        press(page, "Step")
        page.wait_for_timeout(1_000)
    print(f"| threads after the cell was run ten times more | {run_cell(page, 2).split()[1]} |")


if __name__ == "__main__":
    main()
