"""The living runs of a server: each visitor's own, within bounds."""

import gc
import threading
import weakref
from types import SimpleNamespace

import pytest
import torch

from genart_edu.bundled import demo
from genart_edu.lab.experiment import Experiment
from genart_edu.lab.gate import GATE
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


def test_who_never_trained_makes_room_and_then_who_asked_for_nothing_longest():
    visitors = Visitors(3)
    for name in "ann", "bob", "cleo":
        visitors.welcome(name, live())
    visitors.find("ann").step()
    visitors.find("cleo").step()
    for newcomer, gone in ("dan", "bob"), ("eve", "dan"):
        visitors.welcome(newcomer, live())
        with pytest.raises(
            LookupError, match=r"^This page has lost its run: load the page again\.$"
        ):
            visitors.find(gone)
    visitors.find("eve").step()
    visitors.find("ann")  # now cleo asked for nothing longest
    visitors.welcome("finn", live())
    assert [*visitors._lives] == ["eve", "ann", "finn"]


def test_who_trains_is_never_sent_away():
    visitors = Visitors(2)
    playing = [live(), live()]
    for name, each in zip(("ann", "bob"), playing, strict=True):
        visitors.welcome(name, each)
    frames = [each.play() for each in playing]
    for each in frames:
        next(each)
    with pytest.raises(ValueError, match=r"^2 runs train here: load the page again later\.$"):
        visitors.welcome("cleo", live())
    assert all(each.playing for each in playing)
    playing[0].pause()
    visitors.welcome("cleo", live())
    assert [*visitors._lives] == ["bob", "cleo"]


def test_so_many_train_at_a_time():
    visitors = Visitors(training=1)
    for name in "ann", "bob":
        visitors.welcome(name, live())
    next(frames := visitors.play("ann"))
    with pytest.raises(ValueError, match=r"^1 runs train here, which is the most: try again"):
        visitors.play("bob")
    visitors.play("ann")  # who plays may press Play again
    frames.close()
    next(visitors.play("bob"))


def test_a_run_of_many_seeds_ends_sooner():
    visitors = Visitors(steps=10)
    visitors.welcome("ann", Live(Experiment("gan", "ring", seeds=4, hidden_dim=8)))
    assert list(visitors.play("ann"))[-1].step == 2


def test_who_trains_passes_the_gate_and_who_looks_does_not():
    ann = live()
    with GATE:  # somebody trains, for ever
        ann.step(3)
        ann.frame()
        playing = threading.Thread(target=lambda: list(ann.play(3)))
        playing.start()
        playing.join(0.3)
        assert playing.is_alive() and ann.run.step == 3
        assert ann.at_rest(lambda screen: screen.rewind(1)).step == 1  # it waits for nobody
    playing.join(60)
    assert not playing.is_alive() and not ann.playing


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


def test_the_pages_welcome_their_visitors_so():
    losses, ann = demo("losses"), SimpleNamespace(session_hash="ann", headers={})
    losses.gan.arrive(ann, False, False, "")
    assert losses.gan.find(ann).run.memory.budget == 8_000_000
    losses.gan.leave(ann)


def test_who_left_is_freed():
    visitors, ann = Visitors(), live()
    visitors.welcome("ann", ann)
    ann.step(3)
    gone = [weakref.ref(each) for each in (ann, ann.run, ann.screen.canvas)]
    visitors.leave("ann")
    del ann
    gc.collect()
    assert [ref() for ref in gone] == [None] * 3
