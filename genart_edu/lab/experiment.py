"""An experiment: every choice that is made before step 1, and the run that follows from it."""

from dataclasses import dataclass, replace
from typing import Any, Self

import torch

from genart_edu.data.batches import DensityBatches, ImageBatches, SeedBatches
from genart_edu.data.catalogue import load
from genart_edu.data.densities import Density
from genart_edu.data.images import Images
from genart_edu.device import pick_device, rngs, set_threads
from genart_edu.lab.build import Shape, Trainer, build
from genart_edu.lab.choices import ONLY_OF, WORKS
from genart_edu.lab.gan_images import gan_on_images
from genart_edu.lab.gan_stages import gan_on_plane
from genart_edu.lab.options import KINDS
from genart_edu.lab.run import Run
from genart_edu.lab.stages import Stage, on_stage
from genart_edu.lab.vae_stages import vae_on_images, vae_on_plane


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
    conv: bool = False  # convolutions
    labels: bool = False  # both maps are told the class
    discriminator_lr: float | None = None  # GAN
    objective: str = "nonsaturating"  # GAN, see gan/objective.py
    n_critic: int = 1  # GAN: updates of D in a step
    beta1: float = 0.5  # GAN: Adam's momentum
    cosine: int = 0  # GAN: steps until both rates are 0; 0: constant
    r1: float | None = None  # GAN: weight of D's squared slope on real data
    gradient_penalty: float = 0.0  # GAN: weight of D's slope being 1
    instance_noise: float = 0.0  # GAN: std of the noise on what D judges
    unroll: int = 0  # GAN: steps of D that G foresees
    average: float = 0.0  # GAN: what G's moving average keeps at a step
    packing: int = 1  # GAN: examples that D judges together
    minibatch_std: bool = False  # GAN: D sees how much a batch varies
    spectral_norm: bool = False  # GAN: no layer of D stretches anything
    seeds: int = 1  # GAN in the plane: networks that train as one
    seed: int = 0
    device: str = "auto"
    precision: str = "float32"  # of matrix products and convolutions; bfloat16 wants a CPU with AMX
    threads: int = 1  # more is slower for networks this small, and changes the last bits

    def check(self) -> None:
        """ValueError, in one sentence, for a choice that can't be."""
        if self.model not in ONLY_OF:
            raise ValueError(f"model must be one of {', '.join(ONLY_OF)}; got {self.model!r}.")
        for name, kind in KINDS.items():
            value = getattr(self, name)
            left_open = value is None and getattr(Experiment, name) is None
            if not (left_open or kind.allows(value)):
                raise ValueError(f"{name} must be {kind.words}; got {value!r}.")
        if self.seed >= 2**63:
            raise ValueError(f"seed must be less than 2^63; got {self.seed}.")
        if self.warmup and self.cycle:
            raise ValueError("warmup and cycle are two schedules: choose one.")
        other = next(model for model in ONLY_OF if model != self.model)
        if given := [n for n in ONLY_OF[other] if getattr(self, n) != getattr(Experiment, n)]:
            of = f"a choice of a {other}, not of a {self.model}"
            raise ValueError(f"{' and '.join(given)}: {of}.")
        if self.conv and self.seeds > 1:
            raise ValueError("conv and seeds do not go together: seeds are for small MLPs.")

    def settled(self, images: bool) -> Self:
        """Every None filled in with what works, on images or on a density in the plane."""
        known = WORKS[self.model]
        works = known["images" if images else "plane"] | (known["conv"] if self.conv else {})
        return replace(self, **{n: value for n, value in works.items() if getattr(self, n) is None})

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
        size = self.seeds * self.examples(self.settled(images=False).batch_size or 1)
        batches = DensityBatches(density, size, rng)
        shared = SeedBatches(batches, self.seeds) if self.seeds > 1 else batches
        renew = vae_on_plane if self.model == "vae" else gan_on_plane
        return on_stage(Run(self.trainer((2,), rng.device), shared), renew)

    def _on_images(self, train: Images, test: Images, rng: torch.Generator) -> tuple[Run, Stage]:
        if self.labels and train.labels is None:
            raise ValueError(f"labels need data with classes; {self.data} has none.")
        if self.seeds > 1:
            raise ValueError(f"seeds are for densities in the plane; {self.data} are pictures.")
        classes = len(train.names) if self.labels else 0
        trainer = self.trainer(train.shape, rng.device, classes)
        most, many = len(train) // self.examples(1), self.examples(1)
        size = self.batch_size or min(self.settled(images=True).batch_size or 1, max(most, 1))
        if size > most and many > 1:
            takes = f"a step takes {many} times as many of the {len(train)} pictures"
            raise ValueError(f"batch_size must be from 1 to {most}, since {takes}; got {size}.")
        batches = ImageBatches(train, self.examples(size), rng, self.labels)

        def renew(run: Any) -> Stage:
            if self.model == "vae":
                return vae_on_images(run.trainer, test)
            return gan_on_images(run.trainer, train, test)

        return on_stage(Run(trainer, batches), renew)

    def examples(self, batch_size: int) -> int:
        """How many a step takes: batch_size packs for each update of the discriminator."""
        return batch_size * self.packing * self.n_critic

    def trainer(self, shape: Shape, device: torch.device, classes: int = 0) -> Trainer:
        """Networks and their trainer for x of `shape`: (C, H, W), or (2,) in the plane.

        classes: of which both maps are told.
        """
        return build(self.settled(images=len(shape) == 3), shape, device, classes)
