"""A picture that has as many pixels as the screen gives it: copied there, not resampled."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.image import AxesImage
from matplotlib.transforms import IdentityTransform


class Bitmap(AxesImage):
    """An image on `ax`, invisible until it is shown something.

    matplotlib resamples every image at every draw (4 ms for 270 x 270).  Where the sizes agree,
    as in a live frame, there is nothing to resample; a finer still takes the usual way.
    """

    def __init__(self, ax: Axes) -> None:
        super().__init__(ax, interpolation="nearest", origin="upper", visible=False)
        ax.add_image(self)

    def show(self, pixels: np.ndarray, extent: tuple[float, float, float, float]) -> None:
        """pixels: bytes (H, W, 4), top row first.  extent: left, right, bottom, top in data."""
        self.set_data(pixels)
        self.set_extent(extent)
        self.set_visible(True)

    def make_image(
        self, renderer: RendererBase, magnification: float = 1.0, unsampled: bool = False
    ) -> Any:
        """What matplotlib calls to get the pixels, and the place of their lower left corner."""
        pixels, box = np.asarray(self.get_array()), self.get_window_extent(renderer)
        if magnification != 1 or pixels.shape[:2] != (round(box.height), round(box.width)):
            return super().make_image(renderer, magnification, unsampled)
        return pixels[::-1], box.x0, box.y0, IdentityTransform()
