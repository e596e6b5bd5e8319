"""What can be chosen of an Experiment: what each choice may be, and a word of help.

Their defaults are the Experiment's own.  `genart --help` waits for this, so it imports next to
nothing.
"""

from argparse import ArgumentTypeError
from collections import namedtuple
from functools import partial


class Kind(namedtuple("Kind", "words read allows help")):
    """What a choice may be, in words, and what it is for ("": the words say it).

    read: a word of a command line as a value; ValueError if it can't be one.  allows: takes a
    value, and says whether it may be that.
    """


def one_of(*names: str) -> Kind:
    """A word of these."""
    return Kind(f"one of {', '.join(names)}", str, names.__contains__, "")


def whole(least: int, help: str) -> Kind:
    """A whole number from `least` up."""
    words = f"a whole number of at least {least}"
    return Kind(words, int, lambda value: isinstance(value, int) and value >= least, help)


def flag(word: str) -> bool:
    """ "true" or "False" as what it says."""
    return ("false", "true").index(word.lower()) == 1


def variance(word: str) -> float | str:
    """A number, or a name."""
    return word if word.isalpha() else float(word)


def _finite(value: object) -> bool:
    return isinstance(value, int | float) and 0 <= value < float("inf")


def _is_share(value: float) -> bool:
    return _finite(value) and value < 1


def _is_variance(value: object) -> bool:
    return value in ("learned", "optimal") or (_finite(value) and value != 0)


# Each a Kind, once it is told what for.
word = partial(Kind, "a word", str, lambda value: True)  # who is given it knows which
switch = partial(Kind, "True or False", flag, lambda value: isinstance(value, bool))
number = partial(Kind, "a finite number of at least 0", float, _finite)
share = partial(Kind, "a number from 0 to below 1", float, _is_share)
number_or_name = partial(
    Kind, "learned, optimal or a finite number above 0", variance, _is_variance
)

# By whom they are for.
CHOICES: dict[str, dict[str, Kind]] = {
    "both kinds": {
        "data": word(
            "digits, digits-grey, motifs, ring, grid, spiral, moons, drawn:STROKES, idx:NAME or "
            "folder:PATH"
        ),
        "latent_dim": whole(1, "length of z"),
        "hidden_dim": whole(1, "width of the hidden layers; channels of the first convolution"),
        "depth": whole(0, "hidden layers"),
        "activation": one_of("leaky_relu", "relu", "sigmoid"),
        "batch_size": whole(1, "what each loss is a mean of: examples, or packs of them"),
        "lr": number("learning rate; of a GAN, its generator's"),
        "conv": switch("convolutions"),
        "labels": switch("tell both maps the class"),
        "seed": whole(0, "what all randomness starts from; in a sweep, of the first seed"),
        "seeds": whole(1, "GANs in the plane, as one net; in a sweep, seeds of a setting (8)"),
        "device": word("auto, cpu, cuda or mps"),
        "precision": one_of("float32", "bfloat16"),
        "threads": whole(1, "of the CPU"),
    },
    "VAE": {
        "beta": number("weight of the KL term"),
        "free_bits": number("nats of each latent that cost nothing"),
        "warmup": whole(0, "steps until the KL counts in full"),
        "cycle": whole(0, "steps after which the KL begins anew at 0"),
        "likelihood": one_of("bernoulli", "gaussian"),
        "variance": number_or_name("of a gaussian: learned, optimal or a number"),
    },
    "GAN": {
        "objective": one_of("minimax", "nonsaturating", "least_squares", "hinge", "wasserstein"),
        "discriminator_lr": number("learning rate of the discriminator"),
        "n_critic": whole(1, "updates of the discriminator in a step"),
        "beta1": share("momentum of both optimisers"),
        "cosine": whole(0, "steps in which both learning rates fall to 0"),
        "r1": number("weight of the discriminator's squared slope on real data"),
        "gradient_penalty": number("weight of the discriminator's slope being 1"),
        "instance_noise": number("std of the noise on what the discriminator judges"),
        "unroll": whole(0, "steps of the discriminator that the generator foresees"),
        "average": share("what the generator's moving average keeps at a step"),
        "packing": whole(1, "examples that the discriminator judges together"),
        "minibatch_std": switch("the discriminator sees how much a batch varies"),
        "spectral_norm": switch("no layer of the discriminator stretches anything"),
    },
}
KINDS = {name: kind for group in CHOICES.values() for name, kind in group.items()}


def varied(text: str) -> tuple[str, list[object]]:
    """ "packing=1,2" as a choice and its values.  ArgumentTypeError if they are none."""
    name, _, values = text.partition("=")
    name = name.replace("-", "_")
    if name not in KINDS:
        raise ArgumentTypeError(f"{name!r} is no choice; these are: {', '.join(KINDS)}.")
    try:
        return name, [KINDS[name].read(value) for value in values.split(",")]
    except ValueError:
        raise ArgumentTypeError(f"{name} can't be {values!r}.") from None
