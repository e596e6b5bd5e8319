"""A bench without a browser: what its fields, its buttons, its time bar and its link do."""

import base64
import csv
import io
import json
import math
import re
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import gradio as gr
import numpy as np
import pytest
import torch
from PIL import Image

from genart_edu.bundled import demo
from genart_edu.lab.experiment import Experiment
from genart_edu.lab.live import Live

shared, losses = demo("shared"), demo("losses")
FORGED: list[Any] = [None, "<b>", [1], {}, math.nan, math.inf, -1, 10**400]


@pytest.fixture(params=["vae", "gan"])
def opened(request):
    """A visitor who has just opened the page, and one of its benches."""
    who = SimpleNamespace(session_hash="ann", headers={})
    its = getattr(losses, request.param)
    its.arrive(who, False, False, "vae.data=ring&gan.data=ring")
    yield who, its
    its.leave(who)


def step_of(seen, its):
    return int(re.search(r'alt="Step ([\d,]+)', seen[its.picture])[1].replace(",", ""))


def press(opened, word, *given):
    who, its = opened
    return its.does({"Step": Live.step, "Pause": Live.pause}[word])(who, *given)


def values(its, live):
    return its.choices.values(live.screen.tree.living)


def weights(live):
    state = live.run.trainer.state_dict()
    return list(state["model" if "model" in state else "generator"].values())


# ---- buttons ------------------------------------------------------------------------------------


def test_play_ends_with_pause_and_step_adds_one(opened):
    who, its = opened
    pictures = its.play(who)
    seen = [step_of({its.picture: next(pictures)}, its) for _ in range(3)]
    assert seen == sorted({*seen})
    at_rest = press(opened, "Pause")
    *_, last = pictures
    stood = its.find(who).run.step
    assert step_of({its.picture: last}, its) == stood == at_rest[its.scrubber].value
    assert not its.find(who).playing
    assert step_of(press(opened, "Step"), its) == stood + 1


def test_closing_the_stream_stops_the_run(opened):
    who, its = opened
    frames = its.play(who)
    next(frames)
    frames.close()
    assert not its.find(who).playing


def test_the_run_is_the_same_as_without_a_page(opened):
    who, its = opened
    for _ in range(3):
        press(opened, "Step")
    live = its.find(who)
    alone = Live(Experiment(live.experiment.model, "ring"))
    alone.step(3)
    assert all(map(torch.equal, weights(live), weights(alone)))


def test_who_lost_the_run_is_told():
    stranger = SimpleNamespace(session_hash="a stranger", headers={})
    its = losses.vae
    for act in its.does(Live.step), its.moves("fork"), its.keep, lambda who: next(its.play(who)):
        with pytest.raises(gr.Error, match="lost its run: load the page again"):
            act(stranger)


def test_dark_and_narrow_visitors_get_their_own_picture():
    sizes, its = [], losses.vae
    for narrow in False, True:
        who = SimpleNamespace(session_hash="bob", headers={})
        seen = its.arrive(who, narrow, narrow, "")
        sizes.append([int(n) for n in re.findall(r'(?:width|height)="(\d+)"', seen[its.picture])])
        assert its.find(who).screen.theme.dark == narrow
        its.leave(who)
    assert sizes[0][0] > sizes[0][1] and sizes[1][0] < sizes[1][1]


# ---- fields -------------------------------------------------------------------------------------


def test_what_is_living_goes_on_and_anything_else_begins_anew(opened):
    who, its = opened
    press(opened, "Step")
    live = its.find(who)
    names = [field.name for field in its.choices.fields]
    given = dict(zip(names, values(its, live), strict=True))
    change = its.does(its.change)
    assert change(who, *given.values()) == gr.skip()  # nothing is new
    assert step_of(change(who, *(given | {"lr": 1e-4}).values()), its) == 1
    assert live.run.trainer.lr == 1e-4
    assert step_of(change(who, *(given | {"lr": 1e-4, "seed": 7}).values()), its) == 0
    assert live.experiment.seed == 7


@pytest.mark.parametrize("bad", FORGED, ids=range(len(FORGED)))
def test_whatever_is_forged_in_a_field_is_refused_and_nothing_happens(opened, bad):
    who, its = opened
    press(opened, "Step")
    live = its.find(who)
    run, right = live.run, values(its, live)
    for i, field in enumerate(its.choices.fields):
        if bad == -1 or not (field.options and bad is None):
            forged = [*right[:i], bad, *right[i + 1 :]]
            with pytest.raises(gr.Error) as error:
                its.does(its.change)(who, *forged)
            assert error.value.message.startswith(field.label) and error.value.message[-1] == "."
            assert "<" not in error.value.message
    assert live.run is run and run.step == 1


def test_a_page_never_opens_files_of_the_server(opened):
    who, its = opened
    for data in "folder:/etc", "idx:mnist", "idx:../../x", "drawn:", "drawn:9 9":
        with pytest.raises(gr.Error):
            its.begins(lambda name: its.choices.described(name, *values(its, its.find(who))[1:]))(
                who, data
            )


def test_other_data_bring_what_works_there(opened):
    who, its = opened
    seen = its.begins(lambda name: its.choices.experiment(data=name))(who, "digits")
    model = its.find(who).experiment.model
    works = Experiment(model, "digits").settled(images=True)
    shown = {f.name: seen[box].value for f, box in zip(its.choices.fields, its.boxes, strict=True)}
    assert shown["latent_dim"] == works.latent_dim and shown["lr"] == works.lr


def test_every_preset_is_made_of_fields_and_trains():
    for its in losses.vae, losses.gan:
        names = {field.name for field in its.choices.fields}
        for settings, words in its.presets.values():
            assert {*settings} <= names
            assert words in shared.CHINESE
            experiment = its.choices.experiment(**settings)
            assert its.choices.described(*its.choices.values(experiment)) == experiment


# ---- the time bar -------------------------------------------------------------------------------


def test_a_rewound_run_that_is_changed_is_a_fork_and_both_can_be_looked_at(opened):
    who, its = opened
    for _ in range(4):
        press(opened, "Step")
    live = its.find(who)
    there = its.moves("rewind")(who, 2)
    assert step_of(there, its) == 2 and its.scrubber not in there  # it is in the visitor's hand
    lr = [field.name for field in its.choices.fields].index("lr")
    now = values(its, live)
    seen = its.does(its.change)(who, *now[:lr], 1e-4, *now[lr + 1 :])
    assert [place for _, place in seen[its.here].choices] == [0, 1] and seen[its.here].visible
    assert live.run.trainer.lr == 1e-4 and live.run.step == 2
    back = its.moves("here")(who, 0)
    assert back[its.boxes[lr]].value == now[lr] and back[its.scrubber].maximum == 4
    side = its.moves("beside")(who, 1)
    assert side[its.beside].value == 1
    assert its.moves("beside")(who, -1)[its.beside].value == -1


@pytest.mark.parametrize("bad", [None, "1", -2, 1.5, math.nan, 10**6, [0]])
def test_no_place_and_no_step_can_be_forged(opened, bad):
    who, its = opened
    press(opened, "Step")
    run = its.find(who).run
    for act in "rewind", "here":
        with pytest.raises(gr.Error):
            its.moves(act)(who, bad)
    assert its.find(who).run is run and run.step == 1


def test_slow_motion_is_a_speed(opened):
    who, its = opened
    its.does(its.paced)(who, -1)
    seen = press(opened, "Step")
    assert "in slow motion" in seen[its.picture]
    its.does(its.paced)(who, 0.1)
    live = its.find(who)
    assert not live.screen.slow and live.screen.pace == 0.1
    for bad in None, "fast", 11, math.nan:
        with pytest.raises(gr.Error, match="The speed must be a number from -1 to 10"):
            its.does(its.paced)(who, bad)


@pytest.mark.parametrize("bad", [None, 3, "real", [["x"]], ["<b>"]])
def test_layers_that_are_none_switch_nothing_on(bad):
    who, its = SimpleNamespace(session_hash="cleo", headers={}), losses.gan
    its.arrive(who, False, False, "gan.data=ring")
    with pytest.raises(gr.Error):
        its.does(its.switch)(who, bad)
    assert its.find(who).stage.shown()
    its.leave(who)


# ---- the link -----------------------------------------------------------------------------------


def test_a_link_opens_the_same_experiment_again(opened):
    who, its = opened
    change = {"seed": 11, "lr": 2e-3}
    live = its.find(who)
    live.reset(its.choices.experiment(data="moons", **change))
    query = its.choices.query(live.experiment)
    model = live.experiment.model
    assert dict(part.split("=") for part in query.split("&")) == {
        f"{model}.data": "moons",
        f"{model}.lr": "0.002",
        f"{model}.seed": "11",
    }
    assert its.choices.linked(query) == live.experiment
    assert its.choices.linked(f"hide=time&{query}&other.lr=9") == live.experiment


def test_what_was_changed_while_it_lived_is_in_the_link(opened):
    who, its = opened
    press(opened, "Step")
    live = its.find(who)
    live.set(lr=1e-4)
    assert "lr=0.0001" in press(opened, "Pause")[its.query]


def test_a_link_hides_parts():
    who, its = SimpleNamespace(session_hash="dan", headers={}), losses.vae
    seen = its.arrive(who, False, False, "hide=time,settings,nothing")
    hidden = {name for name, part in its.parts.items() if part in seen and not seen[part].visible}
    assert hidden == {"time", "settings"}
    its.leave(who)


@pytest.mark.parametrize(
    "query",
    ["vae.lr=nan", "vae.lr=<b>", "vae.data=folder:/etc", "vae.seed=-1", "vae.latent_dim=1e9"],
)
def test_a_bad_link_is_told_and_the_page_opens_as_usual(query):
    who, its = SimpleNamespace(session_hash="eve", headers={}), losses.vae
    seen = its.arrive(who, False, False, query)
    assert seen[its.note].startswith("This link can't be followed: ")
    assert "<" not in seen[its.note]
    assert its.find(who).experiment == its.choices.experiment()
    its.leave(who)


# ---- what one takes home ------------------------------------------------------------------------


def test_picture_history_and_script_are_those_of_the_run(opened, tmp_path):
    who, its = opened
    for _ in range(3):
        press(opened, "Step")
    live = its.find(who)
    live.set(lr=1e-4)
    press(opened, "Step")
    links = its.keep(who)
    found = dict(re.findall(r'download="([\w.]+)" href="data:[\w/-]+;base64,([^"]+)"', links))
    files = {name: base64.b64decode(text) for name, text in found.items()}
    told = json.loads(Image.open(io.BytesIO(files["picture.png"])).text["genart_edu"])
    assert told["step"] == 4 and told["events"] == [[3, "lr", 1e-4]]
    rows = list(csv.DictReader(io.StringIO(files["history.csv"].decode())))
    name = next(name for name in rows[0] if name != "step")
    column = [float(row[name]) for row in rows]
    assert np.allclose(column, live.run.history[name], rtol=1e-5)
    script = files["run.py"].decode()
    assert "1e-04" in script or "0.0001" in script
    (tmp_path / "run.py").write_text(script, "utf-8")
    said = subprocess.run(
        [sys.executable, "run.py"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == live.stage.status(live.run.history)
