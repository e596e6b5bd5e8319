"""The living runs of a server, one a visitor.  Nobody touches another one's."""

import threading
from collections.abc import Iterator

from genart_edu.lab.live import Live
from genart_edu.lab.screen import Frame


class Visitors:
    """Runs by session, `most` of them.  For one more makes room who does not train: who never did,
    if there is one, and of them who asked for nothing longest.

    steps: where a run ends, of S networks at a share of it; at 200,000 its history is 3 MB.
    memory: bytes of key states, of a visitor's runs together.  training: runs at a time.
    """

    def __init__(
        self, most: int = 128, steps: int = 200_000, memory: int = 8_000_000, training: int = 64
    ) -> None:
        self.most, self.steps, self.memory, self.training = most, steps, memory, training
        self._lives: dict[str | None, Live] = {}  # in the order in which they were last asked for
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._lives)

    def welcome(self, session: str | None, live: Live) -> None:
        """Keep `live` until its visitor leaves.  ValueError, in a sentence, if all others train."""
        live.run.memory.budget = self.memory
        with self._lock:
            while len(self._lives) >= self.most:
                idle = [each for each, theirs in self._lives.items() if not theirs.playing]
                if not idle:
                    raise ValueError(f"{self.most} runs train here: load the page again later.")
                del self._lives[min(idle, key=lambda each: self._lives[each].run.step > 0)]
            self._lives[session] = live

    def find(self, session: str | None) -> Live:
        """The visitor's run.  LookupError, in one sentence, if it had to make room."""
        with self._lock:
            if session not in self._lives:
                raise LookupError("This page has lost its run: load the page again.")
            self._lives[session] = self._lives.pop(session)
            return self._lives[session]

    def play(self, session: str | None) -> Iterator[Frame]:
        """Play the visitor's run to its end.  LookupError: see `find`; ValueError: it is there, or
        too many train."""
        live = self.find(session)
        steps = self.steps // live.experiment.seeds
        left = steps - live.run.step
        if left <= 0:
            raise ValueError(f"A run on this page ends after {steps:,} steps: press Reset.")
        with self._lock:
            others = sum(each.playing for each in self._lives.values() if each is not live)
        if others >= self.training:
            raise ValueError(f"{others} runs train here, which is the most: try again in a moment.")
        return live.play(left)

    def leave(self, session: str | None) -> None:
        """Stop the visitor's run and forget it."""
        with self._lock:
            live = self._lives.pop(session, None)
        if live is not None:
            live.pause()
