"""Save and load a run: one safetensors file, written whole or not at all.

Tensors lie in the file as tensors; all else is JSON in its header.  Nothing is ever unpickled,
so a file from a stranger can be wrong but can't run code.
"""

import csv
import io
import json
import os
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes
from torch import Tensor

from genart_edu.lab.parts import Event, all_finite
from genart_edu.lab.run import Run

FORMAT = "genart_edu 3"


class Saved(NamedTuple):
    """What a checkpoint holds.  about: the caller's own words, e.g. the settings of the run."""

    about: dict[str, Any]
    state: dict[str, Any]
    names: tuple[str, ...]
    rows: np.ndarray
    events: list[Event]


def save(path: Path, run: Run, about: dict[str, Any]) -> None:
    """Write all of a run to `path`.  `about` must be JSON.  A file that was there is replaced."""
    found: dict[str, Tensor] = {}
    header = {"format": FORMAT, "about": about, "state": _pack(run.state_dict(), "", found)}
    names = [name for name in run.history if name != "step"]
    header |= {"names": names, "events": run.events}
    found["history"] = torch.from_numpy(run.rows.copy())
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
            state = _unpack(header["state"], found)
            events = [Event(*event) for event in header["events"]]
            rows = found["history"].numpy()
            return Saved(header["about"], state, tuple(header["names"]), rows, events)
    except (SafetensorError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not a checkpoint of genart_edu, or it is damaged.") from error
    raise ValueError(f"{path} is of format {header['format']!r}; this reads {FORMAT!r}.")


def restore(run: Run, saved: Saved) -> None:
    """Put `run` where the saved one stood.  ValueError, and no change, if the models differ."""
    there, here = _shapes(saved.state), _shapes(run.state_dict())
    for name in [*there, *here]:
        file, this = (side.get(name, "missing") for side in (there, here))
        if file != this:
            mismatch = f"{name} is {file} in the file and {this} in the run"
            raise ValueError(f"The checkpoint is from another model or setting: {mismatch}.")
    if not all_finite(saved.state):
        raise ValueError("The checkpoint holds weights that are not finite.")
    run.resume(saved.state, saved.names, saved.rows, saved.events)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file beside its place, then move it there: whole, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())  # on the disk before it takes the old file's place
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def as_csv(names: Iterable[str], rows: Iterable[Iterable[object]]) -> bytes:
    """A table as the text of a CSV file."""
    text = io.StringIO()
    csv.writer(text).writerows([names, *rows])
    return text.getvalue().encode()


def _pack(tree: Any, path: str, found: dict[str, Tensor]) -> Any:
    """A nested state as JSON; its tensors go to `found` under their paths.

    A dict becomes a list of pairs, since an optimiser's keys are integers, which JSON has not.
    """
    if isinstance(tree, Tensor):
        found[path] = tree.contiguous()
        return {"tensor": path}
    if isinstance(tree, dict):
        return {"dict": [[key, _pack(tree[key], f"{path}/{key}", found)] for key in tree]}
    if isinstance(tree, list | tuple):
        kind = type(tree).__name__
        return {kind: [_pack(value, f"{path}/{i}", found) for i, value in enumerate(tree)]}
    return tree


def _unpack(tree: Any, found: dict[str, Tensor]) -> Any:
    if not isinstance(tree, dict):
        return tree
    ((kind, value),) = tree.items()
    if kind == "tensor":
        return found[value]
    if kind == "dict":
        return {key: _unpack(item, found) for key, item in value}
    return {"list": list, "tuple": tuple}[kind](_unpack(item, found) for item in value)


def _shapes(state: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    """The shape of every weight and random state.  An Adam that has not stepped has none yet."""
    found: dict[str, Tensor] = {}
    _pack(state, "", found)
    shapes = {name: tuple(x.shape) for name, x in found.items() if "/state/" not in name}
    return {name.removeprefix("/trainer/"): shape for name, shape in shapes.items()}
