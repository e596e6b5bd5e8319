"""What a run has reported so far, as named arrays."""

import numpy as np
import torch
from torch import Tensor

from genart_edu.lab.parts import fields


class History:
    """Rows of numbers, one a step, in a buffer that doubles when it is full.

    at: how many of them lie behind; of a run that was rewound, the others lie ahead.
    unread: records of steps after `at`; they lie on the device until somebody asks.
    """

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()
        self.at = 0
        self.unread: list[tuple[Tensor, ...]] = []
        self._rows = np.empty((0, 0))
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def read(self) -> bool:
        """One wait for the device for all records.  False, and nothing done, if they hold what is
        not finite."""
        if self.unread:
            rows = torch.stack([torch.stack(record) for record in self.unread])
            found = rows.cpu().double().numpy()
            if not np.isfinite(found).all():
                return False
            self.extend(tuple(fields(self.unread[0])), found)
            self.unread.clear()
        return True

    def extend(self, names: tuple[str, ...], rows: np.ndarray) -> None:
        """rows (n, len(names)), or (n, len(names), S) where S seeds run as one.  What lies ahead
        is written anew."""
        end = self.at + len(rows)
        if self._length == 0:
            self.names, self._rows = names, np.empty((max(end, 256), *rows.shape[1:]))
        elif end > len(self._rows):
            spare = np.empty((end, *self._rows.shape[1:]))
            self._rows = np.concatenate([self._rows[: self._length], spare])
        self._rows[self.at : end] = rows
        self.at, self._length = end, max(end, self._length)

    def cut(self, length: int) -> None:
        """Forget every row after the first `length`."""
        length = min(length, self._length)
        rows = self._rows[:length].copy()  # somebody may still look at the others
        self._rows, self._length, self.at = rows, length, length

    def rows(self, whole: bool = False) -> np.ndarray:
        """What lies behind, or all that there is."""
        return self._rows[: self._length if whole else self.at]

    def arrays(self, whole: bool = False) -> dict[str, np.ndarray]:
        """`step` (n,), counted from 1, and each name's (n,) or (n, S)."""
        rows = self.rows(whole)
        columns = {name: rows[:, i] for i, name in enumerate(self.names)}
        return {"step": np.arange(1, len(rows) + 1), **columns}
