"""Watch it learn: a VAE or a GAN trains before your eyes.  `python demos/watch_it_learn.py`.

Fields and buttons around lab/live.py, no more.
"""

import os

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported

import runpy
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr

from genart_edu.data.catalogue import DENSITIES
from genart_edu.lab.experiment import Experiment
from genart_edu.lab.live import Live
from genart_edu.lab.visitors import Visitors
from genart_edu.views.style import DARK, LIGHT

MODELS = [("VAE", "vae"), ("GAN", "gan")]
NAMES = ("digits", "digits-grey", "motifs", *DENSITIES)
DATA = [(name.replace("-", ", ").capitalize(), name) for name in NAMES]
FIRST = ("vae", "digits")

HELP = """# Watch it learn
Choose a model and data, then press **Play**. A new learning rate takes effect at once, while it
trains; any other choice begins a new run at step 0."""

Shown = tuple[str, str]  # the screen and the caption

visitors = Visitors()
shared = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("shared.py"))))
html, number, said = shared.html, shared.number, shared.said


def described(model: str, data: str, latent_dim: Any, lr: Any, seed: Any) -> Experiment:
    """The experiment that the fields describe."""
    with said():
        return Experiment(
            model,
            data,
            latent_dim=number("Latent dimensions", latent_dim, 1, 128),
            lr=number("The learning rate", lr, 0, 1, whole=False),
            seed=number("The seed", seed, 0, 999_999),
        )


def what_works(model: str, data: str) -> tuple[Any, Any]:
    """Latent dimensions and learning rate to begin with."""
    settled = Experiment(model, data).settled(images=data not in DENSITIES)
    return settled.latent_dim, settled.lr


def live_of(who: gr.Request) -> Live:
    """The visitor's own run."""
    with said():
        return visitors.find(who.session_hash)


def arrive(who: gr.Request, dark: bool, narrow: bool) -> Shown:
    """The page was opened."""
    first = described(*FIRST, *what_works(*FIRST), seed=0)
    live = Live(first, DARK if dark else LIGHT, columns=1 if narrow else None)
    visitors.welcome(who.session_hash, live)
    return html(live.frame()), live.stage.caption


def leave(who: gr.Request) -> None:
    """The page was closed."""
    visitors.leave(who.session_hash)


def play(who: gr.Request) -> Iterator[str]:
    """Play was pressed."""
    with said():
        frames = visitors.play(who.session_hash)
    yield from map(html, frames)


def pause(who: gr.Request) -> str:
    """Pause was pressed."""
    live = live_of(who)
    live.pause()
    return html(live.frame())


def step(who: gr.Request) -> str:
    """Step was pressed."""
    return html(live_of(who).step())


def reset(who: gr.Request, *fields: Any) -> Shown:
    """Reset was pressed."""
    live = live_of(who)
    return html(live.reset(described(*fields))), live.stage.caption


def change(who: gr.Request, *fields: Any) -> Shown:
    """A number was entered: a new learning rate goes on, what else is new begins anew."""
    live = live_of(who)
    return html(shared.become(live, described(*fields), ["lr"])), live.stage.caption


def choose(who: gr.Request, model: str, data: str, seed: Any) -> tuple[Any, Any, str, str]:
    """Another model or other data: begin with what works there."""
    latent_dim, lr = what_works(model, data)
    label = "Learning rate" if model == "vae" else "Generator's learning rate"
    return latent_dim, gr.Number(lr, label=label), *reset(who, model, data, latent_dim, lr, seed)


def build() -> gr.Blocks:
    """The page."""
    latents, rate = what_works(*FIRST)
    with gr.Blocks(title="Watch it learn", fill_width=True) as page:
        gr.Markdown(HELP)
        with gr.Row():
            model = gr.Radio(MODELS, value=FIRST[0], label="Model")
            data = gr.Dropdown(DATA, value=FIRST[1], label="Data", filterable=False)
            latent_dim = gr.Number(latents, label="Latent dimensions", min_width=90)
            lr = gr.Number(rate, label="Learning rate", step=0.001, min_width=90)
            seed = gr.Number(0, label="Seed", min_width=90)
        with gr.Row():
            play_button = gr.Button("Play", variant="primary", min_width=60)
            pause_button = gr.Button("Pause", min_width=60)
            step_button = gr.Button("Step", min_width=60)
            reset_button = gr.Button("Reset", min_width=60)
        picture = gr.HTML(css_template=shared.CSS, js_on_load=None)
        caption = gr.Markdown()
        dark, narrow = gr.Checkbox(visible=False), gr.Checkbox(visible=False)

        shown, fields = [picture, caption], [model, data, latent_dim, lr, seed]
        chosen = [latent_dim, lr, *shown]
        entered = [event for box in (latent_dim, lr, seed) for event in (box.submit, box.blur)]
        calm: dict[str, Any] = {
            "show_progress": "hidden",
            "api_visibility": "private",
            "concurrency_limit": None,
            "trigger_mode": "multiple",
        }
        page.load(arrive, [dark, narrow], shown, js=shared.DARK_AND_NARROW, **calm)
        page.unload(leave)
        play_button.click(play, None, picture, **calm | {"concurrency_limit": shared.PLAYING})
        pause_button.click(pause, None, picture, **calm)
        step_button.click(step, None, picture, **calm)
        reset_button.click(reset, fields, shown, **calm)
        gr.on([model.input, data.input], choose, [model, data, seed], chosen, **calm)
        gr.on(entered, change, fields, shown, **calm)
    return page


demo = build()
if __name__ == "__main__":
    runpy.run_path(str(Path(__file__).with_name("app.py")))["launch"](demo)
