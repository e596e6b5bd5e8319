import base64
import re
import struct
from dataclasses import replace

import pytest
import torch

from genart_edu.lab.experiment import Experiment
from genart_edu.lab.live import Live
from genart_edu.lab.screen import Frame
from genart_edu.lab.visitors import Visitors, become, html, number


def live(seed=0):
    return Live(Experiment(data="ring", seed=seed))


def test_each_finds_their_own_run():
    visitors, ann, bob = Visitors(2), live(), live()
    visitors.welcome("ann", ann)
    visitors.welcome("bob", bob)
    assert visitors.find("ann") is ann
    assert visitors.find("bob") is bob


def test_the_longest_idle_run_makes_room_and_stops():
    visitors, ann, bob = Visitors(2), live(), live()
    visitors.welcome("ann", ann)
    visitors.welcome("bob", bob)
    frames = bob.play()
    next(frames)
    visitors.find("ann")  # now bob asked for nothing longest
    visitors.welcome("cleo", live())
    assert not bob.playing
    assert visitors.find("ann") is ann
    with pytest.raises(LookupError, match=r"^This page has lost its run: load the page again\.$"):
        visitors.find("bob")


def test_who_leaves_is_forgotten_and_stops():
    visitors, ann = Visitors(2), live()
    visitors.welcome("ann", ann)
    next(ann.play())
    visitors.leave("ann")
    visitors.leave("ann")  # a tab may say it twice
    visitors.leave("nobody")
    assert not ann.playing
    assert len(visitors) == 0


def test_visitors_in_turns_get_what_they_would_get_alone():
    visitors = Visitors(2)
    for name, seed in ("ann", 1), ("bob", 2):
        visitors.welcome(name, live(seed))
    for _ in range(5):
        visitors.find("ann").step()
        visitors.find("bob").step(2)
    alone = live(1)
    alone.step(5)
    expected = alone.run.trainer.state_dict()["model"]
    found = visitors.find("ann").run.trainer.state_dict()["model"]
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_a_run_ends_somewhere():
    visitors = Visitors(steps=3)
    visitors.welcome("ann", live())
    assert list(visitors.play("ann"))[-1].step == 3
    with pytest.raises(ValueError, match=r"^A run on this page ends after 3 steps: press Reset\.$"):
        visitors.play("ann")


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
