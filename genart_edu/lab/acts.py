"""What a person can do to the runs on a screen, by name: buttons, keys and sliders ask here."""

from collections.abc import Callable
from typing import Any

from genart_edu.lab.export import export
from genart_edu.lab.screen import Screen

# Each takes the screen, and what goes with the name: a step, or the place of a run.  What is a
# sentence is told.
ACTS: dict[str, Callable[[Screen, Any], str | None]] = {
    "step": lambda screen, _: screen.advance(),
    "discriminator_step": lambda screen, _: screen.advance("discriminator_step"),
    "generator_step": lambda screen, _: screen.advance("generator_step"),
    "rewind": lambda screen, step: screen.rewind(step),
    "back": lambda screen, _: screen.rewind(max(0, screen.run.step - 1)),
    "first": lambda screen, _: screen.rewind(0),
    "last": lambda screen, _: screen.rewind(screen.run.end),
    "fork": lambda screen, _: screen.tree.fork(),
    "here": lambda screen, place: screen.tree.go_to(place, screen.tree.beside),
    "beside": lambda screen, place: screen.tree.go_to(screen.tree.here, place),
    "export": lambda screen, _: export(screen.tree),
}
