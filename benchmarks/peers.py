"""Our public trainers beside the usual loop and beside the floor: the same work, in turns."""

from collections.abc import Callable
from importlib.metadata import version
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from benchmarks import floor, usual, with_pythae
from benchmarks.measure import quartiles, seconds
from genart_edu.data.batches import ImageBatches
from genart_edu.data.catalogue import density
from genart_edu.data.images import Images
from genart_edu.device import rngs
from genart_edu.gan.model import (
    conv_discriminator,
    conv_generator,
    mlp_discriminator,
    mlp_generator,
)
from genart_edu.gan.training import GANTrainer
from genart_edu.lab.experiment import Experiment
from genart_edu.nets import in_bfloat16, relu
from genart_edu.vae.model import mlp_vae
from genart_edu.vae.training import VAETrainer

Step = Callable[[], object]


class Comparison(NamedTuple):
    """What is measured.  steps: in a round; worth: usual steps that one of ours stands for."""

    name: str
    ours: Step
    usual: Step
    floor: Step | None = None
    steps: int = 50
    worth: int = 1


def pictures(side: int, n: int = 10_000) -> Images:
    """Noise of the size of MNIST or of 32x32: what a step costs does not depend on what it sees."""
    rng = torch.Generator().manual_seed(0)
    return Images(torch.randint(256, (n, 1, side, side), generator=rng, dtype=torch.uint8))


def trained(trainer: Any, batches: Any) -> Step:
    """A step of ours, as it is written anywhere."""
    return lambda: trainer.step(*next(batches))


def vae(batch: int = 128, hidden_dim: int = 400, latent_dim: int = 20) -> Comparison:
    """A VAE of one hidden layer each way, on pictures of 28x28."""
    images, (draws, noise, order) = pictures(28), rngs(0, 3)
    model = mlp_vae(784, latent_dim, hidden_dim=hidden_dim, activation=relu, rng=draws)
    ours = trained(VAETrainer(model, lr=1e-3, rng=noise), ImageBatches(images, batch, order))
    theirs = usual.vae(plain(images), hidden_dim, latent_dim, batch)
    least = floor.vae(784, hidden_dim, latent_dim, batch)
    return Comparison(f"VAE 784-{hidden_dim}-{latent_dim}, batch {batch}", ours, theirs, least)


def gan(batch: int = 64, latent_dim: int = 64, hidden_dim: int = 128) -> Comparison:
    """A GAN of two hidden layers, on pictures of 28x28."""
    images, (draws, noise, order, again) = pictures(28), rngs(0, 4)

    def networks(rng: torch.Generator) -> tuple[nn.Module, nn.Module]:
        generator = mlp_generator(latent_dim, 784, hidden_dim=hidden_dim, pixels=True, rng=rng)
        return generator, mlp_discriminator(784, hidden_dim=hidden_dim, rng=rng)

    trainer = GANTrainer(*networks(draws), latent_dim=latent_dim, lr=2e-4, rng=noise)
    ours = trained(trainer, ImageBatches(images, batch, order))
    made, judged = networks(again)
    theirs = usual.gan(made, nn.Sequential(judged, nn.Sigmoid()), plain(images), latent_dim, batch)
    there = latent_dim, hidden_dim, hidden_dim, 784
    least = floor.gan(there, (784, hidden_dim, hidden_dim, 1), batch)
    return Comparison(f"GAN z-{hidden_dim}-{hidden_dim}-784, batch {batch}", ours, theirs, least)


def dcgan(batch: int = 64, latent_dim: int = 100, bfloat16: bool = False) -> Comparison:
    """A GAN of three convolutions each way, on pictures of 32x32.  bfloat16: of ours."""
    images, (draws, noise, order, again) = pictures(32, n=2_000), rngs(0, 4)
    stack: dict[str, Any] = {"hidden_dim": 64, "depth": 3}

    def networks(rng: torch.Generator) -> tuple[nn.Module, nn.Module]:
        generator = conv_generator(latent_dim, (1, 32, 32), rng=rng, **stack)
        return generator, conv_discriminator((1, 32, 32), rng=rng, **stack)

    players = (in_bfloat16(net) if bfloat16 else net for net in networks(draws))
    trainer = GANTrainer(*players, latent_dim=latent_dim, lr=2e-4, rng=noise)
    ours = trained(trainer, ImageBatches(images, batch, order))
    made, judged = networks(again)
    theirs = usual.gan(made, nn.Sequential(judged, nn.Sigmoid()), plain(images), latent_dim, batch)
    name = f"DCGAN 32x32, batch {batch}{', ours in bfloat16' * bfloat16}"
    return Comparison(name, ours, theirs, steps=2)


def plane_gan(batch: int = 256, hidden_dim: int = 128, seeds: int = 0) -> Comparison:
    """seeds: as many networks that train as one, beside one usual GAN."""
    ring, (sampling, again) = density("ring"), rngs(0, 2)
    same: dict[str, Any] = {"hidden_dim": hidden_dim, "batch_size": batch}
    run, _ = Experiment("gan", "ring", seeds=max(1, seeds), **same).start()
    made = mlp_generator(2, 2, hidden_dim=hidden_dim, rng=again)
    judged = mlp_discriminator(2, hidden_dim=hidden_dim, rng=again)
    theirs = usual.plane_gan(made, judged, ring.sample(10_000, sampling), 2, batch)
    widths = (2, hidden_dim, hidden_dim, 2), (2, hidden_dim, hidden_dim, 1)
    if seeds:
        name = f"one GAN of an ensemble of {seeds}, batch {batch}, width {hidden_dim}"
        return Comparison(name, trained(run.trainer, run.batches), theirs, worth=seeds)
    name = f"2-D GAN {hidden_dim}-{hidden_dim}, batch {batch}"
    return Comparison(name, trained(run.trainer, run.batches), theirs, floor.gan(*widths, batch))


def plain(images: Images) -> np.ndarray:
    """As the usual loop takes them: (N, H, W)."""
    return images.pixels.squeeze(1).numpy()


def compared(work: Comparison, rounds: int, threads: int = 1) -> str:
    """A row: ms a step of the usual loop, of ours, of the floor; how many times faster ours is, and
    its share of the floor: medians and quartiles of rounds in turns."""
    torch.set_num_threads(threads)  # who starts an experiment chose anew

    def ms(step: Step) -> float:
        return 1e3 * seconds(lambda: [step() for _ in range(work.steps)]) / work.steps

    sides = [side for side in (work.usual, work.ours, work.floor) if side]
    for side in sides:  # the first steps make what later ones use again
        ms(side)
    found = np.array([[ms(side) for side in sides] for _ in range(rounds)])
    middle = [f"{x:.2f}" for x in np.median(found, axis=0)]
    faster = quartiles(work.worth * found[:, 0] / found[:, 1])
    share = quartiles(100 * found[:, 2] / found[:, 1], "{:.0f}%") if work.floor else ""
    name = f"{work.name}, {threads} threads" if threads > 1 else work.name
    cells = [name, *middle[:2], faster, middle[2] if work.floor else "", share]
    return f"| {' | '.join(cells)} |"


HEAD = """| work | usual loop, ms | ours, ms | times as fast | floor, ms | share of the floor |
| --- | --- | --- | --- | --- | --- |"""


def table(rounds: int) -> str:
    """All of it, in Markdown."""
    half, ensemble = dcgan(bfloat16=True), plane_gan(batch=64, hidden_dim=32, seeds=32)
    rows = [compared(work, rounds) for work in (vae(), gan(), dcgan(), half, plane_gan(), ensemble)]
    rows += [compared(work, rounds, threads=2) for work in (dcgan(), half, ensemble)]
    torch.set_num_threads(1)
    return "\n".join([HEAD, *rows, collection(rounds)])


def collection(rounds: int) -> str:
    """The VAE of pythae beside ours: a row."""
    try:
        epoch = with_pythae.epoch(plain(pictures(28)), 400, 20, 128)
    except ImportError:
        return "\npythae is not installed: `pip install pythae` for its row."
    ours, n = vae().ours, with_pythae.BATCHES
    found = [(seconds(epoch), seconds(lambda: [ours() for _ in range(n)])) for _ in range(rounds)]
    theirs, mine = np.array(found).T / n
    middle = f"{1e3 * np.median(theirs):.2f} | {1e3 * np.median(mine):.2f}"
    name = f"the VAE, against pythae {version('pythae')}"
    return f"| {name} | {middle} | {quartiles(theirs / mine)} | | |"
