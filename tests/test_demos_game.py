"""The page "See the game" without a browser: what its buttons, fields and switches do."""

import re
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
import torch

from demos import game as page
from genart_edu.data.drawing import drawing
from genart_edu.lab.experiment import Experiment
from genart_edu.lab.live import Live

LABELS = {name: label for name, (label, _) in page.RATES.items()}
FIELDS = {"Target": "ring", "Loss": "nonsaturating", "Packing": 1, "Seed": 0} | {
    label: getattr(page.FIRST, name) for name, label in LABELS.items()
}
OF_PACKS = ["real", "fakes", "losses", "modes", "distances", "manifold"]
PLAYERS = "generator", "discriminator"
STROKES = [[[-1, -1], [-0.5, 0.5], [0, -0.5], [0.5, 0.5], [1, -1]]]
NO_DRAWINGS: list[Any] = [
    *(None, 7, "", "x" * 10**6, {}, [], [[]], [[0, 0]], [[[0]]], [[["<b>", 0]]], [[[None, 0]]]),
    *([[[float("nan"), 0]]], [[[0, float("inf")]]], [[[0, 1.6]]], [[[10**400, 0]]]),
    *([[[0, 0]]] * 41, [[[-1.5, 0], [1.5, 0]] * 10]),
]
NO_NUMBERS: list[Any] = [
    -1,
    1e9,
    10**400,
    float("nan"),
    float("inf"),
    None,
    "",
    "x" * 10**6,
    [1],
    {},
]
NO_TARGETS: list[Any] = [
    *("folder:/", "idx:mnist", "digits", "drawn:", "drawn:0 9", "drawn:" + "0 0;" * 10**5),
    *("x" * 10**6, None, 3, [1]),
]


@pytest.fixture
def visit():
    """visit(name) opens the page as a visitor of that name."""
    visitors = []

    def arrive(name):
        visitors.append(SimpleNamespace(session_hash=name))
        page.arrive(visitors[-1], dark=False, narrow=False)
        return visitors[-1]

    yield arrive
    for who in visitors:
        page.leave(who)


@pytest.fixture
def who(visit):
    return visit("ann")


def live_of(who):
    return page.visitors.find(who.session_hash)


def wired(name):
    """What the page calls when the button, the field or the switch of this name is used."""
    [block] = [
        block
        for block in page.demo.blocks.values()
        if name == (block.value if isinstance(block, gr.Button) else getattr(block, "label", None))
    ]
    uses = "click", "submit", "input"
    found = [f for f in page.demo.fns.values() for use in uses if (block._id, use) in f.targets]
    return found[0]


def use(who, name, *given):
    """-> the status that is shown then."""
    return re.search(r'alt="([^"]+)"', wired(name).fn(who, *given)[0])[1]


def fill(who, name, value):
    """Fill in one field; the others stay as they were at first.  -> the status."""
    return use(who, name, *(FIELDS | {name: value}).values())


def step_of(said):
    return int(re.match(r"Step ([\d,]+)", said)[1].replace(",", ""))


def weights(live, *players):
    state = live.run.trainer.state_dict()
    return [x.clone() for player in players or PLAYERS for x in state[player].values()]


def same(some, others):
    return all(map(torch.equal, some, others))


def frames_of(who):
    """The steps that Play shows."""
    return (step_of(re.search(r'alt="([^"]+)"', screen)[1]) for screen in page.play(who))


def test_the_page_starts_with_what_works(who):
    use(who, "Step")
    alone = Live(Experiment("gan", "ring"))
    alone.step()
    assert same(weights(live_of(who)), weights(alone))


def test_play_ends_with_pause_and_step_adds_one(who):
    frames = frames_of(who)
    seen = [next(frames) for _ in range(3)]
    assert seen == sorted(set(seen))
    use(who, "Pause")
    assert len(list(frames)) <= 1 and not live_of(who).playing
    stood = live_of(who).run.step
    assert step_of(use(who, "Step")) == stood + 1


def test_closing_the_stream_stops_the_run(who):
    frames = page.play(who)
    next(frames)
    frames.close()
    assert not live_of(who).playing


@pytest.mark.parametrize(("button", "mover"), [("Step D", PLAYERS[1]), ("Step G", PLAYERS[0])])
def test_half_a_step_moves_one_player_only(who, button, mover):
    live = live_of(who)
    before = {player: weights(live, player) for player in PLAYERS}
    assert step_of(use(who, button)) == 0
    moved = [player for player in PLAYERS if not same(weights(live, player), before[player])]
    assert moved == [mover]
    assert [event.name for event in live.run.events] == [f"{mover}_step"]


def test_what_a_step_is_comes_from_no_browser():
    for button in ("Play", *page.ACTS):
        assert wired(button).inputs == []


def test_reset_begins_the_same_again(who):
    fields = (FIELDS | {"Seed": 3}).values()
    use(who, "Reset", *fields)
    use(who, "Step")
    after = weights(live_of(who))
    assert step_of(use(who, "Reset", *fields)) == 0
    use(who, "Step")
    assert same(weights(live_of(who)), after)


@pytest.mark.parametrize(
    ("field", "name", "value"),
    [
        *(("Target", "data", target) for _, target in page.TARGETS[1:]),
        *(("Loss", "objective", kind) for _, kind in page.KINDS if kind != "nonsaturating"),
        *(("Packing", "packing", 2), ("Seed", "seed", 7)),
    ],
)
def test_another_game_begins_anew_and_learns(who, field, name, value):
    use(who, "Step")
    before = live_of(who).run
    assert step_of(fill(who, field, value)) == 0
    assert live_of(who).run is not before
    assert getattr(live_of(who).experiment, name) == value
    assert step_of(use(who, "Step")) == 1


@pytest.mark.parametrize("name", page.RATES)
def test_a_rate_is_an_event_while_it_plays(who, name):
    live = live_of(who)
    frames, run = frames_of(who), live.run
    stood = next(frames)
    assert step_of(fill(who, LABELS[name], 0.25)) >= stood
    assert getattr(run.trainer, name) == 0.25
    assert [event[1:] for event in run.events] == [(name, 0.25)]
    assert live.run is run and live.playing and next(frames) > stood


def test_a_field_that_was_left_as_it_was_changes_nothing(who):
    use(who, "Step")
    for name, value in FIELDS.items():
        assert step_of(fill(who, name, value)) == 1
    assert live_of(who).run.events == []


@pytest.mark.parametrize("field", ["Packing", "Seed", *LABELS.values()])
def test_a_bad_number_is_told_in_one_sentence(who, field):
    before, sentence = live_of(who).run, rf"^.{field} must be a (whole )?number from .*; got .*\..$"
    for value in NO_NUMBERS:
        for press in field, "Reset":
            with pytest.raises(gr.Error, match=sentence):
                use(who, press, *(FIELDS | {field: value}).values())
    assert live_of(who).run is before and before.events == []  # it stays as it was


def test_what_is_no_target_is_told_in_one_sentence(who):
    before = live_of(who).run
    for target in NO_TARGETS:
        with pytest.raises(gr.Error, match=r"^.A d[^\n]{20,300}\..$"):
            fill(who, "Target", target)
    assert live_of(who).run is before


def test_a_drawing_is_learned_from_while_it_plays(who):
    live = live_of(who)
    frames, run, name = frames_of(who), live.run, drawing(STROKES)
    stood = next(frames)
    *_, target = wired("Train on it").fn(who, STROKES)
    assert (target.choices[-1], target.value) == (("Your own", name), name)
    assert [event[1:] for event in run.events] == [("data", name)]
    assert live.run is run and live.playing and next(frames) > stood
    use(who, "Pause")
    [fakes] = [panel for panel in live.stage.panels if panel.view.title == "Generated from noise"]
    real = fakes.arrays(run.history)[0]  # samples of what was drawn: none lies far from the ink
    assert abs(real).max() < 1.3 and abs(real[:, 0]).max() > 0.9

    assert fill(who, "Target", name).startswith(f"Step {run.step:,}")  # it is what it learns from
    use(who, "Reset", *(FIELDS | {"Target": name}).values())
    assert (live.experiment.data, live.run.step, live.run.events) == (name, 0, [])
    assert step_of(fill(who, "Target", "ring")) == 0
    assert live.experiment.data == "ring"


def test_what_is_no_drawing_is_told_in_one_sentence(who):
    use(who, "Step")
    for strokes in NO_DRAWINGS:
        with pytest.raises(gr.Error, match=r"^.A drawing[^\n<]{20,300}\..$"):  # no HTML
            use(who, "Train on it", strokes)
    run = live_of(who).run
    assert (run.step, run.events, run.batches.data) == (1, [], "ring")


def test_layers_are_switched_on_and_off(who):
    live = live_of(who)
    on = [name for name, shown in live.stage.layers.items() if shown]
    before = live.frame().png
    use(who, "Layers", [*on, "manifold"])
    assert live.stage.layers["manifold"] and live.frame().png != before
    use(who, "Layers", ["fakes"])
    assert [name for name, shown in live.stage.layers.items() if shown] == ["fakes"]
    use(who, "Layers", on)
    assert live.frame().png == before
    use(who, "Layers", [*on, "wheels", "<b>", "x" * 10**6])  # a forger's; there are no such
    assert live.frame().png == before and set(on) < set(live.stage.layers)


def test_packs_have_no_surface_to_switch_on(who):
    _, caption, layers, _ = wired("Packing").fn(who, *(FIELDS | {"Packing": 2}).values())
    assert [value for _, value in layers.choices] == OF_PACKS
    assert layers.value == OF_PACKS[:4]
    assert "judges several x together" in caption


def test_in_slow_motion_step_shows_the_next_moment_and_its_line(who):
    assert step_of(use(who, "Slow motion", True)) == 0
    said = [use(who, "Step") for _ in range(3)]
    assert [step_of(each) for each in said] == [1, 1, 1]
    parts = [re.search(r"half, (\w+): gan/training\.py, line \d+: ", each)[1] for each in said]
    assert parts == ["noise", "generator", "discriminator"]
    assert "slow" not in use(who, "Slow motion", False)
    assert step_of(use(who, "Step")) == 2


def test_two_visitors_do_not_touch_each_other(visit):
    ann, bob = visit("ann"), visit("bob")
    untouched = weights(live_of(bob))
    frames = frames_of(ann)
    next(frames)
    use(ann, "Train on it", STROKES)
    use(ann, "R1", *(FIELDS | {"Target": drawing(STROKES), "R1": 0.5}).values())
    use(ann, "Layers", ["real"])
    use(ann, "Slow motion", True)
    run = live_of(bob).run
    assert (run.step, run.events, run.batches.data, run.trainer.r1) == (0, [], "ring", 0)
    assert not live_of(bob).playing and not live_of(bob).screen.slow
    assert live_of(bob).stage.layers["fakes"] and same(weights(live_of(bob)), untouched)
    use(bob, "Reset", *FIELDS.values())
    assert live_of(ann).playing and live_of(ann).run.trainer.r1 == 0.5


def test_a_run_ends_somewhere(who, monkeypatch):
    monkeypatch.setattr(page.visitors, "steps", 3)
    assert list(frames_of(who))[-1] == 3
    with pytest.raises(gr.Error, match="ends after 3 steps: press Reset"):
        next(page.play(who))


def test_who_lost_the_run_is_told():
    stranger = SimpleNamespace(session_hash="a stranger")
    for button in page.ACTS:
        with pytest.raises(gr.Error, match="lost its run: load the page again"):
            use(stranger, button)
    with pytest.raises(gr.Error, match="lost its run"):
        next(page.play(stranger))
