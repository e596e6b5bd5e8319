"""Watch it learn: a VAE or a GAN trains before your eyes.  `python demos/watch_it_learn.py`.

Fields and buttons around lab/live.py, no more.
"""

import os

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported

import runpy
import struct
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from genart_edu.data.catalogue import DENSITIES
from genart_edu.lab.experiment import Experiment
from genart_edu.lab.live import Frame, Live
from genart_edu.lab.visitors import Visitors
from genart_edu.views.style import DARK, LIGHT

MODELS = [("VAE", "vae"), ("GAN", "gan")]
NAMES = ("digits", "digits-grey", "motifs", *DENSITIES)
DATA = [(name.replace("-", ", ").capitalize(), name) for name in NAMES]
FIRST = ("vae", "digits")
PLAYING = 32  # visitors who train at once; the next one waits for a turn
KEPT = 64  # runs in memory
MOST_STEPS = 200_000  # of one run: its history is 3 MB then

HELP = """# Watch it learn
Choose a model and data, then press **Play**. A new learning rate takes effect at once, while it
trains; any other choice begins a new run at step 0."""

# The picture fills the width, but the words below it stay on a laptop's and a projector's screen.
CSS = """
p { font-size: 1.2em; font-variant-numeric: tabular-nums; margin: 0; }
img { display: block; width: 100%; height: auto; object-fit: contain; margin: 0; }
@media (min-width: 700px) { img { max-height: 45vh; } }
@media (min-width: 1600px) { img { max-height: 36vh; } }
"""
DARK_AND_NARROW = "() => [document.body.classList.contains('dark'), window.innerWidth < 700]"

Shown = tuple[str, str]  # the screen and the caption


visitors = Visitors(KEPT)
Refusal = partial(gr.Error, print_exception=False)  # one sentence, said on the page


def number(label: str, value: Any, least: int, most: int, whole: bool = True) -> Any:
    """`value`, if it is what the field asks for."""
    known = isinstance(value, int | float)
    if not known or not least <= value <= most or (whole and value % 1):
        kind, got = "whole number" if whole else "number", value if known else "none"
        raise Refusal(f"{label} must be a {kind} from {least:,} to {most:,}; got {got}.")
    return int(value) if whole else value


def described(model: str, data: str, latent_dim: Any, lr: Any, seed: Any) -> Experiment:
    """The experiment that the fields describe."""
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


def screen(frame: Frame) -> str:
    """A frame as HTML: the picture, and the same in words."""
    width, height = struct.unpack(">2I", frame.png[16:24])  # known at once, so that nothing jumps
    status, picture = escape(frame.status), b64encode(frame.png).decode()
    return (
        f'<p>{status}</p><img alt="{status}" width="{width}" height="{height}" decoding="sync" '
        f'src="data:image/png;base64,{picture}">'
    )


def live_of(who: gr.Request) -> Live:
    """The visitor's own run."""
    try:
        return visitors.find(who.session_hash)
    except LookupError as error:
        raise Refusal(str(error)) from error


def arrive(who: gr.Request, dark: bool, narrow: bool) -> Shown:
    """The page was opened."""
    first = described(*FIRST, *what_works(*FIRST), seed=0)
    live = Live(first, DARK if dark else LIGHT, columns=1 if narrow else None)
    visitors.welcome(who.session_hash, live)
    return screen(live.frame()), live.stage.caption


def leave(who: gr.Request) -> None:
    """The page was closed."""
    visitors.leave(who.session_hash)


def play(who: gr.Request) -> Iterator[str]:
    """Play was pressed."""
    live = live_of(who)
    left = MOST_STEPS - live.run.step
    if left <= 0:
        raise Refusal(f"A run on this page ends after {MOST_STEPS:,} steps: press Reset.")
    yield from map(screen, live.play(left))


def pause(who: gr.Request) -> str:
    """Pause was pressed."""
    live = live_of(who)
    live.pause()
    return screen(live.frame())


def step(who: gr.Request) -> str:
    """Step was pressed."""
    return screen(live_of(who).step())


def reset(who: gr.Request, *fields: Any) -> Shown:
    """Reset was pressed."""
    live = live_of(who)
    return screen(live.reset(described(*fields))), live.stage.caption


def change(who: gr.Request, *fields: Any) -> Shown:
    """A number was entered: a new learning rate goes on, what else is new begins anew."""
    live, wanted = live_of(who), described(*fields)
    if replace(wanted, lr=live.experiment.lr) != live.experiment:
        return reset(who, *fields)
    live.set(lr=fields[3])
    return screen(live.frame()), live.stage.caption


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
        picture = gr.HTML(css_template=CSS, js_on_load=None)
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
        page.load(arrive, [dark, narrow], shown, js=DARK_AND_NARROW, **calm)
        page.unload(leave)
        play_button.click(play, None, picture, **calm | {"concurrency_limit": PLAYING})
        pause_button.click(pause, None, picture, **calm)
        step_button.click(step, None, picture, **calm)
        reset_button.click(reset, fields, shown, **calm)
        gr.on([model.input, data.input], choose, [model, data, seed], chosen, **calm)
        gr.on(entered, change, fields, shown, **calm)
    return page


demo = build()
if __name__ == "__main__":
    runpy.run_path(str(Path(__file__).with_name("app.py")))["launch"](demo)
