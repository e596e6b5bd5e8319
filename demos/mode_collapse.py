"""Mode collapse: see one GAN, count 32, walk in the Dirac-GAN.  `python demos/mode_collapse.py`."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import gradio as gr

from genart_edu.bundled import demo as part
from genart_edu.data.catalogue import DENSITIES
from genart_edu.data.drawing import EXTENT, drawing
from genart_edu.lab.choices import OBJECTIVES
from genart_edu.lab.experiment import Experiment
from genart_edu.lab.live import Live
from genart_edu.views.browser import sources

shared, layout, dirac = part("shared"), part("layout"), part("dirac")
t, Bench, Field, CALM = shared.t, part("bench").Bench, part("fields").Field, layout.CALM

TARGETS = [(name.capitalize(), name) for name in DENSITIES]
KINDS = [(name.replace("_", " ").capitalize(), name) for name in OBJECTIVES]
OFF_ON = [("off", False), ("on", True)]
FIELDS = [
    Field("data", "Target", TARGETS),
    Field("packing", "Packing", [("off", 1), ("packs of 2", 2), ("packs of 4", 4)]),
    Field("n_critic", "Steps of D", least=1, most=10, whole=True),
    Field("lr", "Generator's rate", most=1),
    Field("discriminator_lr", "Discriminator's rate", most=1),
    Field("beta1", "Momentum β₁", most=0.99, step=0.1),
    Field("objective", "Loss", KINDS, more=True),
    Field("r1", "R1", most=100, step=0.1, more=True),
    Field("gradient_penalty", "Gradient penalty", most=100, step=0.1, more=True),
    Field("instance_noise", "Instance noise", most=2, step=0.05, more=True),
    Field("minibatch_std", "Minibatch std", OFF_ON, more=True),
    Field("spectral_norm", "Spectral norm", OFF_ON, more=True),
    Field("unroll", "Unrolled steps", most=5, whole=True, more=True),
    Field("cosine", "Rates fall to 0 in … steps", most=100_000, whole=True, more=True),
    Field("seed", "Seed", most=999_999, whole=True, more=True),
]
TABS = {"one": "One GAN", "seeds": "32 seeds", "dirac": "Dirac-GAN"}
# The address as it was opened: by now the first tab has written itself into it.
OPENED = "() => performance.getEntriesByType('navigation')[0].name.split('?').slice(1).join()"
LIVING = ("lr", "discriminator_lr", "r1", "gradient_penalty", "instance_noise")
HALVES = {"Step D": "discriminator_step", "Step G": "generator_step"}

ONE = """Choose a setting, press **Play**, and watch the modes. Switch the *manifold* on: it is all
that G can draw."""
MANY = """32 GANs with the same settings, each with a seed of its own. One run is an anecdote:
**count**. A thick frame: that seed misses a mode."""

HEAP: dict[str, Any] = {"lr": 1e-3, "discriminator_lr": 2e-4, "beta1": 0.9, "cosine": 4_000}
QUICK = HEAP | {"discriminator_lr": 1e-3, "beta1": 0.5}
WGAN_GP = QUICK | {"objective": "wasserstein", "gradient_penalty": 0.1, "n_critic": 5}
one = Bench(
    "collapse-one",
    Experiment("gan", "ring"),
    FIELDS,
    living=LIVING,
    presets={  # counted once, on 32 seeds that trained as one
        "It collapses": (
            HEAP,
            "D is slow, and both have much momentum: all fakes heap up in one place, and leave it "
            "for another when D finds them out. After 4,000 steps **0 of 32 seeds** had 8 of 8 "
            "modes, and 2 % of the fakes were good.",
        ),
        "Packs of 2": (
            HEAP | {"packing": 2},
            "The same, but D judges two x at a time, so that a heap gives itself away. After 4,000 "
            "steps **32 of 32 seeds** had 8 of 8 modes; but look at the good fakes: 26 %.",
        ),
        "Five steps of D": (
            HEAP | {"n_critic": 5},
            "The same as the first, but D learns five times for each step of G: it answers in "
            "time. After 4,000 steps **32 of 32 seeds** had 8 of 8 modes, 71 % good fakes.",
        ),
        "A quick D": (
            QUICK,
            "D learns as fast as G, and both have little momentum: D has a hill for each mode "
            "before a heap can form. After 4,000 steps **30 of 32 seeds** had 8 of 8 modes, 84 % "
            "good fakes.",
        ),
        "WGAN-GP": (
            WGAN_GP,
            "Another loss, a penalty on D's slope, and five steps of D. After 4,000 steps **32 of "
            "32 seeds** had 8 of 8 modes, 78 % good fakes. In a package, which part cures?",
        ),
        "R1 is no cure": (
            HEAP | {"r1": 0.1},
            "R1 stops players that circle: see the Dirac-GAN. A heap is another illness. After "
            "4,000 steps **1 of 32 seeds** had 8 of 8 modes, 3 % good fakes.",
        ),
    },
    halves=HALVES,
)
SLOW: dict[str, Any] = {"lr": 2e-3, "discriminator_lr": 5e-4, "beta1": 0.9, "cosine": 1_000}
many = Bench(
    "collapse-many",
    Experiment("gan", "ring", hidden_dim=32, batch_size=64, seeds=32, **SLOW),
    FIELDS,
    living=LIVING,
    presets={  # counted with seeds 0 and 1, at step 1,000
        "A slow D": (
            {},
            "The rates fall to 0 at step 1,000: how many of the 32 miss a mode then? We counted "
            "twice: **32** and **32** collapsed. It was not bad luck.",
        ),
        "Less momentum": (
            {"beta1": 0.5},
            "Both players with momentum 0.5 instead of 0.9. At step 1,000, counted twice: **26** "
            "and **27** collapsed.",
        ),
        "Less momentum, packs": (
            {"beta1": 0.5, "packing": 2},
            "The same, but D judges packs of two. At step 1,000, counted twice: **7** and **5** "
            "collapsed. But only 4 % of the fakes were good, and the count hangs on those few: "
            "with other z the same networks gave **14** and **7**.",
        ),
        "More steps of D": (
            {"n_critic": 5},
            "As at first, but D learns five times for each step of G. At step 1,000, counted "
            "twice: **1** and **7** collapsed; 10 to 11 % of the fakes were good.",
        ),
        "Less momentum, quick D": (
            {"beta1": 0.5, "discriminator_lr": 4e-3},
            "D at eight times its rate, and less momentum. At step 1,000, counted twice: **0** "
            "and **0** collapsed; 43 to 48 % of the fakes were good. The same GAN, other numbers.",
        ),
    },
    link="seeds.",
)


def draw(live: Live, strokes: Any) -> None:
    """A drawing was handed in: from the next step on the run learns from it."""
    live.set(data=drawing(strokes))


def sheet() -> gr.HTML:
    """Where a target is drawn."""
    script, css = sources("draw")
    return gr.HTML(
        html_template="",
        css_template=css,
        js_on_load=Path(__file__).with_suffix(".js").read_text("utf-8"),
        apply_default_css=False,
        script=script,
        extent=EXTENT,
        label="Train on it",
        chinese=shared.CHINESE["Train on it"],
    )


def chosen(query: Any) -> gr.Tabs:
    """The tab that a link opens."""
    tab = dict(parse_qsl(str(query))).get("tab")
    return gr.Tabs(selected=tab if tab in TABS else "one")


def build() -> gr.Blocks:
    """The page."""
    with gr.Blocks(title="Mode collapse", fill_width=True) as page:
        gr.Markdown(t("# Mode collapse"))
        with gr.Tabs() as tabs:
            with gr.Tab(t(TABS["one"]), id="one"):
                with gr.Row():
                    with gr.Column(scale=5):
                        gr.Markdown(t(ONE))
                    with gr.Column(min_width=170):
                        pen = gr.Checkbox(label=t("Draw a target"), container=False)
                with gr.Row():
                    with gr.Column(visible=False, min_width=320) as fold:
                        pad = sheet()
                    with gr.Column(scale=3):
                        one.build(page)
                pad.submit(one.does(draw, fields=True), pad, one.everything, **CALM)
                pen.input(lambda on: gr.Column(visible=bool(on)), pen, fold, **CALM)
            with gr.Tab(t(TABS["seeds"]), id="seeds"):
                gr.Markdown(t(MANY))
                many.build(page)
            with gr.Tab(t(TABS["dirac"]), id="dirac"):
                dirac.build(page)
        page.load(chosen, gr.Textbox(visible=False), tabs, js=OPENED, **CALM)
        for tab in tabs.children:
            into = layout.INTO_ADDRESS % ["tab"]
            tab.select(None, js=f'() => ({into})("{"" if tab.id == "one" else f"tab={tab.id}"}")')
        shared.glossary()
    return page


demo = build()
if __name__ == "__main__":
    part("app").launch(demo)
