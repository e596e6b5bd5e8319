"""What there is to look at while a GAN in the plane learns: see `lab/stages.py`."""

import math
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from genart_edu.data.densities import Density
from genart_edu.device import rngs
from genart_edu.gan import diagnostics
from genart_edu.gan.diagnostics import modes
from genart_edu.gan.layers import judges_alone
from genart_edu.gan.training import GANTrainer
from genart_edu.lab.gan_panels import caption_of, gradients, losses, over_time, unit_of, verdict
from genart_edu.lab.stages import History, Panel, Stage, array, latents, samples
from genart_edu.views.bars import Bars
from genart_edu.views.canvas import Arrays
from genart_edu.views.curves import Curves
from genart_edu.views.plane import Plane
from genart_edu.views.seeds import SeedGrid
from genart_edu.views.style import FAKE

BORDER = (
    " **dashed**: where the best discriminator would be undecided, D* = 1/2; an estimate, since the"
    " generator's density is known by its fakes alone."
)
TOGETHER = " This discriminator judges several x together, so there is no picture of its D(x)."
GOOD = " **good**: within 3 std of a Gaussian of the target; a mode is captured if it has one such."
COLLAPSED = "**collapsed**: some mode has no fake within 3 std of one of its Gaussians. "
Scene = tuple[list[Panel], str, dict[str, bool]]  # panels, how to read them, layers


def gan_on_plane(run: Any) -> Stage:
    """Of one network or of S that train as one: the modes are counted, the densities compared.

    run: of a GANTrainer over DensityBatches, or SeedBatches of them.
    """
    trainer, target = run.trainer, getattr(run.batches, "batches", run.batches).density
    device, m = target.means.device, len(target.modes)
    density = target.to("cpu")  # where its numbers are exact: some devices know no float64
    since = max((event.step for event in run.events if event.name == "data"), default=0)
    z = latents(trainer, 2_500, rngs(0, 1, device)[0])
    real = target.sample(500, rngs(2, 1, device)[0])
    scene = _one if samples(trainer, z[:1]).ndim == 2 else _many
    panels, caption, layers = scene(trainer, target, z)

    def measure() -> dict[str, np.ndarray]:
        fakes = samples(trainer, z).cpu()
        found, apart = modes(fakes, density), diagnostics.divergences(fakes, density)
        counted = {"modes": found.captured, "high_quality": found.high_quality}
        counted |= {"reverse_kl": found.reverse_kl, "kl": apart.kl, "js": apart.js}
        counted["collapsed"] = found.captured < m
        return {name: array(value) for name, value in counted.items()}

    def tell(history: History) -> str:
        found = measure()
        count, good, js = (found[name].mean() for name in ("modes", "high_quality", "js"))
        of = f"{count:.3g} of {m} modes"
        said = f"; {of}, {good:.0%} of the fakes of high quality, JS {js:.2f} nats"
        lost = found["collapsed"]
        if lost.ndim:
            return f"{said}, {lost.sum()} of {lost.size} collapsed."
        history = {name: column[since:] for name, column in history.items()}
        pair = (real,), (samples(trainer, z[: len(real)]),)
        return f"{said}.{verdict(trainer, history, *pair, count / m, good)}"

    view = Curves(("KL", "JS"), "From the truth", references={"log 2": math.log(2)})
    panels.append(over_time(view, measure, "distances"))
    about = caption, (2,), measure, tell, unit_of(trainer.objective)
    return Stage(panels, *about, stills={"gradients": gradients}, layers=layers)


def _one(trainer: GANTrainer, density: Density, z: Tensor) -> Scene:
    """Losses; real and fake points over the discriminator's surface; the modes.  To switch on: the
    generator's manifold, where each fake is pulled, and the distances from the truth."""
    real = array(density.sample(500, rngs(1, 1, z.device)[0]))
    discriminator, m = trainer.discriminator, len(density.modes)
    alone = judges_alone(discriminator)
    here = density.to("cpu")  # as in `gan_on_plane`
    pulls = partial(diagnostics.pulls, trainer.objective, discriminator)
    on = {"real": True, "fakes": True, "losses": True, "modes": True, "distances": False}
    on |= {"surface": True, "optimum": True, "gradients": False} if alone else {}
    on |= {"manifold": False} if trainer.latent_dim == 2 else {}

    def world(_: History) -> Arrays:
        fake = samples(trainer, z[:500])
        some = fake[:100]
        layers = {
            "surface": lambda: diagnostics.discriminator_surface(discriminator, density.extent),
            "optimum": lambda: diagnostics.optimal_surface(fake.cpu(), here),
            "manifold": lambda: diagnostics.manifold(trainer.painter, cells=14),
            "gradients": lambda: torch.stack([some, pulls(some)], dim=1),  # from where, how far
        }
        drawn = [array(make()) if on.get(name) else None for name, make in layers.items()]
        nothing = np.empty((0, 2))
        return real if on["real"] else nothing, array(fake) if on["fakes"] else nothing, *drawn

    def shares(_: History) -> Arrays:
        found = modes(samples(trainer, z).cpu(), here)
        counted = 100 * array(found.shares.nan_to_num(0) * found.high_quality)
        return counted, array(found.shares > 0)

    fair, words = (100 / m, "fair"), ("captured", "missed")
    bars = Bars("Good fakes", unit="%", x="mode", words=words, reference=fair, role=FAKE, width=1.2)
    plane = Plane("Generated from noise", density.extent)
    panels = [losses(trainer), Panel(plane, world), Panel(bars, shares, "modes", calm=True)]
    return panels, caption_of(trainer.objective) + (BORDER if alone else TOGETHER) + GOOD, on


def _many(trainer: GANTrainer, density: Density, z: Tensor) -> Scene:
    """Mean losses, the fakes of each of S networks, and how many collapsed."""
    grid = SeedGrid("Every seed its own GAN", density.extent, array(density.modes))

    def seeds(_: History) -> Arrays:
        fakes = samples(trainer, z).cpu()
        return array(fakes[:, :200]), array(modes(fakes, density.to("cpu")).captured)

    panels, layers = [losses(trainer), Panel(grid, seeds)], {"losses": True, "distances": False}
    return panels, COLLAPSED + caption_of(trainer.objective), layers
