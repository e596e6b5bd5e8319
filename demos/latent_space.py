"""Latent space: drag z, draw a digit and see where it lands.  `python demos/latent_space.py`."""

import os

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when gradio is imported

from pathlib import Path

import gradio as gr

from genart_edu.bundled import demo as part
from genart_edu.data.motifs import KINDS
from genart_edu.views.browser import sources

shared, spaces = part("shared"), part("spaces")
t = shared.t

HELP = """# Latent space
A VAE writes digits from **two numbers**, z₁ and z₂. **Drag the cross**, or use the arrow keys.
**Draw a digit**, and see where it lands."""
CAPTION = """Small, behind the cross: what becomes of the point in the middle of each cell. The
circles belong to the prior N(0, I), from which z is drawn to make new digits: 39 % of the draws lie
within 1σ, 86 % within 2σ. The yellow ellipse is the posterior of your picture, to 1σ: where its
code may lie. **Try**: find each digit; see what is beyond 2σ, where the decoder has had little to
learn from; draw a digit badly, or a house, and look at what it costs; walk from one digit to
another, and compare that with a cross-fade. **With 16 latents** the plane is that of the two whose
KL is largest, through the place where your picture landed; rows show six."""
MODELS = {"plane": "2 latents", "sixteen": "16 latents"}
ALT, BLANK = "what the decoder makes of this z", "There is no ink on this sheet."
NAMES = [*MODELS.values(), *KINDS, ALT, BLANK]  # words that the server says
HERE, PARTS = Path(__file__), ("walk", "paint", "latent_space")  # its JavaScript
OPEN = """import(`data:text/javascript,${encodeURIComponent(props.script)}`).then((view) =>
  view.open({ element, props, server }),
);"""


def build() -> gr.Blocks:
    """The page."""
    pad, css = sources("pad")
    script = "".join([pad, *(HERE.with_name(f"{name}.js").read_text("utf-8") for name in PARTS)])
    words = {  # Gradio translates nothing inside of HTML
        word: chinese
        for word, chinese in shared.CHINESE.items()
        if word in NAMES or f'"{word}"' in script
    }
    with gr.Blocks(title="Latent space", fill_width=True) as page:
        gr.Markdown(t(HELP))
        gr.HTML(
            html_template="",
            css_template=css + HERE.with_suffix(".css").read_text("utf-8"),
            js_on_load=OPEN,
            apply_default_css=False,
            server_functions=[spaces.ask],
            script=script,
            words=words,
            spaces=MODELS,
            kinds=KINDS,
            digits=[spaces.packed(x) for x in spaces.test.x(spaces.few)],
        )
        gr.Markdown(t(CAPTION))
        shared.glossary()
    return page


demo = build()
if __name__ == "__main__":
    part("app").launch(demo)
