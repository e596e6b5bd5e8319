"""An experiment as a person sees and steers it: its run, its stage, and the picture of both.

For one thread at a time; `lab/live.py` plays it.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from genart_edu.lab import around
from genart_edu.lab.experiment import Experiment
from genart_edu.lab.flow import flow, rows, said
from genart_edu.lab.run import Run
from genart_edu.lab.slow import Moment, slow_motion
from genart_edu.lab.stages import Stage
from genart_edu.lab.tree import Tree
from genart_edu.views.aside import Aside
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
    """Starts `experiment`, or shows the runs of a tree; ValueError, OSError: as there.

    columns: views side by side in the picture, e.g. 1 on a phone; by default all of them.
    switches: layers that a person switched on or off, of this stage or of another.  kind: what is
    drawn on.
    """

    moment_seconds = 1.5  # that one is looked at, of a step in slow motion
    step_seconds = 0.0  # that a step is looked at; 0: full speed

    def __init__(
        self,
        experiment: Experiment | Tree,
        theme: Theme,
        columns: int | None = None,
        switches: dict[str, bool] | None = None,
        kind: type[Canvas] | type[Aside] = Canvas,
    ) -> None:
        self.tree = experiment if isinstance(experiment, Tree) else Tree(experiment)
        self.theme, self.columns, self.switches = theme, columns, switches or {}
        self.kind = kind
        self.slow = False
        self._put_on()

    @property
    def run(self) -> Run:
        return self.tree.run

    @property
    def stage(self) -> Stage:
        return self.tree.stage

    @property
    def pace(self) -> float:
        """Seconds that what `advance` does is to be looked at; 0 at full speed."""
        return self.moment_seconds if self.slow else self.step_seconds

    def begin(self, experiment: Experiment) -> None:
        """Start anew, with another experiment or the same."""
        budget = self.run.memory.budget
        self.tree = Tree(experiment)
        self.run.memory.budget = budget
        self._put_on()

    def _put_on(self) -> None:
        self._seen = self._what()
        for layers in (stage.layers for stage in self._seen):
            layers.update({n: on for n, on in self.switches.items() if n in layers})
        self._show_stage()

    def _what(self) -> list[Stage]:
        """What is to be seen: the stage, and that of the run beside it."""
        beside = self.tree.beside
        return [self.stage, *([] if beside is None else [self.tree.stage_of(beside)])]

    def _show_stage(self) -> None:
        self._moments: list[Moment] = []  # of a step that is shown in slow motion
        self._at, self._half = 0, ""  # the one that is shown; which half step it is of ...
        self._of = self.run  # ... and of which run
        self._panels = around.panels(self.tree)
        columns = self.columns or (None if self.tree.beside is None else 2)
        views = [panel.view for panel in self._panels]
        self.canvas = self.kind(views, self.theme, columns=columns)
        self._new = True  # the first picture is drawn whole

    def _keep_up(self) -> None:
        """Another run has another picture; and so have other data, when a step is over."""
        if self._of is not self.run or (not self._moments and self._what() != self._seen):
            self._put_on()

    def set(self, **settings: float | str) -> None:
        """As `Run.set`; of a run that was rewound, a fork's: nothing is lost."""
        if settings and self.run.step < self.run.end:
            self.tree.fork(**settings)
        else:
            self.run.set(**settings)

    def rewind(self, step: int) -> None:
        """As `Tree.rewind`; away from slow motion."""
        self.leave_step()
        self.tree.rewind(step)

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
        for stage in self._what()[1:]:
            stage.layers.update({n: on for n, on in layers.items() if n in stage.layers})
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
        self._keep_up()
        if half in self.run.trainer.half_steps and self.run.step < self.run.end:
            self.tree.fork()
        work = partial(self.run.half_step, half) if half else self.run.advance
        if not self.slow:
            (work if half else self.tree.advance)()
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
        self.canvas = self.kind(views, self.theme, columns=self.columns or 2)
        self._moments, self._at = moments, 0

    def look(self, hurry: bool = False) -> tuple[Any, str]:
        """The picture, as the canvas knows it, and the same in words.  hurry: what costs much may
        be old."""
        self._keep_up()
        if self.canvas.lost:
            self._show_stage()
        if self._moments:
            moment = self._moments[self._at]
            picture = self.canvas.frame([moment.seen, *self._flowed(moment)])
            return picture, f"Step {self.run.step:,} in slow motion.  {said(moment)}"
        history = self.run.history
        looks = self.stage.look(history, hurry and not self._new, self._panels)
        picture = self.canvas.frame(looks, around.surroundings(self.tree, self._panels))
        self._new = False
        return picture, f"{self.stage.status(history, hurry)}{around.said(self.tree)}"

    def _flowed(self, moment: Moment) -> list[list[np.ndarray]]:
        """What a `Flow` and a `Code` show of the moment that is shown."""
        title = f"{moment.file}, line {moment.line}"
        views = flow(self._moments, self._at), (title, moment.code, moment.at)
        return [[np.array(each) for each in arrays] for arrays in views]
