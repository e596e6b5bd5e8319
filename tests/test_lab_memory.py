"""A memory of key states: within its budget, what was done first, the rest evenly spread."""

import gc
import os
import random
import tracemalloc
from itertools import pairwise

import pytest
import torch

from genart_edu.lab.experiment import Experiment
from genart_edu.lab.memory import BUDGET, Memory

KB = 1_000


def state(size: int = KB) -> bytes:
    """Bytes of their own: two that are equal are still two."""
    return os.urandom(size)


def filled(budget: int, steps, marked=(), size: int = KB) -> Memory:
    memory = Memory(budget)
    for step in steps:
        memory.keep(step, state(size), step in marked)
    return memory


def held(*memories: Memory) -> int:
    """Bytes of all that they hold, each object counted once."""
    return sum({id(x): len(x) for memory in memories for x in memory.states.values()}.values())


def gaps(memory: Memory) -> list[int]:
    steps = [*memory.states]
    return [after - before for before, after in pairwise(steps)]


def test_it_holds_what_a_dict_would_while_there_is_room():
    dice, memory, plain = random.Random(0), Memory(), {}
    for _ in range(400):
        step, data = dice.randrange(1_000), state(10)
        if dice.random() < 0.05:
            memory.forget(after=step)
            plain = {s: x for s, x in plain.items() if s <= step}
        else:
            memory.keep(step, data, marked=dice.random() < 0.3)
            plain[step] = data
        assert memory.states == dict(sorted(plain.items()))
        assert [*memory.states] == sorted(plain)
        assert memory.size == 10 * len(plain)
        asked = dice.randrange(1_000)
        before = [s for s in plain if s <= asked]
        if before:
            assert memory.nearest(asked) == (max(before), plain[max(before)])
        else:
            with pytest.raises(ValueError, match=rf"^No state is kept of step {asked:,} or of any"):
                memory.nearest(asked)
        assert (asked in memory) == (asked in plain)


def test_what_it_tells_of_is_a_copy():
    memory = filled(BUDGET, range(3))
    memory.states.clear()
    assert [*memory.states] == [0, 1, 2]


@pytest.mark.parametrize("many", [3, 4, 5, 16, 65])
@pytest.mark.parametrize("grown", [2, 3, 10, 33])
def test_within_its_budget_the_first_and_the_last_stay_and_the_rest_are_evenly_spread(many, grown):
    memory = Memory(many * KB)
    for step in range(0, 100 * many * grown, 100):
        memory.keep(step, state())
        assert memory.size == held(memory) <= many * KB
        assert next(iter(memory.states)) == 0 and [*memory.states][-1] == step
    assert len(memory.states) == many, "of what it may hold it makes use"
    *inner, _ = gaps(memory)  # the last one is still growing
    assert max(inner) <= 4 * min(inner)
    assert max(inner) <= 3 * 100 * grown, "three times what could be at best"


def test_evenly_spread_though_steps_come_in_any_order():
    dice, memory = random.Random(3), Memory(50 * KB)
    steps = [*range(0, 100_000, 100)]
    memory.keep(0, state())
    memory.keep(100_000, state())
    for step in dice.sample(steps, len(steps)):
        memory.keep(step, state())
        assert memory.size <= 50 * KB
    assert next(iter(memory.states)) == 0 and [*memory.states][-1] == 100_000
    assert max(gaps(memory)) <= 3 * 100_000 / 49


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("share", [0.05, 0.5, 0.75])
def test_where_something_was_done_stays_and_the_rest_is_evenly_spread(share, seed):
    dice, many = random.Random(seed), 40
    steps = [*range(0, 20_000, 100)]
    marked = {*dice.sample(steps[1:-1], int(share * many))}
    memory = filled(many * KB, steps, marked)
    assert marked <= {*memory.states} and len(memory.states) == many
    assert {0, 19_900} <= {*memory.states}
    assert max(gaps(memory)) <= 3 * 20_000 / (many * (1 - share))


@pytest.mark.parametrize("many", [20, 40, 100])
@pytest.mark.parametrize("every", [1, 3])
def test_a_hundred_events_in_a_row_do_not_drive_out_what_lies_elsewhere(many, every):
    """A slider that was dragged: some of it stays, and one can still go everywhere soon."""
    memory = Memory(many * KB)
    for step in range(0, 20_000, 100):
        memory.keep(step, state())
        if step == 10_000:
            for dragged in range(10_001, 10_100, every):
                memory.keep(dragged, state(), marked=True)
        assert memory.size == held(memory) <= many * KB
    assert max(gaps(memory)) <= 3 * 20_000 / many
    among = [step for step in memory.states if 10_000 < step < 10_100]
    assert 2 <= len(among) <= many / 4, "ten times as dense as elsewhere, at most"


@pytest.mark.parametrize("every", [1, 10, 70])
def test_where_something_is_done_all_the_time_it_is_evenly_spread_too(every):
    memory = filled(60 * KB, range(0, 20_000, every), {*range(0, 20_000, every)})
    assert len(memory.states) == 60
    *inner, _ = gaps(memory)
    assert max(inner) <= 4 * min(inner)


def test_among_what_may_leave_a_mark_is_worth_ten_times_the_gap():
    """Of three that are equally near to each other, the one in the middle is marked."""
    memory = filled(BUDGET, [0, 100, 200, 300, 900], marked={200})
    memory.budget = 4 * KB
    memory.keep(900, state())
    assert [*memory.states] in ([0, 200, 300, 900], [0, 100, 200, 900])
    memory = filled(BUDGET, [0, 100, 101, 102, 5_000], marked={101})
    memory.budget = 4 * KB
    memory.keep(5_000, state())
    assert [*memory.states] == [0, 100, 102, 5_000], "2 steps count as 20, which is less than 101"


def test_states_of_other_sizes_count_by_their_bytes():
    """An Adam that has not stepped yet has a third of the state."""
    dice, memory = random.Random(5), Memory(30 * KB)
    for step in range(0, 30_000, 100):
        memory.keep(step, state(dice.choice((KB // 3, KB, 3 * KB))))
        assert memory.size == held(memory) <= 30 * KB


@pytest.mark.parametrize("budget", [0, 1, KB, 2 * KB - 1])
def test_with_less_room_than_two_take_it_holds_the_first_and_the_last(budget):
    memory = Memory(budget)
    for step in range(0, 500, 100):
        memory.keep(step, state(), marked=step % 200 == 0)
        assert [*memory.states] == sorted({0, step})
    memory.keep(250, state(), marked=True)
    assert [*memory.states] == [0, 400], "one in the middle can leave at once"


def test_of_one_step_only_the_last_is_kept_and_counted():
    memory = filled(10 * KB, [0, 5, 10])
    last = state(2 * KB)
    memory.keep(5, state(), marked=True)
    memory.keep(5, last)
    assert memory.states[5] is last and memory.size == held(memory) == 4 * KB


def test_what_was_forgotten_leaves_no_mark():
    """Of a future that was given up, no step is more than another."""
    memory = filled(10 * KB, range(0, 1_000, 100), marked={500, 700})
    memory.forget(after=300)
    for step in range(400, 4_000, 100):
        memory.keep(step, state())
    clean = filled(10 * KB, range(0, 400, 100))
    for step in range(400, 4_000, 100):
        clean.keep(step, state())
    assert [*memory.states] == [*clean.states]


def test_its_memory_is_what_it_says_it_is():
    """Real bytes, by tracemalloc: at the peak, its budget and the state that is being kept."""
    size = 100 * KB
    gc.collect()
    tracemalloc.start()
    try:
        memory = Memory(8_000 * KB)
        for step in range(0, 200_000, 100):
            memory.keep(step, bytes(bytearray(size)), marked=step % 700 == 0)
            if step == 100_000:
                other = memory.fork(step)
        now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert memory.size == held(memory, other) <= 8_000 * KB
    assert 0.9 * 8e6 < now < 8.2e6 and peak < 8.6e6


# ---- forks --------------------------------------------------------------------------------


def test_a_fork_shares_what_lies_behind_it_and_costs_nothing():
    memory = filled(BUDGET, range(0, 1_000, 100), marked={300})
    other = memory.fork(500)
    assert [*other.states] == [0, 100, 200, 300, 400, 500]
    assert all(other.states[step] is memory.states[step] for step in other.states)
    assert memory.size == other.size == 10 * KB


def test_each_has_its_own_future():
    memory = filled(BUDGET, range(0, 1_000, 100))
    other = memory.fork(500)
    ours, theirs = state(), state()
    memory.keep(600, ours)
    other.keep(600, theirs)
    other.forget(after=650)
    assert memory.states[600] is ours and other.states[600] is theirs
    assert [*memory.states][-1] == 900 and [*other.states][-1] == 600
    memory.forget(after=200)
    assert [*other.states] == [0, 100, 200, 300, 400, 500, 600]
    assert memory.size == other.size == held(memory, other) == 7 * KB


def test_one_budget_is_for_the_whole_family():
    dice = random.Random(6)
    family = [filled(60 * KB, range(0, 2_000, 100))]
    for step in range(2_000, 30_000, 100):
        if len(family) < 8 and dice.random() < 0.1:
            family.append(dice.choice(family).fork(dice.randrange(step)))
        for memory in family:
            if dice.random() < 0.7:
                memory.keep(step, state(), marked=dice.random() < 0.1)
            assert held(*family) <= 60 * KB
        assert {memory.size for memory in family} == {held(*family)}
    assert len(family) == 8
    for memory in family:
        assert next(iter(memory.states)) == 0


def test_of_several_budgets_the_smallest_counts():
    """A visitor of a demo has 8 MB, whoever made the runs."""
    memory = filled(60 * KB, range(0, 2_000, 100))
    other = memory.fork(900)
    other.budget = 10 * KB
    memory.keep(2_000, state())
    assert memory.size == held(memory, other) <= 10 * KB
    assert [*memory.states][-1] == 2_000 and [*other.states][-1] == 900


def test_a_fork_that_nobody_uses_any_more_frees_its_share():
    memory = filled(40 * KB, range(0, 1_000, 100))
    other = memory.fork(900)
    for step in range(1_000, 3_000, 100):
        other.keep(step, state())
    assert memory.size == 30 * KB
    del other
    gc.collect()
    assert memory.size == held(memory) == 10 * KB
    for step in range(1_000, 4_000, 100):
        memory.keep(step, state())
    assert len(memory.states) == 40


def test_a_fork_of_a_fork_outlives_the_one_between():
    memory = filled(20 * KB, range(0, 1_000, 100))
    middle = memory.fork(500)
    middle.keep(600, state())
    last = middle.fork(600)
    del middle
    gc.collect()
    assert last.size == memory.size == held(memory, last) == 11 * KB
    memory.keep(1_000, state(15 * KB))
    assert held(memory, last) <= 20 * KB, "it thins both, since the budget is theirs together"


def test_dropping_a_forked_run_frees_what_it_kept():
    """Nothing in the run that stays holds on to it."""
    run, _ = Experiment("gan", "ring", hidden_dim=8, batch_size=8).start()
    list(run.play(20, every=20))
    fork = run.fork(lr=1e-4)
    before = run.memory.size
    fork.key_every = 2
    list(fork.play(20, every=20))
    assert run.memory.size > before
    del fork
    gc.collect()
    assert run.memory.size == held(run.memory) == before - len(run.memory.states[20])


@pytest.mark.parametrize("budget", [0, 100_000])
def test_a_run_and_its_forks_stay_within_one_budget_however_small(budget):
    run, _ = Experiment("gan", "ring", hidden_dim=8, batch_size=8).start()
    run.memory.budget, run.key_every = budget, 1
    family = [run]
    for step in range(1, 41):
        for each in family:
            each.advance()
        if step in (10, 20):
            family.append(run.fork(lr=1e-4))
            family[-1].key_every = 1
        ends = sum(len({0, *[*each.memory.states][-1:]}) for each in family)
        most = max(len(x) for each in family for x in each.memory.states.values())
        assert held(*(each.memory for each in family)) <= max(budget, ends * most)
    weights = [p.clone() for p in family[1].trainer.generator.parameters()]
    family[1].rewind(3)
    family[1].rewind(40)
    for was, now in zip(weights, family[1].trainer.generator.parameters(), strict=True):
        assert torch.equal(was, now)
