"""Nested states as bytes: what comes out is what went in, to the bit, and nothing is shared."""

import json
import math
import random
import struct
from typing import Any

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import save
from torch import Tensor

from genart_edu.lab.packed import TREE, from_bytes, pack, to_bytes, unpack

DTYPES = [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.uint8, torch.int64]
TREES: dict[str, Any] = {
    "nothing": {},
    "no tensor": {"a": 1, "b": [2.5, None, True, "drawn:0.5 0.5"], "c": {}},
    "empty ones": {"a": [], "b": (), "c": {}, "d": torch.zeros(0, 3)},
    "keys that are integers": {"state": {0: {"step": torch.tensor(3.0)}, 10: {}, 2: {}}},
    "names with slashes": {"a/b": torch.ones(1), "文字 ": {"/": torch.zeros(1)}, "": 1},
    "a scalar alone": torch.tensor(2.0),
    "tuples of lists": {"betas": (0.5, 0.999), "groups": [{"params": [0, 1]}, ((1,), [2])]},
    "numbers at the ends": [1e-320, 5e-324, 1.7e308, -0.0, 0.1, 2**62, -(2**63), 1 / 3],
    "the name of the tree": {TREE: torch.ones(2), "x": {TREE: 1}},
    "words of its own": {"tensor": "tensor", "dict": ["dict"], "list": {"tuple": ("list",)}},
}


def same(a: Any, b: Any) -> bool:
    """Equal in type and to the bit, in the same order."""
    if type(a) is not type(b):
        return False
    if isinstance(a, Tensor):
        bits = [x.contiguous().flatten().view(torch.uint8).tolist() for x in (a, b)]
        return a.dtype == b.dtype and a.shape == b.shape and bits[0] == bits[1]
    if isinstance(a, dict):
        return [*a] == [*b] and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return struct.pack("d", a) == struct.pack("d", b) if isinstance(a, float) else a == b


@pytest.mark.parametrize("name", TREES)
def test_what_comes_out_is_what_went_in(name):
    assert same(from_bytes(to_bytes(TREES[name])), TREES[name])


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shape", [(), (1,), (0,), (3, 1, 5), (2, 0, 2)])
def test_tensors_of_every_kind_and_shape(dtype, shape):
    rng = torch.Generator().manual_seed(0)
    x = torch.randint(0, 100, shape, generator=rng).to(dtype)
    assert same(from_bytes(to_bytes({"x": x, "n": 1})), {"x": x, "n": 1})


def test_to_the_bit_with_what_no_number_is_equal_to():
    x = torch.tensor([math.nan, -math.nan, -0.0, 0.0, math.inf, 1e-45])
    assert same(from_bytes(to_bytes([x])), [x])


def test_views_that_are_not_contiguous():
    x = torch.arange(24.0).reshape(4, 6)
    state = {
        "turned": x.T,
        "every other": x[:, ::2],
        "a row": x[2],
        "stretched": x[:1].expand(3, 6),
    }
    assert same(from_bytes(to_bytes(state)), {name: v.clone() for name, v in state.items()})


def test_random_trees():
    dice = random.Random(0)

    def grow(depth: int) -> Any:
        kind = dice.randrange(7 if depth else 4)
        if kind < 4:
            return [dice.random(), dice.randrange(99), None, torch.rand(dice.randrange(4))][kind]
        parts = [grow(depth - 1) for _ in range(dice.randrange(4))]
        if kind == 4:
            return {dice.choice((i, f"k{i}")): part for i, part in enumerate(parts)}
        return parts if kind == 5 else tuple(parts)

    for _ in range(200):
        tree = grow(4)
        assert same(from_bytes(to_bytes(tree)), tree)
        found: dict[str, Tensor] = {}
        written = json.loads(json.dumps(pack(tree, found)))
        assert same(unpack(written, found), tree)


def test_the_bytes_are_a_copy_and_so_is_what_comes_out():
    x = torch.ones(3)
    data = to_bytes({"x": x})
    x.zero_()
    first, second = from_bytes(data), from_bytes(data)
    first["x"].fill_(7)
    assert second["x"].tolist() == from_bytes(data)["x"].tolist() == [1, 1, 1]
    assert isinstance(data, bytes)


def test_what_an_adam_holds_goes_there_and_back():
    net = torch.nn.Linear(3, 2)
    adam = torch.optim.Adam(net.parameters(), fused=True)
    for _ in range(3):
        adam.zero_grad()
        net(torch.ones(4, 3)).sum().backward()
        adam.step()
    state = {"net": net.state_dict(), "adam": adam.state_dict()}
    found = from_bytes(to_bytes(state))
    assert same(found["adam"], state["adam"])
    assert same(dict(found["net"]), dict(state["net"]))


BAD = {
    "empty": b"",
    "text": b"not a state at all, but long enough to be one",
    "cut": to_bytes({"x": torch.ones(9)})[:-1],
    "no tree": save({"x": torch.ones(2)}),
    "a tree that is no JSON": save({TREE: torch.tensor([255, 0], dtype=torch.uint8)}),
    "a tree of no kind": save({TREE: torch.frombuffer(bytearray(b'{"a": 1}'), dtype=torch.uint8)}),
    "a tensor that is not there": save(
        {TREE: torch.frombuffer(bytearray(b'{"tensor": "x"}'), dtype=torch.uint8)}
    ),
    "a nest without end": save(
        {TREE: torch.frombuffer(bytearray(b"[" * 100_000), dtype=torch.uint8)}
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bytes_from_a_stranger_can_be_wrong_but_no_more(name):
    with pytest.raises((SafetensorError, ValueError, LookupError, TypeError, RecursionError)):
        from_bytes(BAD[name])
