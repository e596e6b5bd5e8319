"""Real JupyterLab on a notebook of given cells, for tests that press what a student presses."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[1]
COMMAND = [
    *("-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"),
    *("--ServerApp.port_retries=0", "--IdentityProvider.token=", "--LabApp.news_url="),
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
]
QUIET = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
IDLE = ".jp-Notebook-ExecutionIndicator[data-status=idle]"


@contextmanager
def opened(browser: Browser, tmp: pytest.TempPathFactory, cells: Sequence[str]) -> Iterator[Page]:
    """The page of a notebook of `cells`, not yet run, in a JupyterLab with settings of its own.

    `page.lab`: its URL.  `page.folder`: where lesson.ipynb lies, and where its kernel works.
    `page.asked`: every address that the page has asked for.
    """
    folder, home = tmp.mktemp("a class"), tmp.mktemp("home")
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    made = [nbformat.v4.new_code_cell(cell) for cell in cells]
    notebook = nbformat.v4.new_notebook(cells=made, metadata={"kernelspec": kernel})
    nbformat.write(notebook, folder / "lesson.ipynb")
    (home / "config" / "labconfig").mkdir(parents=True)
    (home / "config" / "labconfig" / "page_config.json").write_text(json.dumps(QUIET), "utf-8")
    places = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data"}
    places |= {"JUPYTER_RUNTIME_DIR": "runtime", "IPYTHONDIR": "ipython"}
    env = {**os.environ, "PYTHONPATH": str(ROOT), "no_proxy": "127.0.0.1"}
    env |= {name: str(home / place) for name, place in places.items()}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log, url = home / "log", f"http://127.0.0.1:{port}"
    with log.open("wb") as out:
        command = [sys.executable, *COMMAND, f"--port={port}"]
        server = subprocess.Popen(command, cwd=folder, env=env, stdout=out, stderr=out)
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    try:
        end = time.monotonic() + 120
        while not _answers(f"{url}/api"):
            assert server.poll() is None and time.monotonic() < end, log.read_text("utf-8")
            time.sleep(0.2)
        page.set_default_timeout(60_000)
        asked: list[str] = []
        page.lab, page.folder, page.asked = url, folder, asked  # type: ignore[attr-defined]
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{url}/lab/tree/lesson.ipynb?reset")
        page.wait_for_selector(IDLE)
        page.wait_for_timeout(1_000)  # what is pressed before is lost now and then
        yield page
    finally:
        page.close()
        server.terminate()
        server.wait(30)


def run_all(page: Page) -> None:
    """Run every cell, and wait until the kernel rests."""
    prompts = page.locator(".jp-CodeCell .jp-InputPrompt")
    before = prompts.all_inner_texts()
    for _ in range(9):  # a busy page loses what is pressed now and then
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        page.wait_for_timeout(1_000)
        prompts.filter(has_text="*").first.wait_for(state="hidden")
        if prompts.all_inner_texts() != before:
            break
    page.wait_for_selector(IDLE)


def _answers(url: str) -> bool:
    try:
        return bool(urllib.request.urlopen(url).status == 200)
    except OSError:
        return False
