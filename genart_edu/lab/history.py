"""What a run has reported so far, as named arrays."""

import numpy as np


class History:
    """Rows of numbers, one a step, in a buffer that doubles when it is full."""

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()
        self._rows = np.empty((0, 0))
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def extend(self, names: tuple[str, ...], rows: np.ndarray) -> None:
        """rows (n, len(names)), or (n, len(names), S) where S seeds run as one."""
        needed = self._length + len(rows)
        if self._length == 0:
            self.names, self._rows = names, np.empty((max(needed, 256), *rows.shape[1:]))
        elif needed > len(self._rows):
            spare = np.empty((needed, *self._rows.shape[1:]))
            self._rows = np.concatenate([self._rows[: self._length], spare])
        self._rows[self._length : needed] = rows
        self._length = needed

    def cut(self, length: int) -> None:
        """Forget every row after the first `length`."""
        self._length = min(length, self._length)

    def rows(self) -> np.ndarray:
        return self._rows[: self._length]

    def arrays(self) -> dict[str, np.ndarray]:
        """`step` (n,), counted from 1, and each name's (n,) or (n, S)."""
        columns = {name: self.rows()[:, i] for i, name in enumerate(self.names)}
        return {"step": np.arange(1, self._length + 1), **columns}
