"""A run: a trainer played over batches, with its history kept and nothing lost.

Run knows a trainer's `step`, `state_dict`, `load_state_dict`, `settings` and `half_steps`, and
nothing of VAEs or GANs.
"""

import copy
import math
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from genart_edu.lab import parts
from genart_edu.lab.history import History
from genart_edu.lab.parts import Batches, Event, NotFinite, Trainer, all_finite


class Run:
    """Plays `trainer` over `batches`.  Its state is theirs, the step and the events.

    >>> for record in run.play(2_000, every=50):
    ...     print(record.step, record.kl)
    """

    snapshot_every = 100  # steps; what an interrupt or a bad step can cost to compute again

    def __init__(self, trainer: Trainer, batches: Batches) -> None:
        self.trainer, self.batches = trainer, batches
        self.events: list[Event] = []
        self._history = History()
        self._unread: list[tuple[Tensor, ...]] = []  # records that still lie on the device
        self._snapshot: tuple[int, dict[str, Any]] | None = None
        self._torn = False  # an exception fell into the middle of a step

    @property
    def step(self) -> int:
        """Steps made so far."""
        return len(self._history) + len(self._unread)

    @property
    def history(self) -> dict[str, np.ndarray]:
        """`step` and every field of the trainer's record, an array each."""
        self._read()
        return self._history.arrays()

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
        """One step.  What it reported stays on the device until somebody asks."""
        if self._snapshot is None or self.step - self._snapshot[0] >= self.snapshot_every:
            self._snapshot = (self.step, self.state_dict())
        elif self._torn:
            self._return_to(self.step)
        self._torn = True
        self._unread.append(self._make("step"))  # `append` makes the step count
        self._torn = False

    def set(self, **settings: float | str) -> None:
        """Change settings from the next step on, e.g. `run.set(lr=1e-4)`: events at this step."""
        changes = parts.to_set(self.trainer, self.batches, settings)
        self._begin_event()
        for owner, name, value in changes:
            setattr(owner, name, value)
        self._end_event([Event(self.step, name, value) for _, name, value in changes])

    def half_step(self, name: str) -> float:
        """One half of a step, e.g. `run.half_step("discriminator_step")`.  -> its loss.

        An event: it takes a batch, and the step counter stands still.
        """
        parts.check_offered(self.trainer, name, self.trainer.half_steps)
        self._begin_event()
        value = float(self._make(name).mean())  # of S networks that train as one
        if not (math.isfinite(value) and all_finite(self.trainer.state_dict())):
            self._return_to(self.step)
            raise NotFinite(self.step + 1, name.replace("_", " "))
        self._end_event([Event(self.step, name, value)])
        return value

    def settle(self) -> None:
        """Before one looks at the models: mend a torn step; NotFinite if the weights are not."""
        if self._torn:
            self._return_to(self.step)
        self._read()
        if not all_finite(self.trainer.state_dict()):
            self._undo_first_bad_step()

    def state_dict(self) -> dict[str, Any]:
        """A copy of all that decides the steps to come."""
        self.settle()
        both = {"trainer": self.trainer.state_dict(), "batches": self.batches.state_dict()}
        return copy.deepcopy(both)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Load what `state_dict` gave.  The history and the events stay as they are."""
        self._read()
        self.resume(state, self._history.names, self._history.rows(), self.events)

    @property
    def rows(self) -> np.ndarray:
        """The history as one array (step, fields), or (step, fields, S)."""
        self._read()
        return self._history.rows()

    def resume(
        self, state: dict[str, Any], names: tuple[str, ...], rows: np.ndarray, events: list[Event]
    ) -> None:
        """Stand where another run stood: its state, its history and its events."""
        self._load(state)
        self._history, self._unread = History(), []
        self._snapshot, self._torn = None, False
        if len(rows):
            self._history.extend(names, rows)
        self.events = list(events)

    def _make(self, name: str) -> Any:
        """A step, or half of one, on the next batch."""
        with torch.enable_grad():  # an interrupt inside torch can leave it switched off
            return getattr(self.trainer, name)(*next(self.batches))

    def _load(self, state: dict[str, Any]) -> None:
        state = copy.deepcopy(state)  # optimisers keep the tensors they load, and write there
        self.batches.load_state_dict(state["batches"])
        self.trainer.load_state_dict(state["trainer"])  # last: they may share one rng, ours

    def _begin_event(self) -> None:
        """From here on an exception leads back to how things stand now."""
        self._snapshot = (self.step, self.state_dict())
        self._torn = True

    def _end_event(self, events: list[Event]) -> None:
        self._snapshot, self._torn = None, False  # no snapshot can be played on past an event
        self.events.extend(events)

    def _read(self) -> None:
        """Move the records into the history: one wait for the device for all of them."""
        if not self._unread:
            return
        rows = torch.stack([torch.stack(record) for record in self._unread]).cpu().double().numpy()
        if not np.isfinite(rows).all():
            self._undo_first_bad_step()
        self._history.extend(tuple(parts.fields(self._unread[0])), rows)
        self._unread.clear()

    def _return_to(self, step: int) -> None:
        """Back to the state after `step` steps, by playing on from the snapshot, to the bit."""
        for _ in range(self._rewind(), step):
            self._make("step")
        self._torn = False

    def _rewind(self) -> int:
        """Load the snapshot, for the caller to play on from there.  -> its step."""
        if self._snapshot is None:
            raise ValueError("The weights were not finite before the first step.")
        self._torn = True
        self._load(self._snapshot[1])
        return self._snapshot[0]

    def _undo_first_bad_step(self) -> None:
        """Play on from the snapshot, looking at every step; stand before the bad one and say so."""
        start = self._rewind()
        good: list[tuple[Tensor, ...]] = []
        what = ""
        for _ in range(start, self.step):
            record = self._make("step")
            what = parts.broken(record, self.trainer.state_dict())
            if what:
                break
            good.append(record)
        self._history.cut(start)
        self._unread = good
        self._return_to(start + len(good))
        raise NotFinite(start + len(good) + 1, what.replace("_", " "))
