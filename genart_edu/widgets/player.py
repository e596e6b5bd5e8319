"""The player of the lessons: an experiment that is played, paused and changed in JupyterLab.

A callback only says what is wanted.  One thread of the player's own does all that takes time.
"""

import atexit
import threading
import weakref
from collections.abc import Callable
from functools import partial
from typing import Any, Self

from genart_edu.lab.acts import ACTS
from genart_edu.lab.experiment import Experiment
from genart_edu.lab.live import Live
from genart_edu.lab.predict import verdict
from genart_edu.lab.screen import Frame, Screen
from genart_edu.lab.tree import Tree
from genart_edu.views.aside import Aside
from genart_edu.views.style import theme_named
from genart_edu.widgets.board import Board
from genart_edu.widgets.controls import DRAWN, LIVE, chosen, close
from genart_edu.widgets.worker import Worker

_players: weakref.WeakValueDictionary[str, "Player"] = weakref.WeakValueDictionary()


class Player:
    """Watch `experiment` learn: Play, Pause, Step, or half a step of a GAN; in slow motion; choose
    what learns, from what, and how; switch layers; draw a target; rewind; fork; predict; export.

    Another model, data, latents or seed is another run, at step 0.  What is in LIVE holds from the
    next step on, and so does a drawing for a run in the plane; of a run that was rewound it is a
    fork.  A tree: see `tree.load`.

    name: of two players of one name the later replaces the earlier, as when a cell is run again.
    memory: bytes of key states: the fewer, the longer takes a rewind.  Errors: see its start.
    """

    def __init__(
        self,
        experiment: Experiment | Tree | None = None,
        *,
        name: str = "player",
        theme: str = "light",
        memory: int = 12_000_000,
    ) -> None:
        self.live = Live(experiment or Experiment(), theme_named(theme), kind=Aside)
        self.live.run.memory.budget = memory
        self.experiment = self.live.experiment  # as chosen: `live` may be a moment behind
        self._busy = threading.Lock()  # held by who plays, steps or resets: the worker, or `run`
        self._turn: object | None = None  # of the Play that was pressed last; None: pause
        self._note = ""  # what there is to say of the last choice
        self._target: int | None = None  # the step that the scrubber was moved to
        self.board = Board(self._act, self._choose, self._switch, theme)
        self.picture, self.panel = self.board.picture, self.board.panel
        self._worker = Worker(name, partial(setattr, self.picture, "status"))
        self._settle(self.live.frame(), self.experiment)
        if name in _players:
            _players[name].close()
        _players[name] = self

    def run(self, steps: int) -> Self:
        """Make `steps` steps here and now, as Play would: for Run All.  Ctrl-C pauses."""
        self._halt()
        self._turn = object()
        self._play(self._turn, steps)
        return self

    def close(self) -> None:
        """Stop, end the thread, and leave the page.  Waits for nothing."""
        self._halt()
        self._worker.end()
        close(self.panel)

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The widget; the picture, where no kernel runs; a line that is the same everywhere."""
        chosen, frame = self.live.experiment, self._frame
        line = f"Player: {chosen.model.upper()} on {chosen.data}, step {frame.step}"
        bundle = self.panel._repr_mimebundle_() | {"image/png": frame.png, "text/plain": line}
        return bundle, {"image/png": {"alt": self.live.screen.canvas.alt}}

    # What is pressed and chosen.  Nothing here waits.

    def _act(self, name: str, value: Any = None) -> None:
        if name == "play" and self._turn is not None:
            self._halt()
        elif name == "play":
            self._note, self._turn = "", object()
            self._worker.do(partial(self._play, self._turn))
        elif name == "slow":
            self.live.slow_motion(value)
            self._look_soon()
        elif name == "pace":
            self.live.screen.step_seconds = value
        elif name == "predict":
            self._halt()
            self._worker.do(partial(self._predict, *value))
        elif name == "reset":
            self._do(partial(Screen.begin, experiment=self.experiment))
        elif name == "rewind":
            self._target = value  # where a scrubber has been meanwhile does not count
            self._do(lambda screen: value == self._target and ACTS[name](screen, value))
        elif name in ACTS:
            if name == "export":
                self.picture.status = "Exporting: for the film the run is made once more."
            self._do(lambda screen: ACTS[name](screen, value))

    def _do(self, act: Callable[[Screen], object]) -> None:
        """Pause, and then do it."""
        self._halt()
        self._worker.do(partial(self._at_rest, act, self.experiment))

    def _look_soon(self, note: str = "") -> None:
        self._note = note
        self._worker.do(partial(self._look, self.experiment, note))

    def _choose(self, name: str, value: Any) -> bool:
        redrawn = name == "data" and value.startswith(DRAWN) and self.live.stage.shape == (2,)
        try:
            wanted = chosen(self.experiment, name, value, redrawn)
        except ValueError as error:
            self._look_soon(f"  {error}")
            return False
        self.experiment = wanted
        if name in LIVE or redrawn:
            self.live.set(**{name: value})
            self._look_soon()
        else:
            self._act("reset")
        return True

    def _switch(self, layer: str, on: bool) -> None:
        self.live.show(**{layer: on})
        self._look_soon(self._note)

    def _halt(self) -> None:
        self._turn = None
        self.live.pause()

    # What takes time: on the worker's thread, or in `run` on the caller's.

    def _play(self, turn: object, steps: int | None = None) -> None:
        with self._busy:
            if self._turn is not turn:
                return
            try:
                for frame in self.live.play(steps):
                    if self._turn is not turn:  # halted before `live` had begun
                        self.live.pause()
                    self._show(frame)
            finally:
                if self._turn is turn:
                    self._turn = None
                if self._frame.playing:  # interrupted
                    self.live.pause()
                    self._show(self.live.frame())

    def _at_rest(self, act: Callable[[Screen], object], wanted: Experiment) -> None:
        with self._busy:
            self._note = ""
            try:
                frame = self.live.at_rest(act)
            except (ValueError, OSError) as error:
                self._note, frame = f"  {error}", self.live.frame()
            self._settle(frame, wanted)

    def _predict(self, name: str, guess: str, steps: int) -> None:
        since = self.live.run.step
        verdict(self.live.run.history, name, since, guess)  # its ValueError comes at once
        self.run(steps)
        stage, history = self.live.stage, self.live.run.history
        self._look_soon(f"  {verdict(history, name, since, guess, stage.unit)}")

    def _look(self, wanted: Experiment, note: str) -> None:
        with self._busy:
            self._note = note
            self._settle(self.live.frame(), wanted)

    def _settle(self, frame: Frame, wanted: Experiment) -> None:
        """Show what runs, in the picture and in the choices, unless others are wanted by now."""
        if self.experiment is wanted:
            images, self.experiment = len(self.live.stage.shape) == 3, self.live.screen.tree.living
            self.board.offer(self.experiment.settled(images), self.live)
        self._show(frame)

    def _show(self, frame: Frame) -> None:
        self._frame = frame
        with self.live.lock:  # meanwhile nobody changes what is read
            self.board.show(frame, self.live, self._note)


@atexit.register
def _end() -> None:
    """A thread that is still inside PyTorch when Python ends would abort the process."""
    for player in list(_players.values()):
        player._halt()
        player._worker.end()
        player._worker.join(timeout=5)
