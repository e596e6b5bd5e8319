"""Two runs compared: where they part, and what became of each."""

from itertools import zip_longest
from typing import Any, NamedTuple

import numpy as np

from genart_edu.lab.parts import Event

LAST = 100  # steps of which a mean is taken: one batch says little


class Comparison(NamedTuple):
    """What `compare` found.

    parted: the last step after which both stood alike.  ours, theirs: what was done to each from
    there on.  step: the last that both have made.  means: of each number over the last LAST steps
    up to that: ours and theirs.
    """

    parted: int
    ours: list[Event]
    theirs: list[Event]
    step: int
    means: dict[str, tuple[float, float]]

    def __str__(self) -> str:
        done = f"To this run: {_told(self.ours)}; to the other: {_told(self.theirs)}."
        means = (f"{n.replace('_', ' ')} {a:.3g}, {b:.3g}" for n, (a, b) in self.means.items())
        found = f"Up to step {self.step:,}, this run, the other: {'; '.join(means) or 'nothing'}."
        return f"Alike up to step {self.parted:,}.  {done}  {found}"


def compare(run: Any, other: Any) -> Comparison:
    """Where two runs part, as far as both stand: one that was rewound, up to there.

    ValueError, in one sentence, if they do not report the same.
    """
    ours, theirs = run.history, other.history
    if run.step and other.step and ours.keys() != theirs.keys():
        kinds = " and ".join(", ".join([*each][1:]) for each in (ours, theirs))
        raise ValueError(f"Only runs that report the same can be compared; these report {kinds}.")
    step = min(run.step, other.step)
    names = [name for name in ours if name != "step"] if step else []
    same = np.ones(step, dtype=bool)
    for name in names:
        same &= (ours[name][:step] == theirs[name][:step]).reshape(step, -1).all(axis=1)
    parted = step if same.all() else int(same.argmin())
    for pair in zip_longest(run.events, other.events):
        if pair[0] != pair[1]:
            parted = min(parted, *(event.step for event in pair if event))
            break
    done = [[event for event in each.events if event.step >= parted] for each in (run, other)]
    since = max(0, step - LAST)
    means = {n: (ours[n][since:step].mean(), theirs[n][since:step].mean()) for n in names}
    return Comparison(parted, done[0], done[1], step, means)


def _told(events: list[Event]) -> str:
    return ", ".join(f"{event.words} at {event.step:,}" for event in events) or "nothing"
