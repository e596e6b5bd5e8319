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

from genart_edu.data.densities import Density
from genart_edu.data.images import Images
from genart_edu.device import rngs
from genart_edu.gan.diagnostics import discriminator_surface, modes
from genart_edu.gan.training import GANTrainer
from genart_edu.vae.model import VAE, Autoencoder
from genart_edu.vae.training import VAETrainer
from genart_edu.views.canvas import Arrays, Canvas, Still, View
from genart_edu.views.curves import Curves
from genart_edu.views.images import ImageGrid
from genart_edu.views.plane import Plane
from genart_edu.views.style import DISCRIMINATOR, GENERATOR, LIGHT, Theme

History = dict[str, np.ndarray]
Panel = tuple[View, Callable[[History], Arrays]]  # a view, and what to hand to its `update`

GAN_CAPTION = (
    "**discriminator**: its cross entropy on a real and a fake; 2 log 2 when it can only guess. "
    "**generator**: -log D(fake); log 2 when D says 1/2, high when the fakes are found out. "
    "Neither has to fall: they pull against each other, so judge by the samples."
)


@dataclass(frozen=True)
class Stage:
    """Panels side by side, the same in words, and how to read it.

    shape: of one x, (C, H, W) or (2,).  classes: how many the model is told of.  tell: what
    `status` adds to the losses.  stills: panels of more figures by name, too large or too slow to
    be live.
    """

    panels: list[Panel]
    caption: str
    shape: tuple[int, ...]
    tell: Callable[[], str] = lambda: ""
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
        names = [name for name in history if name != "step"] if steps else []
        recent = {name: history[name][-100:].mean() for name in names}  # one batch says little
        recent = {name.replace("kl", "KL").replace("_", " "): v for name, v in recent.items()}
        losses = "".join(f", {name} {value:.2f}" for name, value in recent.items())
        return f"Step {steps:,}{losses}{' nats' if losses else ''}{self.tell()}."


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


def gan_on_images(trainer: GANTrainer, test: Images) -> Stage:
    """Losses and samples."""
    z = latents(trainer, 96, rngs(0, 1, test.pixels.device)[0])
    grid = ImageGrid("Generated from noise", columns=12)
    panels = [_losses(), (grid, lambda _: (pictures(samples(trainer, z), test.shape),))]
    return Stage(panels, GAN_CAPTION, test.shape)


def gan_on_plane(trainer: GANTrainer, density: Density) -> Stage:
    """Losses, real and fake points over the discriminator's surface, and modes counted."""
    z = latents(trainer, 2_500, rngs(0, 1, density.means.device)[0])
    real = density.sample(500, rngs(1, 1, density.means.device)[0])

    def world(_: History) -> Arrays:
        surface = discriminator_surface(trainer.discriminator, density.extent)
        return array(real), array(samples(trainer, z[:500])), array(surface)

    def tell() -> str:
        found = modes(samples(trainer, z), density)
        share = f"{found.captured} of {len(density.modes)} modes"
        return f"; {share}, {found.high_quality:.0%} of the fakes of high quality"

    panels = [_losses(), (Plane("Generated from noise", density.extent), world)]
    return Stage(panels, GAN_CAPTION, (2,), tell)


def latents(trainer: VAETrainer | GANTrainer, n: int, rng: torch.Generator) -> Tensor:
    """n draws from the prior N(0, I) of a trainer's z, (n, L), on the device of `rng`."""
    maps: Any = trainer.model if isinstance(trainer, VAETrainer) else trainer
    return torch.randn(n, maps.latent_dim, generator=rng, device=rng.device)


@torch.no_grad()
def samples(trainer: VAETrainer | GANTrainer, z: Tensor) -> Tensor:
    """What the model makes of z (n, L): E[x|z] or G(z), (n, D).  Classes, if told, take turns."""
    if isinstance(trainer, VAETrainer):
        return trainer.model.given(taking_turns(trainer.model, z)).decode(z).mean
    return trainer.generator(z)


def taking_turns(model: VAE | Autoencoder, z: Tensor) -> Tensor | None:
    """Labels (n,) for z (n, L): class 0, 1, ..., 0, 1, ...; None for a model that is told none."""
    return torch.arange(len(z), device=z.device) % model.classes if model.classes else None


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


def _losses() -> Panel:
    def arrays(history: History) -> Arrays:
        return columns(history, "discriminator_loss", "generator_loss")

    view = Curves(
        ("discriminator", "generator"),
        "Losses",
        roles=(DISCRIMINATOR, GENERATOR),
        references={"2 log 2": 2 * math.log(2), "log 2": math.log(2)},
    )
    return view, arrays


def columns(history: History, *names: str) -> list[np.ndarray]:
    """The steps and the named columns; all are empty before the first step."""
    return [history["step"], *(history.get(name, np.empty(0)) for name in names)]
