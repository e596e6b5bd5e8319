"""An experiment as a person sees and steers it: its run, its stage, and the picture of both.

For one thread at a time; `lab/live.py` plays it.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from genart_edu.lab.experiment import Experiment
from genart_edu.lab.flow import flow, rows, said
from genart_edu.lab.slow import Moment, slow_motion
from genart_edu.lab.stages import Stage
from genart_edu.views.canvas import Canvas
from genart_edu.views.flow import Code, Flow
from genart_edu.views.style import Theme


class Frame(NamedTuple):
    """What there is to see at one moment.  png: the picture; status: the same in words."""

    step: int
    status: str
    png: bytes
    playing: bool


class Screen:
    """Starts `experiment`; ValueError, OSError: as there.

    columns: views side by side in the picture, e.g. 1 on a phone; by default all of them.
    switches: layers that a person switched on or off, of this stage or of another.
    """

    def __init__(
        self,
        experiment: Experiment,
        theme: Theme,
        columns: int | None = None,
        switches: dict[str, bool] | None = None,
    ) -> None:
        self.experiment, self.theme, self.columns = experiment, theme, columns
        self.switches = switches or {}
        self.slow = False
        self.run, stage = experiment.start()
        self._put_on(stage)

    def _put_on(self, stage: Stage) -> None:
        self.stage = stage
        stage.layers.update({n: on for n, on in self.switches.items() if n in stage.layers})
        self._show_stage()

    def _show_stage(self) -> None:
        self._moments: list[Moment] = []  # of a step that is shown in slow motion
        self._at, self._half = 0, ""  # the one that is shown; which half step it is of
        self.canvas = Canvas(self.stage.views(), self.theme, columns=self.columns)
        self._new = True  # the first picture is drawn whole

    def set(self, **settings: float | str) -> None:
        """As `Run.set`; other data are another stage."""
        self.run.set(**settings)
        if "data" in settings:
            self._put_on(self.stage.anew(self.run.events))

    def switch(self, **layers: bool) -> None:
        """Show or hide layers.  ValueError, in one sentence, for one there is not."""
        for name in layers:
            if name not in self.stage.layers:
                offers = ", ".join(self.stage.layers) or "nothing"
                raise ValueError(f"This stage can switch {offers} on and off; got {name!r}.")
        before, shown = dict(self.stage.layers), self.stage.shown()
        self.stage.layers.update(layers)
        if not self.stage.shown():
            self.stage.layers.update(before)
            raise ValueError("One panel at least must be shown.")
        self.switches |= layers
        if self._moments or shown != self.stage.shown():
            self._show_stage()

    def slow_motion(self, on: bool) -> None:
        """From now on `advance` goes moment by moment through each step; or at full speed."""
        self.slow = on
        if not on:
            self.leave_step()

    def leave_step(self) -> None:
        """Away from a step in slow motion: show the stage again."""
        if self._moments:
            self._show_stage()

    def advance(self, half: str = "") -> None:
        """One step; in slow motion one moment of it.  half: a half step in its place."""
        work = partial(self.run.half_step, half) if half else self.run.advance
        if not self.slow:
            work()
        elif self.between_steps or half != self._half:
            self._slow_motion(work)
            self._half = half
        else:
            self._at += 1

    @property
    def between_steps(self) -> bool:
        """Whether no step is shown in slow motion, or its last moment is."""
        return self._at + 1 >= len(self._moments)

    def _slow_motion(self, work: Callable[[], object]) -> None:
        self.run.settle()  # a torn step is made again, and is none of it
        scene, history = self.stage.panels[self.stage.scene], self.run.history
        trainer: Any = self.run.trainer
        moments = slow_motion(work, trainer, lambda: scene.arrays(history))
        views = scene.view, Flow(rows(moments), "One step"), Code()
        self.canvas = Canvas(views, self.theme, columns=self.columns or 2)
        self._moments, self._at = moments, 0

    def look(self, hurry: bool = False) -> tuple[np.ndarray, str]:
        """The picture, bytes (H, W, 3), and the same in words.  hurry: what costs much may be
        old."""
        if self._moments:
            moment = self._moments[self._at]
            picture = self.canvas.frame([moment.seen, *self._flowed(moment)])
            return picture, f"Step {self.run.step:,} in slow motion.  {said(moment)}"
        history = self.run.history
        picture = self.canvas.frame(self.stage.look(history, hurry and not self._new))
        self._new = False
        return picture, self.stage.status(history, hurry)

    def _flowed(self, moment: Moment) -> list[list[np.ndarray]]:
        """What a `Flow` and a `Code` show of the moment that is shown."""
        title = f"{moment.file}, line {moment.line}"
        views = flow(self._moments, self._at), (title, moment.code, moment.at)
        return [[np.array(each) for each in arrays] for arrays in views]
