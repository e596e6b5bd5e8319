"""`genart doctor`: what a teacher asks for when a student's machine misbehaves."""

import os
import platform
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

from genart_edu.bundled import bundled

PACKAGES = ("genart-edu", "torch", "numpy", "matplotlib", "jupyterlab", "ipywidgets", "gradio")
NOT_THERE = "not installed: see the README for the one command that installs all"


def report() -> None:
    """Print one line a question, each "what: answer".  An answer that needs help starts with NO."""
    print(f"Python: {platform.python_version()} at {sys.executable}")
    print(f"system: {platform.platform()}, {os.cpu_count()} cores")
    for package in PACKAGES:
        print(f"{package}: {_tried(partial(version, package), NOT_THERE)}")
    print(f"device: {_tried(_device, 'PyTorch does not load: {}')}")
    print(f"lessons and demos: {_tried(_bundled)}")
    print(f"downloaded data: {_tried(_cached)}")
    print(f"port 7860: {_port(7860)}")
    print(f"this folder: {_writable(Path.cwd())}")
    print(f"temporary folder: {_writable(Path(tempfile.gettempdir()))}")


def _tried(answer: Callable[[], str], why: str = "{}") -> str:
    """An answer, or why there is none: {} is the error's own words."""
    try:
        return answer()
    except (ImportError, OSError) as error:
        return f"NO, {why.format(error)}"


def _device() -> str:
    from genart_edu.device import describe, pick_device

    return describe(pick_device())


def _bundled() -> str:
    return f"{bundled('lessons')}, {bundled('demos')}"


def _cached() -> str:
    from genart_edu.data.idx import FILES, SOURCES, cache_folder

    whole = [n for n in SOURCES if all((cache_folder(n) / file).exists() for file in FILES)]
    return f"{', '.join(whole) or 'none, and none is needed for digits and motifs'}"


def _port(port: int) -> str:
    with socket.socket() as probe:
        busy = probe.connect_ex(("127.0.0.1", port)) == 0
    return "taken; genart demo takes the next free one" if busy else "free"


def _writable(folder: Path) -> str:
    free = f"{shutil.disk_usage(folder).free / 2**30:.1f} GiB free"
    try:
        with tempfile.TemporaryFile(dir=folder):
            return f"writable, {free}: {folder}"
    except OSError as error:
        return f"NO, {error.strerror}: {folder}"
