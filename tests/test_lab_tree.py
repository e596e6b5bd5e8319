"""The tree of runs: side by side, saved to one folder, and nothing that was saved is ever lost."""

import errno
import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save as to_bytes

from genart_edu.lab.experiment import Experiment
from genart_edu.lab.packed import from_bytes
from genart_edu.lab.packed import to_bytes as packed
from genart_edu.lab.run import Run
from genart_edu.lab.tree import MOST, Tree, load
from tests.states import everything, flat

SMALL = Experiment("gan", "ring", hidden_dim=8, batch_size=8)
DOT = "drawn:0.50 0.50"


def advance(tree: Tree, steps: int) -> None:
    for _ in range(steps):
        tree.advance()


def grown() -> Tree:
    """Three runs: one, a fork of it from 6 of 10, and a fork of that from 9."""
    tree = Tree(SMALL)
    tree.run.key_every = 4
    advance(tree, 3)
    tree.run.half_step("generator_step")
    advance(tree, 7)
    tree.rewind(6)
    tree.fork(lr=5e-4)
    advance(tree, 3)
    tree.fork(data=DOT)
    advance(tree, 4)
    return tree


def whole(run: Run) -> dict[str, Any]:
    """Where it stands, and all that lies ahead."""
    found = everything(run)  # reads what nobody asked for yet
    log = run.log.rows(whole=True).tolist()
    return found | {"tape": [*run.tape], "end": run.end, "log": log}


def wholes(tree: Tree) -> list[dict[str, Any]]:
    return [whole(run) for run in tree.runs]


def states(run: Run) -> list[dict[str, Any]]:
    """Its state after each step that it was ever at."""
    at, found = run.step, []
    for step in range(run.end + 1):
        run.rewind(step)
        found.append(flat(run.state_dict()))
    run.rewind(at)
    return found


# ---- growing ------------------------------------------------------------------------------


def test_a_tree_begins_with_one_run():
    tree = Tree(SMALL)
    assert (tree.here, tree.beside, tree.rival, tree.parents) == (0, None, None, [-1])
    assert tree.names == ["run 1"] and tree.runs == [tree.run] and tree.experiment == SMALL
    spans, marks, here = tree.arrays()
    assert spans.tolist() == [[0, 0, -1]] and marks.shape == (0, 2) and here.tolist() == [0, 0]


def test_a_fork_is_looked_at_and_named_after_whom_it_left():
    tree = grown()
    assert tree.here == 2 and tree.run is tree.runs[2]
    assert tree.names == ["run 1", "run 2, from 1 at 6", "run 3, from 2 at 9"]
    assert tree.parents == [-1, 0, 1]
    assert [run.step for run in tree.runs] == [6, 9, 13]
    assert [run.end for run in tree.runs] == [10, 9, 13]
    spans, marks, here = tree.arrays()
    assert spans.tolist() == [[0, 10, -1], [6, 9, 0], [9, 13, 1]]
    assert marks.tolist() == [[0, 3], [1, 6], [2, 9]] and here.tolist() == [2, 13]
    tree.go_to(0)
    assert tree.arrays()[2].tolist() == [0, 6]


def test_large_steps_are_named_with_a_comma():
    tree = Tree(SMALL)
    tree.run.log.extend(("a",), np.zeros((1_234, 1)))
    tree.fork()
    assert tree.names[1] == "run 2, from 1 at 1,234"


def test_of_forks_there_are_only_so_many():
    tree = Tree(SMALL)
    for _ in range(MOST - 1):
        tree.fork()
    before = wholes(tree)
    with pytest.raises(ValueError, match=rf"^There can be {MOST} runs and no more: go on with one"):
        tree.fork()
    assert len(tree.runs) == MOST and wholes(tree) == before


@pytest.mark.parametrize("bad", [{"lr": -1}, {"beta": 1}, {"data": "drawn:9 9"}])
def test_a_fork_that_can_not_be_leaves_the_tree_as_it_was(bad):
    tree = grown()
    tree.go_to(0, beside=1)
    before = wholes(tree)
    with pytest.raises(ValueError):
        tree.fork(**bad)
    assert (len(tree.runs), tree.here, tree.beside) == (3, 0, 1)
    assert wholes(tree) == before


def test_the_stage_shows_the_data_of_the_run_that_is_looked_at():
    tree = grown()
    assert "of 1 modes" in tree.stage.status(tree.run.history)
    tree.go_to(1)
    assert "of 8 modes" in tree.stage.status(tree.run.history)
    assert tree.stage_of(1) is tree.stage_of(1)
    tree.run.set(data=DOT)
    assert "of 1 modes" in tree.stage.status(tree.run.history)
    tree.rewind(5)
    assert "of 8 modes" in tree.stage.status(tree.run.history)
    tree.go_to(2)
    assert "of 1 modes" in tree.stage.status(tree.run.history)
    assert tree.stage is not tree.stage_of(0)


def test_looking_at_every_run_changes_none():
    tree, unseen = grown(), grown()
    for place in (0, 2, 1, 2, 0):
        tree.go_to(place)
        tree.stage.look(tree.run.history), tree.stage.status(tree.run.history)
        tree.names, tree.arrays(), tree.living
    assert wholes(tree) == wholes(unseen)


def test_the_living_experiment_holds_what_was_changed():
    tree = grown()
    assert (tree.living.lr, tree.living.data) == (5e-4, DOT)
    tree.go_to(0)
    assert tree.living == SMALL


# ---- side by side -------------------------------------------------------------------------


@pytest.mark.parametrize("place", [3, -1, 99, 1.5, "1"])
def test_a_place_where_no_run_is_is_refused_in_a_sentence(place):
    tree = grown()
    tree.go_to(1, beside=0)
    before = wholes(tree)
    for go in (lambda: tree.go_to(place), lambda: tree.go_to(0, place)):
        with pytest.raises(ValueError, match=rf"^A run is from 0 to 2; got {place}\.$"):
            go()
    assert (tree.here, tree.beside) == (1, 0) and wholes(tree) == before


@pytest.mark.parametrize(("here", "beside"), [(0, 1), (1, 0), (2, 0), (0, 2), (2, 1)])
def test_beside_each_other_both_stand_at_the_same_step(here, beside):
    tree, apart = grown(), grown()
    tree.go_to(here, beside)
    run, rival = tree.run, tree.rival
    assert rival is tree.runs[beside]
    assert rival.step == min(run.step, rival.end)
    apart.runs[beside].rewind(rival.step)
    assert everything(rival) == everything(apart.runs[beside])
    for _ in range(12):
        before = rival.step
        tree.advance()
        assert rival.step == min(run.step, before + 2)  # it catches up
    for step in (0, 3, 6, 9, run.end):
        tree.rewind(step)
        assert run.step == step and rival.step == min(step, rival.end)
    apart.runs[here].rewind(0), apart.runs[beside].rewind(0)
    for each, clean in (run, apart.runs[here]), (rival, apart.runs[beside]):
        clean.rewind(min(each.step, clean.end))
        list(clean.play(each.step - clean.step))
        assert everything(each) == everything(clean)


def test_the_one_beside_waits_until_the_other_has_come_as_far():
    tree = grown()
    tree.go_to(0, beside=2)
    tree.rewind(10)
    assert (tree.run.step, tree.rival.step) == (10, 10)
    tree.rival.rewind(13)
    tree.advance()
    assert (tree.run.step, tree.rival.step) == (11, 13)
    advance(tree, 3)
    assert (tree.run.step, tree.rival.step) == (14, 14)


def test_a_run_beside_itself_is_alone():
    tree = grown()
    tree.go_to(1, beside=1)
    assert tree.rival is None and tree.beside is None
    tree.go_to(0)
    assert tree.rival is None


# ---- saved and loaded ---------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tree", "我的 树", "a/deep/folder"])
def test_a_tree_is_loaded_as_it_stood_and_goes_on_to_the_bit(tmp_path, name):
    tree = grown()
    paths = tree.save(tmp_path / name)
    assert [path.name for path in paths] == [f"run-{i}.safetensors" for i in (1, 2, 3)]
    assert sorted(paths) == sorted((tmp_path / name).iterdir())
    again = load(tmp_path / name)
    assert wholes(again) == wholes(tree)
    assert again.names == tree.names and again.parents == tree.parents
    assert [a.tolist() for a in again.arrays()[:2]] == [a.tolist() for a in tree.arrays()[:2]]
    assert [run.parent for run in again.runs] == [None, *again.runs[:2]]
    assert [run.forked_at for run in again.runs] == [0, 6, 9]
    assert [states(run) for run in again.runs] == [states(run) for run in tree.runs]
    for either in tree, again:
        for place in range(3):
            either.go_to(place)
            either.rewind(either.run.end)
            advance(either, 5)
            assert either.stage.status(either.run.history)
        either.go_to(1)
        either.rewind(7)
        either.fork(r1=0.1)
        advance(either, 3)
    assert wholes(again) == wholes(tree) and again.names == tree.names
    assert again.runs[0].compare(again.runs[1]) == tree.runs[0].compare(tree.runs[1])


@pytest.mark.parametrize(
    "chosen",
    [
        Experiment("vae", "digits", hidden_dim=8, batch_size=700, labels=True),
        Experiment("gan", "ring", hidden_dim=8, batch_size=8, seeds=3, spectral_norm=True),
    ],
    ids=["vae", "seeds"],
)
def test_trees_of_other_kinds_come_back_too(tmp_path, chosen):
    tree = Tree(chosen)
    tree.run.key_every = 3
    advance(tree, 7)
    tree.rewind(5)
    tree.fork(lr=5e-4)
    advance(tree, 4)
    tree.save(tmp_path / "tree")
    again = load(tmp_path / "tree")
    assert wholes(again) == wholes(tree)
    assert [states(run) for run in again.runs] == [states(run) for run in tree.runs]


def test_a_tree_that_was_loaded_keeps_one_budget(tmp_path):
    tree = grown()
    tree.save(tmp_path / "tree")
    again = load(tmp_path / "tree")
    kept = {id(x): len(x) for run in again.runs for x in run.memory.states.values()}
    assert [run.memory.size for run in again.runs] == [sum(kept.values())] * 3


def test_the_same_tree_is_saved_again_and_grows(tmp_path):
    folder, tree = tmp_path / "tree", grown()
    for _ in range(3):
        tree.save(folder)
        tree.fork()
        advance(tree, 2)
    tree.save(folder)
    assert wholes(load(folder)) == wholes(tree) and len(tree.runs) == 6
    loaded = load(folder)
    loaded.go_to(0)
    advance(loaded, 9)
    loaded.save(folder)
    assert wholes(load(folder)) == wholes(loaded)


def test_another_tree_is_never_written_over(tmp_path):
    tree, other = grown(), Tree(SMALL)
    tree.save(tmp_path / "tree")
    kept = {path: path.read_bytes() for path in (tmp_path / "tree").iterdir()}
    with pytest.raises(ValueError, match=r"tree holds runs already: choose another folder\.$"):
        other.save(tmp_path / "tree")
    assert {path: path.read_bytes() for path in (tmp_path / "tree").iterdir()} == kept
    other.save(tmp_path / "other")
    assert len(load(tmp_path / "other").runs) == 1


def test_a_folder_is_as_good_in_another_place(tmp_path):
    folder, tree = tmp_path / "tree", grown()
    tree.save(folder)
    os.replace(folder, tmp_path / "moved")
    assert wholes(load(tmp_path / "moved")) == wholes(tree)
    advance(tree, 3)
    tree.save(folder)  # made anew
    assert wholes(load(folder)) == wholes(tree)
    shutil.copytree(folder, tmp_path / "copied")
    assert wholes(load(tmp_path / "copied")) == wholes(tree)


def test_saving_does_not_disturb_a_tree(tmp_path):
    tree, unsaved = grown(), grown()
    for n in range(3):
        tree.save(tmp_path / f"{n}")
        advance(tree, 1), advance(unsaved, 1)
    assert wholes(tree) == wholes(unsaved)


def test_where_no_tree_is_is_said_in_a_sentence(tmp_path):
    with pytest.raises(ValueError, match=r" holds no runs\.$"):
        load(tmp_path)
    with pytest.raises((ValueError, OSError)):
        load(tmp_path / "nothing")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises((ValueError, OSError)):
        load(tmp_path / "file")


# ---- accidents ----------------------------------------------------------------------------


class FullDisk:
    """Every write after the first `room` bytes finds no space."""

    def __init__(self, room: int):
        self.room, self.opened = room, Path.open

    def open(self, path: Path, *args: Any, **kwargs: Any) -> Any:
        file, disk = self.opened(path, *args, **kwargs), self

        class File:
            def __enter__(self) -> "File":
                return self

            def __exit__(self, *_: object) -> None:
                file.close()

            def __getattr__(self, name: str) -> Any:
                return getattr(file, name)

            def write(self, data: bytes) -> int:
                fits = data[: disk.room]
                disk.room -= len(fits)
                file.write(fits)
                if len(fits) < len(data):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                return len(data)

        return File()


@pytest.mark.parametrize("share", [0.0, 0.1, 0.4, 0.6, 0.99])
def test_a_full_disk_loses_nothing_that_was_saved_and_can_be_freed(tmp_path, monkeypatch, share):
    folder, tree = tmp_path / "tree", grown()
    tree.save(folder)
    before = wholes(tree)
    for place in range(3):
        tree.go_to(place)
        tree.rewind(tree.run.end)
        advance(tree, 2)
    after = wholes(tree)
    size = sum(path.stat().st_size for path in folder.iterdir())
    with monkeypatch.context() as patch:
        disk = FullDisk(int(share * size))
        patch.setattr(Path, "open", lambda path, *a, **k: disk.open(path, *a, **k))
        with pytest.raises(OSError) as caught:
            tree.save(folder)
    said = str(caught.value)
    assert os.strerror(errno.ENOSPC) in said and "What was there before is as it was." in said
    assert "\n" not in said and wholes(tree) == after
    found = wholes(load(folder))
    assert all(now in (old, new) for now, old, new in zip(found, before, after, strict=True))
    assert len([*folder.iterdir()]) == 3, "no litter"
    tree.save(folder)
    assert wholes(load(folder)) == after


def test_a_first_save_that_found_no_room_can_be_made_again(tmp_path, monkeypatch):
    tree = grown()
    with monkeypatch.context() as patch:
        disk = FullDisk(200_000)
        patch.setattr(Path, "open", lambda path, *a, **k: disk.open(path, *a, **k))
        with pytest.raises(OSError, match=r"^Can't write .*run-\d\.safetensors: No space left"):
            tree.save(tmp_path / "tree")
    tree.save(tmp_path / "tree")
    assert wholes(load(tmp_path / "tree")) == wholes(tree)


def test_a_folder_that_can_not_be_written_is_said_in_a_sentence(tmp_path):
    """A file in its place: unlike permissions, no administrator gets around that."""
    (tmp_path / "tree").write_bytes(b"mine")
    tree = grown()
    before = wholes(tree)
    for folder in tmp_path / "tree", tmp_path / "tree" / "deeper":
        with pytest.raises(OSError, match=r"^Can't write .*  What was there before is as it was\."):
            tree.save(folder)
    assert (tmp_path / "tree").read_bytes() == b"mine" and wholes(tree) == before
    tree.save(tmp_path / "other")
    assert wholes(load(tmp_path / "other")) == before


@pytest.mark.parametrize("what", ["replace", "fsync"])
def test_an_interrupted_save_loses_nothing(tmp_path, monkeypatch, what):
    folder, tree = tmp_path / "tree", grown()
    tree.save(folder)
    before = wholes(tree)
    for turn in (1, 2, 3):
        calls = []
        original = getattr(os, what)

        def interrupt(*args, calls=calls, turn=turn, original=original):
            calls.append(args)
            if len(calls) == turn:
                raise KeyboardInterrupt
            return original(*args)

        with monkeypatch.context() as patch:
            patch.setattr(os, what, interrupt)
            with pytest.raises(KeyboardInterrupt):
                tree.save(folder)
        assert wholes(load(folder)) == before and len([*folder.iterdir()]) == 3


SAVES = """
import sys
from pathlib import Path
from genart_edu.lab.experiment import Experiment
from genart_edu.lab.tree import Tree

tree = Tree(Experiment("gan", "ring", hidden_dim=96, batch_size=8))
tree.run.key_every = 2
for _ in range(4):
    tree.advance()
tree.fork(lr=5e-4)
while True:
    for place in (0, 1):
        tree.go_to(place)
        tree.advance()
    tree.save(Path(sys.argv[1]))
    print(tree.run.step, flush=True)
"""


def test_killed_in_the_middle_of_a_save_it_loads_at_what_was_saved_or_newer(tmp_path):
    """kill -9 at random moments: all but a few of them fall into a save."""
    dice, twin = random.Random(0), Tree(Experiment("gan", "ring", hidden_dim=96, batch_size=8))
    twin.run.key_every = 2
    advance(twin, 4)
    twin.fork(lr=5e-4)
    for n in range(4):
        folder = tmp_path / f"{n}"
        process = subprocess.Popen(
            [sys.executable, "-c", SAVES, str(folder)],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
        for _ in range(dice.randrange(1, 6)):
            said = process.stdout.readline()
            assert said, "it ended by itself"
        time.sleep(dice.random() / 10)
        process.kill()
        rest = process.stdout.read().split("\n")
        process.wait()
        announced = int(([said] + [line for line in rest[:-1] if line])[-1])
        tree = load(folder)
        assert len(tree.runs) == 2 and tree.parents == [-1, 0]
        for run, clean in zip(tree.runs, twin.runs, strict=True):
            assert announced <= run.step <= announced + 1
            clean.rewind(min(run.step, clean.end))
            list(clean.play(run.step - clean.step))
            assert everything(run) == everything(clean)
            run.rewind(3)
            clean.rewind(3)
            assert everything(run) == everything(clean)
        tree.save(folder)
        assert wholes(load(folder)) == wholes(tree)


# ---- files from strangers -----------------------------------------------------------------


def rewritten(path: Path, about=(), tensors=(), drop=(), **header: Any) -> None:
    """The same file with other words in its header or other tensors."""
    with safe_open(path, framework="pt") as file:
        said = json.loads(file.metadata()["genart_edu"])
        found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    said |= header
    said["about"] = said["about"] | dict(about) if isinstance(said["about"], dict) else about
    found |= dict(tensors)
    for name in drop:
        found.pop(name, None)
        said.pop(name, None)
        said["about"].pop(name, None)
    path.write_bytes(to_bytes(found, metadata={"genart_edu": json.dumps(said)}))


def raw(data: bytes) -> torch.Tensor:
    return torch.frombuffer(bytearray(data), dtype=torch.uint8)


@pytest.fixture(scope="module")
def saved_tree(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("saved") / "tree"
    grown().save(folder)
    return folder


def key_of(folder: Path, **other: Any) -> torch.Tensor:
    """The bytes of the first key state of the third run, with something else in it."""
    with safe_open(folder / "run-3.safetensors", framework="pt") as file:
        return raw(packed(from_bytes(file.get_tensor("key/0").numpy().tobytes()) | other))


def broken_key(folder: Path, name: str, *value: Any) -> torch.Tensor:
    """The same with another value in its trainer, or none."""
    trainer = from_bytes(key_of(folder).numpy().tobytes())["trainer"]
    del trainer[name]
    return key_of(folder, trainer=trainer | ({name: value[0]} if value else {}))


def other_key() -> bytes:
    run, _ = Experiment("gan", "ring", hidden_dim=9, batch_size=8).start()
    return packed(run.state_dict() | {"events": 0})


LR = [9, "lr", 0.5]
HEADERS: dict[str, dict[str, Any]] = {
    "at is before the start": {"at": -1},
    "at is after the end": {"at": 999},
    "at is a word": {"at": "x"},
    "at is a half": {"at": 2.5},
    "at is nothing": {"at": None},
    "an event at a word": {"events": [["x", "lr", 0.1]]},
    "an event before the start": {"events": [[-1, "lr", 0.1]]},
    "an event after the end": {"events": [[99, "lr", 0.1]]},
    "an event at nan": {"events": [[float("nan"), "lr", 0.1]]},
    "an event that is too long": {"events": [[3, "lr", 0.1, 0.2]]},
    "an event that is too short": {"events": [[3, "lr"]]},
    "events in another order": {"events": [LR, [3, "lr", 0.1], LR]},
    "events that are no list": {"events": 3},
    "names that are too few": {"names": ["a"]},
    "names that are none": {"names": 5},
    "a parent that is later": {"about": {"parent": 2}},
    "a parent far away": {"about": {"parent": 99}},
    "a parent from the end": {"about": {"parent": -1}},
    "a parent that is a word": {"about": {"parent": "0"}},
    "a parent that is a list": {"about": {"parent": [0]}},
    "no parent": {"drop": ["parent"]},
    "left before the start": {"about": {"forked_at": -3}},
    "left after the end": {"about": {"forked_at": 999}},
    "left at infinity": {"about": {"forked_at": float("inf")}},
    "left at nan": {"about": {"forked_at": float("nan")}},
    "left at a word": {"about": {"forked_at": "x"}},
    "left nowhere": {"drop": ["forked_at"]},
    "a key before the start": {"tensors": lambda f: {"key/-1": key_of(f)}},
    "a key after the end": {"tensors": lambda f: {"key/999": key_of(f)}},
    "a key of no step": {"tensors": lambda f: {"key/x": key_of(f)}},
    "a key of another model": {"tensors": lambda f: {"key/4": raw(other_key())}},
    "a key that is garbage": {"tensors": lambda f: {"key/4": raw(bytes(range(256)))}},
    "a key that is empty": {"tensors": lambda f: {"key/4": raw(b" ")[:0]}},
    "a key that is cut": {"tensors": lambda f: {"key/4": key_of(f)[:-9]}},
    "a key that is a list": {"tensors": lambda f: {"key/4": raw(packed([1]))}},
    "a key of no state": {"tensors": lambda f: {"key/4": raw(packed({"events": 0}))}},
    "a key that knows no events": {"tensors": lambda f: {"key/4": key_of(f, events=None)}},
    "a key of too many events": {"tensors": lambda f: {"key/4": key_of(f, events=99)}},
    "a key of fewer than no events": {"tensors": lambda f: {"key/4": key_of(f, events=-1)}},
    "a key of words for events": {"tensors": lambda f: {"key/4": key_of(f, events="1")}},
    "a key of weights that are nan": {
        "tensors": lambda f: {"key/4": key_of(f, more=torch.tensor([torch.nan]))}
    },
    "a history of one row for all": {"tensors": lambda f: {"history": torch.zeros(13)}},
    "a history of fewer columns": {"tensors": lambda f: {"history": torch.zeros(13, 1)}},
    "a history that is too short": {"tensors": lambda f: {"history": torch.zeros(2, 4)}},
    "no history": {"drop": ["history"]},
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_file_that_is_wrong_is_refused_in_a_sentence(saved_tree, tmp_path, name):
    folder = shutil.copytree(saved_tree, tmp_path / "tree")
    change = dict(HEADERS[name])
    if "tensors" in change:
        change["tensors"] = change["tensors"](folder)
    rewritten(folder / "run-3.safetensors", **change)
    with pytest.raises((ValueError, OSError)) as caught:
        load(folder)
    said = str(caught.value)
    assert "\n" not in said and said.endswith(".") and 20 < len(said) < 300


HARMFUL: dict[str, dict[str, Any]] = {
    "an event of no name": {"events": [[3, "wings", 2.0]]},
    "an event that is no setting": {"events": [[3, "load_state_dict", 2.0]]},
    "an event of no value": {"events": [[3, "lr", None]]},
    "an event that is not finite": {"events": [[3, "lr", float("nan")]]},
    "an event that breaks the weights": {"events": [[3, "lr", 1e39]]},
    "an event with data that are none": {"events": [[3, "data", "drawn:"]]},
    "an event with data from a folder": {"events": [[3, "data", "folder:/"]]},
    "an event with data that is a number": {"events": [[3, "data", 3.0]]},
    "a half step with a word": {"events": [[3, "generator_step", "x"]]},
    "a key with half an event": {"tensors": lambda f: {"key/4": key_of(f, events=1.0)}},
    "a key without a rate": {"tensors": lambda f: {"key/4": broken_key(f, "lr")}},
    "a key without an optimiser": {
        "tensors": lambda f: {"key/4": broken_key(f, "generator_optimizer", {})}
    },
    "a history of whole numbers": {
        "tensors": lambda f: {"history": torch.zeros(13, 4, dtype=torch.int32)}
    },
    "a history of nan": {"tensors": lambda f: {"history": torch.full((13, 4), torch.nan)}},
    "no keys": {"drop": [f"key/{step}" for step in range(20)]},
    "no first key": {"drop": ["key/0"]},
}


@pytest.mark.parametrize("name", HARMFUL)
def test_what_is_found_wrong_only_later_is_a_sentence_too(saved_tree, tmp_path, name):
    """It loads or not; every step can be gone to or not; but each no is a ValueError in words."""
    folder = shutil.copytree(saved_tree, tmp_path / "tree")
    change = dict(HARMFUL[name])
    if "tensors" in change:
        change["tensors"] = change["tensors"](folder)
    rewritten(folder / "run-3.safetensors", **change)
    refused = []

    def tried(work: Any) -> None:
        try:
            work()
        except (ValueError, OSError, ArithmeticError) as error:
            refused.append(str(error))

    tried(lambda: load(folder))
    if not refused:
        tree = load(folder)
        tree.go_to(2)
        for step in (13, 5, 0, 3, 4, 13):
            tried(lambda step=step: tree.rewind(step))
            tried(lambda: tree.run.history)
            tried(tree.names.copy), tried(tree.arrays)
        tried(tree.advance)
        tried(lambda: tree.run.compare(tree.runs[0]))
        tried(lambda: tree.save(tmp_path / "again"))
        assert wholes(load(folder))[:2] == wholes(tree)[:2], "the others are as they were"
    assert all("\n" not in said and len(said) > 20 for said in refused)


def test_files_that_are_no_checkpoints_are_refused_in_a_sentence(saved_tree, tmp_path):
    for n, data in enumerate([b"", b"not JSON", b"\xff" * 99, b"{}"]):
        folder = shutil.copytree(saved_tree, tmp_path / f"{n}")
        (folder / "run-2.safetensors").write_bytes(data)
        with pytest.raises(
            ValueError, match=r"run-2\.safetensors is not a checkpoint of genart_edu"
        ):
            load(folder)
    folder = shutil.copytree(saved_tree, tmp_path / "a folder")
    (folder / "run-2.safetensors").unlink()
    (folder / "run-2.safetensors").mkdir()
    with pytest.raises(OSError, match=r"run-2\.safetensors is a folder"):
        load(folder)


def test_a_run_of_another_model_in_between_is_refused(saved_tree, tmp_path):
    folder = shutil.copytree(saved_tree, tmp_path / "tree")
    other = Tree(Experiment("gan", "ring", hidden_dim=9, batch_size=8))
    other.fork()
    other.save(tmp_path / "other")
    shutil.copy(tmp_path / "other" / "run-2.safetensors", folder / "run-2.safetensors")
    with pytest.raises(ValueError, match=r"^The checkpoint is from another model or setting: "):
        load(folder)


def test_a_run_that_is_missing_is_noticed(saved_tree, tmp_path):
    folder = shutil.copytree(saved_tree, tmp_path / "tree")
    (folder / "run-2.safetensors").unlink()
    with pytest.raises(ValueError, match=r"does not say which run it left"):
        load(folder)


def test_strange_files_beside_the_runs_do_no_harm(saved_tree, tmp_path):
    """What a kill left, and what people keep beside it."""
    folder = shutil.copytree(saved_tree, tmp_path / "tree")
    (folder / ".run-1.safetensors.0123.part").write_bytes(b"half of it")
    (folder / "notes.txt").write_text("mine")
    assert wholes(load(folder)) == wholes(grown())
