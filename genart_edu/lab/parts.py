"""What a run is made of: the parts it asks for, the events and errors it knows."""

from collections.abc import Iterator
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
    """What a run asks of its data."""

    def __next__(self) -> tuple[Tensor, ...]: ...
    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state: dict[str, Any], /) -> None: ...


class Event(NamedTuple):
    """Something done to a living run after `step` steps: a setting changed, a half step pressed."""

    step: int
    name: str
    value: float


class NotFinite(ArithmeticError):
    """A step gave a number that is not finite.  It was undone: the run stands before it."""

    def __init__(self, step: int, what: str) -> None:
        super().__init__(f"Step {step:,} was not finite in {what}; the run stands before it.")
        self.step = step


def fields(record: tuple[Tensor, ...]) -> dict[str, Tensor]:
    """A record's numbers by their names."""
    return record._asdict()  # type: ignore[attr-defined]  # records are NamedTuples


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
