"""A nested state as JSON and tensors, or as bytes in safetensors' format, and back.

Nothing is ever unpickled, so bytes from a stranger can be wrong but can't run code.
"""

import json
from typing import Any

import torch
from safetensors.torch import load, save
from torch import Tensor

TREE = "tree"  # the tensor that holds all that is no tensor: JSON, as bytes


def to_bytes(state: Any) -> bytes:
    """A copy of a nested state."""
    found: dict[str, Tensor] = {}
    tree = json.dumps(pack(state, found)).encode()
    return save(found | {TREE: torch.frombuffer(bytearray(tree), dtype=torch.uint8)})


def from_bytes(data: bytes) -> Any:
    """What `to_bytes` was given, in tensors of its own, on the CPU."""
    found = load(data)
    return unpack(json.loads(found.pop(TREE).numpy().tobytes()), found)


def pack(tree: Any, found: dict[str, Tensor], path: str = "") -> Any:
    """A nested state as JSON; its tensors go to `found` under their paths.

    A dict becomes a list of pairs, since an optimiser's keys are integers, which JSON has not.
    """
    if isinstance(tree, Tensor):
        found[path] = tree.contiguous()
        return {"tensor": path}
    if isinstance(tree, dict):
        return {"dict": [[key, pack(tree[key], found, f"{path}/{key}")] for key in tree]}
    if isinstance(tree, list | tuple):
        kind = type(tree).__name__
        return {kind: [pack(value, found, f"{path}/{i}") for i, value in enumerate(tree)]}
    return tree


def unpack(tree: Any, found: dict[str, Tensor]) -> Any:
    """A nested state from what `pack` made of it."""
    if not isinstance(tree, dict):
        return tree
    ((kind, value),) = tree.items()
    if kind == "tensor":
        return found[value]
    if kind == "dict":
        return {key: unpack(item, found) for key, item in value}
    return {"list": list, "tuple": tuple}[kind](unpack(item, found) for item in value)
