"""Latent space: drag z, and a trained VAE decodes it at once.  `python demos/latent_space.py`."""

import os

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported

import runpy
from base64 import b64encode
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from genart_edu.lab.latent import LatentMap
from genart_edu.lab.saved import painter
from genart_edu.lab.shelf import PLANE
from genart_edu.lab.stages import pictures, samples
from genart_edu.views.browser import sources

HELP = """# Latent space
This VAE has learned to write digits from **two numbers**, z₁ and z₂. **Drag the cross** over the
square, or use the arrow keys: the decoder answers at once. Home goes back to the middle."""
CAPTION = """Small, behind the cross: what becomes of the point in the middle of each cell. The
circles belong to the prior N(0, I), from which z is drawn to make new digits: 39 % of the draws lie
within 1σ, 86 % within 2σ. **Try**: find each digit; walk from one to another; see what is beyond
2σ, where the decoder has had little to learn from."""

# Offers anywidget's `model` to pad.js.  One question at a time: meanwhile the latest point waits.
ADAPTER = """
const state = { ...props }, heard = {};
let asked = false, waiting = false;
const model = {
  get: (name) => state[name],
  set: (name, value) => { state[name] = value; heard[`change:${name}`]?.(); },
  on: (name, callback) => { heard[name] = callback; },
  save_changes: async () => {
    waiting = true;
    if (asked) return;
    for (asked = true; waiting; ) {
      waiting = false;
      const { picture, refusal } = (await server.ask(state.point)) ?? {};
      if (picture) model.set("picture", picture);
      else console.warn(refusal ?? "The server does not answer.");
    }
    asked = false;
  },
};
const el = element.appendChild(document.createElement("div"));
import(`data:text/javascript,${encodeURIComponent(props.script)}`)
  .then((module) => module.default.render({ model, el }));
"""

Refusal = partial(gr.Error, print_exception=False)  # one sentence


def trained_plane() -> LatentMap:
    """The latent plane of the VAE that comes with the kit."""
    _, trainer, shape = painter(PLANE)
    return LatentMap(lambda z: pictures(samples(trainer, z), shape), latent_dim=2)


plane = trained_plane()


def answer(point: Any) -> str:
    """What the decoder makes of `point`, a PNG as base64 text.  Remembers nobody."""
    known = isinstance(point, list) and len(point) == 2
    if not known or not all(isinstance(z, int | float) and abs(z) <= plane.extent for z in point):
        raise Refusal(f"A point is two numbers from {-plane.extent:g} to {plane.extent:g}.")
    return b64encode(plane.look(point)).decode()


def ask(point: Any) -> dict[str, str]:
    """What the page calls, past Gradio's queue: nobody waits for who trains on another page."""
    try:
        return {"picture": answer(point)}
    except gr.Error as error:  # Gradio would take it for a fault of the server
        return {"refusal": error.message}


def build() -> gr.Blocks:
    """The page."""
    state = plane.state()
    for name in "background", "picture":
        state[name] = b64encode(state[name]).decode()
    script, css = sources("pad")
    with gr.Blocks(title="Latent space", fill_width=True) as page:
        gr.Markdown(HELP)
        gr.HTML(
            html_template="",
            css_template=css,
            js_on_load=ADAPTER,
            apply_default_css=False,
            server_functions=[ask],
            script=script,
            **state,
        )
        gr.Markdown(CAPTION)
    return page


demo = build()
if __name__ == "__main__":
    runpy.run_path(str(Path(__file__).with_name("app.py")))["launch"](demo)
