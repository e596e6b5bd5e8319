"""What can be chosen of an Experiment: what each choice may be, and a word of help.

Their defaults are the Experiment's own.  `genart --help` waits for this, so it imports next to
nothing.
"""

from argparse import ArgumentTypeError
from collections.abc import Callable


class Kind:
    """What a choice may be: in words, and whether a value is that.

    read: a word of a command line as a value; ValueError if it can't be one.
    """

    def __init__(
        self, read: Callable[[str], object], words: str, allows: Callable[[object], bool]
    ) -> None:
        self.read, self.words, self.allows = read, words, allows


def one_of(*names: str) -> Kind:
    """A word of these."""
    return Kind(str, f"one of {', '.join(names)}", lambda value: value in names)


def whole(least: int) -> Kind:
    """1, 2, 3, ... from `least` up."""
    words = f"a whole number of at least {least}"
    return Kind(int, words, lambda value: isinstance(value, int) and value >= least)


def _below(limit: float) -> Callable[[object], bool]:
    return lambda value: isinstance(value, int | float) and 0 <= value < limit


def _flag(word: str) -> bool:
    return ("false", "true").index(word.lower()) == 1


def _number_or_name(word: str) -> float | str:
    try:
        return float(word)
    except ValueError:
        return word


_finite = _below(float("inf"))
ANY = Kind(str, "a word", lambda value: True)  # who is given it knows which
FLAG = Kind(_flag, "True or False", lambda value: isinstance(value, bool))
NUMBER = Kind(float, "a finite number of at least 0", _finite)
SHARE = Kind(float, "a number from 0 to below 1", _below(1))
VARIANCE = Kind(
    _number_or_name,
    "learned, optimal or a finite number above 0",
    lambda value: value in ("learned", "optimal") or (_finite(value) and value != 0),
)

# By whom they are for: what each may be, and a word of help; "": the words of its kind say it.
CHOICES: dict[str, dict[str, tuple[Kind, str]]] = {
    "both kinds": {
        "data": (
            ANY,
            "digits, digits-grey, motifs, ring, grid, spiral, moons, drawn:STROKES, idx:NAME or "
            "folder:PATH",
        ),
        "latent_dim": (whole(1), "length of z"),
        "hidden_dim": (whole(1), "width of the hidden layers; channels of the first convolution"),
        "depth": (whole(0), "hidden layers"),
        "activation": (one_of("leaky_relu", "relu", "sigmoid"), ""),
        "batch_size": (whole(1), "what each loss is a mean of: examples, or packs of them"),
        "lr": (NUMBER, "learning rate; of a GAN, its generator's"),
        "conv": (FLAG, "convolutions"),
        "labels": (FLAG, "tell both maps the class"),
        "seed": (whole(0), "what all randomness starts from; in a sweep, of the first seed"),
        "seeds": (whole(1), "GANs in the plane, as one net; in a sweep, seeds of a setting (8)"),
        "device": (ANY, "auto, cpu, cuda or mps"),
        "threads": (whole(1), "of the CPU"),
    },
    "VAE": {
        "beta": (NUMBER, "weight of the KL term"),
        "free_bits": (NUMBER, "nats of each latent that cost nothing"),
        "warmup": (whole(0), "steps until the KL counts in full"),
        "cycle": (whole(0), "steps after which the KL begins anew at 0"),
        "likelihood": (one_of("bernoulli", "gaussian"), ""),
        "variance": (VARIANCE, "of a gaussian: learned, optimal or a number"),
    },
    "GAN": {
        "objective": (
            one_of("minimax", "nonsaturating", "least_squares", "hinge", "wasserstein"),
            "",
        ),
        "discriminator_lr": (NUMBER, "learning rate of the discriminator"),
        "n_critic": (whole(1), "updates of the discriminator in a step"),
        "beta1": (SHARE, "momentum of both optimisers"),
        "cosine": (whole(0), "steps in which both learning rates fall to 0"),
        "r1": (NUMBER, "weight of the discriminator's squared slope on real data"),
        "gradient_penalty": (NUMBER, "weight of the discriminator's slope being 1"),
        "instance_noise": (NUMBER, "std of the noise on what the discriminator judges"),
        "unroll": (whole(0), "steps of the discriminator that the generator foresees"),
        "average": (SHARE, "what the generator's moving average keeps at a step"),
        "packing": (whole(1), "examples that the discriminator judges together"),
        "minibatch_std": (FLAG, "the discriminator sees how much a batch varies"),
        "spectral_norm": (FLAG, "no layer of the discriminator stretches anything"),
    },
}
KINDS = {name: kind for group in CHOICES.values() for name, (kind, _) in group.items()}


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
