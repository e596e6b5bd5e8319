"""`genart doctor`: what a teacher asks for when a student's machine misbehaves."""

import os
import platform
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("genart-edu", "torch", "numpy", "matplotlib", "jupyterlab", "ipywidgets", "gradio")


def report() -> Iterator[str]:
    """One line a question, each "what: answer".  An answer that needs help starts with NO."""
    yield f"Python: {platform.python_version()} at {sys.executable}"
    yield f"system: {platform.platform()}, {os.cpu_count()} cores"
    for package in PACKAGES:
        yield f"{package}: {_version(package)}"
    yield f"device: {_device()}"
    yield f"lessons and demos: {_bundled()}"
    yield f"downloaded data: {_cached()}"
    yield f"port 7860: {_port(7860)}"
    yield f"this folder: {_writable(Path.cwd())}"
    yield f"temporary folder: {_writable(Path(tempfile.gettempdir()))}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "NO, not installed: see the README for the one command that installs all"


def _device() -> str:
    try:
        from genart_edu.device import describe, pick_device

        return describe(pick_device())
    except (ImportError, OSError) as error:
        return f"NO, PyTorch does not load: {error}"


def _bundled() -> str:
    from genart_edu.bundled import bundled

    try:
        return f"{bundled('lessons')}, {bundled('demos')}"
    except FileNotFoundError as error:
        return f"NO. {error}"


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
