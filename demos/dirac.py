"""The Dirac-GAN, a game of two numbers that can be seen whole: a tab of mode_collapse.py.

Nothing trains and nobody is remembered: a question holds all that its answer needs.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache, lru_cache
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

import gradio as gr
import numpy as np
import torch

from genart_edu.bundled import demo
from genart_edu.gan import theory
from genart_edu.gan.theory import eigenvalues, near, verdict
from genart_edu.lab.choices import OBJECTIVES
from genart_edu.lab.live import DRAWING
from genart_edu.lab.screen import Frame
from genart_edu.views.canvas import Canvas
from genart_edu.views.curves import Curves
from genart_edu.views.phase import Eigenvalues, PhasePortrait
from genart_edu.views.style import DARK, LIGHT

shared, fields, layout = demo("shared"), demo("fields"), demo("layout")
t, Field = shared.t, fields.Field

EXTENT, PART = 3.0, 50  # of the plane; steps that are made and kept together
LATTICE = torch.cartesian_prod(*2 * [torch.linspace(-EXTENT, EXTENT, 15)]).flip(-1)
WAYS = {"alternating": theory.alternating, "simultaneous": theory.simultaneous}
CURES = ("none", "r1", "gradient_penalty", "instance_noise", "consensus", "unroll")
FIELDS = [
    Field("loss", "Loss", [(n.replace("_", " ").capitalize(), n) for n in OBJECTIVES]),
    Field("cure", "Cure", [(n.replace("_", " ").capitalize(), n) for n in CURES]),
    Field("way", "Order", [("In turns", "alternating"), ("At once", "simultaneous")]),
    Field("steps", "Step of the path", least=1, most=400, whole=True, step=1),
    Field("weight", "Strength", most=2, step=0.05),
    Field("h", "Learning rate h", least=0.05, most=2.5, step=0.05),
    Field("theta", "Start θ", least=-2, most=2, step=0.1),
    Field("psi", "Start ψ", least=-2, most=2, step=0.1),
]
PRESETS: dict[str, dict[str, Any]] = {  # what is not as at first
    "In circles": {},
    "Spirals out": {"way": "simultaneous"},
    "A faint brake": {"loss": "nonsaturating", "steps": 400},
    "R1 brakes": {"cure": "r1", "weight": 0.5},
    "Noise brakes": {"cure": "instance_noise", "weight": 0.7},
    "Stuck": {"loss": "wasserstein", "cure": "gradient_penalty"},
}
HELP = """All real data lie at 0, each fake at **θ**, and the discriminator is one slope, **ψ**: the
logit of x is ψx. At θ = ψ = 0 the game is over. Arrows: where the two losses drive a pair (θ, ψ);
line: the way they go, step by step."""
NAMES = {  # what the path did, and what the eigenvalues say of the middle
    "converges comes": "It converges.",
    "converges stays": "It converges, but slowly: the brake is one that no eigenvalue sees.",
    "converges leaves": "It comes nearer, but can't arrive.",
    "converges ?": "It comes nearer.",
    "circles": "It circles.",
    "diverges": "It spirals out.",
    "is stuck": "It is stuck, and not in the middle.",
}
MIDDLE = {
    "comes": "Near the middle it is drawn in: a step's eigenvalues lie inside the unit circle.",
    "stays": "Near the middle it goes round: a step's eigenvalues lie on the unit circle.",
    "leaves": "Near the middle it is driven off: a step's eigenvalue lies outside the unit circle.",
    "?": "At ψ = 0 the penalty has a corner: there a step has no eigenvalues.",
}
FROM_TO = "Its distance from the middle was %.3g at first and is %.3g after %d steps."
STILL = "p { min-height: 6lh; } @media (min-width: 700px) { p { min-height: 2lh; } }"  # no jumps
# Which theme, and a phone or not, are asked at each question; they come before the fields.
ASKED = """(dark, narrow, ...given) => [document.body.classList.contains("dark"),
  window.innerWidth < 700, ...given]"""


class Game(NamedTuple):
    """What is played: by which steps, how many, from where."""

    loss: str = "minimax"
    cure: str = "none"
    way: str = "alternating"
    steps: int = 200
    weight: float = 1.0
    h: float = 0.2
    theta: float = 1.0
    psi: float = 1.0

    def field(self) -> theory.DiracGAN:
        """Where each pair is driven."""
        cures: dict[str, Any] = {"none": {}, "unroll": {"unroll": 1, "unroll_lr": self.weight}}
        return theory.DiracGAN(
            OBJECTIVES[self.loss], **cures.get(self.cure, {self.cure: self.weight})
        )

    def update(self) -> theory.Move:
        """One step."""
        return WAYS[self.way](self.field(), self.h)


FIRST = [*Game()]
NAMED = [f"dirac.{field.name}" for field in FIELDS]  # in the page's address


@lru_cache(maxsize=2_000)  # 2 MB
def part(game: Game, n: int) -> torch.Tensor:
    """The steps from n PART on, however many are wanted: (PART + 1, 2)."""
    start = part(game, n - 1)[-1].tolist() if n else [game.theta, game.psi]
    return theory.play(game.update(), (start[0], start[1]), PART)


def walk(game: Game) -> torch.Tensor:
    """The path: (steps + 1, 2)."""
    endless = game._replace(steps=0)
    parts = [part(endless, n)[n > 0 :] for n in range(-(-game.steps // PART))]
    return torch.cat(parts)[: game.steps + 1]


@cache
def canvas(dark: bool, narrow: bool) -> Canvas:
    """What all visitors with such a screen are drawn on, one after the other."""
    views = (
        PhasePortrait("Field and path", extent=EXTENT),
        Curves(("of the path",), "Distance from the middle", unit="", references={"middle": 0.0}),
        Eigenvalues("Eigenvalues at the middle", ["of a step"]),
    )
    return Canvas(views, DARK if dark else LIGHT, columns=1 if narrow else None)


def answer(who: gr.Request, dark: Any, narrow: Any, *values: Any) -> tuple[str, str]:
    """-> the picture with its words, and what a link says."""
    with shared.said(who):
        game = Game(*(field.read(x) for field, x in zip(FIELDS, values, strict=True)))
    path, found = walk(game), eigenvalues(game.update())
    arrows, distance = game.field()(LATTICE).unflatten(0, (15, 15)), path.norm(dim=-1)
    curve = np.arange(len(path)), distance.numpy()
    with DRAWING:
        shown = (arrows.numpy(), path.numpy()), curve, (found.numpy()[None],)
        pixels = (sheet := canvas(bool(dark), bool(narrow))).frame(shown)
    did, middle, word = verdict(path), near(found), shared.words(who)
    numbers = word(FROM_TO) % (distance[0], distance[-1], game.steps)
    named = word(NAMES.get(did) or NAMES[f"{did} {middle}"])
    told = f"{named} {numbers} {word(MIDDLE[middle])}"
    link = urlencode({n: x for n, x, usual in zip(NAMED, game, FIRST, strict=True) if x != usual})
    return shared.html(Frame(game.steps, told, sheet.png(pixels), False)), link


def arrive(who: gr.Request, dark: Any, narrow: Any, query: Any) -> list[Any]:
    """The page was opened, by a link perhaps.  -> the fields, the picture, and what a link says."""
    asked, values = dict(parse_qsl(str(query))), list(FIRST)
    for i, name in enumerate(NAMED):
        with suppress(ValueError):  # one sees at once what is not as the link asked
            values[i] = FIELDS[i].parsed(asked.get(name, values[i]))
    say, both = shared.words(who), zip(FIELDS, values, strict=True)
    boxes = [field.shown(x, say) if field.options else x for field, x in both]
    return [*boxes, *answer(who, dark, narrow, *values)]


def begin(values: Sequence[Any]) -> Callable[..., list[Any]]:
    """What a preset does: these values, and their answer."""

    def handle(who: gr.Request, dark: Any, narrow: Any) -> list[Any]:
        return [*values, *answer(who, dark, narrow, *values)]

    return handle


def build(page: gr.Blocks) -> None:
    """All of it, inside of a page that is being built."""
    with gr.Row():
        buttons = {name: gr.Button(t(name), min_width=90, size="md") for name in PRESETS}
    picture = gr.HTML(css_template=shared.CSS + STILL, js_on_load=None)
    boxes: list[Any] = []
    with gr.Group():
        for some in FIELDS[:4], FIELDS[4:]:
            with gr.Row():
                boxes += [box(f, x) for f, x in zip(some, FIRST[len(boxes) :], strict=False)]
    gr.Markdown(t(HELP))
    link = gr.Textbox(visible=False)
    theme = [gr.Checkbox(visible=False), gr.Checkbox(visible=False)]
    seen, into_address = [picture, link], layout.INTO_ADDRESS % NAMED

    def on(triggers: Any, handle: Any, given: Any, shown: Any, **how: Any) -> None:
        done = gr.on(triggers, handle, [*theme, *given], shown, js=ASKED, **how)
        done.then(None, link, None, js=into_address, **layout.CALM)

    opened = [*theme, gr.Textbox(visible=False)]
    page.load(arrive, opened, [*boxes, *seen], js=shared.OPENED, **layout.CALM)
    on([one.input for one in boxes], answer, boxes, seen, **layout.LATEST)
    for name, button in buttons.items():
        on(button.click, begin(Game(**PRESETS[name])), [], [*boxes, *seen], **layout.CALM)


def box(field: Any, value: Any) -> Any:
    """A menu, or a slider: one sees what becomes of it while it is dragged."""
    if field.options:
        return field.component(value)
    label = t(field.label)
    return gr.Slider(field.least, field.most, value, step=field.step, label=label, min_width=200)
