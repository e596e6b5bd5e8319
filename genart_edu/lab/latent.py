"""A plane through a latent space: what a decoder makes of each point on it."""

import math
import reprlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from genart_edu.views.images import to_bytes
from genart_edu.views.png import png

SIDE = 224  # pixels of an enlarged answer, about: 8, 16, 28 and 32 divide it


def latent_name(dim: int) -> str:
    """What people call latent `dim`, counted from 0: z₁, z₂, ..."""
    return f"z{dim + 1}".translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def arc(start: Tensor, end: Tensor, share: Tensor) -> Tensor:
    """The way from one z to another that keeps its distance from 0, where few draws of the prior
    lie: slerp (Shoemake 1985; White 2016, arXiv:1609.04468, section 2.1).

    start, end (..., L); share (..., 1) of the way -> (..., L).
    """
    angle = torch.cosine_similarity(start, end, dim=-1).clamp(-1, 1).acos().unsqueeze(-1)
    if (angle.sin() < 1e-4).any():  # they point the same way, or apart: no arc, or any
        return torch.lerp(start, end, share)
    return (((1 - share) * angle).sin() * start + (share * angle).sin() * end) / angle.sin()


class LatentMap:
    """The plane that two latents span, from -extent to extent, while the others stand still.

    decode: takes z (n, L) and gives pictures (n, C, H, W) in [0, 1].  latent_dim: L.
    dims: the two latents, counted from 0.  at (L,): where the others stand; by default at 0.
    ValueError, in one sentence, for what is no plane or no point.
    """

    def __init__(
        self,
        decode: Callable[[Tensor], np.ndarray],
        latent_dim: int,
        *,
        dims: Sequence[int] = (0, 1),
        at: Any = None,
        extent: float = 3.0,
    ) -> None:
        known = all(isinstance(dim, int) and 0 <= dim < latent_dim for dim in dims)
        if not known or len(dims) != 2 or dims[0] == dims[1]:
            latents = f"two different latents from 0 to {latent_dim - 1}"
            raise ValueError(f"dims must be {latents}; got {tuple(dims)}.")
        if not 0 < extent < math.inf:
            raise ValueError(f"extent must be a finite number above 0; got {extent}.")
        self.decode, self.dims, self.extent = decode, tuple(dims), float(extent)
        at = np.zeros(latent_dim) if at is None else _vector("at", at, latent_dim)
        self._at = torch.tensor(at, dtype=torch.float32)

    def clip(self, point: Any) -> list[float]:
        """The nearest point on the plane, two plain numbers."""
        return _vector("A point", point, 2).clip(-self.extent, self.extent).tolist()

    def place(self, point: Any) -> Tensor:
        """Where a point (2,) of the plane lies in the latent space.  -> z (L,)."""
        z = self._at.clone()
        z[list(self.dims)] = torch.tensor(self.clip(point))
        return z

    def look(self, point: Any) -> bytes:
        """What the decoder makes of a point, enlarged by a whole number: a PNG."""
        [picture] = self._pictures(self.place(point)[None])
        zoom = max(1, round(SIDE / max(picture.shape)))
        return png(picture.repeat(zoom, axis=0).repeat(zoom, axis=1))

    def background(self, n: int = 13) -> bytes:
        """The plane itself, n by n cells, each decoded at its middle; z2 grows upward: a PNG.

        At half the brightness, so that a white mark is seen everywhere.
        """
        middles = self.extent * ((2 * np.arange(n) + 1) / n - 1)
        z = torch.stack([self.place((z1, z2)) for z2 in middles[::-1] for z1 in middles])
        return png(self._sheet(z, n) // 2)

    def row(self, start: Tensor, end: Tensor, n: int = 9) -> bytes:
        """n pictures side by side, along the straight line from one z (L,) to another: a PNG."""
        return png(self._sheet(torch.lerp(start, end, torch.linspace(0, 1, n)[:, None]), n))

    def traversals(self, point: Any, dims: Sequence[int], n: int = 9) -> bytes:
        """A row for each latent of `dims`, that goes from -extent to extent while all others stay
        as at a point (2,) of the plane: a PNG."""
        z = self.place(point).repeat(len(dims), n, 1)
        for row, dim in zip(z, dims, strict=True):
            row[:, dim] = torch.linspace(-self.extent, self.extent, n)
        return png(self._sheet(z.flatten(0, 1), n))

    def state(self, point: Any = (0.0, 0.0)) -> dict[str, Any]:
        """All that views/js/pad.js shows, with the handle at `point`."""
        return {
            "background": self.background(),
            "picture": self.look(point),
            "point": self.clip(point),
            "extent": self.extent,
            "ellipse": None,
            "names": [latent_name(dim) for dim in self.dims],
            "alt": "what the decoder makes of this z",
        }

    def _sheet(self, z: Tensor, columns: int) -> np.ndarray:
        """z (n, L) decoded, `columns` to a row, each picture in a black rim: bytes (H, W, 3)."""
        cells = np.pad(self._pictures(z), ((0, 0), (1, 1), (1, 1), (0, 0)))  # ink reaches the edge
        height, width = cells.shape[1:3]
        rows = cells.reshape(-1, columns, height, width, 3).swapaxes(1, 2)
        return rows.reshape(-1, columns * width, 3)

    @torch.no_grad()
    def _pictures(self, z: Tensor) -> np.ndarray:
        """z (n, L) decoded, as bytes (n, H, W, 3)."""
        return to_bytes(self.decode(z))[..., :3]


def _vector(name: str, value: Any, length: int) -> np.ndarray:
    """`value` as numbers (length,), if it is that."""
    try:
        vector = np.asarray(value)
    except ValueError:  # of unequal lengths
        vector = np.empty(0)
    numbers = vector.dtype.kind in "iuf" and vector.shape == (length,)
    if not numbers or not np.isfinite(vector).all():
        raise ValueError(f"{name} must be {length} finite numbers; got {reprlib.repr(value)}.")
    return vector.astype(float)
