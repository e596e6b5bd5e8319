"""A step on a GPU that this machine need not have.

PyTorch's "meta" device stands for it: its tensors know their shape and nothing else, so a step that
waits for a number, for which a GPU would have to stop, fails here; and so does one in which a
tensor of the CPU takes part.
"""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.optim import Adam
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from genart_edu.data.batches import DensityBatches, ImageBatches, SeedBatches
from genart_edu.data.catalogue import density
from genart_edu.data.images import Images
from genart_edu.lab import build
from genart_edu.lab.experiment import Experiment

GPU = torch.device("meta")
SMALL: dict[str, Any] = {"hidden_dim": 8, "depth": 1, "batch_size": 4}
PLANE: dict[str, Any] = {"model": "gan", "data": "ring", **SMALL}
DIGITS: dict[str, Any] = {"data": "digits", **SMALL}
RUNS: dict[str, dict[str, Any]] = {
    "GAN": PLANE,
    "penalties": PLANE | {"objective": "wasserstein", "gradient_penalty": 2.0, "r1": 0.1},
    "cures": PLANE | {"unroll": 2, "average": 0.9, "instance_noise": 0.1, "packing": 2},
    "more cures": PLANE | {"minibatch_std": True, "n_critic": 2, "cosine": 30},
    "spectral norm": PLANE | {"spectral_norm": True},
    "seeds": PLANE | {"seeds": 3, "r1": 0.1},
    "GAN of pictures": DIGITS | {"model": "gan", "conv": True, "labels": True},
    "VAE": DIGITS | {"warmup": 10, "free_bits": 0.1},
    "VAE in the plane": {"data": "ring", "likelihood": "gaussian", **SMALL},
    "optimal variance": DIGITS | {"likelihood": "gaussian", "variance": "optimal"},
    "conditional VAE": DIGITS | {"labels": True, "conv": True},
}


class Stream:
    """As a torch.Generator of the GPU."""

    device = GPU

    def get_state(self) -> Tensor:
        return torch.empty(0)


class OneDevice(TorchDispatchMode):
    """No call takes tensors of two devices; a single number, as Adam's count of steps, may come."""

    def __torch_dispatch__(self, call, types, args=(), kwargs=None):
        tensors = [t for t in tree_leaves((args, kwargs)) if isinstance(t, Tensor) and t.ndim]
        devices = {str(tensor.device) for tensor in tensors}
        assert len(devices) < 2, f"{call} takes tensors of {devices}"
        return call(*args, **kwargs or {})


@pytest.fixture
def gpu(monkeypatch):
    """Draws from a Stream are made on its device, and nowhere else."""

    def pretended(draw):
        def drawn(*shape, generator, device=None, **options):
            if not isinstance(generator, Stream):
                return draw(*shape, generator=generator, device=device, **options)
            assert device == GPU, f"drawn on {device}, by a stream of {GPU}"
            return draw(*shape, device=GPU, **options)

        return drawn

    for name in "randn", "rand", "randint", "randperm":
        monkeypatch.setattr(torch, name, pretended(getattr(torch, name)))
    rngs = build.rngs

    def streams(seed, n, device="cpu"):
        return [Stream()] * n if device == GPU else rngs(seed, n, device)

    monkeypatch.setattr(build, "rngs", streams)

    def unfused(weights, fused, **how):  # the one of several kernels that "meta" lacks
        return Adam(weights, foreach=False, **how)

    monkeypatch.setattr(torch.optim, "Adam", unfused)


def on(device: torch.device, kind: str) -> tuple[Any, Any]:
    """The trainer of an experiment, and batches of what it learns from."""
    experiment = Experiment(**RUNS[kind])
    size = experiment.seeds * experiment.examples(4)
    if experiment.data == "ring":
        batches: Any = DensityBatches(density("ring").to(device), size, Stream())  # type: ignore[arg-type]
        batches = SeedBatches(batches, experiment.seeds) if experiment.seeds > 1 else batches
        return experiment.trainer((2,), device), batches
    pixels = torch.zeros(40, 1, 8, 8, dtype=torch.uint8)
    images = Images(pixels, torch.arange(40) % 10, tuple("0123456789")).to(device)
    trainer = experiment.trainer((1, 8, 8), device, 10 if experiment.labels else 0)
    return trainer, ImageBatches(images, size, Stream(), experiment.labels)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", RUNS)
def test_a_step_waits_for_no_number_and_stays_on_its_device(gpu, kind):
    trainer, batches = on(GPU, kind)
    trainer.steps = 1  # the first step of a VAE looks at its batch, and says so
    with OneDevice():
        for _ in range(12):  # past an epoch
            record = trainer.step(*next(batches))
        for half in trainer.half_steps:
            getattr(trainer, half)(*next(batches))
    assert {number.device.type for number in record} == {"meta"}
    nets = [getattr(trainer, name) for name in getattr(trainer, "maps", ("model",))]
    assert {weight.device.type for net in nets for weight in net.parameters()} == {"meta"}


@pytest.mark.parametrize(
    "mistake",
    [
        lambda trainer, x: trainer.step(torch.zeros(4, 2)),
        lambda trainer, x: trainer.discriminator(x + torch.zeros(4, 2)),
        lambda trainer, x: trainer.discriminator.cpu()(x),
        lambda trainer, x: trainer.discriminator(x).mean().item(),
        lambda trainer, x: x.isfinite().all() or x,
        lambda trainer, x: x.cpu(),
    ],
)
def test_mistakes_are_caught(gpu, mistake):
    trainer, batches = on(GPU, "GAN")
    with OneDevice(), pytest.raises((AssertionError, RuntimeError, NotImplementedError)):
        mistake(trainer, next(batches)[0])
