"""An experiment: every choice that is made before step 1, and the run that follows from it."""

import math
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any, Self

import torch

from genart_edu.data.batches import DensityBatches, ImageBatches
from genart_edu.data.catalogue import load
from genart_edu.data.densities import Density
from genart_edu.data.images import Images
from genart_edu.device import pick_device, rngs, set_threads
from genart_edu.gan.model import mlp_discriminator, mlp_generator
from genart_edu.gan.training import GANTrainer
from genart_edu.lab.choices import (
    ACTIVATIONS,
    CHOICES,
    CONVOLUTIONS,
    GENERATOR_LOSSES,
    LEAST,
    NUMBERS,
    OF_A_VAE,
    VARIANCES,
    WORKS,
    likelihood_of,
)
from genart_edu.lab.run import Run
from genart_edu.lab.stages import Stage, gan_on_images, gan_on_plane
from genart_edu.lab.vae_stages import vae_on_images, vae_on_plane
from genart_edu.vae.model import conv_vae, mlp_vae
from genart_edu.vae.objective import cyclical, warm_up
from genart_edu.vae.training import VAETrainer


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
    free_bits: float = 0.0  # VAE: nats of each latent that cost nothing
    warmup: int = 0  # VAE: steps until the KL counts in full
    cycle: int = 0  # VAE: steps after which the KL begins anew at 0
    likelihood: str | None = None  # VAE
    variance: str | float = "learned"  # of a gaussian: learned, optimal or a number
    conv: bool = False  # VAE: convolutions
    labels: bool = False  # VAE: both maps are told the class
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
            if name in NUMBERS and not number:
                raise ValueError(f"{name} must be a finite number of at least 0; got {value}.")
        number = isinstance(self.variance, int | float) and 0 < self.variance < math.inf
        if not number and self.variance not in tuple(VARIANCES):
            allowed = f"{', '.join(VARIANCES)} or a finite number above 0"
            raise ValueError(f"variance must be {allowed}; got {self.variance!r}.")
        if self.warmup and self.cycle:
            raise ValueError("warmup and cycle are two schedules: choose one.")
        given = [n for n in OF_A_VAE if getattr(self, n) != getattr(Experiment, n)]
        if self.model != "vae" and given:
            raise ValueError(f"{' and '.join(given)}: a choice of a vae, not of a {self.model}.")

    def settled(self, images: bool) -> Self:
        """Every None filled in with what works, on images or on a density in the plane."""
        works = WORKS[self.model, images] | (CONVOLUTIONS if self.conv else {})
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
        if self.conv or self.labels:
            raise ValueError(f"conv and labels are for pictures; {self.data} is a density.")
        trainer: Any = self.trainer((2,), rng.device)
        size = self.batch_size or WORKS[self.model, False]["batch_size"]
        run = Run(trainer, DensityBatches(density, size, rng))
        if isinstance(trainer, VAETrainer):
            return run, vae_on_plane(trainer, density)
        return run, gan_on_plane(trainer, density)

    def _on_images(self, train: Images, test: Images, rng: torch.Generator) -> tuple[Run, Stage]:
        if self.labels and train.labels is None:
            raise ValueError(f"labels need data with classes; {self.data} has none.")
        classes = len(train.names) if self.labels else 0
        trainer: Any = self.trainer(train.shape, rng.device, classes)
        size = self.batch_size or min(WORKS[self.model, True]["batch_size"], len(train))
        run = Run(trainer, ImageBatches(train, size, rng, self.labels))
        if isinstance(trainer, VAETrainer):
            return run, vae_on_images(trainer, test)
        return run, gan_on_images(trainer, test)

    def trainer(
        self, shape: tuple[int, ...], device: torch.device, classes: int = 0
    ) -> VAETrainer | GANTrainer:
        """Networks and their trainer for x of `shape`: (C, H, W), or (2,) in the plane.

        classes: of which both maps are told.  The weights are drawn on the CPU, so that they are
        the same on every device.
        """
        chosen: Any = self.settled(images=len(shape) == 3)  # where nothing is None any more
        weights_rng, rng = rngs(self.seed, 1)[0], rngs(self.seed, 2, device)[1]
        stack = {
            "hidden_dim": chosen.hidden_dim,
            "depth": chosen.depth,
            "activation": ACTIVATIONS[chosen.activation],
            "rng": weights_rng,
        }
        if self.model == "vae":
            return _vae_trainer(chosen, shape, classes, stack, rng)
        return _gan_trainer(chosen, shape, stack, rng)


def _vae_trainer(
    chosen: Any, shape: tuple[int, ...], classes: int, stack: dict[str, Any], rng: torch.Generator
) -> VAETrainer:
    likelihood = likelihood_of(chosen.likelihood, chosen.variance)
    if chosen.likelihood == "bernoulli" and chosen.variance != Experiment.variance:
        raise ValueError("variance is a choice of a gaussian likelihood; this one is bernoulli.")
    if chosen.likelihood == "bernoulli" and len(shape) != 3:
        raise ValueError("likelihood bernoulli is for pixels in [0, 1]; use gaussian here.")
    build: Any
    build, x_is = (conv_vae, shape) if chosen.conv else (mlp_vae, math.prod(shape))
    model = build(x_is, chosen.latent_dim, likelihood=likelihood, classes=classes, **stack)
    cycle, warmup = partial(cyclical, period=chosen.cycle), partial(warm_up, steps=chosen.warmup)
    return VAETrainer(
        model.to(rng.device),
        lr=chosen.lr,
        beta=chosen.beta,
        free_bits=chosen.free_bits,
        schedule=cycle if chosen.cycle else warmup,
        rng=rng,
    )


def _gan_trainer(
    chosen: Any, shape: tuple[int, ...], stack: dict[str, Any], rng: torch.Generator
) -> GANTrainer:
    data_dim, images = math.prod(shape), len(shape) == 3
    return GANTrainer(
        mlp_generator(chosen.latent_dim, data_dim, pixels=images, **stack).to(rng.device),
        mlp_discriminator(data_dim, **stack).to(rng.device),
        latent_dim=chosen.latent_dim,
        lr=chosen.lr,
        discriminator_lr=chosen.discriminator_lr,
        generator_loss=GENERATOR_LOSSES[chosen.generator_loss],
        rng=rng,
    )
