"""The screen as a time machine: whatever is done on it, each run is a plain run of its events."""

import gc
import weakref
from typing import Any

import numpy as np
import pytest

from genart_edu.lab.experiment import Experiment
from genart_edu.lab.flow import said
from genart_edu.lab.memory import Memory
from genart_edu.lab.parts import Event
from genart_edu.lab.run import Run
from genart_edu.lab.screen import Screen
from genart_edu.lab.slow import Moment
from genart_edu.lab.stages import Stage
from genart_edu.lab.tree import MOST
from genart_edu.views.canvas import Canvas, Still
from genart_edu.views.style import LIGHT
from tests.states import everything

RING = Experiment("gan", "ring", hidden_dim=8, batch_size=16)
DIGITS = Experiment("vae", "digits", hidden_dim=8, batch_size=16, latent_dim=2)
SEEDS = Experiment("gan", "ring", hidden_dim=8, batch_size=8, seeds=3)
PAINTER = Experiment("gan", "digits", hidden_dim=8, batch_size=16)
EACH = pytest.mark.parametrize("experiment", [RING, DIGITS, SEEDS], ids=["gan", "vae", "seeds"])
HALVES = "discriminator_step", "generator_step"
DRAWN = "drawn:-0.50 0.00 0.50 0.00;0.00 0.80"
MOMENTS = 10  # of a GAN's step in slow motion


def advanced(screen: Screen, steps: int, half: str = "") -> Screen:
    for _ in range(steps):
        screen.advance(half)
    return screen


def plain(experiment: Experiment, events: list[Event], end: int) -> Run:
    """The same run without a screen, a tree or a way back."""
    run, _ = experiment.start()
    for event in events:
        while run.step < event.step:
            run.advance()
        if event.name in run.trainer.half_steps:
            assert run.half_step(event.name) == event.value
        else:
            run.set(**{event.name: event.value})
    while run.step < end:
        run.advance()
    return run


def whole(run: Run) -> dict[str, Any]:
    """Before its first step nobody knows the names of what it reports."""
    return everything(run) | ({} if run.step else {"history": {}})


def as_plain(screen: Screen) -> bool:
    """Whether every run of the tree, at its end and where it stands, is a plain run to the bit."""
    for run in screen.tree.runs:
        for step in run.step, run.end:
            run.rewind(step)
            if whole(run) != whole(plain(screen.tree.experiment, run.events, run.step)):
                return False
    return True


def points(stage: Any) -> np.ndarray:
    """The real points that a stage shows: each density has its own."""
    return stage.panels[stage.scene].arrays({"step": np.zeros(0)})[0]


REAL = {data: points(Experiment("gan", data).start()[1]) for data in ("ring", DRAWN)}


def shown(screen: Screen) -> list[list[np.ndarray | None]]:
    """What each view of the picture is handed."""
    handed: list[Any] = []
    canvas: Any = screen.canvas
    frame, canvas.frame = canvas.frame, lambda arrays, _: handed.append(arrays)
    screen.look()
    canvas.frame = frame
    return handed[0] if handed else shown(screen)  # of a canvas that was made meanwhile


@pytest.fixture
def quick(monkeypatch):
    """Pictures that cost nothing, for tests in which many are made."""
    monkeypatch.setattr(Canvas, "frame", lambda *_: np.zeros((4, 6, 3), np.uint8))


# ---- rewinding ----------------------------------------------------------------------------


@EACH
def test_rewound_and_played_again_it_is_the_run_that_nobody_rewound(quick, experiment):
    screen = advanced(Screen(experiment, LIGHT), 10)
    screen.set(lr=2e-3)
    advanced(screen, 3)
    for half in screen.run.trainer.half_steps:
        screen.advance(half)
    advanced(screen, 12)
    tape = [*screen.run.tape]
    for step in 25, 0, 13, 12, 10, 9, 24, 25:
        screen.rewind(step)
        screen.look()
        before = [event for event in tape if event.step <= step]
        assert whole(screen.run) == whole(plain(experiment, before, step))
        advanced(screen, 2)
        step += 2
        before = [event for event in tape if event.step <= step]
        assert whole(screen.run) == whole(plain(experiment, before, step))
    assert len(screen.tree.runs) == 1 and screen.run.tape == tape


@pytest.mark.parametrize("slow", [False, True])
@pytest.mark.parametrize("half", ["", *HALVES])
@pytest.mark.parametrize("step", [0, 7, 12])
def test_a_change_in_the_past_is_a_fork_and_nothing_is_lost(quick, half, slow, step):
    screen = advanced(Screen(RING, LIGHT), 5)
    screen.set(lr=2e-3)
    advanced(screen, 2, HALVES[1])
    advanced(screen, 15)
    parent, tape = screen.run, [*screen.run.tape]
    screen.rewind(step)
    screen.slow_motion(slow)
    screen.advance(half) if half else screen.set(lr=5e-3, discriminator_lr=1e-3)
    fork = screen.run
    assert fork.parent is parent and (fork.forked_at, fork.step, fork.end) == (step, step, step)
    done = [half] if half else ["lr", "discriminator_lr"]
    assert [event.name for event in fork.tape if event not in tape] == done
    assert (parent.step, parent.end, parent.tape) == (step, 20, tape)
    screen.slow_motion(False)
    advanced(screen, 6)
    assert (parent.step, fork.step, len(screen.tree.runs)) == (step, step + 6, 2)
    assert as_plain(screen)


def test_at_the_end_of_its_recording_a_change_is_no_fork(quick):
    screen = advanced(Screen(RING, LIGHT), 10)
    screen.rewind(4)
    advanced(screen, 6)
    screen.set(lr=1e-4)
    screen.advance(HALVES[0])
    assert len(screen.tree.runs) == 1 and as_plain(screen)
    assert [event.step for event in screen.run.tape] == [10, 10]


def test_what_can_not_be_changes_nothing(quick):
    screen = advanced(Screen(RING, LIGHT), 10)
    screen.rewind(4)
    before = everything(screen.run)
    for bad in {"lr": -1}, {"beta": 1}, {"data": "drawn:7 7"}:
        with pytest.raises(ValueError):
            screen.set(**bad)
    for step in -1, 11, 2.5, "2", None:
        with pytest.raises(ValueError, match="step must be from 0 to 10"):
            screen.rewind(step)
    with pytest.raises(ValueError):
        screen.tree.go_to(1)
    with pytest.raises(ValueError):
        screen.tree.go_to(0, -1)
    assert len(screen.tree.runs) == 1 and screen.tree.beside is None
    assert (screen.run.end, everything(screen.run)) == (10, before)


def test_a_full_tree_refuses_in_a_sentence_and_stays_as_it_is(quick):
    screen = advanced(Screen(RING, LIGHT), 10)
    for step in range(MOST - 1):
        screen.tree.go_to(0)
        screen.rewind(step)
        screen.set(lr=1e-3 + step)
        advanced(screen, 1)
    screen.rewind(3)
    before = everything(screen.run)
    for act in (
        lambda: screen.set(lr=0.1),
        lambda: screen.advance(HALVES[0]),
        screen.tree.fork,
    ):
        with pytest.raises(ValueError, match=r"^There can be 8 runs and no more: .*\.$"):
            act()
    assert len(screen.tree.runs) == MOST and screen.tree.here == MOST - 1
    assert (screen.run.end, everything(screen.run)) == (MOST - 1, before)
    advanced(screen, 4)
    screen.set(lr=0.1)  # at its end
    assert as_plain(screen)


# ---- a target that is redrawn -------------------------------------------------------------


def redrawn() -> Screen:
    """Ring, from step 10 on a drawing, from 20 on ring again; stands at 30."""
    screen = advanced(Screen(RING, LIGHT), 10)
    screen.set(data=DRAWN)
    advanced(screen, 10)
    screen.set(data="ring")
    return advanced(screen, 10)


def target(screen: Screen) -> str:
    """What the picture shows, what is counted and what is learned, which must be one."""
    run: Any = screen.run
    seen: Any = shown(screen)[screen.stage.scene][0]
    [name] = [name for name, real in REAL.items() if np.array_equal(seen, real)]
    assert name == run.batches.data == run.batches.density.name
    modes = {"ring": "8", DRAWN: "3"}[name]
    assert f" of {modes} modes" in screen.look()[1]
    assert len(screen.stage.measure()["modes"].shape) == 0
    return name


def test_a_redrawn_target_is_seen_at_its_time_only_in_both_directions():
    screen = redrawn()
    at = {9: "ring", 10: DRAWN, 19: DRAWN, 20: "ring", 0: "ring", 30: "ring"}
    for step in 19, 9, 10, 20, 19, 30, 0, 10, 9, 20:
        screen.rewind(step)
        assert target(screen) == at[step], step
    assert as_plain(screen)


def test_playing_over_the_event_redraws_the_target():
    screen = redrawn()
    screen.rewind(8)
    found = [target(advanced(screen, 1)) for _ in range(14)]
    assert found == ["ring", *[DRAWN] * 10, *["ring"] * 3]


def test_a_fork_before_the_target_was_redrawn_keeps_the_old_one_and_the_parent_its_own():
    screen = redrawn()
    for step in 5, 15:
        screen.tree.go_to(0)
        screen.rewind(step)
        screen.tree.fork()  # and no look in between
        target(advanced(screen, 10))
    assert target(screen) == DRAWN  # from 15 on nobody redrew it again
    screen.tree.go_to(1)
    assert target(screen) == "ring"
    screen.tree.go_to(0)
    assert (screen.run.step, target(screen)) == (15, DRAWN)
    screen.rewind(30)
    assert target(screen) == "ring" and as_plain(screen)


def test_the_run_beside_it_is_shown_with_the_target_of_its_time():
    screen = redrawn()
    screen.rewind(5)
    advanced(screen, 0).set(lr=2e-3)
    advanced(screen, 25)
    screen.tree.go_to(1, 0)
    for step in 5, 12, 22, 30, 9, 10:
        screen.rewind(step)
        ours, theirs = (each[0] for each in shown(screen)[-2:])
        assert np.array_equal(ours, REAL["ring"])
        assert np.array_equal(theirs, REAL[DRAWN if 10 <= step < 20 else "ring"]), step
    advanced(screen, 10)
    assert np.array_equal(shown(screen)[-1][0], REAL["ring"])


def test_a_verdict_counts_the_steps_on_the_data_of_now(quick):
    """Ring, a drawing and ring again: the same name, and another time."""
    steps = 1_510
    screen = advanced(Screen(RING, LIGHT), steps)
    [of_then] = [screen.look()[1]]
    screen.set(data=DRAWN)
    advanced(screen, 2)
    screen.set(data="ring")
    advanced(screen, 2)
    assert "Too early" not in of_then and "Too early" in screen.look()[1]
    screen.rewind(steps - 1)
    advanced(screen, 1)
    screen.rewind(steps - 1)
    verdict = of_then.rpartition("nats.  ")[2].split(":")[0]
    assert verdict in screen.look()[1] and "Too early" not in screen.look()[1]
    advanced(screen, 4)  # over both, and nobody looked in between
    assert "Too early" in screen.look()[1]


# ---- slow motion --------------------------------------------------------------------------


def moment(screen: Screen) -> Moment:
    return screen._moments[screen._at]


def test_a_rewound_step_in_slow_motion_is_the_one_that_was_made(quick):
    screen = Screen(RING, LIGHT)
    screen.slow_motion(True)
    first = []
    for _ in range(3 * MOMENTS):
        screen.advance()
        first.append((screen.run.step, said(moment(screen))))
    screen.rewind(0)
    assert "slow motion" not in screen.look()[1]
    again = []
    for _ in range(3 * MOMENTS):
        screen.advance()
        again.append((screen.run.step, said(moment(screen))))
    assert again == first and len(screen.tree.runs) == 1
    screen.rewind(1)
    screen.advance()
    assert (screen.run.step, said(moment(screen))) == first[MOMENTS]
    assert as_plain(screen)


def test_a_change_in_the_middle_of_a_rewound_step_is_a_fork_behind_it(quick):
    screen = advanced(Screen(RING, LIGHT), 10)
    screen.rewind(4)
    screen.slow_motion(True)
    advanced(screen, 3)
    screen.set(lr=5e-3)
    assert screen.run.tape == [Event(5, "lr", 5e-3)] and screen.run.forked_at == 5
    screen.look()
    screen.slow_motion(False)
    advanced(screen, 3)
    assert as_plain(screen) and screen.tree.runs[0].end == 10


def test_slow_motion_shows_the_target_of_its_time_and_the_layers_as_they_were_switched(quick):
    screen = redrawn()
    screen.switch(surface=False)
    screen.rewind(9)
    screen.look()
    screen.slow_motion(True)
    for step in range(10, 13):
        advanced(screen, MOMENTS)
        assert screen.run.step == step
        if step > 10:  # the step that leads to the event is on the old target
            assert np.array_equal(moment(screen).seen[0], REAL[DRAWN])
        assert moment(screen).seen[2] is None


def test_a_step_that_redraws_the_target_is_seen_whole_in_slow_motion(quick):
    screen = redrawn()
    screen.rewind(9)
    screen.look()
    screen.slow_motion(True)
    for step in 10, 11:
        for _ in range(MOMENTS):
            screen.advance()
            assert screen.look()[1].startswith(f"Step {step} in slow motion")


def test_slow_motion_beside_another_run_traces_our_step_alone(quick):
    alone = advanced(Screen(RING, LIGHT), 5)
    alone.set(lr=2e-3)
    screen = advanced(Screen(RING, LIGHT), 5)
    screen.tree.fork(lr=2e-3)
    screen.tree.go_to(1, 0)
    for each in alone, screen:
        each.slow_motion(True)
    for _ in range(2 * MOMENTS):
        assert said(moment(advanced(screen, 1))) == said(moment(advanced(alone, 1)))
    assert screen.run.step == 7
    screen.slow_motion(False)
    advanced(screen, 2)
    assert as_plain(screen)


@pytest.mark.parametrize("beside", [None, 1])
def test_another_run_is_not_shown_with_the_moments_of_the_last_one(quick, beside):
    screen = advanced(Screen(RING, LIGHT), 5)
    screen.tree.fork(lr=2e-3)
    screen.slow_motion(True)
    advanced(screen, 4)
    assert screen.look()[1].startswith("Step 6 in slow motion")
    screen.tree.go_to(0, beside)
    assert screen.look()[1].startswith("Step 5, ")
    advanced(screen, 1)
    assert screen.run.step == 6 and screen.look()[1].startswith("Step 6 in slow motion")
    assert screen._at == 0 and as_plain(screen)


# ---- two runs -----------------------------------------------------------------------------


def two(behind: int = 10, ahead: int = 20) -> Screen:
    """Run 1 ends at `behind`, its fork from step 5 on at `ahead`; they stand side by side."""
    screen = advanced(Screen(RING, LIGHT), behind)
    screen.rewind(5)
    screen.set(lr=5e-3)
    advanced(screen, ahead - 5)
    screen.tree.go_to(1, 0)
    return screen


def steps(screen: Screen) -> list[int]:
    return [run.step for run in screen.tree.runs]


def test_two_runs_stand_at_one_step_as_far_as_both_got(quick):
    screen = two()
    assert steps(screen) == [10, 20]
    screen.rewind(7)
    assert steps(screen) == [7, 7]
    advanced(screen, 2)
    assert steps(screen) == [9, 9]
    screen.rewind(0)
    assert steps(screen) == [0, 0]
    screen.rewind(20)
    assert steps(screen) == [10, 20]
    screen.tree.go_to(0, 1)
    assert steps(screen) == [10, 10]  # who is looked at stays
    advanced(screen, 15)
    assert steps(screen) == [25, 25]
    assert as_plain(screen)


def test_a_run_beside_that_is_ahead_waits(quick):
    screen = two()
    screen.tree.go_to(0)
    advanced(screen, 20)
    screen.tree.go_to(0)
    screen.tree.beside = 1  # as after our own step was undone
    screen.tree.run.rewind(15)
    advanced(screen, 3)
    assert steps(screen) == [18, 20]
    advanced(screen, 3)
    assert steps(screen) == [21, 21] and as_plain(screen)


def test_two_runs_are_forked_and_changed_side_by_side(quick):
    screen = two()
    screen.rewind(8)
    screen.set(discriminator_lr=3e-3)
    assert (screen.tree.here, screen.tree.beside) == (2, 0)
    advanced(screen, 4)
    assert steps(screen) == [12, 8, 12]
    screen.advance(HALVES[0])
    screen.rewind(3)
    screen.advance(HALVES[1])
    assert steps(screen) == [3, 8, 3, 3] and screen.tree.beside == 0
    advanced(screen, 3)
    assert as_plain(screen) and [run.end for run in screen.tree.runs] == [12, 20, 12, 6]


def test_a_layer_is_switched_in_both_pictures(quick):
    screen = two()
    screen.look()
    for on in False, True, False:
        screen.switch(surface=on)
        assert [each[2] is not None for each in shown(screen)[-2:]] == [on] * 2
    screen.tree.go_to(0, 1)
    assert [each[2] is not None for each in shown(screen)[-2:]] == [False] * 2


# ---- calm panels --------------------------------------------------------------------------


def test_no_distance_of_the_future_is_left(quick):
    screen = Screen(RING, LIGHT)
    screen.switch(distances=True)
    for _ in range(6):
        advanced(screen, 10).look()
    place = [panel.layer for panel in screen.stage.shown()].index("distances")
    for step, left in (35, [10, 20, 30, 35]), (10, [10]), (60, [10, 60]), (5, [5]):
        screen.rewind(step)
        assert shown(screen)[place][0].tolist() == left
    advanced(screen, 20)
    screen.look(hurry=True)  # as while it plays
    assert shown(screen)[place][0].tolist() == [5, 25]
    screen.rewind(15)
    advanced(screen, 0).tree.fork()
    assert max(shown(screen)[place][0]) == 15


def test_modes_are_those_of_now(quick):
    screen = Screen(RING, LIGHT)
    place = [panel.layer for panel in screen.stage.shown()].index("modes")
    counted = {}
    for step in range(0, 60, 10):
        counted[step] = shown(screen)[place][0].tolist()
        advanced(screen, 10)
    for step in 30, 0, 50, 10:
        screen.rewind(step)
        assert shown(screen)[place][0].tolist() == counted[step]


def test_a_film_shows_no_picture_of_the_future(quick):
    screen = Screen(PAINTER, LIGHT)
    screen.switch(film=True)
    grids = {}
    for step in range(0, 240, 20):
        grids[step] = shown(screen)[-1][0]
        advanced(screen, 20)
    rows = {step: len(grid) // 8 for step, grid in grids.items()}
    assert [rows[step] for step in (0, 40, 60, 120, 220)] == [1, 1, 2, 3, 3]
    for step, of in (130, 120), (60, 60), (50, 40), (0, 0), (220, None):
        screen.rewind(step)
        grid = shown(screen)[-1][0]
        if of is None:
            assert len(grid) // 8 == 2  # the first, and that of now
        elif step == 50:
            assert len(grid) // 8 == 2 and np.array_equal(grid[:8], grids[0])
        else:
            assert np.array_equal(grid, grids[of])


# ---- memory -------------------------------------------------------------------------------


def test_a_budget_is_carried_over_a_reset_and_into_a_fork(quick):
    screen = advanced(Screen(RING, LIGHT), 5)
    screen.run.memory.budget = 1_234_567
    screen.tree.fork()
    assert screen.run.memory.budget == 1_234_567
    screen.begin(DIGITS)
    assert screen.run.memory.budget == 1_234_567
    with pytest.raises(ValueError):
        screen.begin(Experiment("wgan"))
    screen.begin(RING)
    assert screen.run.memory.budget == 1_234_567


def test_a_small_budget_is_kept_by_all_runs_of_a_tree_together(quick):
    screen = advanced(Screen(RING, LIGHT), 2)
    screen.run.memory.budget = 600_000
    for run in screen.tree.runs:
        run.key_every = 2
    for n in range(3):
        advanced(screen, 30)
        screen.rewind(screen.run.end - 7)
        screen.set(lr=1e-3 + n)
    assert screen.run.memory.size <= 600_000
    assert as_plain(screen)


def alive(*kinds: type) -> list[int]:
    gc.collect()
    return [sum(type(each) is kind for each in gc.get_objects()) for kind in kinds]


def test_a_tree_that_is_begun_anew_frees_its_runs(quick):
    screen = advanced(Screen(RING, LIGHT), 5)
    screen.tree.fork(lr=1e-3)
    screen.tree.go_to(1, 0)
    screen.look()
    screen.switch(manifold=True)
    screen.slow_motion(True)
    advanced(screen, 3).look()
    kept: list[Any] = [screen.tree, *screen.tree.runs, *(r.memory for r in screen.tree.runs)]
    kept += [screen.stage, screen.canvas, *(run.trainer for run in screen.tree.runs)]
    gone = [weakref.ref(each) for each in kept]
    kept.clear()
    screen.begin(RING)
    gc.collect()
    assert [ref() for ref in gone] == [None] * len(gone)


def test_going_to_and_fro_thirty_times_leaves_nothing_behind(quick):
    screen = two()
    advanced(screen, 3)

    def to_and_fro(times: int) -> None:
        for n in range(times):
            screen.tree.go_to(n % 2, (n + 1) % 2 if n % 3 else None)
            screen.rewind(n % 10)
            advanced(screen, 1)
            screen.look()

    to_and_fro(6)
    kinds = Canvas, Still, Stage, Run, Memory, Moment, dict, list
    before = alive(*kinds)
    to_and_fro(30)
    after = alive(*kinds)
    assert after[:6] == before[:6]
    assert all(more < some + 30 for more, some in zip(after[6:], before[6:], strict=True))
    assert len(screen.tree.runs) == 2 and as_plain(screen)


def test_ten_trees_in_a_row_leave_nothing_behind(quick):
    screen = Screen(RING, LIGHT)

    def again() -> None:
        screen.begin(RING)
        advanced(screen, 2).rewind(1)
        screen.set(lr=1e-3)
        screen.tree.go_to(1, 0)
        screen.look()

    for _ in range(3):
        again()
    before = alive(Run, Memory, Stage, Canvas, Still)
    for _ in range(10):
        again()
    assert alive(Run, Memory, Stage, Canvas, Still) == before


def test_half_steps_of_the_recording_are_seen_in_slow_motion_each_of_its_player():
    """After a step with a generator's half comes a discriminator's, and it is told as such."""
    screen = advanced(Screen(RING, LIGHT), 3)
    for half in ("generator_step", "discriminator_step", "generator_step"):
        screen.run.half_step(half)
    before = everything(screen.run)
    screen.rewind(2)
    screen.slow_motion(True)
    screen.advance()
    updates = [each.half for each in screen._moments if each.name == "update"]
    halves = ["discriminator", "generator"]
    assert updates == [*halves, "generator", "discriminator", "generator"]
    assert everything(screen.run) == before
