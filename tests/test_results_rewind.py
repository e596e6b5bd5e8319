"""What the time machine promises: any step again, to the bit, and a memory within its budget.

The oracle is a bare loop over trainer and batches, with no Run and no Memory.
"""

import copy
import hashlib
import random
import sys
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from genart_edu.lab.experiment import Experiment
from genart_edu.lab.memory import Memory
from genart_edu.lab.run import Run
from genart_edu.vae.training import VAERecord

END, REWINDS, AHEAD = 5_000, 200, 20
QUIET = 4_300  # from here on nothing is done to a run
FORKED = 500

DRAWINGS = ("drawn:0.50 0.50;-0.50 0.50", "drawn:-1.00 0.00 1.00 0.00", "ring", "grid")
IN_THE_PLANE = {
    "lr": (1e-3, 3e-4, 2e-3, 0.0),
    "discriminator_lr": (1e-3, 5e-4),
    "r1": (0.1, 0.0),
    "gradient_penalty": (0.5, 0.0),
    "instance_noise": (0.2, 0.0),
    "data": DRAWINGS,
}
HALVES = ("discriminator_step", "generator_step")
VAE = {"lr": (1e-3, 3e-3, 5e-3, 0.0), "beta": (0.1, 1.0, 4.0), "free_bits": (0.0, 0.5)}

RUNS = {
    "vae": (Experiment("vae", "digits", hidden_dim=32), VAE, (), 8_000_000),
    "gan": (Experiment("gan", "ring", average=0.99), IN_THE_PLANE, HALVES, 64_000_000),
    "ensemble": (
        Experiment("gan", "ring", seeds=8, hidden_dim=16, batch_size=32),
        *(IN_THE_PLANE, HALVES, 64_000_000),
    ),
}


def bits(tree: Any, path: str = "") -> dict[str, Any]:
    """A nested state as {path: value}; of a tensor its type, its shape and a hash of its bytes."""
    if isinstance(tree, Tensor):
        data = hashlib.sha256(tree.contiguous().numpy().tobytes()).hexdigest()
        return {path: (tree.dtype, tuple(tree.shape), data)}
    if isinstance(tree, dict):
        tree = tree.items()
    elif isinstance(tree, list | tuple):
        tree = enumerate(tree)
    else:
        return {path: repr(tree)}
    return {k: v for key, value in tree for k, v in bits(value, f"{path}/{key}").items()}


def copied(run: Any) -> dict[str, Any]:
    """What decides the steps to come, by copy.deepcopy alone."""
    return bits(copy.deepcopy((run.trainer.state_dict(), run.batches.state_dict())))


def plan(seed: int, settings: dict[str, tuple], halves: tuple[str, ...]) -> dict[int, list]:
    """What is done after which step: some 60 changes, here and there several at one step.  What
    doubles the time of a step is taken back soon."""
    dice = random.Random(seed)
    steps = [0, 100, 101, 1_999, 2_000, *dice.sample(range(1, QUIET - 200), 35), QUIET]
    done: dict[int, list] = {}
    for step in sorted(steps):
        for _ in range(dice.choice((1, 1, 2))):
            name = dice.choice((*settings, *halves, *halves))
            done.setdefault(step, []).append((name, dice.choice(settings.get(name, (None,)))))
            if name in ("r1", "gradient_penalty"):
                done.setdefault(step + 150, []).append((name, 0.0))
    return dict(sorted(done.items()))


def marks(planned: dict[int, list]) -> list[int]:
    """The steps to rewind to, in an order that goes up and down the tape: the ends, where things
    were done, and the steps before and after that, and random ones."""
    dice = random.Random(1)
    around = dice.sample([s + d for s in planned for d in (-1, 0, 1) if 0 < s + d < END], 40)
    fixed = {0, 1, 99, 100, QUIET, QUIET + FORKED, END - 1, END, *planned, *around}
    others = dice.sample([s for s in range(END) if s not in fixed], REWINDS - len(fixed))
    found = [*fixed, *others]
    dice.shuffle(found)
    return found


class Oracle:
    """The plain loop: what a step reported, and a copy of the state after some of them."""

    def __init__(self, experiment: Experiment, planned: dict[int, list], wanted: list[int]):
        run, _ = experiment.start()
        self.trainer, self.batches = run.trainer, run.batches
        losses = []
        self.states: dict[int, dict] = {}
        for step in range(END + FORKED + 1):
            if step:
                record = self.trainer.step(*next(self.batches))
                losses.append([value.tolist() for value in record])
            for name, value in planned.get(step, ()):
                if value is None:
                    getattr(self.trainer, name)(*next(self.batches))
                else:
                    setattr(self.batches if name == "data" else self.trainer, name, value)
            if step in wanted or step == END + FORKED:
                self.states[step] = copied(self)
        self.losses = np.array(losses)


def tape_recorder(run: Run) -> list[list]:
    """What the trainer reports from now on, whoever asks it to step."""
    seen: list[list] = []
    step = run.trainer.step

    def recorded(*batch: Tensor) -> Any:
        record = step(*batch)
        seen.append([value.tolist() for value in record])
        return record

    run.trainer.step = recorded  # type: ignore[method-assign]
    return seen


def told(run: Run) -> np.ndarray:
    """What a run reported up to where it stands."""
    run.settle()
    return run.log.rows()


@pytest.mark.parametrize("kind", RUNS)
def test_any_of_200_steps_comes_back_to_the_bit_with_the_losses_after_it(kind):
    experiment, settings, halves, budget = RUNS[kind]
    planned = plan(len(kind), settings, halves)
    wanted = marks(planned)
    assert len(wanted) == len({*wanted}) == REWINDS
    oracle = Oracle(experiment, planned, wanted)

    run, _ = experiment.start()
    run = Run(run.trainer, run.batches, Memory(budget))
    for step in range(END + 1):
        if step:
            run.advance()
        for name, value in planned.get(step, ()):
            run.half_step(name) if value is None else run.set(**{name: value})
    assert len(run.events) == len(run.tape) == sum(map(len, planned.values())) > 40
    assert run.history["step"][-1] == END
    assert np.array_equal(told(run), oracle.losses[:END])

    seen = tape_recorder(run)
    for step in wanted:
        run.rewind(step)
        assert run.step == step and copied(run) == oracle.states[step], step
        seen.clear()
        for _ in range(AHEAD):
            run.advance()
        assert np.array_equal(seen, oracle.losses[step : step + AHEAD]), step
        assert np.array_equal(told(run), oracle.losses[: step + AHEAD]), step
        assert run.memory.size <= budget
    del run.trainer.step

    run.rewind(QUIET)
    fork = run.fork()
    for each in run, fork:
        for _ in range(FORKED):
            each.advance()
        assert copied(each) == oracle.states[QUIET + FORKED]
        assert np.array_equal(told(each), oracle.losses[: QUIET + FORKED])
    assert run.compare(fork).parted == QUIET + FORKED
    run.rewind(END)
    fork = run.fork()
    for _ in range(FORKED):
        run.advance(), fork.advance()  # turn by turn: neither disturbs the other
    for each in run, fork:
        assert copied(each) == oracle.states[END + FORKED]
        assert np.array_equal(told(each), oracle.losses)


# ---- memory -------------------------------------------------------------------------------


class Light:
    """A trainer with a large state and a step that costs nothing: a random walk."""

    settings, half_steps = ("lr", "weight"), ("half",)

    def __init__(self, size: int):
        self.weights, self.lr, self.weight = torch.zeros(size), 1.0, 1.0

    def step(self, x: Tensor) -> Any:
        self.weights[:64] += self.lr * self.weight * x
        return VAERecord(self.weights[0].clone(), self.weights[1].clone())

    def half(self, x: Tensor) -> Tensor:
        self.weights[:64] -= x
        return x.mean()

    def state_dict(self) -> dict[str, Any]:
        return {"weights": self.weights, "lr": self.lr, "weight": self.weight}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.weights, self.lr, self.weight = state["weights"], state["lr"], state["weight"]


class Noise:
    settings = ()

    def __init__(self):
        self.rng = torch.Generator().manual_seed(1)

    def __next__(self) -> tuple[Tensor]:
        return (torch.randn(64, generator=self.rng),)

    def state_dict(self) -> dict[str, Any]:
        return {"rng": self.rng.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.rng.set_state(state["rng"])


@pytest.mark.parametrize(
    ("budget", "floats", "every"),
    [
        (None, 150_000, 400),
        (8_000_000, 20_000, 0),
        (8_000_000, 20_000, 13),
        (8_000_000, 60_000, 13),
    ],
    ids=["64 MB", "8 MB", "8 MB, 1,538 events", "8 MB, 1,538 events, large states"],
)
def test_the_memory_of_20_000_steps_stays_within_its_budget_at_every_step(budget, floats, every):
    run = Run(Light(floats), Noise(), Memory(budget) if budget else None)
    most, budget, changed = 0, budget or 64_000_000, run.memory.states
    digests = {}
    for step in range(1, 20_001):
        run.advance()
        if every and step % every == 0:
            run.set(lr=1 + step / 20_000) if step % 2 else run.half_step("half")
        if step % 100 == 0 or (every and step % every == 0):
            changed = run.memory.states
            held = {id(x): sys.getsizeof(x) for x in changed.values()}
            most = max(most, sum(held.values()))
            assert sum(map(len, changed.values())) == run.memory.size <= budget
        if step % 997 == 0:
            digests[step] = copied(run)
    assert most <= 1.001 * budget  # a bytes object has 33 bytes of its own
    assert most > 0.8 * budget, "of what it may take it makes use"
    assert next(iter(run.memory.states)) == 0
    assert [*run.memory.states][-1] == max(19_900, every and 20_000 // every * every)
    for step in random.Random(2).sample([*digests], 6):
        run.rewind(step)
        assert copied(run) == digests[step], step
    assert np.isfinite(run.log.rows(whole=True)).all()
