"""The player of the lessons: an experiment that is played, paused and changed in JupyterLab.

A callback only says what is wanted.  One thread of the player's own does all that takes time.
"""

import atexit
import threading
import weakref
from dataclasses import replace
from functools import partial
from typing import Any, Self

from genart_edu.lab.choices import ONLY_OF
from genart_edu.lab.experiment import Experiment
from genart_edu.lab.live import Live
from genart_edu.lab.screen import Frame
from genart_edu.views.style import THEMES
from genart_edu.widgets.board import Board
from genart_edu.widgets.controls import DRAWN, LIVE, close
from genart_edu.widgets.worker import Job, Worker

_players: weakref.WeakValueDictionary[str, "Player"] = weakref.WeakValueDictionary()


class Player:
    """Watch `experiment` learn: Play, Pause, Step, or half a step of a GAN; in slow motion moment
    by moment; choose what learns, from what, and how; switch layers of the picture; draw a target.

    Another model, data, latents or seed is another run: it stands at step 0.  What is in LIVE holds
    from the next step on, while it plays, too; and so does a drawing, for a run in the plane.

    name: of two players of one name the later replaces the earlier, as when a cell is run again.
    theme: "light" or "dark".  ValueError, OSError: as `Experiment.start`.
    """

    def __init__(
        self, experiment: Experiment | None = None, *, name: str = "player", theme: str = "light"
    ) -> None:
        if theme not in THEMES:
            raise ValueError(f"theme must be one of {', '.join(THEMES)}; got {theme!r}.")
        self.experiment = experiment or Experiment()  # as chosen: `live` may be a moment behind
        self.live = Live(self.experiment, THEMES[theme])
        self._worker = Worker(name, self._tell)
        self._busy = threading.Lock()  # held by who plays, steps or resets: the worker, or `run`
        self._turn: object | None = None  # of the Play that was pressed last; None: pause
        self._note = ""  # what there is to say of the last choice
        self.board = Board(self._press, self._choose, self._switch, self._slow, theme)
        self.picture, self.panel = self.board.picture, self.board.panel
        self._settle()
        if name in _players:
            _players[name].close()
        _players[name] = self

    def run(self, steps: int) -> Self:
        """Make `steps` steps here and now, as Play would: for Run All.  Ctrl-C pauses."""
        self._halt()
        turn = self._turn = object()
        self._play(turn, steps)
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

    def _press(self, name: str) -> None:
        if name == "play" and self._turn is None:
            self._note, self._turn = "", object()
            self._worker.do(partial(self._play, self._turn))
        elif name == "play":
            self._halt()
        else:
            self._do(self._reset if name == "reset" else partial(self._step, name))

    def _do(self, job: Job) -> None:
        """Pause, and then do it."""
        self._halt()
        self._note = ""
        self._worker.do(job)

    def _choose(self, name: str, value: Any) -> bool:
        redrawn = name == "data" and value.startswith(DRAWN) and self.live.stage.shape == (2,)
        also: dict[str, Any] = {}
        if name in ("model", "data") and not redrawn:  # others suit
            also = dict.fromkeys(("lr", "discriminator_lr", "r1"))
        if name == "model":  # what was chosen of a VAE means nothing to a GAN
            also |= {n: getattr(Experiment, n) for names in ONLY_OF.values() for n in names}
        wanted = replace(self.experiment, **{**also, name: value})
        try:
            wanted.check()
        except ValueError as error:
            self._note = f"  {error}"
            self._worker.do(self._look)
            return False
        self.experiment = wanted
        if name in LIVE or redrawn:
            self._note = ""
            self.live.set(**{name: value})
            self._worker.do(self._look)
        else:
            self._do(self._reset)
        return True

    def _switch(self, layer: str, on: bool) -> None:
        self.live.show(**{layer: on})
        self._worker.do(self._look)

    def _slow(self, on: bool) -> None:
        self.live.slow_motion(on)
        self._worker.do(self._look)

    def _halt(self) -> None:
        if self._turn is not None:
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

    def _step(self, name: str) -> None:
        with self._busy:
            self._show(self.live.step(half="" if name == "step" else name))

    def _reset(self) -> None:
        with self._busy:
            try:
                self.live.reset(self.experiment)
            except (ValueError, OSError) as error:
                self.experiment, self._note = self._living(), f"  {error}"
            self._settle()

    def _look(self) -> None:
        with self._busy:
            self._show(self.live.frame())

    def _settle(self) -> None:
        """Show what runs, in the choices and in the picture."""
        images = len(self.live.stage.shape) == 3
        self.board.offer(self._living().settled(images), self.live)
        self._show(self.live.frame())

    def _living(self) -> Experiment:
        """The experiment that runs, with what was changed while it lived."""
        events = self.live.run.events
        changed: Any = {e.name: e.value for e in events if e.name in (*LIVE, "data")}
        return replace(self.live.experiment, **changed)

    def _show(self, frame: Frame) -> None:
        self._frame = frame
        self.board.show(frame, self.live, self._note)

    def _tell(self, sentence: str) -> None:
        self.picture.status = sentence


@atexit.register
def _end() -> None:
    """A thread that is still inside PyTorch when Python ends would abort the process."""
    for player in list(_players.values()):
        player._halt()
        player._worker.end()
        player._worker.join(timeout=5)
