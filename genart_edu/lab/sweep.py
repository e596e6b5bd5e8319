"""Many experiments: some seeds of every setting of a grid, and a table of what came of them."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, fields, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from tqdm import tqdm

from genart_edu.data.catalogue import is_density
from genart_edu.lab.checkpoint import as_csv, write_whole
from genart_edu.lab.experiment import Experiment
from genart_edu.lab.parts import NotFinite
from genart_edu.lab.stages import far_away
from genart_edu.views.canvas import Canvas
from genart_edu.views.counts import CountMap

Grid = Mapping[str, Sequence[Any]]  # a choice of an Experiment, and its values
Row = dict[str, str]  # of the table: one seed of one setting
Job = tuple[Row, Experiment]  # what was varied, and what to train
KILLED = "A worker was killed, as happens when memory is short."


def sweep(
    base: Experiment,
    grid: Grid,
    seeds: int,
    steps: int,
    folder: Path,
    jobs: int = 1,
    address: str | None = None,
) -> int:
    """Train seeds of every setting: each is a row of sweep.csv; map.png counts which failed.

    A setting is `base` with one value of each name in `grid`.  jobs: processes at a time.  address:
    of a Dask scheduler, whose workers train in their place; they need this package too.  The same
    again in the same folder trains what is missing there.  -> exit code: 0; 1 if a worker was
    killed; 130 after Ctrl-C.  ValueError, before anything is trained, for a setting that can't be
    or another sweep's folder; OSError for missing data, or a scheduler that does not answer.
    """
    grid = {name: list(dict.fromkeys(values)) for name, values in grid.items()}
    plan = _plan(base, grid, seeds, steps, here=not address)
    about = {"base": asdict(base), "grid": grid, "seeds": seeds, "steps": steps}
    table = _claim(folder, json.dumps(about, indent=1).encode())
    settings = [tuple(map(str, values)) for values in product(*grid.values())]

    def place(row: Mapping[str, Any]) -> tuple[int, int]:
        """Where a row stands in the table: its setting, its seed."""
        return settings.index(tuple(row[name] for name in grid)), int(row["seed"])

    done = set(map(place, table))
    left = [job for job in plan if place({**job[0], "seed": job[1].seed}) not in done]
    try:
        results = _there(left, steps, address) if address else _here(left, steps, jobs)
        with tqdm(total=len(plan), initial=len(plan) - len(left), unit="job", disable=None) as bar:
            for rows in results:
                table = sorted([*table, *rows], key=place)  # whichever was finished first
                write_whole(folder / "sweep.csv", _csv(table))
                bar.update()
    except (BrokenProcessPool, KeyboardInterrupt) as error:
        code, why = (130, "Stopped.") if isinstance(error, KeyboardInterrupt) else (1, KILLED)
        print(f"{why}  What was finished is kept in {folder}; the same command again goes on.")
        return code
    failed = []
    for i, setting in enumerate(settings):
        rows = [row for row in table if place(row)[0] == i]
        diverged = sum(row["diverged"] == "True" for row in rows)
        failed.append(sum("True" in (row["collapsed"], row["diverged"]) for row in rows))
        name = ", ".join(map(" ".join, zip(grid, setting, strict=True))) or base.data
        also = f", {diverged} diverged" * (diverged > 0)
        print(f"{name}: {failed[i] - diverged} of {seeds} collapsed{also}")
    write_whole(folder / "map.png", _map(grid, failed, seeds))
    print(f"  {folder / 'sweep.csv'}\n  {folder / 'map.png'}")
    return 0


def from_words(
    vary: Any, steps: int, out: Path, jobs: int, address: Any, seeds: int = 8, **choices: Any
) -> int:
    """A sweep as the command line says it: seeds of each setting.

    vary: pairs of a name and its values; the values of one name belong together.
    """
    grid: dict[str, list[Any]] = {}
    for name, values in vary:
        grid.setdefault(name, []).extend(values)
    return sweep(Experiment(**choices), grid, seeds, steps, out, jobs, address)


def train_and_measure(setting: Row, experiment: Experiment, steps: int) -> list[Row]:
    """Train, and measure where it stands then.  -> a row for each seed, which begins as `setting`.

    A run that diverged stands before its first step that was not finite: that is `step` + 1.  One
    such seed stops all that train as one with it, so each of them is then trained by itself.
    """
    run, stage = experiment.start()
    together = range(experiment.seeds)
    try:
        list(run.play(steps, every=steps))
    except NotFinite:
        if len(together) > 1:
            alone = [replace(experiment, seeds=1, seed=experiment.seed + i) for i in together]
            return [row for each in alone for row in train_and_measure(setting, each, steps)]
    member = {"member": together} if len(together) > 1 else {}
    found: dict[str, Any] = {"seed": experiment.seed, **member, "step": run.step}
    far = far_away(run.history).any(axis=0) if run.step else False
    found |= {"diverged": (run.step < steps) | far, **stage.measure()}
    columns = {name: np.broadcast_to(values, len(together)) for name, values in found.items()}
    return [setting | {name: str(c[i]) for name, c in columns.items()} for i in together]


def _plan(base: Experiment, grid: Grid, seeds: int, steps: int, here: bool) -> list[Job]:
    """Every job, once it is known that each can start; elsewhere there may be other devices."""
    offered = [field.name for field in fields(Experiment) if field.name not in ("seed", "seeds")]
    if unknown := [name for name in grid if name not in offered]:
        raise ValueError(f"What can vary is {', '.join(offered)}; got {unknown[0]!r}.")
    if min(seeds, steps, *map(len, grid.values())) < 1:
        raise ValueError("A sweep needs a seed, a step and a value of each name that varies.")
    plan: list[Job] = []
    for values in product(*grid.values()):
        chosen = replace(base, **dict(zip(grid, values, strict=True)))
        if chosen.model == "gan" and is_density(chosen.data):
            each = [replace(chosen, seeds=seeds)]
        else:
            each = [replace(chosen, seed=base.seed + i) for i in range(seeds)]
        (each[-1] if here else replace(each[-1], device="cpu")).start()
        setting = dict(zip(grid, map(str, values), strict=True))
        plan += [(setting, experiment) for experiment in each]
    return plan


def _claim(folder: Path, about: bytes) -> list[Row]:
    """Make the folder of a sweep, or find it.  -> the rows that are there."""
    told, table = folder / "sweep.json", folder / "sweep.csv"
    same = told.exists() and told.read_bytes() == about
    if not same and (told.exists() or table.exists()):
        raise ValueError(f"{folder} holds another sweep: choose another folder.")
    write_whole(told, about)
    return list(csv.DictReader(table.read_text("utf-8").splitlines())) if table.exists() else []


def _here(jobs: list[Job], steps: int, processes: int) -> Iterator[list[Row]]:
    """The rows of each job when it is finished, by processes of this machine."""
    parallel = Parallel(processes, return_as="generator_unordered", batch_size=1)
    return parallel(delayed(train_and_measure)(*job, steps) for job in jobs)


def _there(jobs: list[Job], steps: int, address: str) -> Iterator[list[Row]]:
    """The same, by the workers of a Dask scheduler, which gives the job of a lost one to another.

    Not by way of joblib: its Dask backend waits for ever for a job that every worker dies of, and
    works in this process where the cluster has a single thread.
    """
    try:
        from distributed import Client, KilledWorker, as_completed

        client = Client(address, timeout=10)
    except ImportError:
        raise ValueError('Dask is missing: pip install "genart-edu[cluster]".') from None
    except OSError:
        raise ConnectionError(f"No Dask scheduler answers at {address}.") from None
    with client:
        futures = [client.submit(train_and_measure, *job, steps, pure=False) for job in jobs]
        try:
            for future in as_completed(futures):
                yield future.result()
        except (KilledWorker, CancelledError):
            raise BrokenProcessPool from None


def _csv(table: list[Row]) -> bytes:
    names = dict.fromkeys(name for row in table for name in row)
    return as_csv(names, ([row.get(name, "") for name in names] for row in table))


def _map(grid: Grid, failed: list[int], seeds: int) -> bytes:
    """As a PNG: the last name that varies from left to right, the others from top to bottom."""
    *others, last = grid or [""]
    rows = [", ".join(map(str, values)) for values in product(*(grid[name] for name in others))]
    columns = [str(value) for value in grid.get(last, [""])]
    view = CountMap("Collapsed or diverged", rows, columns, seeds, ", ".join(others), last)
    canvas = Canvas([view], height=max(3.6, 1.3 + 0.3 * len(rows)))
    return canvas.figure([(np.reshape(failed, (len(rows), -1)),)])._repr_png_()[0]
