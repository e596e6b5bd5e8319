"""What a player shows: its buttons, choices, switches, picture, and the pad to draw on."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import ipywidgets as widgets

from genart_edu.lab.experiment import Experiment
from genart_edu.lab.live import Live
from genart_edu.lab.screen import Frame
from genart_edu.widgets.controls import Choices, Switches, button, toggle
from genart_edu.widgets.draw import DrawPad
from genart_edu.widgets.picture import Picture
from genart_edu.widgets.timebar import TimeBar

KEYS = "play", "step", "back", "first", "last"
HALVES = ("discriminator_step", "generator_step")


class Board:
    """`panel` is the widget.  What a person does is told to three functions.

    act(name, value): "play", "reset", a key of ACTS, or what `TimeBar` tells of.
    choose(name, value): see `Choices`.  switch(layer, on).
    """

    def __init__(
        self,
        act: Callable[[str, Any], None],
        choose: Callable[[str, Any], bool],
        switch: Callable[[str, bool], None],
        theme: str,
    ) -> None:
        def made(name: str, label: str, icon: str, **more: str) -> widgets.Button:
            return button(label, icon, lambda _: act(name, None), **more)

        self.play = made("play", "Play", "play", button_style="primary")
        step = made("step", "Step", "step-forward")
        self.halves = [
            made(half, f"Step {half[0].upper()}", "step-forward", tooltip=half.replace("_", " "))
            for half in HALVES
        ]
        reset = made("reset", "Reset", "refresh")
        self.pad = DrawPad(partial(self._use, choose))
        self._unfold(False)
        folds = toggle("Slow motion", partial(act, "slow")), toggle("Draw a target", self._unfold)
        self.buttons = widgets.HBox([self.play, step, *self.halves, reset, *folds])
        self.choices, self.switches, self.time = Choices(choose), Switches(switch), TimeBar(act)
        self._time_due = 0.0
        self.picture = Picture(pressed=("", 0))
        self.picture.observe(partial(self._key, act), "pressed")
        bars = [widgets.HBox([self.buttons, self.choices.box]), self.time.box, self.time.question]
        self.panel = widgets.VBox([*bars, self.switches.box, self.pad, self.picture])
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
            self.picture.status = f"{frame.status}{note}"
            self.picture.alt, self.picture.caption = screen.canvas.alt, screen.stage.caption
        self.switches.show(screen.stage.layers)
        now = time.monotonic()
        playing = frame.playing and self.play.description == "Pause"
        if not playing or now >= self._time_due:  # a slider costs the page the most
            self._time_due = now + 0.5
            self.time.show(screen, frame.step)
        self.play.description = "Pause" if frame.playing else "Play"
        self.play.icon = "pause" if frame.playing else "play"

    def _key(self, act: Callable[[str, Any], None], change: Any) -> None:
        if change["new"][0] in KEYS:  # a browser may send anything
            act(change["new"][0], None)

    def _unfold(self, on: bool) -> None:
        self.pad.layout.display = None if on else "none"

    def _use(self, choose: Callable[[str, Any], bool], drawing: str) -> None:
        if choose("data", drawing):
            self.choices.offer(drawing)
