"""The page "Mode collapse": its cures and presets, the count of 32 seeds, and the Dirac-GAN."""

import base64
import io
import math
import re
from itertools import combinations, pairwise
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl

import gradio as gr
import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import expect

from genart_edu.bundled import demo
from genart_edu.data.drawing import drawing
from genart_edu.device import rngs
from genart_edu.gan import theory
from genart_edu.lab.experiment import Experiment
from genart_edu.lab.stages import latents, samples
from tests.test_widgets_draw import SHEET, draw

shared, page, dirac = demo("shared"), demo("mode_collapse"), demo("dirac")
BENCHES = {"one": page.one, "many": page.many}
PLAYERS = "generator", "discriminator"
STROKES = [[[-1, -1], [-0.5, 0.5], [0, -0.5], [0.5, 0.5], [1, -1]]]
NO_DRAWINGS: list[Any] = [
    *(None, 7, "", "x" * 10**6, {}, [], [[]], [[0, 0]], [[[0]]], [[["<b>", 0]]], [[[None, 0]]]),
    *([[[math.nan, 0]]], [[[0, math.inf]]], [[[0, 1.6]]], [[[10**400, 0]]]),
    *([[[0, 0]]] * 41, [[[-1.5, 0], [1.5, 0]] * 10]),
]
FORGED: list[Any] = [None, "", "<b>", "x" * 10**6, [1], {}, math.nan, math.inf, -9, 1e9, 10**400]
CURES = {  # a value of each that is not the usual one
    **{"packing": 2, "n_critic": 2, "objective": "hinge", "r1": 0.5, "gradient_penalty": 0.1},
    **{"instance_noise": 0.1, "minibatch_std": True, "spectral_norm": True, "unroll": 1},
    **{"beta1": 0.25, "discriminator_lr": 3e-4, "cosine": 100, "lr": 1e-3},
}


@pytest.fixture
def visit():
    """visit(bench, name) opens the page as a visitor of that name.  -> the visitor, and the run."""
    opened = []

    def arrive(bench, name="ann", query="", narrow=False):
        who = SimpleNamespace(session_hash=name, headers={})
        bench.arrive(who, False, narrow, query)
        opened.append((bench, who))
        return who, bench.find(who)

    yield arrive
    for bench, who in opened:
        bench.leave(who)


def weights(live, *players):
    state = live.run.trainer.state_dict()
    return [x.clone() for player in players or PLAYERS for x in state[player].values()]


def same(some, others):
    return all(map(torch.equal, some, others))


def fill(bench, who, **changes):
    """Fill in some fields; the others stay as they are."""
    live = bench.find(who)
    now = zip(bench.choices.fields, bench.choices.values(live.screen.tree.living), strict=True)
    return bench.does(bench.change)(who, *(changes.get(field.name, x) for field, x in now))


def press(bench, who, preset):
    """The button of a preset, as the page wires it.  -> what to watch, in words."""
    button = bench.presets_[preset]
    [handler] = [f for f in page.demo.fns.values() if (button._id, "click") in f.targets]
    return handler.fn(who)[bench.note]


# ---- one GAN, and 32 ----------------------------------------------------------------------------


def test_the_page_begins_with_a_gan_that_works(visit):
    _, live = visit(page.one)
    live.run.advance()
    alone, _ = Experiment("gan", "ring").start()
    alone.advance()
    assert same(weights(live), weights(SimpleNamespace(run=alone)))


def test_each_cure_is_a_field_that_trains(visit):
    who, live = visit(page.one)
    for name, value in CURES.items():
        run = live.run
        fill(page.one, who, **{name: value})
        if name in page.LIVING:
            assert live.run is run and run.events[-1][1:] == (name, value)
        else:
            assert getattr(live.experiment, name) == value and live.run.events == []
        before = weights(live)
        live.run.advance()
        assert not same(before, weights(live))


@pytest.mark.parametrize("bench", BENCHES.values(), ids=BENCHES)
def test_any_two_cures_train_together(bench):
    for one, other in combinations(CURES, 2):
        chosen = {name: CURES[name] for name in (one, other)}
        run, _ = bench.choices.experiment(**chosen, batch_size=2).start()
        run.advance()
        assert run.step == 1


@pytest.mark.parametrize("bench", BENCHES.values(), ids=BENCHES)
def test_a_bad_number_is_told_in_one_sentence(visit, bench):
    who, live = visit(bench)
    run = live.run
    for field in bench.choices.fields:
        for value in FORGED:
            with pytest.raises(gr.Error) as told:
                fill(bench, who, **{field.name: value})
            said = told.value.message
            assert len(said) < 500 and said.endswith(".") and "<" not in said
            assert said.startswith((field.label, "A drawing")), said
    assert live.run is run and run.events == []


@pytest.mark.parametrize("bench", BENCHES.values(), ids=BENCHES)
def test_each_preset_begins_what_it_names(visit, bench):
    who, live = visit(bench)
    for name, (settings, words) in bench.presets.items():
        live.run.advance()
        assert press(bench, who, name) == shared.t(words)
        assert live.run.step == 0
        assert live.experiment == bench.choices.experiment(**settings)


def changed(bench, preset, base):
    """What a preset changes of another one."""
    one, other = (bench.choices.experiment(**bench.presets[n][0]) for n in (preset, base))
    return {name for name, x in vars(one).items() if x != getattr(other, name)}


def test_a_cure_changes_nothing_but_itself():
    """So that what is different then is its doing."""
    heap = "It collapses"
    assert changed(page.one, "Packs of 2", heap) == {"packing"}
    assert changed(page.one, "Five steps of D", heap) == {"n_critic"}
    assert changed(page.one, "R1 is no cure", heap) == {"r1"}
    assert changed(page.one, "A quick D", heap) == {"discriminator_lr", "beta1"}
    packs, slow = "Less momentum, packs", "A slow D"
    assert changed(page.many, packs, "Less momentum") == {"packing"}
    assert changed(page.many, "Less momentum", slow) == {"beta1"}
    assert changed(page.many, "More steps of D", slow) == {"n_critic"}
    assert changed(page.many, "Less momentum, quick D", slow) == {"beta1", "discriminator_lr"}


def test_packs_have_no_surface(visit):
    who, live = visit(page.one)
    assert {"surface", "optimum", "manifold", "modes"} <= {*live.stage.layers}
    fill(page.one, who, packing=2)
    assert not {"surface", "optimum"} & {*live.stage.layers}


def test_a_half_step_moves_one_player_only(visit):
    _, live = visit(page.one)
    for name, mover in ("Step D", "discriminator"), ("Step G", "generator"):
        before = {player: weights(live, player) for player in PLAYERS}
        live.step(half=page.HALVES[name])
        moved = [p for p in PLAYERS if not same(weights(live, p), before[p])]
        assert moved == [mover]


def counted(points):
    """How many of the ring's 8 modes have a point within 3 std: points (N, 2)."""
    angles = np.arange(8) * math.pi / 4
    modes = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    distance = np.linalg.norm(points[:, None] - modes, axis=2)  # (N, 8)
    nearest = distance.min(axis=1) <= 3 * 0.02
    return len({*distance.argmin(axis=1)[nearest]})


def test_each_of_32_seeds_is_counted(visit):
    _, live = visit(page.many, query="seeds.discriminator_lr=0.004&seeds.beta1=0.5")
    live.step(60)
    z = latents(live.run.trainer, 2_500, rngs(0, 1)[0])
    with torch.no_grad():
        fakes = samples(live.run.trainer, z).numpy()
    modes = [counted(each) for each in fakes]
    assert fakes.shape == (32, 2_500, 2) and len({*modes}) > 2
    collapsed = sum(count < 8 for count in modes)
    assert f"{np.mean(modes):.3g} of 8 modes" in live.frame().status
    assert f"{collapsed} of 32 collapsed" in live.frame().status


def test_the_two_benches_of_a_visitor_are_two_runs(visit):
    (ann, one), (_, many), (_, bob) = visit(page.one), visit(page.many), visit(page.one, "bob")
    one.step(2)
    fill(page.one, ann, packing=2)
    assert (many.run.step, bob.run.step) == (0, 0)
    assert many.experiment.packing == bob.experiment.packing == 1
    assert many.experiment.seeds == 32


def test_a_drawing_is_learned_from_while_it_plays(visit):
    who, live = visit(page.one)
    frames, run, name = live.play(), live.run, drawing(STROKES)
    stood = next(frames).step
    draw = page.one.does(page.draw, fields=True)
    target = draw(who, STROKES)[page.one.boxes[0]]
    assert (target.choices[-1], target.value) == (("Your own", name), name)
    assert [event[1:] for event in run.events] == [("data", name)]
    assert live.run is run and live.playing and next(frames).step > stood
    fill(page.one, who, r1=0.5)  # as another field is entered, the drawing stays
    assert run.batches.data == name and run.trainer.r1 == 0.5
    live.pause()
    [fakes] = [panel for panel in live.stage.panels if panel.view.title == "Generated from noise"]
    real = fakes.arrays(run.history)[0]  # samples of what was drawn: none lies far from the ink
    assert abs(real).max() < 1.3 and abs(real[:, 0]).max() > 0.9

    fill(page.one, who, packing=2)  # begins anew, with the drawing
    assert (live.run.step, live.run.events, live.experiment.data) == (0, [], name)


def test_what_is_no_drawing_is_told_in_one_sentence(visit):
    who, live = visit(page.one)
    for strokes in NO_DRAWINGS:
        with pytest.raises(gr.Error, match=r"^.A drawing[^\n<]{20,300}\..$"):  # no HTML
            page.one.does(page.draw, fields=True)(who, strokes)
    assert (live.run.events, live.run.batches.data) == ([], "ring")


# ---- the Dirac-GAN ------------------------------------------------------------------------------

ANN = SimpleNamespace(session_hash="ann", headers={})
ZOU = SimpleNamespace(session_hash="zou", headers={"accept-language": "zh-CN,zh;q=0.9"})


def sigmoid(a):
    return 1 / (1 + math.exp(-a))


FORCES: dict[str, Any] = {  # theta, psi, their product a -> the pull at each: Mescheder 2018
    "minimax": lambda x, y, a: (y * sigmoid(a), -x * sigmoid(a)),
    "nonsaturating": lambda x, y, a: (y * sigmoid(-a), -x * sigmoid(a)),
    "least_squares": lambda x, y, a: (y * (1 - a), -x * (1 + a)),
    "hinge": lambda x, y, a: (y, -x * (a > -1)),
    "wasserstein": lambda x, y, a: (y, -x),
}
BRAKES: dict[str, Any] = {  # what a cure of weight w adds to the pull at psi
    "none": lambda y, w: 0,
    "r1": lambda y, w: -w * y,
    "gradient_penalty": lambda y, w: -2 * w * (abs(y) - 1) * math.copysign(1, y),
}


@pytest.mark.parametrize("way", dirac.WAYS)
@pytest.mark.parametrize("cure", BRAKES)
@pytest.mark.parametrize("loss", FORCES)
def test_the_path_is_that_of_the_formulas(loss, cure, way):
    game = dirac.Game(loss, cure, way, steps=60, weight=0.3, theta=1.1, psi=0.7)
    x, y = game.theta, game.psi
    path = [(x, y)]
    for _ in range(60):
        pull, _ = FORCES[loss](x, y, x * y)
        before, x = x, x + 0.2 * pull
        seen = x if way == "alternating" else before
        _, push = FORCES[loss](seen, y, seen * y)
        y += 0.2 * (push + BRAKES[cure](y, 0.3))
        path.append((x, y))
    assert np.allclose(dirac.walk(game), path, rtol=0, atol=1e-9)


def test_a_path_in_parts_is_the_path():
    for steps in 1, dirac.PART, dirac.PART + 1, 137:
        game = dirac.Game(steps=steps, h=0.7)
        whole = theory.play(game.update(), (1.0, 1.0), steps)
        assert torch.equal(dirac.walk(game), whole)


def test_what_eigenvalues_say_of_the_middle():
    """Of closed forms: alternating on the circle, simultaneous outside, R1 inside; a corner."""
    h, w = 0.2, 0.5
    turn = theory.eigenvalues(dirac.Game(h=h).update())
    assert np.allclose(turn.abs(), 1, atol=1e-9) and theory.near(turn) == "stays"
    out = theory.eigenvalues(dirac.Game(way="simultaneous", h=h).update())
    assert np.allclose(out.abs(), math.hypot(1, h / 2), atol=1e-9) and theory.near(out) == "leaves"
    damped = dirac.Game(cure="r1", way="simultaneous", weight=w, h=h).update()
    root = np.sqrt(complex(w**2 / 4 - 1 / 4))
    expected = [1 + h * (-w / 2 + sign * root) for sign in (1, -1)]
    found = theory.eigenvalues(damped)
    assert np.allclose(np.sort_complex(found.numpy()), np.sort_complex(expected), atol=1e-9)
    assert theory.near(found) == "comes"
    for weight in 0.05, 1.0:
        corner = dirac.Game("wasserstein", "gradient_penalty", weight=weight).update()
        assert theory.near(theory.eigenvalues(corner)) == "?"
    beside = theory.eigenvalues(corner, at=(2.0, 0.5))  # away from the corner there are some
    assert beside.isfinite().all()


def answer(*values, who=ANN, dark=False, narrow=False):
    """-> the words, the picture (H, W, 3), and what a link says."""
    html, link = dirac.answer(who, dark, narrow, *values)
    words = re.search("<p>(.*?)</p>", html)[1]
    assert f'alt="{words}"' in html
    png = base64.b64decode(re.search(r'base64,([^"]+)"', html)[1])
    return words, np.asarray(Image.open(io.BytesIO(png))), link


@pytest.mark.parametrize(
    ("preset", "name", "middle"),
    [
        ("In circles", "circles", "stays"),
        ("Spirals out", "diverges", "leaves"),
        ("A faint brake", "converges stays", "stays"),
        ("R1 brakes", "converges comes", "comes"),
        ("Noise brakes", "converges comes", "comes"),
        ("Stuck", "is stuck", "?"),
    ],
)
def test_a_preset_does_what_it_is_named(preset, name, middle):
    *values, html, _ = dirac.begin(dirac.Game(**dirac.PRESETS[preset]))(ANN, False, False)
    game = dirac.Game(*values)
    words = answer(*game)[0].replace("&#x27;", "'")
    assert words.startswith(dirac.NAMES[name]) and words.endswith(dirac.MIDDLE[middle])
    at = re.findall(r"was (\S+) at first and is (\S+) after (\d+) steps", words)[0]
    distance = np.linalg.norm(dirac.walk(game), axis=1)
    assert float(at[0]) == pytest.approx(math.sqrt(2), rel=0.01)
    assert float(at[1]) == pytest.approx(distance[-1], rel=0.01)
    assert int(at[2]) == game.steps == len(distance) - 1
    assert words in html.replace("&#x27;", "'")


def test_every_sentence_has_its_chinese():
    sentences = [*dirac.NAMES.values(), *dirac.MIDDLE.values(), dirac.FROM_TO]
    assert all(sentence in shared.CHINESE for sentence in sentences)
    words, _, _ = answer(*dirac.FIRST, who=ZOU)
    assert shared.CHINESE[dirac.NAMES["circles"]] in words and "1.41" in words
    for number in "%.3g", "%d":
        counts = [text.count(number) for text in (dirac.FROM_TO, shared.CHINESE[dirac.FROM_TO])]
        assert counts[0] == counts[1]


def test_the_picture_is_as_the_screen():
    _, light, _ = answer(*dirac.FIRST)
    _, dark, _ = answer(*dirac.FIRST, dark=True)
    _, phone, _ = answer(*dirac.FIRST, narrow=True)
    assert light[0, 0].min() > 240 and dark[0, 0].max() < 60
    assert light.shape[1] > 2 * light.shape[0] and phone.shape[0] > 1.5 * phone.shape[1]


def test_the_slider_walks_along_the_path():
    """Where the path ends a filled mark is drawn; before, nothing of it."""
    pictures = [answer(*dirac.Game(steps=steps))[1].astype(int) for steps in (10, 11, 200)]
    changed = [(abs(one - other).max(axis=2) > 40).sum() for one, other in pairwise(pictures)]
    assert 0 < changed[0] < changed[1] / 3
    assert (answer(*dirac.Game(steps=10))[1] == pictures[0]).all(), "it remembers nothing"


def test_where_there_are_no_eigenvalues_the_picture_says_so():
    for preset, told in ("R1 brakes", "|λ| = 0.9"), ("Stuck", "no λ"):
        answer(*dirac.Game(**dirac.PRESETS[preset]))
        [text] = dirac.canvas(False, False).views[2].key.get_texts()
        assert told in text.get_text()


def test_a_link_opens_its_tab():
    assert page.chosen("r1=1&tab=dirac").selected == "dirac"
    for forged in "", "tab=<b>", "tab", "%00" * 999, None, 7:
        assert page.chosen(forged).selected == "one"


def test_what_flies_to_infinity_is_drawn():
    game = dirac.Game("wasserstein", "r1", "simultaneous", 400, weight=2.0, h=2.5)
    words, picture, _ = answer(*game)
    assert words.startswith(dirac.NAMES["diverges"]) and picture.std() > 10


@pytest.mark.parametrize("at", range(len(dirac.FIRST)))
def test_a_forged_choice_is_told_in_one_sentence(at):
    for value in FORGED:
        values = [*dirac.FIRST]
        values[at] = value
        with pytest.raises(gr.Error) as told:
            answer(*values)
        said = told.value.message
        assert said.startswith(dirac.FIELDS[at].label) and said.endswith(".")
        assert len(said) < 500 and "<" not in said and "\n" not in said


def begun(query):
    """What the fields are when the page was opened by a link."""
    fields = dirac.arrive(ANN, False, False, query)[:-2]
    return [getattr(each, "value", each) for each in fields]


def test_a_link_opens_the_same_game():
    assert answer(*dirac.FIRST)[2] == ""
    game = dirac.Game("hinge", "consensus", "simultaneous", 77, 0.35, 0.4, -1.2, 0.3)
    link = answer(*game)[2]
    assert dict(parse_qsl(link)).keys() == {*dirac.NAMED}
    assert begun(f"hide=time&{link}") == [*game]
    for forged in "dirac.h=nan", "dirac.loss=<b>", "dirac.steps=1e9", "dirac.h", "%00" * 999, None:
        assert begun(forged) == dirac.FIRST


# ---- in a browser -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def address():
    """Of the page alone, served in this process."""
    port = demo("app").serve(page.demo, "127.0.0.1", None, "", demo("door").Room())
    yield f"http://127.0.0.1:{port}"
    page.demo.close()


@pytest.fixture
def opened(browser, address):
    """opened(width, height, query, ...) opens the page; it may ask nobody but its server."""
    contexts, outside = [], []

    def note(request):
        if not request.url.startswith((address, "data:", "blob:")):
            outside.append(request.url)

    def open_page(width, height, query="", **how):
        contexts.append(browser.new_context(viewport={"width": width, "height": height}, **how))
        contexts[-1].on("request", note)
        tab = contexts[-1].new_page()
        tab.goto(f"{address}/{query}")
        tab.wait_for_selector("img[alt^='Step 0'], img[alt^='第 0 步']", timeout=60_000)
        return tab

    yield open_page
    for context in contexts:
        context.close()
    assert outside == []


def button(tab, name):
    """Of the benches of two tabs only one is seen."""
    return tab.get_by_role("button", name=name, exact=True).locator("visible=true")


def picture(tab):
    return tab.locator("img[alt]").locator("visible=true")


def pixels(tab):
    shot = Image.open(io.BytesIO(picture(tab).screenshot()))
    return np.asarray(shot.convert("RGB"), dtype=int)


def wait_for_step(tab, least):
    for _ in range(600):
        if int(picture(tab).get_attribute("alt").split()[1].strip(".,;").replace(",", "")) >= least:
            return
        tab.wait_for_timeout(100)
    pytest.fail(f"never came to step {least}")


def test_one_gan_is_broken_and_given_another_target(opened):
    tab = opened(1366, 768)
    button(tab, "It collapses").click()
    expect(tab.get_by_text("0 of 32 seeds")).to_be_visible()
    tab.wait_for_url("**discriminator_lr=0.0002**")
    untrained = pixels(tab)
    button(tab, "Play").click()
    wait_for_step(tab, 20)
    tab.get_by_label("Draw a target").click()
    tab.wait_for_selector(SHEET)
    draw(tab, (-1, -1), (-0.5, 1), (0.5, -1), (1, 1))
    button(tab, "Train on it").click()
    expect(tab.get_by_label("Target", exact=True).first).to_have_value("Your own")
    button(tab, "Pause").click()
    tab.get_by_label("Draw a target").click()
    expect(tab.locator(SHEET)).not_to_be_visible()
    [live] = (live for name, live in shared.visitors._lives.items() if "collapse-one" in str(name))
    assert [event.name for event in live.run.events] == ["data"]
    now, before = pixels(tab)[:340], untrained[:340]  # a part of a pixel is a row more or less
    assert (abs(now - before) > 64).mean() > 0.01


def test_32_seeds_are_counted_and_the_dirac_gan_answers(opened):
    tab = opened(1366, 768, "?seeds.beta1=0.5&dirac.loss=wasserstein")
    tab.get_by_role("tab", name="32 seeds").click()
    tab.wait_for_url("**tab=seeds**")
    button(tab, "Step").click()
    wait_for_step(tab, 1)
    assert re.search(r"\d+ of 32 collapsed", picture(tab).get_attribute("alt"))

    tab.get_by_role("tab", name="Dirac-GAN").click()
    said = tab.locator("p", has_text="Its distance from the middle").locator("visible=true")
    expect(said).to_contain_text("It circles.")
    before = pixels(tab)
    button(tab, "Spirals out").click()
    expect(said).to_contain_text("It spirals out.")
    assert (abs(pixels(tab) - before) > 64).mean() > 0.001
    slider = tab.get_by_role("slider", name="Step of the path").locator("visible=true")
    slider.focus()
    for _ in range(5):
        slider.press("ArrowRight")
    expect(said).to_contain_text("after 205 steps")
    tab.wait_for_url("**dirac.steps=205**")
    link = tab.url.split("?")[1]
    assert {"seeds.beta1=0.5", "dirac.way=simultaneous", "tab=dirac"} <= {*link.split("&")}
    bottom = tab.get_by_role("slider", name="Start ψ").locator("visible=true").bounding_box()
    assert bottom["y"] + bottom["height"] <= 768, "all of it is seen at once"
    told = said.inner_text()
    tab.goto(f"{tab.url.split('?')[0]}?{link}")  # who gets the link sees the same, at once
    expect(said).to_have_text(told, timeout=60_000)


def test_a_phone_in_chinese_and_in_the_dark(opened):
    tab = opened(390, 844, locale="zh-CN", color_scheme="dark")
    for name in "One GAN", "32 seeds", "Dirac-GAN":
        tab.get_by_role("tab", name=shared.CHINESE[name]).click()
        shown = pixels(tab)
        assert shown[0, 0].max() < 64 and shown.shape[0] > shown.shape[1]
        assert tab.evaluate("document.documentElement.scrollWidth") == 390
    said = tab.locator("p", has_text=shared.CHINESE[dirac.NAMES["circles"]])
    expect(said.locator("visible=true")).to_be_visible()
