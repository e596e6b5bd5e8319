"""The live picture of a widget: views/js/picture.js with bytes in it."""

from pathlib import Path

import anywidget
import traitlets

from genart_edu.views.browser import sources


class Picture(anywidget.AnyWidget):
    """A PNG that never flickers, what it shows in words, a status line and a caption.

    In `status` and `caption`, **two stars** make bold.  playing: a screen reader is not told of
    every change of status.  pressed: (name, count), changed by a key: name is "play", "step",
    "back", "first" or "last", or anything that a browser sends; count grows by one a press.
    `Picture(pressed=None)` takes no keys.
    """

    _esm, _css = sources("picture")
    _css += Path(__file__).with_name("player.css").read_text("utf-8")
    png = traitlets.Bytes().tag(sync=True)
    alt = traitlets.Unicode().tag(sync=True)
    status = traitlets.Unicode().tag(sync=True)
    caption = traitlets.Unicode().tag(sync=True)
    playing = traitlets.Bool(False).tag(sync=True)
    pressed = traitlets.Tuple(
        traitlets.Unicode(), traitlets.Int(), default_value=("", 0), allow_none=True
    ).tag(sync=True)
