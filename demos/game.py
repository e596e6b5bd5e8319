"""See the game: a GAN in the plane, and all there is to see of it.  `python demos/game.py`."""

import os

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported

import runpy
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import gradio as gr

from genart_edu.data.catalogue import DENSITIES, density
from genart_edu.data.drawing import EXTENT, drawing
from genart_edu.lab.choices import OBJECTIVES
from genart_edu.lab.experiment import Experiment
from genart_edu.lab.live import Live
from genart_edu.lab.screen import Frame
from genart_edu.lab.visitors import Visitors
from genart_edu.views.browser import sources
from genart_edu.views.style import DARK, LIGHT

FIRST = Experiment("gan", "ring").settled(images=False)
TARGETS = [(name.capitalize(), name) for name in DENSITIES]
KINDS = [(name.replace("_", " ").capitalize(), name) for name in OBJECTIVES]
RATES = {  # label and the most; these hold at once, while it trains
    "lr": ("Generator's rate", 1),
    "discriminator_lr": ("Discriminator's rate", 1),
    "r1": ("R1", 100),
    "instance_noise": ("Instance noise", 2),
}
ACTS: dict[str, Callable[..., Frame | None]] = {
    "Pause": Live.pause,
    "Step": Live.step,
    "Step D": partial(Live.step, half="discriminator_step"),
    "Step G": partial(Live.step, half="generator_step"),
}

HELP = """**See the game**: press **Play**. The last four numbers, and a target that you draw, take
effect at once, while it trains; any other choice begins a new run."""

# Words have room for the longest and pictures for the highest, so that nothing jumps.
STILL = """
p { font-size: 1em; min-height: 7lh; }
@media (min-width: 700px) {
  p { min-height: 2lh; }
  img { height: 25vw; object-position: top; }
  img[alt*="slow motion"] { height: min(68vh, 560px); max-height: none; } /* two rows */
}
"""

Shown = tuple[str, str, Any, Any]  # the screen, the caption, the layers and the target

visitors = Visitors()
shared = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("shared.py"))))
become, html, number, said = shared.become, shared.html, shared.number, shared.said


def described(data: Any, objective: Any, packing: Any, seed: Any, *rates: Any) -> Experiment:
    """The experiment that the fields describe."""
    asked = zip(RATES.items(), rates, strict=True)
    with said():
        return replace(
            FIRST,
            data=density(data).name,  # and no pictures that lie on the server
            objective=objective,
            packing=number("Packing", packing, 1, 2),
            seed=number("Seed", seed, 0, 999_999),
            **{name: number(label, x, 0, most, whole=False) for (name, (label, most)), x in asked},
        )


def shown(live: Live, frame: Frame) -> Shown:
    """A frame, and whatever else on the page may be another one now."""
    run, layers = cast(Any, live.run), live.stage.layers
    data = run.batches.data
    target = gr.Dropdown(TARGETS + [("Your own", data)] * (data not in DENSITIES), value=data)
    on = [name for name, is_on in layers.items() if is_on]
    return html(frame), live.stage.caption, gr.CheckboxGroup(list(layers), value=on), target


def arrive(who: gr.Request, dark: bool, narrow: bool) -> Shown:
    """The page was opened."""
    live = Live(FIRST, DARK if dark else LIGHT, columns=1 if narrow else None)
    visitors.welcome(who.session_hash, live)
    return shown(live, live.frame())


def leave(who: gr.Request) -> None:
    """The page was closed."""
    visitors.leave(who.session_hash)


def play(who: gr.Request) -> Iterator[str]:
    """Play was pressed."""
    with said():
        frames = visitors.play(who.session_hash)
    yield from map(html, frames)


def does(act: Callable[..., Frame | None]) -> Callable[..., Shown]:
    """What a button or a field does: `act` on the visitor's run, and then show it."""

    def handle(who: gr.Request, *given: Any) -> Shown:
        with said():
            live = visitors.find(who.session_hash)
        return shown(live, act(live, *given) or live.frame())

    return handle


def switch(live: Live, on: Any) -> None:
    """Layers were chosen: show these, and no others."""
    live.show(**{name: name in on for name in live.stage.layers})


def draw(live: Live, strokes: Any) -> None:
    """A drawing was handed in: from the next step on the run learns from it."""
    with said():
        live.set(data=drawing(strokes))


def build() -> gr.Blocks:
    """The page."""
    script, css = sources("draw")
    with gr.Blocks(title="See the game", fill_width=True) as page:
        gr.Markdown(HELP)
        with gr.Row():
            play_button = gr.Button("Play", variant="primary", min_width=75)
            buttons = [gr.Button(name, min_width=75) for name in ACTS]
            reset_button = gr.Button("Reset", min_width=75)
            slow = gr.Checkbox(label="Slow motion", min_width=150)
            pen = gr.Checkbox(label="Draw a target", min_width=170)
        with gr.Row():
            with gr.Column(visible=False, min_width=320) as fold:
                pad = gr.HTML(
                    html_template="",
                    css_template=css,
                    js_on_load=Path(__file__).with_suffix(".js").read_text("utf-8"),
                    apply_default_css=False,
                    script=script,
                    extent=EXTENT,
                    label="Train on it",
                )
            with gr.Column(scale=3):
                picture = gr.HTML(css_template=shared.CSS + STILL, js_on_load=None)
        layers = gr.CheckboxGroup(label="Layers", show_label=False, container=False)
        with gr.Row():
            target = gr.Dropdown(TARGETS, value="ring", label="Target", filterable=False)
            objective = gr.Dropdown(
                KINDS, value=FIRST.objective, label="Loss", min_width=200, filterable=False
            )
            packing = gr.Dropdown([1, 2], value=1, label="Packing", min_width=90)
            seed = gr.Number(0, label="Seed", min_width=90)
            rates = [
                gr.Number(getattr(FIRST, name), label=label, step=0.001, min_width=10 * len(label))
                for name, (label, _) in RATES.items()
            ]
        caption = gr.Markdown()
        dark, narrow = gr.Checkbox(visible=False), gr.Checkbox(visible=False)

        fields = [target, objective, packing, seed, *rates]
        seen = [picture, caption, layers, target]
        entered = [box.input for box in (target, objective, packing)]
        entered += [event for box in (seed, *rates) for event in (box.submit, box.blur)]
        calm: Any = {"show_progress": "hidden", "api_visibility": "private"}
        calm |= {"concurrency_limit": None, "trigger_mode": "multiple"}
        page.load(arrive, [dark, narrow], seen, js=shared.DARK_AND_NARROW, **calm)
        page.unload(leave)
        play_button.click(play, None, picture, **calm | {"concurrency_limit": shared.PLAYING})
        for button, act in zip(buttons, ACTS.values(), strict=True):
            button.click(does(act), None, seen, **calm)
        reset_button.click(does(lambda live, *x: live.reset(described(*x))), fields, seen, **calm)
        gr.on(
            entered,
            does(lambda live, *x: become(live, described(*x), RATES)),
            fields,
            seen,
            **calm,
        )
        slow.input(does(Live.slow_motion), slow, seen, **calm)
        layers.input(does(switch), layers, seen, **calm)
        pad.submit(does(draw), pad, seen, **calm)
        pen.input(lambda on: gr.Column(visible=on), pen, fold, **calm)
    return page


demo = build()
if __name__ == "__main__":
    runpy.run_path(str(Path(__file__).with_name("app.py")))["launch"](demo)
