"""How soon `genart` answers, how soon it trains, and how much memory it takes."""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.measure import python, ratio

HELP = "from genart_edu.cli import main; main(['--help'])"
# The command, until its first step is made.
FIRST = """import os
from genart_edu.lab.run import Run
def advance(run, real=Run.advance):
    real(run)
    os._exit(0)
Run.advance = advance
from genart_edu.cli import main
main(["train", "vae", "--out", {out!r}])"""
LEAST = """import os, torch
weight = torch.zeros(1, requires_grad=True)
optimizer = torch.optim.Adam([weight], fused=True)
weight.square().sum().backward()
optimizer.step()
os._exit(0)"""
PEAK = """import resource, sys
from genart_edu.cli import main
try:
    main(sys.argv[1:])
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"""


def rows(rounds: int) -> dict[str, str]:
    """What was measured, and the figure."""
    with tempfile.TemporaryDirectory() as out:
        first = ratio(python(FIRST.format(out=out)), python(LEAST), rounds)
    return {
        "`genart --help`, times a bare Python": ratio(python(HELP), python("pass"), rounds),
        "`genart train vae` to its first step, times torch's import and first Adam step": first,
        "peak memory of `genart train vae` on 60,000 pictures of 28x28": f"{peak():.0f} MB",
    }


def peak(n: int = 60_000) -> float:
    """MB that the command holds at most.  The pictures are files in a folder (Linux)."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "pictures" / "one"
        folder.mkdir(parents=True)
        for i in range(n):
            picture = Image.fromarray(rng.integers(256, size=(28, 28), dtype=np.uint8))
            picture.save(folder / f"{i:05}.png", compress_level=0)
        data, out = f"folder:{folder.parent}", f"{home}/run"
        asked = ["train", "vae", "--data", data, "--out", out, "--steps", "300"]
        command = [sys.executable, "-c", PEAK, *asked]
        said = subprocess.run(command, capture_output=True, text=True, check=True)
        return int(said.stdout.split()[-1]) / 1024
