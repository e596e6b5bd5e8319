"""The whole of a run in a form that == compares to the bit."""

from typing import Any

from torch import Tensor

from genart_edu.lab.run import Run


def flat(tree: Any, path: str = "") -> dict[str, Any]:
    """A nested state as {path: value}, its tensors as lists: what == compares to the bit."""
    if isinstance(tree, Tensor):
        return {path: tree.tolist()}
    if isinstance(tree, dict):
        tree = tree.items()
    elif isinstance(tree, list | tuple):
        tree = enumerate(tree)
    else:
        return {path: tree}
    return {k: v for key, value in tree for k, v in flat(value, f"{path}/{key}").items()}


def everything(run: Run) -> dict[str, Any]:
    history = {name: array.tolist() for name, array in run.history.items()}
    rest = {"history": history, "events": [*run.events], "step": run.step}
    return flat(run.state_dict()) | rest
