"""What there is to look at while a VAE learns: see `lab/stages.py`."""

from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from genart_edu.data.images import Images
from genart_edu.device import rngs
from genart_edu.lab import stages
from genart_edu.lab import vae_panels as panel
from genart_edu.lab.stages import History, Panel, Stage, array, pictures, samples
from genart_edu.vae.diagnostics import active_units, gradient_norms, mean_costs, mean_kl
from genart_edu.vae.likelihood import Bernoulli
from genart_edu.vae.model import Maps
from genart_edu.vae.theory import independent_nll
from genart_edu.vae.training import VAETrainer
from genart_edu.views.bars import Bars
from genart_edu.views.canvas import Arrays
from genart_edu.views.images import ImageGrid, Rows
from genart_edu.views.plane import Plane
from genart_edu.views.rate import RateDistortion
from genart_edu.views.style import ELBO

CAPTION = (
    "**reconstruction**: nats that it costs to say x once z is known; falls as pictures sharpen. "
    "**KL**: nats that z itself carries about x; rises with the use of the code, and dies with it. "
    "**−ELBO**: their sum, an upper bound on -log p(x), unless grey pixels are probabilities. "
    "**KL of each latent**: one that is active says something about x; an inactive one is noise."
)
COINS = " **coins**: what pixels cost that know nothing of each other, as when z says nothing."


def vae_on_images(trainer: VAETrainer, test: Images) -> Stage:
    """Costs, KL of each latent, held-out pictures above what became of them, samples; or, if L = 2,
    in place of samples the latent plane and what the decoder makes of all of it."""
    model = trainer.model
    maps, x = panel.seen(trainer, test, 200)
    z = stages.latents(trainer, 64, rngs(0, 1, x.device)[0])
    coins = model.likelihood is Bernoulli

    def pairs(_: History) -> Arrays:
        maps, x = panel.seen(trainer, test, 24)
        decoded = maps.decode(maps.encode(x)[0]).mean
        return pictures(x, test.shape), pictures(decoded, test.shape)

    panels: list[Panel] = [
        panel.costs({"coins": independent_nll(x, x).mean().item()} if coins else {}),
        panel.kl_bars(maps, x),
        Panel(Rows("Pictures it never saw", labels=("x", "decoded")), pairs),
    ]
    if maps.latent_dim == 2:
        panels += [panel.latent_plane(trainer, test), panel.lattice_grid(trainer, test)]
    else:
        grid = ImageGrid("Decoded noise", columns=stages.grid_columns(64, model.classes))
        panels.append(Panel(grid, lambda _: (pictures(samples(trainer, z), test.shape),)))
    stills: Any = {"kl": partial(_of_kl, trainer, test), "latent": partial(_of_z, trainer, test)}
    about = CAPTION + COINS * coins, test.shape, partial(_measure, maps, x)
    tell = panel.vitality(maps, x)
    return Stage(panels, *about, tell, classes=model.classes, scene=2, stills=stills)


def vae_on_plane(run: Any) -> Stage:
    """Costs, KL of each latent, real points and decoded noise; the latent plane if L = 2.

    run: of a VAETrainer over DensityBatches.
    """
    trainer, model, density = run.trainer, run.trainer.model, run.batches.density
    device = density.means.device
    z = stages.latents(trainer, 500, rngs(0, 1, device)[0])
    real = density.sample(500, rngs(1, 1, device)[0])

    def world(_: History) -> Arrays:
        drawn = model.decode(z).sample(rngs(2, 1, device)[0])  # the same noise at every look
        return array(real), array(drawn)

    panels: list[Panel] = [panel.costs({}), panel.kl_bars(model, real)]
    panels.append(Panel(Plane("Decoded noise", density.extent), world))
    if model.latent_dim == 2:
        panels.append(panel.posteriors(model, real, (0, 1)))
    stills = {"kl": lambda _: panels[:2], "latent": lambda _: panels[2:]}
    about = CAPTION, (2,), partial(_measure, model, real)
    return Stage(panels, *about, panel.vitality(model, real), scene=2, stills=stills)


@torch.no_grad()
def _measure(maps: Maps, x: Tensor) -> dict[str, np.ndarray]:
    """Both costs on x (N, D), and how many latents are alive: none is a posterior collapse."""
    costs = mean_costs(maps, x, rngs(0, 1, x.device)[0], draws=10)._asdict()
    active = active_units(maps.encode(x)[0]).sum()
    numbers = costs | {"active_units": active, "collapsed": active == 0}
    return {name: array(value) for name, value in numbers.items()}


def _of_kl(trainer: VAETrainer, test: Images, history: History) -> list[Panel]:
    """Where the nats go: by latent, over the run, by layer; and the blur that is left."""
    model: Any = trainer.model
    maps, x = panel.seen(trainer, test, 200)
    labels = panel.labels_of(trainer, test, 200)
    norms = gradient_norms(model, x, rngs(0, 1, x.device)[0], labels)
    step, rate, distortion = stages.columns(history, "kl", "reconstruction")
    ends = [s for s in (1, 10, 30, 100, 300, 1_000, 3_000, 10_000) if s < len(step)]
    path = [np.array([each[s // 2 : s].mean() for s in ends]) for each in (rate, distortion)]
    here = np.array([each[-100:].mean() for each in (rate, distortion)]) if len(step) else None
    plane = RateDistortion("Training batches", [f"step {s:,}" for s in ends], line="on the way")
    layers = Bars("Gradient of −ELBO by layer", list(norms), unit="", log=True, role=ELBO)
    return [
        panel.kl_bars(maps, x),
        Panel(plane, lambda _: (*path, here)),
        Panel(layers, lambda _: (np.array(list(norms.values())),)),
        panel.blur(trainer, test),
    ]


def _of_z(trainer: VAETrainer, test: Images, _: History) -> list[Panel]:
    """The latent space: its two most informative dimensions, and what each of them does."""
    maps, x = panel.seen(trainer, test, 200)
    order = mean_kl(maps, x).argsort(descending=True).tolist()
    moves = panel.traversal_grid(trainer, test, order[:8])
    if maps.latent_dim == 2:
        return [panel.latent_plane(trainer, test), panel.lattice_grid(trainer, test), moves]
    if maps.latent_dim == 1:
        return [moves]
    return [panel.latent_plane(trainer, test, tuple(order[:2])), moves]
