"""GAN or VAE?  The same data, the same budget, the same numbers.  `python demos/gan_or_vae.py`."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import gradio as gr

from genart_edu.bundled import demo as part
from genart_edu.data.catalogue import DENSITIES
from genart_edu.lab import versus
from genart_edu.lab.experiment import Experiment
from genart_edu.lab.gate import GATE
from genart_edu.lab.live import Live

shared, bench, fields, layout = part("shared"), part("bench"), part("fields"), part("layout")
comparison = part("comparison")
t, said, number, Field, CALM = shared.t, shared.said, shared.number, fields.Field, layout.CALM

NAMES = ("digits", "digits-grey", "motifs", *DENSITIES)
COINS: dict[str, Any] = {"likelihood": "bernoulli", "variance": "learned"}
GREY: dict[str, Any] = {"likelihood": "gaussian", "variance": "optimal"}
PLANE: dict[str, Any] = {"likelihood": "gaussian", "variance": "learned"}
SUITS = {"digits": COINS, "digits-grey": GREY, "motifs": GREY}  # a VAE
FIRST, BUDGETS = "digits-grey", {"steps": 1_500, "seconds": 5}
BUDGET = Field("budget", "Budget of each", [(name.capitalize(), name) for name in BUDGETS])
DATA = Field("data", "Data", [(n.replace("-", ", ").capitalize(), n) for n in NAMES], more=True)
SEED = Field("seed", "Seed", most=999_999, whole=True, more=True)
SIZES = [
    Field("hidden_dim", "Width", least=1, most=512, whole=True, more=True),
    Field("depth", "Hidden layers", least=1, most=4, whole=True, more=True),
    Field("latent_dim", "Latent dimensions", least=1, most=128, whole=True, more=True),
]
KINDS = [("Coins", "bernoulli"), ("Gaussian", "gaussian")]
VAE = bench.Bench(
    "versus-vae",
    Experiment("vae", FIRST, depth=2, **GREY),  # about as many weights as the GAN
    [
        Field("lr", "Learning rate", most=1),
        Field("beta", "β", most=1_000, step=0.1),
        Field("likelihood", "p(x|z)", KINDS, more=True),
        Field("variance", "Variance", [("Learned", "learned"), ("Best", "optimal")], more=True),
        *(DATA, *SIZES, SEED),
    ],
    **{"living": ("lr", "beta"), "link": "vae.", "columns": 2},
)
GAN = bench.Bench(
    "versus-gan",
    Experiment("gan", FIRST),
    [
        Field("lr", "Generator's rate", most=1),
        Field("discriminator_lr", "Discriminator's rate", most=1),
        Field("r1", "R1", most=100, step=0.1),
        *(DATA, *SIZES, SEED),
    ],
    living=("lr", "discriminator_lr", "r1"),
    link="gan.",
    columns=2,
)
TWO = (VAE, GAN)

HELP = """# GAN or VAE?
The same data, about as many weights, the same budget: **Train both, then Measure.** The judge is
data that neither has learned from; real data against themselves are the yardstick. As a budget,
**steps** gives both as many updates, and **seconds** as many as each would make in that time if it
had this machine for itself. **More seeds** trains both again, and tells from where to where each
number goes: if that is wide, one run proves nothing."""


def the_same(who: gr.Request) -> tuple[list[Live], list[Experiment]]:
    """Both runs of a visitor.  ValueError, in one sentence, if they learn different data."""
    lives = [each.find(who) for each in TWO]
    chosen = [live.screen.tree.living for live in lives]
    first, second = (experiment.data for experiment in chosen)
    if first != second:
        got = f"the VAE learns {first}, the GAN {second}"
        raise ValueError(f"Only models of the same data can be compared; now {got}.")
    return lives, chosen


def measure(who: gr.Request) -> str:
    """Measure was pressed."""
    with said(who):
        lives, (chosen, _) = the_same(who)
        found = [[comparison.examined(live, chosen.data)] for live in lives]
    return comparison.table(shared.words(who), *found, comparison.known(chosen.data)[1])


def more_seeds(who: gr.Request, more: Any) -> Iterator[tuple[str, str]]:
    """Train more seeds was pressed: as many steps as both have made.  -> how far, the table."""
    with said(who), comparison.alone(who.session_hash):
        more, next_look = number("More seeds", more, 1, 4), 0.0
        lives, chosen = the_same(who)
        steps = [live.run.step for live in lives]
        if max(steps) > (most := comparison.LONGEST):
            raise ValueError(f"More seeds are for runs of at most {most:,} steps.")
        found = [[comparison.examined(live, chosen[0].data)] for live in lives]
        paper, real = comparison.known(chosen[0].data)
        for i, name in enumerate(("VAE", "GAN")):
            own, share = found[i], 0.0
            training = versus.over_seeds(chosen[i], steps[i], more, paper)
            while share < 1:
                with GATE:
                    share, others = next(training)
                found[i] = own + others
                if share == 1 or time.monotonic() > next_look:
                    next_look = time.monotonic() + 0.5
                    yield f"{name}: {share:.0%}", comparison.table(shared.words(who), *found, real)


def trains(each: Any) -> Callable[..., Iterator[Any]]:
    """What Train both does with one of the two."""

    def handle(who: gr.Request, budget: Any, amount: Any) -> Iterator[Any]:
        with said(who):
            live = each.find(who)
            left = comparison.goal(live, budget, amount) - live.run.step
        for frame in live.play(max(0, left)):
            yield {each.picture: shared.html(frame, shared.words(who))}

    return handle


def learns(each: Any) -> Callable[..., Any]:
    """What other data, or another seed, do with one of the two: it begins anew."""

    def choose(live: Live, data: Any, seed: Any) -> Any:
        now = live.screen.tree.living
        wanted = replace(now, seed=SEED.read(seed))
        if DATA.read(data) != now.data:
            suits = SUITS.get(data, PLANE) if each is VAE else {}
            wanted = each.choices.experiment(data=data, seed=wanted.seed, **suits)
        return shared.become(live, wanted, each.living)

    return each.does(choose, fields=True)


def arrive(who: gr.Request, _dark: Any, _narrow: Any, query: str) -> list[Any]:
    """The page was opened, by a link perhaps: data, budget and how much of it, to show."""
    asked = dict(parse_qsl(query))
    data, budget, amount = (asked.get(name, "")[:12] for name in ("vae.data", "budget", "amount"))
    budget = budget if budget in BUDGETS else "steps"
    known = amount.replace(".", "", 1).isdecimal()
    much, say = float(amount) if known else BUDGETS[budget], shared.words(who)
    return [DATA.shown(data if data in NAMES else FIRST, say), BUDGET.shown(budget, say), much]


def build() -> gr.Blocks:
    """The page."""
    with gr.Blocks(title="GAN or VAE?", fill_width=True) as page:
        gr.Markdown(t(HELP))
        with gr.Row():
            data, seed = DATA.component(FIRST), SEED.component(0)
            budget = BUDGET.component("steps")
            amount = gr.Number(BUDGETS["steps"], label=t("How much"), min_width=90)
            more = gr.Dropdown([1, 2, 3, 4], value=3, label=t("More seeds"), filterable=False)
        with gr.Row():
            both = gr.Button(t("Train both"), variant="primary", min_width=90)
            stop = gr.Button(t("Pause both"), min_width=90)
            judge = gr.Button(t("Measure"), variant="primary", min_width=90)
            again = gr.Button(t("Train more seeds"), min_width=90)
        far = gr.Markdown()
        numbers = gr.HTML(css_template=comparison.CSS, apply_default_css=False, js_on_load=None)
        with gr.Row():
            for each in TWO:
                with gr.Column(min_width=320):
                    gr.Markdown(f"## {'VAE' if each is VAE else 'GAN'}")
                    each.build(page)
        gr.Markdown(t(comparison.WHEN))
        shared.glossary()

        hidden = [gr.Textbox(visible=False) for _ in range(3)]
        page.load(arrive, hidden, [data, budget, amount], js=shared.OPENED, **CALM)
        judge.click(measure, None, numbers, **CALM)
        training = again.click(more_seeds, more, [far, numbers], **CALM | {"trigger_mode": "once"})
        stop.click(None, None, None, cancels=[training])
        both.click(None, js=layout.PRESS % ".genart-train")
        for each in TWO:
            go = gr.Button(visible="hidden", elem_classes="genart-train")
            trained = go.click(trains(each), [budget, amount], each.picture, **CALM)
            trained.then(each.does(lambda live: None), None, each.seen, **CALM)
            stop.click(each.does(Live.pause), None, each.seen, **CALM)
            for event in data.input, seed.submit, seed.blur:
                begun = event(learns(each), [data, seed], each.everything, **CALM)
                address = layout.INTO_ADDRESS % each.choices.names
                begun.then(None, each.query, None, js=address, **CALM)
        chosen = budget.input(lambda kind: BUDGETS.get(kind, 1), budget, amount, **CALM)
        address = layout.INTO_ADDRESS % ["budget", "amount"]
        js = f"(budget, amount) => ({address})(new URLSearchParams({{ budget, amount }}))"
        for event in chosen.then, amount.input:
            event(None, [budget, amount], None, js=js, **CALM)
    return page


demo = build()
if __name__ == "__main__":
    part("app").launch(demo)
