import os

import numpy as np
import pytest
import torch

from genart_edu.device import DEVICES, describe, pick_device, rngs, set_threads


@pytest.fixture
def machine(monkeypatch):
    """machine("cuda", ...): a machine whose PyTorch finds these devices beside the CPU."""

    def have(*devices: str) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: "cuda" in devices)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: "mps" in devices)

    return have


@pytest.mark.parametrize(
    ("found", "taken"),
    [((), "cpu"), (("mps",), "mps"), (("cuda",), "cuda"), (("cuda", "mps"), "cuda")],
)
def test_auto_takes_the_fastest_device(machine, found, taken):
    machine(*found)
    assert pick_device() == pick_device("auto") == torch.device(taken)
    assert pick_device("cpu") == torch.device("cpu")


@pytest.mark.parametrize("name", ["cuda", "mps"])
def test_a_missing_device_is_refused_in_a_sentence(machine, name):
    machine()
    with pytest.raises(ValueError, match=rf"^PyTorch finds no {name} device .*\.$"):
        pick_device(name)


@pytest.mark.parametrize("name", ["gpu", "", "cuda:0", "CPU"])
def test_an_unknown_name_is_refused_with_the_names_there_are(name):
    with pytest.raises(ValueError, match="must be one of " + ", ".join(DEVICES)):
        pick_device(name)


def test_describe_counts_cores_and_threads(monkeypatch):
    threads = torch.get_num_threads()
    try:
        monkeypatch.setattr(os, "cpu_count", lambda: 8)
        set_threads(2)
        assert describe(torch.device("cpu")) == "CPU (8 cores, 2 threads)"
        set_threads()
        monkeypatch.setattr(os, "cpu_count", lambda: None)
        assert describe(torch.device("cpu")) == "CPU (1 core, 1 thread)"
    finally:
        set_threads(threads)


def test_describe_names_a_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"card {device.index}")
    assert describe(torch.device("cuda", 1)) == "CUDA (card 1)"
    assert describe(torch.device("mps")) == "MPS (Apple GPU)"


def test_no_threads_are_refused():
    with pytest.raises(ValueError, match=r"^threads must be at least 1; got 0\.$"):
        set_threads(0)


def _draw(rng, n=2_000):
    return torch.randn(n, generator=rng).numpy()


def test_streams_repeat_and_are_independent():
    draws = np.stack([_draw(rng) for rng in rngs(3, 5)])
    assert (draws == np.stack([_draw(rng) for rng in rngs(3, 5)])).all()
    correlation = np.corrcoef(draws) - np.eye(5)
    assert abs(correlation).max() < 4 / np.sqrt(2_000)  # 4 standard errors of an independent pair


def test_streams_of_neighbouring_seeds_share_nothing():
    seeds = [rng.initial_seed() for seed in range(50) for rng in rngs(seed, 4)]
    assert len(set(seeds)) == 200


def test_another_stream_leaves_the_first_ones_alone():
    few, many = rngs(7, 2), rngs(7, 40)
    assert [rng.initial_seed() for rng in few] == [rng.initial_seed() for rng in many[:2]]


def test_torchs_global_stream_is_not_touched():
    before = torch.random.get_rng_state()
    rngs(0, 3)
    assert torch.equal(before, torch.random.get_rng_state())
