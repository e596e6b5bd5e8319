"""What the names of an experiment's choices stand for, and what was seen to work."""

from typing import Any

from genart_edu.gan import objective
from genart_edu.lab.options import CHOICES
from genart_edu.nets import leaky_relu, relu, sigmoid

ACTIVATIONS = {"leaky_relu": leaky_relu, "relu": relu, "sigmoid": sigmoid}
OBJECTIVES = {
    "minimax": objective.MINIMAX,
    "nonsaturating": objective.NONSATURATING,
    "least_squares": objective.LEAST_SQUARES,
    "hinge": objective.HINGE,
    "wasserstein": objective.WASSERSTEIN,
}
ONLY_OF = {"vae": (*CHOICES["VAE"],), "gan": (*CHOICES["GAN"], "seeds")}

# What was seen to work at a constant rate, by model and by whether the data are images.
COLUMNS = (
    *("latent_dim", "hidden_dim", "depth", "activation", "batch_size"),
    *("lr", "discriminator_lr", "r1", "likelihood"),
)
ROWS: dict[tuple[str, bool], tuple[Any, ...]] = {
    ("vae", True): (16, 128, 1, "leaky_relu", 64, 3e-3, None, None, "bernoulli"),
    ("vae", False): (2, 64, 2, "leaky_relu", 128, 1e-3, None, None, "gaussian"),
    ("gan", True): (16, 128, 2, "leaky_relu", 64, 1e-3, 1e-3, 0.1, None),
    ("gan", False): (2, 64, 2, "relu", 128, 5e-4, 1e-3, 0.0, None),
}
WORKS = {key: dict(zip(COLUMNS, row, strict=True)) for key, row in ROWS.items()}
CONVOLUTIONS: dict[str, dict[str, Any]] = {  # where they differ
    "vae": {"hidden_dim": 32, "depth": 2, "lr": 1e-3},
    "gan": {"hidden_dim": 20, "batch_size": 32, "lr": 1.5e-3, "discriminator_lr": 3e-3},
}
