"""`python -m benchmarks`: measures what an issue promises, and writes benchmarks/results.md.

Both sides of a ratio are measured in turns, so that a busy neighbour slows both; the figure is the
median over the rounds, with its quartiles.  No test asserts any of this.  A part alone, which is
only printed: `python -m benchmarks steps`, `start`, `live` or `growth`.
"""

import datetime
import platform
import sys
from collections.abc import Callable
from pathlib import Path

import torch

from benchmarks import growth, live, peers, start
from genart_edu.device import describe, pick_device

HERE = Path(__file__).parent
ABOUT = """# What takes how long

Written by `python -m benchmarks` on {date}: {machine}. Both sides of a ratio are measured
in turns, in the same run; medians, with quartiles in brackets. docs/speed.md says what the figures
mean. What a browser, JupyterLab and a class of thirty see is in hosts.md.
"""
STEPS = """The *usual loop* is that of tutorials and collections, written anew (usual.py); *ours*
are the trainers that everybody calls; both on one thread, or on two where it says so. The
*floor* is the step's matrix products and one fused Adam, and nothing else.
"""
CHART = "![the table below as curves](growth.png)"


def steps() -> str:
    """Our trainers beside the usual loop, a collection from PyPI, and the floor."""
    return f"## Training steps\n\n{STEPS}\n{peers.table(15)}"


def rows(title: str, found: dict[str, str]) -> str:
    """A table of figures."""
    lines = [f"## {title}\n", "| what | measured |", "| --- | --- |"]
    return "\n".join([*lines, *(f"| {what} | {figure} |" for what, figure in found.items())])


def grown() -> str:
    """How a step's cost grows, with its chart."""
    found = growth.growths(7)
    growth.chart(found, HERE / "growth.png")
    return f"## How the cost grows\n\n{CHART}\n\n{growth.table(found)}"


PARTS: dict[str, Callable[[], str]] = {
    "steps": steps,
    "start": lambda: rows("Start and memory", start.rows(11)),
    "live": lambda: rows("To look and to go back", live.rows()),
    "growth": grown,
}


def main() -> None:
    """Measure, and write it down; of named parts, print."""
    torch.set_num_threads(1)
    asked = sys.argv[1:] or list(PARTS)
    if not set(asked) <= set(PARTS):
        sys.exit(f"The parts are {', '.join(PARTS)}; got {' '.join(asked)}.")
    found = []
    for name in asked:
        found.append(PARTS[name]())
        print(f"{found[-1]}\n", flush=True)
    if asked == list(PARTS):
        machine = f"{describe(pick_device())}, {platform.machine()}, PyTorch {torch.__version__}"
        about = ABOUT.format(date=datetime.date.today(), machine=machine)
        (HERE / "results.md").write_text("\n\n".join([about.rstrip(), *found]) + "\n", "utf-8")


if __name__ == "__main__":
    main()
