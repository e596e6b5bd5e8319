"""What there is to look at for each kind of trainer: diagnostics in, arrays to the views.

Player, demo page, poster and lesson all ask the same stage.  A stage draws noise of its own, once:
watching a run never changes it, and one sees the same z become better pictures.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from genart_edu.gan.training import GANTrainer
from genart_edu.vae.training import VAETrainer
from genart_edu.views.canvas import Arrays, Canvas, Still, View
from genart_edu.views.style import LIGHT, Theme

History = dict[str, np.ndarray]
CALM, CALM_SECONDS = 50, 1.0  # a calm panel is asked again after 50 times what it took, or 1 s
FAR = 1e6  # a loss that no healthy run comes to, unless it began there


class Panel(NamedTuple):
    """A view, and what to hand to its `update`.

    layer: the switch that shows it, one of a stage's `layers`; "" for what is always there.
    calm: it costs much, so while a run plays it is asked for a 50th of the time only.
    """

    view: View
    arrays: Callable[[History], Arrays]
    layer: str = ""
    calm: bool = False


@dataclass(frozen=True)
class Stage:
    """Panels side by side, the same in words, and how to read it.

    shape: of one x, (C, H, W) or (2,).  classes: how many the model is told of.  measure: numbers
    by name, (S,) each, S of networks that train as one; `collapsed` says whether it failed.  tell:
    what `status` adds to the losses, with its full stop.  scene: the panel to watch in slow motion.
    stills: panels of more figures by name, too large or too slow to be live.  layers: what can be
    switched on and off, by name: panels, or something in one.  renew: takes a run, makes its stage.
    """

    panels: list[Panel]
    caption: str
    shape: tuple[int, ...]
    measure: Callable[[], dict[str, np.ndarray]]
    tell: Callable[[History], str] = lambda _: "."
    unit: str = "nats"  # of the losses
    classes: int = 0
    scene: int = 1
    stills: dict[str, Callable[[History], list[Panel]]] = field(default_factory=dict)
    layers: dict[str, bool] = field(default_factory=dict)
    renew: Any = None
    _memory: dict[Any, tuple[float, Any]] = field(default_factory=dict)  # when to ask again

    def shown(self) -> list[Panel]:
        """The panels that are not switched off."""
        return [panel for panel in self.panels if self.layers.get(panel.layer, True)]

    def views(self) -> list[View]:
        return [panel.view for panel in self.shown()]

    @torch.no_grad()
    def look(
        self, history: History, hurry: bool = False, panels: list[Panel] | None = None
    ) -> list[Arrays | None]:
        """For each view what its `update` takes, as the trainer is now.

        hurry: None for a calm one whose time has not come.  panels: those that are shown.
        """
        return [
            self._ask(panel.arrays, history, hurry)[1] if panel.calm else panel.arrays(history)
            for panel in panels or self.shown()
        ]

    def figure(self, history: History, theme: Theme = LIGHT) -> Still:
        """All panels as one still figure, as the trainer is now."""
        return figure_of(self.shown(), history, theme)

    def still(self, name: str, history: History) -> Still:
        """One of `stills`, as the trainer is now."""
        return figure_of(self.stills[name](history), history, height=4.4, columns=2)

    def status(self, history: History, hurry: bool = False) -> str:
        """One line: the step, the last losses, and what there is to count (hurry: what it was)."""
        steps = len(history["step"])
        names = loss_names(history) if steps else []
        recent = {name: history[name][-100:].mean() for name in names}  # one batch says little
        recent = {name.replace("kl", "KL").replace("_", " "): v for name, v in recent.items()}
        short = {n: f"{v:.2f}" if abs(v) < 1e4 else f"{v:.1e}" for n, v in recent.items()}
        losses = "".join(f", {name} {value}" for name, value in short.items())
        unit = f" {self.unit}" if losses and self.unit else ""
        said = f"Step {steps:,}{losses}{unit}{self._ask(self.tell, history, hurry)[0]}"
        far = far_away(history).reshape(steps, -1).any(axis=1) if steps else np.zeros(0)
        if far.any():
            said += f"  It diverges: a loss passed {FAR:,.0f} at step {far.argmax() + 1:,}."
        return said

    def _ask(self, work: Callable[[History], Any], history: History, hurry: bool) -> Any:
        """-> the last answer, and the same if it is new, else None."""
        now = time.perf_counter()
        due, answer = self._memory.get(work, (0.0, None))
        if hurry and now < due:
            return answer, None
        answer = work(history)
        wait = max(CALM_SECONDS, CALM * (time.perf_counter() - now))
        self._memory[work] = now + wait, answer
        return answer, answer


def on_stage(run: Any, renew: Callable[[Any], Stage]) -> tuple[Any, Stage]:
    """A run, and the stage that `renew` makes of it: of a fork, or when the data changed, anew."""
    return run, replace(renew(run), renew=renew)


def far_away(history: History) -> np.ndarray:
    """After which steps a run, or each of S, had diverged without a number that is not finite: a
    loss beyond FAR, and beyond ten times what it was at first.  (N,) or (N, S) of bool."""
    losses = [abs(history[name]) for name in loss_names(history)]
    return np.any([loss > np.maximum(FAR, 10 * loss[:1]) for loss in losses], axis=0)


def loss_names(history: History) -> list[str]:
    """What of a history is a loss."""
    return [name for name in history if name != "step" and not name.endswith("gradient")]


@torch.no_grad()
def figure_of(
    panels: list[Panel],
    history: History,
    theme: Theme = LIGHT,
    height: float = 3.68,
    columns: int | None = None,
) -> Still:
    """Panels as one still figure, in rows of so many inches and columns."""
    views = [panel.view for panel in panels]
    canvas = Canvas(views, theme, height, columns=columns)
    return canvas.figure([panel.arrays(history) for panel in panels])


def latents(trainer: VAETrainer | GANTrainer, n: int, rng: torch.Generator) -> Tensor:
    """n draws from the prior N(0, I) of a trainer's z, (n, L), on the device of `rng`."""
    maps: Any = trainer.model if isinstance(trainer, VAETrainer) else trainer
    return torch.randn(n, maps.latent_dim, generator=rng, device=rng.device)


@torch.no_grad()
def samples(trainer: VAETrainer | GANTrainer, z: Tensor, turns: Tensor | None = None) -> Tensor:
    """What the model makes of z (n, L): E[x|z] or G(z), (n, D), or (S, n, D) of S networks.

    Classes, if told, take turns: 0, 1, ..., 0, 1, ...; or those (n,) that are given.
    """
    classes = classes_of(trainer)
    turns = torch.arange(len(z), device=z.device) if turns is None else turns
    labels = turns % classes if classes else None
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
