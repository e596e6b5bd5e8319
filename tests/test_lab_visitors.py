import pytest
import torch

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
