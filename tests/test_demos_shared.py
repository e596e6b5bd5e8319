"""What the pages that train have in common: frames as HTML, numbers that are checked."""

import base64
import re
import runpy
import struct
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from genart_edu.lab.experiment import Experiment
from genart_edu.lab.live import Live
from genart_edu.lab.screen import Frame

FILE = Path(__file__).parents[1] / "demos" / "shared.py"
shared = SimpleNamespace(**runpy.run_path(str(FILE)))
become, html, number = shared.become, shared.html, shared.number


def live(seed=0):
    return Live(Experiment(data="ring", seed=seed))


def test_a_frame_tells_its_size_and_escapes_its_words():
    png = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + struct.pack(">2I", 300, 200)
    shown = html(Frame(0, '<b onload="x">', png, playing=False))
    assert 'width="300" height="200"' in shown
    assert "<b" not in shown
    assert base64.b64decode(re.search(r'base64,([^"]+)"', shown)[1]) == png


@pytest.mark.parametrize("value", [-1, 10**400, float("nan"), float("inf"), None, "<b>", [1], {}])
def test_what_is_no_number_of_the_range_is_refused_in_one_sentence(value):
    for whole, kind in (True, "whole number"), (False, "number"):
        sentence = rf"^The rate must be a {kind} from 0 to 1,000; got [\w-]+\.$"
        with pytest.raises(ValueError, match=sentence):
            number("The rate", value, 0, 1_000, whole)


def test_a_number_of_the_range_is_taken():
    assert number("The rate", 0.5, 0, 1, whole=False) == 0.5
    assert number("The seed", 3.0, 0, 3) == 3
    with pytest.raises(ValueError, match=r"must be a whole number from 0 to 3; got 2\.5\."):
        number("The seed", 2.5, 0, 3)


def test_only_what_a_run_can_not_change_while_it_lives_begins_anew():
    ann = Live(Experiment("gan", "ring", lr=5e-4, r1=0.0))
    ann.step(2)
    run, faster = ann.run, replace(ann.experiment, lr=1e-3)
    for wanted in ann.experiment, faster, faster:  # what is not new is no event
        assert become(ann, wanted, ["lr", "r1"]).step == 2
    assert ann.run is run and run.events == [(2, "lr", 1e-3)]
    ann.set(data="grid")
    assert become(ann, replace(faster, data="grid"), ["lr", "r1"]).step == 2
    assert become(ann, faster, ["lr", "r1"]).step == 0  # back to the ring
    assert become(ann, replace(faster, seed=1), ["lr", "r1"]).step == 0
    assert ann.experiment.seed == 1 and ann.run.events == []
