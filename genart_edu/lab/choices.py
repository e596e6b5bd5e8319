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

# What was seen to work at a constant rate, by model and by data; "conv": where convolutions differ.
IMAGES = {"latent_dim": 16, "hidden_dim": 128, "activation": "leaky_relu", "batch_size": 64}
PLANE = {"latent_dim": 2, "hidden_dim": 64, "depth": 2, "batch_size": 128}
WORKS: dict[str, dict[str, dict[str, Any]]] = {
    "vae": {
        "images": IMAGES | {"depth": 1, "lr": 3e-3, "likelihood": "bernoulli"},
        "plane": PLANE | {"activation": "leaky_relu", "lr": 1e-3, "likelihood": "gaussian"},
        "conv": {"hidden_dim": 32, "depth": 2, "lr": 1e-3},
    },
    "gan": {
        "images": IMAGES | {"depth": 2, "lr": 1e-3, "discriminator_lr": 1e-3, "r1": 0.1},
        "plane": PLANE | {"activation": "relu", "lr": 5e-4, "discriminator_lr": 1e-3, "r1": 0.0},
        "conv": {"hidden_dim": 20, "batch_size": 32, "lr": 1.5e-3, "discriminator_lr": 3e-3},
    },
}
