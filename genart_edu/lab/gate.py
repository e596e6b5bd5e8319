"""A gate for all who train: one at a time, in the order in which they came.

More threads than one only get in each other's way, and without an order the quickest comes again
and again.
"""

import threading
from collections import deque


class Gate:
    """`with gate:` waits until all who came before have left."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._line: deque[threading.Lock] = deque()  # the first is inside

    @property
    def free(self) -> bool:
        return not self._line

    def __enter__(self) -> None:
        turn = threading.Lock()
        turn.acquire()
        with self._lock:
            self._line.append(turn)
            if self._line[0] is turn:
                return
        try:
            turn.acquire()
        except BaseException:  # Ctrl-C
            self._leave(turn)
            raise

    def __exit__(self, *_: object) -> None:
        self._leave(self._line[0])

    def _leave(self, turn: threading.Lock) -> None:
        with self._lock:
            first = self._line[0] is turn
            self._line.remove(turn)
            if first and self._line:
                self._line[0].release()


GATE = Gate()
