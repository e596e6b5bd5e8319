"""What a run drives: a trainer over batches, and the way back to any of its steps."""

import math
from collections.abc import Iterable, Iterator
from numbers import Real
from typing import Any, Protocol

import torch
from torch import Tensor

from genart_edu.lab.memory import Memory
from genart_edu.lab.packed import from_bytes, to_bytes
from genart_edu.lab.parts import Event


class Trainer(Protocol):
    """What a run asks of a trainer.  `step` takes what the batches hold: x, or x and labels."""

    @property
    def settings(self) -> tuple[str, ...]: ...
    @property
    def half_steps(self) -> tuple[str, ...]: ...
    def step(self, x: Tensor, /) -> tuple[Tensor, ...]: ...
    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state: dict[str, Any], /) -> None: ...


class Batches(Protocol):
    """What a run asks of its data.  settings: what of it can change while the run lives."""

    @property
    def settings(self) -> tuple[str, ...]: ...
    def __next__(self) -> tuple[Tensor, ...]: ...
    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state: dict[str, Any], /) -> None: ...


class Machine:
    """A trainer, the batches that it learns from, and key states of both.

    torn: an exception fell into the middle of something; `go_to` mends it.
    """

    def __init__(self, trainer: Trainer, batches: Batches, memory: Memory) -> None:
        self.trainer, self.batches, self.memory = trainer, batches, memory
        self.torn = False

    def make(self, name: str) -> Any:
        """A step, or half of one, on the next batch."""
        with torch.enable_grad():  # an interrupt inside torch can leave it switched off
            return getattr(self.trainer, name)(*next(self.batches))

    def repeat(self, events: list[Event], step: int) -> None:
        """Do again what was done after `step` steps.  events: ascending."""
        if not events or events[-1].step < step:
            return
        for _, name, value in (event for event in events if event.step == step):
            if name in self.trainer.half_steps:
                self.make(name)
            else:
                self.change(self.check({name: value}))

    def keep(self, step: int, done: int, marked: bool = False) -> None:
        """Keep a key state: after `step` steps and the first `done` events."""
        self.memory.keep(step, to_bytes(self.state() | {"events": done}), marked)

    def go_to(self, step: int, events: list[Event]) -> None:
        """To the state after `step` steps, and after what was done there."""
        for _ in self.replay(step, events):
            pass
        self.torn = False

    def replay(self, last: int, events: list[Event]) -> Iterator[tuple[Tensor, ...]]:
        """From the nearest key state, make every step to the last again, and what was done: on a
        CPU to the bit.  Yields the record of each step, before what was done after it."""
        start, key = self.memory.nearest(last)
        state = from_bytes(key)
        self.torn = True
        self.load(state)
        for step in range(start, last + 1):
            if step > start:
                yield self.make("step")
            self.repeat(events[state["events"] :], step)

    def check(self, settings: dict[str, Any]) -> dict[str, float | str]:
        """Settings that can be set: a trainer's are finite numbers, those of batches are theirs to
        check.  ValueError, in one sentence, for others."""
        found: dict[str, float | str] = {}
        for name, value in settings.items():
            self.check_offered(name, (*self.trainer.settings, *self.batches.settings))
            if name in self.batches.settings:
                found[name] = value
            elif isinstance(value, Real) and 0 <= float(value) < math.inf:
                found[name] = float(value)
            else:
                raise ValueError(f"{name} must be a finite number of at least 0; got {value}.")
        return found

    def change(self, settings: dict[str, float | str]) -> None:
        for name, value in settings.items():
            setattr(self.batches if name in self.batches.settings else self.trainer, name, value)

    def check_offered(self, name: str, offered: Iterable[str]) -> None:
        """ValueError, in one sentence, for a setting or a half step that there is not."""
        if name not in offered:
            offers = ", ".join(offered) or "nothing of this kind"
            raise ValueError(f"{type(self.trainer).__name__} offers {offers}; got {name!r}.")

    def state(self) -> dict[str, Any]:
        """Not a copy: it changes with the next step."""
        return {"trainer": self.trainer.state_dict(), "batches": self.batches.state_dict()}

    def load(self, state: dict[str, Any]) -> None:
        """Its tensors become the trainer's own."""
        self.batches.load_state_dict(state["batches"])
        self.trainer.load_state_dict(state["trainer"])  # last: they may share one rng, ours
