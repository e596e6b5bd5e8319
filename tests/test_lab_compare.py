"""Two runs compared: where they part is found by comparing all that they are, step by step."""

import itertools
import random
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

from genart_edu.data.batches import DensityBatches, SeedBatches
from genart_edu.data.densities import ring
from genart_edu.gan.model import mlp_discriminator, mlp_generator
from genart_edu.gan.training import GANTrainer
from genart_edu.lab.compare import LAST
from genart_edu.lab.parts import Event
from genart_edu.lab.run import Run
from genart_edu.nets import SeedLinear, linear
from tests.states import flat
from tests.test_results_rewind import Light, Noise


def make(steps: int = 0) -> Run:
    """A run whose steps cost nothing."""
    run = Run(Light(64), Noise())
    list(run.play(steps, every=1_000))
    return run


def gan(seed: int = 0, seeds: int = 1) -> Run:
    rng = torch.Generator().manual_seed(seed)
    layer = partial(SeedLinear, seeds) if seeds > 1 else linear
    small: dict[str, Any] = {"hidden_dim": 8, "depth": 1, "rng": rng, "layer": layer}
    nets = mlp_generator(2, 2, **small), mlp_discriminator(2, **small)
    batches = DensityBatches(ring(), 16 * seeds, torch.Generator().manual_seed(seed))
    trainer = GANTrainer(*nets, latent_dim=2, rng=torch.Generator().manual_seed(seed))
    return Run(trainer, SeedBatches(batches, seeds) if seeds > 1 else batches)


def parted(run: Run, other: Run) -> int:
    """The last step after which both states are the same to the bit, with all that was done there.
    Both stand at their ends; plain search over every step."""
    ends = run.step, other.step
    alike = -1
    for step in range(min(ends) + 1):
        run.rewind(step)
        other.rewind(step)
        if flat(run.state_dict()) != flat(other.state_dict()):
            break
        alike = step
    run.rewind(ends[0])
    other.rewind(ends[1])
    return alike


def test_two_runs_of_one_seed_are_alike_as_far_as_both_got():
    found = make(30).compare(make(20))
    assert (found.parted, found.step) == (20, 20)
    assert found.ours == found.theirs == []
    assert all(ours == theirs for ours, theirs in found.means.values())


@pytest.mark.parametrize("there", [0, 1, 7, 30])
def test_a_fork_parts_where_it_was_changed(there):
    run = make(30)
    run.rewind(there)
    fork = run.fork(lr=0.5)
    run.rewind(30)
    list(fork.play(25))
    found = run.compare(fork)
    assert found.parted == there and found.step == min(30, there + 25)
    assert found.ours == [] and found.theirs == [Event(there, "lr", 0.5)]
    back = fork.compare(run)
    assert (back.parted, back.ours, back.theirs) == (there, found.theirs, found.ours)
    assert back.means == {name: pair[::-1] for name, pair in found.means.items()}


def test_a_fork_with_nothing_changed_never_parts():
    run = gan()
    list(run.play(10))
    fork = run.fork()
    for each in run, fork:
        list(each.play(15))
    assert run.compare(fork).parted == run.compare(fork).step == 25


def test_where_they_part_is_where_their_states_do():
    """Random trees of settings and half steps, against the search over all states."""
    dice = random.Random(0)
    for _ in range(25):
        run = make(dice.randrange(5))
        for _ in range(dice.randrange(4)):
            run.set(lr=dice.choice((0.5, 1.5, 2.0)))
            list(run.play(dice.randrange(1, 4)))
        run.rewind(dice.randrange(run.end + 1))
        other = run.fork()
        run.rewind(run.end)
        for each in run, other:
            for _ in range(dice.randrange(3)):
                list(each.play(dice.randrange(4)))
                if dice.random() < 0.5:
                    each.set(lr=dice.choice((0.25, 0.75, 3.0)))
                else:
                    each.half_step("half")
        assert run.compare(other).parted <= parted(run, other) + 1  # before what was done there
        if run.events == other.events:
            assert run.compare(other).parted == min(run.step, other.step)
        else:
            both = itertools.zip_longest(run.events, other.events)
            first = next(pair for pair in both if pair[0] != pair[1])
            step = min(event.step for event in first if event)
            assert run.compare(other).parted == min(step, run.step, other.step)


def test_what_lies_ahead_of_a_rewound_run_is_not_compared():
    run = make(10)
    fork = run.fork()
    run.set(lr=0.5)
    for each in run, fork:
        list(each.play(10))
    assert run.compare(fork).parted == 10
    run.rewind(9)
    found = run.compare(fork)
    assert (found.parted, found.step, found.ours, found.theirs) == (9, 9, [], [])


def test_other_weights_part_at_the_start():
    one, two = gan(0), gan(1)
    for each in one, two:
        list(each.play(5))
    assert one.compare(two).parted == 0 and one.compare(two).step == 5


@pytest.mark.parametrize("steps", [(0, 0), (0, 7), (7, 0)])
def test_before_the_first_step_there_is_nothing_to_tell(steps):
    one, two = make(steps[0]), make(steps[1])
    found = one.compare(two)
    assert (found.parted, found.step, found.means) == (0, 0, {})
    assert str(found).endswith("Up to step 0, this run, the other: nothing.")


def test_a_fork_of_a_run_that_has_not_begun():
    run = make()
    fork = run.fork(lr=2)
    list(run.play(7))
    assert run.compare(fork).parted == 0 and fork.compare(run).theirs == []
    list(fork.play(5))
    assert run.compare(fork).step == 5


def test_the_means_are_those_of_the_last_hundred_steps_that_both_made():
    run = make(10)
    fork = run.fork(lr=0.5)
    list(run.play(290, every=999)), list(fork.play(200, every=999))
    found = run.compare(fork)
    assert found.step == 210
    for name, (ours, theirs) in found.means.items():
        first, second = run.history[name], fork.history[name]
        assert ours == pytest.approx(sum(first[110:210]) / LAST)
        assert theirs == pytest.approx(sum(second[110:210]) / LAST)
    assert [*found.means] == [name for name in run.history if name != "step"]


def test_seeds_that_run_as_one_part_when_one_of_them_does():
    one, two = gan(seeds=3), gan(seeds=3)
    list(one.play(4)), list(two.play(4))
    with torch.no_grad():
        next(iter(two.trainer.generator.parameters()))[1] += 1e-3  # the second network's
    two.memory.forget(after=-1)
    two._machine.keep(4, 0)
    list(one.play(3)), list(two.play(3))
    found = one.compare(two)
    assert found.parted == 4 and found.step == 7
    assert np.isscalar(found.means["generator_loss"][0])


def test_runs_that_report_other_things_are_refused_in_a_sentence():
    one, two = make(3), gan()
    list(two.play(3))
    sentence = (
        r"^Only runs that report the same can be compared; these report reconstruction, kl and "
        r"discriminator_loss, generator_loss, discriminator_gradient, generator_gradient\.$"
    )
    with pytest.raises(ValueError, match=sentence):
        one.compare(two)


def test_it_is_told_in_words():
    run = gan()
    list(run.play(1_200, every=1_200))
    fork = run.fork(lr=5e-4, data="drawn:0.50 0.50")
    run.half_step("generator_step")
    for each in run, fork:
        list(each.play(3))
    said = str(run.compare(fork))
    assert said.startswith("Alike up to step 1,200.  To this run: generator step at 1,200; to the ")
    assert "data drawn at 1,200" in said and "0.0005 at 1,200" in said
    assert "Up to step 1,203, this run, the other: discriminator loss " in said
    assert "\n" not in said and "drawn:" not in said


def test_comparing_changes_nothing():
    run = make(10)
    fork = run.fork(lr=0.5)
    list(fork.play(10))
    before = [flat(each.state_dict()) for each in (run, fork)], run.memory.states
    run.compare(fork), fork.compare(run), run.compare(run)
    assert ([flat(each.state_dict()) for each in (run, fork)], run.memory.states) == before
    assert run.compare(run).parted == run.step
