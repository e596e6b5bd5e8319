"""What an experiment can choose from, and what was seen to work."""

from typing import Any

from genart_edu.gan import objective
from genart_edu.nets import leaky_relu, relu, sigmoid
from genart_edu.vae.likelihood import (
    Bernoulli,
    GivenVariance,
    LearnedVariance,
    Likelihood,
    OptimalVariance,
)

ACTIVATIONS = {"leaky_relu": leaky_relu, "relu": relu, "sigmoid": sigmoid}
VARIANCES = {"learned": LearnedVariance, "optimal": OptimalVariance}  # or a number: the variance
OBJECTIVES = {
    "minimax": objective.MINIMAX,
    "nonsaturating": objective.NONSATURATING,
    "least_squares": objective.LEAST_SQUARES,
    "hinge": objective.HINGE,
    "wasserstein": objective.WASSERSTEIN,
}

CHOICES: dict[str, tuple[str, ...]] = {
    "model": ("vae", "gan"),
    "activation": tuple(ACTIVATIONS),
    "likelihood": ("bernoulli", "gaussian"),
    "objective": tuple(OBJECTIVES),
}
LEAST = {
    **{"latent_dim": 1, "hidden_dim": 1, "depth": 0, "batch_size": 1},
    **{"warmup": 0, "cycle": 0, "seed": 0, "threads": 1},
    **{"n_critic": 1, "cosine": 0, "unroll": 0, "packing": 1, "seeds": 1},
}
ONLY_OF = {
    "vae": ("beta", "free_bits", "warmup", "cycle", "likelihood", "variance"),
    "gan": (
        *("discriminator_lr", "objective", "n_critic", "beta1", "cosine", "r1", "gradient_penalty"),
        *("instance_noise", "unroll", "average", "packing", "minibatch_std", "spectral_norm"),
        "seeds",
    ),
}
NUMBERS = (  # finite, and at least 0
    *("lr", "discriminator_lr", "beta", "free_bits"),
    *("r1", "gradient_penalty", "instance_noise"),
)
SHARES = ("beta1", "average")  # at least 0, and below 1

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
        **{"lr": 1e-3, "discriminator_lr": 1e-3, "batch_size": 64, "r1": 0.1},
    },
    ("gan", False): {
        **{"latent_dim": 2, "hidden_dim": 64, "depth": 2, "activation": "relu"},
        **{"lr": 5e-4, "discriminator_lr": 1e-3, "batch_size": 128, "r1": 0.0},
    },
}
CONVOLUTIONS: dict[str, dict[str, Any]] = {  # where they differ
    "vae": {"hidden_dim": 32, "depth": 2, "lr": 1e-3},
    "gan": {"hidden_dim": 32, "depth": 2},
}


def likelihood_of(name: str, variance: str | float) -> Likelihood:
    """What p(x|z) is: "bernoulli", or "gaussian" with a variance of VARIANCES or of a number."""
    if name == "bernoulli":
        return Bernoulli
    return VARIANCES[variance]() if isinstance(variance, str) else GivenVariance(variance)
