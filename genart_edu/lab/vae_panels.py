"""The panels of a VAE's stage: each a view, and what to fill it with."""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from genart_edu.data.images import Images
from genart_edu.device import rngs
from genart_edu.lab.latent import latent_name
from genart_edu.lab.stages import History, Panel, array, columns, far_away, pictures
from genart_edu.vae.diagnostics import active_units, mean_kl
from genart_edu.vae.model import Maps
from genart_edu.vae.training import VAETrainer
from genart_edu.views.bars import Bars
from genart_edu.views.canvas import Arrays
from genart_edu.views.curves import Curves
from genart_edu.views.images import ImageGrid, Rows, residuals
from genart_edu.views.latent import LatentPlane
from genart_edu.views.style import ELBO, KL, RECONSTRUCTION, SERIES

START = 300  # steps: no verdict before
MOVES = 11  # pictures in a traversal, from z = -3 to z = 3


@torch.no_grad()
def traversals(maps: Maps, z: Tensor, dims: list[int]) -> Tensor:
    """Decode z (L,) with one latent of `dims` at a time moved from -3 to 3.

    -> E[x|z] (len(dims) MOVES, D), row by row.
    """
    moved = z.repeat(len(dims), MOVES, 1)
    for row, dim in enumerate(dims):
        moved[row, :, dim] = torch.linspace(-3, 3, MOVES, device=z.device)
    return maps.decode(moved.flatten(0, 1)).mean


@torch.no_grad()
def lattice(
    maps: Maps, n: int = 15, extent: float = 3.0, device: torch.device | str = "cpu"
) -> Tensor:
    """Decode n x n places of a latent plane, rows from the top: E[x|z] (n n, D)."""
    ticks = torch.linspace(-extent, extent, n, device=device)
    z = torch.cartesian_prod(ticks.flip(0), ticks).flip(1)
    return maps.decode(z).mean


def seen(trainer: VAETrainer, test: Images, n: int) -> tuple[Maps, Tensor]:
    """The maps, told the labels if they are of the kind that is, and the first n pictures."""
    return trainer.model.given(labels_of(trainer, test, n)), test.x(slice(n))  # type: ignore[return-value]


def labels_of(trainer: VAETrainer, test: Images, n: int) -> Tensor | None:
    """The first n labels, if the model is of the kind that is told them."""
    return test.labels[:n] if trainer.model.classes and test.labels is not None else None


def vitality(maps: Maps, x: Tensor) -> Callable[[History], str]:
    """How a VAE is, on x (N, D), for a status line: collapsed if z says less than log 2 about x,
    too little to tell two kinds of x apart."""

    def tell(history: History) -> str:
        if len(history["step"]) < START or far_away(history).any():
            return "."
        kl, active = mean_kl(maps, x).sum().item(), active_units(maps.encode(x)[0])
        said = f"z says {kl:.2f} nats about x, and {active.sum()} of {len(active)} latents vary"
        name = "Healthy" if kl > math.log(2) else "Collapsed"
        return f".  {name}: {said}; log 2 = 0.69 nats tell two kinds apart."

    return tell


def costs(references: dict[str, float]) -> Panel:
    """-ELBO and its two parts over the run, beside values worth knowing."""

    def arrays(history: History) -> Arrays:
        steps, reconstruction, kl = columns(history, "reconstruction", "kl")
        return steps, reconstruction + kl, reconstruction, kl

    names, roles = ("−ELBO", "reconstruction", "KL"), (ELBO, RECONSTRUCTION, KL)
    return Panel(Curves(names, "Costs", roles=roles, references=references), arrays)


def kl_bars(maps: Maps, x: Tensor) -> Panel:
    """The mean KL of each latent on x (N, D), and whether it is active."""
    bars = Bars("KL of each latent", width=1.2)
    return Panel(bars, lambda _: (array(mean_kl(maps, x)), array(active_units(maps.encode(x)[0]))))


def latent_plane(trainer: VAETrainer, test: Images, dims: tuple[int, ...] = (0, 1)) -> Panel:
    """Where test pictures lie, by class."""
    return posteriors(*seen(trainer, test, 120), dims, test)


def posteriors(maps: Maps, x: Tensor, dims: tuple[int, ...], test: Images | None = None) -> Panel:
    """The posteriors of x (N, D) in two of the latents.

    test: whose first N they are, to tell them by class, if the classes are few enough for that.
    """
    labels: np.ndarray | None = None
    names: tuple[str, ...] = ()
    if test and test.labels is not None and len(test.names) <= len(SERIES):
        labels, names = array(test.labels[: len(x)]), test.names

    def arrays(_: History) -> Arrays:
        mean, logvar = (part[:, dims] for part in maps.encode(x))
        return array(mean), labels, array((0.5 * logvar).exp())

    return Panel(LatentPlane("Latent plane", names, [latent_name(dim) for dim in dims]), arrays)


def lattice_grid(trainer: VAETrainer, test: Images) -> Panel:
    """What the decoder makes of the whole latent plane."""
    maps, x = seen(trainer, test, 1)  # of a conditional VAE: the class of the first
    view = ImageGrid("The plane, decoded (−3 to 3)", columns=11)
    return Panel(view, lambda _: (pictures(lattice(maps, n=11, device=x.device), test.shape),))


def traversal_grid(trainer: VAETrainer, test: Images, dims: list[int]) -> Panel:
    """The first test picture, and what one latent at a time makes of it."""
    maps, x = seen(trainer, test, 1)
    view = ImageGrid("One latent moves from −3 to 3", MOVES, [latent_name(dim) for dim in dims])

    def arrays(_: History) -> Arrays:
        return (pictures(traversals(maps, maps.encode(x)[0][0], dims), test.shape),)

    return Panel(view, arrays)


def blur(trainer: VAETrainer, test: Images) -> Panel:
    """x, E[x|z], a draw of p(x|z), and what the mean misses."""
    view = Rows("What is left out", labels=("x", "mean", "sample", "error"))

    def arrays(_: History) -> Arrays:
        maps, x = seen(trainer, test, 16)
        decoded = maps.decode(maps.encode(x)[0])
        drawn = decoded.sample(rngs(3, 1, x.device)[0])
        shown = [pictures(each, test.shape) for each in (x, decoded.mean, drawn)]
        return *shown, residuals(shown[0], shown[1])

    return Panel(view, arrays)
