"""What a diagram says of a step in slow motion: a box for each kind of moment, with its numbers."""

from collections.abc import Sequence
from textwrap import shorten, wrap

from torch import Tensor

from genart_edu.lab.slow import Moment


def rows(moments: Sequence[Moment]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The diagram: (name, boxes) of each half, in the order in which they were first at work."""
    boxes = dict.fromkeys(moment[:2] for moment in moments)
    halves = {half: half and f"{half[0].upper()}'s half" for half, _ in boxes}
    return tuple((name, tuple(b for h, b in boxes if h == half)) for half, name in halves.items())


def flow(moments: Sequence[Moment], i: int) -> tuple[int, list[str]]:
    """At moment i: which box is at work, and the text of each, "" if nothing has come there yet."""
    texts = dict.fromkeys((moment[:2] for moment in moments), "")
    for moment in moments[: i + 1]:
        first = next(box for box in texts if box[0] == moment.half)
        if moment[:2] == first and texts[first]:  # n_critic: the half begins anew
            texts |= {box: "" for box in texts if box[0] == moment.half}
        texts[moment[:2]] = "\n".join(line for fact in _facts(moment) for line in wrap(fact, 16))
    return list(texts).index(moments[i][:2]), list(texts.values())


def said(moment: Moment) -> str:
    """One sentence: where, the line, and its numbers."""
    half = f"{moment.half.capitalize()}'s half, " if moment.half else ""
    whose = "" if moment.name in ("gradient", "update") else "First example: "
    code = moment.code[moment.at].split("  #")[0].strip()
    line = f"{moment.file}, line {moment.line}: {code}"
    return f"{half}{moment.name}: {line}.  {whose}{', '.join(_facts(moment))}."


def _facts(moment: Moment) -> list[str]:
    """Of the first example, and of the first of S networks."""
    first = {name: v.reshape(-1, v.shape[-1])[0] for name, v in moment.values.items()}
    match moment.name, list(first.values()):
        case "discriminator", logits:
            told = [f"logit {name.split('_')[0]} {_short(x[0])}" for name, x in first.items()]
            return [*told, " ".join(["D", *(_short(x[0].sigmoid()) for x in logits)])]
        case "loss" | "penalty" as name, [*_, cost]:
            return [f"{name} {_short(cost[0])}", f"batch mean {_short(cost.mean())}"]
        case "costs", [reconstruction, kl]:
            return [f"reconstruction {_short(reconstruction[0])}", f"KL {_short(kl.sum())}"]
        case "gradient", [_, gradient]:
            return [f"length {_short(gradient.norm())}"]
        case "update", [before, after]:
            return [f"largest change {(after - before).abs().max():.2g}"]
        case "generator" | "decoder", [x] if len(x) > 4:
            return [f"{len(x)} pixels", f"mean {_short(x.mean())}"]
    texts = {" ".join([name, *map(_short, x[:5])]): len(x) for name, x in first.items()}
    return [shorten(text, 16, placeholder=" …") if n > 2 else text for text, n in texts.items()]


def _short(number: Tensor) -> str:
    """At most five letters."""
    value = number.item()
    size = abs(value)
    if 1e-9 < size < 0.005 or size >= 9_999.5:
        text = f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")
    else:
        text = f"{value:.{2 - (size >= 9.995) - (size >= 99.95)}f}"
    return text.replace("-", "−")
