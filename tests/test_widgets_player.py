"""The player: what its buttons and choices do, without a browser."""

import gc
import io
import re
import shutil
import subprocess
import sys
import threading
import time
import weakref
from pathlib import Path

import numpy as np
import pytest
from ipywidgets.widgets.widget import _instances
from PIL import Image

from genart_edu.lab.experiment import Experiment
from genart_edu.lab.live import Live
from genart_edu.views.style import DARK
from genart_edu.widgets.player import Player
from genart_edu.widgets.worker import Worker

ROOT = Path(__file__).parents[1]
SMALL = Experiment("vae", "ring", hidden_dim=4, depth=1, batch_size=4)
WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def player():
    player = Player(SMALL)
    yield player
    player.close()
    player._worker.join(20)


def wait_until(condition):
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def rest(player):
    """Wait until all that was asked for is done."""
    done = threading.Event()
    player._worker.do(done.set)
    assert done.wait(30)


def press(player, label):
    """Press a button, once there is one of that name: it changes after the picture."""

    def named():
        return [b for b in player.board.buttons.children if b.description == label]

    wait_until(named)
    named()[0].click()


def enter(player, name, value):
    player.board.choices._controls[name].value = value


def shown(player, name):
    return player.board.choices._controls[name].value


def play_and_pause(player, steps):
    """Press Play, let it make so many steps at least, press Pause.  -> the step it stands at."""
    wanted = player.live.run.step + steps
    press(player, "Play")
    wait_until(lambda: player.live.run.step >= wanted)
    wait_until(lambda: player.picture.playing)
    press(player, "Pause")
    rest(player)
    return player.live.run.step


def play_alone(experiment, steps):
    run, _ = experiment.start()
    for _ in run.play(steps):
        pass
    return run.history


def same(history, other):
    return history.keys() == other.keys() and all(
        np.array_equal(history[k], other[k]) for k in other
    )


def threads(name):
    return [thread for thread in threading.enumerate() if thread.name == name]


def test_run_makes_the_steps_that_a_run_makes_and_needs_no_thread(player):
    assert player.run(30) is player
    assert same(player.live.run.history, play_alone(SMALL, 30))
    assert player.picture.status.startswith("Step 30, ")
    assert not player.picture.playing and threads("player") == []


def test_play_goes_on_where_it_paused_to_the_bit(player):
    first = play_and_pause(player, 20)
    assert first >= 20 and player.picture.status.startswith(f"Step {first:,}, ")
    time.sleep(0.2)
    assert player.live.run.step == first
    second = play_and_pause(player, 20)
    assert second >= first + 20
    assert same(player.live.run.history, play_alone(SMALL, second))


def test_the_first_button_says_what_it_will_do(player):
    button = player.board.play
    assert button.description == "Play"
    button.click()
    wait_until(lambda: button.description == "Pause")
    button.click()
    wait_until(lambda: button.description == "Play")


def test_play_and_pause_before_the_thread_is_free_make_no_step(player):
    free = threading.Event()
    player._worker.do(free.wait)
    player.board.play.click()
    player.board.play.click()
    free.set()
    rest(player)
    assert player.live.run.step == 0 and not player.live.playing
    assert play_and_pause(player, 1) >= 1


def test_every_press_of_step_adds_one(player):
    for _ in range(5):
        press(player, "Step")
    rest(player)
    assert player.live.run.step == 5 and player.picture.status.startswith("Step 5, ")


def test_step_pauses(player):
    press(player, "Play")
    wait_until(lambda: player.picture.playing)
    press(player, "Step")
    rest(player)
    assert not player.live.playing and not player.picture.playing
    before = player.live.run.step
    press(player, "Step")
    rest(player)
    assert player.live.run.step == before + 1


def test_reset_stands_at_step_0_and_plays_the_same_again(player):
    play_and_pause(player, 20)
    press(player, "Reset")
    rest(player)
    assert player.picture.status == "Step 0." and not player.live.playing
    player.run(10)
    assert same(player.live.run.history, play_alone(SMALL, 10))


@pytest.mark.parametrize(
    ("name", "value"), [("model", "gan"), ("data", "moons"), ("latent_dim", 3), ("seed", 7)]
)
def test_another_choice_is_another_run(player, name, value):
    press(player, "Play")
    wait_until(lambda: player.picture.playing)
    enter(player, name, value)
    rest(player)
    assert re.match(r"Step 0\b", player.picture.status) and not player.live.playing
    assert getattr(player.live.experiment, name) == shown(player, name) == value
    assert player.picture.caption == player.live.stage.caption
    assert player.picture.alt == player.live.screen.canvas.alt
    player.run(5)
    chosen = Experiment(**{**vars(SMALL), name: value})
    assert same(player.live.run.history, play_alone(chosen, 5))


def test_two_choices_at_once_both_count(player):
    enter(player, "model", "gan")
    enter(player, "seed", 3)
    rest(player)
    chosen = player.live.experiment
    assert (
        (chosen.model, chosen.seed) == ("gan", 3) == (shown(player, "model"), shown(player, "seed"))
    )


@pytest.mark.parametrize(("name", "value"), [("model", "gan"), ("data", "digits")])
def test_another_model_or_data_gets_the_learning_rate_that_works_there(player, name, value):
    enter(player, "lr", 0.5)
    enter(player, name, value)
    rest(player)
    works = Experiment(**{**vars(SMALL), name: value}).settled(images=value == "digits")
    assert shown(player, "lr") == works.lr != 0.5
    assert shown(player, "latent_dim") == works.latent_dim


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("latent_dim", 0),
        ("latent_dim", -2),
        ("lr", -0.1),
        ("lr", float("nan")),
        ("seed", -1),
        ("beta", -1.0),
    ],
)
def test_a_bad_value_gets_one_sentence_and_changes_nothing(player, name, value):
    player.run(5)
    before, run = shown(player, name), player.live.run
    with pytest.raises(ValueError) as caught:
        Experiment(**{**vars(SMALL), name: value}).check()
    enter(player, name, value)
    rest(player)
    assert player.picture.status.startswith("Step 5, ")
    assert player.picture.status.endswith(f"  {caught.value}")
    assert shown(player, name) == before and player.live.run is run
    press(player, "Step")
    rest(player)
    assert str(caught.value) not in player.picture.status


def test_a_bad_value_is_told_after_what_was_pressed_before(player):
    free = threading.Event()
    player._worker.do(free.wait)
    press(player, "Step")
    enter(player, "latent_dim", 0)
    free.set()
    rest(player)
    assert player.live.run.step == 1 and player.picture.status.endswith("got 0.")


def test_a_bad_value_while_it_plays_is_told_and_play_goes_on(player):
    press(player, "Play")
    wait_until(lambda: player.picture.playing)
    enter(player, "latent_dim", 0)
    wait_until(lambda: "got 0." in player.picture.status)
    before = player.live.run.step
    wait_until(lambda: player.live.run.step > before)
    assert shown(player, "latent_dim") == 2


def test_a_learning_rate_is_an_event_of_the_living_run(player):
    press(player, "Play")
    wait_until(lambda: player.picture.playing)
    enter(player, "lr", 0.25)
    wait_until(lambda: player.live.run.events)
    press(player, "Pause")
    rest(player)
    ((step, name, value),) = player.live.run.events
    assert (name, value) == ("lr", 0.25) and player.live.run.trainer.lr == 0.25
    assert f"  Since step {step:,}: learning rate 0.25." in player.picture.status
    press(player, "Reset")
    rest(player)
    assert player.live.run.events == [] and shown(player, "lr") == 0.25
    assert player.live.run.trainer.lr == 0.25


def test_beta_is_an_event_of_the_living_run_and_only_a_vae_has_it(player):
    player.run(5)
    enter(player, "beta", 4.0)
    rest(player)
    press(player, "Step")
    rest(player)
    assert [tuple(event) for event in player.live.run.events] == [(5, "beta", 4.0)]
    assert player.live.run.trainer.beta == 4 and player.live.run.step == 6
    assert player.picture.status.endswith("  Since step 5: β 4.")
    enter(player, "lr", 0.25)
    rest(player)
    assert "  Since step 5: β 4.  Since step 6: learning rate 0.25." in player.picture.status
    assert player.board.choices._controls["beta"].layout.display is None
    enter(player, "model", "gan")
    rest(player)
    assert player.board.choices._controls["beta"].layout.display == "none"


def test_a_gan_can_be_chosen_after_whatever_was_chosen_of_a_vae():
    player = Player(Experiment(**{**vars(SMALL), "free_bits": 0.5, "warmup": 9, "beta": 2.0}))
    enter(player, "model", "gan")
    rest(player)
    assert player.live.experiment.model == "gan" and player.picture.status.startswith("Step 0")
    assert "a choice of a vae" not in player.picture.status
    player.close()


def test_a_refused_choice_leaves_what_was_changed_while_it_lived():
    player = Player(Experiment(**{**vars(SMALL), "data": "digits", "labels": True}))
    enter(player, "beta", 2.0)
    rest(player)
    enter(player, "data", "ring")  # has no labels
    rest(player)
    assert "conv and labels are for pictures" in player.picture.status
    assert shown(player, "beta") == player.experiment.beta == player.live.run.trainer.beta == 2
    player.close()


def test_the_rate_of_a_gan_is_the_generators_before_and_after_a_reset():
    player = Player(Experiment(**{**vars(SMALL), "model": "gan", "discriminator_lr": 0.125}))
    assert player.board.choices._controls["lr"].description == "generator's rate"
    enter(player, "lr", 0.25)
    rest(player)
    for _ in range(2):
        trainer = player.live.run.trainer
        assert (trainer.lr, trainer.discriminator_lr) == (0.25, 0.125)
        press(player, "Reset")
        rest(player)
    enter(player, "model", "vae")
    rest(player)
    assert player.board.choices._controls["lr"].description == "learning rate"
    player.close()


def test_a_step_that_is_not_finite_pauses_with_a_sentence(player):
    enter(player, "lr", 1e30)
    press(player, "Play")
    wait_until(lambda: player._turn is None)
    rest(player)
    assert "was not finite" in player.picture.status
    assert player.board.play.description == "Play" and not player.live.playing
    enter(player, "lr", 1e-3)
    press(player, "Reset")
    rest(player)
    assert play_and_pause(player, 5) >= 5


def test_data_that_is_gone_is_told_and_the_old_run_stays(tmp_path):
    folder = tmp_path / "my pictures"
    folder.mkdir()
    for grey in range(6):
        Image.new("L", (28, 28), 40 * grey).save(folder / f"{grey}.png")
    data = f"folder:{folder}"
    player = Player(Experiment(data=data, hidden_dim=4)).run(3)
    shutil.rmtree(folder)
    enter(player, "seed", 1)
    rest(player)
    assert player.picture.status.startswith("Step 3, ") and str(folder) in player.picture.status
    assert (shown(player, "data"), shown(player, "seed")) == (data, 0)
    assert player.run(1).live.run.step == 4
    enter(player, "data", "digits")
    rest(player)
    assert player.live.experiment == Experiment(hidden_dim=4)
    player.close()


def test_a_cell_that_is_run_again_replaces_its_panel_and_ends_its_thread():
    players = [Player(SMALL, name="one"), Player(SMALL, name="two")]
    for player in players:
        press(player, "Play")
    wait_until(lambda: all(player.picture.playing for player in players))
    first, other = players
    second = Player(SMALL, name="one")
    wait_until(lambda: threads("one") == [])
    assert not first.live.playing and other.live.playing and len(threads("two")) == 1
    assert first.panel.comm is None and first.picture.comm is None
    press(second, "Play")
    wait_until(lambda: second.live.run.step > 0)
    assert len(threads("one")) == 1
    second.close()
    other.close()


def test_nothing_is_left_of_a_player_that_was_closed():
    widgets = len(_instances)
    player = Player(SMALL)
    play_and_pause(player, 1)
    player.close()
    player._worker.join(20)
    gone = weakref.ref(player)
    del player
    gc.collect()
    assert gone() is None
    assert len(_instances) == widgets


def test_a_player_that_can_not_be_made_leaves_the_old_one_alone(player):
    with pytest.raises(ValueError, match="latent_dim"):
        Player(Experiment(latent_dim=0))
    press(player, "Step")
    rest(player)
    assert player.live.run.step == 1 and player.panel.comm is not None


def test_a_saved_notebook_shows_the_picture_and_a_line_that_is_always_the_same(player):
    data, about = player.run(7)._repr_mimebundle_(include=None, exclude=None)
    assert data["text/plain"] == "Player: VAE on ring, step 7"
    assert data["image/png"] == player.picture.png == Live(SMALL).step(7).png
    assert data[WIDGET]["model_id"] == player.panel.model_id
    assert about["image/png"]["alt"] == player.live.screen.canvas.alt != ""


def test_the_theme_is_the_pictures_too():
    player = Player(SMALL, theme="dark")
    picture = Image.open(io.BytesIO(player.picture.png))
    assert "#{:02x}{:02x}{:02x}".format(*picture.getpixel((0, 0))) == DARK.background
    assert "genart-dark" in player.panel._dom_classes
    player.close()
    with pytest.raises(ValueError, match="theme must be one of light, dark; got 'blue'"):
        Player(SMALL, theme="blue")


def test_python_ends_in_peace_while_it_plays():
    code = (
        "import sys, time\n"
        "from genart_edu.widgets.player import Player\n"
        "player = Player()\n"
        "player.board.play.click()\n"
        "while player.live.run.step < 20: time.sleep(0.01)\n"
        "print('matplotlib.pyplot' in sys.modules)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (run.returncode, run.stdout, run.stderr) == (0, "False\n", "")


def test_a_job_that_fails_is_told_and_the_next_one_is_done():
    told, done = [], threading.Event()
    worker = Worker("worker", told.append)
    worker.do(lambda: [][0])
    worker.do(lambda: float("x"))
    worker.do(done.set)
    assert done.wait(30)
    assert told == [
        "IndexError('list index out of range')",
        "could not convert string to float: 'x'",
    ]
    worker.end()
    worker.join(30)
    assert threads("worker") == []


# ---- the GAN game -----------------------------------------------------------------------------

GAME = Experiment("gan", "ring", hidden_dim=4, depth=1, batch_size=4)
DRAWN = "drawn:-0.50 0.00;0.50 0.00"


@pytest.fixture
def game():
    player = Player(GAME, name="game")
    yield player
    player.close()
    player._worker.join(20)


def layer(player, name):
    (switch,) = [s for s in player.board.switches.box.children if s.description == name]
    return switch


@pytest.mark.parametrize("half", ["discriminator_step", "generator_step"])
def test_half_a_step_of_a_gan_is_an_event_and_no_step(game, half):
    press(game, f"Step {half[0].upper()}")
    rest(game)
    assert game.live.run.step == 0 and [e.name for e in game.live.run.events] == [half]


def test_a_vae_has_no_half_steps_to_press_and_a_gan_has(player, game):
    assert all(half.layout.display == "none" for half in player.board.halves)
    assert all(half.layout.display is None for half in game.board.halves)
    enter(game, "model", "vae")
    rest(game)
    assert all(half.layout.display == "none" for half in game.board.halves)


def test_a_switch_shows_a_layer_and_says_so_without_colour(game):
    assert layer(game, "surface").icon == "check" and layer(game, "manifold").icon == ""
    before = game.picture.png
    layer(game, "manifold").value = True
    rest(game)
    assert game.live.stage.layers["manifold"] and layer(game, "manifold").icon == "check"
    assert game.picture.png != before


def test_another_stage_has_other_switches_and_the_old_ones_are_closed(game):
    old = list(game.board.switches.box.children)
    enter(game, "data", "digits")
    rest(game)
    names = [switch.description for switch in game.board.switches.box.children]
    assert names == list(game.live.stage.layers) and "quality" in names
    assert all(switch.comm is None for switch in old)


def test_what_can_be_set_while_a_gan_lives_is_an_event_and_told(game):
    for name, value in {"discriminator_lr": 0.0, "r1": 0.5, "instance_noise": 0.1}.items():
        enter(game, name, value)
    rest(game)
    assert [(e.name, e.value) for e in game.live.run.events] == [
        *[("discriminator_lr", 0.0), ("r1", 0.5), ("instance_noise", 0.1)]
    ]
    assert "Since step 0: discriminator's rate 0." in game.picture.status
    press(game, "Reset")
    rest(game)
    assert game.live.experiment.r1 == 0.5 and game.live.run.events == []


def test_a_drawing_goes_into_the_living_run_and_reset_begins_with_it(game):
    press(game, "Step")
    rest(game)
    game.board.pad.strokes = [[[-0.5, 0.0]], [[0.5, 0.0]]]
    game.board.pad.choose()
    rest(game)
    assert [(e.step, e.name, e.value) for e in game.live.run.events] == [(1, "data", DRAWN)]
    assert (
        "of 2 modes" in game.picture.status and "Since step 1: data drawn." in game.picture.status
    )
    assert shown(game, "data") == DRAWN and game.live.run.step == 1
    press(game, "Reset")
    rest(game)
    assert game.live.run.step == 0 and game.live.run.batches.data == DRAWN
    enter(game, "data", "moons")
    rest(game)
    assert game.live.run.batches.data == "moons" and game.live.run.events == []


def test_a_drawing_that_is_none_is_answered_on_the_pad(game):
    game.board.pad.strokes = []
    game.board.pad.choose()
    rest(game)
    assert game.board.pad.error.endswith(".") and game.live.run.batches.data == "ring"


def test_a_drawing_for_pictures_begins_a_run_in_the_plane(game):
    enter(game, "data", "digits")
    rest(game)
    game.board.pad.strokes = [[[0.0, 0.0]]]
    game.board.pad.choose()
    rest(game)
    assert game.live.stage.shape == (2,) and game.live.run.batches.data == "drawn:0.00 0.00"


def test_in_slow_motion_a_press_of_step_is_a_moment(game):
    (slow,) = [b for b in game.board.buttons.children if b.description == "Slow motion"]
    slow.value = True
    told = []
    for _ in range(10):
        press(game, "Step")
        rest(game)
        told.append(game.picture.status)
    assert game.live.run.step == 1 and len(set(told)) == 10
    assert all("Step 1 in slow motion" in each for each in told)
    slow.value = False
    rest(game)
    assert "slow motion" not in game.picture.status
