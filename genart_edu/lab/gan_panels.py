"""What a stage of a GAN is made of: losses, and what to read instead of them."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from genart_edu.gan.health import health
from genart_edu.gan.layers import Pack
from genart_edu.gan.objective import MINIMAX, NONSATURATING, Objective
from genart_edu.gan.training import GANTrainer
from genart_edu.lab.stages import History, Panel, columns
from genart_edu.metrics import more_often, spread
from genart_edu.views.canvas import Arrays
from genart_edu.views.curves import Curves
from genart_edu.views.style import DISCRIMINATOR, GENERATOR

Batch = Sequence[Tensor]  # what D takes: (x,) or (x, labels)
PLAYERS, ROLES = ("discriminator", "generator"), (DISCRIMINATOR, GENERATOR)
IN_NATS = "**discriminator**: its cross entropy on a real and a fake; 2 log 2 if it only guesses. "
OF_G = {  # what the generator's loss is, where it is a logarithm too
    NONSATURATING: "**generator**: -log D(fake); log 2 when D says 1/2, high when found out. ",
    MINIMAX: "**generator**: log(1 - D(fake)); -log 2 when D says 1/2, 0 when found out. ",
}
NO_GOAL = "Neither loss has to fall: the two pull against each other, so judge by the samples."


def unit_of(objective: Objective) -> str:
    """Of the losses: nats, where they are logarithms."""
    return "nats" if objective in OF_G else ""


def caption_of(objective: Objective) -> str:
    """What the losses are, and how to read them."""
    return (IN_NATS + OF_G[objective] if objective in OF_G else "") + NO_GOAL


@torch.no_grad()
def verdict(
    trainer: GANTrainer, history: History, real: Batch, fake: Batch, covered: float, good: float
) -> str:
    """Its `health` as a sentence.  real, fake: what D takes, (x,) or (x, labels), as many of both.

    covered: share of the data.  good: share of the fakes.
    """
    packs = [part.packing for part in trainer.discriminator.modules() if isinstance(part, Pack)]
    whole = len(real[0]) // math.prod(packs) * math.prod(packs)  # packs
    logits = [trainer.discriminator(*(x[:whole] for x in each)).cpu() for each in (real, fake)]
    told, width = more_often(*logits).item(), spread(fake[0].cpu(), real[0].cpu()).item()
    losses = history.get("discriminator_loss", np.empty(0))
    found = health(losses, covered=covered, good=good, told=told, spread=width)
    return f"  {found.name.capitalize()}: {found.evidence}"


def losses(trainer: GANTrainer) -> Panel:
    """Both losses, beside what they are for a discriminator that only guesses."""
    names = {1.38629: "2 log 2", 0.69315: "log 2", -0.69315: "−log 2"}
    guesses = {names.get(round(v, 5), f"guess {v:g}"): v for v in trainer.objective.guessing()}
    return _both("loss", "Losses", unit_of(trainer.objective), guesses, "losses")


def gradients(_: History) -> list[Panel]:
    """How hard each player is pulled: 0 at equilibrium, and where nothing is learned any more."""
    return [_both("gradient", "Length of the gradient", "", {"at rest": 0.0})]


def _both(what: str, title: str, unit: str, references: dict[str, float], layer: str = "") -> Panel:
    """A number of the history that each player has: its "loss" or its "gradient"."""
    names = [f"{player}_{what}" for player in PLAYERS]
    view = Curves(PLAYERS, title, unit=unit, roles=ROLES, references=references)
    return Panel(view, lambda history: columns(history, *names), layer)


def over_time(view: Curves, measure: Callable[[], dict[str, np.ndarray]], layer: str) -> Panel:
    """Those of the stage's own numbers that the view names: a point whenever somebody looked, mean
    over seeds.

    They cost too much to be measured at every step.
    """
    seen: dict[int, list[float]] = {}  # by step, in their order

    def arrays(history: History) -> Arrays:
        now = len(history["step"])
        for step in [step for step in seen if step > now]:
            del seen[step]  # of a future that was taken back
        found = measure()
        seen[now] = [found[name.lower()].mean() for name in view.names]
        return np.array(list(seen), dtype=float), *np.transpose(list(seen.values()))

    return Panel(view, arrays, layer, calm=True)
