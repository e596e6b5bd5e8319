"""The tree of runs: an experiment, its forks, and which of them one looks at."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from genart_edu.lab import checkpoint, saved
from genart_edu.lab.experiment import Experiment
from genart_edu.lab.parts import Event, NotFinite
from genart_edu.lab.run import Run
from genart_edu.lab.stages import Stage, on_stage
from genart_edu.views.canvas import Arrays

MOST = 8  # runs


class Tree:
    """The runs that grew out of one experiment: the first, and its forks in their order.

    here: the place of the one that is looked at.  beside: the place of one to compare it with.
    folder: where they were saved last.  ValueError, OSError: as `Experiment.start`.
    """

    def __init__(self, experiment: Experiment) -> None:
        self._plant(experiment, *experiment.start())

    def _plant(self, experiment: Experiment, run: Run, stage: Stage) -> None:
        self.experiment, self.runs = experiment, [run]
        self._stages: list[tuple[Stage, Any]] = [(stage, _redrawn(run))]  # and what it is made for
        self.here = 0
        self.beside: int | None = None
        self.folder: Path | None = None

    @property
    def run(self) -> Run:
        return self.runs[self.here]

    @property
    def rival(self) -> Run | None:
        return None if self.beside is None else self.runs[self.beside]

    @property
    def stage(self) -> Stage:
        return self.stage_of(self.here)

    def stage_of(self, place: int) -> Stage:
        """What there is to look at of a run; made anew when it learns from other data."""
        run, (stage, made_for) = self.runs[place], self._stages[place]
        if made_for != _redrawn(run):
            on = stage.layers
            _, stage = on_stage(run, stage.renew)
            stage.layers.update({name: on.get(name, now) for name, now in stage.layers.items()})
            self._stages[place] = stage, _redrawn(run)
        return stage

    @property
    def living(self) -> Experiment:
        """The experiment, with what was changed in the run that is looked at."""
        fields = Experiment.__dataclass_fields__
        changed: Any = {e.name: e.value for e in self.run.events if e.name in fields}
        return replace(self.experiment, **changed)

    @property
    def names(self) -> list[str]:
        """Each run's; of a fork with whom it left and where."""
        left = [
            f", from {i + 1} at {run.forked_at:,}"
            for run, i in zip(self.runs, self.parents, strict=True)
        ]
        return [f"run {i}{fork}" for i, fork in enumerate(["", *left[1:]], 1)]

    @property
    def parents(self) -> list[int]:
        """The place of whom each run left; -1 of the first."""
        return [self.runs.index(run.parent) if run.parent else -1 for run in self.runs]

    def advance(self) -> None:
        """One step; and one of the run beside it, or two while that has made fewer."""
        self.run.advance()
        self._beside(lambda run: [*map(Run.advance, [run] * min(2, self.run.step - run.step))])

    def settle(self) -> None:
        """As `Run.settle`; and so does the run beside it."""
        self.run.settle()
        self._beside(Run.settle)

    def rewind(self, step: int) -> None:
        """As `Run.rewind`; and so does the run beside it, as far as it got."""
        self.run.rewind(step)
        self._beside(lambda run: run.rewind(min(step, run.end)))

    def _beside(self, act: Callable[[Run], object]) -> None:
        """Do it to the run beside; NotFinite says that it was this one."""
        try:
            if self.rival:
                act(self.rival)
        except NotFinite as error:
            what = f"{error.what} of run {(self.beside or 0) + 1}"
            raise NotFinite(error.step, what) from None

    def fork(self, **settings: float | str) -> None:
        """Look at a fork of the run that is looked at.  ValueError where there are MOST."""
        if len(self.runs) == MOST:
            raise ValueError(f"There can be {MOST} runs and no more: go on with one of them.")
        self._add(self.run.fork(**settings))
        self.here = len(self.runs) - 1

    def go_to(self, here: int, beside: int | None = None) -> None:
        """Look at another run, alone or beside one.  ValueError for what is no place of one."""
        for place in here, here if beside is None else beside:
            if place not in range(len(self.runs)):
                raise ValueError(f"A run is from 0 to {len(self.runs) - 1}; got {place}.")
        self.here, self.beside = here, beside if beside != here else None
        if self.rival:
            self.rewind(self.run.step)

    def save(self, folder: Path) -> list[Path]:
        """Write every run with its memory, run-1.safetensors and on, each whole or not at all.

        ValueError if the folder holds another tree: nothing is overwritten.
        """
        paths = [folder / f"run-{i}.safetensors" for i, _ in enumerate(self.runs, 1)]
        if folder != self.folder and paths[0].exists():
            raise ValueError(f"{folder} holds runs already: choose another folder.")
        self.folder = folder
        for i, (path, run, parent) in enumerate(zip(paths, self.runs, self.parents, strict=True)):
            more = {"parent": parent, "forked_at": run.forked_at}
            saved.save(path, self.experiment, run, self.stage_of(i), keys=True, **more)
        return paths

    def _add(self, fork: Run) -> None:
        self.runs.append(fork)
        self._stages.append((self.stage, None))

    def arrays(self) -> Arrays:
        """What `views.tree.Tree` takes."""
        spans = [(r.forked_at, r.end, at) for r, at in zip(self.runs, self.parents, strict=True)]
        own = [[event for event in run.tape if event.step >= run.forked_at] for run in self.runs]
        marks = [(i, event.step) for i, events in enumerate(own) for event in events]
        here = np.array([self.here, self.run.step])
        return np.array(spans), np.array(marks).reshape(-1, 2), here


def _redrawn(run: Run) -> list[Event]:
    return [event for event in run.events if event.name == "data"]


def load(folder: Path) -> Tree:
    """The tree that was saved in a folder, as it stood.  ValueError, OSError: as `saved.resume`."""
    paths = sorted(folder.glob("run-*.safetensors"), key=lambda path: (len(path.name), path.name))
    if not paths:
        raise ValueError(f"{folder} holds no runs.")
    experiment, run, stage = saved.resume(paths[0])
    tree = Tree.__new__(Tree)
    tree._plant(experiment, run, stage)
    tree.folder = folder
    for path in paths[1:]:
        found = checkpoint.read(path)
        run = tree.run.fork()
        checkpoint.restore(run, found)
        try:
            run.parent = dict(enumerate(tree.runs))[found.about["parent"]]
            run.forked_at = range(len(run.log) + 1).index(found.about["forked_at"])
        except (LookupError, TypeError, ValueError):
            raise ValueError(f"{path} does not say which run it left, and where.") from None
        tree._add(run)
    return tree
