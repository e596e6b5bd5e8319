"""The player of the lessons: an experiment that is played, paused and changed in JupyterLab.

A callback only says what is wanted.  One thread of the player's own does all that takes time.
"""

import atexit
import threading
import weakref
from dataclasses import replace
from functools import partial
from typing import Any, Self

import ipywidgets as widgets

from genart_edu.lab.choices import ONLY_OF
from genart_edu.lab.experiment import Experiment
from genart_edu.lab.live import Frame, Live
from genart_edu.views.style import THEMES
from genart_edu.widgets.controls import LIVE, RATES, Choices, button, close
from genart_edu.widgets.picture import Picture
from genart_edu.widgets.worker import Job, Worker

_players: weakref.WeakValueDictionary[str, "Player"] = weakref.WeakValueDictionary()


class Player:
    """Watch `experiment` learn: Play, Pause, Step, Reset; choose what learns, from what, and how.

    Another model, data, latents or seed is another run: it stands at step 0.  A learning rate and
    beta hold from the next step on, while it plays, too.

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
        self._build(theme)
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
        return bundle, {"image/png": {"alt": self.live.canvas.alt}}

    # What is pressed and chosen.  Nothing here waits.

    def _press_play(self, _: object) -> None:
        if self._turn is not None:
            self._halt()
        else:
            self._note, self._turn = "", object()
            self._worker.do(partial(self._play, self._turn))

    def _press(self, job: Job, _: object = None) -> None:
        self._halt()
        self._note = ""
        self._worker.do(job)

    def _choose(self, name: str, value: Any) -> bool:
        also: dict[str, Any] = {"lr": None} if name in ("model", "data") else {}  # another suits
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
        if name not in LIVE:
            self._press(self._reset)
        else:
            self._note = ""
            self.live.set(**{name: value})
            self._worker.do(self._look)
        return True

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

    def _step(self) -> None:
        with self._busy:
            self._show(self.live.step())

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
        self._choices.show(self._living().settled(images))
        self.picture.alt, self.picture.caption = self.live.canvas.alt, self.live.stage.caption
        self._show(self.live.frame())

    def _living(self) -> Experiment:
        """The experiment that runs, with what was changed while it lived."""
        changed: Any = {e.name: e.value for e in self.live.run.events if e.name in LIVE}
        return replace(self.live.experiment, **changed)

    def _show(self, frame: Frame) -> None:
        self._frame = frame
        names = {"lr": RATES[self.live.experiment.model].capitalize(), "beta": "β"}
        last = {event.name: event for event in self.live.run.events}  # of each setting
        told = [
            f"  {names[name]} {last[name].value:g} since step {last[name].step:,}."
            for name in LIVE
            if name in last
        ]
        with self.picture.hold_sync():  # one message
            self.picture.png, self.picture.playing = frame.png, frame.playing
            self.picture.status = "".join([frame.status, *told, self._note])
        self._play_button.description = "Pause" if frame.playing else "Play"
        self._play_button.icon = "pause" if frame.playing else "play"

    def _tell(self, sentence: str) -> None:
        self.picture.status = sentence

    def _build(self, theme: str) -> None:
        self._play_button = button("Play", "play", self._press_play, button_style="primary")
        step = button("Step", "step-forward", partial(self._press, self._step))
        reset = button("Reset", "refresh", partial(self._press, self._reset))
        self._buttons = widgets.HBox([self._play_button, step, reset])
        self._choices = Choices(self._choose, self.experiment.data)
        self.picture = Picture()
        bar = widgets.HBox([self._buttons, self._choices.box])
        self.panel = widgets.VBox([bar, self.picture])
        self.panel.add_class("genart-player").add_class(f"genart-{theme}")


@atexit.register
def _end() -> None:
    """A thread that is still inside PyTorch when Python ends would abort the process."""
    for player in list(_players.values()):
        player._halt()
        player._worker.end()
        player._worker.join(timeout=5)
