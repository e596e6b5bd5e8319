"""What a person presses and chooses: buttons, menus, numbers, switches."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import ipywidgets as widgets

from genart_edu.data.catalogue import DENSITIES
from genart_edu.lab.choices import ONLY_OF
from genart_edu.lab.experiment import Experiment
from genart_edu.lab.parts import WORDS

MODELS = (("VAE", "vae"), ("GAN", "gan"))
RATES = {"vae": "learning rate", "gan": "generator's rate"}
LIVE = ("lr", "discriminator_lr", "beta", "r1", "instance_noise")  # hold from the next step on
DATA = ("digits", "digits-grey", "motifs", *DENSITIES)
DRAWN = "drawn:"  # so begins the name of a drawing


def button(label: str, icon: str, press: Callable[[object], None], **more: str) -> widgets.Button:
    """icon: a name of Font Awesome's.  press: takes the button."""
    made = widgets.Button(description=label, icon=icon, **more)
    made.on_click(press)
    return made


def toggle(label: str, press: Callable[[bool], None], **more: Any) -> widgets.ToggleButton:
    """press: takes whether it is pressed in now."""
    made = widgets.ToggleButton(description=label, **more)
    made.observe(lambda change: press(change["new"]), "value")
    return made


def control(kind: Any, label: str, width: str, *value: Any, **more: Any) -> Any:
    """A widget of ipywidgets whose label has the room that it needs."""
    style = {"description_width": "initial"}
    more |= {"value": value[0]} if value else {}
    return kind(description=label, layout={"width": width}, style=style, **more)


def close(widget: Any) -> None:
    """Close `widget` and all that it is made of: ipywidgets keeps what nobody closes."""
    parts = [getattr(widget, name, None) for name in ("layout", "style")]
    for part in filter(None, (*parts, *getattr(widget, "children", ()))):
        close(part)
    widget.close()


def chosen(experiment: Experiment, name: str, value: Any, redrawn: bool) -> Experiment:
    """With another choice.  What was chosen of another model, or for other data, is left open
    again.  redrawn: the data are another drawing in the same plane, for the same run.  ValueError
    for what can't be."""
    also: dict[str, Any] = {}
    if name in ("model", "data") and not redrawn:  # others suit
        also = dict.fromkeys(("lr", "discriminator_lr", "r1"))
    if name == "model":  # what was chosen of a VAE means nothing to a GAN
        also |= {n: getattr(Experiment, n) for names in ONLY_OF.values() for n in names}
    wanted = replace(experiment, **{**also, name: value})
    wanted.check()
    return wanted


class Choices:
    """The choices of an experiment.  `box`: a control for each that a student plays with.

    choose(name, value): what a person chose; False refuses it, and the old value comes back.
    """

    def __init__(self, choose: Callable[[str, Any], bool]) -> None:
        self._choose = choose
        self._controls = {
            "model": control(widgets.Dropdown, "model", "140px", options=MODELS),
            "data": control(widgets.Dropdown, "data", "165px", options=DATA),
            "latent_dim": control(widgets.IntText, "latents", "125px"),
            "lr": control(widgets.FloatText, RATES["gan"], "205px"),
            "discriminator_lr": control(widgets.FloatText, WORDS["discriminator_lr"], "225px"),
            "r1": control(widgets.FloatText, WORDS["r1"], "95px"),
            "instance_noise": control(widgets.FloatText, "instance noise", "165px"),
            "beta": control(widgets.FloatText, WORDS["beta"], "85px"),
            "seed": control(widgets.IntText, "seed", "115px"),
        }
        self._agreed = {name: each.value for name, each in self._controls.items()}
        for name, each in self._controls.items():
            each.observe(partial(self._changed, name), "value")
        self.box = widgets.HBox(tuple(self._controls.values()))

    def show(self, settled: Experiment) -> None:
        """Let every control show what holds, whatever was chosen."""
        self.offer(settled.data)
        hidden = {n for model, names in ONLY_OF.items() if model != settled.model for n in names}
        for name, each in self._controls.items():
            each.layout.display = "none" if name in hidden else None
            if name not in hidden:
                self._agreed[name] = each.value = getattr(settled, name)
        self._controls["lr"].description = RATES[settled.model]

    def offer(self, data: str) -> None:
        """Show data that may be in no list, a drawing or somebody's own pictures."""
        menu = self._controls["data"]
        own = [("a drawing" if data.startswith(DRAWN) else data, data)] * (data not in DATA)
        self._agreed.pop("data")  # a menu whose options change says so as if somebody chose
        menu.options = (*((name, name) for name in DATA), *own)
        menu.value = data
        self._agreed["data"] = data

    def _changed(self, name: str, change: dict[str, Any]) -> None:
        value = change["new"]
        if value == self._agreed.get(name, value):
            return  # no person wrote it: we did
        if self._choose(name, value):
            self._agreed[name] = value
        else:
            change["owner"].value = self._agreed[name]


class Switches:
    """A button for each layer of a picture, pressed in while it shows.  `box`: all of them.

    switch(name, on): what a person pressed.
    """

    def __init__(self, switch: Callable[[str, bool], None]) -> None:
        self._switch, self._layers = switch, dict[str, bool]()
        self.box = widgets.HBox().add_class("genart-switches")

    def show(self, layers: Mapping[str, bool]) -> None:
        """Offer these layers, as they are on and off."""
        if list(layers) != [each.description for each in self.box.children]:
            for each in self.box.children:
                close(each)
            self.box.children = [toggle(name, partial(self._pressed, name)) for name in layers]
        self._layers = dict(layers)
        for each in self.box.children:
            each.value = layers[each.description]
            each.icon = "check" if each.value else ""  # not told by colour alone

    def _pressed(self, name: str, on: bool) -> None:
        if self._layers.get(name) != on:  # else no person pressed it: we did
            self._layers[name] = on
            self._switch(name, on)
