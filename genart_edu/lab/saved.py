"""An experiment on disk: its run and its choices in one checkpoint."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from genart_edu.device import pick_device
from genart_edu.gan.training import GANTrainer
from genart_edu.lab import checkpoint
from genart_edu.lab.experiment import Experiment
from genart_edu.lab.packed import to_bytes
from genart_edu.lab.run import Run
from genart_edu.lab.stages import Stage, on_stage
from genart_edu.vae.training import VAETrainer


def save(
    path: Path, experiment: Experiment, run: Run, stage: Stage, keys: bool = False, **more: Any
) -> None:
    """Write a run and the experiment that it is, whole or not at all.

    keys: see `checkpoint.save`.  more: what else there is to say about it.
    """
    about = {"experiment": asdict(as_built(experiment, run, stage)), "shape": stage.shape}
    checkpoint.save(path, run, about | {"classes": stage.classes} | more, keys)


def as_built(experiment: Experiment, run: Run, stage: Stage) -> Experiment:
    """An experiment with all that was left open said."""
    batches: Any = run.batches  # every kind has a batch_size
    device = pick_device(experiment.device).type  # what auto came to
    size = batches.batch_size // (experiment.seeds * experiment.examples(1))  # few pictures cut it
    settled = experiment.settled(images=len(stage.shape) == 3)
    return replace(settled, device=device, batch_size=size)


def resume(path: Path) -> tuple[Experiment, Run, Stage]:
    """Go on where a saved run stood, to the bit on a CPU.  Errors as in `checkpoint.read`."""
    saved = checkpoint.read(path)
    experiment, _, _ = _about(path, saved)
    run, stage = experiment.start()
    first = to_bytes(run.state_dict() | {"events": 0})  # to rewind to what the file does not hold
    checkpoint.restore(run, saved._replace(keys=saved.keys or {0: first}))
    return experiment, *on_stage(run, stage.renew)  # its target may have been redrawn


def painter(path: Path) -> tuple[Experiment, VAETrainer | GANTrainer, tuple[int, ...]]:
    """The trained maps alone, on the CPU: needs neither the data nor the device of the run.

    -> the experiment, its trainer, the shape of one x.  Errors as in `checkpoint.read`.
    """
    saved = checkpoint.read(path)
    experiment, shape, classes = _about(path, saved)
    trainer = experiment.trainer(shape, torch.device("cpu"), classes)
    try:
        trainer.load_weights(saved.state["trainer"])
    except (KeyError, TypeError, RuntimeError):
        raise ValueError(f"{path} holds other weights than its experiment needs.") from None
    return experiment, trainer, shape


def _about(path: Path, saved: checkpoint.Saved) -> tuple[Experiment, tuple[int, ...], int]:
    try:
        experiment = Experiment(**saved.about["experiment"])
        experiment.check()
        return experiment, tuple(saved.about["shape"]), saved.about["classes"]
    except (KeyError, TypeError):
        raise ValueError(f"{path} does not say which experiment it is from.") from None
