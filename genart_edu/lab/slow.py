"""Slow motion: one step as a debugger sees it, line by line, with the numbers that flowed there.

Python's own tracing follows the very step that trains: nothing is computed a second time.
"""

import ast
import inspect
import sys
from collections.abc import Callable
from textwrap import dedent
from types import CodeType, FrameType
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from genart_edu.gan.objective import gradient_penalty, r1
from genart_edu.gan.training import GANTrainer
from genart_edu.lab.build import Trainer
from genart_edu.lab.choices import OBJECTIVES
from genart_edu.nets import SeedLinear
from genart_edu.vae.model import VAE, Autoencoder
from genart_edu.vae.objective import autoencoder_costs, elbo_costs, reparameterize
from genart_edu.vae.training import VAETrainer

Act = Callable[[], Any]


class Moment(NamedTuple):
    """What a line did.  half: "discriminator" or "generator", "" of a VAE.  name: of its box.

    line: of the file, from 1.  code: the function it is in; at: its index there.  values: copies on
    the CPU, by their names in the code; all weights, or all gradients, are one (P,), or (S, P) of S
    networks.  seen: what there was to see afterwards.
    """

    half: str
    name: str
    file: str
    line: int
    code: tuple[str, ...]
    at: int
    values: dict[str, Tensor]
    seen: Any


class Stop(NamedTuple):
    """Where to look: after the statement of some function that is on these lines of its file.

    names: its variables, and names for what it returns: a tensor, or attributes of it.
    """

    function: CodeType
    lines: range
    names: tuple[str, ...]
    moment: Moment


def stop(half: str, name: str, function: Callable[..., Any], part: str, *names: str) -> Stop:
    """A stop at the statement whose line, and no other, has this part.  half: "" for both."""
    source, first = inspect.getsourcelines(function)
    code = dedent("".join(source))
    [at] = [i for i, line in enumerate(source) if part in line]
    nodes = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.stmt)]
    spans = [range(first + n.lineno - 1, first + (n.end_lineno or 0)) for n in nodes]
    inner = min((span for span in spans if first + at in span), key=len)
    file = function.__module__.removeprefix("genart_edu.").replace(".", "/") + ".py"
    moment = Moment(half, name, file, first + at, tuple(code.splitlines()), at, {}, None)
    return Stop(function.__code__, inner, names, moment)


D, G, BOTH = "discriminator", "generator", ("real_logits", "fake_logits")
D_LOSSES = dict.fromkeys(each.discriminator for each in OBJECTIVES.values())
G_LOSSES = dict.fromkeys(each.generator for each in OBJECTIVES.values())
STOPS = (
    stop("", "noise", GANTrainer.fake_like, "z = ", "z"),
    stop("", "generator", GANTrainer.fake_like, "return ", "fake"),
    stop(D, "discriminator", GANTrainer._discriminator_loss, "fake_logits = ", *BOTH),
    *(stop(D, "loss", loss, "return ", *BOTH, "loss") for loss in D_LOSSES),
    *(stop(D, "penalty", cure, "return ", "penalty") for cure in (r1, gradient_penalty)),
    stop(G, "discriminator", GANTrainer.update_generator, "fake_logits = ", "fake_logits"),
    *(stop(G, "loss", loss, "return ", "fake_logits", "loss") for loss in G_LOSSES),
    stop("", "gradient", GANTrainer._descend, ".backward("),
    stop("", "update", GANTrainer._descend, ".step()"),
    stop("", "encoder", VAE.encode, "mean, logvar = ", "mean", "logvar"),
    stop("", "encoder", Autoencoder.encode, "return ", "z"),
    stop("", "noise", reparameterize, "noise = ", "noise"),
    stop("", "z", reparameterize, "return ", "z"),
    *(stop("", "decoder", kind.decode, "return ", "mean") for kind in (VAE, Autoencoder)),
    stop("", "costs", elbo_costs, "return ", "reconstruction", "kl"),
    stop("", "costs", autoencoder_costs, "return ", "reconstruction", "kl"),
    stop("", "gradient", VAETrainer.step, ".backward("),
    stop("", "update", VAETrainer.step, ".optimizer.step()"),
)
OF_D = GANTrainer.discriminator_step.__code__
OF_G = GANTrainer.generator_step.__code__, GANTrainer.update_generator.__code__


def slow_motion(work: Act, trainer: Trainer, look: Act) -> list[Moment]:
    """The moments of `work`, which makes one step of `trainer`, or half of one.

    look: asked before it, and after each update and what follows that.  Settle a torn run first: it
    would make more than one step.  What `work` raises passes through.
    """
    camera, before = _Camera(trainer, look), sys.gettrace()
    sys.settrace(camera.enter)
    try:
        work()
    finally:
        sys.settrace(before)
    camera.look_again()
    return camera.moments


class _Camera:
    """`enter` is for `sys.settrace`.  Whatever is called from there, Python does not trace."""

    def __init__(self, trainer: Trainer, look: Act) -> None:
        self.trainer, self.look, self.seen = trainer, look, look()
        self.half = D if isinstance(trainer, GANTrainer) else ""
        self.moments: list[Moment] = []

    def enter(self, frame: FrameType, event: str, arg: Any) -> Any:
        if frame.f_code in OF_G:  # here an unrolled D has losses too, which are not of D's half
            self.half = G
        elif frame.f_code is OF_D:  # a half step that a rewound run makes again, after its step
            self.half = D
        here = [stop for stop in STOPS if stop.function is frame.f_code]
        stops = [stop for stop in here if stop.moment.half in ("", self.half)]
        now: Stop | None = None  # whose statement is at work

        def follow(frame: FrameType, event: str, arg: Any) -> Any:
            nonlocal now
            if event == "exception":  # the return that follows returns nothing
                now = None
            if now and (event == "return" or frame.f_lineno not in now.lines):
                self.keep(now, frame.f_locals, arg)
                now = None
            if event == "line" and not now:
                now = next((stop for stop in stops if frame.f_lineno in stop.lines), None)
            return follow

        return follow if stops else None

    def keep(self, stop: Stop, local: Any, given: Any) -> None:
        self.look_again()
        net = getattr(self.trainer, self.half or "model")
        values = {name: local.get(name, given) for name in stop.names}
        if stop.moment.name == "gradient":
            values = {"weights": _flat(net, "data"), "gradient": _flat(net, "grad")}
        elif stop.moment.name == "update":
            values = {"before": self.moments[-1].values["weights"], "after": _flat(net, "data")}
        for name, value in values.items():
            tensor = value if isinstance(value, Tensor) else getattr(value, name)
            values[name] = tensor.detach().to("cpu", copy=True)
        self.moments.append(stop.moment._replace(half=self.half, values=values, seen=self.seen))

    def look_again(self) -> None:
        """After an update, once all has followed: an average, a variance, the record."""
        if self.moments and self.moments[-1].name == "update":
            with torch.enable_grad():  # half a step draws its fakes without
                self.seen = self.look()
            self.moments[-1] = self.moments[-1]._replace(seen=self.seen)


def _flat(net: nn.Module, what: str) -> Tensor:
    """All "data", or all "grad", of what learns in a net, (P,); in S nets that are one, (S, P)."""
    ndim = int(any(isinstance(layer, SeedLinear) for layer in net.modules()))
    found = [getattr(p, what).flatten(ndim) for p in net.parameters() if p.grad is not None]
    return torch.cat(found, dim=-1)
