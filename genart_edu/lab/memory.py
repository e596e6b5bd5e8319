"""The memory of a time machine: key states of a run, within a budget of bytes.

What lies between two key states is computed again from the one before.
"""

import weakref
from collections.abc import Iterator

BUDGET = 64_000_000  # bytes
MARKED = 10  # how many times more a gap counts


class Memory:
    """Key states of one run by step, each as the bytes that `lab/packed.py` makes of it.

    budget: bytes, for a run with all its forks, which share what they have in common.  When there
    are more, that state leaves whose neighbours are nearest to each other: the others stay evenly
    spread.  Where something was done to the run a state is marked, and its gap counts tenfold: it
    stays, unless many were marked in a row.  The first and the last state of each run stay, however
    small the budget is.
    """

    def __init__(self, budget: int = BUDGET) -> None:
        self._budget = [budget]  # shared, as the family
        self._states: dict[int, bytes] = {}  # in the order of their steps
        self._marked: set[int] = set()
        self._family = weakref.WeakSet([self])  # with all forks that are still in use

    def __contains__(self, step: int) -> bool:
        return step in self._states

    @property
    def budget(self) -> int:
        return self._budget[0]

    @budget.setter
    def budget(self, most: int) -> None:
        self._budget[0] = most

    @property
    def states(self) -> dict[int, bytes]:
        """What is kept, by step, ascending."""
        return dict(self._states)

    @property
    def size(self) -> int:
        """Bytes of all that is kept of a run and its forks."""
        kept = {id(x): len(x) for each in self._family for x in each._states.values()}
        return sum(kept.values())

    def keep(self, step: int, state: bytes, marked: bool = False) -> None:
        """Keep the state after `step` steps; of one step only the last that was given."""
        self._states[step] = state
        self._states = dict(sorted(self._states.items()))
        if marked:
            self._marked.add(step)
        while self.size > self.budget and (gaps := [*self._gaps()]):
            _, memory, leaves = min(gaps, key=lambda gap: gap[0])
            memory._drop(leaves)

    def nearest(self, step: int) -> tuple[int, bytes]:
        """The last state at or before `step`, and its step.  ValueError if there is none."""
        before = [each for each in self._states if each <= step]
        if not before:
            raise ValueError(f"No state is kept of step {step:,} or of any before.")
        return before[-1], self._states[before[-1]]

    def forget(self, after: int) -> None:
        """Forget all states of later steps."""
        for step in [step for step in self._states if step > after]:
            self._drop(step)

    def _drop(self, step: int) -> None:
        del self._states[step]
        self._marked.discard(step)

    def fork(self, step: int) -> "Memory":
        """The memory of a run that leaves this one at `step`: what lies behind is shared."""
        other = Memory()
        other._states, other._marked = dict(self._states), set(self._marked)
        other.forget(after=step)
        other._family, other._budget = self._family, self._budget
        self._family.add(other)
        return other

    def _gaps(self) -> Iterator[tuple[int, "Memory", int]]:
        """Of each state that may leave: the gap that it would leave, whose it is, its step."""
        for each in self._family:
            steps = [*each._states]
            for before, step, after in zip(steps, steps[1:], steps[2:], strict=False):
                yield (after - before) * (MARKED if step in each._marked else 1), each, step
