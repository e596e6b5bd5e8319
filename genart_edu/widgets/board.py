"""What a player shows: its buttons, choices, switches, picture, and the pad to draw on."""

from collections.abc import Callable
from functools import partial
from typing import Any

import ipywidgets as widgets

from genart_edu.lab.experiment import Experiment
from genart_edu.lab.live import Live
from genart_edu.lab.screen import Frame
from genart_edu.widgets.controls import DRAWN, LIVE, RATES, Choices, Switches, button, toggle
from genart_edu.widgets.draw import DrawPad
from genart_edu.widgets.picture import Picture

HALVES = ("discriminator_step", "generator_step")


class Board:
    """`panel` is the widget.  What a person does is told to four functions.

    press(name): "play", "step", "reset" or one of HALVES.  choose(name, value): see `Choices`.
    switch(layer, on).  slow(on): slow motion.
    """

    def __init__(
        self,
        press: Callable[[str], None],
        choose: Callable[[str, Any], bool],
        switch: Callable[[str, bool], None],
        slow: Callable[[bool], None],
        theme: str,
    ) -> None:
        def made(name: str, label: str, icon: str, **more: str) -> widgets.Button:
            return button(label, icon, lambda _: press(name), **more)

        self.play = made("play", "Play", "play", button_style="primary")
        step = made("step", "Step", "step-forward")
        self.halves = [
            made(half, f"Step {half[0].upper()}", "step-forward", tooltip=half.replace("_", " "))
            for half in HALVES
        ]
        reset = made("reset", "Reset", "refresh")
        self.pad = DrawPad(partial(self._use, choose))
        self._unfold(False)
        folds = toggle("Slow motion", slow), toggle("Draw a target", self._unfold)
        self.buttons = widgets.HBox([self.play, step, *self.halves, reset, *folds])
        self.choices, self.switches = Choices(choose), Switches(switch)
        self.picture = Picture()
        bars = [widgets.HBox([self.buttons, self.choices.box]), self.switches.box]
        self.panel = widgets.VBox([*bars, self.pad, self.picture])
        self.panel.add_class("genart-player").add_class(f"genart-{theme}")

    def offer(self, settled: Experiment, live: Live) -> None:
        """Show what holds: the choices of an experiment, and the half steps that `live` has."""
        self.choices.show(settled)
        for half, name in zip(self.halves, HALVES, strict=True):
            half.layout.display = None if name in live.run.trainer.half_steps else "none"

    def show(self, frame: Frame, live: Live, note: str) -> None:
        """A frame of `live`.  note: what else there is to say."""
        screen = live.screen
        with self.picture.hold_sync():  # one message
            self.picture.png, self.picture.playing = frame.png, frame.playing
            self.picture.status = f"{frame.status}{changes(live)}{note}"
            self.picture.alt, self.picture.caption = screen.canvas.alt, screen.stage.caption
        self.switches.show(screen.stage.layers)
        self.play.description = "Pause" if frame.playing else "Play"
        self.play.icon = "pause" if frame.playing else "play"

    def _unfold(self, on: bool) -> None:
        self.pad.layout.display = None if on else "none"

    def _use(self, choose: Callable[[str, Any], bool], drawing: str) -> None:
        if choose("data", drawing):
            self.choices.offer(drawing)


def changes(live: Live) -> str:
    """What was changed while the run lived: of each setting the last change."""
    names = LIVE | {"lr": RATES[live.experiment.model], "data": "data"}
    last = {event.name: event for event in live.run.events if event.name in names}
    said = ""
    for name, (step, _, value) in last.items():
        named = "a drawing" if str(value).startswith(DRAWN) else value
        what = named if isinstance(value, str) else f"{value:g}"
        said += f"  Since step {step:,}: {names[name]} {what}."
    return said
