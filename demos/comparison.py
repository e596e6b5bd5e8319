"""What "GAN or VAE?" measures of two runs, and the table that it makes of it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from genart_edu.bundled import demo
from genart_edu.lab import versus
from genart_edu.lab.gate import GATE
from genart_edu.lab.live import Live
from genart_edu.lab.versus import Numbers

# A number's name; its word, and which way is better (≈: as real data have it); what it says.
ROWS = [
    ("precision", "Precision ↑", "Share of the fakes that lie among real data: are they good?"),
    ("recall", "Recall ↑", "Share of real data that lie among fakes: is every kind there?"),
    ("coverage", "Coverage ↑", "Share of real data with a fake nearby; a missed mode lowers it."),
    ("density", "Density ≈", "How close fakes crowd around real data; a blur crowds them."),
    ("sharpness", "Sharpness ≈", "Edges, over those of real pictures; a blur has few, noise many."),
    ("frechet", "Fréchet distance ↓", "Of means and covariances, in pixels or places: no FID."),
    ("captured", "Modes captured ↑", "Modes with a good fake, of 2,500 fakes."),
    ("high_quality", "High quality ↑", "Share of the fakes within 3 std of their mode."),
    ("js", "JS ↓", "Divergence from the true density, in nats; at most 0.69."),
    ("nll", "NLL ↓", "Nats that a new x costs, or a bit less. No density, no such number."),
    ("weights", "Weights", "That are trained; half of them draw samples."),
    ("steps", "Steps", "Updates that were made."),
    ("pace", "Steps a second ↑", "What this machine can do, alone."),
    ("seconds", "Seconds ↓", "What these steps cost at that pace."),
]
COSTS = ("weights", "steps", "pace", "seconds")  # real data cost nothing
HEADS = ("VAE", "GAN", "Real data")
NONE = "no such number"
LONGEST = 20_000  # steps
WHEN = """## Which one, when?
* **A VAE** if you need p(x), or a code for each x, or every kind of data rather than the best of
them: only it has an NLL and an encoder, its loss just falls, and other seeds give much the same.
* **A GAN** if each sample must look real and nobody asks for p(x): nothing makes it average two
possibilities, so it draws sharply and lies on the modes. It pays with more time a step, with
recall, and with luck.
* **Seen after 1,500 steps, with four seeds.** On the ring 55% to 72% of the GAN's fakes are of high
quality, and 19% to 21% of the VAE's, which builds bridges between modes; but the VAE's recall is 1.
On grey digits the VAE has a precision of .93 to .95 and a recall of .71 to .75, the GAN .81 to .88
and .49 to .68; but its sharpness is .89 to 1.07, and the VAE's .70 to .73. So on data as small and
easy as these a VAE wins nearly all but sharpness.
* **Every number can be fooled.** The VAE's grey means of black and white digits have a precision
and a coverage of 1; a density of 4.4 to 4.6 and a recall of .13 to .19 give the blur away. Noise
looks sharp, and a single fake captures a mode. Read the numbers together, and look at the
pictures."""
CSS = """
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 8px; text-align: left; border-bottom: 1px solid var(--border-color-primary); }
th { font-weight: 600; } th[scope="row"] { width: 46%; } td { font-size: 1.15em; }
small { display: block; font-size: 0.85em; font-weight: 400; }
@media (max-width: 700px) { th, td { padding: 5px 4px; } td { font-size: 1em; } }
"""


busy: set[str | None] = set()  # whose seeds are being trained


@lru_cache(16)
def known(data: str) -> tuple[versus.Exam, Numbers]:
    """The exam on data of that name, and how real data do in it."""
    paper = versus.exam(data)
    return paper, versus.yardstick(paper)


@contextmanager
def alone(session: str | None) -> Iterator[None]:
    """One at a time of what trains long.  ValueError, in one sentence, for a visitor's second."""
    if session in busy:
        raise ValueError("More seeds are being trained for you: wait for them, or pause both.")
    busy.add(session)
    try:
        yield
    finally:
        busy.discard(session)


def examined(live: Live, data: str) -> Numbers:
    """All numbers of a visitor's run, as it is now; training goes on after it."""
    live.frame()  # a step that broke is undone
    with GATE, live.lock:
        run: Any = live.run
        found = versus.numbers(run.trainer, known(data)[0]) | versus.cost(run)
    return found | {"steps": run.step, "seconds": run.step / found["pace"]}


def goal(live: Live, budget: Any, amount: Any) -> int:
    """The step at which a run has used its budget.  ValueError for what is none."""
    number = demo("shared").number
    if budget != "seconds":
        return number("The budget", amount, 1, LONGEST)
    seconds = number("The budget", amount, 0.1, 60, whole=False)
    with GATE, live.lock:
        return min(LONGEST, round(seconds * versus.cost(live.run)["pace"]))


def table(
    say: Callable[[str], str], vae: Sequence[Numbers], gan: Sequence[Numbers], real: Numbers
) -> str:
    """The numbers of both, of one seed or several, beside those of real data: as HTML.

    say: a text in the visitor's language.
    """
    rows = ["<td></td>" + "".join(f'<th scope="col">{say(head)}</th>' for head in HEADS)]
    for name, word, meaning in ROWS:
        columns = [[each[name] for each in some if name in each] for some in (vae, gan, [real])]
        if any(columns):
            cells = [cell(values, say) for values in columns]
            cells[2:] = ["" if name in COSTS else cells[2]]
            head = f'<th scope="row">{say(word)}<small>{say(meaning)}</small></th>'
            rows.append(head + "".join(f"<td>{each}</td>" for each in cells))
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


def cell(values: Sequence[float], say: Callable[[str], str]) -> str:
    """A number; of several seeds the lowest and the highest; or that there is none."""
    if not values:
        return f"<small>{say(NONE)}</small>"
    return " … ".join(dict.fromkeys(written(x) for x in (min(values), max(values))))


def written(x: float) -> str:
    """A count, or what is large, without decimals."""
    return (f"{x:,.0f}" if isinstance(x, int) or abs(x) >= 100 else f"{x:.2f}").replace("-", "−")
