"""Predict first: before a run goes on a student says what will happen; afterwards it is shown."""

import numpy as np

from genart_edu.lab.stages import History, columns, loss_names

GUESSES = ("rises", "stays", "falls")
CAME = {"rises": "rose", "stays": "hardly moved", "falls": "fell"}
WINDOW = 100  # records on either side; one batch says little
SEEN = 0.05  # a smaller share of the level before is no change that one would see


def quantities(history: History) -> dict[str, str]:
    """What can be asked of a run: its losses by name, each in the words of the status line."""
    return {name: name.replace("kl", "KL").replace("_", " ") for name in loss_names(history)}


def verdict(history: History, name: str, since: int, guess: str, unit: str = "nats") -> str:
    """What became of a guess about the loss `name` (see `quantities`), made after step `since`.

    The mean of the last 100 records is compared with that of the 100 before the guess, means over
    seeds.  The loss stayed where they differ by no more than 5% of the level before, or no more
    than twice the standard error of their difference, s sqrt(1/n + 1/m): each step has a batch of
    its own, so the noise of two steps is nearly independent.  s: the larger `scatter` of the two.
    unit: of the loss, as a stage's.  ValueError for an unknown name or guess.
    """
    asked = quantities(history)
    if name not in asked:
        known = ", ".join(asked) or "nothing before the first step"
        raise ValueError(f"A guess can be about {known}; got {name!r}.")
    if guess not in GUESSES:
        raise ValueError(f"A guess must be one of {', '.join(GUESSES)}; got {guess!r}.")
    steps, values = columns(history, name)
    before, after = values[steps <= since][-WINDOW:], values[steps > since][-WINDOW:]
    said = f"You said: {asked[name]} {guess}."
    if len(before) < 1 or len(after) < 2:
        return f"{said} Too few steps to tell: it takes one before the guess and two after it."
    if not np.isfinite([*before, *after]).all():
        return f"{said} Nobody can tell: a number before or after it was not finite."
    old, new = before.mean(), after.mean()
    error = max(scatter(before), scatter(after)) * np.sqrt(1 / len(before) + 1 / len(after))
    stayed = abs(new - old) <= max(SEEN * abs(old), 2 * error)
    came = "stays" if stayed else "rises" if new > old else "falls"
    numbers = f"from {short(old)} to {short(new)} {unit}".strip()
    when = f"between step {since:,} and step {steps[-1]:,}"
    right = "as predicted" if came == guess else "not as predicted"
    return f"{said} It {CAME[came]}, {numbers} {when}: {right}."


def scatter(x: np.ndarray) -> float:
    """The std of independent noise on a level that drifts, (n,); 0 for one number.

    s^2 = mean (x_t - x_{t-1})^2 / 2: a drift, which swells a window's std, hardly changes from one
    step to the next.  Von Neumann et al. 1941, "The mean square successive difference".
    """
    return float(np.sqrt(np.square(np.diff(x)).mean() / 2)) if len(x) > 1 else 0.0


def short(value: float) -> str:
    """A loss as the status line writes it, but so that a change of 5% always shows."""
    return f"{value:.2f}" if 1 <= abs(value) < 1e4 else f"{value:.3g}"
