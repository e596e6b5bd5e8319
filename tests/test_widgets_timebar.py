"""The player's time bar, without a browser: rewind, fork, compare, predict, speed, export, keys."""

import gc
import threading
import time
import weakref
from pathlib import Path

import numpy as np
import pytest
from ipywidgets.widgets.widget import _instances
from traitlets import TraitError

from genart_edu.lab import tree
from genart_edu.lab.predict import verdict
from genart_edu.lab.screen import Screen
from genart_edu.views.style import LIGHT
from genart_edu.widgets.player import Player
from genart_edu.widgets.timebar import SPEEDS, TimeBar
from tests.states import everything
from tests.test_widgets_player import (
    GAME,
    SMALL,
    enter,
    play_alone,
    press,
    rest,
    same,
    shown,
    threads,
    wait_until,
)


@pytest.fixture
def player():
    player = Player(SMALL, name="time")
    yield player
    player.close()
    player._worker.join(20)


def control(player, label):
    bar = player.board.time
    (found,) = [
        each
        for each in (*bar.box.children, *bar.question.children)
        if getattr(each, "description", None) == label
    ]
    return found


def click(player, label):
    control(player, label).click()


def scrub(player, step):
    control(player, "step").value = step


def choose(player, label, value):
    control(player, label).value = value


def key(player, name):
    """What the picture in the page says when a key is pressed."""
    player.picture.set_state({"pressed": [name, player.picture.pressed[1] + 1]})


def blocked(player):
    """Let the player's thread wait.  -> what frees it."""
    free = threading.Event()
    player._worker.do(free.wait)
    return free


def plain(experiment, *parts):
    """A run that nobody watches: so many steps, or settings to set, one after another."""
    run, _ = experiment.start()
    for part in parts:
        if isinstance(part, dict):
            run.set(**part)
        else:
            for _ in run.play(part, every=1_000):
                pass
    return run


def bits(run):
    """All of it; of a run at its start, whether rewound or never played, the same."""
    found = everything(run)
    return found | {
        "history": {name: values for name, values in found["history"].items() if values}
    }


def hidden(player, label):
    return control(player, label).layout.display == "none"


# ---- the scrubber -----------------------------------------------------------------------------


def test_the_scrubber_shows_where_the_run_stands_and_how_far_it_got(player):
    scrubber = control(player, "step")
    assert (scrubber.value, scrubber.min, scrubber.max) == (0, 0, 0)
    player.run(25)
    assert (scrubber.value, scrubber.max) == (25, 25)
    scrub(player, 10)
    rest(player)
    assert (scrubber.value, scrubber.max) == (10, 25)


def test_every_state_that_is_asked_for_is_the_one_that_was_there(player):
    player.run(130)
    for step in 100, 99, 0, 1, 37, 129, 130, 64:
        scrub(player, step)
        rest(player)
        assert bits(player.live.run) == bits(plain(SMALL, step))
        assert player.picture.status.startswith(f"Step {step}")
        ahead = "Its recording goes on to step 130." in player.picture.status
        assert ahead == (step < 130) and not player.picture.playing


def test_the_same_step_shows_the_same_picture_wherever_one_came_from(player):
    player.run(60)
    seen = []
    for way in [20], [0, 20], [60, 59, 20]:
        for step in way:
            scrub(player, step)
            rest(player)
        seen.append((player.picture.png, player.picture.status))
    assert seen[1] == seen[2] == seen[0]


def test_of_many_steps_in_a_row_the_last_one_counts(player):
    player.run(60)
    free, pictures = blocked(player), []
    player.picture.observe(lambda change: pictures.append(change["new"]), "status")
    for step in range(60):
        scrub(player, step)
    scrub(player, 17)
    free.set()
    rest(player)
    assert player.live.run.step == control(player, "step").value == 17
    assert all(status.startswith(("Step 17,", "Step 60,")) for status in pictures)


def test_scrubbing_there_and_back_while_the_thread_is_busy_stays_where_it_was(player):
    player.run(60)
    free = blocked(player)
    scrub(player, 5)
    scrub(player, 60)
    free.set()
    rest(player)
    assert player.live.run.step == control(player, "step").value == 60


def test_scrubbing_while_it_plays_pauses_and_stays_where_it_was_moved_to(player):
    rng = np.random.default_rng(0)
    player.run(10)
    for _ in range(12):
        press(player, "Play")
        end = player.live.run.end
        wait_until(lambda end=end: player.live.run.step > end)
        step = int(rng.integers(0, end))
        scrub(player, step)
        rest(player)
        assert player.live.run.step == control(player, "step").value == step
        assert not player.live.playing and not player.picture.playing
        assert player.board.play.description == "Play"
        key(player, "last")
        rest(player)


def test_play_after_rewinding_goes_through_the_recording_and_on(player):
    player.run(60)
    scrub(player, 20)
    rest(player)
    assert player.run(30).live.run.step == 50
    assert "goes on to step 60" in player.picture.status
    player.run(40)
    assert everything(player.live.run) == everything(plain(SMALL, 90))
    assert "goes on" not in player.picture.status and control(player, "step").max == 90


def test_the_choices_show_what_held_at_that_step(player):
    usual = shown(player, "lr")
    player.run(10)
    for rate in 0.25, 0.5:
        enter(player, "lr", rate)
        rest(player)
        player.run(10)
    for step, rate in [(5, usual), (15, 0.25), (10, 0.25), (9, usual), (30, 0.5), (20, 0.5)]:
        scrub(player, step)
        rest(player)
        assert shown(player, "lr") == player.live.run.trainer.lr == rate
        assert ("Since step" in player.picture.status) == (rate != usual)


def test_a_drawing_is_shown_again_where_it_was_the_target():
    player = Player(GAME, name="drawn").run(10)
    player.board.pad.strokes = [[[-0.5, 0.0]], [[0.5, 0.0]]]
    player.board.pad.choose()
    rest(player)
    player.run(10)
    for step, data in [(5, "ring"), (15, "drawn:-0.50 0.00;0.50 0.00")]:
        scrub(player, step)
        rest(player)
        assert shown(player, "data") == player.live.run.batches.data == data
        assert ("of 2 modes" in player.picture.status) == (data != "ring")
    player.close()


# ---- the tree of runs -------------------------------------------------------------------------


def test_a_rate_changed_in_the_past_is_a_fork_and_nothing_is_lost(player):
    player.run(20)
    assert hidden(player, "run") and hidden(player, "beside")
    scrub(player, 10)
    rest(player)
    enter(player, "lr", 0.25)
    rest(player)
    press(player, "Step")
    rest(player)
    first, fork = player.live.screen.tree.runs
    assert (fork.parent, fork.forked_at, first.end) == (first, 10, 20)
    assert everything(fork) == everything(plain(SMALL, 10, {"lr": 0.25}, 1))
    assert "This is run 2, from 1 at 10." in player.picture.status
    assert not hidden(player, "run") and not hidden(player, "beside")
    assert control(player, "run").options == (("run 1", 0), ("run 2, from 1 at 10", 1))
    choose(player, "run", 0)
    rest(player)
    key(player, "last")
    rest(player)
    assert everything(player.live.run) == everything(plain(SMALL, 20))


@pytest.mark.parametrize("half", ["discriminator_step", "generator_step"])
def test_half_a_step_in_the_past_is_a_fork(half):
    player = Player(GAME, name="half").run(20)
    scrub(player, 10)
    rest(player)
    press(player, f"Step {half[0].upper()}")
    rest(player)
    first, fork = player.live.screen.tree.runs
    assert [(e.step, e.name) for e in fork.tape] == [(10, half)] and first.tape == []
    assert (first.end, fork.end, fork.step) == (20, 10, 10)
    player.close()


def test_a_change_at_the_end_of_the_recording_is_no_fork(player):
    player.run(20)
    scrub(player, 10)
    rest(player)
    scrub(player, 20)
    rest(player)
    enter(player, "lr", 0.25)
    rest(player)
    assert len(player.live.screen.tree.runs) == 1 and hidden(player, "run")


def test_a_fork_with_nothing_changed_stays_equal(player):
    player.run(20)
    scrub(player, 10)
    rest(player)
    click(player, "Fork")
    rest(player)
    player.run(30)
    assert same(player.live.run.history, play_alone(SMALL, 40))
    assert len(player.live.screen.tree.runs) == 2


def test_there_are_eight_runs_and_no_more_and_the_last_press_says_so(player):
    for _ in range(8):
        click(player, "Fork")
        rest(player)
    assert len(control(player, "run").options) == 8
    assert "There can be 8 runs and no more" in player.picture.status


def test_beside_another_run_both_stand_at_one_step_and_play_together(player):
    player.run(20)
    scrub(player, 10)
    rest(player)
    enter(player, "lr", 0.25)
    rest(player)
    alone = player.picture.png
    choose(player, "beside", 0)
    rest(player)
    first, fork = player.live.screen.tree.runs
    assert player.picture.png != alone and "Dotted: run 1." in player.picture.status
    assert (first.step, fork.step) == (10, 10)
    press(player, "Step")
    rest(player)
    assert (first.step, fork.step) == (11, 11)
    player.run(19)
    assert everything(fork) == everything(plain(SMALL, 10, {"lr": 0.25}, 20))
    assert everything(first) == everything(plain(SMALL, 30))
    assert "Alike up to step 10." in player.picture.status
    scrub(player, 5)
    rest(player)
    assert (first.step, fork.step) == (5, 5)
    control(player, "beside").label = "nothing"
    rest(player)
    assert player.picture.png != alone and "Dotted" not in player.picture.status
    scrub(player, 10)
    rest(player)
    assert (first.step, fork.step) == (5, 10)


def test_a_run_beside_itself_is_alone(player):
    player.run(5)
    click(player, "Fork")
    rest(player)
    choose(player, "beside", 1)
    rest(player)
    assert control(player, "beside").label == "nothing" and player.live.screen.tree.beside is None


def test_reset_begins_another_tree(player):
    player.run(20)
    click(player, "Fork")
    rest(player)
    choose(player, "beside", 0)
    rest(player)
    old = weakref.ref(player.live.screen.tree.runs[0])
    press(player, "Reset")
    rest(player)
    assert player.live.screen.tree.names == ["run 1"] and player.picture.status == "Step 0."
    assert hidden(player, "run") and hidden(player, "beside")
    assert control(player, "step").max == 0 and control(player, "run").options == (("run 1", 0),)
    gc.collect()
    assert old() is None


def test_what_is_shown_is_nobodys_choice():
    """The bar is shown a run that grows, rewinds, forks, and gives way to a shorter one."""
    told, screen = [], Screen(SMALL, LIGHT)
    bar = TimeBar(lambda *what: told.append(what))

    def show():
        bar.show(screen, screen.run.step)
        scrubber, here, beside = (bar._controls[n] for n in ("rewind", "here", "beside"))
        assert (scrubber.value, scrubber.max) == (screen.run.step, screen.run.end)
        names = ["nothing", *screen.tree.names]
        assert here.label == screen.tree.names[screen.tree.here]
        assert beside.label == names[0 if screen.tree.beside is None else 1 + screen.tree.beside]

    for _ in range(50):
        screen.advance()
    show()
    for _ in range(3):
        screen.tree.fork()
        show()
    screen.tree.go_to(3, 1)
    show()
    screen.tree.fork()
    show()
    screen.tree.go_to(0)
    for _ in range(50):
        screen.advance()
    show()
    screen.tree.go_to(1)
    screen.rewind(10)
    show()
    screen.begin(SMALL)
    show()
    assert told == []


def test_a_choice_that_is_made_while_the_bar_is_drawn_counts():
    """Between any two values that the bar writes, a person moves the scrubber."""
    told, screen = [], Screen(SMALL, LIGHT)
    bar = TimeBar(lambda *what: told.append(what))
    for _ in range(50):
        screen.advance()
    bar.show(screen, screen.run.step)
    scrubber = bar._controls["rewind"]

    def person():
        scrubber.value = 7

    def meanwhile(change):
        scrubber.unobserve(meanwhile, "max")
        thread = threading.Thread(target=person)
        thread.start()
        thread.join(30)

    scrubber.observe(meanwhile, "max")
    for _ in range(50):
        screen.advance()
    bar.show(screen, screen.run.step)
    assert told == [("rewind", 7)] and scrubber.value == 100


def test_the_page_is_never_told_of_a_step_beyond_the_end_that_it_knows():
    """JupyterLab would move it back to that end, and say that a person did."""
    screen, bar = Screen(SMALL, LIGHT), TimeBar(lambda *what: None)
    scrubber, said = bar._controls["rewind"], []
    scrubber.observe(lambda change: said.append((change["name"], change["new"])), ["max", "value"])
    end = 0

    def show():
        nonlocal end
        bar.show(screen, screen.run.step)
        for name, n in said:  # each is a message of its own
            end = n if name == "max" else end
            assert scrubber.min <= n <= end
        said.clear()

    for steps in 5, 1, 20:
        for _ in range(steps):
            screen.advance()
        show()
    screen.rewind(3)
    show()
    screen.tree.fork()
    show()
    screen.tree.go_to(0)
    show()
    screen.begin(SMALL)
    show()
    assert (scrubber.value, scrubber.max) == (0, 0)


def test_rates_changed_in_a_row_while_it_plays_all_count_and_play_goes_on(player):
    press(player, "Play")
    wait_until(lambda: player.picture.playing)
    for n in range(1, 41):
        enter(player, "lr", n / 1_000 + 0.0005)
        time.sleep(0.02)
    now = player.live.run.step
    wait_until(lambda: player.live.run.step > now + 20)
    press(player, "Pause")
    rest(player)
    events = player.live.run.events
    assert [event.value for event in events] == [n / 1_000 + 0.0005 for n in range(1, 41)]
    end, parts, at = player.live.run.step, [], 0
    for event in events:
        parts += [event.step - at, {"lr": event.value}]
        at = event.step
    assert everything(player.live.run) == everything(plain(SMALL, *parts, end - at))


def test_a_change_in_the_past_while_it_plays_is_one_fork_more_and_play_goes_on(player):
    player.run(300)
    for forks in 1, 2, 3:
        scrub(player, 10)
        rest(player)
        choose(player, "speed", 0.1)
        press(player, "Play")
        wait_until(lambda: player.live.run.step > 10)
        enter(player, "lr", forks / 8)
        wait_until(lambda forks=forks: len(player.live.screen.tree.runs) == 1 + forks)
        now = player.live.run.step
        wait_until(lambda now=now: player.live.run.step > now + 2)
        assert player.live.playing and player.live.run.trainer.lr == forks / 8
        press(player, "Pause")
        rest(player)
        assert player.live.screen.tree.here == forks and len(player.live.screen.tree.runs) == (
            1 + forks
        )
        choose(player, "speed", 0.0)
        player.run(300)


# ---- speed ------------------------------------------------------------------------------------


def test_a_slow_play_shows_every_step_and_pause_does_not_wait_for_the_next(player):
    assert [seconds for _, seconds in SPEEDS] == [0.0, 0.1, 1.0]
    steps = []
    player.picture.observe(lambda change: steps.append(player._frame.step), "status")
    choose(player, "speed", 0.1)
    press(player, "Play")
    wait_until(lambda: player.live.run.step >= 4)
    press(player, "Pause")
    rest(player)
    stands = player.live.run.step
    assert sorted(set(steps)) == [*range(1, stands + 1)]
    assert not player.picture.playing


def test_pause_step_and_another_speed_do_not_wait_for_an_hour(player):
    player._act("pace", 3_600.0)
    press(player, "Play")
    wait_until(lambda: player.picture.playing)
    press(player, "Pause")
    rest(player)
    assert player.live.run.step == 1
    press(player, "Play")
    wait_until(lambda: player.live.run.step == 2)
    press(player, "Step")
    rest(player)
    assert player.live.run.step == 3
    press(player, "Play")
    wait_until(lambda: player.live.run.step == 4)
    player._act("pace", 0.0)
    wait_until(lambda: player.live.run.step > 20)


def test_the_speed_stays_after_a_reset(player):
    choose(player, "speed", 1.0)
    press(player, "Reset")
    rest(player)
    assert player.live.screen.step_seconds == control(player, "speed").value == 1


# ---- predict first ----------------------------------------------------------------------------


def ask(player, loss, guess, steps):
    control(player, "Predict first").value = True
    choose(player, "What will happen to", loss)
    player.board.time._guess.value = guess
    choose(player, "in steps", steps)
    click(player, "Show me")


def test_the_question_unfolds_and_asks_about_the_losses_of_the_run(player):
    question = player.board.time.question
    assert question.layout.display == "none"
    control(player, "Predict first").value = True
    assert question.layout.display is None
    player.run(1)
    menu = control(player, "What will happen to")
    assert menu.index == 0
    names = [name for _, name in menu.options]
    assert names == [name for name in player.live.run.history if name != "step"]
    control(player, "Predict first").value = False
    assert question.layout.display == "none"


@pytest.mark.parametrize("guess", ["rises", "stays", "falls"])
def test_a_guess_is_shown_and_judged(player, guess):
    player.run(10)
    ask(player, "kl", guess, 30)
    wait_until(lambda: "You said" in player.picture.status)
    rest(player)
    judged = verdict(play_alone(SMALL, 40), "kl", 10, guess, "nats")
    assert player.live.run.step == 40 and not player.picture.playing
    assert player.picture.status.endswith(f"  {judged}")
    press(player, "Step")
    rest(player)
    assert "You said" not in player.picture.status


def test_while_a_prediction_plays_pause_works_and_it_is_judged_by_what_there_is(player):
    player.run(10)
    ask(player, "kl", "falls", 100_000)
    wait_until(lambda: player.board.play.description == "Pause")
    assert player.picture.playing
    press(player, "Pause")
    rest(player)
    stands = player.live.run.step
    judged = verdict(play_alone(SMALL, stands), "kl", 10, "falls", "nats")
    assert player.picture.status.endswith(f"  {judged}") and not player.live.playing


@pytest.mark.parametrize("label", ["Step", "Reset"])
def test_another_press_ends_a_prediction(player, label):
    player.run(10)
    ask(player, "kl", "falls", 100_000)
    wait_until(lambda: player.picture.playing)
    press(player, label)
    rest(player)
    assert not player.live.playing and "You said" not in player.picture.status
    assert (player.live.run.step == 0) == (label == "Reset")


def test_a_guess_while_it_plays_is_about_what_comes_then(player):
    player.run(10)
    press(player, "Play")
    wait_until(lambda: player.live.run.step > 20)
    ask(player, "kl", "falls", 30)
    wait_until(lambda: "You said" in player.picture.status)
    rest(player)
    end = player.live.run.step
    judged = verdict(play_alone(SMALL, end), "kl", end - 30, "falls", "nats")
    assert player.picture.status.endswith(f"  {judged}")


def test_a_guess_about_the_recording_is_judged_by_the_recording(player):
    player.run(60)
    scrub(player, 20)
    rest(player)
    ask(player, "reconstruction", "falls", 30)
    wait_until(lambda: "You said" in player.picture.status)
    judged = verdict(play_alone(SMALL, 50), "reconstruction", 20, "falls", "nats")
    assert judged in player.picture.status and player.live.run.end == 60


def test_no_guess_and_nothing_to_guess_about_are_answered_in_a_sentence(player):
    click(player, "Show me")
    wait_until(lambda: "before the first step" in player.picture.status)
    player.run(5)
    control(player, "Predict first").value = True
    click(player, "Show me")
    wait_until(lambda: "rises, stays, falls" in player.picture.status)
    rest(player)
    assert player.live.run.step == 5


# ---- export, load -----------------------------------------------------------------------------

LEFT = {"run.py", "history.csv", "picture.png", "film.gif"}


def files(folder):
    return {path.name for path in folder.iterdir()}


def test_export_writes_into_a_new_folder_of_the_working_folder(player, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    player.run(12)
    click(player, "Export")
    rest(player)
    (folder,) = (tmp_path / "genart-runs").iterdir()
    assert files(folder) == {"run-1.safetensors", *LEFT}
    where = folder.relative_to(tmp_path)
    assert f"Kept in {where}: run-1.safetensors, run.py" in player.picture.status
    click(player, "Fork")
    rest(player)
    click(player, "Export")
    rest(player)
    assert files(folder) == {"run-1.safetensors", "run-2.safetensors", *LEFT}
    press(player, "Reset")
    rest(player)
    before = {path: path.read_bytes() for path in folder.iterdir()}
    click(player, "Export")
    rest(player)
    assert len([*(tmp_path / "genart-runs").iterdir()]) == 2
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_a_folder_that_can_not_be_written_is_told_and_the_run_goes_on(
    player, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "genart-runs").write_text("a file of this name")
    player.run(3)
    click(player, "Export")
    rest(player)
    assert player.picture.status.startswith("Step 3, ") and "genart-runs" in player.picture.status
    assert "Kept" not in player.picture.status and "Errno" not in player.picture.status
    assert player.picture.status.endswith(".")
    press(player, "Step")
    rest(player)
    assert player.live.run.step == 4 and "genart-runs" not in player.picture.status


def test_what_was_exported_is_played_on_in_another_player(player, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    player.run(20)
    scrub(player, 10)
    rest(player)
    enter(player, "lr", 0.25)
    rest(player)
    player.run(15)
    scrub(player, 18)
    rest(player)
    click(player, "Export")
    rest(player)
    (folder,) = Path("genart-runs").iterdir()
    again = Player(tree.load(folder), name="again", memory=1_000_000)
    assert control(again, "run").options == control(player, "run").options
    assert [run.end for run in again.live.screen.tree.runs] == [20, 25]
    choose(again, "run", 1)
    rest(again)
    assert (again.live.run.step, control(again, "step").max) == (18, 25)
    assert shown(again, "lr") == 0.25
    again.run(20)
    assert everything(again.live.run) == everything(plain(SMALL, 10, {"lr": 0.25}, 28))
    assert {run.memory.budget for run in again.live.screen.tree.runs} == {1_000_000}
    again.close()


# ---- keys -------------------------------------------------------------------------------------


def test_keys_on_the_picture_step_on_and_back_and_to_both_ends(player):
    player.run(20)
    for name, step in [("back", 19), ("back", 18), ("step", 19), ("first", 0), ("back", 0)]:
        key(player, name)
        rest(player)
        assert player.live.run.step == control(player, "step").value == step
    for name, step in [("step", 1), ("last", 20), ("last", 20), ("step", 21)]:
        key(player, name)
        rest(player)
        assert player.live.run.step == control(player, "step").value == step
    assert everything(player.live.run) == everything(plain(SMALL, 21))


def test_the_space_bar_plays_and_pauses(player):
    key(player, "play")
    wait_until(lambda: player.picture.playing)
    key(player, "play")
    rest(player)
    assert not player.live.playing and player.live.run.step > 0


def test_the_first_key_of_a_fresh_player_may_be_any(player):
    for name in "first", "back", "last":
        key(player, name)
        rest(player)
        assert player.live.run.step == 0 and player.picture.status == "Step 0."
    press(player, "Step")
    rest(player)
    assert player.live.run.step == 1


def test_many_keys_before_the_thread_is_free_all_count(player):
    player.run(20)
    free = blocked(player)
    for _ in range(7):
        key(player, "back")
    free.set()
    rest(player)
    assert player.live.run.step == 13


@pytest.mark.parametrize(
    "name",
    ["", "explode", "rewind", "here", "beside", "pace", "predict", "slow", "reset", "__init__"],
)
def test_what_is_no_key_does_nothing(player, name):
    player.run(5)
    status = player.picture.status
    key(player, name)
    rest(player)
    assert (player.picture.status, player.live.run.step) == (status, 5)
    with pytest.raises(TraitError):
        player.picture.set_state({"pressed": {"name": name}})
    press(player, "Step")
    rest(player)
    assert player.live.run.step == 6 and "slow motion" not in player.picture.status


# ---- what is left -----------------------------------------------------------------------------


def test_nothing_is_left_of_a_player_that_forked_compared_and_was_closed():
    widgets = len(_instances)
    player = Player(SMALL, name="leaves").run(5)
    for _ in range(3):
        click(player, "Fork")
        rest(player)
    choose(player, "beside", 0)
    control(player, "Predict first").value = True
    press(player, "Step")
    rest(player)
    player.close()
    player._worker.join(20)
    gone = weakref.ref(player), weakref.ref(player.live.screen.tree)
    del player
    gc.collect()
    assert [each() for each in gone] == [None, None]
    assert len(_instances) == widgets and threads("leaves") == []


def test_a_cell_that_is_run_ten_times_leaves_one_thread_and_the_widgets_of_one():
    counts = []
    for _ in range(10):
        player = Player(SMALL, name="cell").run(2)
        press(player, "Play")
        wait_until(lambda player=player: player.picture.playing)
        wait_until(lambda: len(threads("cell")) == 1)
        counts.append(len(_instances))
    assert len(set(counts)) == 1
    player.close()
    wait_until(lambda: threads("cell") == [])
