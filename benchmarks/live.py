"""What it costs to look at a run while it trains, and to keep what a rewind needs."""

import itertools
import random
import statistics
from collections.abc import Callable

from benchmarks.measure import milliseconds, ratio, seconds
from genart_edu.data.images import digits
from genart_edu.lab.experiment import Experiment
from genart_edu.lab.live import Live
from genart_edu.views.aside import Aside
from genart_edu.views.canvas import Canvas


def rows() -> dict[str, str]:
    """What was measured, and the figure."""
    from sklearn.datasets import load_digits

    vae, gan = Experiment("vae", "digits"), Experiment("gan", "ring")
    all_of_it = {"manifold": True, "gradients": True, "distances": True}
    return {
        "bundled digits, share of scikit-learn's time": ratio(digits, load_digits, 7),
        "one picture, VAE on digits": milliseconds(frame(vae), 200),
        "one picture, GAN on the ring": milliseconds(frame(gan), 200),
        "the same with its manifold": milliseconds(frame(gan, manifold=True), 200),
        "the same with all there is to see": milliseconds(frame(gan, **all_of_it), 200),
        "training speed in the player, VAE on digits": speed_while_watched(vae),
        "training speed in the player, GAN on the ring": speed_while_watched(gan),
        "training speed, with its manifold": speed_while_watched(gan, manifold=True),
        "training speed, with all there is to see": speed_while_watched(gan, **all_of_it),
        "training with key states, times that without, VAE on digits": recording(vae),
        "training with key states, times that without, GAN on the ring": recording(gan),
        "a rewind to one of 5,000 steps, VAE on digits": rewinds(vae),
        "a rewind to one of 5,000 steps, GAN on the ring": rewinds(gan),
        "kept of 20,000 steps, VAE on digits, 64 MB": kept(vae, 64),
        "kept of 20,000 steps, VAE on digits, 8 MB": kept(vae, 8),
        "kept of 20,000 steps, GAN on the ring, 8 MB": kept(gan, 8),
    }


def frame(experiment: Experiment, **layers: bool) -> Callable[[], object]:
    """One live picture of a run, PNG included, as it is drawn while the run plays."""
    run, stage = experiment.start()
    stage.layers.update(layers)
    canvas = Canvas(stage.views())
    canvas.frame(stage.look(run.history))

    def draw() -> None:
        run.advance()
        canvas.png(canvas.frame(stage.look(run.history, hurry=True)))

    draw()
    return draw


def speed_while_watched(experiment: Experiment, n: int = 2_000, **layers: bool) -> str:
    """Training speed with the live view as a share of that without, and pictures a second."""
    shares, pictures = [], []
    for _ in range(5):
        alone, _ = experiment.start()
        live = Live(experiment, kind=Aside)
        live.show(**layers)
        live.step()  # the first picture is drawn whole
        frames = 0

        def watch(live: Live = live) -> None:
            nonlocal frames
            frames = sum(1 for _ in live.play(n))

        without = seconds(lambda run=alone: [*run.play(n, every=n)])  # type: ignore[misc]
        watched = seconds(watch)
        shares.append(without / watched)
        pictures.append(frames / watched)
    return f"{statistics.median(shares):.0%} at {statistics.median(pictures):.1f} pictures a second"


def recording(experiment: Experiment, n: int = 2_000) -> str:
    """How many times longer a run takes that keeps key states, against one that keeps its first.

    18,000 steps of each: in a VAE the last ones fill the budget, and some are left out again.
    """
    (kept, _), (plain, _) = experiment.start(), experiment.start()
    plain.key_every = 10**9
    return ratio(lambda: [*kept.play(n, every=n)], lambda: [*plain.play(n, every=n)], 9)


def rewinds(experiment: Experiment, n: int = 5_000, rounds: int = 200) -> str:
    """How long it takes to stand at random steps of a run of n, one after another."""
    run, _ = experiment.start()
    for _ in run.play(n, every=n):
        pass
    steps, found = random.Random(0), []
    for _ in range(rounds):
        step = steps.randint(0, n)
        found.append(1e3 * seconds(lambda step=step: run.rewind(step)))  # type: ignore[misc]
    return f"{statistics.median(found):.0f} ms, slowest {max(found):.0f} ms"


def kept(experiment: Experiment, megabytes: int, n: int = 20_000) -> str:
    """What a long run keeps within its budget, and how far apart the states are at most."""
    run, _ = experiment.start()
    run.memory.budget = megabytes * 1_000_000
    for _ in run.play(n, every=n):
        pass
    steps = [*run.memory.states, n]
    gap = max(after - before for before, after in itertools.pairwise(steps))
    size = run.memory.size / 1e6
    return f"{size:.1f} MB in {len(steps) - 1} states, {gap:,} steps apart at most"
