"""Checkpoints: to the bit, whole or not at all, and nothing else is taken for one."""

import errno
import json
import math
import os
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save as to_bytes
from torch import Tensor

from genart_edu.data.batches import DensityBatches, ImageBatches
from genart_edu.data.densities import ring
from genart_edu.data.images import digits
from genart_edu.gan.model import mlp_discriminator, mlp_generator
from genart_edu.gan.training import GANRecord, GANTrainer
from genart_edu.lab import checkpoint
from genart_edu.lab.run import Run
from genart_edu.vae.model import mlp_vae
from genart_edu.vae.training import VAETrainer
from tests.states import everything

DIGITS = digits().split(200)[0]


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def make_gan(seed: int = 0, hidden_dim: int = 8) -> Run:
    generator = mlp_generator(2, 2, hidden_dim=hidden_dim, depth=1, rng=seeded(seed))
    discriminator = mlp_discriminator(2, hidden_dim=hidden_dim, depth=1, rng=seeded(seed))
    trainer = GANTrainer(generator, discriminator, latent_dim=2, rng=seeded(seed))
    return Run(trainer, DensityBatches(ring(), 16, seeded(seed)))


def make_vae(seed: int = 0, hidden_dim: int = 8) -> Run:
    model = mlp_vae(64, 2, hidden_dim=hidden_dim, rng=seeded(seed))
    return Run(VAETrainer(model, rng=seeded(seed)), ImageBatches(DIGITS, 24, seeded(seed)))


BOTH = pytest.mark.parametrize("make", [make_vae, make_gan])


def play(run: Run, steps: int) -> Run:
    for _ in run.play(steps, every=1_000):
        pass
    return run


def loaded(path: Path, run: Run) -> Run:
    checkpoint.restore(run, checkpoint.read(path))
    return run


# ---- to the bit ---------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("steps", [0, 1, 30])
def test_a_run_that_was_saved_goes_on_to_the_bit(make, steps, tmp_path):
    """Fifty steps more: weights, optimisers, noise, the order of batches, history and events."""
    run, path = play(make(), steps), tmp_path / "run.safetensors"
    run.set(lr=2e-4)
    for name in run.trainer.half_steps:
        run.half_step(name)
    checkpoint.save(path, run, {})
    other = loaded(path, play(make(seed=1), 7))
    assert everything(other) == everything(run)
    assert everything(play(other, 50)) == everything(play(run, 50))


def test_saving_does_not_disturb_a_run(tmp_path):
    run = play(make_vae(), 10)
    for n in range(5):
        checkpoint.save(tmp_path / "run", run, {"n": n})
        play(run, 3)
    assert everything(run) == everything(play(make_vae(), 25))


def test_a_checkpoint_holds_what_the_caller_says_about_it(tmp_path):
    about = {"experiment": {"model": "vae", "data": "文字", "lr": 0.1, "none": None}, "shape": [2]}
    checkpoint.save(tmp_path / "run", make_gan(), about)
    assert checkpoint.read(tmp_path / "run").about == about


def test_the_file_is_safetensors_with_json_beside_it(tmp_path):
    """Any reader of the format can open it; nothing in it is pickled."""
    run = play(make_gan(), 3)
    checkpoint.save(tmp_path / "run", run, {})
    with safe_open(tmp_path / "run", framework="numpy") as file:
        header = json.loads(file.metadata()["genart_edu"])
        history = file.get_tensor("history")
        weight = file.get_tensor("/trainer/generator/0.weight")
    assert header["format"] == "genart_edu 3"
    assert header["names"] == list(GANRecord._fields)
    assert history.tolist() == run.log.rows().tolist()
    assert weight.tolist() == run.trainer.state_dict()["generator"]["0.weight"].tolist()


@pytest.mark.parametrize("name", ["with spaces.safetensors", "数字 的 模型", "ünï/çødé"])
def test_any_path_will_do_and_its_folder_is_made(tmp_path, name):
    run, path = play(make_gan(), 3), tmp_path / "我的 模型" / name
    checkpoint.save(path, run, {})
    assert everything(loaded(path, make_gan(seed=1))) == everything(run)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


# ---- whole or not at all ------------------------------------------------------------------


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("what", ["replace", "fsync"])
@pytest.mark.parametrize("accident", [full, interrupt])
def test_an_accident_leaves_the_old_file_and_no_litter(tmp_path, monkeypatch, what, accident):
    path = tmp_path / "run.safetensors"
    checkpoint.save(path, play(make_gan(), 3), {})
    before = path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(os, what, accident)
        with pytest.raises((OSError, KeyboardInterrupt)):
            checkpoint.save(path, play(make_gan(), 9), {})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_that_fills_up_while_it_writes_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "run.safetensors"
    checkpoint.write_whole(path, b"old")
    original = Path.open

    def cramped(self, *args, **kwargs):
        file = original(self, *args, **kwargs)
        write = file.write

        class Cramped:
            def __enter__(self):
                return self

            def __exit__(self, *_):
                file.close()

            def write(self, data):
                write(data[: len(data) // 2])
                full()

        return Cramped()

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", cramped)
        with pytest.raises(OSError, match="No space left"):
            checkpoint.write_whole(path, b"new and longer")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_until_it_is_whole_the_new_file_has_another_name(tmp_path, monkeypatch):
    path, seen = tmp_path / "run.safetensors", []
    monkeypatch.setattr(os, "fsync", lambda _: seen.extend(tmp_path.iterdir()))
    checkpoint.write_whole(path, b"new")
    assert len(seen) == 1 and seen[0] != path
    assert path.read_bytes() == b"new" and list(tmp_path.iterdir()) == [path]


# ---- what is no checkpoint ----------------------------------------------------------------


def with_header(header: Any, **tensors: Tensor) -> bytes:
    tensors = tensors or {"history": torch.zeros(0, 0)}
    return to_bytes(tensors, metadata={"genart_edu": json.dumps(header)})


GOOD: dict[str, Any] = {
    "format": "genart_edu 3",
    "about": {},
    "state": {"dict": []},
    "names": [],
    "events": [],
}


class Trap:
    """Unpickled, it would say so."""

    def __reduce__(self):
        return (pytest.fail, ("it was unpickled",))


NO_CHECKPOINTS = {
    "empty": b"",
    "text": "这不是一个模型\n".encode() * 100,
    "garbage": bytes(range(256)) * 40,
    "a pickle": pickle.dumps(Trap()),
    "an endless header": b"\xff" * 8 + b"{}",
    "other safetensors": to_bytes({"weight": torch.zeros(2)}),
    "a header that is no dict": with_header([1, 2]),
    "a header that nests without end": to_bytes(
        {"history": torch.zeros(1)}, metadata={"genart_edu": "[" * 100_000}
    ),
    "no history": with_header(GOOD, weight=torch.zeros(2)),
    "no state": with_header({k: v for k, v in GOOD.items() if k != "state"}),
    "a tensor that is not there": with_header(GOOD | {"state": {"tensor": "weight"}}),
    "a state of two kinds": with_header(GOOD | {"state": {"dict": [], "list": []}}),
    "a state of no kind": with_header(GOOD | {"state": {"os.system": ["ls"]}}),
    "a dict that is no pairs": with_header(GOOD | {"state": {"dict": [[1]]}}),
    "events that are none": with_header(GOOD | {"events": [[1]]}),
}


def test_the_smallest_checkpoint_can_be_read(tmp_path):
    """What the files below differ from."""
    (tmp_path / "run").write_bytes(with_header(GOOD))
    assert checkpoint.read(tmp_path / "run").state == {}


@pytest.mark.parametrize("data", NO_CHECKPOINTS.values(), ids=NO_CHECKPOINTS.keys())
def test_what_is_no_checkpoint_is_refused_in_a_sentence(tmp_path, data):
    path = tmp_path / "file"
    path.write_bytes(data)
    with pytest.raises(ValueError) as caught:
        checkpoint.read(path)
    sentence = f"{path} is not a checkpoint of genart_edu, or it is damaged."
    assert str(caught.value) == sentence


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99, -1])
def test_a_truncated_checkpoint_is_refused_in_a_sentence(tmp_path, share):
    path = tmp_path / "run"
    checkpoint.save(path, play(make_gan(), 3), {})
    data = path.read_bytes()
    path.write_bytes(data[: -1 if share < 0 else int(share * len(data))])
    with pytest.raises(ValueError, match="is not a checkpoint of genart_edu, or it is damaged"):
        checkpoint.read(path)


def test_a_format_of_another_day_is_named(tmp_path):
    (tmp_path / "run").write_bytes(with_header({"format": "genart_edu 9"}))
    sentence = r"run is of format 'genart_edu 9'; this reads 'genart_edu 3'\.$"
    with pytest.raises(ValueError, match=sentence):
        checkpoint.read(tmp_path / "run")


def test_a_path_where_nothing_is_or_a_folder_is_an_oserror_that_names_it(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing"):
        checkpoint.read(tmp_path / "nothing")
    with pytest.raises(IsADirectoryError, match="is a folder: name the checkpoint in it"):
        checkpoint.read(tmp_path)


@pytest.mark.parametrize(
    ("make", "other", "words"),
    [
        (make_vae, lambda: make_vae(hidden_dim=9), r"encoder\.0\.weight is \(8, 64\) in the file"),
        (make_vae, make_gan, r"encoder\.0\.weight is \(8, 64\) in .* and missing in the run"),
        (make_gan, make_vae, r"generator/0\.weight is \(8, 2\) in .* and missing in the run"),
    ],
    ids=["wider", "gan", "vae"],
)
def test_a_checkpoint_of_another_model_is_refused_and_changes_nothing(tmp_path, make, other, words):
    checkpoint.save(tmp_path / "run", play(make(), 2), {})
    here = play(other(), 3)
    before = everything(here)
    with pytest.raises(ValueError, match=f"^The checkpoint is from another model.*: .*{words}"):
        loaded(tmp_path / "run", here)
    assert everything(here) == before


def test_weights_that_are_not_finite_are_refused_and_change_nothing(tmp_path):
    run = make_gan()
    next(run.trainer.generator.parameters()).data.fill_(math.nan)
    state = {"trainer": run.trainer.state_dict(), "batches": run.batches.state_dict()}
    saved = checkpoint.Saved({}, state, run.log, [], {})
    here = play(make_gan(), 3)
    before = everything(here)
    with pytest.raises(ValueError, match=r"^The checkpoint holds weights that are not finite\.$"):
        checkpoint.restore(here, saved)
    assert everything(here) == before
