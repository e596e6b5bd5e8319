"""Rewind and fork: any step again to the bit, whatever the state is made of; nothing is lost."""

import copy
import math
import random
import sys
from typing import Any

import numpy as np
import pytest
import torch

from genart_edu.data.batches import ImageBatches
from genart_edu.data.images import digits
from genart_edu.lab import checkpoint, saved
from genart_edu.lab.experiment import Experiment
from genart_edu.lab.memory import Memory
from genart_edu.lab.parts import Event, NotFinite
from genart_edu.lab.run import Run
from genart_edu.vae.model import mlp_vae
from genart_edu.vae.training import VAETrainer
from tests.states import everything, flat
from tests.test_results_rewind import Light, Noise

END = 14
DOT, TWO = "drawn:0.50 0.50", "drawn:-0.50 0.00;0.50 0.00"
CURES: dict[str, Any] = {
    **{"objective": "least_squares", "n_critic": 2, "r1": 0.1, "gradient_penalty": 0.1},
    **{"instance_noise": 0.1, "unroll": 1, "average": 0.9, "cosine": 9, "packing": 2},
    **{"minibatch_std": True, "spectral_norm": True},
}
GREY = {"data": "digits-grey", "likelihood": "gaussian"}
KINDS: dict[str, dict[str, Any]] = {
    "vae": {"model": "vae"},
    "vae, two batches an epoch": {"model": "vae", "batch_size": 700},
    "vae, labels": {"model": "vae", "labels": True},
    "vae, convolutions and labels": {"data": "motifs", "conv": True, "labels": True, "depth": 2},
    "vae, warmup": {"model": "vae", "warmup": 9},
    "vae, cycle": {"model": "vae", "cycle": 6, "free_bits": 0.2},
    "vae, optimal variance": GREY | {"variance": "optimal"},
    "vae, learned variance": GREY | {"variance": "learned"},
    "vae, given variance": GREY | {"variance": 0.1},
    "vae in the plane": {"model": "vae", "data": "moons"},
    "gan": {"model": "gan", "data": "ring"},
    "gan, average": {"model": "gan", "data": "ring", "average": 0.9},
    "gan, spectral norm": {"model": "gan", "data": "ring", "spectral_norm": True},
    "gan, cosine": {"model": "gan", "data": "ring", "cosine": 10},
    "gan, unrolled": {"model": "gan", "data": "ring", "unroll": 2},
    "gan, every cure": {"model": "gan", "data": "ring"} | CURES,
    "gan, every cure, of seeds": {"model": "gan", "data": "spiral", "seeds": 3} | CURES,
    "gan, every cure, digits": {"model": "gan", "data": "digits", "labels": True} | CURES,
    "gan, convolutions": {
        **{"model": "gan", "data": "digits", "conv": True, "labels": True},
        **{"spectral_norm": True, "average": 0.9},
    },
}
EVERY = pytest.mark.parametrize("kind", KINDS)
FEW = pytest.mark.parametrize("kind", ["vae", "gan", "gan, every cure, of seeds"])


def experiment(kind: str) -> Experiment:
    return Experiment(**{"hidden_dim": 8, "batch_size": 12} | KINDS[kind])


def plan(run: Run) -> dict[int, list[tuple[str, Any]]]:
    """What is done after which step: at the first, at the last, twice in a row, several at once."""
    settings = [(name, 2e-3 * (i + 1)) for i, name in enumerate(run.trainer.settings)]
    halves = [(name, None) for name in run.trainer.half_steps]
    drawn = [("data", DOT), ("data", TWO)] * ("data" in run.batches.settings)
    return {
        0: [*drawn[:1], *settings[:1]],
        3: [*settings[1:], *halves],
        4: [*halves[::-1], *settings[:1]],
        8: drawn[1:],
        9: [("lr", 1e-3), *halves, *drawn[:1], ("lr", 3e-3)],
        END: [("lr", 1e-4)],
    }


def act(run: Run, done: list[tuple[str, Any]]) -> None:
    for name, value in done:
        run.half_step(name) if value is None else run.set(**{name: value})


def played(kind: str, key_every: int = 3, budget: int = 64_000_000) -> Run:
    run, _ = experiment(kind).start()
    run = Run(run.trainer, run.batches, Memory(budget))
    run.key_every = key_every
    planned = plan(run)
    for step in range(END + 1):
        if step:
            run.advance()
        act(run, planned.get(step, []))
    run.settle()
    return run


def oracle(kind: str, end: int = END) -> tuple[list[dict], np.ndarray]:
    """A bare loop over trainer and batches -> the state after each step, and what it reported."""
    run, _ = experiment(kind).start()
    trainer, batches, planned = run.trainer, run.batches, plan(run)
    states, told = [], []
    for step in range(end + 1):
        if step:
            told.append([value.tolist() for value in trainer.step(*next(batches))])
        for name, value in planned.get(step, []):
            if value is None:
                getattr(trainer, name)(*next(batches))
            else:
                setattr(batches if name == "data" else trainer, name, value)
        states.append(flat(copy.deepcopy((trainer.state_dict(), batches.state_dict()))))
    return states, np.array(told)


def standing(run: Run) -> dict[str, Any]:
    """The models and batches as a view would find them now: nothing is mended first."""
    return flat((run.trainer.state_dict(), run.batches.state_dict()))


def whole(run: Run) -> dict[str, Any]:
    """Where it stands, and all that lies ahead."""
    ahead = {"tape": [*run.tape], "end": run.end, "log": run.log.rows(whole=True).tolist()}
    told: dict[str, Any] = (
        {} if run.step else {"history": {}}
    )  # before the first step the names may be missing
    return everything(run) | told | ahead


def make(steps: int = 0, kind: str = "gan", key_every: int = 3) -> Run:
    run, _ = experiment(kind).start()
    run.key_every = key_every
    for _ in range(steps):
        run.advance()
    run.settle()
    return run


# ---- every kind of state ------------------------------------------------------------------


@EVERY
@pytest.mark.parametrize("key_every", [3, 100])
def test_every_step_comes_back_to_the_bit_and_so_does_what_followed(kind, key_every):
    states, told = oracle(kind, END + 5)
    run = played(kind, key_every)
    assert standing(run) == states[END]
    there = [0, 0, 3, 4, 9, END, END, *random.Random(0).sample(range(END), 3)]
    random.Random(1).shuffle(there)
    for step in there:
        run.rewind(step)
        assert run.step == step and run.end >= END
        assert standing(run) == states[step], step
        assert np.array_equal(run.log.rows(), told[:step])
        for _ in range(5):
            run.advance()
        assert standing(run) == states[step + 5], step
        assert np.array_equal(run.history["step"], np.arange(1, step + 6))
        assert np.array_equal(run.log.rows(), told[: step + 5])


@FEW
def test_with_hardly_any_memory_it_only_takes_longer(kind):
    states, _ = oracle(kind)
    run = played(kind, key_every=1, budget=0)
    for step in (*range(END, -1, -1), 7, 9, 2):
        run.rewind(step)
        assert standing(run) == states[step], step
    assert [*run.memory.states] == [0, END]


@EVERY
def test_a_fork_goes_its_own_way_and_the_run_that_it_left_stays(kind):
    run, clean = played(kind), played(kind)
    run.rewind(6)
    before, at_fork = whole(run), standing(run)
    fork = run.fork()
    assert whole(run) == before and standing(fork) == at_fork
    assert (fork.parent, fork.forked_at, fork.step, fork.end) == (run, 6, 6, 6)
    assert fork.events == [event for event in run.tape if event.step <= 6]
    changed = run.fork(lr=0.01)
    assert changed.events == [*fork.events, Event(6, "lr", 0.01)] and changed.trainer.lr == 0.01
    for each in fork, changed, run:
        for _ in range(2):
            each.advance()
    assert everything(fork)["history"] == everything(run)["history"]
    assert not np.array_equal(changed.history["kl" if "vae" in kind else "generator_loss"][7:], [])
    weights = [flat(each.trainer.state_dict()) for each in (run, fork, changed)]
    assert weights[0] != weights[2] and weights[1] != weights[2]
    for step in (6, 0, 3, 4):
        for each in run, fork, changed:
            each.rewind(step)
        clean.rewind(step)
        assert standing(run) == standing(fork) == standing(clean)
        assert (standing(changed) == standing(clean)) == (step != 6), step
    run.rewind(END)
    clean.rewind(END)
    assert whole(run) == whole(clean)


def test_a_fork_whose_parts_share_one_rng_shares_one_too():
    """As in the shortest example there is: one rng for weights, noise and batches."""

    def start() -> Run:
        rng = torch.Generator().manual_seed(0)
        model = mlp_vae(64, 2, hidden_dim=8, rng=rng)
        return Run(VAETrainer(model, rng=rng), ImageBatches(digits().split(200)[0], 24, rng))

    run, clean = start(), start()
    run.key_every = 5
    list(run.play(13))
    fork = run.fork()
    assert fork.trainer.rng is fork.batches.rng and fork.trainer.rng is not run.trainer.rng
    list(fork.play(40))
    list(clean.play(13))
    assert everything(run) == everything(clean)
    list(clean.play(40))
    assert everything(fork) == everything(clean)
    for each in fork, clean:
        each.rewind(17)
    assert standing(fork) == standing(clean)


def test_forks_of_forks_of_forks_stay_apart():
    run = make(4)
    family = [run]
    for lr in (1e-4, 2e-4, 3e-4, 4e-4):
        family.append(family[-1].fork(lr=lr))
        list(family[-1].play(3))
    for depth, each in enumerate(family):
        alone = make(4)
        for lr in (1e-4, 2e-4, 3e-4, 4e-4)[:depth]:
            alone.set(lr=lr)
            list(alone.play(3))
        assert everything(each) == everything(alone)
        each.rewind(2)
        alone.rewind(2)
        assert standing(each) == standing(alone)


# ---- where one can go ---------------------------------------------------------------------


@FEW
def test_a_run_that_has_not_begun_can_be_rewound_to_where_it_stands(kind):
    run, clean = make(kind=kind), make(kind=kind)
    run.rewind(0)
    assert (run.step, run.end) == (0, 0)
    list(run.play(4)), list(clean.play(4))
    assert everything(run) == everything(clean)


@pytest.mark.parametrize("step", [-1, 8, 10**9, math.inf, -math.inf, math.nan, 2.5, "3", None])
def test_a_step_where_it_never_was_is_refused_in_a_sentence(step):
    run = make(7)
    before = whole(run)
    with pytest.raises(ValueError) as caught:
        run.rewind(step)
    assert "from 0 to 7" in str(caught.value) and str(step) in str(caught.value)
    assert standing(run) == standing(make(7)) and whole(run) == before


@pytest.mark.parametrize("step", [np.int64(3), np.uint8(3), torch.tensor(3).item(), True])
def test_the_whole_numbers_of_numpy_are_steps(step):
    run, clean = make(7), make(int(step))
    run.rewind(step)
    assert everything(run) == everything(clean) and run.step == int(step)


def test_rewinding_to_where_it_stands_changes_nothing():
    run = make(7)
    before = whole(run)
    for _ in range(3):
        run.rewind(7)
    assert whole(run) == before


def test_records_that_nobody_read_are_not_lost_by_a_rewind():
    run, clean = make(5), make(5)
    for _ in range(6):
        run.advance()
    run.rewind(2)
    assert run.end == 11
    run.rewind(11)
    list(clean.play(6))
    assert everything(run) == everything(clean)


def test_playing_from_the_past_yields_the_same_records():
    run = make()
    first = [*run.play(12)]
    run.rewind(3)
    assert [*run.play(9)] == first[3:]
    run.rewind(0)
    assert [*run.play(12, every=5)] == [first[4], first[9], first[11]]


def test_the_history_ends_where_it_stands():
    run = make(12)
    told = run.history
    run.rewind(5)
    for name, column in run.history.items():
        assert column.tolist() == told[name][:5].tolist()
    assert len(run.history["step"]) == run.step == 5 and run.end == 12


def test_a_history_that_was_taken_does_not_change_when_the_past_does():
    """One draws both curves in one picture."""
    run = make(12)
    told = run.history
    kept = {name: column.copy() for name, column in told.items()}
    run.rewind(5)
    run.set(lr=0.02)
    list(run.play(12))
    assert not np.array_equal(run.history["generator_loss"][:12], kept["generator_loss"])
    assert {n: c.tolist() for n, c in told.items()} == {n: c.tolist() for n, c in kept.items()}


def test_events_count_up_to_where_it_stands():
    run = played("gan")
    for step in (0, 3, 5, 9, END):
        run.rewind(step)
        assert run.events == [event for event in run.tape if event.step <= step]
        assert run.trainer.lr == [e.value for e in run.events if e.name == "lr"][-1]


# ---- the past changed ---------------------------------------------------------------------


@FEW
@pytest.mark.parametrize("there", [0, 4, 5, 6, 9, 11])
def test_what_is_done_in_the_past_cuts_the_future(kind, there):
    run, clean = played(kind), experiment(kind).start()[0]
    clean.key_every = 3
    for step in range(there + 1):
        if step:
            clean.advance()
        act(clean, plan(clean).get(step, []))
    run.rewind(there)
    for each in run, clean:
        each.set(lr=0.007)
        for name in each.trainer.half_steps:
            each.half_step(name)
    assert run.end == run.step == there and run.tape == run.events == clean.events
    assert max(run.memory.states) == there
    assert whole(run) == whole(clean)
    for each in run, clean:
        list(each.play(END))
    assert whole(run) == whole(clean)
    for step in (there, 0, 3, there + 3):
        run.rewind(step), clean.rewind(step)
        assert standing(run) == standing(clean), step


def test_a_half_step_alone_cuts_the_future_too():
    run = played("gan")
    run.rewind(6)
    value = run.half_step("generator_step")
    assert run.tape[-1] == Event(6, "generator_step", value) and run.end == 6
    with pytest.raises(ValueError, match="step must be from 0 to 6"):
        run.rewind(7)


def test_nothing_set_is_nothing_done():
    run = played("gan")
    run.rewind(6)
    before = whole(run)
    run.set()
    assert whole(run) == before


BAD = [
    {"lr": -1},
    {"lr": math.nan},
    {"beta": 1},
    {"data": "drawn:9 9"},
    {"data": "digits"},
    {"lr": 0.5, "data": "drawn:"},
    {"lr": 0.5, "data": 3},
]


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_a_setting_that_fails_in_the_past_loses_nothing(bad):
    run, clean = played("gan"), played("gan")
    for each in run, clean:
        each.rewind(6)
    for change in run.set, run.fork:
        with pytest.raises(ValueError):
            change(**bad)
        assert whole(run) == whole(clean)
    for each in run, clean:
        list(each.play(END - 6))
    assert whole(run) == whole(clean)


def test_a_half_step_that_fails_in_the_past_loses_nothing(monkeypatch):
    run, clean = played("gan"), played("gan")
    for each in run, clean:
        each.rewind(6)
    with pytest.raises(ValueError, match="offers"):
        run.half_step("step")
    nan = torch.tensor(math.nan)
    monkeypatch.setattr(run.trainer, "half_steps", (*run.trainer.half_steps, "bad"), raising=False)
    monkeypatch.setattr(run.trainer, "bad", lambda *_: nan, raising=False)
    with pytest.raises(NotFinite):
        run.half_step("bad")
    monkeypatch.undo()
    assert whole(run) == whole(clean)


@pytest.mark.parametrize("kind", ["vae", "gan"])
def test_a_step_that_breaks_after_a_rewind_is_named_and_the_past_stays(kind):
    run, clean = make(12, kind), make(12, kind)
    run.rewind(5)
    run.set(lr=1e39)
    with pytest.raises(NotFinite, match=r"^Step 6 was not finite in weights"):
        list(run.play(10))
    clean.rewind(5)
    clean.set(lr=1e39)
    assert whole(run) == whole(clean) and run.end == 5
    for step in (5, 2, 0, 5):
        run.rewind(step), clean.rewind(step)
        assert standing(run) == standing(clean)
    for each in run, clean:
        each.set(lr=1e-3)
        list(each.play(8))
    assert whole(run) == whole(clean)


@pytest.mark.parametrize("look", ["rewind", "fork", "state_dict", "history", "compare"])
def test_a_step_that_broke_is_found_before_one_goes_anywhere(look):
    """Its update is beyond float32, which no record shows before the step after it."""
    run = make(7)
    run.set(lr=1e39)
    before = whole(run)
    for _ in range(2):
        run.advance()
    looks = {
        "rewind": lambda: run.rewind(2),
        "fork": run.fork,
        "state_dict": run.state_dict,
        "history": lambda: run.history,
        "compare": lambda: run.compare(make(3)),
    }
    with pytest.raises(NotFinite, match=r"^Step 8 was not finite"):
        looks[look]()
    assert whole(run) == before
    run.rewind(2)
    assert standing(run) == standing(make(2))


# ---- interrupts ---------------------------------------------------------------------------


class InterruptAt:
    """Ctrl-C where Python would look for signals: at the n-th call, or return from C, of the lab's
    own code."""

    def __init__(self, n: int):
        self.n, self.seen = n, 0

    def __call__(self, frame, event, arg):
        if event in ("call", "c_return") and "genart_edu" in frame.f_code.co_filename:
            self.seen += 1
            if self.seen == self.n:
                raise KeyboardInterrupt


def interrupted(work, n: int) -> InterruptAt:
    signal = InterruptAt(n)
    sys.setprofile(signal)
    try:
        work()
    except KeyboardInterrupt:
        pass
    finally:
        sys.setprofile(None)
        torch.set_grad_enabled(True)  # an interrupt inside of torch can leave it off for good
    return signal


def walked(to: int | None = None, budget: int = 64_000_000) -> Run:
    """A run of 14 steps that cost nothing, with settings and half steps in it."""
    run = Run(Light(64), Noise(), Memory(budget))
    run.key_every = 4
    for step in range(END + 1):
        if step:
            run.advance()
        if step in (2, 5, 6, 9):
            run.set(lr=0.1 * step + 1)
        if step in (5, 11):
            run.half_step("half")
    run.rewind(END if to is None else to)
    return run


@pytest.mark.parametrize("budget", [64_000_000, 0])
@pytest.mark.parametrize(("start", "goal"), [(END, 5), (4, 11), (6, 9), (3, 0), (7, 7)])
def test_a_rewind_interrupted_at_any_place_stands_where_it_stood(start, goal, budget):
    run = walked(start, budget)
    before = whole(run)
    run.rewind(goal)
    after = whole(run)
    run.rewind(start)
    many = interrupted(lambda: run.rewind(goal), -1).seen
    run.rewind(start)
    assert many > 50
    for n in range(1, many + 1):
        interrupted(lambda: run.rewind(goal), n)
        assert whole(run) == (after if run.step == goal != start else before), n
        run.rewind(goal)
        assert whole(run) == after, n
        run.rewind(start)
        assert whole(run) == before, n


CHANGES = {
    "set": lambda run: run.set(lr=0.7),
    "set two": lambda run: run.set(lr=0.8, weight=2.0),
    "half step": lambda run: run.half_step("half"),
    "fork": lambda run: run.fork(lr=0.7),
    "advance": lambda run: run.advance(),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("to", [0, 5, 6, END])
def test_a_change_interrupted_at_any_place_is_made_or_not_and_loses_nothing(change, to):
    """Where it was not made, what lay ahead comes again; where it was, it is as if undisturbed."""

    def to_the_end(run):
        seen = []
        while run.step < END:
            run.advance()
            seen.append(standing(run))
        return everything(run), seen, [*run.tape]

    do = CHANGES[change]
    run, other = walked(to), walked(to)
    many = interrupted(lambda: do(run), -1).seen
    do(other)
    events, step = len(run.events), run.step
    assert whole(run) == whole(other)
    made, unmade = to_the_end(run), to_the_end(walked(to))
    for n in range(1, many + 1, 1 + many // 200):
        run = walked(to)
        interrupted(lambda run=run: do(run), n)
        happened = (run.step, len(run.events)) == (step, events)
        assert len(run.history["step"]) == run.step
        for goal in (0, min(3, run.end), run.end):  # every way leads back
            at = run.step
            run.rewind(goal)
            assert len(run.history["step"]) == goal, n
            run.rewind(at)
        if change == "fork" or not happened:
            assert to_the_end(run) == unmade, n
        elif change == "advance":
            assert everything(run) == everything(walked(to + 1) if to < END else other), n
        else:
            assert to_the_end(run) == made, n


def test_one_run_interrupted_again_and_again_loses_nothing():
    run, clean = played("gan"), played("gan")
    dice = random.Random(7)
    for _ in range(12):
        goal = dice.randrange(END + 1)
        interrupted(lambda goal=goal: run.rewind(goal), dice.randrange(1, 700))
        if dice.random() < 0.5:
            interrupted(run.advance, dice.randrange(1, 100))
        if dice.random() < 0.3:
            interrupted(run.fork, dice.randrange(1, 300))
        clean.rewind(min(run.step, END))
        list(clean.play(run.step - clean.step))
        assert everything(run) == everything(clean)
    for each in run, clean:
        each.rewind(END)
    assert everything(run) == everything(clean)


@pytest.mark.parametrize("kind", ["vae", "gan"])
def test_any_other_error_in_a_rewind_is_mended_too(kind, monkeypatch):
    run = played(kind)
    run.rewind(11)
    before = whole(run)
    with monkeypatch.context() as patch:
        patch.setattr(torch.optim.Adam, "step", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run.rewind(5)
    assert whole(run) == before


# ---- resumed ------------------------------------------------------------------------------


@EVERY
@pytest.mark.parametrize(("keys", "at"), [(True, 6), (False, END)], ids=["keys", "no keys"])
def test_a_resumed_run_can_be_rewound_to_any_step(kind, keys, at, tmp_path):
    states, told = oracle(kind, END + 3)
    chosen = experiment(kind)
    run, stage = chosen.start()
    run.key_every = 3
    for step in range(END + 1):
        if step:
            run.advance()
        act(run, plan(run).get(step, []))
    run.rewind(at)
    saved.save(tmp_path / "run", chosen, run, stage, keys=keys)
    _, again, _ = saved.resume(tmp_path / "run")
    assert whole(again) == whole(run) and standing(again) == states[at]
    for step in (at, 0, 3, 8, 9, 10, END, 5):
        again.rewind(step)
        assert standing(again) == states[step], step
    again.rewind(END)
    list(again.play(3))
    assert standing(again) == states[END + 3] and np.array_equal(again.log.rows(), told)
    again.rewind(7)
    again.set(lr=0.01)
    assert again.end == 7


def test_a_run_that_was_put_where_one_without_keys_stood_says_where_it_can_go(tmp_path):
    """checkpoint.restore alone knows no first state: it refuses in a sentence, or finds the way."""
    run = make(9)
    checkpoint.save(tmp_path / "run", run, {})
    other = make(4)
    checkpoint.restore(other, checkpoint.read(tmp_path / "run"))
    before = whole(other)
    with pytest.raises(ValueError) as caught:
        other.rewind(3)
    assert "\n" not in str(caught.value)
    assert whole(other) == before == whole(run)
    list(run.play(4)), list(other.play(4))
    assert whole(other) == whole(run)
