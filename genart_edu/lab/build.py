"""From choices to a trainer: networks of the right kind, and what trains them."""

import math
from functools import partial
from typing import Any

import torch
from torch import nn

from genart_edu.device import rngs
from genart_edu.gan import model as gan
from genart_edu.gan.schedule import constant, cosine
from genart_edu.gan.training import GANTrainer
from genart_edu.lab.choices import ACTIVATIONS, OBJECTIVES
from genart_edu.nets import SeedLinear, in_bfloat16, linear
from genart_edu.vae import likelihood as p_x
from genart_edu.vae.model import conv_vae, mlp_vae
from genart_edu.vae.objective import cyclical, warm_up
from genart_edu.vae.training import VAETrainer

Shape = tuple[int, ...]  # of one x: (C, H, W), or (2,) in the plane
Trainer = VAETrainer | GANTrainer


def build(chosen: Any, shape: Shape, device: torch.device, classes: int) -> Trainer:
    """chosen: a settled Experiment.  classes: of which both maps are told.

    The weights are drawn on the CPU, so that they are the same on every device.  ValueError, in one
    sentence, for choices that do not go together.
    """
    weights_rng, rng = rngs(chosen.seed, 1)[0], rngs(chosen.seed, 2, device)[1]
    stack = _picked(chosen, "hidden_dim", "depth")
    stack |= {"activation": ACTIVATIONS[chosen.activation], "classes": classes, "rng": weights_rng}
    return (_vae if chosen.model == "vae" else _gan)(chosen, shape, stack, rng)


def _vae(chosen: Any, shape: Any, stack: Any, rng: torch.Generator) -> VAETrainer:
    """stack: what both maps are made of.  rng: of the noise."""
    maps = partial(conv_vae, shape) if chosen.conv else partial(mlp_vae, math.prod(shape))
    model = maps(chosen.latent_dim, likelihood=_likelihood(chosen, shape), **stack)
    cycle, warmup = partial(cyclical, period=chosen.cycle), partial(warm_up, steps=chosen.warmup)
    schedule = cycle if chosen.cycle else warmup
    settings = _picked(chosen, *VAETrainer.settings)
    return VAETrainer(_placed(chosen, model, rng), schedule=schedule, rng=rng, **settings)


def _likelihood(chosen: Any, shape: Shape) -> p_x.Likelihood:
    """What p(x|z) is."""
    if chosen.likelihood == "gaussian":
        named = {"learned": p_x.LearnedVariance, "optimal": p_x.OptimalVariance}
        return named.get(chosen.variance, partial(p_x.GivenVariance, chosen.variance))()
    if chosen.variance != type(chosen).variance:
        raise ValueError("variance is a choice of a gaussian likelihood; this one is bernoulli.")
    if len(shape) != 3:
        raise ValueError("likelihood bernoulli is for pixels in [0, 1]; use gaussian here.")
    return p_x.Bernoulli


def _gan(chosen: Any, shape: Any, stack: Any, rng: torch.Generator) -> GANTrainer:
    """The same for two players.  A discriminator of convolutions has one more, if it fits: three of
    them see 22 pixels across, two see 10, and motifs are 11 to 17 wide."""
    cures = _picked(chosen, "packing", "minibatch_std", "spectral_norm")
    if chosen.conv:
        generator = gan.conv_generator(chosen.latent_dim, shape, **stack)
        deeper = min(chosen.depth + 1, min(shape[1:]).bit_length() - 1)
        discriminator = gan.conv_discriminator(shape, **cures, **stack | {"depth": deeper})
    else:
        data_dim, pixels = math.prod(shape), len(shape) == 3
        stack["layer"] = partial(SeedLinear, chosen.seeds) if chosen.seeds > 1 else linear
        generator = gan.mlp_generator(chosen.latent_dim, data_dim, pixels=pixels, **stack)
        discriminator = gan.mlp_discriminator(data_dim, **cures, **stack)
    schedule = partial(cosine, steps=chosen.cosine) if chosen.cosine else constant
    fixed = "latent_dim", "n_critic", "beta1", "unroll", "average"
    settings = _picked(chosen, *GANTrainer.settings, *fixed)
    settings |= {"objective": OBJECTIVES[chosen.objective], "schedule": schedule, "rng": rng}
    players = (_placed(chosen, net, rng) for net in (generator, discriminator))
    return GANTrainer(*players, **settings)


def _placed(chosen: Any, net: nn.Module, rng: torch.Generator) -> Any:
    """The net on the device of `rng`, in the precision that was chosen."""
    return (in_bfloat16(net) if chosen.precision == "bfloat16" else net).to(rng.device)


def _picked(chosen: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(chosen, name) for name in names}
