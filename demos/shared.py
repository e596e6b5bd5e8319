"""What the pages that train have in common.  Loaded by file, as they are."""

import struct
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from html import escape
from typing import Any

import gradio as gr

from genart_edu.lab.experiment import Experiment
from genart_edu.lab.live import Live
from genart_edu.lab.screen import Frame

PLAYING = 32  # visitors who train at once; the next one waits for a turn

# Of `html`.  The picture fills the width, but the words below stay on a laptop's and a projector's
# screen.
CSS = """
p { font-size: 1.2em; font-variant-numeric: tabular-nums; margin: 0; }
img { display: block; width: 100%; height: auto; object-fit: contain; margin: 0; }
@media (min-width: 700px) { img { max-height: 45vh; } }
@media (min-width: 1600px) { img { max-height: 36vh; } }
"""
DARK_AND_NARROW = "() => [document.body.classList.contains('dark'), window.innerWidth < 700]"


@contextmanager
def said() -> Iterator[None]:
    """What is refused here is said on the page, in its one sentence: as HTML, to Gradio."""
    try:
        yield
    except (LookupError, ValueError) as error:
        raise gr.Error(escape(str(error), quote=False), print_exception=False) from error


def become(live: Live, wanted: Experiment, settings: Iterable[str]) -> Frame:
    """Go on with other `settings`, if nothing else is new in what is wanted; else begin anew."""
    run: Any = live.run
    new = {name: getattr(wanted, name) for name in settings}
    data = getattr(run.batches, "data", live.experiment.data)  # it may have been redrawn
    if replace(live.experiment, data=data, **new) != wanted:
        return live.reset(wanted)
    live.set(**{name: x for name, x in new.items() if x != getattr(run.trainer, name)})
    return live.frame()


def html(frame: Frame) -> str:
    """The status and below it the picture, whose alternative text it is too."""
    width, height = struct.unpack(">2I", frame.png[16:24])  # known at once, so that nothing jumps
    status, picture = escape(frame.status), b64encode(frame.png).decode()
    return (
        f'<p>{status}</p><img alt="{status}" width="{width}" height="{height}" decoding="sync" '
        f'src="data:image/png;base64,{picture}">'
    )


def number(label: str, value: Any, least: int, most: int, whole: bool = True) -> Any:
    """`value`, if it is what the field asks for; ValueError, in one sentence, if not."""
    known = isinstance(value, int | float)
    if not known or not least <= value <= most or (whole and value % 1):
        kind, got = "whole number" if whole else "number", value if known else "none"
        raise ValueError(f"{label} must be a {kind} from {least:,} to {most:,}; got {got}.")
    return int(value) if whole else value
