"""The living runs of a server, one a visitor.  Nobody touches another one's."""

import threading
from collections.abc import Iterator

from genart_edu.lab.live import Live
from genart_edu.lab.screen import Frame


class Visitors:
    """Runs by session.  When there are `most`, who asked for nothing longest makes room.

    steps: where a run ends; at 200,000 its history is 3 MB.  memory: bytes of key states, of a
    visitor's runs together.
    """

    def __init__(self, most: int = 64, steps: int = 200_000, memory: int = 8_000_000) -> None:
        self.most, self.steps, self.memory = most, steps, memory
        self._lives: dict[str | None, Live] = {}  # in the order in which they were last asked for
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._lives)

    def welcome(self, session: str | None, live: Live) -> None:
        """Keep `live` until its visitor leaves."""
        live.run.memory.budget = self.memory
        with self._lock:
            while len(self._lives) >= self.most:
                self._lives.pop(next(iter(self._lives))).pause()
            self._lives[session] = live

    def find(self, session: str | None) -> Live:
        """The visitor's run.  LookupError, in one sentence, if it had to make room."""
        with self._lock:
            if session not in self._lives:
                raise LookupError("This page has lost its run: load the page again.")
            self._lives[session] = self._lives.pop(session)
            return self._lives[session]

    def play(self, session: str | None) -> Iterator[Frame]:
        """Play the visitor's run to its end.  LookupError: see `find`; ValueError: it is there."""
        live = self.find(session)
        left = self.steps - live.run.step
        if left <= 0:
            raise ValueError(f"A run on this page ends after {self.steps:,} steps: press Reset.")
        return live.play(left)

    def leave(self, session: str | None) -> None:
        """Stop the visitor's run and forget it."""
        with self._lock:
            live = self._lives.pop(session, None)
        if live is not None:
            live.pause()
