"""The live engine: plays an experiment in slices, takes commands from any thread, yields pictures.

It knows neither ipywidgets nor Gradio: a widget's thread and a page's request loop over `play()`.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from genart_edu.lab.experiment import Experiment
from genart_edu.lab.gate import GATE
from genart_edu.lab.parts import NotFinite
from genart_edu.lab.run import Run
from genart_edu.lab.screen import Frame, Screen
from genart_edu.lab.stages import Stage
from genart_edu.lab.tree import Tree
from genart_edu.views.style import LIGHT, Theme

DRAWING = threading.Lock()  # FreeType, which writes the letters, is for one thread at a time
PAINTERS = ThreadPoolExecutor(2, "png")  # zlib lets other threads go on


class Live:
    """One experiment that a person plays, pauses, changes and starts again, on a `Screen`, which
    takes `more`."""

    slice_seconds = 0.028  # between slices another thread may take over; four make a picture
    frame_seconds = 0.1  # ten pictures a second, at the most
    duty = 10  # a picture may cost a tenth of the time: training keeps the rest ...
    patience = 0.5  # ... but nobody waits longer than this for the next one

    def __init__(self, experiment: Experiment | Tree, theme: Theme = LIGHT, **more: Any) -> None:
        self.lock = threading.RLock()  # whoever holds it may touch the screen
        self._wanted: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._player: object | None = None  # whose turn it is to play; None: paused
        self._note = ""
        self.screen = Screen(experiment, theme, **more)

    @property
    def experiment(self) -> Experiment:
        return self.screen.tree.experiment

    @property
    def run(self) -> Run:
        return self.screen.run

    @property
    def stage(self) -> Stage:
        return self.screen.stage

    @property
    def playing(self) -> bool:
        return self._player is not None

    def play(self, steps: int | None = None) -> Iterator[Frame]:
        """Train and yield frames until `pause`, `steps`, a second `play`, or for ever.  Close it at
        any time."""
        me, next_frame = object(), 0.0
        self._player = me
        try:
            with self.lock:
                last = None if steps is None else self.run.step + steps
                self._note = ""
            while self._player is me:
                with GATE:
                    self._slice(me, last)
                    began = time.perf_counter()
                    if drawn := self._player is me and (self.screen.pace or began >= next_frame):
                        frame, paint = self._draw(hurry=True)
                        wait = min(self.duty * (time.perf_counter() - began), self.patience)
                        next_frame = began + max(self.frame_seconds, wait)
                time.sleep(0)  # whoever waits for the lock gets it: locks are not fair
                if drawn:
                    painted, paced = PAINTERS.submit(paint), self.screen.pace
                    while GATE.free and self._player is me and not (paced or painted.done()):
                        with GATE:
                            self._slice(me, last)  # meanwhile
                    yield frame._replace(png=painted.result())
                    self._dwell(me)
            yield self.frame()  # where it came to rest
        finally:
            self._give_up(me)

    def pause(self) -> None:
        """Stop after the step that is being made.  Waits for nothing."""
        self._player = None

    def step(self, steps: int = 1, half: str = "") -> Frame:
        """Pause, make so many steps, or half steps, or moments of them in slow motion, and look."""
        return self.at_rest(lambda screen: [*map(screen.advance, [half] * steps)])

    def reset(self, experiment: Experiment | None = None) -> Frame:
        """Pause and start anew, with the same experiment or another.  ValueError as there."""
        return self.at_rest(lambda screen: screen.begin(experiment or self.experiment))

    def at_rest(self, act: Callable[[Screen], object]) -> Frame:
        """Pause, do what was wanted and then `act`, and look: `lambda screen: screen.rewind(500)`.
        What it returns is told, if it is a sentence.  Errors as there."""
        self.pause()
        with self.lock:
            self.pause()  # who pressed Play while we waited
            self._note = ""
            self._obey()
            try:
                said = act(self.screen)
                self._note = f"  {said}" if isinstance(said, str) else ""
            except NotFinite as error:
                self._rest(error)
            return self.frame()

    def set(self, **settings: float | str) -> None:
        """Change settings between two steps, e.g. `live.set(lr=1e-4)`; while it plays, too."""
        self._want(lambda: self.screen.set(**settings))

    def show(self, **layers: bool) -> None:
        """Switch layers on and off, e.g. `live.show(manifold=True)`."""
        self._want(lambda: self.screen.switch(**layers))

    def slow_motion(self, on: bool = True) -> None:
        """From now on Play and Step go moment by moment through each step; or at full speed."""
        self._want(lambda: self.screen.slow_motion(on))

    def frame(self) -> Frame:
        """What there is to see now."""
        frame, paint = self._draw()
        return frame._replace(png=paint())

    def _draw(self, hurry: bool = False) -> tuple[Frame, Callable[[], bytes]]:
        """A frame, and what is left to do for its picture, in any thread.  hurry: what costs much
        may be a little old."""
        with self.lock:
            self._obey()
            self._settle()
            with DRAWING:
                picture, status = self.screen.look(hurry and self.playing)
            frame = Frame(self.run.step, f"{status}{self._note}", b"", self.playing)
            return frame, partial(self.screen.canvas.png, picture)

    def _want(self, change: Callable[[], None]) -> None:
        self._wanted.put(change)
        if self.lock.acquire(blocking=False):  # nobody is in a slice: it is for us to do
            try:
                self._obey()
            finally:
                self.lock.release()

    def _slice(self, me: object, last: int | None) -> None:
        """Steps for a moment: until it is over, `last` is reached, or it is no longer my turn."""
        with self.lock:
            end = time.perf_counter() + self.slice_seconds
            try:
                while self._player is me and time.perf_counter() < end and self._obey():
                    if self.run.step == last and self.screen.between_steps:
                        return self._give_up(me)
                    self.screen.advance()
                    if self.screen.pace:
                        return
            except NotFinite as error:
                self._rest(error)

    def _dwell(self, me: object) -> None:
        """Let it be looked at, unless somebody wants something else."""
        began = time.perf_counter()
        while self._player is me and time.perf_counter() < began + self.screen.pace:
            time.sleep(0.02)

    def _obey(self) -> bool:
        """Do what was wanted.  False if that found the run broken, and undid a step."""
        whole = True
        while not self._wanted.empty():
            self._note = ""
            whole = self._settle() and whole  # broken or not, the wish still holds
            try:
                self._wanted.get()()
            except ValueError as error:
                self._note = f"  {error}"
        return whole

    def _settle(self) -> bool:
        try:
            self.screen.tree.settle()
        except NotFinite as error:
            self._rest(error)
            self._settle()  # two runs side by side can both be broken
            return False
        return True

    def _give_up(self, me: object) -> None:
        if self._player is me:
            self._player = None

    def _rest(self, error: NotFinite) -> None:
        self._player = None
        self.screen.leave_step()
        self._note = f"  {error}  Try a smaller learning rate, or start again."
