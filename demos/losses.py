"""Losses: a VAE and a GAN learn, side by side.  `python demos/losses.py`."""

import gradio as gr

from genart_edu.bundled import demo as part
from genart_edu.data.catalogue import DENSITIES
from genart_edu.lab.choices import OBJECTIVES
from genart_edu.lab.experiment import Experiment
from genart_edu.lab.live import Live

shared, fields = part("shared"), part("fields")
layout, t, Bench, Field = part("layout"), shared.t, part("bench").Bench, fields.Field

NAMES = ("digits", "digits-grey", "motifs", *DENSITIES)
DATA = Field("data", "Data", [(name.replace("-", ", ").capitalize(), name) for name in NAMES])
KINDS = [(name.replace("_", " ").capitalize(), name) for name in OBJECTIVES]
LATENTS = Field("latent_dim", "Latent dimensions", least=1, most=128, whole=True, more=True)
SEED = Field("seed", "Seed", least=0, most=999_999, whole=True, more=True)
SWINGS = {"data": "ring", "objective": "wasserstein"}
COLLAPSES = {"data": "ring", "lr": 1e-3, "discriminator_lr": 2e-4, "beta1": 0.9}
WON = {"data": "ring", "lr": 5e-6}

HELP = """# Losses
A VAE and a GAN before your eyes. Press **Play**: the status line names what it sees, and why.
Change a number while they learn, drag the step back, and another future begins there."""

vae = Bench(
    "losses-vae",
    Experiment("vae", "digits"),
    [
        DATA,
        Field("lr", "Learning rate", most=1),
        Field("beta", "β", most=100, step=0.5),
        Field("free_bits", "Free bits", most=10, step=0.05, more=True),
        Field("warmup", "Warm-up, in steps", most=100_000, whole=True, more=True),
        LATENTS,
        SEED,
    ],
    living=("lr", "beta", "free_bits"),
    presets={
        "A healthy VAE": (
            {},
            "Both costs settle: the reconstruction falls and the KL **rises**, since z says more "
            "and more about x. Most bars of the KL stand.",
        ),
        "A collapsed VAE": (
            {"beta": 10.0},
            "β = 10 makes each nat of z cost ten: z says nothing, the KL falls to 0, and every "
            "picture is decoded to the same grey mean. Set β to 1 while it trains: it comes back.",
        ),
        "A VAE that diverges": (
            {"lr": 1.0},
            "At a learning rate of 1 a step overshoots further than the last one, until a number "
            "is no longer finite. The run stops before that step: lower the rate and press Play.",
        ),
    },
    link="vae.",
    columns=2,
)
gan = Bench(
    "losses-gan",
    Experiment("gan", "digits"),
    [
        DATA,
        Field("objective", "Loss", KINDS),
        Field("lr", "Generator's rate", most=1),
        Field("discriminator_lr", "Discriminator's rate", most=1),
        Field("r1", "R1", most=100, step=0.1),
        Field("gradient_penalty", "Gradient penalty", most=100, step=0.1, more=True),
        Field("instance_noise", "Instance noise", most=2, step=0.05, more=True),
        Field("beta1", "Momentum β₁", most=0.99, step=0.1, more=True),
        LATENTS,
        SEED,
    ],
    living=("lr", "discriminator_lr", "r1", "gradient_penalty", "instance_noise"),
    presets={
        "A healthy GAN": (
            {"data": "ring"},
            "Neither loss falls: they come to rest near the lines of a discriminator that can "
            "only guess. So a GAN's losses don't tell how good it is; KL and JS from the truth "
            "do.",
        ),
        "A collapsed GAN": (
            COLLAPSES,
            "The discriminator is too slow: the generator puts all it makes in one place, and "
            "jumps to the next when it is found out. Its losses look almost as when it is "
            "healthy.",
        ),
        "A GAN that swings": (
            SWINGS,
            "The Wasserstein loss without a gradient penalty has no rest: the two chase each "
            "other. Set the gradient penalty to 0.1 while it trains.",
        ),
        "The discriminator won": (
            WON,
            "The generator hardly moves: the discriminator tells every fake, its loss falls to 0 "
            "and the generator's rises. Give the generator a rate of 0.0005 while it trains.",
        ),
    },
    halves={"Step D": "discriminator_step", "Step G": "generator_step"},
    link="gan.",
    columns=2,
)


def build() -> gr.Blocks:
    """The page."""
    with gr.Blocks(title="Losses", fill_width=True) as page:
        gr.Markdown(t(HELP))
        with gr.Row():
            both = gr.Button(t("Play both"), variant="primary", min_width=120)
            none = gr.Button(t("Pause both"), min_width=120)
        with gr.Row():
            for bench in vae, gan:
                with gr.Column(min_width=320):
                    bench.build(page)
        both.click(None, js=layout.PRESS % ".genart-losses-vae, .genart-losses-gan")
        for bench in vae, gan:
            none.click(bench.does(Live.pause), None, bench.seen, **layout.CALM)
        shared.glossary()
    return page


demo = build()
if __name__ == "__main__":
    part("app").launch(demo)
