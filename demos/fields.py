"""The choices that a bench offers: as fields on a page, as an experiment, and as a link."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

import gradio as gr

from genart_edu.bundled import demo
from genart_edu.data.catalogue import density, is_density
from genart_edu.lab.experiment import Experiment

shared = demo("shared")


class Field(NamedTuple):
    """A choice `name` of an Experiment: a menu of options (word, value), or else a number.

    more: it stands with others in a fold, not in the first row.
    """

    name: str
    label: str
    options: Sequence[tuple[str, Any]] = ()
    least: float = 0
    most: float = 0
    whole: bool = False
    step: float = 0.001
    more: bool = False

    def component(self, value: Any) -> Any:
        """A Dropdown or a Number."""
        label = shared.t(self.label)
        if self.options:
            width = 80 + 10 * max(len(word) for word, _ in self.options)
            how: Any = {"filterable": False, "min_width": width}
            return gr.Dropdown(self.menu(value), value=value, label=label, **how)
        width = max(90, 10 * len(self.label))
        return gr.Number(value, label=label, step=1 if self.whole else self.step, min_width=width)

    def shown(self, value: Any, say: Callable[[str], str]) -> Any:
        """The component, brought to another value.  say: a word in the visitor's language."""
        if self.options:
            return gr.Dropdown(self.menu(value, say), value=value)
        return gr.Number(value)

    def menu(self, value: Any, say: Callable[[str], str] = str) -> list[tuple[str, Any]]:
        """Its options; and a drawing, which is nobody else's."""
        own = [("Your own", value)] if str(value).startswith("drawn:") else []
        return [(say(word), option) for word, option in [*self.options, *own]]

    def read(self, value: Any) -> Any:
        """What a visitor chose.  ValueError, in one sentence, for what it can't be."""
        if not self.options:
            return shared.number(self.label, value, self.least, self.most, self.whole)
        if self.name == "data" and str(value).startswith("drawn:"):
            return density(value).name
        for _, option in self.options:
            if str(option) == str(value):
                return option
        raise ValueError(f"{self.label} must be one of {', '.join(w for w, _ in self.options)}.")

    def parsed(self, word: str) -> Any:
        """What a link says.  ValueError as `read`."""
        value: Any = word
        if not self.options:
            value = None
            with suppress(ValueError):
                value = float(word)
        return self.read(value)


class Choices:
    """Fields, over `first`: an experiment that leaves open what works for its data.

    link: what stands before their names in the page's address.
    """

    def __init__(self, first: Experiment, fields: Sequence[Field], link: str = "") -> None:
        self.first, self.fields, self.link = first, fields, link

    @property
    def names(self) -> list[str]:
        """In the page's address."""
        return [f"{self.link}{field.name}" for field in self.fields]

    def experiment(self, **settings: Any) -> Experiment:
        """What works, but for some settings.  ValueError for what can't be."""
        begun = replace(self.first, data=settings.get("data", self.first.data))
        wanted = replace(begun.settled(images=not is_density(begun.data)), **settings)
        wanted.check()
        return wanted

    def described(self, *values: Any) -> Experiment:
        """The experiment of the fields' values.  ValueError for what can't be."""
        given = zip(self.fields, values, strict=True)
        return self.experiment(**{field.name: field.read(x) for field, x in given})

    def values(self, experiment: Experiment) -> list[Any]:
        """Of the fields, for an experiment."""
        return [getattr(experiment, field.name) for field in self.fields]

    def shown(self, experiment: Experiment, say: Callable[[str], str]) -> list[Any]:
        """The fields' components, brought to an experiment."""
        pairs = zip(self.fields, self.values(experiment), strict=True)
        return [field.shown(x, say) for field, x in pairs]

    def query(self, experiment: Experiment) -> str:
        """A link's words for it: what is not as it works."""
        usual = replace(self.experiment(data=experiment.data), data=self.first.data)
        both = zip(self.names, self.values(experiment), self.values(usual), strict=True)
        return urlencode({name: x for name, x, as_usual in both if x != as_usual})

    def linked(self, query: str) -> Experiment:
        """What a link asks for.  ValueError for what can't be."""
        asked = dict(parse_qsl(query))
        found = [(f, asked[n]) for f, n in zip(self.fields, self.names, strict=True) if n in asked]
        return self.experiment(**{field.name: field.parsed(word) for field, word in found})
