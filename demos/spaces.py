"""The latent spaces that latent_space.py walks in, and what may be asked.  Nobody is remembered."""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from torch import Tensor

from genart_edu.data.images import digits
from genart_edu.data.motifs import KINDS
from genart_edu.data.scan import scanned
from genart_edu.device import rngs
from genart_edu.lab.gate import Gate
from genart_edu.lab.latent import LatentMap, latent_name
from genart_edu.lab.saved import painter
from genart_edu.lab.shelf import GAN, PLANE, TRAINED
from genart_edu.lab.stages import pictures, samples
from genart_edu.vae.diagnostics import mean_costs, mean_kl
from genart_edu.vae.model import VAE

EXTENT = 3.0  # of the planes
SIDE = 64  # of a drawing, as paint.js sends it
FAR = 100.0  # no code lies beyond
DRAWS = 64  # of z, to tell what a picture costs
LOOKING = Gate()  # one answer after the other: nobody waits long.  Who trains has another gate
test = digits().split(1_500)[1]
few = test.labels.argsort(stable=True)[::15]  # type: ignore[union-attr]  # two of each class


class Space(NamedTuple):
    """A latent space to walk in.  shown: its latents in rows; the first two span the pad.

    maps: to encode with; a GAN has none.  nats: the mean KL of each latent shown.  average: -ELBO.
    """

    decode: Callable[[Tensor], np.ndarray]
    latent_dim: int
    shown: Sequence[int] = (0, 1)
    maps: VAE | None = None
    nats: Sequence[float] = ()
    average: float = 0.0

    def plane(self, at: Any = None) -> LatentMap:
        return LatentMap(self.decode, self.latent_dim, dims=self.shown[:2], at=at, extent=EXTENT)


def of_vae(path: Path) -> Space:
    """Of a VAE: both latents, or the six that say most, the first of them first."""
    _, trainer, shape = painter(path)
    maps = cast(VAE, trainer.model)  # type: ignore[union-attr]

    def look(z: Tensor) -> np.ndarray:
        return pictures(samples(trainer, z), shape)

    nats = mean_kl(maps, test.x())
    shown = [0, 1] if len(nats) == 2 else nats.argsort(descending=True)[:6].tolist()
    costs = mean_costs(maps, test.x(), rngs(0, 1)[0], draws=10)
    average = (costs.reconstruction + costs.kl).item()
    return Space(look, len(nats), shown, maps, nats[shown].tolist(), average)


def of_gan() -> dict[str, Space]:
    """Of a GAN: one for each class that it is told."""
    _, trainer, shape = painter(GAN)

    def look(z: Tensor, kind: int) -> np.ndarray:
        return pictures(samples(trainer, z, torch.full((len(z),), kind)), shape)

    dim = trainer.latent_dim  # type: ignore[union-attr]
    return {name: Space(partial(look, kind=kind), dim) for kind, name in enumerate(KINDS)}


SPACES = {
    "plane": of_vae(PLANE),
    "sixteen": of_vae(TRAINED / "vae-digits-beta-1.safetensors"),
    **of_gan(),
}
PIXELS = LatentMap(lambda x: x.view(-1, 1, 8, 8).numpy(), 64)  # each picture decodes to itself


def numbers(given: Any, n: int, most: float) -> bool:
    """Whether a visitor gave a list of n numbers from -most to most."""
    known = isinstance(given, list) and len(given) == n
    return known and all(isinstance(z, int | float) and abs(z) <= most for z in given)


def space_of(question: Any) -> Space:
    """The space that a question is about."""
    name = question.get("space") if isinstance(question, dict) else None
    if not isinstance(name, str) or name not in SPACES:
        raise ValueError(f"A question names its space: {', '.join(SPACES)}.")
    return SPACES[name]


def unpacked(seen: Any) -> Tensor:
    """16 hexadecimal digits -> the 8x8 pixels x (64,) that they are."""
    if not isinstance(seen, str) or not re.fullmatch("[0-9a-f]{16}", seen):
        raise ValueError("A picture is 64 pixels as 16 hexadecimal digits.")
    return torch.tensor([float(bit) for bit in f"{int(seen, 16):064b}"])


def packed(x: Tensor) -> str:
    """The other way round."""
    return f"{int(''.join(str(int(bit)) for bit in x), 2):016x}"


def from_sheet(ink: Any) -> Tensor:
    """The greys of a sheet as base64 text -> x (64,), as the encoder knows digits."""
    try:
        greys = b64decode(ink, validate=True) if len(ink) < 2 * SIDE**2 else b""
    except (TypeError, ValueError):
        greys = b""
    if not isinstance(ink, str) or len(greys) != SIDE**2:
        raise ValueError(f"A sheet is {SIDE}x{SIDE} greys as base64 text.")
    sheet = torch.frombuffer(bytearray(greys), dtype=torch.uint8)
    x = scanned(sheet.view(SIDE, SIDE) / 255)
    if not x.any():
        raise ValueError("There is no ink on this sheet.")
    return x


def b64(png: bytes) -> str:
    """A PNG as the page takes it."""
    return b64encode(png).decode()


@torch.no_grad()
def landing(space: Space, x: Tensor) -> dict[str, Any]:
    """Where a picture x (64,) lands, and what it costs, in nats."""
    if space.maps is None:
        raise ValueError("A GAN has no encoder: no picture lands in its latent space.")
    mean, logvar = space.maps.encode(x)
    costs = mean_costs(space.maps, x.expand(DRAWS, -1), rngs(0, 1)[0])
    shown = list(space.shown[:2])
    return {
        "seen": packed(x),
        "at": mean.clamp(-FAR, FAR).tolist(),
        "ellipse": [*mean[shown].tolist(), *(0.5 * logvar[shown]).exp().tolist()],
        "reconstruction": costs.reconstruction.item(),
        "kl": costs.kl.item(),
        "average": space.average,
    }


def look(space: Space, question: dict[str, Any]) -> dict[str, Any]:
    """What the decoder makes of a point, or of where a picture lands.  A question says the point;
    at: the whole code, if one landed; seen or ink: a picture to land; whole: the plane, too."""
    point, at, ink, seen, whole = map(question.get, ("point", "at", "ink", "seen", "whole"))
    landed: dict[str, Any] = {}
    if ink is not None or seen is not None:
        landed = landing(space, unpacked(seen) if ink is None else from_sheet(ink))
        point, at = landed["ellipse"][:2], landed["at"]
    elif not numbers(point, 2, EXTENT):
        raise ValueError(f"A point is two numbers from {-EXTENT:g} to {EXTENT:g}.")
    elif at is not None and not numbers(at, space.latent_dim, FAR):
        raise ValueError(f"A code is {space.latent_dim} numbers from {-FAR:g} to {FAR:g}.")
    plane = space.plane(at)
    point = [round(z, 2) for z in plane.clip(point)]
    said = {"picture": b64(plane.look(point))} | landed
    if landed or whole:
        said = (begun(question["space"]) if whole else {}) | said | {"point": point}
        if at is not None and space.latent_dim > 2:  # not the plane through the middle
            said["background"] = b64(plane.background())
    if space.maps is not None:
        said["rows"] = b64(plane.traversals(point, space.shown))
        said["values"] = plane.place(point)[list(space.shown)].tolist()
    return said


@cache
def begun(name: str) -> dict[str, Any]:
    """A space as anybody finds it: the plane through the middle."""
    space = SPACES[name]
    state, names = space.plane().state(), map(latent_name, space.shown)
    latents = list(zip(names, space.nats, strict=False))
    return state | {"background": b64(state["background"]), "latents": latents}


def between(space: Space, question: dict[str, Any]) -> dict[str, str]:
    """From picture a to picture b: between their codes, and pixel by pixel."""
    a, b = (unpacked(question.get(name)) for name in "ab")
    start, end = (torch.tensor(landing(space, x)["at"]) for x in (a, b))
    return {"latent": b64(space.plane().row(start, end)), "pixels": b64(PIXELS.row(a, b))}


def ask(question: Any) -> dict[str, Any]:
    """What the page calls, past Gradio's queue: nobody waits for who trains on another page.
    A refusal is an answer, too: Gradio would take an error for a fault of the server."""
    try:
        space = space_of(question)
        with LOOKING:
            return between(space, question) if "a" in question else look(space, question)
    except ValueError as error:
        return {"refusal": str(error)}
