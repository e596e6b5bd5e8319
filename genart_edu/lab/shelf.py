"""Trained models that come with the package: real checkpoints, and the command that makes each."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from genart_edu.data.images import digits
from genart_edu.device import rngs
from genart_edu.lab.experiment import Experiment
from genart_edu.lab.saved import painter
from genart_edu.lab.stages import History, figure_of
from genart_edu.lab.vae_stages import vae_on_images
from genart_edu.vae.diagnostics import active_units, mean_costs
from genart_edu.vae.model import VAE
from genart_edu.vae.training import VAETrainer
from genart_edu.views.canvas import Canvas
from genart_edu.views.rate import RateDistortion
from genart_edu.views.style import LIGHT, Theme

TRAINED = Path(__file__).resolve().parents[1] / "trained"
BETAS = (0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0)
STEPS = 2_500
NOTHING: History = {"step": np.empty(0)}  # of a run that nobody watched
PLANE = TRAINED / "vae-digits-plane.safetensors"  # what the latent pad shows, and how it was made:
PLANE_COMMAND = "genart train vae --latent-dim 2 --steps 5000"
GAN = TRAINED / "gan-motifs.safetensors"  # a DCGAN; its command takes three to four minutes:
GAN_COMMAND = "genart train gan --data motifs --conv --labels --average 0.995 --steps 5000"


class Trained(NamedTuple):
    """A VAE on the digits, as it came out of `command`.  path: its checkpoint, to resume."""

    beta: float
    steps: int
    command: str
    experiment: Experiment
    trainer: VAETrainer
    path: Path

    @property
    def model(self) -> VAE:
        return self.trainer.model  # type: ignore[return-value]


def shelf() -> list[Trained]:
    """The same VAE trained at each of BETAS, in that order."""
    return [_trained(beta) for beta in BETAS]


def _trained(beta: float) -> Trained:
    path = TRAINED / f"vae-digits-beta-{beta:g}.safetensors"
    experiment, trainer, _ = painter(path)
    command = f"genart train vae --beta {beta} --steps {STEPS}"
    return Trained(beta, STEPS, command, experiment, trainer, path)  # type: ignore[arg-type]


class BetaSweep:
    """The shelf to look at, one model at a time: where it stands between rate and distortion, the
    KL of each latent, pictures that it never saw, decoded noise; and its latent space.

    columns: views side by side, e.g. 1 on a phone; by default all of them.
    """

    def __init__(self, theme: Theme = LIGHT, columns: int | None = None) -> None:
        self.models, test = shelf(), digits().split(1_500)[1]
        x = test.x()
        places = [mean_costs(each.model, x, rngs(0, 1)[0], draws=10) for each in self.models]
        self.places = np.array([[p.kl.item(), p.reconstruction.item()] for p in places])  # (N, 2)
        self.active = [int(active_units(each.model.encode(x)[0]).sum()) for each in self.models]
        self._stages = [vae_on_images(each.trainer, test) for each in self.models]
        self._panels = [stage.panels[1:] for stage in self._stages]  # without the costs over steps
        plane = RateDistortion("Rate and distortion", [f"β {beta:g}" for beta in BETAS])
        views = plane, *(panel.view for panel in self._panels[0])
        self.canvas = Canvas(views, theme, columns=columns)

    def picture(self, i: int) -> bytes:
        """Model i, counted from 0, as a PNG."""
        looks = [panel.arrays(NOTHING) for panel in self._panels[i]]
        return self.canvas.png(self.canvas.frame([(*self.places.T, self.places[i]), *looks]))

    def latents(self, i: int) -> bytes:
        """The plane of its two most informative latents, and what each of the first eight does to
        a digit: as a PNG."""
        panels, look = self._stages[i].stills["latent"](NOTHING), self.canvas
        return figure_of(panels, NOTHING, look.theme, columns=look.columns)._repr_png_()[0]

    def status(self, i: int) -> str:
        """The same in words, with its checkpoint and its command."""
        each, (kl, reconstruction) = self.models[i], self.places[i]
        parts = f"reconstruction {reconstruction:.1f} + KL {kl:.1f} nats"
        active = f"{self.active[i]} of {each.model.latent_dim} latents active"
        said = f"β {each.beta:g}: −ELBO {kl + reconstruction:.1f} = {parts}; {active}."
        return f"{said}  {each.path.name}: {each.command}"
