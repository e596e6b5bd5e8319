"""An experiment: every choice that is made before step 1, and the run that follows from it."""

import math
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

import torch

from genart_edu.data.batches import DensityBatches, ImageBatches
from genart_edu.data.catalogue import load
from genart_edu.data.densities import Density
from genart_edu.data.images import Images
from genart_edu.device import pick_device, rngs, set_threads
from genart_edu.gan import objective
from genart_edu.gan.model import mlp_discriminator, mlp_generator
from genart_edu.gan.training import GANTrainer
from genart_edu.lab import checkpoint
from genart_edu.lab.run import Run
from genart_edu.lab.stages import Stage, gan_on_images, gan_on_plane, vae_on_images, vae_on_plane
from genart_edu.nets import leaky_relu, relu
from genart_edu.vae.likelihood import Bernoulli, Gaussian
from genart_edu.vae.model import VAE
from genart_edu.vae.training import VAETrainer

ACTIVATIONS = {"leaky_relu": leaky_relu, "relu": relu}
LIKELIHOODS: dict[str, type[Bernoulli] | type[Gaussian]] = {
    "bernoulli": Bernoulli,
    "gaussian": Gaussian,
}
GENERATOR_LOSSES = {"nonsaturating": objective.nonsaturating, "minimax": objective.minimax}

CHOICES: dict[str, tuple[str, ...]] = {
    "model": ("vae", "gan"),
    "activation": tuple(ACTIVATIONS),
    "likelihood": tuple(LIKELIHOODS),
    "generator_loss": tuple(GENERATOR_LOSSES),
}
LEAST = {"latent_dim": 1, "hidden_dim": 1, "depth": 0, "batch_size": 1, "seed": 0, "threads": 1}

# What was seen to work at a constant rate, by model and by whether the data are images.
WORKS: dict[tuple[str, bool], dict[str, Any]] = {
    ("vae", True): {
        **{"latent_dim": 16, "hidden_dim": 128, "depth": 1, "activation": "leaky_relu"},
        **{"lr": 3e-3, "batch_size": 64, "likelihood": "bernoulli"},
    },
    ("vae", False): {
        **{"latent_dim": 2, "hidden_dim": 64, "depth": 2, "activation": "leaky_relu"},
        **{"lr": 1e-3, "batch_size": 128, "likelihood": "gaussian"},
    },
    ("gan", True): {
        **{"latent_dim": 16, "hidden_dim": 128, "depth": 2, "activation": "leaky_relu"},
        **{"lr": 1e-3, "discriminator_lr": 1e-3, "batch_size": 64},
    },
    ("gan", False): {
        **{"latent_dim": 2, "hidden_dim": 64, "depth": 2, "activation": "relu"},
        **{"lr": 5e-4, "discriminator_lr": 1e-3, "batch_size": 128},
    },
}


@dataclass(frozen=True)
class Experiment:
    """What to train on what.  None: what works for this model on this data.

    Two equal experiments give the same numbers on one kind of device, on a CPU to the bit.
    """

    model: str = "vae"
    data: str = "digits"
    latent_dim: int | None = None
    hidden_dim: int | None = None
    depth: int | None = None
    activation: str | None = None
    batch_size: int | None = None
    lr: float | None = None
    beta: float = 1.0  # VAE: weight of the KL term
    likelihood: str | None = None  # VAE
    discriminator_lr: float | None = None  # GAN
    generator_loss: str = "nonsaturating"  # GAN
    seed: int = 0
    device: str = "auto"
    threads: int = 1  # more is slower for networks this small, and changes the last bits

    def check(self) -> None:
        """ValueError, in one sentence, for a choice that can't be."""
        for field in fields(self):
            name, value = field.name, getattr(self, field.name)
            if value is None and field.default is None:
                continue
            if name in CHOICES and value not in CHOICES[name]:
                choices = ", ".join(CHOICES[name])
                raise ValueError(f"{name} must be one of {choices}; got {value!r}.")
            if name in LEAST and not (isinstance(value, int) and value >= LEAST[name]):
                least = LEAST[name]
                raise ValueError(f"{name} must be a whole number of at least {least}; got {value}.")
            if name == "seed" and value >= 2**63:
                raise ValueError(f"seed must be less than 2^63; got {value}.")
            number = isinstance(value, int | float) and 0 <= value < math.inf
            if name in ("lr", "discriminator_lr", "beta") and not number:
                raise ValueError(f"{name} must be a finite number of at least 0; got {value}.")

    def settled(self, images: bool) -> Self:
        """Every None filled in with what works, on images or on a density in the plane."""
        works = WORKS[self.model, images]
        missing = [field.name for field in fields(self) if getattr(self, field.name) is None]
        return replace(self, **{name: works[name] for name in missing if name in works})

    def start(self) -> tuple[Run, Stage]:
        """Load the data, build the networks, and stand before step 1.

        ValueError for a choice that can't be; OSError for data that can't be had.
        """
        self.check()
        set_threads(self.threads)
        device = pick_device(self.device)
        data = load(self.data)
        rng = rngs(self.seed, 3, device)[2]
        if isinstance(data, Density):
            return self._on_plane(data.to(device), rng)
        return self._on_images(data[0].to(device), data[1].to(device), rng)

    def _on_plane(self, density: Density, rng: torch.Generator) -> tuple[Run, Stage]:
        trainer = self.trainer((2,), rng.device)
        size = self.batch_size or WORKS[self.model, False]["batch_size"]
        run = Run(trainer, DensityBatches(density, size, rng))
        if isinstance(trainer, VAETrainer):
            return run, vae_on_plane(trainer, density)
        return run, gan_on_plane(trainer, density)

    def _on_images(self, train: Images, test: Images, rng: torch.Generator) -> tuple[Run, Stage]:
        trainer = self.trainer(train.shape, rng.device)
        size = self.batch_size or min(WORKS[self.model, True]["batch_size"], len(train))
        run = Run(trainer, ImageBatches(train, size, rng))
        if isinstance(trainer, VAETrainer):
            return run, vae_on_images(trainer, test)
        return run, gan_on_images(trainer, test)

    def trainer(self, shape: tuple[int, ...], device: torch.device) -> VAETrainer | GANTrainer:
        """Networks and their trainer for x of `shape`: (C, H, W), or (2,) in the plane.

        The weights are drawn on the CPU, so that they are the same on every device.
        """
        images = len(shape) == 3
        chosen: Any = self.settled(images)  # where nothing is None any more
        data_dim = math.prod(shape)
        weights_rng, rng = rngs(self.seed, 1)[0], rngs(self.seed, 2, device)[1]
        stack = {
            "hidden_dim": chosen.hidden_dim,
            "depth": chosen.depth,
            "activation": ACTIVATIONS[chosen.activation],
            "rng": weights_rng,
        }
        if self.model == "vae":
            if chosen.likelihood == "bernoulli" and not images:
                raise ValueError("likelihood bernoulli is for pixels in [0, 1]; use gaussian here.")
            likelihood = LIKELIHOODS[chosen.likelihood]
            model = VAE(data_dim, chosen.latent_dim, likelihood=likelihood, **stack).to(device)
            return VAETrainer(model, lr=chosen.lr, beta=chosen.beta, rng=rng)
        return GANTrainer(
            mlp_generator(chosen.latent_dim, data_dim, pixels=images, **stack).to(device),
            mlp_discriminator(data_dim, **stack).to(device),
            latent_dim=chosen.latent_dim,
            lr=chosen.lr,
            discriminator_lr=chosen.discriminator_lr,
            generator_loss=GENERATOR_LOSSES[chosen.generator_loss],
            rng=rng,
        )


def save(path: Path, experiment: Experiment, run: Run, stage: Stage) -> None:
    """Write a run and the experiment that it is, whole or not at all."""
    settled = experiment.settled(images=len(stage.shape) == 3)
    settled = replace(settled, device=pick_device(experiment.device).type)  # what auto came to
    about = {"experiment": asdict(settled), "shape": stage.shape}
    checkpoint.save(path, run, about)


def resume(path: Path) -> tuple[Experiment, Run, Stage]:
    """Go on where a saved run stood, to the bit on a CPU.  Errors as in `checkpoint.read`."""
    saved = checkpoint.read(path)
    try:
        experiment = Experiment(**saved.about["experiment"])
    except (KeyError, TypeError):
        raise ValueError(f"{path} does not say which experiment it is from.") from None
    run, stage = experiment.start()
    checkpoint.restore(run, saved)
    return experiment, run, stage
