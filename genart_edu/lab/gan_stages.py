"""What there is to look at while a GAN in the plane learns: see `lab/stages.py`."""

import math
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor

from genart_edu.data.batches import DensityBatches
from genart_edu.device import rngs
from genart_edu.gan import diagnostics
from genart_edu.gan.diagnostics import modes
from genart_edu.gan.layers import judges_alone
from genart_edu.gan.training import GANTrainer
from genart_edu.lab import gan_panels
from genart_edu.lab.gan_panels import STILLS, caption_of, losses, unit_of
from genart_edu.lab.stages import History, Panel, Stage, array, latents, samples
from genart_edu.views.bars import Bars
from genart_edu.views.canvas import Arrays
from genart_edu.views.plane import Plane
from genart_edu.views.seeds import SeedGrid
from genart_edu.views.style import FAKE

BORDER = (
    " **dashed**: where the best discriminator would be undecided, D* = 1/2; an estimate, since the"
    " generator's density is known by its fakes alone."
)
GOOD = " **good**: within 3 std of a Gaussian of the target; a mode is captured if it has one such."
TOGETHER = " This discriminator judges several x together, so there is no picture of its D(x)."
COLLAPSED = "**collapsed**: some mode has no fake within 3 std of one of its Gaussians. "


def gan_on_plane(trainer: GANTrainer, batches: DensityBatches, since: int = 0) -> Stage:
    """Losses; real and fake points over the discriminator's surface; the modes.  To switch on: the
    generator's manifold, where each fake is pulled, and the distances from the truth.

    since: the step from which on the data are what they are now.
    """
    density = batches.density
    z = latents(trainer, 2_500, rngs(0, 1, density.means.device)[0])
    real = array(density.sample(500, rngs(1, 1, density.means.device)[0]))
    alone, m = judges_alone(trainer.discriminator), len(density.modes)
    here = density.to("cpu")  # where its numbers are exact: some devices know no float64
    on = {"real": True, "fakes": True, "losses": True, "modes": True, "distances": False}
    on |= {"surface": True, "optimum": True, "gradients": False} if alone else {}
    on |= {"manifold": False} if trainer.latent_dim == 2 else {}

    def pulled(fake: Tensor) -> Tensor:
        """Where some fakes stand, and where each is pulled to."""
        return torch.stack(
            [fake, diagnostics.pulls(trainer.objective, trainer.discriminator, fake)], dim=1
        )

    def world(_: History) -> Arrays:
        fake = samples(trainer, z[:500])
        layers = {
            "surface": lambda: diagnostics.discriminator_surface(
                trainer.discriminator, density.extent
            ),
            "optimum": lambda: diagnostics.optimal_surface(fake.cpu(), here),
            "manifold": lambda: diagnostics.manifold(trainer.painter, cells=14),
            "gradients": lambda: pulled(fake[:100]),
        }
        drawn = [array(make()) if on.get(name) else None for name, make in layers.items()]
        nothing = np.empty((0, 2))
        return real if on["real"] else nothing, array(fake) if on["fakes"] else nothing, *drawn

    def shares(_: History) -> Arrays:
        found = modes(samples(trainer, z).cpu(), here)
        counted = 100 * array(found.shares.nan_to_num(0) * found.high_quality)
        return counted, array(found.shares > 0)

    fair = (100 / m, "fair")
    words = ("captured", "missed")
    bars = Bars("Good fakes", unit="%", x="mode", words=words, reference=fair, role=FAKE, width=1.2)
    panels = [
        losses(trainer),
        Panel(Plane("Generated from noise", density.extent), world),
        Panel(bars, shares, "modes", calm=True),
    ]
    caption = caption_of(trainer.objective) + (BORDER if alone else TOGETHER) + GOOD
    renew = partial(gan_on_plane, trainer, batches)
    return _counted(trainer, batches, z, panels, caption, on, renew, since)


def gan_of_seeds(trainer: GANTrainer, batches: DensityBatches, since: int = 0) -> Stage:
    """S networks that train as one: mean losses, the fakes of each, and how many collapsed."""
    density = batches.density
    z = latents(trainer, 2_500, rngs(0, 1, density.means.device)[0])
    grid = SeedGrid("Every seed its own GAN", density.extent, array(density.modes))

    def seeds(_: History) -> Arrays:
        fakes = samples(trainer, z).cpu()
        return array(fakes[:, :200]), array(modes(fakes, density.to("cpu")).captured)

    caption = COLLAPSED + caption_of(trainer.objective)
    panels = [losses(trainer), Panel(grid, seeds)]
    on = {"losses": True, "distances": False}
    renew = partial(gan_of_seeds, trainer, batches)
    return _counted(trainer, batches, z, panels, caption, on, renew, since)


def _counted(
    trainer: GANTrainer,
    batches: DensityBatches,
    z: Tensor,
    panels: list[Panel],
    caption: str,
    layers: dict[str, bool],
    renew: Callable[[int], Stage],
    since: int,
) -> Stage:
    """A stage whose modes are known: they are counted, and the densities compared."""
    density = batches.density.to("cpu")
    real = batches.density.sample(500, rngs(2, 1, z.device)[0])

    def measure() -> dict[str, np.ndarray]:
        fakes = samples(trainer, z).cpu()
        found, apart = modes(fakes, density), diagnostics.divergences(fakes, density)
        counted = {"modes": found.captured, "high_quality": found.high_quality}
        counted |= {"reverse_kl": found.reverse_kl, "kl": apart.kl, "js": apart.js}
        counted["collapsed"] = found.captured < len(density.modes)
        return {name: array(value) for name, value in counted.items()}

    def tell(history: History) -> str:
        found = measure()
        share, js = found["high_quality"].mean(), found["js"].mean()
        of = f"{found['modes'].mean():.3g} of {len(density.modes)} modes"
        said = f"; {of}, {share:.0%} of the fakes of high quality, JS {js:.2f} nats"
        lost = found["collapsed"]
        if lost.ndim:
            return f"{said}, {lost.sum()} of {lost.size} collapsed."
        covered, good = found["modes"] / len(density.modes), found["high_quality"]
        pair = (real,), (samples(trainer, z[: len(real)]),)
        history = {name: column[since:] for name, column in history.items()}
        return f"{said}.{gan_panels.verdict(trainer, history, *pair, covered, good)}"

    worst = {"log 2": math.log(2)}
    panels.append(
        gan_panels.over_time(("KL", "JS"), "From the truth", "nats", measure, worst, "distances")
    )
    about = caption, (2,), measure, tell, unit_of(trainer.objective)
    return Stage(panels, *about, stills=STILLS, layers=layers, renew=renew)
