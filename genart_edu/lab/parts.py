"""What a run tells of: events, errors, and what is not finite in a record or a state."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor

# What people call a setting, where it is not its name.
WORDS = {"lr": "learning rate", "discriminator_lr": "discriminator's rate", "beta": "β", "r1": "R1"}


class Event(NamedTuple):
    """Something done to a living run after `step` steps: a setting changed, a half step pressed,
    a target redrawn.  value: the setting's, or the loss of a half step."""

    step: int
    name: str
    value: float | str

    @property
    def words(self) -> str:
        """In short, e.g. "learning rate 0.0001", "generator step", "data drawn"."""
        what = WORDS.get(self.name, self.name.replace("_", " "))
        if isinstance(self.value, str):
            return f"{what} {self.value.partition(':')[0]}"
        return what if what.endswith(" step") else f"{what} {self.value:g}"


class NotFinite(ArithmeticError):
    """A step gave a number that is not finite.  It was undone: the run stands before it."""

    def __init__(self, step: int, what: str) -> None:
        super().__init__(f"Step {step:,} was not finite in {what}; the run stands before it.")
        self.step, self.what = step, what


def fields(record: tuple[Tensor, ...]) -> dict[str, Tensor]:
    """A record's numbers by their names."""
    return record._asdict()  # type: ignore[attr-defined]  # records are NamedTuples


def broken(record: tuple[Tensor, ...], state: Any) -> str:
    """What is not finite in a step's record, or in the weights after it; "" if all is well."""
    bad = [name for name, v in fields(record).items() if not v.isfinite().all()]
    return ", ".join(bad) or ("" if all_finite(state) else "weights")


def all_finite(state: Any) -> bool:
    """Whether every float tensor in a nested state is finite: one wait for the device."""
    # 0 times what is not finite is nan, which counts as true.
    flags = [t.mul(0).any() for t in _tensors(state) if t.is_floating_point()]
    return not (flags and torch.stack(flags).any())


def _tensors(state: Any) -> Iterator[Tensor]:
    """Every tensor in a nested dict or list."""
    if isinstance(state, Tensor):
        yield state
    elif isinstance(state, dict | list | tuple):
        for value in state.values() if isinstance(state, dict) else state:
            yield from _tensors(value)
