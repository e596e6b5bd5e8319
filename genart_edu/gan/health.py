"""What ails a GAN, read from its numbers: a name for it, and the evidence in one sentence.

The losses alone can't tell: a discriminator that is at a loss may face a perfect generator, or one
that has collapsed and jumps about faster than it can follow.
"""

from typing import NamedTuple

import numpy as np

# Rules of thumb.  Each border stands in a gap between runs on the ring, on moons and on digits, of
# five objectives, seeds 0 to 3, looked at every 125 steps from 1,500 on.  Other seeds after that:
# by default 71 of 72 looks are healthy; with G still, or 100 times slower than D, 108 of 108 won by
# D; with D too slow (beta1 .9, a fifth of G's rate) 33 of 36 collapsed, and 3 oscillating.
# Lower rates make all slower than these numbers of steps allow for.
START, WINDOW = 500, 1_000  # steps: what happens while the fakes find the data is no verdict
MEAN_OF = 10  # steps: the fastest swing that was seen, of a Wasserstein loss, takes 60
SLOW, TURNS = 0.8, 4  # D too slow, or a Wasserstein loss without a cure: .86 to .98; steady: to .72
TOLD = 0.95  # won: .96 to 1; others that are steady and have few good fakes: to .93
ALIKE = 0.5  # D too slow: mostly .02 to .5; a GAN that covers the data: .8 and more
FEW, MOST = 0.5, 0.8  # digits by default: .85 and more; without R1 .46 to .66, and beta1 .9: to .42
GOOD = 0.5  # won: to .07; the ring at its best .9


class Health(NamedTuple):
    """name: "healthy", "learning", "collapsed", "oscillating", "discriminator won", "too early to
    tell" or "can't tell".  evidence: the numbers that say so, in one sentence."""

    name: str
    evidence: str


class Swings(NamedTuple):
    """How a loss moved in its last WINDOW steps.

    slow: the share of its variance that means of MEAN_OF steps in a row still have.  Independent
    noise keeps 1 / MEAN_OF of it, however strong it is; a slow motion nearly all.  turns: how often
    these means went from half their std above the middle to half below, or back.  A loss that just
    falls turns once, one that swings again and again: only both numbers together tell a swing from
    noise and from learning.  A swing of less than 2 MEAN_OF steps passes for noise, and one of
    more than WINDOW / 2 for learning.  The rule is our own.
    """

    slow: float
    turns: int


def swings(loss: np.ndarray) -> Swings:
    """loss (N,), of WINDOW steps or more, the newest last."""
    loss = loss[-WINDOW:]
    means = loss.reshape(-1, MEAN_OF).mean(-1)
    away = means - means.mean()
    side = np.sign(away[abs(away) > means.std() / 2])
    return Swings(float(means.var() / max(loss.var(), 1e-30)), int((np.diff(side) != 0).sum()))


def health(
    discriminator_loss: np.ndarray, *, covered: float, good: float, told: float, spread: float
) -> Health:
    """The state of a GAN from the discriminator's losses (N,), a step each, and four numbers now.

    covered: the share of the modes, or of held-out pictures (coverage), that are found.  good: the
    share of the fakes of high quality (precision).  told: in which share of pairs the discriminator
    rates a real above a fake, `metrics.more_often` of its logits; all five objectives know it.
    spread: `metrics.spread`, how wide the fakes lie beside the data.

    The first that fits counts.  The borders are rules of thumb, and a loss also swings if somebody
    changed a setting in the last WINDOW steps.
    """
    steps = len(discriminator_loss)
    if steps < START + WINDOW:
        return Health("too early to tell", f"it takes {START + WINDOW:,} steps on the same data.")
    slow, turns = swings(discriminator_loss)
    swinging = slow > SLOW and turns >= TURNS
    swing = f"the discriminator's loss turned {turns} times in {WINDOW:,} steps"
    found = f"{covered:.0%} of the data are covered and {good:.0%} of the fakes are good"
    wide = f"spread {spread:.2f} times as wide as the data"
    lost = f"the discriminator rates a real above a fake in {told:.0%} of pairs"
    if told > TOLD and good < GOOD and not swinging:
        return Health("discriminator won", f"{lost}, and {good:.0%} of the fakes are good.")
    if covered < FEW and (good >= GOOD or spread < ALIKE):
        more = f"; {swing}" if swinging else ""
        return Health("collapsed", f"{found}, which {wide}{more}.")
    if swinging:
        noise = f"{slow:.0%} of its variance is slow, where noise has {1 / MEAN_OF:.0%}"
        return Health("oscillating", f"{swing}, and {noise}; {found}.")
    if covered >= MOST and good >= GOOD:
        return Health("healthy", f"{found}; {lost}.")
    if covered >= FEW:
        return Health("learning", f"{found}: more than a collapse has, and not all.")
    return Health("can't tell", f"{found}, which {wide}; {lost}: that is none of the five.")
