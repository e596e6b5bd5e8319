"""The living runs of a server, one a visitor.  Nobody touches another one's."""

import threading

from genart_edu.lab.live import Live


class Visitors:
    """Runs by session.  When there are `most`, who asked for nothing longest makes room."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._lives: dict[str | None, Live] = {}  # in the order in which they were last asked for
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._lives)

    def welcome(self, session: str | None, live: Live) -> None:
        """Keep `live` until its visitor leaves."""
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

    def leave(self, session: str | None) -> None:
        """Stop the visitor's run and forget it."""
        with self._lock:
            live = self._lives.pop(session, None)
        if live is not None:
            live.pause()
