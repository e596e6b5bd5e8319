"""GAN or VAE?  What lab/versus.py measures, against others' code and known cases; and the page."""

import math
import re
import time
from dataclasses import replace
from html.parser import HTMLParser
from itertools import product
from types import SimpleNamespace
from typing import Any

import gradio as gr
import numpy as np
import pytest
import torch
from playwright.sync_api import expect
from prdc import compute_prdc
from scipy.ndimage import laplace

from genart_edu.bundled import demo
from genart_edu.data.catalogue import load
from genart_edu.device import rngs
from genart_edu.lab import versus
from genart_edu.lab.experiment import Experiment
from genart_edu.vae.likelihood import GivenVariance

page, comparison, app = demo("gan_or_vae"), demo("comparison"), demo("app")
GREY = versus.exam("digits-grey")
RING = versus.exam("ring")
LAPTOP, PHONE = {"width": 1366, "height": 768}, {"width": 390, "height": 844}


def painter(paint, latent_dim=2):
    """A GAN of which only the painter is real."""
    rng = torch.Generator()
    return SimpleNamespace(rng=rng, latent_dim=latent_dim, generator=None, painter=paint)


# The numbers


def test_the_exam_is_held_out_and_always_the_same():
    for name in "digits", "digits-grey", "motifs":
        paper, (train, test) = versus.exam(name), load(name)
        assert torch.equal(paper.held_out, test.x()[:300])
        assert torch.equal(paper.real, train.x()[:300])
        assert paper.density is None and math.prod(paper.shape) == paper.real.shape[1]
    again = versus.exam("ring")
    assert torch.equal(again.held_out, RING.held_out) and torch.equal(again.real, RING.real)
    assert (RING.held_out.shape, RING.real.shape) == ((300, 2), (2_500, 2))
    assert not torch.equal(RING.held_out, RING.real[:300])


def four(real, fake):
    """Precision, recall, density and coverage by another package."""
    return compute_prdc(real.double().numpy(), fake.double().numpy(), nearest_k=5)


def test_a_models_numbers_are_those_of_its_own_samples_by_anothers_code():
    run, _ = Experiment("gan", "digits-grey").start()
    found = versus.numbers(run.trainer, GREY)
    with torch.no_grad():
        z = torch.randn(300, 16, generator=rngs(0, 2)[0])
        fakes = run.trainer.generator(z)
    for name, value in four(GREY.held_out, fakes).items():
        assert found[name] == pytest.approx(value, abs=1e-12)
    edges = [[laplace(x.reshape(8, 8).numpy())[1:-1, 1:-1].var() for x in some]
             for some in (fakes, GREY.held_out)]  # fmt: skip
    assert found["sharpness"] == pytest.approx(np.mean(edges[0]) / np.mean(edges[1]), rel=1e-4)
    assert "nll" not in found


def test_real_data_are_the_yardstick():
    found = versus.yardstick(GREY)
    for name, value in four(GREY.held_out, GREY.real).items():
        assert found[name] == pytest.approx(value, abs=1e-12) and value > 0.9
    assert found["sharpness"] == pytest.approx(1, abs=0.05) and "nll" not in found
    assert versus.numbers(painter(lambda z: GREY.real), GREY) == found  # who copies does as well


def test_who_repeats_one_picture_has_no_recall():
    found = versus.numbers(painter(lambda z: GREY.real[:1].expand(len(z), -1)), GREY)
    assert found["recall"] == 0 and found["precision"] in (0, 1)
    assert found["coverage"] < 0.1
    assert found["frechet"] > 5 * versus.yardstick(GREY)["frechet"]


def test_one_mode_of_the_ring_is_one_mode():
    mode, std = RING.density.modes[2], RING.density.std
    found = versus.numbers(painter(lambda z: mode + std * z), RING)
    assert found["captured"] == 1
    assert found["high_quality"] == pytest.approx(1 - math.exp(-9 / 2), abs=0.01)
    assert found["recall"] < 0.2 < 0.9 < found["precision"]
    assert found["js"] > 0.4 > 0.02 > versus.yardstick(RING)["js"]
    assert versus.yardstick(RING)["captured"] == 8


def test_fakes_that_are_not_finite_have_no_numbers():
    assert versus.numbers(painter(lambda z: torch.full((len(z), 64), torch.nan)), GREY) == {}


def test_sharpness_falls_with_blur_and_rises_with_noise():
    x = GREY.held_out
    rng = torch.Generator().manual_seed(0)
    blurred = torch.nn.functional.avg_pool2d(x.reshape(-1, 1, 8, 8), 3, 1, 1).flatten(1)
    noisy = x + 0.2 * torch.randn(x.shape, generator=rng)
    values = [versus.sharpness(each, (1, 8, 8)) for each in (blurred, x, noisy)]
    assert 0 < 2 * values[0] < values[1] < values[2]
    assert versus.sharpness(torch.full((3, 64), 0.7), (1, 8, 8)).item() == pytest.approx(
        0, abs=1e-9
    )


def silent_vae(data, **choices):
    """A VAE whose posterior is the prior and whose decoder does not listen: it says 0 for ever."""
    run, _ = Experiment("vae", data, **choices).start()
    with torch.no_grad():
        for weight in run.trainer.model.parameters():
            weight.zero_()
    return run.trainer


def test_the_nll_of_a_vae_that_says_nothing_is_known():
    trainer = silent_vae("ring")
    trainer.model.likelihood = GivenVariance(0.5)
    trainer.model.decoder[-1] = torch.nn.Linear(64, 2)
    with torch.no_grad():
        trainer.model.decoder[-1].weight.zero_()
        trainer.model.decoder[-1].bias.copy_(torch.tensor([0.3, -0.2]))
    one = torch.distributions.Normal(torch.tensor([0.3, -0.2]), 0.5**0.5)
    exact = -one.log_prob(RING.held_out).sum(1).mean()
    assert versus.numbers(trainer, RING)["nll"] == pytest.approx(exact.item(), abs=1e-4)

    coins = versus.numbers(silent_vae("digits"), versus.exam("digits"))["nll"]
    assert coins == pytest.approx(64 * math.log(2), abs=1e-3)


def test_grey_pixels_as_probabilities_have_no_likelihood():
    assert "nll" not in versus.numbers(silent_vae("digits-grey"), GREY)
    gaussian = {"likelihood": "gaussian", "variance": 1.0}
    exact = 32 * math.log(2 * math.pi) + GREY.held_out.square().sum(1).mean() / 2
    found = versus.numbers(silent_vae("digits-grey", **gaussian), GREY)
    assert found["nll"] == pytest.approx(exact.item(), abs=1e-3)


def test_the_nll_of_real_points_is_that_of_their_density():
    parts = torch.distributions.Independent(
        torch.distributions.Normal(RING.density.means, RING.density.std), 1
    )
    mixture = torch.distributions.MixtureSameFamily(
        torch.distributions.Categorical(torch.ones(8)), parts
    )
    exact = -mixture.log_prob(RING.held_out).mean().item()
    assert versus.yardstick(RING)["nll"] == pytest.approx(exact, abs=1e-5)


@pytest.mark.parametrize("model", ["vae", "gan"])
def test_the_cost_counts_all_weights_and_changes_nothing(model):
    runs = [Experiment(model, "ring").start()[0] for _ in range(2)]
    found = versus.cost(runs[0])
    networks = ["model"] if model == "vae" else ["generator", "discriminator"]
    state = runs[0].trainer.state_dict()
    assert found["weights"] == sum(w.numel() for name in networks for w in state[name].values())
    assert 1 < found["pace"] < 1e6
    for run in runs:
        list(run.play(3))
    first, second = (run.trainer.state_dict()[networks[0]] for run in runs)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_more_seeds_are_the_runs_of_those_seeds():
    chosen = Experiment("gan", "ring", seed=3)
    told = [(share, list(found)) for share, found in versus.over_seeds(chosen, 10, 2, RING)]
    assert [share for share, _ in told] == [0.25, 0.5, 0.75, 1, 1]
    assert [len(found) for _, found in told] == [0, 0, 1, 1, 2]
    for seed, found in zip((4, 5), told[-1][1], strict=True):
        run, _ = replace(chosen, seed=seed).start()
        list(run.play(10))
        assert versus.numbers(run.trainer, RING) == found


def test_a_seed_that_breaks_is_examined_where_it_broke():
    breaks = Experiment("gan", "ring", lr=1e30, discriminator_lr=1e30)
    *_, (share, found) = versus.over_seeds(breaks, 50, 1, RING)
    assert share == 1 and len(found) == 1


# The page without a browser


class Cells(HTMLParser):
    """The rows of a table, a text for each cell."""

    def __init__(self, html):
        super().__init__()
        self.rows = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
        elif self.rows and self.rows[-1] and self.rows[-1][-1]:
            self.rows[-1][-1] += " "  # the small print below a word

    def handle_data(self, data):
        self.rows[-1][-1] += data


def rows_of(html):
    """By the first word of each row: its three cells."""
    return {row[0].split(" ")[0]: row[1:] for row in Cells(html).rows[1:]}


@pytest.fixture(scope="module")
def room():
    """A visitor who has opened the page by a link, and what they began with."""
    visitor, query = SimpleNamespace(session_hash="ann", headers={}), "vae.data=ring&gan.data=ring"
    for bench in page.TWO:
        bench.arrive(visitor, False, False, query)
    yield visitor, [bench.find(visitor).experiment for bench in page.TWO]
    for bench in page.TWO:
        bench.leave(visitor)


@pytest.fixture
def who(room):
    """The same visitor, at step 0 again."""
    visitor, begun = room
    for bench, experiment in zip(page.TWO, begun, strict=True):
        bench.find(visitor).screen.begin(experiment)
    return SimpleNamespace(**vars(visitor))


def train(who, amount, budget="steps"):
    for bench in page.TWO:
        list(page.trains(bench)(who, budget, amount))


def steps(who):
    return [bench.find(who).run.step for bench in page.TWO]


def test_both_train_to_the_same_step_and_no_further(who):
    train(who, 7)
    assert steps(who) == [7, 7]
    train(who, 5)
    assert steps(who) == [7, 7]


def test_seconds_are_so_many_steps_as_each_makes_in_them(who, monkeypatch):
    paces = iter([50.0, 20.0])
    monkeypatch.setattr(versus, "cost", lambda run: {"pace": next(paces)})
    train(who, 0.5, "seconds")
    assert steps(who) == [25, 10]


FORGED: list[Any] = [None, "9", [], math.nan, math.inf, -math.inf, 0, -1, 10**9, 10**400, {}]


def test_a_forged_budget_is_refused_in_a_sentence(who):
    for budget, amount in product(["steps", "seconds", None, ["steps"]], FORGED):
        with pytest.raises(gr.Error) as error:
            list(page.trains(page.GAN)(who, budget, amount))
        assert re.match(r"The budget must be a (whole )?number from .* got", error.value.message)
    assert steps(who) == [0, 0]


def test_the_table_holds_the_numbers_of_both(who):
    train(who, 5)
    table = rows_of(page.measure(who))
    trainers = [bench.find(who).run.trainer for bench in page.TWO]
    vae, gan = (versus.numbers(each, RING) for each in trainers)
    real = versus.yardstick(RING)
    for word, name in ("Recall", "recall"), ("Density", "density"), ("JS", "js"):
        assert table[word] == [f"{each[name]:.2f}" for each in (vae, gan, real)]
    assert table["NLL"][0].replace("−", "-") == f"{vae['nll']:.2f}"
    assert table["NLL"][1] == "no such number"
    assert table["NLL"][2].replace("−", "-") == f"{real['nll']:.2f}"
    weights = [versus.cost(bench.find(who).run)["weights"] for bench in page.TWO]
    assert table["Weights"] == [*(f"{n:,}" for n in weights), ""]
    assert table["Modes"][2] == "8" and "Sharpness" not in table


def test_the_words_are_in_the_visitors_language(who):
    who.headers = {"accept-language": "zh-CN,zh;q=0.9"}
    table = page.measure(who)
    assert "没有这个数" in table and "真实数据" in table


def test_only_models_of_the_same_data_are_compared(who):
    page.GAN.find(who).reset(Experiment("gan", "moons"))
    for press in page.measure, lambda who: next(page.more_seeds(who, 1)):
        with pytest.raises(gr.Error, match="now the VAE learns ring, the GAN moons"):
            press(who)


def test_more_seeds_show_from_where_to_where_a_number_goes(who):
    train(who, 5)
    frames = list(page.more_seeds(who, 2))
    assert frames[0][0].startswith("VAE: ") and frames[-1][0] == "GAN: 100%"
    table = rows_of(frames[-1][1])
    for i, bench in enumerate(page.TWO):
        found = []
        for seed in 0, 1, 2:
            run, _ = replace(bench.find(who).experiment, seed=seed).start()
            list(run.play(5))
            found.append(versus.numbers(run.trainer, RING)["js"])
        low, high = (f"{end:.2f}" for end in (min(found), max(found)))
        assert table["JS"][i] == (low if low == high else f"{low} … {high}")
    assert steps(who) == [5, 5]


def test_a_forged_number_of_seeds_is_refused(who):
    for more in (*FORGED, 5, 1.5, [2]):
        with pytest.raises(gr.Error) as error:
            next(page.more_seeds(who, more))
        assert error.value.message.startswith("More seeds must be a whole number from 1 to 4; got ")


def test_more_seeds_of_a_very_long_run_are_refused(who, monkeypatch):
    train(who, 5)
    monkeypatch.setattr(comparison, "LONGEST", 4)
    with pytest.raises(gr.Error, match="More seeds are for runs of at most 4 steps"):
        next(page.more_seeds(who, 1))


def test_whoever_leaves_stops_their_seeds(who):
    train(who, 3)
    frames = page.more_seeds(who, 4)
    next(frames)
    with pytest.raises(gr.Error, match="More seeds are being trained for you"):
        next(page.more_seeds(who, 4))
    frames.close()
    with pytest.raises(StopIteration):
        next(frames)
    next(page.more_seeds(who, 1))  # and they can come again


def test_the_same_seed_entered_again_changes_nothing_and_another_one_keeps_the_settings(who):
    train(who, 3)
    page.GAN.find(who).set(r1=0.5)
    for bench in page.TWO:
        page.learns(bench)(who, "ring", 0)
    assert steps(who) == [3, 3]
    for bench in page.TWO:
        page.learns(bench)(who, "ring", 1)
    assert steps(who) == [0, 0]
    chosen = [bench.find(who).experiment for bench in page.TWO]
    assert [chosen[0].seed, chosen[1].seed, chosen[1].r1] == [1, 1, 0.5]


@pytest.mark.parametrize("data", ["digits", "digits-grey", "motifs", "moons"])
def test_other_data_begin_in_both_with_what_suits_them(who, data):
    for bench in page.TWO:
        page.learns(bench)(who, data, 4)
        assert bench.find(who).experiment.data == data and bench.find(who).experiment.seed == 4
    vae, gan = (bench.find(who) for bench in page.TWO)
    weights = [versus.cost(live.run)["weights"] for live in (vae, gan)]
    assert 0.9 < weights[0] / weights[1] < 1.1  # a like budget
    assert "nll" in versus.numbers(vae.run.trainer, versus.exam(data))


def test_forged_data_and_seeds_are_refused(who):
    before = [bench.find(who).run for bench in page.TWO]
    asked = [(data, 0) for data in ("mnist", "folder:/etc", None, [], {}, math.nan, "<b>", 7)]
    asked += [("ring", seed) for seed in (*FORGED, 0.5) if seed != 0]
    for bench, (data, seed) in product(page.TWO, asked):
        with pytest.raises(gr.Error):
            page.learns(bench)(who, data, seed)
    assert [bench.find(who).run for bench in page.TWO] == before


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", ("digits-grey", "steps", 1_500)),
        ("vae.data=moons&gan.data=moons", ("moons", "steps", 1_500)),
        ("budget=seconds", ("digits-grey", "seconds", 5)),
        ("budget=seconds&amount=2.5", ("digits-grey", "seconds", 2.5)),
        ("budget=<b>&amount=-1&vae.data=folder:/etc", ("digits-grey", "steps", 1_500)),
        ("amount=nan", ("digits-grey", "steps", 1_500)),
    ],
)
def test_a_link_brings_the_budget_and_the_data(query, shown):
    data, budget, amount = page.arrive(None, False, False, query)
    assert (data.value, budget.value, amount) == shown


# In a browser


@pytest.fixture(scope="module")
def address():
    """Of the page alone, served in this process."""
    port = app.serve(page.demo, "127.0.0.1", None, "", demo("door").Room())
    yield f"http://127.0.0.1:{port}"
    page.demo.close()


def opened(browser, address, viewport, query):
    tab = browser.new_context(viewport=viewport).new_page()
    tab.goto(f"{address}/?{query}")
    tab.wait_for_function("document.querySelectorAll('img[alt^=\"Step 0\"]').length === 2")
    return tab


def test_a_laptop_trains_both_and_measures_them(browser, address):
    query = "vae.data=ring&gan.data=ring&amount=20"
    tab = opened(browser, address, LAPTOP, query)
    assert tab.get_by_label("How much").input_value() == "20"
    tab.get_by_role("button", name="Train both").click()
    tab.wait_for_function("document.querySelectorAll('img[alt^=\"Step 20\"]').length === 2")
    tab.get_by_role("button", name="Measure").click()
    expect(tab.get_by_text("no such number").first).to_be_visible()
    table = rows_of(tab.locator("table").evaluate("table => table.outerHTML"))
    assert table["NLL"][1] == "no such number"
    assert re.fullmatch(r"\d\.\d\d", table["Precision"][1])
    tab.get_by_role("button", name="Train more seeds").click()
    expect(tab.get_by_text("GAN: 100%")).to_be_visible(timeout=30_000)
    tab.context.close()


def test_pause_both_ends_the_training_of_more_seeds(browser, address, monkeypatch):
    def endless(*_):
        while True:
            time.sleep(0.05)
            yield 0.5, []

    monkeypatch.setattr(versus, "over_seeds", endless)
    tab = opened(browser, address, LAPTOP, "vae.data=ring&gan.data=ring")
    tab.get_by_role("button", name="Train more seeds").click()
    expect(tab.get_by_text("VAE: 50%")).to_be_visible(timeout=30_000)
    assert len(comparison.busy) == 1
    tab.get_by_role("button", name="Pause both").click()
    deadline = time.monotonic() + 30
    while comparison.busy and time.monotonic() < deadline:
        tab.wait_for_timeout(50)
    assert comparison.busy == set()
    tab.context.close()


def test_a_phone_shows_all_of_it_one_below_the_other(browser, address):
    tab = opened(browser, address, PHONE, "vae.data=ring&gan.data=ring")
    tab.get_by_role("button", name="Measure").click()
    tab.wait_for_selector("table")
    assert tab.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    boxes = [tab.locator("img[alt^=Step]").nth(i).bounding_box() for i in range(2)]
    assert boxes[1]["y"] > boxes[0]["y"] + boxes[0]["height"]
    tab.context.close()
