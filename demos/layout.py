"""How a bench lies on its page: its components from top to bottom, and which does what."""

from collections.abc import Callable
from typing import Any

import gradio as gr

from genart_edu.bundled import demo
from genart_edu.lab.live import Live

shared = demo("shared")
t = shared.t

SPEEDS = [("full speed", 0.0), ("10 steps a second", 0.1), ("1 step a second", 1.0)]
SPEEDS += [("slow motion", -1.0)]
CALM: dict[str, Any] = {
    "show_progress": "hidden",
    "api_visibility": "private",
    "concurrency_limit": None,
    "trigger_mode": "multiple",
}
LATEST = CALM | {"trigger_mode": "always_last"}  # of a drag: one question at a time, the last one
# Presses several buttons: of two streams that one button starts, Gradio begins the second when the
# first is over.
PRESS = "() => document.querySelectorAll('%s').forEach((each) => each.click())"
# Writes what a bench is set to into the page's address, and leaves the other names there alone.
INTO_ADDRESS = """(query) => {
  const all = new URLSearchParams(window.location.search);
  %s.forEach((name) => all.delete(name));
  new URLSearchParams(query).forEach((value, name) => all.set(name, value));
  history.replaceState(null, "", window.location.pathname + (all.size ? `?${all}` : ""));
}"""


def speeds(say: Callable[[str], str]) -> gr.Dropdown:
    """The menu of SPEEDS.  say: a word in the visitor's language."""
    return gr.Dropdown([(say(word), seconds) for word, seconds in SPEEDS])


def build(bench: Any, page: gr.Blocks) -> None:
    """Lay out the bench inside of a page that is being built."""
    _components(bench)
    bench.seen = [bench.picture, bench.caption, bench.scrubber, bench.here, bench.beside]
    bench.seen += [bench.layers, bench.query]
    opened = [gr.Checkbox(visible=False), gr.Checkbox(visible=False), gr.Textbox(visible=False)]
    bench.everything = [*bench.seen, *bench.boxes, bench.note]
    arrived = [*bench.everything, *bench.parts.values(), bench.speed]
    page.load(bench.arrive, opened, arrived, js=shared.OPENED, **CALM)
    page.unload(bench.leave)
    _events(bench)


def _components(bench: Any) -> None:
    with gr.Row(visible=bool(bench.presets)) as presets:
        bench.presets_ = {
            name: gr.Button(t(name), min_width=120, size="md") for name in bench.presets
        }
    bench.note = gr.Markdown()
    with gr.Row() as buttons:
        mark: Any = {"elem_classes": f"genart-{bench.name}"}
        bench.play_button = gr.Button(t("Play"), variant="primary", min_width=60, **mark)
        words = ("Pause", "Step", *bench.halves, "Reset")
        bench.buttons = {word: gr.Button(t(word), min_width=60) for word in words}
    high = "img { max-height: 70vh !important; }" if bench.columns == 2 else ""
    bench.picture = gr.HTML(css_template=shared.CSS + high, js_on_load=None)
    with gr.Row(equal_height=True) as time:
        bench.scrubber = gr.Slider(
            0, 1, 0, step=1, label=t("Step: drag to rewind"), min_width=280, scale=3
        )
        bench.speed = gr.Dropdown(SPEEDS, value=0.0, label=t("Speed"), min_width=150)
        bench.fork = gr.Button(t("Fork"), min_width=60)
        bench.here = gr.Dropdown([("run 1", 0)], value=0, label=t("Run"), visible=False)
        bench.beside = gr.Dropdown([("nothing", -1)], value=-1, label=t("Beside"), visible=False)
    with gr.Row() as layers:
        bench.layers = gr.CheckboxGroup(show_label=False, label=t("Layers"), container=False)
    more = [field.more for field in bench.choices.fields]
    bench.boxes = [None] * len(more)
    with gr.Group() as fields:
        with gr.Row():
            _boxes(bench, more=False)
        with gr.Accordion(t("More settings"), open=False, visible=any(more)), gr.Row():
            _boxes(bench, more=True)
    with gr.Row() as words:
        bench.caption = gr.Markdown()
    with gr.Row() as keep:
        bench.save = gr.Button(t("Download"), min_width=160, scale=0)
        bench.files = gr.HTML(js_on_load=None)
    bench.query = gr.Textbox(visible=False)
    bench.parts = {"presets": presets, "buttons": buttons, "time": time, "settings": fields}
    bench.parts |= {"layers": layers, "words": words, "download": keep}


def _boxes(bench: Any, more: bool) -> None:
    """The fields of the fold, or those outside of it."""
    choices = bench.choices
    begun = zip(choices.fields, choices.values(choices.experiment()), strict=True)
    for i, (field, value) in enumerate(begun):
        if field.more == more:
            bench.boxes[i] = field.component(value)


def _events(bench: Any) -> None:
    choices = bench.choices
    everything = bench.everything
    into_address = INTO_ADDRESS % choices.names

    def on(triggers: Any, handle: Any, given: Any = None, shown: Any = None, **how: Any) -> None:
        done = gr.on(triggers, handle, given, shown or bench.seen, **(CALM | how))
        done.then(None, bench.query, None, js=into_address, **CALM)

    # A stream of pictures alone: Gradio makes each component anew, at each picture, that an event
    # could change.
    played = bench.play_button.click(bench.play, None, bench.picture, **CALM)
    played.then(bench.does(lambda live: None), None, bench.seen, **CALM)
    on(bench.buttons["Pause"].click, bench.does(Live.pause))
    on(bench.buttons["Step"].click, bench.does(Live.step))
    for word, half in bench.halves.items():
        on(bench.buttons[word].click, bench.does(lambda live, half=half: live.step(half=half)))
    on(bench.buttons["Reset"].click, bench.begins(choices.described), bench.boxes, everything)
    for name, button in bench.presets_.items():
        settings, words = bench.presets[name]
        begins = bench.begins(lambda wanted=settings: choices.experiment(**wanted), t(words))
        on(button.click, begins, None, everything)
    on(bench.scrubber.input, bench.moves("rewind"), bench.scrubber, everything, **LATEST)
    on(bench.fork.click, bench.moves("fork"), None, everything)
    on(bench.here.input, bench.moves("here"), bench.here, everything)
    on(bench.beside.input, bench.moves("beside"), bench.beside, everything)
    on(bench.speed.input, bench.does(bench.paced), bench.speed)
    on(bench.layers.input, bench.does(bench.switch), bench.layers)
    entered = []
    for field, box in zip(choices.fields, bench.boxes, strict=True):
        if field.name == "data":
            on(box.input, bench.begins(lambda name: choices.experiment(data=name)), box, everything)
        else:
            entered += [box.input] if field.options else [box.submit, box.blur]
    on(entered, bench.does(bench.change), bench.boxes)
    bench.save.click(bench.keep, None, bench.files, **CALM)
