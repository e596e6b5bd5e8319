"""What there is to look at for each kind of trainer: diagnostics in, arrays to the views.

Player, demo page, poster and lesson all ask the same stage.  A stage draws noise of its own, once:
watching a run never changes it, and one sees the same z become better pictures.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from genart_edu.gan.training import GANTrainer
from genart_edu.vae.training import VAETrainer
from genart_edu.views.canvas import Arrays, Canvas, Still, View
from genart_edu.views.style import LIGHT, Theme

History = dict[str, np.ndarray]
Panel = tuple[View, Callable[[History], Arrays]]  # a view, and what to hand to its `update`
FAR = 1e6  # a loss that no healthy run comes to, unless it began there


@dataclass(frozen=True)
class Stage:
    """Panels side by side, the same in words, and how to read it.

    shape: of one x, (C, H, W) or (2,).  classes: how many the model is told of.  measure: numbers
    by name, (S,) each, S of networks that train as one; `collapsed` says whether it failed.  tell:
    what `status` adds to the losses.  stills: panels of more figures by name, too large or too slow
    to be live.
    """

    panels: list[Panel]
    caption: str
    shape: tuple[int, ...]
    measure: Callable[[], dict[str, np.ndarray]]
    tell: Callable[[], str] = lambda: ""
    unit: str = "nats"  # of the losses
    classes: int = 0
    stills: dict[str, Callable[[History], list[Panel]]] = field(default_factory=dict)

    def views(self) -> list[View]:
        return [view for view, _ in self.panels]

    def look(self, history: History) -> list[Arrays]:
        """For each view what its `update` takes, as the trainer is now."""
        return [arrays(history) for _, arrays in self.panels]

    def figure(self, history: History, theme: Theme = LIGHT) -> Still:
        """All panels as one still figure, as the trainer is now."""
        return figure_of(self.panels, history, theme)

    def still(self, name: str, history: History) -> Still:
        """One of `stills`, as the trainer is now."""
        return figure_of(self.stills[name](history), history, height=4.4, columns=2)

    def status(self, history: History) -> str:
        """One line: the step, the last losses, and what there is to count."""
        steps = len(history["step"])
        names = loss_names(history) if steps else []
        recent = {name: history[name][-100:].mean() for name in names}  # one batch says little
        recent = {name.replace("kl", "KL").replace("_", " "): v for name, v in recent.items()}
        short = {n: f"{v:.2f}" if abs(v) < 1e4 else f"{v:.1e}" for n, v in recent.items()}
        losses = "".join(f", {name} {value}" for name, value in short.items())
        unit = f" {self.unit}" if losses and self.unit else ""
        said = f"Step {steps:,}{losses}{unit}{self.tell()}."
        far = far_away(history).reshape(steps, -1).any(axis=1) if steps else np.zeros(0)
        if far.any():
            said += f"  It diverges: a loss passed {FAR:,.0f} at step {far.argmax() + 1:,}."
        return said


def far_away(history: History) -> np.ndarray:
    """After which steps a run, or each of S, had diverged without a number that is not finite: a
    loss beyond FAR, and beyond ten times what it was at first.  (N,) or (N, S) of bool."""
    losses = [abs(history[name]) for name in loss_names(history)]
    return np.any([loss > np.maximum(FAR, 10 * loss[:1]) for loss in losses], axis=0)


def loss_names(history: History) -> list[str]:
    """What of a history is a loss."""
    return [name for name in history if name != "step" and not name.endswith("gradient")]


def figure_of(
    panels: list[Panel],
    history: History,
    theme: Theme = LIGHT,
    height: float = 3.68,
    columns: int | None = None,
) -> Still:
    """Panels as one still figure, in rows of so many inches and columns."""
    views, arrays = zip(*((view, arrays(history)) for view, arrays in panels), strict=True)
    return Canvas(views, theme, height, columns=columns).figure(arrays)


def latents(trainer: VAETrainer | GANTrainer, n: int, rng: torch.Generator) -> Tensor:
    """n draws from the prior N(0, I) of a trainer's z, (n, L), on the device of `rng`."""
    maps: Any = trainer.model if isinstance(trainer, VAETrainer) else trainer
    return torch.randn(n, maps.latent_dim, generator=rng, device=rng.device)


@torch.no_grad()
def samples(trainer: VAETrainer | GANTrainer, z: Tensor) -> Tensor:
    """What the model makes of z (n, L): E[x|z] or G(z), (n, D), or (S, n, D) of S networks.

    Classes, if told, take turns: 0, 1, ..., 0, 1, ...
    """
    classes = classes_of(trainer)
    labels = torch.arange(len(z), device=z.device) % classes if classes else None
    if isinstance(trainer, VAETrainer):
        return trainer.model.given(labels).decode(z).mean
    return trainer.painter(z) if labels is None else trainer.painter(z, labels)


def classes_of(trainer: VAETrainer | GANTrainer) -> int:
    """How many classes its maps are told of; 0 for none."""
    maps: Any = trainer.model if isinstance(trainer, VAETrainer) else trainer.generator
    return getattr(maps, "classes", 0)


def grid_columns(n: int, classes: int) -> int:
    """Columns for n samples: about as many as rows; whole turns of the classes, if they fit."""
    side = math.ceil(n**0.5)
    return classes * max(1, round(side / classes)) if 0 < classes <= 2 * side else side


def array(x: Tensor) -> np.ndarray:
    """A tensor of any device as the array that a view takes."""
    return x.detach().cpu().numpy()


def pictures(x: Tensor, shape: tuple[int, ...]) -> np.ndarray:
    """Flat x (n, D) as pictures (n, C, H, W) for a view."""
    return array(x.unflatten(-1, shape))


def columns(history: History, *names: str) -> list[np.ndarray]:
    """The steps and the named columns, means over seeds; all are empty before the first step."""
    found = [history.get(name, np.empty(0)) for name in names]
    return [history["step"], *(c.mean(axis=tuple(range(1, c.ndim))) for c in found)]
