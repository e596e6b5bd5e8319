"""Many small pictures as one: a grid of samples, or inputs above what became of them.

All pictures of a view are pasted into one array: a frame costs one artist, however many there
are.  They grow by whole numbers only: a data pixel is a square of screen pixels, never a blur.
"""

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba

from genart_edu.views.bitmap import Bitmap
from genart_edu.views.style import LABEL, Margins, Theme, bare, themed

RIM = 3  # screen pixels of black around a picture, or white ink at its edge melts into the page
GAP, GROUP_GAP = 2, 9  # between two pictures, and between two groups of rows


def to_bytes(images: np.ndarray) -> np.ndarray:
    """Floats in [0, 1], (N, C, H, W) or (N, H, W), as opaque bytes (N, H, W, 4).

    C is 1 (grey) or 3 (red, green, blue).  What is outside is clipped; what is nan is black.
    """
    if images.ndim == 3:
        images = images[:, None]
    if images.ndim != 4 or images.shape[1] not in (1, 3):
        raise ValueError(f"Images are (N, H, W) or (N, C, H, W) with C 1 or 3; got {images.shape}.")
    n, _, height, width = images.shape
    rgba = np.full((n, height, width, 4), 255, dtype=np.uint8)
    rgba[..., :3] = np.rint(255 * np.nan_to_num(images.clip(0, 1))).transpose(0, 2, 3, 1)
    return rgba


class Sheet:
    """The paper on `ax` that pictures are pasted on, measured in screen pixels.

    group: how many rows belong together; more space follows them.
    """

    def __init__(self, ax: Axes, theme: Theme, group: int = 1000) -> None:
        bare(ax)
        self.group = group
        self.paper = np.rint(255 * np.array(to_rgba(theme.background)))
        self.height, self.width = round(ax.bbox.height), round(ax.bbox.width)
        ax.set(xlim=(0, self.width), ylim=(self.height, 0))
        self.image = Bitmap(ax)

    def paste(self, images: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> list[float]:
        """Picture i goes to rows[i], columns[i], all as large as fits.  -> the rows' middles."""
        pictures = to_bytes(images)
        if not len(pictures):
            self.image.set_visible(False)
            return []
        row, column = np.arange(rows.max() + 1), np.arange(columns.max() + 1)
        y_gaps, x_gaps = GAP * row + (GROUP_GAP - GAP) * (row // self.group), GAP * column
        height, width = pictures.shape[1:3]
        tall = ((self.height - y_gaps[-1]) // len(row) - 2 * RIM) // height
        wide = ((self.width - x_gaps[-1]) // len(column) - 2 * RIM) // width
        zoom = max(1, min(tall, wide))
        pictures = pictures.repeat(zoom, axis=1).repeat(zoom, axis=2)
        pictures = np.pad(pictures, ((0, 0), (RIM, RIM), (RIM, RIM), (0, 0)))
        pictures[..., 3] = 255
        height, width = pictures.shape[1:3]
        tops, lefts = height * row + y_gaps, width * column + x_gaps

        shape = (tops[-1] + height, lefts[-1] + width, 4)
        sheet = np.full(shape, self.paper, dtype=np.uint8)
        for picture, y, x in zip(pictures, tops[rows], lefts[columns], strict=True):
            sheet[y : y + height, x : x + width] = picture
        shrink = self._show(sheet)
        return ((tops + height / 2) / shrink).tolist()

    def _show(self, sheet: np.ndarray) -> float:
        """Pixel for pixel where it fits, else smaller and smoothed.  -> how much smaller."""
        height, width, _ = sheet.shape
        shrink = max(1.0, height / self.height, width / self.width)
        self.image.show(sheet, (0, width / shrink, height / shrink, 0))
        self.image.set_interpolation("nearest" if shrink == 1 else "hanning")
        return shrink


def width(columns: int) -> float:
    """Of a plot, in units of its height: room for `columns` by 8 pictures, at least a square."""
    side = 32 + 2 * RIM  # 8, 16 and 32 data pixels divide 32; a row of 3.68 inches holds 8
    return max(1.0, (columns * (side + GAP) - GAP) / (8 * (side + GAP) - GAP))


class ImageGrid:
    """Samples, row by row, `columns` to a row."""

    margins = Margins(0.15, 0.15, 0.08, 0.42)

    def __init__(self, title: str, columns: int = 8) -> None:
        self.title, self.columns, self.width = title, columns, width(columns)
        self.alt = f"{title}: a grid of images"

    def attach(self, ax: Axes, theme: Theme) -> None:
        themed(ax, theme, self.title, self.margins)
        self.sheet = Sheet(ax, theme)
        self.artists: list[Artist] = [self.sheet.image]

    def update(self, images: np.ndarray) -> bool:
        """images (N, C, H, W) or (N, H, W), floats in [0, 1]."""
        index = np.arange(len(images))
        self.sheet.paste(images, index // self.columns, index % self.columns)
        return False


class Pairs:
    """Each row of inputs above the row of what a model made of them.

    labels: what to call the upper and the lower rows.
    """

    def __init__(
        self, title: str, columns: int = 8, labels: tuple[str, str] = ("input", "output")
    ) -> None:
        self.title, self.columns, self.labels = title, columns, labels
        self.width = width(columns)
        self.alt = f"{title}: rows of images, {labels[0]} above {labels[1]}"
        self.margins = Margins(0.25 + 0.1 * max(map(len, labels)), 0.15, 0.08, 0.42)

    def attach(self, ax: Axes, theme: Theme) -> None:
        themed(ax, theme, self.title, self.margins)
        self.ax, self.middles = ax, [0.0]
        self.sheet = Sheet(ax, theme, group=2)
        self.artists: list[Artist] = [self.sheet.image]
        ax.tick_params(axis="y", labelsize=LABEL, labelcolor=theme.ink)

    def update(self, originals: np.ndarray, reconstructions: np.ndarray) -> bool:
        """Two arrays (N, C, H, W) or (N, H, W), floats in [0, 1]: picture i of each is a pair."""
        if originals.shape != reconstructions.shape:
            shapes = f"{originals.shape} and {reconstructions.shape}"
            raise ValueError(f"Pairs needs two arrays of the same shape; got {shapes}.")
        index = np.arange(len(originals))
        upper, columns = 2 * (index // self.columns), index % self.columns
        middles = self.sheet.paste(
            np.concatenate([originals, reconstructions]),
            np.concatenate([upper, upper + 1]),
            np.concatenate([columns, columns]),
        )
        moved, self.middles = middles != self.middles, middles
        if moved:
            self.ax.set_yticks(middles, self.labels * (len(middles) // 2))
        return moved
