"""From choices to a trainer: networks of the right kind, and what trains them."""

import math
from functools import partial
from typing import Any

import torch

from genart_edu.gan.model import (
    conv_discriminator,
    conv_generator,
    mlp_discriminator,
    mlp_generator,
)
from genart_edu.gan.schedule import constant, cosine
from genart_edu.gan.training import GANTrainer
from genart_edu.lab.choices import ACTIVATIONS, OBJECTIVES, likelihood_of
from genart_edu.nets import SeedLinear, linear
from genart_edu.vae.model import conv_vae, mlp_vae
from genart_edu.vae.objective import cyclical, warm_up
from genart_edu.vae.training import VAETrainer


def vae_trainer(
    chosen: Any,
    shape: tuple[int, ...],
    classes: int,
    weights_rng: torch.Generator,
    rng: torch.Generator,
) -> VAETrainer:
    """chosen: a settled Experiment.  shape: of one x.  Two streams: of the weights, of the noise.

    ValueError, in one sentence, for choices that do not go together.
    """
    if chosen.likelihood == "bernoulli" and chosen.variance != type(chosen).variance:
        raise ValueError("variance is a choice of a gaussian likelihood; this one is bernoulli.")
    if chosen.likelihood == "bernoulli" and len(shape) != 3:
        raise ValueError("likelihood bernoulli is for pixels in [0, 1]; use gaussian here.")
    build: Any
    build, x_is = (conv_vae, shape) if chosen.conv else (mlp_vae, math.prod(shape))
    likelihood = likelihood_of(chosen.likelihood, chosen.variance)
    stack = _stack(chosen, classes, weights_rng)
    model = build(x_is, chosen.latent_dim, likelihood=likelihood, **stack)
    cycle, warmup = partial(cyclical, period=chosen.cycle), partial(warm_up, steps=chosen.warmup)
    return VAETrainer(
        model.to(rng.device),
        lr=chosen.lr,
        beta=chosen.beta,
        free_bits=chosen.free_bits,
        schedule=cycle if chosen.cycle else warmup,
        rng=rng,
    )


def gan_trainer(
    chosen: Any,
    shape: tuple[int, ...],
    classes: int,
    weights_rng: torch.Generator,
    rng: torch.Generator,
) -> GANTrainer:
    """The same for two players."""
    stack = _stack(chosen, classes, weights_rng)
    judging = {name: getattr(chosen, name) for name in ("minibatch_std", "spectral_norm")}
    judging["packing"] = chosen.packing
    make_g: Any
    make_d: Any
    x_is: Any
    make_g, make_d, x_is = conv_generator, conv_discriminator, shape
    if not chosen.conv:
        layer = partial(SeedLinear, chosen.seeds) if chosen.seeds > 1 else linear
        make_g = partial(mlp_generator, pixels=len(shape) == 3, layer=layer)
        make_d, x_is = partial(mlp_discriminator, layer=layer), math.prod(shape)
    return GANTrainer(
        make_g(chosen.latent_dim, x_is, **stack).to(rng.device),
        make_d(x_is, **stack, **judging).to(rng.device),
        latent_dim=chosen.latent_dim,
        objective=OBJECTIVES[chosen.objective],
        schedule=partial(cosine, steps=chosen.cosine) if chosen.cosine else constant,
        **{name: getattr(chosen, name) for name in TRAINING},
        rng=rng,
    )


TRAINING = (
    *("n_critic", "lr", "discriminator_lr", "beta1"),
    *("r1", "gradient_penalty", "instance_noise", "unroll", "average"),
)


def _stack(chosen: Any, classes: int, rng: torch.Generator) -> dict[str, Any]:
    activation = ACTIVATIONS[chosen.activation]
    hidden = {"hidden_dim": chosen.hidden_dim, "depth": chosen.depth, "activation": activation}
    return {**hidden, "classes": classes, "rng": rng}
