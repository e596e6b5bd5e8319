"""What a person presses and chooses: buttons, menus, numbers."""

from collections.abc import Callable
from functools import partial
from typing import Any

import ipywidgets as widgets

from genart_edu.data.catalogue import DENSITIES
from genart_edu.lab.experiment import Experiment

MODELS = (("VAE", "vae"), ("GAN", "gan"))
RATES = {"vae": "learning rate", "gan": "generator's rate"}  # the discriminator keeps its own
LIVE = ("lr", "beta")  # hold from the next step on; any other choice is another run
DATA = ("digits", "digits-grey", "motifs", *DENSITIES)


def button(label: str, icon: str, press: Callable[[object], None], **more: str) -> widgets.Button:
    """icon: a name of Font Awesome's.  press: takes the button."""
    made = widgets.Button(description=label, icon=icon, **more)
    made.on_click(press)
    return made


def close(widget: Any) -> None:
    """Close `widget` and all that it is made of: ipywidgets keeps what nobody closes."""
    parts = [getattr(widget, name, None) for name in ("layout", "style")]
    for part in (*parts, *getattr(widget, "children", ())):
        if part is not None:
            close(part)
    widget.close()


class Choices:
    """The choices of an experiment.  `box`: a control for each that a student plays with.

    choose(name, value): what a person chose; False refuses it, and the old value comes back.
    data: what else to offer than DATA.
    """

    def __init__(self, choose: Callable[[str, Any], bool], data: str) -> None:
        self._choose = choose
        offered = tuple(dict.fromkeys([*DATA, data]))
        self._controls = {
            "model": _control(widgets.Dropdown, "model", "140px", options=MODELS),
            "data": _control(widgets.Dropdown, "data", "165px", options=offered),
            "latent_dim": _control(widgets.IntText, "latents", "125px"),
            "lr": _control(widgets.FloatText, RATES["gan"], "205px"),
            "beta": _control(widgets.FloatText, "β", "85px"),
            "seed": _control(widgets.IntText, "seed", "115px"),
        }
        self._agreed = {name: control.value for name, control in self._controls.items()}
        for name, control in self._controls.items():
            control.observe(partial(self._changed, name), "value")
        self.box = widgets.HBox(tuple(self._controls.values()))

    def show(self, settled: Experiment) -> None:
        """Let every control show what holds, whatever was chosen."""
        for name, control in self._controls.items():
            self._agreed[name] = control.value = getattr(settled, name)
        self._controls["lr"].description = RATES[settled.model]
        self._controls["beta"].layout.display = None if settled.model == "vae" else "none"

    def _changed(self, name: str, change: dict[str, Any]) -> None:
        value = change["new"]
        if value == self._agreed[name]:
            return  # no person wrote it: we did
        if self._choose(name, value):
            self._agreed[name] = value
        else:
            change["owner"].value = self._agreed[name]


def _control(kind: Any, label: str, width: str, **more: Any) -> Any:
    style = {"description_width": "initial"}
    return kind(description=label, layout={"width": width}, style=style, **more)
