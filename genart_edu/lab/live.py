"""The live engine: plays an experiment in slices, takes commands at any time, yields pictures.

It knows neither ipywidgets nor Gradio: a widget's thread and a page's request both loop over
`play()`.  Commands may come from any thread while it plays.
"""

import queue
import threading
import time
from collections.abc import Iterator
from typing import NamedTuple

from genart_edu.lab.experiment import Experiment
from genart_edu.lab.parts import NotFinite
from genart_edu.views.canvas import Canvas, png
from genart_edu.views.style import LIGHT, Theme


class Frame(NamedTuple):
    """What there is to see at one moment.  png: the picture; status: the same in words."""

    step: int
    status: str
    png: bytes
    playing: bool


class Live:
    """One experiment that a person plays, pauses, changes and starts again.

    columns: views side by side in the picture, e.g. 1 on a phone; by default all of them.
    """

    slice_seconds = 0.05  # between slices another thread may take over
    frame_seconds = 0.1  # ten pictures a second, at the most
    duty = 10  # a picture may cost a tenth of the time: training keeps the rest ...
    patience = 0.5  # ... but nobody waits longer than this for the next one

    def __init__(
        self, experiment: Experiment, theme: Theme = LIGHT, columns: int | None = None
    ) -> None:
        self.theme, self.columns = theme, columns
        self._lock = threading.RLock()  # whoever holds it may touch the run and the canvas
        self._wanted: queue.SimpleQueue[dict[str, float]] = queue.SimpleQueue()
        self._player: object | None = None  # whose turn it is to play; None: paused
        self._note = ""
        self._start(experiment)

    def _start(self, experiment: Experiment) -> None:
        run, stage = experiment.start()
        self.experiment, self.run, self.stage = experiment, run, stage
        self.canvas = Canvas(stage.views(), self.theme, columns=self.columns)
        self._note = ""

    @property
    def playing(self) -> bool:
        return self._player is not None

    def play(self, steps: int | None = None) -> Iterator[Frame]:
        """Train and yield frames until `pause`, until `steps` are made, or for ever.

        Close the iterator at any time.  A second `play` takes over from the first.
        """
        me = self._player = object()
        next_frame = 0.0
        try:
            with self._lock:
                last = None if steps is None else self.run.step + steps
                self._note = ""
            while self._player is me:
                self._slice(me, last)
                time.sleep(0)  # whoever waits for the lock gets it: locks are not fair
                if self._player is me and time.perf_counter() >= next_frame:
                    began = time.perf_counter()
                    frame = self.frame()
                    cost = time.perf_counter() - began
                    wait = min(self.duty * cost, self.patience)
                    next_frame = began + max(self.frame_seconds, wait)
                    yield frame
            yield self.frame()  # where it came to rest
        finally:
            self._give_up(me)

    def pause(self) -> None:
        """Stop after the step that is being made.  Waits for nothing."""
        self._player = None

    def step(self, steps: int = 1) -> Frame:
        """Pause, make exactly `steps` steps, and look."""
        self.pause()
        with self._lock:
            self.pause()  # who pressed Play while we waited
            self._note = ""
            try:
                for _ in range(steps):
                    if not self._obey():
                        break
                    self.run.advance()
            except NotFinite as error:
                self._rest(error)
            return self.frame()

    def reset(self, experiment: Experiment | None = None) -> Frame:
        """Pause and start anew, with the same experiment or another one.  ValueError as there."""
        self.pause()
        with self._lock:
            self.pause()  # who pressed Play while we waited
            self._obey()  # what was set before belongs to the old run
            self._start(experiment or self.experiment)
            return self.frame()

    def set(self, **settings: float) -> None:
        """Change settings between two steps, e.g. `live.set(lr=1e-4)`; while it plays, too."""
        self._wanted.put(settings)
        if self._lock.acquire(blocking=False):  # nobody is in a slice: it is for us to do
            try:
                self._obey()
            finally:
                self._lock.release()

    def frame(self) -> Frame:
        """What there is to see now."""
        with self._lock:
            self._obey()
            self._settle()
            history = self.run.history
            picture = png(self.canvas.frame(self.stage.look(history)))
            status = f"{self.stage.status(history)}{self._note}"
            return Frame(self.run.step, status, picture, self.playing)

    def _slice(self, me: object, last: int | None) -> None:
        """Steps for a moment: until it is over, `last` is reached, or it is no longer my turn."""
        with self._lock:
            end = time.perf_counter() + self.slice_seconds
            try:
                while self._player is me and time.perf_counter() < end and self._obey():
                    if self.run.step == last:
                        self._give_up(me)
                    else:
                        self.run.advance()
            except NotFinite as error:
                self._rest(error)

    def _obey(self) -> bool:
        """Set what was wanted.  False if that found the run broken, and undid a step."""
        whole = True
        while not self._wanted.empty():
            settings = self._wanted.get()
            self._note = ""
            whole = self._settle() and whole  # broken or not, the wish still holds
            try:
                self.run.set(**settings)
            except ValueError as error:
                self._note = f"  {error}"
        return whole

    def _settle(self) -> bool:
        try:
            self.run.settle()
        except NotFinite as error:
            self._rest(error)
            return False
        return True

    def _give_up(self, me: object) -> None:
        if self._player is me:
            self._player = None

    def _rest(self, error: NotFinite) -> None:
        self._player = None
        self._note = f"  {error}  Try a smaller learning rate, or start again."
