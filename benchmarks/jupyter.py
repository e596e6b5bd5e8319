"""`python -m benchmarks.jupyter`: the GAN game in real JupyterLab, in a headless Chromium.

Pictures a second, and the training speed as a share of that without a view, measured in the same
kernel just before.
"""

import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Any, cast

from playwright.sync_api import sync_playwright

from benchmarks.browser import BROWSERS
from tests import jupyterlab

ALONE = """import time
from IPython.display import HTML
from genart_edu.lab.experiment import Experiment
run, _ = Experiment("gan", "ring").start()
began = time.perf_counter()
list(run.play(3_000, every=3_000))
HTML(f"<b id=alone>{3_000 / (time.perf_counter() - began)}</b>")"""
PLAYER = """from genart_edu.widgets.player import Player
player = Player(Experiment("gan", "ring"))
player.live.show(manifold=True, optimum={both}, modes={both})
player"""
# Every picture is drawn once on the canvas: count that, and the steps, for so many seconds.
COUNT = """seconds => new Promise(resolve => {
  const step = () => +document.querySelector(".genart-status").innerText.match(/[\\d,]+/)[0]
    .replaceAll(",", "");
  const paper = document.querySelector(".genart-picture canvas").getContext("2d");
  const draw = paper.drawImage.bind(paper);
  let pictures = 0;
  paper.drawImage = (...what) => { pictures += 1; draw(...what); };
  const began = performance.now(), first = step();
  setTimeout(() => {
    const passed = (performance.now() - began) / 1000;
    paper.drawImage = draw;
    resolve([pictures / passed, (step() - first) / passed]);
  }, 1000 * seconds);
})"""


class Folders:
    """New folders for a notebook and its settings, all in one."""

    def __init__(self, home: str) -> None:
        self.home = Path(home)

    def mktemp(self, name: str) -> Path:
        return Path(tempfile.mkdtemp(prefix=name, dir=self.home))


def main() -> None:
    """Play three times for 8 seconds, with and without D* and the modes; print a table."""
    path = next(filter(None, map(shutil.which, BROWSERS)))
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    print("| JupyterLab | pictures a second | training speed |\n| --- | --- | --- |")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as home:
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        for both in (False, True):
            cells = [ALONE, PLAYER.format(both=both)]
            with jupyterlab.opened(browser, cast(Any, Folders(home)), cells) as page:
                jupyterlab.run_all(page)
                page.wait_for_function("document.querySelector('canvas')?.width > 0")
                alone, found = float(page.locator("#alone").inner_text()), []
                for _ in range(3):
                    page.locator(".genart-player button:has-text('Play')").click()
                    page.wait_for_timeout(3_000)  # the axes find their limits
                    found.append(page.evaluate(COUNT, 8))
                    page.locator(".genart-player button:has-text('Pause')").click()
                    page.wait_for_timeout(800)
                pictures, steps = (statistics.median(column) for column in zip(*found, strict=True))
                what = "surface, manifold, samples, losses" + "; D*, modes" * both
                print(f"| {what} | {pictures:.1f} | {steps / alone:.0%} |", flush=True)


if __name__ == "__main__":
    main()
