"""What the pages have in common: their words, checked numbers, frames as HTML, and their visitors.

Loaded once, by `genart_edu.bundled.demo("shared")`.
"""

import json
import os
import re
import struct
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from genart_edu.lab.experiment import Experiment
from genart_edu.lab.live import Live
from genart_edu.lab.screen import Frame
from genart_edu.lab.visitors import Visitors

# Read whenever a page or its queue is made.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # nothing is sent to anybody
os.environ["GRADIO_ANALYTICS_MAX_EVENTS"] = "1"  # nor kept, nor summed up after each event:
os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = str(10**12)  # it takes 10 ms and more of a server

HERE = Path(__file__).parent
CHINESE: dict[str, str] = json.loads((HERE / "words.json").read_text("utf-8"))
GLOSSARY = (HERE / "glossary.en.md").read_text("utf-8")
CHINESE[GLOSSARY] = (HERE / "glossary.zh.md").read_text("utf-8")
WORDS = gr.I18n(**{"en": {word: word for word in CHINESE}, "zh": CHINESE, "zh-CN": CHINESE})

visitors = Visitors()  # of all pages together

# Of `html`.  The picture fills the width, but the words below stay on a laptop's and a projector's
# screen.
CSS = """
p { font-size: 1.2em; font-variant-numeric: tabular-nums; margin: 0; }
img { display: block; width: 100%; height: auto; object-fit: contain; margin: 0; }
@media (min-width: 700px) { img { max-height: 45vh; } }
@media (min-width: 1600px) { img { max-height: 36vh; } }
"""
# What a page asks the browser for when it is opened: (dark, narrow, its query).
OPENED = """() => [document.body.classList.contains('dark'), window.innerWidth < 700,
  window.location.search.slice(1, 4000)]"""


def t(text: str) -> str:
    """A text of the page, in the language of the browser: words.json has the Chinese."""
    if text not in CHINESE:
        raise KeyError(f"words.json has no Chinese for {text!r}.")
    return str(WORDS(text))


def glossary() -> None:
    """The words of the field, folded away at the foot of a page."""
    with gr.Accordion(t("Glossary"), open=False):
        gr.Markdown(t(GLOSSARY))


def words(who: gr.Request) -> Callable[[str], str]:
    """As `t`, for what the server puts together itself: by the language that the browser names."""
    languages = str(dict(getattr(who, "headers", None) or {}).get("accept-language", ""))
    return chinese if languages.lower().startswith("zh") else str


def chinese(text: str) -> str:
    """A text that is not in words.json stays English, but for those pieces of it that are."""
    pattern, meant = pieces()

    def said(found: re.Match[str]) -> str:
        name = found.lastgroup or ""
        holes = [chinese(hole) for hole in found.groups()[pattern.groupindex[name] :] if hole]
        return meant[name].format(*holes)

    return CHINESE[text] if text in CHINESE else pattern.sub(said, text)


@cache
def pieces() -> tuple[re.Pattern[str], dict[str, str]]:
    """One pattern of all pieces, the longest first, and what each of its groups means.

    A piece is a sentence, what ends with a space, or what has holes: {} for a word or a number,
    {...} for more.  A plain short word is none: it may be a part of another.
    """
    some = [text for text in CHINESE if "{" in text or text.endswith(" ") or len(text) > 20]
    meant = {f"piece{i}": text for i, text in enumerate(sorted(some, key=len, reverse=True))}
    holes = {r"\{\}": r"(\S*[^\s.,;:])", r"\{\.\.\.\}": "(.+?)"}
    written = "|".join(f"(?P<{name}>{re.escape(text)})" for name, text in meant.items())
    for hole, what in holes.items():
        written = written.replace(hole, what)
    return re.compile(written), {name: CHINESE[text] for name, text in meant.items()}


@contextmanager
def said(who: gr.Request) -> Iterator[None]:
    """What is refused here is said on the page, in its one sentence: as HTML, to Gradio."""
    try:
        yield
    except (LookupError, ValueError) as error:
        text = escape(words(who)(str(error)), quote=False)
        raise gr.Error(text, print_exception=False) from error


def become(live: Live, wanted: Experiment, settings: Iterable[str]) -> Frame:
    """Go on with other `settings`, if nothing else is new in what is wanted; else begin anew."""
    run: Any = live.run
    new = {name: getattr(wanted, name) for name in settings}
    data = getattr(run.batches, "data", live.experiment.data)  # it may have been redrawn
    if replace(live.experiment, data=data, **new) != wanted:
        return live.reset(wanted)
    live.set(**{name: x for name, x in new.items() if x != getattr(run.trainer, name)})
    return live.frame()


def html(frame: Frame, say: Callable[[str], str] = str) -> str:
    """The status and below it the picture, whose alternative text it is too.  say: see `words`."""
    width, height = struct.unpack(">2I", frame.png[16:24])  # known at once, so that nothing jumps
    status, picture = escape(say(frame.status)), b64encode(frame.png).decode()
    return (
        f'<p>{status}</p><img alt="{status}" width="{width}" height="{height}" decoding="sync" '
        f'src="data:image/png;base64,{picture}">'
    )


def forget_closed(app: gr.Blocks) -> None:
    """Let go of a page when it is closed: Gradio itself would keep it, 1 MB each."""

    def forget(who: gr.Request) -> None:
        app.state_holder.session_data.pop(who.session_hash or "", None)

    with app:
        app.unload(forget)  # after the pages' own, which are told first


def number(label: str, value: Any, least: float, most: float, whole: bool = True) -> Any:
    """`value`, if it is what the field asks for; ValueError, in one sentence, if not."""
    known = isinstance(value, int | float)
    if not known or not least <= value <= most or (whole and value % 1):
        kind, got = "whole number" if whole else "number", value if known else "none"
        raise ValueError(f"{label} must be a {kind} from {least:,} to {most:,}; got {got}.")
    return int(value) if whole else value
