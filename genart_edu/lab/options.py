"""What a command line offers of an Experiment: its choices, what they take, and a word on each.

Their defaults are the Experiment's own.  `genart --help` waits for this, so it imports next to
nothing.
"""

from __future__ import annotations

from argparse import ArgumentTypeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def flag(text: str) -> bool:
    """true or false; ValueError for anything else."""
    return ("false", "true").index(text.lower()) == 1


def variance(text: str) -> str | float:
    """A number, or a name that the experiment may know."""
    try:
        return float(text)
    except ValueError:
        return text


CHOICES: dict[str, dict[str, tuple[Callable[[str], Any], str]]] = {
    "both kinds": {
        "data": (
            str,
            "digits, digits-grey, motifs, ring, grid, spiral, moons, drawn:STROKES, idx:NAME or "
            "folder:PATH",
        ),
        "latent_dim": (int, "length of z"),
        "hidden_dim": (int, "width of the hidden layers; channels of the first convolution"),
        "depth": (int, "hidden layers"),
        "activation": (str, "leaky_relu, relu or sigmoid"),
        "batch_size": (int, "what each loss is a mean of: examples, or packs of them"),
        "lr": (float, "learning rate; of a GAN, its generator's"),
        "conv": (flag, "convolutions"),
        "labels": (flag, "tell both maps the class"),
        "seed": (int, "what all randomness starts from; in a sweep, of the first seed"),
        "seeds": (int, "GANs in the plane that train as one; in a sweep, seeds of a setting (8)"),
        "device": (str, "auto, cpu, cuda or mps"),
        "threads": (int, "of the CPU"),
    },
    "VAE": {
        "beta": (float, "weight of the KL term"),
        "free_bits": (float, "nats of each latent that cost nothing"),
        "warmup": (int, "steps until the KL counts in full"),
        "cycle": (int, "steps after which the KL begins anew at 0"),
        "likelihood": (str, "bernoulli or gaussian"),
        "variance": (variance, "of a gaussian: learned, optimal or a number"),
    },
    "GAN": {
        "objective": (str, "minimax, nonsaturating, least_squares, hinge or wasserstein"),
        "discriminator_lr": (float, "learning rate of the discriminator"),
        "n_critic": (int, "updates of the discriminator in a step"),
        "beta1": (float, "momentum of both optimisers"),
        "cosine": (int, "steps in which both learning rates fall to 0"),
        "r1": (float, "weight of the discriminator's squared slope on real data"),
        "gradient_penalty": (float, "weight of the discriminator's slope being 1"),
        "instance_noise": (float, "std of the noise on what the discriminator judges"),
        "unroll": (int, "steps of the discriminator that the generator foresees"),
        "average": (float, "what the generator's moving average keeps at a step"),
        "packing": (int, "examples that the discriminator judges together"),
        "minibatch_std": (flag, "the discriminator sees how much a batch varies"),
        "spectral_norm": (flag, "no layer of the discriminator stretches anything"),
    },
}


def varied(text: str) -> tuple[str, list[Any]]:
    """ "packing=1,2" as a choice and its values.  ArgumentTypeError if they are none."""
    name, _, values = text.partition("=")
    name = name.replace("-", "_")
    kinds = {name: kind for group in CHOICES.values() for name, (kind, _) in group.items()}
    if name not in kinds:
        raise ArgumentTypeError(f"{name!r} is no choice; these are: {', '.join(kinds)}.")
    try:
        return name, [kinds[name](value) for value in values.split(",")]
    except ValueError:
        raise ArgumentTypeError(f"{name} can't be {values!r}.") from None
