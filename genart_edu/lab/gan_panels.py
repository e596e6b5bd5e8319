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
    trainer: GANTrainer,
    history: History,
    real: Sequence[Tensor],
    fake: Sequence[Tensor],
    covered: np.ndarray,
    good: np.ndarray,
) -> str:
    """Its `health` as a sentence.  real, fake: what D takes, (x,) or (x, labels), as many of both.

    covered: share of the data.  good: share of the fakes.
    """
    packs = [part.packing for part in trainer.discriminator.modules() if isinstance(part, Pack)]
    whole = len(real[0]) // math.prod(packs) * math.prod(packs)  # packs
    logits = [trainer.discriminator(*(x[:whole] for x in each)).cpu() for each in (real, fake)]
    told, width = more_often(*logits).item(), spread(fake[0].cpu(), real[0].cpu()).item()
    losses = history.get("discriminator_loss", np.empty(0))
    found = health(losses, covered=float(covered), good=float(good), told=told, spread=width)
    return f"  {found.name[0].upper()}{found.name[1:]}: {found.evidence}"


def losses(trainer: GANTrainer) -> Panel:
    """Both losses, beside what they are for a discriminator that only guesses."""

    def arrays(history: History) -> Arrays:
        return columns(history, "discriminator_loss", "generator_loss")

    unit = unit_of(trainer.objective)
    names = {2 * math.log(2): "2 log 2", math.log(2): "log 2", -math.log(2): "−log 2"}
    found = {round(value, 5): name for value, name in names.items()}
    guesses = {found.get(round(v, 5), f"guess {v:g}"): v for v in trainer.objective.guessing()}
    view = Curves(PLAYERS, "Losses", unit=unit, roles=ROLES, references=guesses)
    return Panel(view, arrays, "losses")


def gradients() -> Panel:
    """How hard each player is pulled: 0 at equilibrium, and where nothing is learned any more."""

    def arrays(history: History) -> Arrays:
        return columns(history, "discriminator_gradient", "generator_gradient")

    title = "Length of the gradient"
    return Panel(Curves(PLAYERS, title, unit="", roles=ROLES, references={"at rest": 0.0}), arrays)


STILLS: dict[str, Callable[[History], list[Panel]]] = {"gradients": lambda _: [gradients()]}


def over_time(
    names: tuple[str, ...],
    title: str,
    unit: str,
    measure: Callable[[], dict[str, np.ndarray]],
    references: dict[str, float],
    layer: str,
) -> Panel:
    """Some of the stage's own numbers as curves: a point whenever somebody looked, mean over seeds.

    They cost too much to be measured at every step.
    """
    seen: dict[int, list[float]] = {}  # by step

    def arrays(history: History) -> Arrays:
        now = len(history["step"])
        for step in [step for step in seen if step > now]:
            del seen[step]  # of a future that was taken back
        found = measure()
        seen[now] = [float(np.mean(found[name.replace(" ", "_").lower()])) for name in names]
        rows = np.array([seen[step] for step in sorted(seen)])
        return np.array(sorted(seen), dtype=float), *rows.T

    view = Curves(names, title, unit=unit, references=references)
    return Panel(view, arrays, layer, calm=True)
