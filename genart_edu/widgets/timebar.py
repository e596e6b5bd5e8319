"""The time bar of a player: a scrubber over the recording, speed, forks, predictions, export."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import ipywidgets as widgets

from genart_edu.lab.predict import GUESSES, quantities
from genart_edu.lab.run import Run
from genart_edu.lab.screen import Screen
from genart_edu.lab.tree import Tree
from genart_edu.widgets.controls import button, control, toggle

NOBODY = ("nothing", -1)  # None would be an empty menu
SPEEDS = (("full speed", 0.0), ("10 steps a second", 0.1), ("1 step a second", 1.0))


class TimeBar:
    """`box` and, while a person predicts, `question`.

    act(name, value): "rewind" and a step; "pace", seconds a step; "fork" or "export", None; "here"
    or "beside", the place of a run or None; "predict", (loss, guess, steps).
    """

    def __init__(self, act: Callable[[str, Any], None]) -> None:
        self._act = act
        self._controls = {
            "rewind": control(widgets.IntSlider, "step", "280px", max=0),
            "pace": control(widgets.Dropdown, "speed", "215px", options=SPEEDS),
            "here": control(widgets.Dropdown, "run", "240px", options=[("run 1", 0)]),
            "beside": control(widgets.Dropdown, "beside", "265px", options=[NOBODY]),
        }
        self._shower: int | None = None
        for name, each in self._controls.items():
            each.observe(partial(self._changed, name), "value")
        fork = button("Fork", "code-fork", lambda _: act("fork", None))
        export = button("Export", "download", lambda _: act("export", None))
        ask = toggle("Predict first", self._unfold)
        scrub, pace, *runs = self._controls.values()
        self.box = widgets.HBox([scrub, pace, fork, ask, export, *runs])  # runs come and go
        self._loss = control(widgets.Dropdown, "What will happen to", "330px")
        self._guess = widgets.ToggleButtons(options=GUESSES, value=None)
        self._steps = control(widgets.BoundedIntText, "in steps", "140px", 500, min=2, max=100_000)
        show = button("Show me", "eye", self._predict)
        self.question = widgets.HBox([self._loss, self._guess, self._steps, show])
        self._unfold(False)

    def show(self, screen: Screen, step: int) -> None:
        """Show where the run stood when its picture was made, and which runs there are."""
        self._shower = threading.get_ident()  # what this thread changes now, no person did
        try:
            self._show(screen.tree, screen.run, step)
        finally:
            self._shower = None

    def _show(self, tree: Tree, run: Run, step: int) -> None:
        names = [(name, place) for place, name in enumerate(tree.names)]
        scrub, here, beside = (self._controls[name] for name in ("rewind", "here", "beside"))
        if len(here.options) != len(names):
            here.options, beside.options = names, [NOBODY, *names]
        here.value, beside.value = tree.here, -1 if tree.beside is None else tree.beside
        for each in here, beside:
            each.layout.display = None if len(names) > 1 else "none"
        scrub.value = min(step, scrub.max)  # never beyond the end that the page knows
        scrub.max = run.end
        scrub.value = step
        words = quantities(run.history)
        if [value for _, value in self._loss.options] != [*words]:
            self._loss.options = [(said, name) for name, said in words.items()]
            self._loss.index = 0 if words else None

    def _changed(self, name: str, change: Any) -> None:
        if threading.get_ident() != self._shower:
            self._act(name, None if change["new"] == -1 else change["new"])

    def _predict(self, _: object) -> None:
        self._act("predict", (self._loss.value, self._guess.value, self._steps.value))

    def _unfold(self, on: bool) -> None:
        self.question.layout.display = None if on else "none"
