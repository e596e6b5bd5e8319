"""`python -m benchmarks.browser`: what a visitor of the classroom gets to see, and when.

How many pictures of the GAN game a second, with its surface, manifold, samples and losses, and at
which share of the training speed without a view.  And how soon a page answers a click while it
trains: until the step counter shows its last value.  Pause stands still, Step adds one.
"""

import re
import shutil
import statistics
import subprocess
import sys
import time

import torch
from playwright.sync_api import Page, sync_playwright

from genart_edu.lab.experiment import Experiment

ROUNDS = 8
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Click, then look at every animation frame for a second: when did the status last change?
ANSWER = """button => new Promise(resolve => {
  const status = () => document.querySelectorAll("img[alt^='Step']")[BENCH].alt;
  const began = performance.now();
  let seen = status(), last = began;
  button.click();
  (function look() {
    const now = performance.now();
    if (status() !== seen) [seen, last] = [status(), now];
    if (now - began < 1000) requestAnimationFrame(look);
    else resolve(last - began);
  })();
})"""


# The pictures that come in a number of seconds, and the step before and after.
PICTURES = """seconds => new Promise(resolve => {
  const picture = () => document.querySelector("img[alt^='Step']");
  const step = () => +picture().alt.match(/[\\d,]+/)[0].replaceAll(",", "");
  const began = performance.now(), first = step();
  let seen = picture().src, pictures = 0;
  (function look() {
    const now = performance.now();
    if (picture().src !== seen) [seen, pictures] = [picture().src, pictures + 1];
    if (now - began < 1000 * seconds) requestAnimationFrame(look);
    else resolve({ pictures, steps: step() - first, seconds: (now - began) / 1000 });
  })();
})"""


def seen(page: Page) -> str:
    """Pictures a second, and the share of the training speed, in turns with training alone."""
    rates, shares = [], []
    for _ in range(5):
        run, _ = Experiment("gan", "ring").start()
        began = time.perf_counter()
        for _ in run.play(2_500, every=2_500):
            pass
        alone = 2_500 / (time.perf_counter() - began)
        page.get_by_role("button", name="Reset", exact=True).first.click()
        page.get_by_role("button", name="Play", exact=True).first.click()
        page.wait_for_timeout(2_000)  # the axes find their limits
        found = page.evaluate(PICTURES, 8)
        page.get_by_role("button", name="Pause", exact=True).first.click()
        page.wait_for_timeout(500)
        rates.append(found["pictures"] / found["seconds"])
        shares.append(found["steps"] / found["seconds"] / alone)
    return f"{statistics.median(rates):.1f} | {statistics.median(shares):.0%}"


def answers(page: Page, button: str, bench: int) -> list[float]:
    """Milliseconds from click to answer, ROUNDS times, each while the page trains."""
    found = []
    for _ in range(ROUNDS):
        page.get_by_role("button", name="Play", exact=True).nth(bench).click()
        page.wait_for_timeout(1_500)
        pressed = page.get_by_role("button", name=button, exact=True).nth(bench)
        found.append(pressed.evaluate(ANSWER.replace("BENCH", str(bench))))
    return found


def main() -> None:
    """Serve the page, press its buttons, and print a table in Markdown."""
    torch.set_num_threads(1)
    browser = next(filter(None, map(shutil.which, BROWSERS)))
    command = [sys.executable, "-m", "genart_edu.cli", "demo", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        found = re.search(r"http://\S+", server.stdout.readline())
        assert found
        with sync_playwright() as playwright:
            flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
            page = playwright.chromium.launch(executable_path=browser, args=flags).new_page()
            page.goto(found[0])
            page.wait_for_selector("img[alt^='Step 0']", timeout=60_000)
            page.goto(f"{found[0]}/mode-collapse")
            page.wait_for_selector("img[alt^='Step 0']", timeout=60_000)
            print("| the GAN game | pictures a second | training speed |\n| --- | --- | --- |")
            page.get_by_label("manifold", exact=True).click()
            print(f"| surface, manifold, samples, losses; D*, modes | {seen(page)} |")
            for layer in ("optimum", "modes"):
                page.get_by_label(layer, exact=True).click()
            print(f"| surface, manifold, samples, losses | {seen(page)} |\n", flush=True)
            page.goto(found[0])
            page.wait_for_selector("img[alt^='Step 0']", timeout=60_000)
            print("| training | button | median | slowest |\n| --- | --- | --- | --- |")
            for bench, model in enumerate(("VAE", "GAN")):
                for button in ("Pause", "Step"):
                    times = answers(page, button, bench)
                    row = f"{statistics.median(times):.0f} ms | {max(times):.0f} ms"
                    print(f"| {model} on digits | {button} | {row} |")
        server.terminate()


if __name__ == "__main__":
    main()
