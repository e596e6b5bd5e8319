"""What surrounds a run: which curve is whose, what is marked, what is said; against plain runs."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from genart_edu.lab import around
from genart_edu.lab.experiment import Experiment
from genart_edu.lab.live import Live
from genart_edu.lab.run import Run
from genart_edu.lab.screen import Screen
from genart_edu.views.canvas import DPI
from genart_edu.views.curves import Curves
from genart_edu.views.style import DARK, LIGHT

SMALL: dict[str, Any] = {"hidden_dim": 8, "batch_size": 12}
KINDS = {
    "gan": Experiment("gan", "ring", **SMALL),
    "gan, three at once": Experiment("gan", "ring", seeds=3, **SMALL),
    "gan on digits": Experiment("gan", "digits", **SMALL),
    "vae": Experiment("vae", "digits", latent_dim=2, **SMALL),
    "vae, many latents": Experiment("vae", "digits", latent_dim=5, **SMALL),
    "vae in the plane": Experiment("vae", "moons", **SMALL),
}
EVERY = pytest.mark.parametrize("kind", KINDS)
RING = KINDS["gan"]


def advanced(screen: Screen, steps: int) -> Screen:
    for _ in range(steps):
        screen.advance()
    return screen


def two(experiment: Experiment = RING, **how: Any) -> Screen:
    """Run 1 ends at 12; run 2 leaves it at 5 with another lr and ends at 20.  Both stand at 9."""
    screen = advanced(Screen(experiment, LIGHT, **how), 12)
    screen.rewind(5)
    screen.set(lr=4e-3)
    advanced(screen, 15)
    screen.tree.go_to(1, 0)
    screen.rewind(9)
    screen.look()
    return screen


def plain(experiment: Experiment, steps: int, changed_at: int | None = None, **settings) -> Any:
    """A run and its stage, without a screen; settings are changed at a step."""
    run, stage = experiment.start()
    for step in range(steps + 1):
        if step:
            run.advance()
        if step == changed_at:
            run.set(**settings)
    return run, stage


def pair(experiment: Experiment, steps: int = 9) -> tuple[Any, Any]:
    """Run 2 and run 1 of `two`."""
    return plain(experiment, steps, 5, lr=4e-3), plain(experiment, min(steps, 12))


def losses(run: Run, experiment: Experiment) -> list[np.ndarray]:
    """What the first panel draws, from the history alone; means over seeds."""
    found = {n: v.reshape(len(v), -1).mean(axis=1) for n, v in run.history.items()}
    if experiment.model == "gan":
        return [found["discriminator_loss"], found["generator_loss"]]
    return [found["reconstruction"] + found["kl"], found["reconstruction"], found["kl"]]


def drawn(lines: Any) -> list[np.ndarray]:
    return [np.asarray(line.get_ydata()) for line in lines]


def curves(screen: Screen) -> Any:
    screen.tree.settle()  # as whoever looks does
    screen.look()
    view = screen.canvas.views[0]
    assert isinstance(view, Curves)
    return view


def same(ours: list[np.ndarray], theirs: list[np.ndarray]) -> bool:
    return len(ours) == len(theirs) and all(map(np.array_equal, ours, theirs))


# ---- the picture of two runs --------------------------------------------------------------


@EVERY
def test_two_runs_are_their_losses_the_tree_and_a_scene_of_each(kind):
    experiment = KINDS[kind]
    screen = two(experiment)
    stage = screen.stage
    scene = stage.panels[stage.scene].view.title
    titles = [stage.panels[0].view.title, "Runs", f"Run 2: {scene}", f"Run 1: {scene}"]
    assert [view.title for view in screen.canvas.views] == titles
    written = [text.get_text() for ax in screen.canvas._figure.axes for text in ax.texts]
    written += [ax.get_title(at) for ax in screen.canvas._figure.axes for at in ("left", "center")]
    assert all(title in written for title in titles)
    boxes = [ax.get_position() for ax in screen.canvas._figure.axes[:4]]
    assert boxes[0].x0 < boxes[1].x0 and boxes[2].x0 < boxes[3].x0  # two and two
    assert min(boxes[0].y0, boxes[1].y0) > max(boxes[2].y1, boxes[3].y1)
    screen.tree.go_to(0)
    screen.look()
    assert [view.title for view in screen.canvas.views] == [v.title for v in stage.views()]


def test_alternative_text_tells_the_two_scenes_apart():
    screen = two()
    assert all(f"Run {n}: " in screen.canvas.alt for n in (1, 2))


def test_on_a_phone_they_are_below_each_other():
    narrow, wide = two(columns=1), two()
    assert narrow.look()[0].shape[0] == 2 * wide.look()[0].shape[0]
    assert narrow.look()[0].shape[1] < wide.look()[0].shape[1]


@EVERY
def test_each_scene_is_what_a_plain_run_shows(kind):
    experiment = KINDS[kind]
    screen = two(experiment)
    for panel, (run, stage) in zip(screen._panels[-2:], pair(experiment), strict=True):
        expected = stage.panels[stage.scene].arrays(run.history)
        found = panel.arrays({})
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert (one is other is None) or np.array_equal(one, other, equal_nan=True)
    a, b = (panel.arrays({}) for panel in screen._panels[-2:])
    assert not all(map(np.array_equal, a, b))


@EVERY
def test_our_curve_is_solid_and_the_other_ones_is_dotted(kind):
    experiment = KINDS[kind]
    screen = two(experiment)
    view = curves(screen)
    (ours, _), (theirs, _) = pair(experiment, 12)
    assert same(drawn(view.lines), [loss[:9] for loss in losses(ours, experiment)])
    assert same(drawn(view.past), losses(theirs, experiment))  # all that it has recorded
    for solid, dotted in zip(view.lines, view.past, strict=True):
        assert to_rgb(solid.get_color()) == to_rgb(dotted.get_color())
        assert dotted.get_linewidth() < solid.get_linewidth()
        on, off = np.reshape(dotted._unscaled_dash_pattern[1], (-1, 2)).T
        assert (on <= off).all()
    screen.tree.go_to(0, 1)
    view = curves(screen)
    (other, _), _ = pair(experiment, 20)
    assert same(drawn(view.lines), [loss[:9] for loss in losses(theirs, experiment)])
    assert same(drawn(view.past), losses(other, experiment))


def test_both_curves_grow_while_both_play():
    screen = two()
    screen.rewind(20)
    advanced(screen, 0).tree.go_to(0, 1)
    for step in range(13, 31, 3):
        advanced(screen, 3)
        view = curves(screen)
        assert len(drawn(view.lines)[0]) == screen.run.step == step + 2
        assert len(drawn(view.past)[0]) == max(20, step + 2)


def test_at_rest_two_looks_in_a_row_are_one_picture():
    live = Live(RING)
    live.step(5)
    live.at_rest(lambda screen: screen.tree.fork(lr=4e-3))
    live.at_rest(lambda screen: screen.tree.go_to(0, 1))
    for _ in range(3):
        frame = live.step(20)
        assert live.frame() == frame


@EVERY
def test_two_runs_before_their_first_step_are_drawn_too(kind):
    screen = Screen(KINDS[kind], LIGHT)
    screen.tree.fork(lr=4e-3)
    screen.tree.go_to(0, 1)
    assert "Alike up to step 0." in screen.look()[1]
    advanced(screen, 2)
    screen.rewind(0)
    picture, said = screen.look()
    assert picture.any() and said.startswith("Step 0")
    assert drawn(curves(screen).lines)[0].size == 0 and drawn(curves(screen).past)[0].size == 2


def test_the_tree_shows_whom_each_left_and_where_one_stands():
    screen = two()
    screen.tree.fork(lr=1e-4)
    advanced(screen, 2)
    screen.look()
    spans, marks, here = screen._panels[1].arrays({})
    assert spans.tolist() == [[0, 12, -1], [5, 20, 0], [9, 11, 1]]
    assert marks.tolist() == [[1, 5], [2, 9]] and here.tolist() == [2, 11]


def test_dark_pictures_of_two_runs_are_dark():
    dark = Screen(RING, DARK)
    dark.tree.fork()
    dark.tree.go_to(0, 1)
    assert dark.look()[0].mean() < 100 < two().look()[0].mean()
    assert dark.look()[0].shape[0] == round(2 * 3.68 * DPI)


# ---- the picture of one that was rewound --------------------------------------------------


@EVERY
def test_what_lies_ahead_is_dotted_until_it_is_there_again(kind):
    experiment = KINDS[kind]
    screen = advanced(Screen(experiment, LIGHT), 12)
    run, _ = plain(experiment, 12)
    expected = losses(run, experiment)
    assert all(past.size == 0 for past in drawn(curves(screen).past))
    for step in 4, 0, 11:
        screen.rewind(step)
        view = curves(screen)
        assert same(drawn(view.lines), [loss[:step] for loss in expected])
        assert same(drawn(view.past), expected)
    advanced(screen, 1)
    assert all(past.size == 0 for past in drawn(curves(screen).past))
    assert same(drawn(curves(screen).lines), expected)


def test_a_picture_of_a_rewound_run_differs_from_one_that_has_nothing_ahead():
    rewound, first = advanced(Screen(RING, LIGHT), 12), advanced(Screen(RING, LIGHT), 6)
    rewound.rewind(6)
    assert not np.array_equal(rewound.look()[0], first.look()[0])
    advanced(rewound, 6)
    advanced(first, 6)
    assert np.array_equal(rewound.look()[0], first.look()[0])


# ---- marks --------------------------------------------------------------------------------


def test_every_event_is_marked_those_ahead_too_and_the_fork():
    screen = advanced(Screen(RING, LIGHT), 3)
    screen.set(lr=1e-4, discriminator_lr=2e-4)
    screen.advance("generator_step")
    advanced(screen, 5)
    screen.set(data="drawn:0.50 0.50")
    advanced(screen, 2)
    for step in 10, 5, 0:
        screen.rewind(step)
        marks = curves(screen).marks
        assert [at for at, _ in marks] == [3, 3, 3, 8]
        told = "0.0001", "0.0002", "generator step", "drawn"  # in short, whatever else is said
        assert all(few in words for few, (_, words) in zip(told, marks, strict=True))
    screen.rewind(5)
    screen.set(r1=0.5)
    at = [at for at, _ in curves(screen).marks]
    assert sorted(at) == [3, 3, 3, 5, 5] and (5, "fork") in curves(screen).marks
    assert any(at == 5 and "0.5" in words for at, words in curves(screen).marks)
    screen.tree.go_to(0)
    assert [at for at, _ in curves(screen).marks] == [3, 3, 3, 8]


def test_two_runs_part_at_a_step_that_is_marked_whichever_is_looked_at():
    screen = two()
    assert 5 in [at for at, _ in curves(screen).marks]
    screen.tree.go_to(0, 1)
    assert 5 in [at for at, _ in curves(screen).marks]


def test_a_stage_without_losses_needs_no_curves():
    screen = two()
    screen.tree.go_to(1)
    screen.switch(losses=False)
    screen.rewind(7)
    screen.look()
    assert not any(isinstance(view, Curves) for view in screen.canvas.views)
    screen.switch(losses=True)
    assert len(drawn(curves(screen).past)[0]) == 20


# ---- words --------------------------------------------------------------------------------


def words(screen: Screen) -> str:
    """What is said beyond what a plain run's stage says."""
    status = screen.look()[1]
    begin = screen.stage.status(screen.run.history)
    assert status.startswith(begin)
    return re.sub(r"  Since step [^.]*\.[^.]*\.", "", status.removeprefix(begin))


def test_a_run_alone_at_its_end_says_nothing_more():
    screen = advanced(Screen(RING, LIGHT), 3)
    assert words(screen) == around.said(screen.tree) == ""


def test_where_it_stands_is_said():
    screen = advanced(Screen(RING, LIGHT), 200)
    screen.rewind(7)
    assert words(screen) == "  Its recording goes on to step 200."
    screen.tree.fork()
    assert words(screen) == "  This is run 2, from 1 at 7."
    screen.tree.go_to(0)
    assert words(screen) == "  This is run 1.  Its recording goes on to step 200."
    screen.rewind(200)
    assert words(screen) == "  This is run 1."


@pytest.mark.parametrize("step", [3, 9, 20])
def test_two_runs_are_compared_in_words_with_the_numbers_of_plain_runs(step):
    screen = two()
    screen.rewind(step)
    said = words(screen)
    (ours, _), (theirs, _) = pair(RING, step)
    both = min(step, 12)
    assert "  This is run 2, from 1 at 5." in said and "  Dotted: run 1.  " in said
    assert f"Alike up to step {min(step, 5)}." in said
    assert f"Up to step {both}, this run, the other: " in said
    for name, values in ours.history.items():
        if name != "step":
            means = [values[:both].mean(), theirs.history[name][:both].mean()]
            assert f"{name.replace('_', ' ')} {means[0]:.3g}, {means[1]:.3g}" in said
    assert ("at 5; to the other: nothing." in said) == (step >= 5)


def test_two_equal_runs_are_said_to_be_alike():
    screen = advanced(Screen(RING, LIGHT), 4)
    screen.tree.fork()
    screen.tree.go_to(0, 1)
    advanced(screen, 6)
    assert "Alike up to step 10." in words(screen)
    assert np.array_equal(*(panel.arrays({})[1] for panel in screen._panels[-2:]))


def test_the_same_experiment_twice_is_not_the_same_tree():
    one, other = two(), two(replace(RING, seed=1))
    assert not np.array_equal(one.look()[0], other.look()[0])
