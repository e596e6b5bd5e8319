"""What a run leaves for others: a script that makes it again, pictures that say what they are."""

import io
import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from textwrap import shorten
from typing import Any

import numpy as np
import torch
from matplotlib.transforms import Bbox
from PIL import Image

from genart_edu import __version__
from genart_edu.lab.checkpoint import write_whole
from genart_edu.lab.experiment import Experiment
from genart_edu.lab.parts import Event
from genart_edu.lab.run import Run
from genart_edu.lab.saved import as_built, resume
from genart_edu.lab.session import history_csv, new_folder
from genart_edu.lab.stages import Stage, figure_of
from genart_edu.lab.tree import Tree
from genart_edu.views.canvas import DPI, Still
from genart_edu.views.style import LIGHT, Theme


def keep(tree: Tree, folder: Path) -> list[Path]:
    """Write every run of a tree, see `Tree.save`, and `leave` what tells of the one that is looked
    at.  -> the files.  ValueError, OSError: as there."""
    return [*tree.save(folder), *leave(folder, tree.experiment, tree.run, tree.stage)]


def export(tree: Tree) -> str:
    """`keep` in the folder of last time, or a new one.  -> what was done, a sentence."""
    folder = tree.folder or new_folder(None, tree.experiment)
    return f"Kept in {folder}: {', '.join(path.name for path in keep(tree, folder))}."


def from_checkpoint(checkpoint: Path, out: Path | None) -> None:
    """`leave` what tells of a saved run, beside it or in another folder, and say where.

    ValueError, OSError: as `saved.resume`, or where a file can't be written.
    """
    experiment, run, stage = resume(checkpoint)
    print(f"For the film its {run.step:,} steps are made once more.")
    for path in leave(out or checkpoint.parent, experiment, run, stage):
        print(f"  {path}")


def leave(folder: Path, experiment: Experiment, run: Run, stage: Stage) -> list[Path]:
    """Write run.py, history.csv, picture.png and film.gif, each whole or not at all."""
    of = experiment, run, stage
    write_whole(folder / "run.py", script(*of).encode())
    write_whole(folder / "history.csv", history_csv(run.history))
    write_whole(folder / "picture.png", picture(*of))
    write_whole(folder / "film.gif", film(*of))
    return [folder / name for name in ("run.py", "history.csv", "picture.png", "film.gif")]


def script(experiment: Experiment, run: Run, stage: Stage) -> str:
    """A plain Python script that makes the run again up to where it stands, to the bit on a CPU.

    Of a fork the whole line, from step 0 on.
    """
    words = _words(experiment, run, stage)
    past, at, settings = json.loads(words["genart_edu"]), 0, dict[str, Any]()  # to set in one call
    chosen = {n: v for n, v in past["experiment"].items() if v != getattr(Experiment, n)}
    lines = [f'"""{words["Title"]}: this makes the run again, to the bit on a CPU.', ""]
    lines += [f"Written by {words['Software']}.", '"""', ""]
    lines += ["from genart_edu.lab.experiment import Experiment", ""]
    lines += [_call("run, stage = Experiment", chosen) + ".start()"]
    for step, name, value in (*past["events"], (run.step, "", "")):
        single = name in ("", *run.trainer.half_steps)
        if settings and (single or step > at or name in settings):
            lines.append(_call("run.set", settings))
            settings = {}
        if step > at:
            lines.append(f"for _ in run.play({step - at:_}, every={step - at:_}):\n    pass")
        if not single:
            settings[name] = value
        elif name:
            lines.append(f'run.half_step("{name}")')
        at = step
    redrawn = any(event.name == "data" for event in run.events)
    return "\n".join([*lines, f"print(stage{'.renew(run)' * redrawn}.status(run.history))\n"])


def picture(experiment: Experiment, run: Run, stage: Stage, theme: Theme = LIGHT) -> bytes:
    """The stage as a still figure with small print below: a PNG, 200 pixels an inch.

    Its text fields: Title, Description (the small print in full), Software, and genart_edu (the
    experiment, the step and the events as JSON).
    """
    words = _words(experiment, run, stage)
    figure = stage.figure(run.history, theme)
    return _printed(figure, words["Description"], theme, dpi=2 * DPI, metadata=words)


def film(experiment: Experiment, run: Run, stage: Stage, frames: int = 24) -> bytes:
    """The scene at evenly spaced steps from 0 to where the run stands, with small print: a GIF of 4
    frames a second, with 2 s for the last.  Its comment is the JSON of a `picture`.

    A fork of the run is rewound, and makes again what lies between key states; the run rests.
    """
    twin, shots = run.fork(), []
    twin.key_every = run.step + 1  # it keeps no key states: they would cost the run some of its own
    for step in sorted({*np.linspace(0, run.step, frames, dtype=int).tolist()}):
        if not twin.memory.nearest(step)[0] <= twin.step <= step:
            twin.rewind(step)
        while twin.step < step:
            twin.advance()
        then = stage.renew(twin)  # it may have had other data
        then.layers.update(stage.layers)
        figure = figure_of([then.panels[then.scene]], twin.history)
        shot = _printed(figure, _words(experiment, twin, then)["Description"], LIGHT, dpi=DPI)
        shots.append(np.asarray(Image.open(io.BytesIO(shot)).convert("RGB")))
    sheet, (height, width, _) = Image.fromarray(np.concatenate(shots)).quantize(), shots[0].shape
    tops = range(0, sheet.height, height)  # one palette for all, or colours would flicker
    first, *rest = [sheet.crop((0, top, width, top + height)) for top in tops]
    how = {"append_images": rest, "duration": [250] * len(rest) + [2_000], "loop": 0}
    comment, buffer = _words(experiment, run, stage)["genart_edu"], io.BytesIO()
    first.save(buffer, "GIF", save_all=True, comment=comment.encode(), **how)
    return buffer.getvalue()


def _printed(figure: Still, text: str, theme: Theme, **how: Any) -> bytes:
    """A figure as a PNG, with as much of a text as fits in a line of small print below it."""
    (width, height), buffer = figure.get_size_inches(), io.BytesIO()
    line = shorten(text, int(12 * width), placeholder=" …")
    figure.text(0.15 / width, -0.18 / height, line, color=theme.muted, fontsize=9)
    figure.savefig(buffer, format="png", bbox_inches=Bbox([[0, -0.3], [width, height]]), **how)
    return buffer.getvalue()


def _words(experiment: Experiment, run: Run, stage: Stage) -> dict[str, str]:
    """What there is to say of a run: what it is, what of it is not usual, what was done to it."""
    built = asdict(as_built(experiment, run, stage))
    usual = asdict(Experiment(built["model"], built["data"]).settled(len(stage.shape) == 3))
    usual |= {"seed": built["seed"], "device": "cpu"}
    data = built["data"].removeprefix("idx:").partition(":")[0]  # drawings have long names
    title = f"{built['model'].upper()} on {data} · seed {built['seed']} · step {run.step:,}"
    own = {n: v if isinstance(v, float) else str(v) for n, v in built.items() if v != usual[n]}
    told = [Event(0, name, value).words for name, value in own.items()]
    done = Counter((event.words, event.step) for event in run.events)
    told += [f"{what}{f' {n}x' * (n > 1)} at {step:,}" for (what, step), n in done.items()]
    past = json.dumps({"experiment": built, "step": run.step, "events": run.events})
    made_by = f"genart_edu {__version__}, PyTorch {torch.__version__}"
    words = {"Title": title, "Description": " · ".join([title, *told]), "Software": made_by}
    return words | {"genart_edu": past}


def _call(name: str, arguments: dict[str, Any]) -> str:
    """A call as `ruff format` would write it."""
    words = [f"{n}={value!r}" for n, value in arguments.items()]
    words = [word if '"' in word else word.replace("'", '"') for word in words]
    line = f"{name}({', '.join(words)})"
    return line if len(line) <= 100 else f"{name}(\n    " + ",\n    ".join(words) + ",\n)"
