"""What there is to look at for each kind of trainer: diagnostics in, arrays to the views.

Player, demo page, poster and lesson all ask the same stage.  A stage draws noise of its own, once:
watching a run never changes it, and one sees the same z become better pictures.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from genart_edu.data.densities import Density
from genart_edu.data.images import Images
from genart_edu.device import rngs
from genart_edu.gan.diagnostics import discriminator_surface, modes
from genart_edu.gan.training import GANTrainer
from genart_edu.vae.training import VAETrainer
from genart_edu.views.canvas import Arrays, Canvas, Still, View
from genart_edu.views.curves import Curves
from genart_edu.views.images import ImageGrid, Pairs
from genart_edu.views.latent import LatentPlane
from genart_edu.views.plane import Plane
from genart_edu.views.style import DISCRIMINATOR, ELBO, GENERATOR, KL, LIGHT, RECONSTRUCTION, Theme

History = dict[str, np.ndarray]
Panel = tuple[View, Callable[[History], Arrays]]  # a view, and what to hand to its `update`

VAE_CAPTION = (
    "**reconstruction**: nats that it costs to say x once z is known; falls as pictures sharpen. "
    "**KL**: nats that z itself carries about x; rises as the code comes into use. "
    "**−ELBO**: their sum, an upper bound on -log p(x)."
)
GAN_CAPTION = (
    "**discriminator**: its cross entropy on a real and a fake; 2 log 2 when it can only guess. "
    "**generator**: -log D(fake); log 2 when D says 1/2, high when the fakes are found out. "
    "Neither has to fall: they pull against each other, so judge by the samples."
)


@dataclass(frozen=True)
class Stage:
    """Panels side by side, the same in words, and how to read it.

    shape: of one x, (C, H, W) or (2,).  tell: what `status` adds to the losses.
    """

    panels: list[Panel]
    caption: str
    shape: tuple[int, ...]
    tell: Callable[[], str] = lambda: ""

    def views(self) -> list[View]:
        return [view for view, _ in self.panels]

    def look(self, history: History) -> list[Arrays]:
        """For each view what its `update` takes, as the trainer is now."""
        return [arrays(history) for _, arrays in self.panels]

    def figure(self, history: History, theme: Theme = LIGHT) -> Still:
        """All panels as one still figure, as the trainer is now."""
        return Canvas(self.views(), theme).figure(self.look(history))

    def status(self, history: History) -> str:
        """One line: the step, the last losses, and what there is to count."""
        steps = len(history["step"])
        names = [name for name in history if name != "step"] if steps else []
        recent = {name: history[name][-100:].mean() for name in names}  # one batch says little
        recent = {name.replace("kl", "KL").replace("_", " "): v for name, v in recent.items()}
        losses = "".join(f", {name} {value:.2f}" for name, value in recent.items())
        return f"Step {steps:,}{losses}{' nats' if losses else ''}{self.tell()}."


def vae_on_images(trainer: VAETrainer, test: Images) -> Stage:
    """Costs, held-out pictures above what became of them, samples; the latent plane if L = 2."""
    model, x = trainer.model, test.x(slice(24))
    z = latents(trainer, 64, rngs(0, 1, x.device)[0])

    @torch.no_grad()
    def pairs(_: History) -> Arrays:
        decoded = model.decode(model.encode(x)[0]).mean
        return pictures(x, test.shape), pictures(decoded, test.shape)

    panels: list[Panel] = [
        _costs(),
        (Pairs("Pictures it never saw", labels=("x", "decoded")), pairs),
        (ImageGrid("Decoded noise"), lambda _: (pictures(samples(trainer, z), test.shape),)),
    ]
    if model.latent_dim == 2:
        labels = None if test.labels is None else test.labels[:500]
        panels.append(_latent_plane(trainer, test.x(slice(500)), labels, test.names))
    return Stage(panels, VAE_CAPTION, test.shape)


def vae_on_plane(trainer: VAETrainer, density: Density) -> Stage:
    """Costs, real points and decoded noise; the latent plane, by mode, if L = 2."""
    model, device = trainer.model, density.means.device
    z = latents(trainer, 500, rngs(0, 1, device)[0])
    real = density.sample(500, rngs(1, 1, device)[0])

    @torch.no_grad()
    def world(_: History) -> Arrays:
        drawn = model.decode(z).sample(rngs(2, 1, device)[0])  # the same noise at every look
        return array(real), array(drawn)

    panels: list[Panel] = [_costs(), (Plane("Decoded noise", density.extent), world)]
    if model.latent_dim == 2:
        panels.append(_latent_plane(trainer, real))
    return Stage(panels, VAE_CAPTION, (2,))


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
    maps = trainer.model if isinstance(trainer, VAETrainer) else trainer
    return torch.randn(n, maps.latent_dim, generator=rng, device=rng.device)


@torch.no_grad()
def samples(trainer: VAETrainer | GANTrainer, z: Tensor) -> Tensor:
    """What the model makes of z (n, L): E[x|z] or G(z), (n, D)."""
    if isinstance(trainer, VAETrainer):
        return trainer.model.decode(z).mean
    return trainer.generator(z)


def array(x: Tensor) -> np.ndarray:
    """A tensor of any device as the array that a view takes."""
    return x.detach().cpu().numpy()


def pictures(x: Tensor, shape: tuple[int, ...]) -> np.ndarray:
    """Flat x (n, D) as pictures (n, C, H, W) for a view."""
    return array(x.unflatten(-1, shape))


def _costs() -> Panel:
    def arrays(history: History) -> Arrays:
        steps, reconstruction, kl = _columns(history, "reconstruction", "kl")
        return steps, reconstruction + kl, reconstruction, kl

    names, roles = ("−ELBO", "reconstruction", "KL"), (ELBO, RECONSTRUCTION, KL)
    return Curves(names, "Costs", roles=roles), arrays


def _losses() -> Panel:
    def arrays(history: History) -> Arrays:
        return _columns(history, "discriminator_loss", "generator_loss")

    view = Curves(
        ("discriminator", "generator"),
        "Losses",
        roles=(DISCRIMINATOR, GENERATOR),
        references={"2 log 2": 2 * math.log(2), "log 2": math.log(2)},
    )
    return view, arrays


def _latent_plane(
    trainer: VAETrainer, x: Tensor, labels: Tensor | None = None, names: tuple[str, ...] = ()
) -> Panel:
    @torch.no_grad()
    def arrays(_: History) -> Arrays:
        mean, _logvar = trainer.model.encode(x)
        return array(mean), None if labels is None else array(labels)

    return LatentPlane("Latent plane", names), arrays


def _columns(history: History, *names: str) -> list[np.ndarray]:
    """The steps and the named columns; all are empty before the first step."""
    return [history["step"], *(history.get(name, np.empty(0)) for name in names)]
