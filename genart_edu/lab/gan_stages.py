"""What there is to look at while a GAN learns: see `lab/stages.py`."""

import math

import numpy as np
import torch

from genart_edu.data.densities import Density
from genart_edu.data.images import Images
from genart_edu.device import rngs
from genart_edu.gan.diagnostics import discriminator_surface, divergences, modes, optimal_surface
from genart_edu.gan.layers import judges_alone
from genart_edu.gan.objective import MINIMAX, NONSATURATING, Objective
from genart_edu.gan.training import GANTrainer
from genart_edu.lab.stages import (
    History,
    Panel,
    Stage,
    array,
    classes_of,
    columns,
    grid_columns,
    latents,
    pictures,
    samples,
)
from genart_edu.metrics import Quality, quality
from genart_edu.views.bars import Bars
from genart_edu.views.canvas import Arrays
from genart_edu.views.curves import Curves
from genart_edu.views.images import ImageGrid
from genart_edu.views.plane import Plane
from genart_edu.views.seeds import SeedGrid
from genart_edu.views.style import DISCRIMINATOR, FAKE, GENERATOR

IN_NATS = "**discriminator**: its cross entropy on a real and a fake; 2 log 2 if it only guesses. "
OF_G = {  # what the generator's loss is, where it is a logarithm too
    NONSATURATING: "**generator**: -log D(fake); log 2 when D says 1/2, high when found out. ",
    MINIMAX: "**generator**: log(1 - D(fake)); -log 2 when D says 1/2, 0 when found out. ",
}
NO_GOAL = "Neither loss has to fall: the two pull against each other, so judge by the samples."
BORDER = (
    " **D\\* = 1/2**: where a perfect discriminator would be undecided; estimated from the fakes."
)
GOOD = " **good**: within 3 std of a Gaussian of the target; a mode is captured if it has one such."
TOGETHER = " This discriminator judges several x together, so there is no picture of its D(x)."
COLLAPSED = "**collapsed**: some mode has no fake within 3 std of one of its Gaussians. "


def gan_on_images(trainer: GANTrainer, test: Images) -> Stage:
    """Losses and samples."""
    rng, classes = rngs(0, 1, test.pixels.device)[0], classes_of(trainer)
    wide = grid_columns(96, classes) if classes else 12
    z, more = latents(trainer, 96 // wide * wide, rng), latents(trainer, min(len(test), 500), rng)
    grid = ImageGrid("Generated from noise", columns=wide)

    def measure() -> dict[str, np.ndarray]:
        real, fake = test.x(slice(len(more))).cpu(), samples(trainer, more).cpu()
        broken, found = ~fake.isfinite().all(), Quality(*torch.full((4,), torch.nan))
        if len(more) > 1 and not broken:  # else there is nothing to compare
            found = quality(real, fake, k=min(5, len(more) - 1))
        numbers = {name: array(value) for name, value in found._asdict().items()}
        return numbers | {"collapsed": array((found.coverage < 0.1) | broken)}

    panels = [_losses(trainer), (grid, lambda _: (pictures(samples(trainer, z), test.shape),))]
    return Stage(
        panels,
        _caption(trainer.objective),
        test.shape,
        measure,
        unit=_unit(trainer.objective),
        classes=classes,
        stills={"gradients": lambda _: [_gradients()]},
    )


def gan_on_plane(trainer: GANTrainer, density: Density) -> Stage:
    """Losses; real and fake points over the discriminator's surface and D* = 1/2; the modes."""
    z = latents(trainer, 2_500, rngs(0, 1, density.means.device)[0])
    real = density.sample(500, rngs(1, 1, density.means.device)[0])
    alone, m = judges_alone(trainer.discriminator), len(density.modes)
    here = density.to("cpu")  # where its numbers are exact: some devices know no float64

    def world(_: History) -> Arrays:
        fake = samples(trainer, z[:500])
        if not alone:
            return array(real), array(fake)
        surface = discriminator_surface(trainer.discriminator, density.extent)
        best = optimal_surface(fake.cpu(), here)
        return array(real), array(fake), array(surface), array(best)

    def shares(_: History) -> Arrays:
        found = modes(samples(trainer, z).cpu(), here)
        counted = 100 * array(found.shares.nan_to_num(0) * found.high_quality)
        return counted, array(found.shares > 0)

    fair = (100 / m, "fair")
    words = ("captured", "missed")
    bars = Bars("Good fakes", unit="%", x="mode", words=words, reference=fair, role=FAKE, width=1.2)
    panels: list[Panel] = [_losses(trainer)]
    panels += [(Plane("Generated from noise", density.extent), world), (bars, shares)]
    caption = _caption(trainer.objective) + (BORDER if alone else TOGETHER) + GOOD
    return _counted(trainer, density, z, panels, caption)


def gan_of_seeds(trainer: GANTrainer, density: Density) -> Stage:
    """S networks that train as one: mean losses, the fakes of each, and how many collapsed."""
    z = latents(trainer, 2_500, rngs(0, 1, density.means.device)[0])
    grid = SeedGrid("Every seed its own GAN", density.extent, array(density.modes))

    def seeds(_: History) -> Arrays:
        fakes = samples(trainer, z).cpu()
        return array(fakes[:, :200]), array(modes(fakes, density.to("cpu")).captured)

    caption = COLLAPSED + _caption(trainer.objective)
    return _counted(trainer, density, z, [_losses(trainer), (grid, seeds)], caption)


def _counted(
    trainer: GANTrainer, density: Density, z: torch.Tensor, panels: list[Panel], caption: str
) -> Stage:
    """A stage whose modes are known: they are counted, and the densities compared."""

    def measure() -> dict[str, np.ndarray]:
        fakes, here = samples(trainer, z).cpu(), density.to("cpu")
        found, apart = modes(fakes, here), divergences(fakes, here)
        counted = {"modes": found.captured, "high_quality": found.high_quality}
        counted |= {"reverse_kl": found.reverse_kl, "kl": apart.kl, "js": apart.js}
        counted["collapsed"] = found.captured < len(density.modes)
        return {name: array(value) for name, value in counted.items()}

    def tell() -> str:
        found = measure()
        share, js = found["high_quality"].mean(), found["js"].mean()
        of = f"{found['modes'].mean():.3g} of {len(density.modes)} modes"
        said = f"; {of}, {share:.0%} of the fakes of high quality, JS {js:.2f} nats"
        lost = found["collapsed"]
        return said + (f", {lost.sum()} of {lost.size} collapsed" if lost.ndim else "")

    stills = {"gradients": lambda _: [_gradients()]}
    return Stage(panels, caption, (2,), measure, tell, _unit(trainer.objective), stills=stills)


def _unit(objective: Objective) -> str:
    return "nats" if objective in OF_G else ""


def _caption(objective: Objective) -> str:
    return (IN_NATS + OF_G[objective] if objective in OF_G else "") + NO_GOAL


def _losses(trainer: GANTrainer) -> Panel:
    """Both losses, beside what they are for a discriminator that only guesses."""

    def arrays(history: History) -> Arrays:
        return columns(history, "discriminator_loss", "generator_loss")

    objective = trainer.objective
    names = {2 * math.log(2): "2 log 2", math.log(2): "log 2", -math.log(2): "−log 2"}
    found = {round(value, 5): name for value, name in names.items()}
    guesses = {found.get(round(v, 5), f"guess {v:g}"): v for v in objective.guessing()}
    roles, who = (DISCRIMINATOR, GENERATOR), ("discriminator", "generator")
    return Curves(who, "Losses", unit=_unit(objective), roles=roles, references=guesses), arrays


def _gradients() -> Panel:
    """How hard each player is pulled: 0 at equilibrium, and where nothing is learned any more."""

    def arrays(history: History) -> Arrays:
        return columns(history, "discriminator_gradient", "generator_gradient")

    roles, who = (DISCRIMINATOR, GENERATOR), ("discriminator", "generator")
    view = Curves(who, "Length of the gradient", unit="", roles=roles, references={"at rest": 0.0})
    return view, arrays
