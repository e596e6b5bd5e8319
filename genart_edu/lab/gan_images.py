"""What there is to look at while a GAN learns to paint: see `lab/stages.py`."""

import numpy as np
import torch
from torch import Tensor

from genart_edu.data.images import Images
from genart_edu.device import rngs
from genart_edu.gan.training import GANTrainer
from genart_edu.lab import stages
from genart_edu.lab.gan_panels import caption_of, gradients, losses, over_time, unit_of, verdict
from genart_edu.lab.latent import arc
from genart_edu.lab.stages import History, Panel, Stage, array, pictures, samples
from genart_edu.metrics import Quality, quality
from genart_edu.views.canvas import Arrays
from genart_edu.views.curves import Curves
from genart_edu.views.images import ImageGrid, Rows

FIRST_FRAME, FRAMES = 50, 8  # steps until the second row of a film; rows of it that are shown


def gan_on_images(trainer: GANTrainer, train: Images, test: Images) -> Stage:
    """Losses and samples; to switch on: what to read instead of the losses."""
    rng, classes = rngs(0, 1, test.pixels.device)[0], stages.classes_of(trainer)
    wide = stages.grid_columns(96, classes) if classes else 12
    z = stages.latents(trainer, 96 // wide * wide, rng)
    more = stages.latents(trainer, min(len(test), 500), rng)
    grid = ImageGrid("Generated from noise", columns=wide)
    last: dict[str, np.ndarray] = {}  # what was measured

    def measure() -> dict[str, np.ndarray]:
        real, fake = test.x(slice(len(more))).cpu(), samples(trainer, more).cpu()
        broken, found = ~fake.isfinite().all(), Quality(*torch.full((4,), torch.nan))
        if len(more) > 1 and not broken:  # else there is nothing to compare
            found = quality(real, fake, k=min(5, len(more) - 1))
        last.update({name: array(value) for name, value in found._asdict().items()})
        return last | {"collapsed": array((found.coverage < 0.1) | broken)}

    def tell(history: History) -> str:
        """Once the quality is shown, which was measured just before: how the GAN is."""
        if not (last and on["quality"]):
            return "."
        labels = [] if test.labels is None or not classes else [test.labels[: len(more)]]
        turns = [torch.arange(len(more), device=more.device) % classes] if classes else []
        pair = (test.x(slice(len(more))), *labels), (samples(trainer, more), *turns)
        covered, good = last["coverage"].item(), last["precision"].item()
        return f".{verdict(trainer, history, *pair, covered, good)}"

    names, ends = ("precision", "recall", "coverage"), {"0": 0.0, "1": 1.0}
    panels = [
        losses(trainer),
        Panel(grid, lambda _: (pictures(samples(trainer, z), test.shape),)),
        over_time(Curves(names, "Quality", unit="", references=ends), measure, "quality"),
        neighbours(trainer, z[:16], train),
        between(trainer, z[:16], test.shape),
        film(trainer, z[:8], test.shape),
    ]
    on = {"losses": True, "quality": False, "neighbours": False, "between": False, "film": False}
    about = caption_of(trainer.objective), test.shape, measure, tell, unit_of(trainer.objective)
    return Stage(panels, *about, classes, stills={"gradients": gradients}, layers=on)


def film(trainer: GANTrainer, z: Tensor, shape: tuple[int, ...]) -> Panel:
    """What becomes of the same few z: a row whenever twice as many steps were made."""
    rows: dict[int, np.ndarray] = {}  # by step, in their order

    def arrays(history: History) -> Arrays:
        now = len(history["step"])
        for step in [step for step in rows if step > now]:
            del rows[step]
        last = max(rows, default=-1)
        if now >= max(2 * last, FIRST_FRAME) or last < 0:
            rows[now] = pictures(samples(trainer, z), shape)
        return (np.concatenate(list(rows.values())[-FRAMES:]),)

    return Panel(ImageGrid("The same z over time", len(z)), arrays, "film", calm=True)


def neighbours(trainer: GANTrainer, z: Tensor, train: Images) -> Panel:
    """Fakes above the real pictures that are nearest to them: does it repeat them?"""

    def arrays(_: History) -> Arrays:
        fakes = samples(trainer, z)
        found = torch.cdist(fakes.nan_to_num(0.5), train.x()).argmin(1)
        return pictures(fakes, train.shape), pictures(train.x(found), train.shape)

    view = Rows("Nearest in the training data", 8, ("fake", "nearest"))
    return Panel(view, arrays, "neighbours", calm=True)


def between(trainer: GANTrainer, z: Tensor, shape: tuple[int, ...], steps: int = 8) -> Panel:
    """From each z of the first half of z (2 n, L) to one of the second, by way of the arc.

    Where classes are told, a way keeps to one.
    """
    share = torch.linspace(0, 1, steps, device=z.device).unsqueeze(-1)  # of the way
    start, end = z.chunk(2)
    ways = torch.cat([arc(a, b, share) for a, b in zip(start, end, strict=True)])
    rows = torch.arange(len(start), device=z.device).repeat_interleave(steps)

    def arrays(_: History) -> Arrays:
        return (pictures(samples(trainer, ways, turns=rows), shape),)

    return Panel(ImageGrid("From one z to another", steps), arrays, "between", calm=True)
