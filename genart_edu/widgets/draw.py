"""A target drawn by hand in JupyterLab: draw, and press the button to train on it."""

from collections.abc import Callable
from typing import Any, Self

import anywidget
import numpy as np
import traitlets

from genart_edu.data.drawing import EXTENT, drawing, drawn
from genart_edu.device import rngs
from genart_edu.views.browser import sources
from genart_edu.views.canvas import still
from genart_edu.views.plane import Plane


class DrawPad(anywidget.AnyWidget):
    """views/js/draw.js.  `use` is called with the drawing's name, as `catalogue.load` takes it.

    strokes: [[[x, y], ...], ...], plain lists, x and y from -1.5 to 1.5; `pad.strokes = ...` shows
    them.  What is no drawing, and any ValueError of `use`, is shown as the sentence `error`.
    """

    _esm, _css = sources("draw")
    strokes = traitlets.Any().tag(sync=True)  # a browser may send whatever it likes
    extent = traitlets.Float(EXTENT).tag(sync=True)
    label = traitlets.Unicode("Train on it").tag(sync=True)
    chosen = traitlets.Int(0).tag(sync=True)
    error = traitlets.Unicode().tag(sync=True)

    def __init__(self, use: Callable[[str], object], strokes: Any = ()) -> None:
        self.use = use
        super().__init__(strokes=list(strokes))

    def choose(self) -> Self:
        """Press the button."""
        self.chosen += 1
        return self

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The widget; samples, where no kernel runs; a line that is the same everywhere."""
        bundle, about = super()._repr_mimebundle_() or ({}, {})
        try:
            x = drawn(drawing(self.strokes)).sample(500, rngs(0, 1)[0])
        except ValueError:  # nothing is drawn yet
            return bundle | {"text/plain": "Drawing pad"}, about
        picture = still(Plane("Your target", EXTENT), x.numpy(), np.empty((0, 2)))
        png, about_png = picture._repr_png_()
        about_png["alt"] = "Your target: samples of what is drawn"
        line = f"Drawing pad, strokes: {len(self.strokes)}"
        return bundle | {"image/png": png, "text/plain": line}, about | {"image/png": about_png}

    @traitlets.observe("chosen")
    def _choose(self, _: object) -> None:
        self.error = ""
        try:
            self.use(drawing(self.strokes))
        except ValueError as error:
            self.error = str(error)
