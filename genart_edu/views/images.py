"""Many small pictures as one: a grid of samples, or rows of inputs above what became of them.

All pictures of a view are pasted into one array: a frame costs one artist, however many there
are.  They grow by whole numbers only: a data pixel is a square of screen pixels, never a blur.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb, to_rgba

from genart_edu.views.bitmap import Bitmap
from genart_edu.views.style import FAKE, LABEL, REAL, Margins, Theme, bare

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


def residuals(x: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """How a model errs: black where `mean` is x, blue where it is too dark, orange: too bright.

    Both (N, C, H, W) or (N, H, W) in [0, 1]; over several channels sign and size are averaged.  The
    light of a pixel is |mean - x|, so that its value is the root: small errors are seen.
    -> (N, 3, H, W)
    """
    if x.shape != mean.shape:
        raise ValueError(f"residuals needs two arrays of one shape; got {x.shape}, {mean.shape}.")
    error = (mean - x).reshape(len(x), -1, *x.shape[-2:])  # (N, C, H, W)
    sign, size = (each.mean(axis=1, keepdims=True) for each in (error, abs(error)))
    dark, bright = (np.reshape(to_rgb(role.dark), (3, 1, 1)) for role in (REAL, FAKE))
    return np.where(sign < 0, dark, bright) * np.sqrt(size)


class ImageGrid:
    """Samples, row by row, `columns` to a row.

    rows: the names of the rows, from the top, or none.
    """

    group = 1000  # rows that belong together, less apart than from others: all

    def __init__(self, title: str, columns: int = 8, rows: Sequence[str] = ()) -> None:
        self.title, self.columns, self.rows = title, columns, tuple(rows)
        side = 32 + 2 * RIM  # 8, 16 and 32 data pixels divide 32; a row of 3.68 inches holds 8
        self.width = max(1.0, (columns * (side + GAP) - GAP) / (8 * (side + GAP) - GAP))
        left = 0.25 + 0.1 * max(map(len, rows)) if rows else 0.15
        self.margins = Margins(left, 0.15, 0.08, 0.42)
        self.alt = f"{title}: a grid of images"
        self.alt += f", a row for each of {', '.join(rows)}" if rows else ""

    def attach(self, ax: Axes, theme: Theme) -> None:
        bare(ax)
        ax.tick_params(axis="y", labelsize=LABEL, labelcolor=theme.ink)
        self.ax, self.middles = ax, [0.0]
        self.paper = np.rint(255 * np.array(to_rgba(theme.background)))
        self.room = round(ax.bbox.height), round(ax.bbox.width)  # screen pixels
        ax.set(xlim=(0, self.room[1]), ylim=(self.room[0], 0))
        self.image = Bitmap(ax)
        self.artists = [self.image]

    def update(self, images: np.ndarray) -> bool:
        """images (N, C, H, W) or (N, H, W), floats in [0, 1]."""
        n, room = len(images), len(self.rows) * self.columns
        if self.rows and n > room:
            raise ValueError(f"{len(self.rows)} named rows hold {room} pictures; got {n}.")
        return self._paste(to_bytes(images), *np.divmod(np.arange(n), self.columns))

    def _paste(self, pictures: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> bool:
        """Picture i, bytes (N, H, W, 4), goes to rows[i], columns[i]; all as large as fits.

        -> whether a name of a row has moved.
        """
        if not len(pictures):
            self.image.set_visible(False)
            return self._name([])
        row, column = np.arange(rows.max() + 1), np.arange(columns.max() + 1)
        y_gaps, x_gaps = GAP * row + (GROUP_GAP - GAP) * (row // self.group), GAP * column
        room = np.subtract(self.room, (y_gaps[-1], x_gaps[-1])) // (len(row), len(column))
        zoom = max(1, ((room - 2 * RIM) // pictures.shape[1:3]).min())
        pictures = pictures.repeat(zoom, axis=1).repeat(zoom, axis=2)
        pictures = np.pad(pictures, ((0, 0), (RIM, RIM), (RIM, RIM), (0, 0)))
        pictures[..., 3] = 255
        height, width = pictures.shape[1:3]
        tops, lefts = height * row + y_gaps, width * column + x_gaps

        bottom, right = tops[-1] + height, lefts[-1] + width
        sheet = np.full((bottom, right, 4), self.paper, dtype=np.uint8)
        for picture, y, x in zip(pictures, tops[rows], lefts[columns], strict=True):
            sheet[y : y + height, x : x + width] = picture
        # Pixel for pixel where it fits, else smaller and smoothed.
        shrink = max(1.0, bottom / self.room[0], right / self.room[1])
        self.image.show(sheet, (0, right / shrink, bottom / shrink, 0))
        self.image.set_interpolation("nearest" if shrink == 1 else "hanning")
        return self._name(((tops + height / 2) / shrink).tolist())

    def _name(self, middles: list[float]) -> bool:
        """Write names beside the middles of rows, again from the first.  -> if one has moved."""
        if not self.rows or middles == self.middles:
            return False
        self.middles = middles
        self.ax.set_yticks(middles, [self.rows[i % len(self.rows)] for i in range(len(middles))])
        return True


class Rows(ImageGrid):
    """Each row of inputs above the rows of what models made of them.

    labels: what to call the rows of a group, two or more, from the top.
    """

    def __init__(
        self, title: str, columns: int = 8, labels: Sequence[str] = ("input", "output")
    ) -> None:
        if len(labels) < 2:
            raise ValueError(f"Rows compares two rows or more; got {len(labels)} labels.")
        super().__init__(title, columns, rows=labels)
        self.group = len(labels)
        self.alt = f"{title}: rows of images, {' above '.join(labels)}"

    def update(self, *images: np.ndarray) -> bool:
        """An array for each label, (N, C, H, W) or (N, H, W), floats in [0, 1], grey or RGB.

        Picture i of each stands in one column.
        """
        k = self.group
        if len(images) != k or len({(len(a), *a.shape[-2:]) for a in images}) > 1:
            got = ", ".join(str(a.shape) for a in images)
            raise ValueError(f"Rows needs {k} arrays of as many pictures of one size; got {got}.")
        group, column = np.divmod(np.arange(len(images[0])), self.columns)
        rows = np.concatenate([k * group + i for i in range(k)])
        pictures = np.concatenate([to_bytes(a) for a in images])
        return self._paste(pictures, rows, np.tile(column, k))
