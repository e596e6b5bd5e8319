"""A VAE or a GAN?  The same numbers of both, and of real data, which are the yardstick.

Pictures are judged as they are shown, E[x|z] of a VAE and G(z) of a GAN; points of the plane as
they are drawn from p(x|z).  The judge is data that neither has learned from.
"""

import copy
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from timeit import repeat
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from genart_edu.data import catalogue
from genart_edu.device import rngs
from genart_edu.gan import diagnostics
from genart_edu.lab.experiment import Experiment
from genart_edu.lab.parts import NotFinite
from genart_edu.lab.stages import latents, samples
from genart_edu.metrics import frechet_distance, quality
from genart_edu.vae.diagnostics import importance_weighted_nll
from genart_edu.vae.likelihood import Bernoulli

MOST, POINTS = 300, 2_500  # pictures or points to compare; points to count modes by
Numbers = dict[str, float]  # by name; one that does not exist is not there


class Exam(NamedTuple):
    """held_out (N, D): what nobody learns from, N to MOST.  real (M, D): what one may learn from.

    shape: of one x.  density: of both, where it is known.
    """

    held_out: Tensor
    real: Tensor
    shape: tuple[int, ...]
    density: Any = None


def exam(data: str) -> Exam:
    """On the data of that name, always the same.  ValueError, OSError: as `catalogue.load`."""
    found = catalogue.load(data)
    if isinstance(found, tuple):
        train, test = found
        return Exam(test.x(slice(MOST)), train.x(slice(MOST)), train.shape)
    held_out, real = (found.sample(POINTS, rng) for rng in rngs(1, 2))
    return Exam(held_out[:MOST], real, (2,), found)


@torch.no_grad()
def numbers(trainer: Any, paper: Exam) -> Numbers:
    """All there are of a VAETrainer or a GANTrainer that is told no classes, as it is now.

    Fakes that are not finite have none.  nll has whoever has a density, or probabilities.
    """
    noise, rng = rngs(0, 2, trainer.rng.device)
    z = latents(trainer, POINTS if paper.density else MOST, noise)
    vae = getattr(trainer, "model", None)
    fakes = vae.decode(z).sample(rng) if vae and paper.density else samples(trainer, z)
    found = alike(fakes.cpu(), paper) if fakes.isfinite().all() else {}
    x = paper.held_out.to(rng.device)
    if vae and not (vae.likelihood is Bernoulli and ((x > 0) & (x < 1)).any()):
        found["nll"] = importance_weighted_nll(vae, x, rng, samples=100).mean().item()
    return found


def yardstick(paper: Exam) -> Numbers:
    """The same of real data: as good as it gets, as far as so few of them can tell."""
    known = paper.density
    nll = {"nll": -known.log_prob(paper.held_out).mean().item()} if known else {}
    return alike(paper.real, paper) | nll


def alike(x: Tensor, paper: Exam) -> Numbers:
    """How alike x (M, D) and what was held out are.  sharpness: of x, over that of held-out x."""
    real, few = paper.held_out, x[:MOST]
    found = quality(real, few)._asdict() | {"frechet": frechet_distance(real, few)}
    if paper.density:
        found |= diagnostics.modes(x, paper.density)._asdict()
        found |= diagnostics.divergences(x, paper.density)._asdict()
    else:
        found["sharpness"] = sharpness(few, paper.shape) / sharpness(real, paper.shape)
    return {name: value.item() for name, value in found.items() if not value.ndim}


def sharpness(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """The variance of a picture's Laplacian, the mean over pictures x (N, C H W).  -> 0-d.

    Edges make it large, blur takes it away, and noise feigns it.  In the pixels' unit, squared.
    Pech-Pacheco 2000, "Diatom autofocusing in brightfield microscopy" (ICPR).
    """
    kernel = torch.tensor([[[[0.0, 1, 0], [1, -4, 1], [0, 1, 0]]]])
    edges = F.conv2d(x.unflatten(1, shape).mean(1, keepdim=True), kernel)
    return edges.flatten(1).var(1, correction=0).mean()


def cost(run: Any) -> Numbers:
    """weights: how many are trained.  pace: steps a second, the best of four times five of a copy.

    The best is what this machine can do: whoever else trains on it makes all others slower.
    """
    trainer, batches = copy.deepcopy((run.trainer, run.batches))
    adams = [each for each in vars(trainer).values() if isinstance(each, torch.optim.Adam)]
    weights = sum(w.numel() for adam in adams for w in adam.param_groups[0]["params"])
    took = min(repeat(lambda: trainer.step(*next(batches)), number=5, repeat=4))
    return {"weights": weights, "pace": 5 / took}


def over_seeds(
    chosen: Experiment, steps: int, seeds: int, paper: Exam
) -> Iterator[tuple[float, list[Numbers]]]:
    """Train it again with the next seeds, and examine it.

    Yields after every five steps, so that others may come in: what is done, from 0 to 1, and the
    numbers of each seed so far.  One that breaks is examined where it broke.
    """
    found: list[Numbers] = []
    for k in range(seeds):
        run, _ = replace(chosen, seed=chosen.seed + 1 + k).start()
        run.memory.budget = 0  # nobody rewinds it
        with suppress(NotFinite):
            for record in run.play(steps, every=5):
                yield (k + record.step / steps) / seeds, found
        found.append(numbers(run.trainer, paper))
    yield 1.0, found
