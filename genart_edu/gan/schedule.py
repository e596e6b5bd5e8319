"""Learning rates over a run: steps made so far -> share of the rate that one has set."""

import math


def constant(step: int) -> float:
    """The learning rates as they are, for ever: what a live run needs, which has no horizon."""
    return 1.0


def cosine(step: int, steps: int) -> float:
    """Share of the learning rates before step 0, 1, ...: half a wave from 1 to 0 in `steps`.

    Loshchilov & Hutter 2017, arXiv:1608.03983, eq. 5 without restarts.
    """
    return 0.5 + 0.5 * math.cos(math.pi * min(step / steps, 1))
