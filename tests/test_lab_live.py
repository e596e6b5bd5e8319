"""The live engine: commands from any thread, exact steps, and the numbers of a plain run."""

import random
import re
import struct
import threading
import zlib

import numpy as np
import pytest

from genart_edu.lab.experiment import Experiment
from genart_edu.lab.live import Live
from genart_edu.lab.parts import Event
from genart_edu.lab.run import Run
from genart_edu.lab.screen import Screen
from genart_edu.views.canvas import Canvas
from genart_edu.views.style import DARK, LIGHT
from tests.states import everything
from tests.test_lab_screen import as_plain, plain, whole

RING = Experiment("gan", "ring", hidden_dim=8, batch_size=16)
DIGITS = Experiment("vae", "digits", hidden_dim=8, batch_size=16, latent_dim=2)
HALVES = "discriminator_step", "generator_step"
DRAWN = "drawn:-0.50 0.00 0.50 0.00;0.00 0.80"
BOTH = pytest.mark.parametrize("experiment", [RING, DIGITS], ids=["gan", "vae"])


def replayed(live: Live) -> Run:
    """The same experiment without Live: its steps, and its events where they fell."""
    run, _ = live.experiment.start()
    for event in live.run.events:
        while run.step < event.step:
            run.advance()
        if event.name in run.trainer.half_steps:
            assert run.half_step(event.name) == event.value
        else:
            run.set(**{event.name: event.value})
    while run.step < live.run.step:
        run.advance()
    return run


def at_step(live, n, act):
    """Let another thread do `act` while step n is being made, once, and wait for it."""
    trainer = live.run.trainer
    make_step = trainer.step

    def step(x):
        if live.run.step + 1 == n:
            del trainer.step  # or a fork would have a copy of it
            thread = threading.Thread(target=act)
            thread.start()
            thread.join(timeout=10)
            assert not thread.is_alive()
        return make_step(x)

    trainer.step = step


def picture_size(png: bytes) -> tuple[int, int]:
    """Width and height of a PNG file, whose rows must be whole."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n") and png.endswith(b"IEND\xaeB`\x82")
    width, height = struct.unpack(">II", png[16:24])
    length = int.from_bytes(png[33:37], "big")
    assert len(zlib.decompress(png[41 : 41 + length])) == height * (1 + 3 * width)
    return width, height


@pytest.fixture
def quick(monkeypatch):
    """Pictures that cost nothing, for tests in which many are made."""
    monkeypatch.setattr(Canvas, "frame", lambda *_: np.zeros((4, 6, 3), np.uint8))
    monkeypatch.setattr(Live, "frame_seconds", 0.001)
    monkeypatch.setattr(Live, "slice_seconds", 0.002)
    monkeypatch.setattr(Screen, "moment_seconds", 0.002)


# ---- playing ------------------------------------------------------------------------------


@BOTH
def test_the_numbers_are_those_of_a_run_without_pictures(experiment):
    live = Live(experiment)
    for _ in live.play(100):
        pass
    live.step(5)
    live.frame()
    assert live.run.step == 105
    assert everything(live.run) == everything(replayed(live))


@BOTH
def test_frames_show_where_it_is(experiment):
    live = Live(experiment)
    first = live.frame()
    assert (first.step, first.playing, first.status[:6]) == (0, False, "Step 0")
    *frames, last = live.play(60)
    steps = [frame.step for frame in frames]
    assert steps == sorted(steps) and all(frame.playing for frame in frames)
    assert (last.step, last.playing) == (60, False) and last.status.startswith("Step 60, ")
    assert picture_size(last.png) == picture_size(first.png)
    assert last.png != first.png


def test_play_makes_exactly_the_steps_it_was_asked_for(quick):
    live = Live(RING)
    for total in (1, 8, 8, 78):
        *_, last = live.play(total - live.run.step)
        assert last.step == live.run.step == total
    assert not live.playing


def test_play_is_endless_unless_told(quick):
    live = Live(RING)
    for n, frame in enumerate(live.play()):
        assert frame.playing == (n < 20)
        if n == 19:
            live.pause()
    assert n == 20 and frame.step == live.run.step


@pytest.mark.parametrize("n", [1, 2, 40])
def test_pause_takes_effect_before_the_next_step(quick, n):
    live = Live(RING)
    at_step(live, n, live.pause)
    *_, last = live.play()
    assert (last.step, last.playing) == (n, False)


def test_an_iterator_may_be_closed_at_any_time(quick):
    live = Live(RING)
    for frames in (1, 3):
        iterator = live.play()
        for _ in range(frames):
            next(iterator)
        iterator.close()
        assert not live.playing
    stood = live.run.step
    assert live.step(3).step == stood + 3
    assert everything(live.run) == everything(replayed(live))


def test_a_second_play_takes_over_from_the_first(quick):
    live = Live(RING)
    first = live.play()
    next(first)
    second = live.play()
    next(second)
    stood = live.run.step
    assert [frame.playing for frame in first] == [True]  # it leaves, and the other goes on
    assert live.run.step == stood and live.playing
    next(second)
    first.close()
    assert live.playing
    second.close()
    assert not live.playing


def test_a_second_play_in_another_thread_takes_over_too(quick):
    live, frames = Live(RING), []
    other = threading.Thread(target=lambda: frames.extend(live.play(30)))
    at_step(live, 5, other.start)
    *_, last = live.play()  # without end, if nobody took over
    other.join(timeout=30)
    assert last.step >= 5 and frames[-1].step == live.run.step >= 30
    assert not live.playing
    assert everything(live.run) == everything(replayed(live))


@pytest.mark.parametrize("steps", [0, 1, 250])
def test_step_makes_exactly_its_steps_and_pauses(quick, steps):
    live = Live(RING)
    iterator = live.play()
    next(iterator)
    stood = live.run.step
    frame = live.step(steps)
    assert (frame.step, frame.playing) == (stood + steps, False)
    assert [f.step for f in iterator] == [stood + steps]
    assert everything(live.run) == everything(replayed(live))


def test_an_error_in_a_step_leaves_nobody_playing(quick):
    live = Live(RING)
    live.run.trainer.step = lambda _: 1 / 0
    for act in live.step, lambda: list(live.play()):
        with pytest.raises(ZeroDivisionError):
            act()
        assert not live.playing and live.run.step == 0


# ---- settings -----------------------------------------------------------------------------


def test_a_setting_is_an_event_before_the_next_step(quick):
    live = Live(RING)
    at_step(live, 7, lambda: live.set(lr=1e-4, discriminator_lr=2e-4))
    *_, last = live.play(20)
    assert live.run.events == [Event(7, "lr", 1e-4), Event(7, "discriminator_lr", 2e-4)]
    assert last.step == 20
    assert everything(live.run) == everything(replayed(live))


def test_a_setting_in_the_last_step_is_not_lost(quick):
    live = Live(RING)
    at_step(live, 20, lambda: live.set(lr=1e-4))
    list(live.play(20))
    assert live.run.events == [Event(20, "lr", 1e-4)]


def test_a_setting_while_it_rests_acts_at_once(quick):
    live = Live(RING)
    live.set(lr=1e-4)
    assert live.run.events == [Event(0, "lr", 1e-4)] and live.run.trainer.lr == 1e-4


@pytest.mark.parametrize("playing", [False, True])
def test_a_bad_setting_is_answered_in_the_status_until_the_next_command(quick, playing):
    live = Live(RING)
    if playing:
        at_step(live, 3, lambda: live.set(lr=-1))
        *_, frame = live.play(9)
    else:
        live.set(lr=-1)
        frame = live.frame()
    assert frame.status.endswith(".  lr must be a finite number of at least 0; got -1.")
    assert live.run.events == []
    live.set(lr=1e-4)
    assert "must be" not in live.frame().status
    live.set(beta=1)
    assert "got 'beta'" in live.frame().status
    assert "beta" not in live.step().status


def test_what_was_set_before_a_reset_belongs_to_the_old_run(quick):
    """A command that waited for the lock must not fall on the run that comes after it."""
    live = Live(RING)
    live.lock.acquire()  # as if another thread were in the middle of a slice
    thread = threading.Thread(target=live.set, kwargs={"lr": 0.5})
    thread.start()
    thread.join()
    live.lock.release()
    live.reset()
    assert live.run.events == [] and live.run.trainer.lr != 0.5


# ---- reset --------------------------------------------------------------------------------


@BOTH
def test_reset_starts_the_same_run_anew(quick, experiment):
    live = Live(experiment)
    list(live.play(30))
    first = everything(live.run)
    live.set(lr=0.5)
    frame = live.reset()
    assert (frame.step, frame.playing, frame.status[:6]) == (0, False, "Step 0")
    list(live.play(30))
    assert everything(live.run) == first


def test_reset_to_another_experiment_stops_the_player(quick):
    live = Live(RING)
    iterator = live.play()
    next(iterator)
    frame = live.reset(DIGITS)
    assert live.experiment == DIGITS and frame.step == 0
    assert [f.step for f in iterator] == [0]
    list(live.play(5))
    assert everything(live.run) == everything(replayed(live))


def test_an_experiment_that_cannot_be_leaves_the_old_one(quick):
    live = Live(RING)
    live.step(5)
    with pytest.raises(ValueError, match="model must be one of"):
        live.reset(Experiment("wgan"))
    assert live.experiment == RING
    assert live.step().step == 6
    assert everything(live.run) == everything(replayed(live))


def test_a_reset_keeps_the_theme():
    light, dark = Live(RING, LIGHT), Live(RING, DARK)
    assert light.frame().png != dark.frame().png
    assert dark.reset().png == dark.frame().png != light.reset().png


# ---- what is not finite -------------------------------------------------------------------


@BOTH
def test_a_run_that_breaks_rests_and_says_so(quick, experiment):
    live = Live(experiment)
    list(live.play(10))
    live.set(lr=1e39)
    *_, last = live.play(50)
    assert (last.step, last.playing) == (10, False)
    assert "  Step 11 was not finite in weights; the run stands before it." in last.status
    live.set(lr=1e-4)
    assert "not finite" not in live.frame().status
    *_, last = live.play(5)
    assert last.step == 15 and np.isfinite(live.run.log.rows()).all()


@BOTH
def test_a_picture_is_never_drawn_from_weights_that_broke(experiment):
    """One step that breaks the weights, whose record is finite, and then a look."""
    live = Live(experiment)
    live.step(3)
    live.set(lr=1e39)
    before = live.frame()
    frame = live.step()
    assert frame.step == 3 and "Step 4 was not finite in weights" in frame.status
    assert frame.png == before.png


@pytest.mark.parametrize("slice_seconds", [0.0001, 10])  # found by a frame, and by a slice
def test_a_setting_that_finds_the_run_broken_is_set_all_the_same(quick, slice_seconds):
    live = Live(RING)
    live.slice_seconds = slice_seconds
    live.step(3)
    live.set(lr=1e39)
    at_step(live, 4, lambda: live.set(lr=1e-4))
    *_, frame = live.play(10)
    assert (frame.step, frame.playing) == (3, False)  # it rests, and says why ...
    assert "Step 4 was not finite in weights" in frame.status
    assert live.run.trainer.lr == 1e-4  # ... but what the slider shows is what holds
    assert live.step(2).step == 5


# ---- many hands ---------------------------------------------------------------------------


def test_steps_of_many_threads_are_all_made(quick):
    live = Live(RING)
    hands = [threading.Thread(target=lambda: [live.step() for _ in range(25)]) for _ in range(4)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join(timeout=30)
    assert live.run.step == 100 and not live.playing
    assert everything(live.run) == everything(replayed(live))


@pytest.mark.parametrize("resets", [False, True])
def test_four_hands_that_press_everything_end_in_a_run_that_can_be_replayed(quick, resets):
    """No deadlock, no error, and whatever they did is in the history and the events."""
    live, errors = Live(RING), []

    def press(seed: int) -> None:
        rng = random.Random(seed)
        commands = [
            lambda: [frame for frame, _ in zip(live.play(), range(3), strict=False)],
            lambda: list(live.play(rng.randrange(20))),
            live.pause,
            live.step,
            lambda: live.step(rng.randrange(20)),
            lambda: live.set(lr=rng.uniform(1e-5, 1e-3)),
            lambda: live.set(lr=-1),
            lambda: live.show(gradients=rng.random() < 0.5),
            lambda: live.slow_motion(rng.random() < 0.3),
            live.frame,
        ]
        if not resets:  # what only a GAN in the plane can
            commands += [lambda: live.step(half=rng.choice(HALVES))]
            commands += [lambda: live.set(data=rng.choice([DRAWN, "ring"]))]
        if resets:
            commands += [live.reset, lambda: live.reset(rng.choice([RING, DIGITS]))]
        try:
            for _ in range(40):
                rng.choice(commands)()
        except Exception as error:
            errors.append(error)

    hands = [threading.Thread(target=press, args=(seed,)) for seed in range(4)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join(timeout=60)
        assert not hand.is_alive()
    live.frame()
    assert errors == [] and not live.playing
    assert live.run.step == len(live.run.log.rows())
    assert resets or live.run.step > 0
    assert everything(live.run) == everything(replayed(live))


@pytest.mark.parametrize("seeds", [1, 3])
def test_a_gan_that_breaks_says_at_which_step_and_rests_before_it(seeds):
    rates = {"lr": 1e3, "discriminator_lr": 1e3, "seeds": seeds}
    live = Live(Experiment("gan", "ring", hidden_dim=16, objective="wasserstein", **rates))
    *_, last = live.play(500)
    broke = re.search(r"  Step (\d+) was not finite in .*; the run stands before it\.", last.status)
    assert broke and int(broke[1]) == last.step + 1 < 500
    assert np.isfinite(live.run.log.rows()).all() and not live.playing
    assert live.step().step <= last.step + 1  # it can be pressed on, and says so again


def test_a_gan_that_grows_without_bound_is_said_to_diverge_while_it_plays():
    rates = {"lr": 1.0, "discriminator_lr": 1.0}
    live = Live(Experiment("gan", "ring", hidden_dim=32, objective="wasserstein", **rates))
    assert "diverges" not in live.step().status
    *frames, last = live.play(399)
    said = re.search(r"  It diverges: a loss passed 1,000,000 at step (\d+)\.", last.status)
    losses = [live.run.history[f"{who}_loss"] for who in ("discriminator", "generator")]
    beyond = (np.abs(losses) > 1e6).any(axis=0)
    assert said and beyond[int(said[1]) - 1] and not beyond[: int(said[1]) - 1].any()
    assert last.step == 400 and all(frame.png for frame in frames)


# ---- what can be seen ---------------------------------------------------------------------


@pytest.mark.parametrize("half", HALVES)
def test_half_a_step_is_an_event_and_the_counter_stands(half):
    live = Live(RING)
    live.step(3)
    who, other = half.split("_")[0], ({"discriminator", "generator"} - {half.split("_")[0]}).pop()
    weights = {name: everything_of(getattr(live.run.trainer, name)) for name in (who, other)}
    frame = live.step(2, half=half)
    assert frame.step == 3 and [event.name for event in live.run.events] == [half] * 2
    assert everything_of(getattr(live.run.trainer, other)) == weights[other]
    assert everything_of(getattr(live.run.trainer, who)) != weights[who]


def everything_of(net) -> list[float]:
    return [number for p in net.parameters() for number in p.flatten().tolist()]


def test_a_layer_is_switched_on_and_off_while_it_plays(quick):
    live = Live(RING)
    pictures = live.play()
    next(pictures)
    live.show(manifold=True, surface=False, modes=False)
    next(pictures)
    assert live.stage.layers["manifold"] and not live.stage.layers["surface"]
    assert len(live.screen.canvas.views) == 2  # the losses and the plane
    live.pause()


def test_layers_stay_as_they_were_switched_when_the_run_is_another():
    live = Live(RING)
    live.show(modes=False, manifold=True)
    live.reset(Experiment("gan", "moons", hidden_dim=8))
    assert live.stage.layers["manifold"] and not live.stage.layers["modes"]
    live.reset(DIGITS)  # which has none of them
    live.reset(RING)
    assert live.stage.layers["manifold"] and not live.stage.layers["modes"]


def test_every_layer_changes_the_picture_and_comes_back():
    live = Live(RING)
    live.step(20)
    for name, on in live.stage.layers.items():
        before = live.frame().png
        live.show(**{name: not on})
        assert live.frame().png != before, name
        live.show(**{name: on})
        assert live.frame().png == before or name == "distances", name  # which looked once more


def test_a_layer_that_there_is_not_and_the_last_panel_get_one_sentence():
    live = Live(DIGITS)
    live.show(manifold=True)
    assert live.frame().status.endswith(
        "  This stage can switch nothing on and off; got 'manifold'."
    )
    live = Live(Experiment("gan", "digits", hidden_dim=8))
    live.show(losses=False)
    assert len(live.screen.canvas.views) == 1
    assert "must be shown" not in live.frame().status


def test_a_target_is_redrawn_while_it_plays(quick):
    live = Live(RING)
    pictures = live.play()
    next(pictures)
    live.show(manifold=True)
    live.set(data=DRAWN)
    next(pictures)
    live.pause()
    list(pictures)
    assert live.run.events[-1].name == "data" and live.run.batches.density.name == DRAWN
    assert "of 3 modes" in live.frame().status  # a line's two, and a dot's
    assert live.stage.layers["manifold"]
    assert everything(live.run) == everything(replayed(live))


def test_a_target_that_can_not_be_is_answered_and_the_old_one_stays():
    live = Live(RING)
    live.step(5)
    live.set(data="drawn:7 7")
    frame = live.frame()
    assert frame.status.count("  ") >= 1 and live.run.batches.density.name == "ring"
    assert live.run.events == [] and live.step().step == 6


@BOTH
def test_slow_motion_goes_through_whole_steps_and_changes_none(experiment):
    live, plain = Live(experiment), Live(experiment)
    live.slow_motion()
    told = [live.step().status for _ in range(25)]
    assert all("in slow motion" in each for each in told)
    live.slow_motion(False)
    assert "slow motion" not in live.frame().status
    assert live.run.step >= 2
    plain.step(live.run.step)
    assert everything(live.run) == everything(plain.run)


def test_slow_motion_shows_the_line_at_work_and_its_numbers():
    live = Live(RING)
    live.slow_motion()
    frames = [live.step() for _ in range(10)]
    assert len({frame.png for frame in frames}) == 10
    assert live.run.step == 1 and live.screen.between_steps
    assert "gan/objective.py, line" in frames[3].status
    assert "Generator's half, update" in frames[-1].status


def test_play_in_slow_motion_makes_the_steps_it_was_asked_for(quick):
    live = Live(RING)
    live.slow_motion()
    *frames, last = live.play(2)
    assert last.step == 2 and not live.playing
    assert len([frame for frame in frames if "slow motion" in frame.status]) >= 20


def test_half_a_step_in_slow_motion_is_that_half_alone():
    live = Live(RING)
    live.slow_motion()
    told = [live.step(half="generator_step").status for _ in range(6)]
    assert [event.name for event in live.run.events] == ["generator_step"] and live.run.step == 0
    assert not any("Discriminator's half, loss" in each for each in told)


def test_what_costs_much_is_not_asked_at_every_picture(monkeypatch):
    live = Live(RING)
    live.step()
    asked = []
    (calm,) = [panel for panel in live.stage.shown() if panel.calm]
    monkeypatch.setitem(live.stage._memory, calm.arrays, (float("inf"), "old"))
    monkeypatch.setattr(
        live.screen.canvas,
        "frame",
        lambda arrays, _: asked.append(list(arrays)) or np.zeros((4, 6, 3), np.uint8),
    )
    next(live.play())
    live.frame()
    hurried, whole = asked[0], asked[-1]
    assert hurried[-1] is None and hurried[0] is not None
    assert all(arrays is not None for arrays in whole)


def test_a_broken_step_is_not_shown_in_slow_motion():
    live = Live(Experiment("vae", "ring", hidden_dim=8))
    live.slow_motion()
    live.step()
    live.set(lr=1e30)
    told = [live.step() for _ in range(14)]
    (broke,) = [i for i, frame in enumerate(told) if "not finite" in frame.status][:1]
    assert "slow motion" not in told[broke].status


def test_an_interrupted_step_is_made_again_and_is_none_of_the_next_one(monkeypatch):
    live, plain = Live(RING), Live(RING)
    live.step(40)
    plain.step(41)
    trainer = live.run.trainer

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(trainer, "_descend", interrupted)
        with pytest.raises(KeyboardInterrupt):
            live.step()
    live.slow_motion()
    told = [live.step().status for _ in range(10)]
    assert all("Step 41 in slow motion" in each for each in told)
    assert everything(live.run) == everything(plain.run)


def test_another_half_begins_at_once_in_slow_motion():
    live = Live(RING)
    live.slow_motion()
    live.step()
    status = live.step(half="generator_step").status
    assert [event.name for event in live.run.events] == ["generator_step"]
    assert "Generator's half" in status or "noise" in status


def test_a_layer_that_is_switched_in_slow_motion_is_seen_at_once():
    live = Live(RING)
    live.slow_motion()
    before = live.step().png
    live.show(surface=False)
    assert live.frame().png != before and not live.stage.layers["surface"]


def test_a_redrawn_target_gets_no_verdict_before_its_time():
    live = Live(RING)
    live.step(1_500)
    assert "Too early" not in live.frame().status
    live.set(data=DRAWN)
    assert "Too early" in live.frame().status


def test_neighbours_of_fakes_that_are_not_finite_stop_nothing():
    live = Live(Experiment("gan", "digits", hidden_dim=8))
    live.show(neighbours=True)
    live.step(3)
    live.set(lr=1e30)
    for _ in range(3):
        assert live.step().png


# ---- the time machine ---------------------------------------------------------------------


def test_a_rewind_stops_who_plays_and_play_goes_on_from_there(quick):
    live = Live(RING)
    iterator = live.play()
    next(iterator)
    at_step(live, live.run.step + 20, live.pause)
    list(iterator)
    end = live.run.step
    iterator = live.play()
    next(iterator)
    frame = live.at_rest(lambda screen: screen.rewind(7))
    assert (frame.step, frame.playing) == (7, False) and live.run.end >= end
    assert [each.step for each in iterator] == [7]
    assert whole(live.run) == whole(plain(RING, [], 7))
    *_, last = live.play(live.run.end - 7 + 5)  # over the end of its recording
    assert last.step == live.run.end and "recording" not in last.status
    assert as_plain(live.screen) and len(live.screen.tree.runs) == 1


def test_a_setting_on_a_playing_run_that_was_rewound_forks_it_and_it_plays_on(quick):
    live = Live(RING)
    live.step(60)
    live.at_rest(lambda screen: screen.rewind(10))
    at_step(live, 15, lambda: live.set(lr=4e-3))
    *frames, last = live.play(30)
    first, fork = live.screen.tree.runs
    assert last.step == 40 and all(frame.playing for frame in frames)
    assert (first.step, first.end, first.tape) == (15, 60, [])
    assert (fork.forked_at, fork.step, fork.tape) == (15, 40, [Event(15, "lr", 4e-3)])
    assert as_plain(live.screen)


def test_what_is_set_on_a_full_tree_is_refused_while_it_plays_and_it_plays_on(quick):
    live = Live(RING)
    live.step(20)
    for step in range(7):
        live.at_rest(lambda screen, step=step: (screen.tree.go_to(0), screen.rewind(step)))
        live.set(lr=1e-3 + step)
    live.at_rest(lambda screen: screen.tree.go_to(0))
    live.at_rest(lambda screen: screen.rewind(3))
    at_step(live, 8, lambda: live.set(lr=0.1))
    *_, last = live.play(10)
    assert last.step == 13 and "  There can be 8 runs and no more: " in last.status
    assert len(live.screen.tree.runs) == 8 and live.run.tape == []
    assert as_plain(live.screen)


def test_what_an_act_says_is_told_until_the_next_command(quick):
    live = Live(RING)
    assert live.at_rest(lambda _: "Well done.").status.endswith("  Well done.")
    assert live.frame().status.endswith("  Well done.")
    assert "Well done" not in live.step().status
    with pytest.raises(ValueError, match="step must be from 0 to 1"):
        live.at_rest(lambda screen: screen.rewind(2))
    assert live.step().step == 2


@pytest.mark.parametrize("steps", [1, 6])
def test_step_by_step_every_step_is_seen(quick, steps):
    live = Live(RING)
    live.screen.step_seconds = 0.01
    *frames, last = live.play(steps)
    assert [frame.step for frame in frames] == [*range(1, steps + 1)] and last.step == steps
    live.at_rest(lambda screen: screen.rewind(0))
    assert [frame.step for frame in live.play(steps)][:-1] == [*range(1, steps + 1)]


@pytest.mark.parametrize("seed", [0, 1])
def test_four_hands_on_the_time_machine_leave_only_runs_that_can_be_replayed(quick, seed):
    """Whatever was rewound, forked, compared and changed meanwhile, by whom and when."""
    live, errors = Live(RING), []

    def press(hand: int) -> None:
        rng = random.Random(4 * seed + hand)

        def somewhere(screen: Screen) -> None:
            places = range(len(screen.tree.runs))
            screen.tree.go_to(rng.choice(places), rng.choice([None, *places]))

        commands = [
            lambda: [frame for frame, _ in zip(live.play(), range(3), strict=False)],
            lambda: list(live.play(rng.randrange(20))),
            live.pause,
            live.step,
            lambda: live.step(rng.randrange(20)),
            lambda: live.step(half=rng.choice(HALVES)),
            lambda: live.set(lr=rng.uniform(1e-5, 1e-3)),
            lambda: live.set(lr=-1),
            lambda: live.set(data=rng.choice([DRAWN, "ring"])),
            lambda: live.show(surface=rng.random() < 0.5),
            lambda: live.slow_motion(rng.random() < 0.3),
            lambda: live.at_rest(lambda s: s.rewind(rng.randrange(s.run.end + 1))),
            lambda: live.at_rest(lambda s: s.rewind(max(0, s.run.step - 1))),
            lambda: live.at_rest(lambda s: s.tree.fork(r1=rng.random())),
            lambda: live.at_rest(somewhere),
            live.frame,
        ]
        for _ in range(40):
            try:
                rng.choice(commands)()
            except Exception as error:
                if "There can be 8 runs" not in str(error):
                    errors.append(error)

    hands = [threading.Thread(target=press, args=(hand,)) for hand in range(4)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join(timeout=120)
        assert not hand.is_alive()
    live.slow_motion(False)
    live.frame()
    assert errors == [] and not live.playing
    assert len(live.screen.tree.runs) > 1
    assert as_plain(live.screen)


# ---- two runs, one of which breaks --------------------------------------------------------


def side_by_side(experiment: Experiment, here: int, **breaks: float) -> Live:
    """Run 2 leaves run 1 at step 10 with settings that break it; one of them is looked at."""
    live = Live(experiment)
    live.step(10)
    live.at_rest(lambda screen: screen.tree.fork(**breaks))
    live.at_rest(lambda screen: screen.tree.go_to(here, 1 - here))
    return live


def blamed(status: str) -> str:
    """The sentence that says which step was not finite."""
    [sentence] = re.findall(r"(?<=  )[^.]* was not finite in [^.]*\.", status)
    return sentence


@pytest.mark.parametrize("play", [False, True])
@pytest.mark.parametrize("here", [0, 1])
@BOTH
def test_when_one_of_two_breaks_both_rest_at_a_good_step(quick, experiment, here, play):
    live = side_by_side(experiment, here, lr=1e39)
    frame = [*live.play(50)][-1] if play else live.step(4)
    assert not frame.playing and "Step 11 was not finite in weights" in blamed(frame.status)
    first, broken = live.screen.tree.runs
    assert broken.step == 10 <= first.step and live.run.step == frame.step
    assert as_plain(live.screen)
    frame = live.at_rest(lambda screen: screen.tree.go_to(0))
    assert "not finite" not in frame.status
    *_, last = live.play(5)
    assert last.step == frame.step + 5 and as_plain(live.screen)


@pytest.mark.parametrize("here", [0, 1])
def test_when_two_break_at_once_both_rest_at_a_good_step(quick, here):
    live = side_by_side(RING, here, lr=1e39)
    live.screen.tree.runs[0].set(lr=1e39)
    frame = live.step()
    assert frame.step == 10 and "Step 11 was not finite in weights" in frame.status
    assert [run.step for run in live.screen.tree.runs] == [10, 10]
    for place in 0, 1:  # each by itself
        live.at_rest(lambda screen, place=place: screen.tree.go_to(place))
        live.set(lr=1e-4)
        list(live.play(3))
    assert [run.step for run in live.screen.tree.runs] == [13, 13]
    assert as_plain(live.screen)


@pytest.mark.parametrize("here", [0, 1])
def test_it_is_said_which_of_two_runs_broke(quick, here):
    live = side_by_side(RING, here, lr=1e39)
    said = blamed([*live.play(50)][-1].status)
    assert "run 1" not in said and (here == 1 or "run 2" in said)  # "the run" is ours


@pytest.mark.parametrize("here", [0, 1])
def test_a_record_that_is_not_finite_is_found_in_either_run(quick, here):
    experiment = Experiment("gan", "ring", hidden_dim=8, objective="wasserstein")
    live = side_by_side(experiment, here, lr=1e3, discriminator_lr=1e3)
    *_, last = live.play(500)
    assert "was not finite in" in blamed(last.status) and not live.playing
    assert all(np.isfinite(run.log.rows(whole=True)).all() for run in live.screen.tree.runs)
    assert live.step().png and as_plain(live.screen)


@pytest.mark.parametrize("here", [0, 1])
def test_two_runs_are_never_drawn_from_weights_that_broke(monkeypatch, here):
    drawn = []
    monkeypatch.setattr(
        Canvas,
        "frame",
        lambda _, arrays, __: drawn.append([*arrays]) or np.zeros((4, 6, 3), np.uint8),
    )
    live = side_by_side(RING, here, lr=1e39)
    live.step()
    list(live.play(20))
    for looks in drawn[-3:]:
        assert all(np.isfinite(scene[1]).all() for scene in looks[-2:])


@pytest.mark.parametrize("here", [0, 1])
def test_two_runs_are_never_drawn_torn(quick, monkeypatch, here):
    """An interrupt falls into the middle of a step of run 2, which is looked at or beside."""
    live = side_by_side(RING, here, lr=4e-3)
    live.step(3)
    torn = live.screen.tree.runs[1].trainer
    update = torn.update_discriminator

    def interrupted(*given):
        update(*given)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(torn, "update_discriminator", interrupted)
        with pytest.raises(KeyboardInterrupt):
            live.step()
    live.frame()
    scene = live.screen._panels[-1 if here == 0 else -2]
    run = live.screen.tree.runs[1]
    twin = plain(RING, run.tape, run.step)
    _, stage = RING.start()
    whole_scene = stage.renew(twin).panels[1].arrays(twin.history)
    for ours, theirs in zip(scene.arrays({}), whole_scene, strict=True):
        assert (ours is theirs is None) or np.array_equal(ours, theirs, equal_nan=True)
    live.step(2)
    assert as_plain(live.screen)
