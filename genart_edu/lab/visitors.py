"""The living runs of a server, one a visitor, and what its pages show of them.

Nobody touches another one's run.
"""

import struct
import threading
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import replace
from html import escape
from typing import Any

from genart_edu.lab.experiment import Experiment
from genart_edu.lab.live import Live
from genart_edu.lab.screen import Frame

# Of `html`.  The picture fills the width, but the words below stay on a laptop's and a projector's
# screen.
CSS = """
p { font-size: 1.2em; font-variant-numeric: tabular-nums; margin: 0; }
img { display: block; width: 100%; height: auto; object-fit: contain; margin: 0; }
@media (min-width: 700px) { img { max-height: 45vh; } }
@media (min-width: 1600px) { img { max-height: 36vh; } }
"""
DARK_AND_NARROW = "() => [document.body.classList.contains('dark'), window.innerWidth < 700]"


class Visitors:
    """Runs by session.  When there are `most`, who asked for nothing longest makes room.

    steps: where a run ends; at 200,000 its history is 3 MB.
    """

    def __init__(self, most: int = 64, steps: int = 200_000) -> None:
        self.most, self.steps = most, steps
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


def become(live: Live, wanted: Experiment, settings: Iterable[str]) -> Frame:
    """Go on with other `settings`, if nothing else is new in what is wanted; else begin anew."""
    run: Any = live.run
    new = {name: getattr(wanted, name) for name in settings}
    data = getattr(run.batches, "data", live.experiment.data)  # it may have been redrawn
    if replace(live.experiment, data=data, **new) != wanted:
        return live.reset(wanted)
    live.set(**{name: x for name, x in new.items() if x != getattr(run.trainer, name)})
    return live.frame()


def html(frame: Frame) -> str:
    """The status and below it the picture, whose alternative text it is too."""
    width, height = struct.unpack(">2I", frame.png[16:24])  # known at once, so that nothing jumps
    status, picture = escape(frame.status), b64encode(frame.png).decode()
    return (
        f'<p>{status}</p><img alt="{status}" width="{width}" height="{height}" decoding="sync" '
        f'src="data:image/png;base64,{picture}">'
    )


def number(label: str, value: Any, least: int, most: int, whole: bool = True) -> Any:
    """`value`, if it is what the field asks for; ValueError, in one sentence, if not."""
    known = isinstance(value, int | float)
    if not known or not least <= value <= most or (whole and value % 1):
        kind, got = "whole number" if whole else "number", value if known else "none"
        raise ValueError(f"{label} must be a {kind} from {least:,} to {most:,}; got {got}.")
    return int(value) if whole else value
