"""What every test shares: one thread, lessons that were really run, and a browser."""

import os

# Before torch is imported, and inherited by the lessons' kernels: one thread, the same last bits.
os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from nbval.plugin import IPyNbCell
from playwright.sync_api import Browser, sync_playwright

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",  # CI is root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",  # so that every request is one that the page made
    "--disable-component-update",
    "--disable-sync",
]


def pytest_configure(config: pytest.Config) -> None:
    config.option.nbval_sanitize_with = str(Path(__file__).parent / "tests" / "nbval.cfg")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """nbval passes a cell without outputs whatever it prints: refuse lessons that were not run."""
    cells = [item for item in items if isinstance(item, IPyNbCell) and not item.options["skip"]]
    unrun = [cell.nodeid for cell in cells if cell.cell.execution_count is None]
    if unrun:
        raise pytest.UsageError(
            f"saved without being run (CONTRIBUTING.md, Lessons): {', '.join(unrun)}"
        )


@pytest.fixture
def float64() -> Iterator[None]:
    """Weights and noise in double precision, so that two ways to compute agree to 1e-10."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture(scope="module")  # a session would keep its event loop running under nbval's kernels
def browser() -> Iterator[Browser]:
    """A headless Chromium with a fresh profile.  None found: skipped, but an error in CI."""
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if path is None:
        reason = f"no browser on the PATH: none of {', '.join(CHROMIUM)}"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=path, args=FLAGS)
