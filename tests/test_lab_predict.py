"""What becomes of a guess, on histories whose answer is known."""

import numpy as np
import pytest

from genart_edu.lab.experiment import Experiment
from genart_edu.lab.predict import GUESSES, quantities, scatter, verdict

SINCE, END = 1_300, 1_800


def history(**losses):
    steps = np.arange(1, 1 + len(next(iter(losses.values()))))
    return {"step": steps, **losses}


def jump(before, after, noise=0.0, seed=0):
    """One loss, `before` up to step SINCE and `after` from there on to END, with noise."""
    levels = np.where(np.arange(END) < SINCE, before, after)
    return history(kl=levels + noise * np.random.default_rng(seed).normal(size=END))


def told(said):
    """Which of GUESSES came true, of a verdict."""
    words = {"rose": "rises", "hardly moved": "stays", "fell": "falls"}
    return words[said.split(" It ")[1].split(",")[0]]


def test_what_can_be_asked_is_every_loss_in_words():
    ones = np.ones(3)
    assert quantities(history(reconstruction=ones, kl=ones)) == {
        "reconstruction": "reconstruction",
        "kl": "KL",
    }
    gan = history(discriminator_loss=ones, generator_loss=ones, generator_gradient=ones)
    assert list(quantities(gan).values()) == ["discriminator loss", "generator loss"]
    assert quantities({"step": np.empty(0)}) == {}


@pytest.mark.parametrize(("model", "seeds"), [("vae", 1), ("gan", 1), ("gan", 2)])
def test_of_a_real_run_it_asks_what_the_status_line_tells(model, seeds):
    run, stage = Experiment(model=model, data="ring", seeds=seeds).start()
    list(run.play(3))
    for name, words in quantities(run.history).items():
        assert f", {words} " in stage.status(run.history)
        assert verdict(run.history, name, 1, "stays").startswith(f"You said: {words} stays. It ")


@pytest.mark.parametrize(
    ("after", "what", "right"),
    [(15.12, "rose", "rises"), (12.4, "hardly moved", "stays"), (9, "fell", "falls")],
)
@pytest.mark.parametrize("guess", GUESSES)
def test_every_guess_gets_its_sentence(guess, after, what, right):
    assert verdict(jump(12.31, after), "kl", SINCE, guess) == (
        f"You said: KL {guess}. It {what}, from 12.31 to {after:.2f} nats between step 1,300 and "
        f"step 1,800: {'' if guess == right else 'not '}as predicted."
    )


def test_the_unit_is_that_of_the_loss():
    said = verdict(jump(12, 9), "kl", SINCE, "falls", unit="")
    assert "from 12.00 to 9.00 between" in said


@pytest.mark.parametrize("level", [1e-6, 0.0123, 0.98, 1, 77, 9_900, 12_345.6, -3, -0.02, -1e7])
@pytest.mark.parametrize(("change", "seen"), [(0.049, False), (0.051, True)])
def test_five_per_cent_of_the_level_before_are_seen_and_shown(level, change, seen):
    said = verdict(jump(level, level + abs(level) * change), "kl", SINCE, "rises")
    assert told(said) == ("rises" if seen else "stays")
    first, second = said.split("from ")[1].split(" nats")[0].split(" to ")
    assert float(first) == pytest.approx(level, rel=0.006)
    assert first != second or not seen


def test_only_the_last_hundred_on_either_side_count():
    """A hundred ones, a hundred threes; what lies beyond them is absurd."""
    loss = np.full(END, 1e5)
    loss[SINCE - 100 : SINCE], loss[END - 100 :] = 1, 3
    assert "from 1.00 to 3.00 nats" in verdict(history(kl=loss), "kl", SINCE, "rises")


@pytest.mark.parametrize("noise", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("tail", [3, 20, 500])
def test_noise_around_zero_is_called_a_change_as_often_as_chance_says(noise, tail):
    """Beyond two standard errors: 4.6% of normal draws, more where s is told by few."""
    calls = []
    for seed in range(400):
        run = {name: x[: SINCE + tail] for name, x in jump(0, 0, noise, seed).items()}
        calls.append(told(verdict(run, "kl", SINCE, "stays")))
    moved = np.array([np.mean([call == guess for call in calls]) for guess in ("rises", "falls")])
    assert moved.sum() < 0.075 and moved.max() < 0.05


@pytest.mark.parametrize("noise", [0.01, 1.0, 100.0])
def test_a_change_of_five_standard_errors_is_nearly_always_seen(noise):
    error = noise * np.sqrt(2 / 100)
    for change, guess in ((5 * error, "rises"), (-5 * error, "falls")):
        calls = [told(verdict(jump(0, change, noise, s), "kl", SINCE, guess)) for s in range(100)]
        assert calls.count(guess) > 95


def test_noise_hides_a_change_that_would_be_seen_without_it():
    assert told(verdict(jump(1, 1.1), "kl", SINCE, "rises")) == "rises"
    assert told(verdict(jump(1, 1.1, noise=3), "kl", SINCE, "rises")) == "stays"


@pytest.mark.parametrize("since", [1, 2, 5, 40, 100])
def test_a_drift_is_no_noise(since):
    """A ramp through zero: whatever was there to compare, it fell."""
    loss = 10.0 * since - 10 * np.arange(1.0, 2 * since + 3)
    assert told(verdict(history(kl=loss), "kl", since, "falls")) == "falls"


@pytest.mark.parametrize("slope", [0, 0.2, -0.5])
def test_scatter_is_the_noise_of_a_level_that_drifts(slope):
    x = 3 * np.random.default_rng(0).normal(size=100_000) + slope * np.arange(100_000)
    assert scatter(x) == pytest.approx(3, rel=0.02)
    assert scatter(np.array([7.0])) == 0


def test_seeds_that_train_as_one_are_their_mean():
    """Three that rise, one that falls by more than they do together."""
    members = [jump(10, 11, 1, 1), jump(10, 11, 1, 2), jump(10, 11, 1, 3), jump(10, 3, 1, 4)]
    many = np.stack([member["kl"] for member in members], axis=1)
    said = verdict(history(kl=many), "kl", SINCE, "falls")
    assert told(said) == "falls"
    assert said == verdict(history(kl=many.mean(axis=1)), "kl", SINCE, "falls")


@pytest.mark.parametrize(
    ("steps", "since"), [(0, 0), (5, 0), (5, 5), (5, 4), (5, 9), (5, -1), (2, 1)]
)
def test_too_few_steps_are_told(steps, since):
    run = history(kl=np.arange(float(steps)))
    sentence = "Too few steps to tell: it takes one before the guess and two after it."
    assert verdict(run, "kl", since, "rises") == f"You said: KL rises. {sentence}"


def test_a_record_before_and_two_after_are_enough():
    run = history(kl=np.array([3.0, 9.0, 9.1]))
    assert verdict(run, "kl", 1, "stays") == (
        "You said: KL stays. It rose, from 3.00 to 9.05 nats between step 1 and step 3: "
        "not as predicted."
    )


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("at", [SINCE - 1, END - 1])
def test_numbers_that_are_not_finite_are_told(bad, at, recwarn):
    run = jump(12, 9)
    run["kl"][at] = bad
    sentence = "Nobody can tell: a number before or after it was not finite."
    assert verdict(run, "kl", SINCE, "falls") == f"You said: KL falls. {sentence}"
    assert not recwarn.list


def test_a_number_that_is_not_finite_and_far_away_does_not_matter():
    run = jump(12, 9)
    run["kl"][[0, SINCE]] = np.nan
    assert told(verdict(run, "kl", SINCE, "falls")) == "falls"


@pytest.mark.parametrize(
    ("name", "guess", "sentence"),
    [
        ("KL", "falls", r"A guess can be about kl; got 'KL'\."),
        ("step", "falls", r"A guess can be about kl; got 'step'\."),
        ("kl", "explodes", r"A guess must be one of rises, stays, falls; got 'explodes'\."),
        ("kl", None, r"A guess must be one of rises, stays, falls; got None\."),
    ],
)
def test_what_nobody_can_say_is_refused_in_one_sentence(name, guess, sentence):
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        verdict(jump(12, 9), name, SINCE, guess)


def test_before_the_first_step_there_is_nothing_to_ask():
    with pytest.raises(ValueError, match=r"^A guess can be about nothing before the first step;"):
        verdict({"step": np.empty(0)}, "kl", 0, "falls")
