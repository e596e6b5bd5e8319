"""How long something takes, and how that is written: medians and quartiles of rounds in turns."""

import subprocess
import sys
import time
from collections.abc import Callable, Sequence

import numpy as np

Work = Callable[[], object]


def seconds(work: Work) -> float:
    """How long `work` takes, once."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def quartiles(found: Sequence[float] | np.ndarray, form: str = "{:.2f}") -> str:
    """The median, and the first and third quartile behind it."""
    low, middle, high = (form.format(x) for x in np.quantile(found, [0.25, 0.5, 0.75]))
    return f"{middle} ({low} to {high})"


def ratio(work: Work, against: Work, rounds: int) -> str:
    """How many times longer `work` takes, in rounds taken in turns."""
    return quartiles([seconds(work) / seconds(against) for _ in range(rounds)])


def milliseconds(work: Work, rounds: int) -> str:
    """How long `work` takes."""
    return f"{quartiles([1e3 * seconds(work) for _ in range(rounds)], '{:.1f}')} ms"


def python(code: str) -> Work:
    """A fresh Python that runs `code`."""
    return lambda: subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
