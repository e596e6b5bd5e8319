"""What a run is made of: the parts it asks for, the events and errors it knows."""

import math
from collections.abc import Iterable, Iterator
from numbers import Real
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor


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


class Event(NamedTuple):
    """Something done to a living run after `step` steps: a setting changed, a half step pressed,
    a target redrawn.  value: the setting's, or the loss of a half step."""

    step: int
    name: str
    value: float | str


class NotFinite(ArithmeticError):
    """A step gave a number that is not finite.  It was undone: the run stands before it."""

    def __init__(self, step: int, what: str) -> None:
        super().__init__(f"Step {step:,} was not finite in {what}; the run stands before it.")
        self.step = step


def check_offered(trainer: Trainer, name: str, offered: Iterable[str]) -> None:
    """ValueError, in one sentence, for a setting or a half step that there is not."""
    if name not in offered:
        offers = ", ".join(offered) or "nothing of this kind"
        raise ValueError(f"{type(trainer).__name__} offers {offers}; got {name!r}.")


def to_set(
    trainer: Trainer, batches: Batches, settings: dict[str, Any]
) -> list[tuple[Trainer | Batches, str, float | str]]:
    """Whose each setting is, its name and its value: a trainer's are numbers, those of batches are
    theirs to check.  ValueError, in one sentence, for what can't be set."""
    found: list[tuple[Trainer | Batches, str, float | str]] = []
    for name, value in settings.items():
        check_offered(trainer, name, (*trainer.settings, *batches.settings))
        if name in batches.settings:
            found.append((batches, name, value))
        elif isinstance(value, Real) and 0 <= float(value) < math.inf:
            found.append((trainer, name, float(value)))
        else:
            raise ValueError(f"{name} must be a finite number of at least 0; got {value}.")
    return found


def fields(record: tuple[Tensor, ...]) -> dict[str, Tensor]:
    """A record's numbers by their names."""
    return record._asdict()  # type: ignore[attr-defined]  # records are NamedTuples


def broken(record: tuple[Tensor, ...], state: Any) -> str:
    """What is not finite in a step's record, or in the weights after it; "" if all is well."""
    bad = [name for name, v in fields(record).items() if not v.isfinite().all()]
    return ", ".join(bad) or ("" if all_finite(state) else "weights")


def all_finite(state: Any) -> bool:
    """Whether every float tensor in a nested state is finite: one wait for the device."""
    flags = [t.isfinite().all() for t in _tensors(state) if t.is_floating_point()]
    return bool(torch.stack(flags).all()) if flags else True


def _tensors(state: Any) -> Iterator[Tensor]:
    """Every tensor in a nested dict or list."""
    if isinstance(state, Tensor):
        yield state
    elif isinstance(state, dict | list | tuple):
        for value in state.values() if isinstance(state, dict) else state:
            yield from _tensors(value)
