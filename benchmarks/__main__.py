"""`python -m benchmarks`: measures what an issue promises in time, and prints it as a table.

Both sides of a ratio are measured in turns, so that a busy neighbour slows both; the figure is the
median over the rounds, with its quartiles.  No test asserts any of this.
"""

import itertools
import platform
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import torch

from genart_edu.data.images import digits
from genart_edu.device import describe, pick_device
from genart_edu.lab.experiment import Experiment
from genart_edu.lab.live import Live
from genart_edu.views.canvas import Canvas
from genart_edu.views.png import png

HELP = "from genart_edu.cli import main; main(['--help'])"


def seconds(work: Callable[[], object]) -> float:
    """How long `work` takes, once."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def ratio(work: Callable[[], object], against: Callable[[], object], rounds: int) -> str:
    """How many times longer `work` takes: median and quartiles over rounds taken in turns."""
    found = [seconds(work) / seconds(against) for _ in range(rounds)]
    low, middle, high = statistics.quantiles(found, n=4)
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def milliseconds(work: Callable[[], object], rounds: int) -> str:
    """How long `work` takes, in the same form."""
    found = [1e3 * seconds(work) for _ in range(rounds)]
    low, middle, high = statistics.quantiles(found, n=4)
    return f"{middle:.1f} ms ({low:.1f} to {high:.1f})"


def python(code: str) -> Callable[[], object]:
    """A fresh Python that runs `code`."""
    return lambda: subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)


def frame(experiment: Experiment, **layers: bool) -> Callable[[], object]:
    """One live picture of a run, PNG included, as it is drawn while the run plays."""
    run, stage = experiment.start()
    stage.layers.update(layers)
    canvas = Canvas(stage.views())
    canvas.frame(stage.look(run.history))

    def draw() -> None:
        run.advance()
        png(canvas.frame(stage.look(run.history, hurry=True)))

    draw()
    return draw


def steps(experiment: Experiment, n: int = 20) -> Callable[[], object]:
    """n training steps, without a view."""
    run, _ = experiment.start()
    return lambda: [*run.play(n, every=n)]


def speed_while_watched(experiment: Experiment, n: int = 5_000, **layers: bool) -> str:
    """Training speed with the live view as a share of that without, and pictures a second."""
    shares, pictures = [], []
    for _ in range(3):
        alone, _ = experiment.start()
        live = Live(experiment)
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


def main() -> None:
    """Measure, and print a table in Markdown."""
    from sklearn.datasets import load_digits

    torch.set_num_threads(1)
    vae, gan = Experiment("vae", "digits"), Experiment("gan", "ring")
    small = {"hidden_dim": 32, "batch_size": 64}
    one, many = (Experiment("gan", "ring", seeds=n, **small) for n in (1, 32))  # type: ignore[arg-type]
    all_of_it = {"manifold": True, "gradients": True, "distances": True}
    rows = {
        "`genart --help`, times a bare Python": ratio(python(HELP), python("pass"), 15),
        "bundled digits, share of scikit-learn's time": ratio(digits, load_digits, 7),
        "one picture, VAE on digits": milliseconds(frame(vae), 200),
        "one picture, GAN on the ring": milliseconds(frame(gan), 200),
        "the same with its manifold": milliseconds(frame(gan, manifold=True), 200),
        "the same with all there is to see": milliseconds(frame(gan, **all_of_it), 200),
        "training speed with the live view, VAE on digits": speed_while_watched(vae),
        "training speed with the live view, GAN on the ring": speed_while_watched(gan),
        "training speed, with its manifold": speed_while_watched(gan, manifold=True),
        "training speed, with all there is to see": speed_while_watched(gan, **all_of_it),
        "a step of 32 small GANs as one, times a step of one": ratio(steps(many), steps(one), 30),
        "training with key states, times that without, VAE on digits": recording(vae),
        "training with key states, times that without, GAN on the ring": recording(gan),
        "a rewind to one of 5,000 steps, VAE on digits": rewinds(vae),
        "a rewind to one of 5,000 steps, GAN on the ring": rewinds(gan),
        "kept of 20,000 steps, VAE on digits, 64 MB": kept(vae, 64),
        "kept of 20,000 steps, VAE on digits, 8 MB": kept(vae, 8),
        "kept of 20,000 steps, GAN on the ring, 8 MB": kept(gan, 8),
    }
    print(f"{describe(pick_device())}, {platform.machine()}, PyTorch {torch.__version__}\n")
    print("| what | median (quartiles) |\n| --- | --- |")
    for what, figure in rows.items():
        print(f"| {what} | {figure} |")


if __name__ == "__main__":
    main()
