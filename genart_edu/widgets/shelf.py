"""A slider over beta in JupyterLab: each position is a model that was really trained."""

from typing import Any, Self

import ipywidgets as widgets

from genart_edu.lab.shelf import BETAS, BetaSweep
from genart_edu.views.style import theme_named
from genart_edu.widgets.controls import control
from genart_edu.widgets.picture import Picture

CAPTION = (
    "**rate**: nats that z carries. **distortion**: nats that x still costs. Along a dashed line "
    "their sum, −ELBO, is the same: the best model of the data is the one on the lowest line."
)


class BetaSlider:
    """Move beta, and see what became of the same VAE on the same digits.

    theme: "light" or "dark".
    """

    def __init__(self, theme: str = "light") -> None:
        self.sweep = BetaSweep(theme_named(theme))
        self.picture = Picture(alt=self.sweep.canvas.alt, caption=CAPTION)
        names = [(f"{beta:g}", beta) for beta in BETAS]
        self.slider = control(widgets.SelectionSlider, "β", "420px", options=names, value=1.0)
        self.slider.observe(self._show, "value")
        self.panel = widgets.VBox([self.slider, self.picture])
        self.panel.add_class("genart-player").add_class(f"genart-{theme}")
        self._show()

    def move(self, beta: float) -> Self:
        """Put the slider at one of BETAS.  ValueError, in one sentence, for another number."""
        if beta not in BETAS:
            raise ValueError(f"beta must be one of {', '.join(map(str, BETAS))}; got {beta}.")
        self.slider.value = float(beta)
        return self

    def _show(self, _: object = None) -> None:
        i = BETAS.index(self.slider.value)
        with self.picture.hold_sync():  # one message
            self.picture.png, self.picture.status = self.sweep.picture(i), self.sweep.status(i)

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The widget; the picture, where no kernel runs; a line that is the same everywhere."""
        line = f"Beta slider: β {self.slider.value:g} of {len(BETAS)} trained models"
        bundle = self.panel._repr_mimebundle_() | {"image/png": self.picture.png}
        return bundle | {"text/plain": line}, {"image/png": {"alt": self.picture.alt}}
