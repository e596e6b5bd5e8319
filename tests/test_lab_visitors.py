"""The living runs of a server: each visitor's own, within bounds."""

import gc
import runpy
import weakref
from types import SimpleNamespace

import pytest
import torch

from genart_edu.bundled import bundled
from genart_edu.lab.experiment import Experiment
from genart_edu.lab.live import Live
from genart_edu.lab.visitors import Visitors


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


def test_a_visitor_has_8_mb_for_all_their_runs_and_after_a_reset_too():
    visitors, ann = Visitors(), live()
    visitors.welcome("ann", ann)
    for experiment in ann.experiment, Experiment("gan", "digits"):
        ann.reset(experiment)
        ann.run.key_every = 2
        ann.step(30)
        ann.at_rest(lambda screen: screen.rewind(11))
        ann.set(lr=1e-4)  # a fork
        ann.run.key_every = 2
        ann.step(20)
        assert len(ann.screen.tree.runs) == 2
        kept = [state for run in ann.screen.tree.runs for state in run.memory.states.values()]
        assert sum({id(state): len(state) for state in kept}.values()) <= 8_000_000
        assert len(kept) > 5


@pytest.mark.parametrize("page", ["watch_it_learn", "game"])
def test_the_pages_welcome_their_visitors_so(page):
    demo = runpy.run_path(str(bundled("demos") / f"{page}.py"))
    demo["arrive"](SimpleNamespace(session_hash="ann"), False, False)
    assert demo["visitors"].find("ann").run.memory.budget == 8_000_000


def test_who_left_is_freed():
    visitors, ann = Visitors(), live()
    visitors.welcome("ann", ann)
    ann.step(3)
    gone = [weakref.ref(each) for each in (ann, ann.run, ann.screen.canvas)]
    visitors.leave("ann")
    del ann
    gc.collect()
    assert [ref() for ref in gone] == [None] * 3
