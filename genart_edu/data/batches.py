"""Endless batches: tuples of what a trainer's `step` takes, (x,) or (x, labels).

Their place in the data is part of a run's state: `state_dict` holds it.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from genart_edu.data import catalogue
from genart_edu.data.densities import Density
from genart_edu.data.images import Images


class ImageBatches(Iterator[tuple[Tensor, ...]]):
    """Batches of x (B, D) in [0, 1] from images that lie as uint8 on their device.

    Each epoch is a new permutation; a rest smaller than a batch is left out of that epoch.
    uint8 is a quarter of the memory, and turning 64 rows into floats costs microseconds.
    labels: whether each batch has its labels (B,) beside x.
    """

    settings: tuple[str, ...] = ()  # what can change while a run lives

    def __init__(self, images: Images, batch_size: int, rng: torch.Generator, labels: bool = False):
        n = len(images)
        if not 1 <= batch_size <= n:
            raise ValueError(f"batch_size must be from 1 to {n} (all images); got {batch_size}.")
        if labels and images.labels is None:
            raise ValueError("labels were asked for, but these images have none.")
        self.images, self.batch_size, self.rng = images, batch_size, rng
        self.labels = images.labels if labels else None
        self._shuffle()

    def _shuffle(self) -> None:
        self._rng_before = self.rng.get_state()  # 5 kB say as much as the permutation itself
        self._order = torch.randperm(len(self.images), generator=self.rng, device=self.rng.device)
        self._next = 0

    def __next__(self) -> tuple[Tensor, ...]:
        if self._next + self.batch_size > len(self.images):
            self._shuffle()
        index = self._order[self._next : self._next + self.batch_size]
        self._next += self.batch_size
        x = self.images.x(index)
        return (x,) if self.labels is None else (x, self.labels[index])

    def state_dict(self) -> dict[str, Any]:
        return {"rng": self._rng_before, "next": self._next}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.rng.set_state(state["rng"])
        self._shuffle()
        self._next = state["next"]


class DensityBatches(Iterator[tuple[Tensor]]):
    """Batches of x (B, 2) drawn afresh from a density that we know: data that never runs out.

    data: the density's name; another one, set while a run lives, is loaded onto the same device.
    """

    settings: tuple[str, ...] = ("data",)

    def __init__(self, density: Density, batch_size: int, rng: torch.Generator):
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1; got {batch_size}.")
        self.density, self.batch_size, self.rng = density, batch_size, rng
        self._first = density  # it may be one's own, which the catalogue does not know

    @property
    def data(self) -> str:
        return self.density.name

    @data.setter
    def data(self, name: str) -> None:
        first = self._first
        found = first if name == first.name else catalogue.density(name)
        self.density = found.to(first.means.device)

    def __next__(self) -> tuple[Tensor]:
        return (self.density.sample(self.batch_size, self.rng),)

    def state_dict(self) -> dict[str, Any]:
        return {"rng": self.rng.get_state(), "data": self.data}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.data = state.get("data", self.data)  # a checkpoint of before has none
        self.rng.set_state(state["rng"])


class SeedBatches(Iterator[tuple[Tensor, ...]]):
    """Batches for S networks that train as one, to each its own: (S, B, ...) of S B in a row."""

    def __init__(self, batches: ImageBatches | DensityBatches, seeds: int):
        if seeds < 1 or batches.batch_size % seeds:
            raise ValueError(f"{batches.batch_size} examples can't be shared by {seeds} seeds.")
        self.batches, self.seeds, self.batch_size = batches, seeds, batches.batch_size
        self.settings = batches.settings
        # its place is theirs
        self.state_dict, self.load_state_dict = batches.state_dict, batches.load_state_dict

    @property
    def data(self) -> str:
        return self.batches.data  # type: ignore[union-attr]  # for whom it is a setting

    @data.setter
    def data(self, name: str) -> None:
        self.batches.data = name  # type: ignore[union-attr]

    def __next__(self) -> tuple[Tensor, ...]:
        return tuple(part.unflatten(0, (self.seeds, -1)) for part in next(self.batches))
