"""The KL term: beta over trained models, and collapse on demand.  `python demos/kl_term.py`."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import gradio as gr

from genart_edu.bundled import demo as part
from genart_edu.lab.experiment import Experiment
from genart_edu.lab.live import DRAWING
from genart_edu.lab.screen import Frame
from genart_edu.lab.shelf import BETAS, BetaSweep
from genart_edu.views.style import DARK, LIGHT

shared, bench, fields, layout = part("shared"), part("bench"), part("fields"), part("layout")
t, Field = shared.t, fields.Field

HELP = """# The KL term
The loss of a VAE is reconstruction + β · KL: a tax of β on every nat that z says about x. Below are
eight models that were really trained, the same VAE at eight values of β. **Choose a β**: what does
it say, and what do its digits cost?"""
SHELF = """**rate**: nats that z carries. **distortion**: nats that x still costs. Along a dashed
line their sum, −ELBO, is the same; the best model of the digits is on the lowest one. **KL of each
latent**: latents die one by one as β rises. A latent is **active** if the mean of its posterior
moves when x does; at β 4 half of them still whisper, but all together they carry less than .1 nat,
so read the count beside the nats. **One latent moves**: what each of the most informative latents
does to a digit; one that is dead does nothing."""
COLLAPSE = """## Collapse on demand, and its cures
**Choose a case, then press Play.** When the KL goes to 0 the code has died: posterior collapse.
Every digit is then decoded to the same grey ghost, and −ELBO stands at the line of the coins.
**Change β while it trains**: does the code come back? β, free bits and the learning rate take
effect at once; any other choice begins anew."""

GREY = {"data": "digits-grey", "likelihood": "gaussian"}
PRESETS: dict[str, tuple[dict[str, Any], str]] = {
    "It collapses (β 4)": (
        {"beta": 4.0},
        """Watch the bars: within 250 steps nearly nothing is left of them, and what is decoded is
one ghost. Seen after 2,500 steps: KL .1 nat, −ELBO 24.4, where coins that know nothing charge 24.7.
Then set β to 1 while it trains: after 500 steps the KL was at 5 nats. A dead code wakes as soon as
it pays to speak.""",
    ),
    "Cure: a smaller β": (
        {"beta": 1.0},
        """The cheapest cure: only at β 1 is the loss −ELBO itself. Seen after 2,500 steps: KL 7.4
nats, 11 latents with more than .1 nat, −ELBO 18.4. Then set β to 4: within 250 steps it was down to
.7 nats. A healthy code does not survive a high tax.""",
    ),
    "Cure? Warm-up": (
        {"beta": 4.0, "warmup": 1_250},
        """β rises from 0 to 4 over 1,250 steps. Watch the code come alive, 8 nats at step 250, and
fall silent as the tax rises: .2 nats at step 2,500. A warm-up changes the road and not the goal; at
β 4 the goal is next to silence.""",
    ),
    "Cure? Cycles": (
        {"beta": 4.0, "cycle": 500},
        """The tax begins anew at 0 every 500 steps. Watch the KL breathe: it comes with every new
cycle, and goes with every high tax. Seen at step 2,500: .4 nats.""",
    ),
    "Cure: free bits": (
        {"beta": 4.0, "free_bits": 0.25},
        """The first .25 nats of each latent are not taxed: this changes the goal. Seen after 2,500
steps: KL 3.8 of the 16 × .25 = 4 nats that are free, in all 16 latents, useful or not; −ELBO 20.3.
Then set free bits to 0: 250 steps later .3 nats were left.""",
    ),
    "A mean over pixels": (
        {"beta": 64.0},
        """Whoever averages the cross entropy over 64 pixels, and sums the KL, trains with a hidden
β of 64. Watch: dead at once. Sum over pixels and over latents; average over the batch, once.""",
    ),
    "Variance 1": (
        GREY | {"variance": 1.0},
        """No β in sight: the loss is half the squared error plus the KL, a Gaussian decoder of
variance 1. Dead, all 16: no direction of the grey digits has a variance over 1 (the largest: .70),
so silence is the optimum, and no warm-up helps.""",
    ),
    "Cure: the best variance": (
        GREY | {"variance": "optimal"},
        """The variance is the model's own mean squared error. Watch all 16 latents come alive.
Seen after 2,500 steps: KL 26 nats. −ELBO is below 0, as the cost of grey pixels is that of a
density.""",
    ),
}
KL = bench.Bench(
    "kl",
    Experiment("vae", "digits"),
    [
        Field("data", "Data", [("Digits", "digits"), ("Digits, grey", "digits-grey")]),
        Field("beta", "β", most=1_000, step=0.1),
        Field("free_bits", "Free bits", most=10, step=0.05),
        Field("warmup", "Warm-up, in steps", most=100_000, whole=True),
        Field("cycle", "Cycle, in steps", most=100_000, whole=True),
        Field("lr", "Learning rate", most=1),
        Field(
            "likelihood", "p(x|z)", [("Coins", "bernoulli"), ("Gaussian", "gaussian")], more=True
        ),
        Field(
            "variance",
            "Variance of the Gaussian",
            [("Learned", "learned"), ("Best", "optimal"), ("1", 1.0)],
            more=True,
        ),
        Field("latent_dim", "Latent dimensions", least=1, most=128, whole=True, more=True),
        Field("seed", "Seed", most=999_999, whole=True, more=True),
    ],
    living=("beta", "free_bits", "lr"),
    presets=PRESETS,
)
SLIDER = """input { width: 100%; height: 28px; margin: 0; accent-color: #0072b2; }
div { display: flex; justify-content: space-between; font-size: 1.15em; }
span { width: 28px; text-align: center; } .here { font-weight: 700; text-decoration: underline; }
@media (max-width: 700px) { div { font-size: 0.9em; } }
"""  # a step of the slider stands above its number
LOOK = "(beta) => [beta, document.body.classList.contains('dark'), window.innerWidth < 700]"


@cache
def sweep(dark: bool, narrow: bool) -> BetaSweep:
    """The trained models, for one kind of screen."""
    return BetaSweep(DARK if dark else LIGHT, columns=1 if narrow else None)


@cache
def drawn(i: int, dark: bool, narrow: bool, say: Callable[[str], str]) -> tuple[str, str]:
    """Model i, and its latents.  There are few, so all are kept; they are of no visitor."""
    with DRAWING:
        models = sweep(dark, narrow)
        pictures, said = (models.picture(i), models.latents(i)), models.status(i)
    alt = f"Latents of β {BETAS[i]:g}: the two that say most, and what the first eight do"
    first, second = (
        shared.html(Frame(0, words, png, False), say)
        for words, png in zip((said, alt), pictures, strict=True)
    )
    return first, second


def choose(who: gr.Request, beta: Any, dark: Any, narrow: Any) -> tuple[str, str, str]:
    """A β was chosen: its model, its latents, and what the page's address says."""
    with shared.said(who):
        if not isinstance(beta, int | float) or beta not in BETAS:
            raise ValueError(f"β must be one of {', '.join(f'{b:g}' for b in BETAS)}.")
        shown = drawn(BETAS.index(beta), bool(dark), bool(narrow), shared.words(who))
        return *shown, f"shelf={beta:g}"


def arrive(who: gr.Request, dark: Any, narrow: Any, query: str) -> tuple[Any, ...]:
    """The page was opened, by a link perhaps: its β, and whether the shelf is to be seen."""
    asked = dict(parse_qsl(query))
    beta = next((b for b in BETAS if f"{b:g}" == asked.get("shelf")), 1.0)
    there = gr.Column(visible="shelf" not in asked.get("hide", "").split(","))
    return beta, there, *choose(who, beta, dark, narrow)[:2]


def build() -> gr.Blocks:
    """The page."""
    with gr.Blocks(title="KL term", fill_width=True) as page:
        with gr.Column() as shelf:
            gr.Markdown(t(HELP))
            script = Path(__file__).with_suffix(".js").read_text("utf-8")
            how: Any = {"html_template": "", "css_template": SLIDER, "apply_default_css": False}
            beta = gr.HTML(1.0, js_on_load=script, betas=BETAS, **how)
            model = gr.HTML(css_template=shared.CSS, js_on_load=None)
            latents = gr.HTML(css_template=shared.CSS, js_on_load=None)
            gr.Markdown(t(SHELF))
        gr.Markdown(t(COLLAPSE))
        KL.build(page)
        shared.glossary()

        place, asked = gr.Textbox(visible=False), gr.Textbox(visible=False)
        look = [gr.Checkbox(visible=False), gr.Checkbox(visible=False)]
        shown = [beta, shelf, model, latents]
        page.load(arrive, [*look, asked], shown, js=shared.OPENED, **layout.CALM)
        seen = [model, latents, place]
        moved = beta.input(choose, [beta, *look], seen, js=LOOK, **layout.LATEST)
        moved.then(None, place, None, js=layout.INTO_ADDRESS % ["shelf"], **layout.CALM)
    return page


demo = build()
if __name__ == "__main__":
    part("app").launch(demo)
