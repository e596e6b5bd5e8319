"""What `genart demo` and `genart lab` open: the demo app, and JupyterLab on copied lessons."""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from genart_edu.bundled import bundled, demo
from genart_edu.lab.checkpoint import write_whole

NEWS = {"@jupyterlab/apputils-extension:announcements": True}  # would ask the internet
COPIED = ".genart-lessons.json"  # what was copied into a folder: name -> SHA-256


def open_demo(browser: bool, **how: Any) -> None:
    """Serve the classroom app until Ctrl-C; how: as `launch` in demos/app.py."""
    demo("app").launch(open_browser=browser, **how)


def copy_lessons(folder: Path) -> list[str]:
    """Copy the lessons into a folder that the student owns.  -> what was done, in words.

    A file that the student changed is never touched; one that was not is brought up to date.
    """
    note = folder / COPIED
    copied: dict[str, str] = json.loads(note.read_text("utf-8")) if note.exists() else {}
    done = []
    for source in sorted(bundled("lessons").iterdir()):
        if source.suffix not in (".ipynb", ".md"):
            continue
        target, content = folder / source.name, source.read_bytes()
        theirs = target.read_bytes() if target.exists() else None
        if theirs is not None and theirs != content and _hash(theirs) != copied.get(source.name):
            done.append(f"kept as you changed it: {target}")
            continue
        if theirs != content:
            write_whole(target, content)
            done.append(f"{'new' if theirs is None else 'brought up to date'}: {target}")
        copied[source.name] = _hash(content)
    write_whole(note, json.dumps(copied, indent=1).encode())
    return done


def open_lab(folder: Path, browser: bool) -> int:
    """JupyterLab on copied lessons until it is closed: no news, no looking for updates.

    -> exit code.
    """
    for line in copy_lessons(folder):
        print(line)
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    command = [sys.executable, "-m", "jupyter", "lab", f"--ServerApp.root_dir={folder.resolve()}"]
    command += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    command += [] if browser else ["--no-browser"]
    command += ["--allow-root"] if root else []  # as in most containers
    with tempfile.TemporaryDirectory() as quiet:  # a folder of settings, beside the student's own
        page = Path(quiet) / "labconfig" / "page_config.json"
        write_whole(page, json.dumps({"disabledExtensions": NEWS}).encode())
        paths = os.pathsep.join(filter(None, [quiet, os.environ.get("JUPYTER_CONFIG_PATH")]))
        return subprocess.call(command, env=os.environ | {"JUPYTER_CONFIG_PATH": paths})


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
