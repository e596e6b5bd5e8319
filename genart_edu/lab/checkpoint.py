"""Save and load a run: one safetensors file, written whole or not at all.

Tensors lie in the file as tensors; all else is JSON in its header.  Nothing is ever unpickled,
so a file from a stranger can be wrong but can't run code.
"""

import contextlib
import csv
import io
import json
import os
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes
from torch import Tensor

from genart_edu.lab.history import History
from genart_edu.lab.packed import from_bytes, pack, unpack
from genart_edu.lab.parts import Event, all_finite
from genart_edu.lab.run import Run

FORMAT = "genart_edu 3"
KEY = "key/"  # so begins the name of a key state


class Saved(NamedTuple):
    """What a checkpoint holds.  about: the caller's own words, e.g. the settings of the run."""

    about: dict[str, Any]
    state: dict[str, Any]
    log: History
    tape: list[Event]
    keys: dict[int, bytes]


def save(path: Path, run: Run, about: dict[str, Any], keys: bool = False) -> None:
    """Write all of a run to `path`.  `about` must be JSON.  A file that was there is replaced.

    keys: with its key states, from which it can be rewound as fast as here.
    """
    found: dict[str, Tensor] = {}
    header = {"format": FORMAT, "about": about, "state": pack(run.state_dict(), found)}
    header |= {"names": run.log.names, "events": run.tape, "at": run.step}
    found["history"] = torch.from_numpy(run.log.rows(whole=True).copy())
    for step, key in run.memory.states.items() if keys else ():
        found[f"{KEY}{step}"] = torch.frombuffer(bytearray(key), dtype=torch.uint8)
    write_whole(path, to_bytes(found, metadata={"genart_edu": json.dumps(header)}))


def read(path: Path) -> Saved:
    """Read a checkpoint.  ValueError if the file is not one; OSError if it can't be read."""
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder: name the checkpoint in it.")
    try:
        with safe_open(path, framework="pt") as file:
            header = json.loads((file.metadata() or {})["genart_edu"])
            found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if header["format"] == FORMAT:
            log, rows, events = History(), found["history"].numpy(), header["events"]
            if len(rows):
                log.extend(tuple(header["names"]), rows)
            steps = range(len(rows) + 1)
            log.at = steps.index(header.get("at", len(rows)))  # older ones have none
            tape = [Event(steps.index(step), *event) for step, *event in events]
            kept = {name.removeprefix(KEY): x for name, x in found.items() if name.startswith(KEY)}
            keys = {steps.index(int(step)): x.numpy().tobytes() for step, x in kept.items()}
            done = {repr(from_bytes(key)["events"]) for key in keys.values()}
            known = {*map(repr, range(len(events) + 1))}
            order = [event.step for event in tape]
            if (
                not done <= known
                or order != sorted(order)
                or len(log.names) not in (0, rows.shape[1])
            ):
                raise ValueError("A number is out of its range.")
            return Saved(header["about"], unpack(header["state"], found), log, tape, keys)
    except (SafetensorError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not a checkpoint of genart_edu, or it is damaged.") from error
    raise ValueError(f"{path} is of format {header['format']!r}; this reads {FORMAT!r}.")


def restore(run: Run, saved: Saved) -> None:
    """Put `run` where the saved one stood.  ValueError, and no change, if the models differ."""
    here = _shapes(run.state_dict())
    states = saved.state, *map(from_bytes, saved.keys.values())
    for state in states:
        there = _shapes({part: state.get(part) for part in ("trainer", "batches")})
        for name in [*there, *here]:
            file, this = (side.get(name, "missing") for side in (there, here))
            if file != this:
                mismatch = f"{name} is {file} in the file and {this} in the run"
                raise ValueError(f"The checkpoint is from another model or setting: {mismatch}.")
        if not all_finite(state):
            raise ValueError("The checkpoint holds weights that are not finite.")
    before = run.state_dict(), run.log, run.tape, run.memory.states
    try:
        for state in states:
            run.resume(state, saved.log, saved.tape, {})
        run.resume(*saved[1:])
    except (LookupError, TypeError, ValueError, RuntimeError, AttributeError):
        run.resume(*before)
        raise ValueError("The checkpoint does not hold all of a run's state.") from None


def write_whole(path: Path, data: bytes) -> None:
    """Write a file beside its place, then move it there: whole, or not at all."""
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())  # on the disk before it takes the old file's place
            os.replace(part, path)
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """An OSError in here is said in a sentence: why `path` can't be written."""
    try:
        yield
    except OSError as error:
        why = error.strerror or error
        raise OSError(f"Can't write {path}: {why}.  What was there before is as it was.") from error


def as_csv(names: Iterable[str], rows: Iterable[Iterable[object]]) -> bytes:
    """A table as the text of a CSV file."""
    text = io.StringIO()
    csv.writer(text).writerows([names, *rows])
    return text.getvalue().encode()


def _shapes(state: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    """The shape of every weight and random state.  An Adam that has not stepped has none yet."""
    found: dict[str, Tensor] = {}
    pack(state, found)
    shapes = {name: tuple(x.shape) for name, x in found.items() if "/state/" not in name}
    return {name.removeprefix("/trainer/"): shape for name, shape in shapes.items()}
