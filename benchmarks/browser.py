"""`python -m benchmarks.browser`: how soon the classroom page answers a click while it trains.

From the click until the step counter shows its last value: Pause stands still, Step adds one.
"""

import re
import shutil
import statistics
import subprocess
import sys

from playwright.sync_api import Page, sync_playwright

ROUNDS = 8
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Click, then look at every animation frame for a second: when did the status last change?
ANSWER = """button => new Promise(resolve => {
  const status = () => document.querySelector("img[alt^='Step']").alt;
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


def answers(page: Page, button: str) -> list[float]:
    """Milliseconds from click to answer, ROUNDS times, each while the page trains."""
    found = []
    for _ in range(ROUNDS):
        page.get_by_role("button", name="Play").click()
        page.wait_for_timeout(1_500)
        found.append(page.get_by_role("button", name=button).evaluate(ANSWER))
    return found


def main() -> None:
    """Serve the page, press its buttons, and print a table in Markdown."""
    browser = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))
    )
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
            print("| training | button | median | slowest |\n| --- | --- | --- | --- |")
            for model in ("VAE", "GAN"):
                page.get_by_label(model, exact=True).click()
                page.wait_for_timeout(2_000)
                for button in ("Pause", "Step"):
                    times = answers(page, button)
                    row = f"{statistics.median(times):.0f} ms | {max(times):.0f} ms"
                    print(f"| {model} on digits | {button} | {row} |")
        server.terminate()


if __name__ == "__main__":
    main()
