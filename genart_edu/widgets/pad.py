"""The latent pad in JupyterLab: drag z over the plane, and the decoder answers at once."""

from typing import Any, Self

import anywidget
import traitlets

from genart_edu.lab.latent import LatentMap
from genart_edu.views.browser import sources


class LatentPad(anywidget.AnyWidget):
    """views/js/pad.js over a latent map.  `pad.point = [1, 0]` drags it, too.

    TraitError, in one sentence, for what is no point; what lies outside the plane is clipped.
    """

    _esm, _css = sources("pad")
    background = traitlets.Bytes().tag(sync=True)
    picture = traitlets.Bytes().tag(sync=True)
    point = traitlets.TraitType[Any, Any]().tag(sync=True)  # whatever passes `_clip`
    extent = traitlets.Float().tag(sync=True)
    ellipse = traitlets.Any().tag(sync=True)  # of a posterior, or None: see pad.js
    names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    alt = traitlets.Unicode().tag(sync=True)

    def __init__(self, latent_map: LatentMap) -> None:
        self.latent_map = latent_map
        super().__init__(**latent_map.state())

    def move(self, z1: float, z2: float) -> Self:
        """Put the point at (z1, z2)."""
        self.point = [z1, z2]
        return self

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The widget; the answer, where no kernel runs; a line that is the same everywhere."""
        bundle, about = super()._repr_mimebundle_() or ({}, {})
        terms = zip(self.names, self.point, strict=True)
        line = f"Latent pad: {', '.join(f'{name} = {z:.2f}' for name, z in terms)}"
        still = {"image/png": self.picture, "text/plain": line}
        return bundle | still, about | {"image/png": {"alt": self.alt}}

    @traitlets.validate("point")
    def _clip(self, proposal: dict[str, Any]) -> list[float]:
        try:
            return self.latent_map.clip(proposal["value"])
        except ValueError as error:  # traitlets takes back what is no TraitError only in part
            raise traitlets.TraitError(str(error)) from None

    @traitlets.observe("point")
    def _look(self, _: object) -> None:
        self.picture = self.latent_map.look(self.point)
