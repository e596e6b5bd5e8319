"""What a person can do by name, as buttons and keys do it: through `Live.at_rest`."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genart_edu.lab.acts import ACTS
from genart_edu.lab.experiment import Experiment
from genart_edu.lab.live import Live
from genart_edu.lab.screen import Frame
from genart_edu.lab.tree import load
from genart_edu.views.canvas import Canvas
from tests.states import everything
from tests.test_lab_screen import as_plain, plain, whole

SMALL: dict[str, Any] = {"hidden_dim": 8, "batch_size": 16}
RING = Experiment("gan", "ring", **SMALL)
DIGITS = Experiment("vae", "digits", latent_dim=2, **SMALL)
HALVES = "discriminator_step", "generator_step"


@pytest.fixture(autouse=True)
def quick(monkeypatch, request):
    """Pictures that cost nothing."""
    if "tmp_path" not in request.fixturenames:
        monkeypatch.setattr(Canvas, "frame", lambda *_: np.zeros((4, 6, 3), np.uint8))


def act(live: Live, name: str, value: Any = None) -> Frame:
    return live.at_rest(lambda screen: ACTS[name](screen, value))


def standing(live: Live) -> tuple[int, int, int, int | None]:
    tree = live.screen.tree
    return live.run.step, live.run.end, tree.here, tree.beside


@pytest.mark.parametrize("experiment", [RING, DIGITS], ids=["gan", "vae"])
def test_steps_and_ways_through_the_recording(experiment):
    live = Live(experiment)
    for _ in range(4):
        act(live, "step")
    found = []
    for name in "back", "back", "step", "first", "back", "step", "last", "last", "back", "step":
        act(live, name)
        found.append(live.run.step)
        assert whole(live.run) == whole(plain(experiment, [], live.run.step))
    assert found == [3, 2, 3, 0, 0, 1, 4, 4, 3, 4]
    for step in 2, 4, 0:
        assert act(live, "rewind", step).step == step
    assert len(live.screen.tree.runs) == 1


@pytest.mark.parametrize("half", HALVES)
def test_half_a_step_at_the_end_is_an_event_and_before_it_a_fork(half):
    live = Live(RING)
    live.step(6)
    act(live, half)
    assert [event.name for event in live.run.tape] == [half] and standing(live) == (6, 6, 0, None)
    act(live, "back")
    act(live, half)
    assert standing(live) == (5, 5, 1, None) and live.screen.tree.runs[0].end == 6
    assert as_plain(live.screen)


@pytest.mark.parametrize("half", HALVES)
def test_half_a_step_that_a_vae_has_not_is_refused_and_leaves_no_fork(half):
    live = Live(DIGITS)
    live.step(6)
    for step in 6, 3:
        act(live, "rewind", step)
        with pytest.raises(ValueError, match=rf"VAETrainer offers .*; got '{half}'\.$"):
            act(live, half)
        assert standing(live) == (step, 6, 0, None) and len(live.screen.tree.runs) == 1


def test_fork_here_and_beside():
    live = Live(RING)
    live.step(6)
    act(live, "rewind", 4)
    assert "This is run 2, from 1 at 4." in act(live, "fork").status
    assert standing(live) == (4, 4, 1, None)
    live.step(5)
    assert "Dotted: run 1." in act(live, "beside", 0).status
    assert standing(live) == (9, 9, 1, 0)
    assert "Dotted" not in act(live, "beside").status
    assert standing(live) == (9, 9, 1, None)
    act(live, "beside", 0)
    act(live, "fork")
    assert standing(live) == (9, 9, 2, 0)
    act(live, "here", 1)
    assert standing(live) == (9, 9, 1, 0)
    act(live, "here", 0)  # which was beside: there are not two of it
    assert standing(live) == (6, 6, 0, None)
    for name in "here", "beside":
        with pytest.raises(ValueError, match=r"^A run is from 0 to 2; got 3\.$"):
            act(live, name, 3)
    assert standing(live) == (6, 6, 0, None) and as_plain(live.screen)


def test_every_act_pauses_who_plays(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Live, "frame_seconds", 0.001)
    live = Live(RING)
    live.step(3)
    values = {"rewind": 2, "here": 0, "beside": None}
    for name in ACTS:
        playing = live.play()
        assert next(playing).playing
        frame = act(live, name, values.get(name))
        assert not frame.playing and not live.playing, name
        assert [each.playing for each in playing] == [False]


def test_in_slow_motion_a_step_is_a_moment_and_a_rewind_leaves_it():
    live = Live(RING)
    live.step(4)
    live.slow_motion()
    for _ in range(3):
        assert act(live, "step").status.startswith("Step 5 in slow motion")
    assert act(live, "back").status.startswith("Step 4, ")
    assert act(live, "step").status.startswith("Step 5 in slow motion")
    assert act(live, "last").status.startswith("Step 5, ")
    assert act(live, HALVES[1]).status.startswith("Step 5 in slow motion.  ")
    live.slow_motion(False)
    assert as_plain(live.screen) and len(live.screen.tree.runs) == 1


def test_export_keeps_every_run_says_where_and_goes_on_there(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    live = Live(RING)
    live.step(6)
    act(live, "rewind", 3)
    live.set(lr=4e-3)
    live.step(4)
    status = act(live, "export").status
    said = re.search(r"  Kept in (.+): (.+)\.$", status)
    assert said
    folder, names = tmp_path / said[1], said[2].split(", ")
    assert {path.name for path in folder.iterdir()} == set(names)
    assert {"run-1.safetensors", "run-2.safetensors", "run.py", "picture.png"} <= set(names)
    assert whole(live.run) == whole(plain(RING, live.run.events, 7))  # it rests as it was
    for found, run in zip(load(folder).runs, live.screen.tree.runs, strict=True):
        assert everything(found) == everything(run)
    live.step(2)
    assert f"Kept in {said[1]}: " in act(live, "export").status  # the same folder
    assert "Kept" not in live.step().status
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == [Path(said[1]).parts[0]]


def test_an_exported_fork_runs_by_itself(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    live = Live(RING)
    live.step(6)
    act(live, "rewind", 3)
    act(live, HALVES[0])
    live.step(4)
    status = act(live, "export").status
    said = re.search(r"  Kept in (.+): ", status)
    assert said
    script = tmp_path / said[1] / "run.py"
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.strip() == live.stage.status(live.run.history)
