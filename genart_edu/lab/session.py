"""A run in a terminal: a progress bar, and what it leaves in a folder."""

import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from genart_edu.device import describe, pick_device, rngs
from genart_edu.lab.checkpoint import as_csv, write_whole, writing
from genart_edu.lab.experiment import Experiment
from genart_edu.lab.parts import NotFinite
from genart_edu.lab.run import Run
from genart_edu.lab.saved import painter, resume, save
from genart_edu.lab.stages import Stage, array, classes_of, grid_columns, latents, pictures, samples
from genart_edu.views.canvas import Canvas, Still, still
from genart_edu.views.images import ImageGrid
from genart_edu.views.plane import Plane

CHECKPOINT = "checkpoint.safetensors"


def new_folder(out: Path | None, experiment: Experiment) -> Path:
    """A folder for a new run, made; by default genart-runs/MODEL-DATA, numbered if need be.

    ValueError if `out` holds a run already: nothing is overwritten.
    """
    # At most 60 letters, for a drawing has a long name.
    name = "".join(c if c.isalnum() else "-" for c in f"{experiment.model}-{experiment.data}"[:60])
    plain = Path("genart-runs") / name
    numbered = (plain.with_name(f"{name}-{n}") for n in itertools.count(2))
    folder = out or next(f for f in itertools.chain([plain], numbered) if not f.exists())
    if (folder / CHECKPOINT).exists():
        raise ValueError(f"{folder} holds a run already: choose another --out, or resume it.")
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def begin(steps: int, out: Path | None, **choices: Any) -> int:
    """A new experiment of these choices, as `train`.  ValueError, OSError: as `Experiment.start`,
    or see `new_folder`."""
    experiment = Experiment(**choices)
    run, stage = experiment.start()
    return train(experiment, run, stage, steps, new_folder(out, experiment))


def go_on(checkpoint: Path, steps: int) -> int:
    """Go on with a saved run, as `train`, in its folder.  Errors as `resume`."""
    return train(*resume(checkpoint), steps, checkpoint.parent)


def train(experiment: Experiment, run: Run, stage: Stage, steps: int, folder: Path) -> int:
    """Play `steps` steps and keep what came of it, whatever stops them.

    -> exit code: 0; 1 if a step was not finite; 130 after Ctrl-C.
    """
    device = describe(pick_device(experiment.device))
    print(f"{experiment.model.upper()} on {experiment.data}: {device}")
    code, goal = 0, run.step + steps
    try:
        with tqdm(total=goal, initial=run.step, unit="step", disable=None) as bar:
            for record in run.play(steps, every=50):
                # means over seeds
                means = {n: f"{np.mean(v):.2f}" for n, v in vars(record).items() if n != "step"}
                bar.set_postfix(means, refresh=False)
                bar.update(record.step - bar.n)
    except NotFinite as error:
        print(f"{error}  Try a smaller learning rate, or start again.")
        code = 1
    except KeyboardInterrupt:
        print("Stopped.")
        code = 130
    print(stage.status(run.history))
    for path in keep(folder, experiment, run, stage):
        print(f"  {path}")
    if code:
        print(f"Go on with: genart resume {folder / CHECKPOINT} --steps {goal - run.step}")
    return code


def keep(folder: Path, experiment: Experiment, run: Run, stage: Stage) -> list[Path]:
    """Write the checkpoint, history.csv, poster.png and what else the stage has to show, each whole
    or not at all."""
    save(folder / CHECKPOINT, experiment, run, stage)
    write_whole(folder / "history.csv", history_csv(run.history))
    write_whole(folder / "poster.png", _png(stage.figure(run.history)))
    for name in stage.stills:
        write_whole(folder / f"{name}.png", _png(stage.still(name, run.history)))
    stills = [f"{name}.png" for name in stage.stills]
    return [folder / name for name in (CHECKPOINT, "history.csv", "poster.png", *stills)]


def sample(checkpoint: Path, n: int, seed: int, out: Path | None) -> None:
    """Paint n samples of a saved model, about as many rows as columns, and say where they are.

    Needs neither the data that the model learned from nor the device that it learned on.
    """
    experiment, trainer, shape = painter(checkpoint)
    x = samples(trainer, latents(trainer, n, rngs(seed, 1)[0]))
    title = f"{experiment.model.upper()} on {experiment.data}"
    if len(shape) == 3:
        grid = ImageGrid(title, columns=grid_columns(n, classes_of(trainer)))
        picture = still(grid, pictures(x, shape), size=(6, 6))
    else:
        networks = array(x).reshape(-1, n, 2)  # one, or all of those that train as one
        names = [title] if len(networks) == 1 else [f"{i}" for i in range(len(networks))]
        extent = float(x.nan_to_num(0, 0, 0).abs().max()) or 1.0
        views = [Plane(name, extent) for name in names]
        canvas = Canvas(views, height=6 if len(names) == 1 else 3.4, columns=math.isqrt(len(names)))
        picture = canvas.figure([(np.empty((0, 2)), fakes) for fakes in networks])
    out = out or checkpoint.with_name(f"samples-{n}-seed-{seed}.png")
    write_whole(out, _png(picture))
    print(out)


def history_csv(history: dict[str, np.ndarray]) -> bytes:
    """A column for each name, or for each name and seed of what trains as one: `kl 0`, ..."""
    columns: dict[str, list[float]] = {}
    for name, values in history.items():
        each = [name] if values.ndim == 1 else [f"{name} {i}" for i in range(values.shape[1])]
        columns |= zip(each, np.atleast_2d(values.T).tolist(), strict=True)
    return as_csv(columns, zip(*columns.values(), strict=True))


def _png(figure: Still) -> bytes:
    return figure._repr_png_()[0]
