"""A target drawn by hand.  A drawing is data by name, "drawn:0.10 0.20 0.35 0.40;-0.50 0.60": so an
experiment, a checkpoint, an event, a link and a command line hold it as they hold any other data.
"""

import math
import reprlib
from collections.abc import Iterable
from itertools import islice, zip_longest
from typing import Any

import numpy as np

from genart_edu.data.densities import Density, along

EXTENT, STD = 1.5, 0.04
ARC = 0.5  # how much of a stroke is a mode, about
STROKES, INK, LETTERS = 40, 40.0, 2_000  # the most of a drawing: strokes, their length, its name
TOLERANCE = 0.02  # half a std: what nobody sees is not written down


def drawn(name: str) -> Density:
    """The density of a drawing by its name: Gaussians of std 0.04 strung along its strokes.

    A stroke is x y pairs from -1.5 to 1.5, a single pair a dot; ";" stands between two strokes.
    Each is cut into equal arcs, of about 0.5 but at least one, and each arc is a mode.  All modes
    weigh the same, since a generator is judged by how equal their shares are: so mass follows the
    length of the ink to half an arc, and what is shorter than an arc, such as a dot, weighs as one.

    ValueError, in one sentence, for what is no drawing, and for one of more than 40 strokes, more
    than 40 units of ink or more than 2,000 letters.
    """
    if len(name) > LETTERS:
        letters = f"has at most {LETTERS:,} letters; this one needs {len(name):,}"
        raise ValueError(f"A drawing's name {letters}: draw fewer or plainer strokes.")
    words = [stroke.split(" ") for stroke in name.removeprefix("drawn:").split(";")]
    curves = _curves([[*zip_longest(each[::2], each[1::2])] for each in words], name)
    cut = [(curve, max(1, round(_length(curve) / ARC))) for curve in curves]
    components = math.ceil(1.5 * ARC / (1.3 * STD))  # for the longest arc that rounding leaves
    return along(name, cut, components=components, std=STD, extent=EXTENT)


def drawing(strokes: Iterable[Any]) -> str:
    """The name of a drawing of strokes [[[x, y], ...], ...], to 0.01, with as few points as show.

    ValueError, in one sentence, as `drawn`, whatever `strokes` are: they may come from a browser.
    """
    lines = [_simplified(curve.round(2)) for curve in _curves(strokes, strokes)]
    name = "drawn:" + ";".join(" ".join(f"{z:z.2f}" for z in line.flat) for line in lines)
    drawn(name)  # refuses what is too long
    return name


def _curves(strokes: Any, given: object) -> list[np.ndarray]:
    """Strokes as arrays (P, 2), if that is what they are.  given: what to quote if not."""
    try:
        curves = [np.asarray(stroke, dtype=float) for stroke in islice(strokes, STROKES + 1)]
    except (TypeError, ValueError, OverflowError):
        curves = []
    flat = all(curve.ndim == 2 and curve.shape[1] == 2 and len(curve) for curve in curves)
    if not (curves and flat and all((abs(curve) <= EXTENT).all() for curve in curves)):
        pairs = f"pairs of x and y from -{EXTENT} to {EXTENT}; got {reprlib.repr(given)}"
        raise ValueError(f"A drawing is one stroke or more, each of {pairs}.")
    if len(curves) > STROKES or sum(map(_length, curves)) > INK:
        most = f"at most {STROKES} strokes, which together are at most {INK:g} long"
        raise ValueError(f"A drawing has {most}: draw fewer or shorter ones.")
    return curves


def _length(curve: np.ndarray) -> float:
    return float(np.linalg.norm(np.diff(curve, axis=0), axis=1).sum())


def _simplified(curve: np.ndarray) -> np.ndarray:
    """The points (P, 2) without those that repeat the last one, or lie within TOLERANCE of the line
    through what is left.

    Douglas & Peucker, "Algorithms for the reduction of the number of points required to represent a
    digitized line", Cartographica 1973.
    """
    curve = curve[np.append(True, (np.diff(curve, axis=0) != 0).any(axis=1))]
    kept, spans = {0, len(curve) - 1}, [(0, len(curve) - 1)]
    while spans:
        first, last = spans.pop()
        chord, inner = curve[last] - curve[first], curve[first + 1 : last] - curve[first]
        share = (inner @ chord / max(chord @ chord, 1e-9)).clip(0, 1)  # 0 where a stroke closes
        away = np.linalg.norm(inner - share[:, None] * chord, axis=1)
        if away.max(initial=0) > TOLERANCE:
            middle = first + 1 + int(away.argmax())
            kept.add(middle)
            spans += [(first, middle), (middle, last)]
    return curve[sorted(kept)]
