"""A bench: one live run on a page, with its picture, its controls, its time bar and its link."""

from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import parse_qsl

import gradio as gr

from genart_edu.bundled import demo
from genart_edu.lab import export
from genart_edu.lab.acts import ACTS
from genart_edu.lab.experiment import Experiment
from genart_edu.lab.live import DRAWING, Live
from genart_edu.lab.screen import Frame
from genart_edu.lab.session import history_csv
from genart_edu.views.style import DARK, LIGHT

shared, layout = demo("shared"), demo("layout")
t, said, visitors, html = shared.t, shared.said, shared.visitors, shared.html

FILE = '<a download="{}" href="data:{};base64,{}">{}</a>'
Seen = dict[Any, Any]  # component: what becomes of it


class Bench:
    """first: what it begins with, and leaves open what works.  fields: of it, in their order.

    name: one of all pages' benches.  living: settings that take effect while it trains; any other
    begins anew.  presets: a word: (settings, what to watch).  halves: a word: a half step.
    link: what stands before its names in the page's address.  columns: views side by side in the
    picture; None: all of them.
    """

    # Components, which layout.py makes.
    picture: Any
    scrubber: Any
    speed: Any
    here: Any
    beside: Any
    layers: Any
    caption: Any
    note: Any
    query: Any
    boxes: list[Any]
    parts: dict[str, Any]

    def __init__(
        self,
        name: str,
        first: Experiment,
        fields: Sequence[Any],
        *,
        living: Sequence[str] = ("lr",),
        presets: dict[str, tuple[dict[str, Any], str]] | None = None,
        halves: dict[str, str] | None = None,
        link: str = "",
        columns: int | None = None,
    ) -> None:
        self.name, self.living, self.columns = name, living, columns
        self.choices = demo("fields").Choices(first, fields, link)
        self.presets, self.halves = presets or {}, halves or {}

    def build(self, page: gr.Blocks) -> None:
        """All of it, inside of a page that is being built."""
        layout.build(self, page)

    def find(self, who: gr.Request) -> Live:
        """The visitor's run.  LookupError, in one sentence, if it is gone."""
        return visitors.find(self._key(who))

    def arrive(self, who: gr.Request, dark: bool, narrow: bool, query: str) -> Seen:
        """The page was opened, by a link perhaps."""
        say = shared.words(who)
        try:
            experiment, note = self.choices.linked(query), ""
        except ValueError as error:
            experiment = self.choices.experiment()
            note = say(f"This link can't be followed: {error}")
        live = Live(experiment, DARK if dark else LIGHT, columns=1 if narrow else self.columns)
        with said(who):
            visitors.welcome(self._key(who), live)
        hidden = dict(parse_qsl(query)).get("hide", "").split(",")
        parts = {part: type(part)(visible=False) for n, part in self.parts.items() if n in hidden}
        more = {self.note: note, self.speed: layout.speeds(say)}
        return parts | more | self._all(who, live, live.frame())

    def leave(self, who: gr.Request) -> None:
        """The page was closed."""
        visitors.leave(self._key(who))

    def play(self, who: gr.Request) -> Iterator[str]:
        """Play was pressed: pictures.  The rest of the page is brought up to date after them."""
        with said(who):
            say = shared.words(who)
            for frame in visitors.play(self._key(who)):
                yield html(frame, say)

    def does(self, act: Callable[..., Any], fields: bool = False) -> Callable[..., Seen]:
        """What a control does: `act` on the visitor's run and what is given, then show it.

        act: -> a Frame, None for how things are now, or gr.skip() to show nothing.
        fields: and what the fields are now; its outputs are `everything`, else `seen`.
        """

        def handle(who: gr.Request, *given: Any) -> Seen:
            with said(who):
                live = self.find(who)
                show = self._all if fields else self._shown
                found = act(live, *given) or live.frame()
                return show(who, live, found) if isinstance(found, Frame) else found

        return handle

    def begins(self, choose: Callable[..., Experiment], note: str = "") -> Callable[..., Seen]:
        """The same of a control that begins anew: the fields show what is chosen, too."""

        def handle(who: gr.Request, *given: Any) -> Seen:
            with said(who):
                live = self.find(who)
                return {self.note: note} | self._all(who, live, live.reset(choose(*given)))

        return handle

    def moves(self, act: str) -> Callable[..., Seen]:
        """The same of one of ACTS, which may lead to where other settings hold."""

        def handle(who: gr.Request, given: Any = None) -> Seen:
            with said(who):
                live = self.find(who)
                nowhere = given in (None, -1)
                place = None if nowhere else shared.number("A place", given, 0, 10**9)
                shown = self._all(who, live, live.at_rest(lambda screen: ACTS[act](screen, place)))
                if act == "rewind":
                    del shown[self.scrubber]  # it is in the visitor's hand, and further by now
                return shown

        return handle

    def keep(self, who: gr.Request) -> str:
        """Files of the run, as links that hold them: nothing is written on the server."""
        with said(who):
            live = self.find(who)
        with live.lock, DRAWING:
            of = live.screen.tree.experiment, live.run, live.stage
            files = {
                "picture.png": ("image/png", export.picture(*of, live.screen.theme)),
                "history.csv": ("text/csv", history_csv(live.run.history)),
                "run.py": ("text/x-python", export.script(*of).encode()),
            }
        links = [FILE.format(n, kind, b64encode(x).decode(), n) for n, (kind, x) in files.items()]
        return f"<p>{' · '.join(links)}</p>"

    def change(self, live: Live, *values: Any) -> Any:
        """A setting was entered.  Left as it was, it shows nothing: that could overtake a press."""
        if [*values] == self.choices.values(live.screen.tree.living):
            return gr.skip()
        return shared.become(live, self.choices.described(*values), self.living)

    def paced(self, live: Live, seconds: Any) -> None:
        """A speed was chosen: seconds a step is looked at, or less than 0 for slow motion."""
        seconds = shared.number("The speed", seconds, -1, 10, whole=False)
        live.screen.step_seconds = max(seconds, 0.0)
        live.slow_motion(seconds < 0)

    def switch(self, live: Live, on: Any) -> None:
        """Layers were chosen: show these, and no others.  ValueError for what is none of them."""
        layers = live.stage.layers
        if not (isinstance(on, list) and all(name in [*layers] for name in on)):
            raise ValueError(f"Layers are {', '.join(layers)}.")
        live.show(**{name: name in on for name in layers})

    def _key(self, who: gr.Request) -> str:
        return f"{who.session_hash}/{self.name}"

    def _all(self, who: gr.Request, live: Live, frame: Frame) -> Seen:
        """Of a run: the fields too."""
        with live.lock:
            shown = self.choices.shown(live.screen.tree.living, shared.words(who))
        return dict(zip(self.boxes, shown, strict=True)) | self._shown(who, live, frame)

    def _shown(self, who: gr.Request, live: Live, frame: Frame) -> Seen:
        """A frame, and what else on the page may be another one now."""
        say = shared.words(who)
        with live.lock:
            tree, layers = live.screen.tree, live.stage.layers
            names = [(say(name), place) for place, name in enumerate(tree.names)]
            switches, on = [(say(n), n) for n in layers], [n for n in layers if layers[n]]
            more: Any = {"visible": len(names) > 1}
            beside = -1 if tree.beside is None else tree.beside
            return {
                self.picture: html(frame, say),
                self.scrubber: gr.Slider(maximum=max(1, tree.run.end), value=tree.run.step),
                self.here: gr.Dropdown(names, value=tree.here, **more),
                self.beside: gr.Dropdown([(say("nothing"), -1), *names], value=beside, **more),
                self.layers: gr.CheckboxGroup(switches, value=on, visible=bool(layers)),
                self.caption: say(live.stage.caption),
                self.query: self.choices.query(tree.living),
            }
