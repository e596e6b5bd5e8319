"""A run loses nothing: not by leaving, not by interrupts, not by numbers that are not finite."""

import math
import sys
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor

from genart_edu.data.batches import DensityBatches, ImageBatches
from genart_edu.data.catalogue import density
from genart_edu.data.densities import ring
from genart_edu.data.images import digits
from genart_edu.gan.model import mlp_discriminator, mlp_generator
from genart_edu.gan.training import GANTrainer
from genart_edu.lab.parts import Event, NotFinite
from genart_edu.lab.run import Run
from genart_edu.vae.model import mlp_vae
from genart_edu.vae.training import VAETrainer
from tests.states import everything, flat

DIGITS = digits().split(200)[0]


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def make_gan(batches=None) -> Run:
    generator = mlp_generator(2, 2, hidden_dim=8, depth=1, rng=seeded())
    discriminator = mlp_discriminator(2, hidden_dim=8, depth=1, rng=seeded(1))
    trainer = GANTrainer(generator, discriminator, latent_dim=2, rng=seeded(2))
    return Run(trainer, batches or DensityBatches(ring(), 16, seeded(3)))


def make_vae(batches=None) -> Run:
    model = mlp_vae(64, 2, hidden_dim=8, rng=seeded())
    return Run(VAETrainer(model, rng=seeded(2)), batches or ImageBatches(DIGITS, 24, seeded(3)))


BOTH = pytest.mark.parametrize("make", [make_vae, make_gan])


def played(make, steps: int) -> Run:
    run = make()
    for _ in run.play(steps, every=steps):
        pass
    return run


class Poisoned:
    """Batches of which one, `at` steps from the start, is not a number."""

    settings = ()

    def __init__(self, batches, at: int, value: float = math.nan):
        self.batches, self.at, self.value, self.made = batches, at, value, 0

    def __next__(self) -> tuple[Tensor]:
        self.made += 1
        (x,) = next(self.batches)
        return (torch.full_like(x, self.value) if self.made == self.at else x,)

    def state_dict(self) -> dict[str, Any]:
        return {"batches": self.batches.state_dict(), "made": self.made}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.batches.load_state_dict(state["batches"])
        self.made = state["made"]


def poisoned(make, at: int, value: float = math.nan) -> Run:
    run = make()
    return Run(run.trainer, Poisoned(run.batches, at, value))


# ---- play ---------------------------------------------------------------------------------


def test_play_yields_after_every_so_many_steps_and_after_the_last():
    run = make_gan()
    assert [record.step for record in run.play(10, every=4)] == [4, 8, 10]
    assert [record.step for record in run.play(10, every=4)] == [12, 16, 20]
    assert [record.step for record in run.play(3)] == [21, 22, 23]
    assert list(run.play(0)) == []


@BOTH
def test_the_history_is_the_records(make):
    run = make()
    records = list(run.play(30))
    history = run.history
    assert list(history) == list(vars(records[0]))
    assert history["step"].tolist() == list(range(1, 31))
    for name, array in history.items():
        assert array.tolist() == [getattr(record, name) for record in records]
    assert all(type(v) in (int, float) for v in vars(records[-1]).values())


@BOTH
def test_a_record_is_what_the_trainer_reported(make):
    run, plain = make(), make()
    for record in run.play(5):
        reported = plain.trainer.step(*next(plain.batches))
        assert [value.item() for value in reported] == list(vars(record).values())[1:]


@BOTH
def test_leaving_the_loop_loses_nothing(make):
    run = make()
    for record in run.play(100, every=3):
        if record.step == 6:
            break
    assert run.step == 6
    for record in run.play(100):
        if record.step == 13:
            break
    iterator = run.play(7)
    next(iterator)
    iterator.close()
    run.advance()
    assert everything(run) == everything(played(make, 15))


@BOTH
@pytest.mark.parametrize("key_every", [1, 4, 100])
def test_looking_on_the_way_changes_nothing(make, key_every):
    run = make()
    run.key_every = key_every
    for _ in range(10):
        run.advance()
        assert run.history["step"][-1] == run.step == len(run.log)
        run.state_dict()
    assert everything(run) == everything(played(make, 10))


def test_every_must_be_at_least_one():
    with pytest.raises(ValueError, match=r"^every must be at least 1; got 0\.$"):
        next(make_gan().play(10, every=0))


def test_many_seeds_that_run_as_one_are_reported_one_by_one():
    class Report(NamedTuple):
        loss: Tensor

    class ThreeSeeds:
        settings = half_steps = ()

        def step(self, x):
            return Report(torch.tensor([1.0, 2.0, 3.0]))

        def state_dict(self):
            return {}

        def load_state_dict(self, state):
            pass

    run = Run(ThreeSeeds(), DensityBatches(ring(), 16, seeded()))
    assert list(run.play(2)) == [SimpleNamespace(step=n, loss=[1, 2, 3]) for n in (1, 2)]
    assert run.history["loss"].shape == (2, 3)


def test_a_run_works_inside_no_grad_and_leaves_torchs_rng_alone():
    before = torch.get_rng_state()
    run = make_gan()
    with torch.no_grad():
        run.advance()
        run.half_step("generator_step")
    assert torch.equal(torch.get_rng_state(), before)


# ---- events -------------------------------------------------------------------------------


def test_a_setting_is_an_event_at_its_step():
    run = played(make_gan, 3)
    run.set(lr=1e-4, discriminator_lr=2e-4)
    run.advance()
    run.set(lr=0)
    assert run.events == [
        Event(3, "lr", 1e-4),
        Event(3, "discriminator_lr", 2e-4),
        Event(4, "lr", 0),
    ]
    assert (run.trainer.lr, run.trainer.discriminator_lr) == (0, 2e-4)


@BOTH
def test_a_setting_acts_from_the_next_step_on(make):
    run, plain = played(make, 3), make()
    run.set(lr=0.05)
    run.advance()
    for n in range(4):
        if n == 3:
            plain.trainer.lr = 0.05
        plain.trainer.step(*next(plain.batches))
    assert flat(run.trainer.state_dict()) == flat(plain.trainer.state_dict())


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"beta": 1}, r"GANTrainer offers lr, discriminator_lr, r1, .*; got 'beta'\."),
        ({"rate": 1}, r"GANTrainer offers lr, discriminator_lr, r1, .*; got 'rate'\."),
        ({"lr": -1e-3}, r"lr must be a finite number of at least 0; got -0\.001\."),
        ({"lr": math.nan}, r"lr must be a finite number of at least 0; got nan\."),
        ({"lr": math.inf}, r"lr must be a finite number of at least 0; got inf\."),
        ({"lr": None}, r"lr must be a finite number of at least 0; got None\."),
        ({"lr": "fast"}, r"lr must be a finite number of at least 0; got fast\."),
        ({"lr": 1e-5, "discriminator_lr": -1}, r"discriminator_lr must be .* at least 0; got -1\."),
    ],
)
def test_a_bad_setting_changes_nothing_and_says_why(settings, sentence):
    run = played(make_gan, 3)
    before = everything(run)
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        run.set(**settings)
    assert everything(run) == before


def test_the_numbers_of_numpy_are_numbers():
    run = make_gan()
    run.set(lr=np.float32(0.5))
    assert run.events == [Event(0, "lr", 0.5)] and type(run.events[0].value) is float


@pytest.mark.parametrize("name", ["discriminator_step", "generator_step"])
def test_a_half_step_is_an_event_and_the_step_stands(name):
    run, plain = played(make_gan, 3), played(make_gan, 3)
    value = run.half_step(name)
    assert run.events == [Event(3, name, value)] and run.step == 3
    assert value == getattr(plain.trainer, name)(*next(plain.batches)).item()
    assert flat(run.state_dict()) == flat(plain.state_dict())
    assert len(run.history["step"]) == 3


def test_a_half_step_that_is_not_offered_is_refused():
    sentence = r"^VAETrainer offers nothing of this kind; got 'generator_step'\.$"
    with pytest.raises(ValueError, match=sentence):
        make_vae().half_step("generator_step")
    with pytest.raises(ValueError, match=r"offers discriminator_step, generator_step; got 'step'"):
        make_gan().half_step("step")


# ---- interrupts ---------------------------------------------------------------------------


def actions(run: Run):
    """Steps with a setting, half steps and looks between them: each is made once."""
    yield from [run.advance] * 3
    yield lambda: run.set(lr=5e-4)
    yield run.advance
    for name in run.trainer.half_steps:
        yield lambda name=name: run.half_step(name)
    yield from [run.advance] * 2
    yield lambda: run.history
    yield run.state_dict
    yield lambda: run.set(lr=1e-3)
    yield from [run.advance] * 3


def do_all(run: Run, signal=None) -> None:
    """Like a person: whatever was interrupted and did not happen is done again."""
    for act in actions(run):
        before = done = run.step + len(run.events)
        interrupted = True
        while interrupted and done == before:
            interrupted = False
            sys.setprofile(signal)
            try:
                act()
            except KeyboardInterrupt:
                interrupted = True
            finally:
                sys.setprofile(None)
            done = run.step + len(run.events)


class InterruptAt:
    """Ctrl-C where Python would look for signals: at the n-th call, or return from C."""

    def __init__(self, n: int):
        self.n, self.seen = n, 0

    def __call__(self, frame, event, arg):
        if event in ("call", "c_return"):
            self.seen += 1
            if self.seen == self.n:
                raise KeyboardInterrupt


@BOTH
def test_an_interrupt_at_any_place_is_as_if_it_had_not_been(make):
    """25 places of some 20,000, evenly spread, and the same bits after each."""
    for count in InterruptAt(-1), InterruptAt(-1):  # the first time around, torch imports things
        undisturbed = make()
        undisturbed.key_every = 2
        do_all(undisturbed, count)
    expected = everything(undisturbed)
    for n in range(17, count.seen * 99 // 100, count.seen // 25):
        run, signal = make(), InterruptAt(n)
        run.key_every = 2
        do_all(run, signal)
        torch.set_grad_enabled(True)  # an interrupt inside of torch can leave it off for good
        assert signal.seen >= n
        assert everything(run) == expected, f"after an interrupt at place {n}"


PLACES = [
    ("batches", "__next__"),
    ("trainer", "fake_like"),
    ("trainer.discriminator_optimizer", "step"),
    ("trainer.generator_optimizer", "step"),
    ("trainer", "state_dict"),
    ("trainer", "load_state_dict"),
]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("owner", "name"), PLACES)
def test_an_interrupt_in_the_middle_of_a_step(monkeypatch, owner, name, when):
    """Before and after each thing that a step does, at each step in turn, and while mending."""
    undisturbed = make_gan()
    undisturbed.key_every = 2
    do_all(undisturbed)
    for turn in (1, 3, 4, 6, 9):
        run = make_gan()
        run.key_every = 2
        target: Any = run
        for part in owner.split("."):
            target = getattr(target, part)
        if name.startswith("__"):
            target = type(target)
        original, calls = getattr(target, name), []

        def interrupted(*args, original=original, calls=calls, turn=turn, **kwargs):
            calls.append(None)
            twice = len(calls) in (turn, turn + 1)  # again, while it mends what was torn
            if twice and when == "before":
                raise KeyboardInterrupt
            result = original(*args, **kwargs)
            if twice:
                raise KeyboardInterrupt
            return result

        with monkeypatch.context() as patch:
            patch.setattr(target, name, interrupted)
            do_all(run)
        assert everything(run) == everything(undisturbed), f"{owner}.{name}, call {turn}"


def test_an_interrupt_leaves_a_run_whose_parts_share_one_rng():
    """As in the shortest example there is: one rng for weights, noise and batches."""

    def make() -> Run:
        rng = seeded()
        model = mlp_vae(64, 2, hidden_dim=8, rng=rng)
        return Run(VAETrainer(model, rng=rng), ImageBatches(DIGITS, 24, rng))

    run = make()
    run.key_every = 5  # in the middle of an epoch
    for _ in run.play(13):
        pass
    step, run.trainer.step = run.trainer.step, stop
    with pytest.raises(KeyboardInterrupt):
        run.advance()
    run.trainer.step = step
    for _ in run.play(7):
        pass
    assert everything(run) == everything(played(make, 20))


def stop(*_: object) -> None:
    raise KeyboardInterrupt


@BOTH
def test_any_other_error_is_mended_too(make, monkeypatch):
    run = played(make, 5)
    with monkeypatch.context() as patch:
        patch.setattr(torch.optim.Adam, "step", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run.advance()
    assert run.step == 5
    for _ in run.play(4):
        pass
    assert everything(run) == everything(played(make, 9))


# ---- what is not finite -------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("at", [2, 10, 11, 25])  # around the snapshots, every 10 steps
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_step_that_is_not_finite_is_named_and_undone(make, at, value):
    run = poisoned(make, at, value)
    run.key_every = 10
    with pytest.raises(NotFinite, match=f"^Step {at} was not finite in .*; the run stands before"):
        for _ in run.play(40, every=40):
            pass
    clean = poisoned(make, at=0)
    for _ in range(at - 1):
        clean.advance()
    assert everything(run) == everything(clean)


def test_a_gans_first_step_can_be_undone_too():
    run = poisoned(make_gan, at=1)
    with pytest.raises(NotFinite, match=r"^Step 1 was not finite in "):
        list(run.play(1))
    assert everything(run) == everything(poisoned(make_gan, at=0))


def test_a_vae_refuses_bad_data_before_its_first_step():
    run = poisoned(make_vae, at=1)
    before = everything(run)
    with pytest.raises(ValueError, match=r"^x must be finite; 1536 numbers are not\.$"):
        list(run.play(3))
    assert run.step == 0
    assert {k: v for k, v in everything(run).items() if "trainer" in k} == {
        k: v for k, v in before.items() if "trainer" in k
    }


@BOTH
def test_it_is_found_far_from_the_start_too(make):
    run = poisoned(make, at=250)
    with pytest.raises(NotFinite) as caught:
        for _ in run.play(400, every=400):
            pass
    assert caught.value.step == 250 and run.step == 249
    clean = poisoned(make, at=0)
    for _ in clean.play(249, every=249):
        pass
    assert everything(run) == everything(clean)


def test_the_sentence_names_the_numbers():
    with pytest.raises(NotFinite, match=r"^Step 3 was not finite in reconstruction, kl; the run"):
        list(poisoned(make_vae, 3).play(5))
    with pytest.raises(NotFinite, match=r"finite in discriminator loss, generator loss, .*; the"):
        list(poisoned(make_gan, 3).play(5))


@BOTH
def test_weights_that_broke_are_noticed_though_the_record_is_finite(make):
    """A record tells of the model before its update; this update goes beyond float32."""
    for look in (
        lambda run: list(run.play(1)),
        lambda run: (run.advance(), run.settle()),
        lambda run: (run.advance(), run.state_dict()),
        lambda run: (run.advance(), run.set(lr=1e-3)),
        lambda run: list(run.play(10)),
    ):
        run = played(make, 7)
        run.set(lr=1e39)
        before = everything(run)
        with pytest.raises(NotFinite, match=r"^Step 8 was not finite in weights; the run stands"):
            look(run)
        assert everything(run) == before


@BOTH
def test_after_a_step_that_broke_a_smaller_rate_goes_on(make):
    run, clean = played(make, 7), played(make, 7)
    run.set(lr=1e39)
    with pytest.raises(NotFinite):
        list(run.play(10))
    run.set(lr=1e-4)
    clean.set(lr=1e39)
    clean.set(lr=1e-4)
    for either in run, clean:
        for _ in either.play(10):
            pass
    assert everything(run) == everything(clean)
    assert np.isfinite(run.log.rows()).all()


@BOTH
def test_a_rate_that_is_far_too_large_stops_before_the_first_number_that_is_not_one(make):
    """The update at step 8 is huge but finite; step 9 is the first that can't be counted."""
    run = played(make, 7)
    run.set(lr=1e30)
    with pytest.raises(NotFinite, match=r"^Step 9 was not finite"):
        list(run.play(10))
    clean = played(make, 7)
    clean.set(lr=1e30)
    clean.advance()
    assert everything(run) == everything(clean)


def test_a_half_step_that_is_not_finite_is_undone():
    run = poisoned(make_gan, 6)
    for _ in run.play(5):
        pass
    before = everything(run)
    with pytest.raises(NotFinite, match=r"^Step 6 was not finite in discriminator step; the run"):
        run.half_step("discriminator_step")
    assert everything(run) == before
    run.set(lr=1e39)
    before = everything(run)
    weights = flat(run.trainer.state_dict())
    with pytest.raises(NotFinite, match=r"^Step 6 was not finite in generator step"):
        run.half_step("generator_step")
    assert flat(run.trainer.state_dict()) == weights  # undone at once: a view may look at it now
    assert everything(run) == before


def test_weights_that_were_never_finite_are_refused_in_a_sentence():
    run = make_gan()
    next(run.trainer.generator.parameters()).data.fill_(math.nan)
    with pytest.raises(ValueError, match=r"^The weights were not finite before the first step\.$"):
        run.advance()


# ---- state --------------------------------------------------------------------------------


@BOTH
def test_a_state_is_a_copy(make):
    run = played(make, 5)
    kept = run.state_dict()
    list(run.play(8))
    assert flat(kept) == flat(played(make, 5).state_dict())


@BOTH
def test_an_interrupt_after_it_was_rewound_does_not_lead_back_to_before_it(make, monkeypatch):
    run = played(make, 11)
    run.rewind(5)
    run.advance()
    with monkeypatch.context() as patch:
        patch.setattr(torch.optim.Adam, "step", stop)
        with pytest.raises(KeyboardInterrupt):
            run.advance()
    assert flat(run.state_dict()) == flat(played(make, 6).state_dict())
    assert run.step == 6


@BOTH
def test_a_run_stands_where_another_one_stood(make):
    run, other = played(make, 5), played(make, 2)
    run.set(lr=1e-4)
    other.resume(run.state_dict(), run.fork().log, run.events, {})
    assert everything(other) == everything(run)
    for either in run, other:
        for _ in either.play(9):
            pass
    assert everything(other) == everything(run)


DOT, TWO = "drawn:0.50 0.50", "drawn:-0.50 0.00;0.50 0.00"


def test_a_redrawn_target_is_an_event_from_the_next_step_on():
    run, plain = make_gan(), make_gan()
    list(run.play(3))
    run.set(data=DOT, lr=0.002)
    list(run.play(4))
    list(plain.play(3))
    plain.batches.density, plain.trainer.lr = density(DOT), 0.002
    list(plain.play(4))
    assert run.events == [Event(3, "data", DOT), Event(3, "lr", 0.002)]
    assert flat(run.trainer.state_dict()) == flat(plain.trainer.state_dict())


def test_a_state_knows_the_target_of_its_time():
    run = make_gan()
    run.set(data=DOT)
    list(run.play(3))
    run.set(data=TWO)
    after = [*run.play(5)]
    run.rewind(2)
    assert run.batches.data == DOT
    list(run.play(1))
    assert run.batches.data == TWO  # on the tape
    assert [*run.play(5)][-1].generator_loss == after[-1].generator_loss


@pytest.mark.parametrize("bad", ["drawn:", "drawn:9 9", "digits", "no such", 3])
def test_a_target_that_can_not_be_changes_nothing_and_the_run_goes_on(bad):
    run, plain = make_gan(), played(make_gan, 6)
    list(run.play(3))
    with pytest.raises(ValueError) as error:
        run.set(lr=0.5, data=bad)
    assert str(error.value).count(".") >= 1 and run.events == []
    list(run.play(3))
    assert everything(run) == everything(plain)
