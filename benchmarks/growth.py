"""How the cost of a training step grows: with the batch, width, latents, seeds and its history."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks import peers
from benchmarks.measure import Work, seconds
from genart_edu.lab.experiment import Experiment
from genart_edu.views.canvas import Canvas
from genart_edu.views.style import LIGHT, SERIES, TICK, Margins, key, themed

MARGINS = Margins(0.75, 0.3, 0.65, 0.75)


class Growth(NamedTuple):
    """What grew, from `at[0]` to `at[-1]`.  ms: by the name of a line, medians at each, in ms."""

    what: str
    at: Sequence[int]
    ms: dict[str, np.ndarray]


def growths(rounds: int) -> list[Growth]:
    """All that there is to know, measured in turns."""
    batches, widths, zs = (16, 64, 256, 1024), (50, 100, 200, 400, 800, 1600), (2, 8, 20, 64)
    seeds, steps = (1, 4, 16, 64, 128), (100, 1_000, 10_000, 100_000)
    return [
        _grown("batch (VAE 784-400-20)", batches, lambda n: _sides(peers.vae(batch=n)), rounds),
        _grown("width (VAE 784-h-20)", widths, lambda n: _sides(peers.vae(hidden_dim=n)), rounds),
        _grown("latents (VAE 784-400-z)", zs, lambda n: _sides(peers.vae(latent_dim=n)), rounds),
        _grown("seeds that train as one", seeds, _seeds, rounds),
        _grown("steps of history (VAE)", steps, _history, rounds),
    ]


def _grown(
    what: str, at: Sequence[int], sides: Callable[[int], dict[str, Work]], rounds: int
) -> Growth:
    found: dict[str, list[float]] = {}
    for n in at:
        works = sides(n)
        for work in works.values():  # warm up
            work()
            work()
        times = [[seconds(work) for work in works.values()] for _ in range(rounds)]
        for name, ms in zip(works, 1e3 * np.median(times, axis=0), strict=True):
            found.setdefault(name, []).append(ms)
    return Growth(what, at, {name: np.array(ms) for name, ms in found.items()})


def _sides(work: peers.Comparison) -> dict[str, Work]:
    assert work.floor
    return {"usual loop": work.usual, "ours": work.ours, "floor": work.floor}


def _seeds(n: int) -> dict[str, Work]:
    """A step of so many small GANs, as one."""
    ours = peers.plane_gan(batch=64, hidden_dim=32, seeds=n).ours
    return {"a step of all": ours}


def _history(n: int) -> dict[str, Work]:
    """A step, and a live picture, of a run that is so old: made up, it would take an hour."""
    run, stage = Experiment("vae", "digits").start()
    run.advance()
    canvas, names = Canvas(stage.views()), [name for name in run.history if name != "step"]
    run.log.extend(tuple(names), np.random.default_rng(0).normal(100, 5, (n, len(names))))
    canvas.frame(stage.look(run.history))
    return {
        "a step": run.advance,
        "a picture": lambda: canvas.frame(stage.look(run.history, hurry=True)),
    }


def chart(growths: Sequence[Growth], path: Path) -> None:
    """All of them side by side, in rows of three, as a picture."""
    rows = -(-len(growths) // 3)
    figure = Figure((13.5, 3.9 * rows), dpi=100, facecolor=LIGHT.background)
    for i, growth in enumerate(growths):
        box = (i % 3 / 3 + 0.055, 1 - (i // 3 + 0.82) / rows, 0.26, 0.6 / rows)
        ax = figure.add_axes(box)
        themed(ax, LIGHT, "ms a step", MARGINS)
        ax.set(xscale="log", yscale="log", xlabel=growth.what, xticks=growth.at)
        ax.set_xticks([], minor=True)
        ax.set_xticklabels([f"{n:,}" for n in growth.at])
        ax.yaxis.set_major_formatter("{x:g}")
        ax.tick_params(labelsize=TICK)
        lines = []
        for (name, ms), role in zip(growth.ms.items(), SERIES, strict=False):
            look: dict[str, Any] = {"color": role.light, "linestyle": role.dash, "label": name}
            lines += ax.plot(growth.at, ms, marker=role.marker, markersize=6, **look)
        ax.set_ylim(bottom=10 ** np.floor(np.log10(min(ms.min() for ms in growth.ms.values()))))
        key(ax, LIGHT, lines)
    FigureCanvasAgg(figure)
    figure.savefig(path, facecolor=LIGHT.background)


def table(growths: Sequence[Growth]) -> str:
    """The same as numbers, in Markdown."""
    lines = ["| grows | line | ms a step |", "| --- | --- | --- |"]
    for what, at, ms in growths:
        for name, values in ms.items():
            pairs = ", ".join(f"{n:,}: {v:.2f}" for n, v in zip(at, values, strict=True))
            lines.append(f"| {what} | {name} | {pairs} |")
    return "\n".join(lines)
