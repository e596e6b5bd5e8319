"""A run: a trainer played over batches, with nothing lost: it can be rewound and forked.

Run knows nothing of VAEs or GANs: see `Trainer` in lab/machine.py for what it asks of both.
"""

import copy
import math
from collections.abc import Iterator
from numbers import Integral
from types import SimpleNamespace
from typing import Any

import numpy as np

from genart_edu.lab.compare import Comparison, compare
from genart_edu.lab.history import History
from genart_edu.lab.machine import Batches, Machine, Trainer
from genart_edu.lab.memory import Memory
from genart_edu.lab.parts import Event, NotFinite, all_finite, broken


class Run:
    """Plays `trainer` over `batches`.  Its state is theirs, the step and the events.

    >>> for record in run.play(2_000, every=50):
    ...     print(record.step, record.kl)
    >>> run.rewind(500)
    >>> other = run.fork(lr=1e-4)

    memory: key states, from which any step is computed again.  log, tape: records and events, those
    ahead of a run that was rewound, too.  parent, forked_at: whom a fork left, and at which step.
    """

    key_every = 100  # steps; what an interrupt or a bad step can cost to compute again

    def __init__(self, trainer: Trainer, batches: Batches, memory: Memory | None = None) -> None:
        self.trainer, self.batches, self.memory = trainer, batches, memory or Memory()
        self.tape: list[Event] = []
        self.parent: Run | None = None
        self.forked_at = 0
        self._machine, self.log = Machine(trainer, batches, self.memory), History()

    @property
    def step(self) -> int:
        """Steps made so far, or to where it was rewound."""
        return self.log.at + len(self.log.unread)

    @property
    def end(self) -> int:
        """The last step that it was ever at: where it was rewound from."""
        return max(self.step, len(self.log))

    @property
    def events(self) -> list[Event]:
        """What was done to it up to here."""
        return [event for event in self.tape if event.step <= self.step]

    @property
    def history(self) -> dict[str, np.ndarray]:
        """`step` and every field of the trainer's record, an array each, up to here."""
        if not self.log.read():
            self._undo_first_bad_step()
        return self.log.arrays()

    def play(self, steps: int, every: int = 1) -> Iterator[SimpleNamespace]:
        """Make `steps` steps; yield the record, in plain floats, of the last one and of every step
        whose number is a multiple of `every`.

        Leave the loop when you like: every step made is kept.  Raises NotFinite: see there.
        """
        if every < 1:
            raise ValueError(f"every must be at least 1; got {every}.")
        last = self.step + steps
        while self.step < last:
            self.advance()
            if self.step % every == 0 or self.step == last:
                yield SimpleNamespace(**{name: c[-1].tolist() for name, c in self.history.items()})
        self.settle()  # the last update may have broken the weights, which no record shows

    def advance(self) -> None:
        """One step, with what was done after it if it was rewound.  What it reported stays on the
        device until somebody asks."""
        self._mend()
        self._keep_if_due()
        self._machine.torn = True
        self.log.unread.append(self._machine.make("step"))  # `append` makes the step count
        self._machine.repeat(self.tape, self.step)
        self._machine.torn = False

    def set(self, **settings: float | str) -> None:
        """Change settings from the next step on, e.g. `run.set(lr=1e-4)`: events at this step.
        Here and in `half_step`, what lay ahead is forgotten; a `fork` leaves it alone."""
        changes = self._machine.check(settings)
        if changes:
            self._begin_event()
            self._machine.change(changes)
            self._end_event(changes)

    def half_step(self, name: str) -> float:
        """One half of a step, e.g. `run.half_step("discriminator_step")`.  -> its loss.

        An event: it takes a batch, and the step counter stands still.
        """
        self._machine.check_offered(name, self.trainer.half_steps)
        self._begin_event()
        value = float(self._machine.make(name).mean())  # of S networks that train as one
        if not (math.isfinite(value) and all_finite(self.trainer.state_dict())):
            self._mend()
            raise NotFinite(self.step + 1, name.replace("_", " "))
        self._end_event({name: value})
        return value

    def rewind(self, step: int) -> None:
        """Stand as it stood after `step` steps, and after what was done there: on a CPU to the bit.

        What came later lies ahead: play on, and it comes again.  ValueError for a step that it was
        never at.  Interrupted, it stands where it stood.
        """
        if not (isinstance(step, Integral) and 0 <= step <= self.end):
            raise ValueError(f"step must be from 0 to {self.end:,}, where it was; got {step}.")
        self.settle()
        self._keep_if_due()
        self._machine.go_to(int(step), self.tape)
        self.log.at = int(step)

    def fork(self, **settings: float | str) -> "Run":
        """Another run from here on, with these settings changed.  This one stays as it is."""
        self.settle()
        self._machine.keep(self.step, len(self.events), marked=True)
        trainer, batches = copy.deepcopy((self.trainer, self.batches))  # they may share one rng
        other = type(self)(trainer, batches, self.memory.fork(self.step))
        other.parent, other.forked_at, other.tape = self, self.step, self.events
        other.log.extend(self.log.names, self.log.rows())
        if settings:
            other.set(**settings)
        return other

    def compare(self, other: "Run") -> Comparison:
        """Where two runs part, and what became of each."""
        return compare(self, other)

    def settle(self) -> None:
        """Before one looks at the models: mend a torn step; NotFinite if the weights are not."""
        self._mend()
        if not (self.log.read() and all_finite(self.trainer.state_dict())):
            self._undo_first_bad_step()

    def state_dict(self) -> dict[str, Any]:
        """A copy of all that decides the steps to come."""
        self.settle()
        return copy.deepcopy(self._machine.state())

    def resume(self, state: Any, log: History, tape: list[Event], keys: dict[int, bytes]) -> None:
        """Stand where another run stood: its state, its log and events, its key states."""
        self._machine.load(copy.deepcopy(state))  # optimisers keep the tensors that they load
        self._machine.torn, self.log, self.tape = False, log, list(tape)
        self.memory.forget(after=-1)
        for step, key in keys.items():
            self.memory.keep(step, key)
        self._machine.keep(self.step, len(self.events))

    def _keep_if_due(self) -> None:
        if self.step % self.key_every == 0 and self.step not in self.memory:
            self.settle()
            self._machine.keep(self.step, len(self.events))

    def _begin_event(self) -> None:
        """From here on an exception leads back to how things stand now."""
        self.settle()
        self._keep_if_due()
        self._machine.torn = True

    def _end_event(self, done: dict[str, float | str]) -> None:
        """Forget what lay ahead, and let it count."""
        self.log.cut(self.step)
        self.memory.forget(after=self.step)
        self.tape[len(self.events) :] = [Event(self.step, *each) for each in done.items()]
        self._machine.keep(self.step, len(self.tape), marked=True)
        self._machine.torn = False

    def _mend(self) -> None:
        if self._machine.torn:
            self._machine.go_to(self.step, self.tape)

    def _undo_first_bad_step(self) -> None:
        """Play on from a key state, looking at every step; stand before the bad one and say so."""
        if not self.memory.states:
            raise ValueError("The weights were not finite before the first step.")
        start, good, what = self.memory.nearest(self.step)[0], [], ""
        for record in self._machine.replay(self.step, self.tape):
            what = broken(record, self.trainer.state_dict())
            if what:
                break
            good.append(record)
        self.log.cut(start)
        self.log.unread = good
        del self.tape[len(self.events) :]
        self._mend()
        raise NotFinite(self.step + 1, what.replace("_", " "))
