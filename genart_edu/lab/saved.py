"""An experiment on disk: its run and its choices in one checkpoint."""

from dataclasses import asdict, replace
from pathlib import Path

import torch

from genart_edu.device import pick_device
from genart_edu.gan.training import GANTrainer
from genart_edu.lab import checkpoint
from genart_edu.lab.experiment import Experiment
from genart_edu.lab.run import Run
from genart_edu.lab.stages import Stage
from genart_edu.vae.training import VAETrainer


def save(path: Path, experiment: Experiment, run: Run, stage: Stage) -> None:
    """Write a run and the experiment that it is, whole or not at all."""
    settled = experiment.settled(images=len(stage.shape) == 3)
    settled = replace(  # what auto came to, and what few pictures left of a batch
        settled,
        device=pick_device(experiment.device).type,
        batch_size=run.batches.batch_size  # type: ignore[attr-defined]  # every kind has one
        // (experiment.seeds * experiment.examples(1)),
    )
    about = {"experiment": asdict(settled), "shape": stage.shape, "classes": stage.classes}
    checkpoint.save(path, run, about)


def resume(path: Path) -> tuple[Experiment, Run, Stage]:
    """Go on where a saved run stood, to the bit on a CPU.  Errors as in `checkpoint.read`."""
    saved = checkpoint.read(path)
    experiment, _, _ = _about(path, saved)
    run, stage = experiment.start()
    checkpoint.restore(run, saved)
    return experiment, run, stage.anew()  # its target may have been redrawn


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
