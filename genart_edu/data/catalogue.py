"""Data by name: what a command line or a menu offers."""

import reprlib
import warnings

import torch

from genart_edu.data.densities import Density, grid, moons, ring, spiral
from genart_edu.data.drawing import drawn
from genart_edu.data.folder import folder
from genart_edu.data.idx import idx
from genart_edu.data.images import Images, digits
from genart_edu.data.motifs import motifs

DENSITIES = {make.__name__: make for make in (ring, grid, spiral, moons)}
PLANE = (*DENSITIES, "drawn:STROKES")
NAMES = ("digits", "digits-grey", "motifs", *PLANE, "idx:NAME", "folder:PATH")


def load(name: str) -> Density | tuple[Images, Images]:
    """The density of that name, or its images as (train, test).

    digits, digits-grey   1,500 and 297
    motifs                6,000 and 1,000, always the same
    ring grid spiral moons
    drawn:STROKES         a density drawn by hand, see `drawn`
    idx:NAME              mnist, fashion-mnist or kmnist as published: 60,000 and 10,000
    folder:PATH           your own pictures, 5 of 6 to train; a lone one serves for both

    Raises ValueError for another name, and what `drawn`, `idx` and `folder` raise.
    """
    kind, _, rest = name.partition(":")
    if is_density(name):
        return density(name)
    if name in ("digits", "digits-grey"):
        return digits(grey=name == "digits-grey").split(1_500)
    if name == "motifs":
        return _motifs(6_000, seed=0), _motifs(1_000, seed=1)
    if kind == "idx" and rest:
        return idx(rest)
    if kind == "folder" and rest:
        return _train_and_test(folder(rest))
    raise ValueError(f"data must be one of {', '.join(NAMES)}; got {reprlib.repr(name)}.")


def is_density(name: str) -> bool:
    """Whether data of that name are points of the plane."""
    return name in DENSITIES or (name.startswith("drawn:") and name != "drawn:")


def density(name: str) -> Density:
    """The density of that name.  ValueError for another name, and what `drawn` raises."""
    name = str(name)  # a page may send anything
    if name in DENSITIES:
        return DENSITIES[name]()
    if name.startswith("drawn:"):
        return drawn(name)
    raise ValueError(f"A density is one of {', '.join(PLANE)}; got {reprlib.repr(name)}.")


def _motifs(n: int, seed: int) -> Images:
    images, _ = motifs(n, torch.Generator().manual_seed(seed))
    return images


def _train_and_test(images: Images) -> tuple[Images, Images]:
    if len(images) == 1:
        alone = "There is one picture only: it serves for training and for testing."
        warnings.warn(alone, stacklevel=3)
        return images, images
    return images.split(max(1, len(images) * 5 // 6))
