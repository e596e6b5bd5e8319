"""Images: all of a data set as one uint8 tensor, with its labels.  And the digits that come along.

uint8 takes a quarter of the memory of floats, so a whole data set lies on the device, ready.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Images:
    """N pictures of one shape, and what they show where that is known."""

    pixels: Tensor  # (N, C, H, W) uint8, from 0 (black) to white
    labels: Tensor | None = None  # (N,) int64, the class of each
    names: tuple[str, ...] = ()  # the name of each class
    white: int = 255  # the pixel value that means 1.0

    def __post_init__(self) -> None:
        if self.pixels.dtype != torch.uint8 or self.pixels.ndim != 4:
            got = f"{self.pixels.dtype} of shape {tuple(self.pixels.shape)}"
            raise ValueError(f"pixels must be uint8 of shape (N, C, H, W); got {got}.")
        if len(self) and self.pixels.max() > self.white:
            most = f"at most {self.white} (white)"
            raise ValueError(f"pixels must be {most}; got {self.pixels.max()}.")
        labels, last = self.labels, len(self.names) - 1
        if labels is None:
            return
        if labels.shape != self.pixels.shape[:1]:
            raise ValueError(f"{len(self)} images need as many labels; got {len(labels)}.")
        if labels.dtype != torch.int64:
            raise ValueError(f"labels must be int64; got {labels.dtype}.")
        if len(labels) and not (labels.min() >= 0 and labels.max() <= last):
            got = f"got {labels.min()} to {labels.max()}"
            raise ValueError(f"labels must be from 0 to {last}, the place of a name; {got}.")

    def __deepcopy__(self, _: object) -> Self:
        return self  # nobody changes them: the runs that fork share one set

    @classmethod
    def of(cls, x: Tensor, labels: Tensor | None = None, names: tuple[str, ...] = ()) -> Self:
        """Pictures of your own: x (N, C, H, W), floats in [0, 1]; kept with 8 bits a pixel.

        names: of the classes; by default "0", "1", ... as far as the labels go.
        """
        if not x.isfinite().all():
            raise ValueError(f"x must be finite; {int((~x.isfinite()).sum())} numbers are not.")
        if x.numel() and not (x.min() >= 0 and x.max() <= 1):
            raise ValueError(f"x must lie in [0, 1]; got {x.min():g} to {x.max():g}.")
        if labels is not None and len(labels) and not names:
            names = tuple(map(str, range(int(labels.max()) + 1)))
        return cls((255 * x).round().to(torch.uint8), labels, names)

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one picture."""
        channels, height, width = self.pixels.shape[1:]
        return channels, height, width

    @property
    def data_dim(self) -> int:
        """D = C H W: how many numbers a flat picture has."""
        return self.pixels[:1].numel()

    def x(self, index: slice | Tensor = slice(None)) -> Tensor:
        """What a model sees: the pictures at `index`, flat float32 in [0, 1], (B, D).

        index: a slice, or the places (B,) int64; all pictures if there is none.
        """
        if isinstance(index, slice):
            rows = self.pixels[index]
        else:
            rows = self.pixels.index_select(0, index.to(self.pixels.device))
        return rows.flatten(1).float().div_(self.white)

    def to(self, device: torch.device | str) -> Self:
        """The same images on another device."""
        return self._map(lambda tensor: tensor.to(device))

    def split(self, n_train: int) -> tuple[Self, Self]:
        """(train, test): n_train images and the rest, shuffled once in a way that never changes."""
        if not 1 <= n_train < len(self):
            must = f"must leave something on both sides of {len(self)} images"
            raise ValueError(f"n_train {must}; got {n_train}.")
        order = torch.randperm(len(self), generator=torch.Generator().manual_seed(0))
        order = order.to(self.pixels.device)
        train, test = order[:n_train], order[n_train:]
        return self._map(lambda tensor: tensor[train]), self._map(lambda tensor: tensor[test])

    def _map(self, change: Callable[[Tensor], Tensor]) -> Self:
        labels = None if self.labels is None else change(self.labels)
        changed = copy.copy(self)  # not a new one: what was checked need not be checked again
        vars(changed).update(pixels=change(self.pixels), labels=labels)
        return changed


def digits(grey: bool = False) -> Images:
    """1,797 handwritten digits of 8x8 pixels.  They come with the package: see digits.LICENSE.md.

    Pixels are 0 or 1 (1 where the ink is over 8 of 16), as a Bernoulli decoder wants them;
    with `grey` they are the counts from 0 to 16 themselves.
    """
    with np.load(Path(__file__).with_name("digits.npz"), allow_pickle=False) as file:
        ink, labels = torch.from_numpy(file["pixels"]), torch.from_numpy(file["labels"])
    pixels, white = (ink, 16) if grey else ((ink > 8).to(torch.uint8), 1)  # (N, 8, 8)
    return Images(pixels.unsqueeze(1), labels.long(), tuple("0123456789"), white)
