"""The canvas of another process: it draws what a Canvas draws, and its end loses nothing."""

import gc
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from genart_edu.lab.experiment import Experiment
from genart_edu.lab.live import Live
from genart_edu.views.aside import Aside, painter
from genart_edu.views.canvas import Canvas
from genart_edu.views.curves import Curves
from genart_edu.views.plane import Plane
from genart_edu.views.style import DARK

STEPS = np.arange(1.0, 301)
RING = Experiment("gan", "ring", hidden_dim=8)


class Loud:
    """Whoever unpickles it, prints."""

    def __reduce__(self):
        return print, ("something",)


def frames():
    """What three frames of `views` are made of: arrays, and what is around."""
    cloud = np.random.default_rng(0).normal(size=(2, 40, 2))
    surface = np.linspace(0, 1, 48 * 48).reshape(48, 48)
    marks = [(20, "lr 0.1"), (200, "fork")]
    yield [(STEPS[:100], STEPS[:100] ** 0.5), (*cloud, surface)], [((), []), None]
    yield [(STEPS[:120], STEPS[:120] ** 0.5), None], [((STEPS, STEPS**0.4), marks), None]
    yield [(STEPS, STEPS**0.5), (*cloud[::-1], None)], [((), marks), None]


def views():
    return [Curves(("a loss",), "Losses"), Plane("A plane")]


def test_it_draws_what_a_canvas_draws():
    here, there = Canvas(views(), DARK, columns=1), Aside(views(), DARK, columns=1)
    assert here.alt == there.alt
    asked = [there.frame(*frame) for frame in frames()]  # one after the other, and nobody waits
    drawn = [there.png(frame) for frame in asked]
    assert drawn == [here.png(here.frame(*frame)) for frame in frames()]
    assert len(set(drawn)) == 3


def test_a_run_looks_the_same_at_every_moment():
    here, there = Live(RING), Live(RING, kind=Aside)
    for act in (
        lambda live: live.step(5),
        lambda live: live.step(half="discriminator_step"),
        lambda live: live.show(manifold=True) or live.frame(),
        lambda live: live.set(lr=1e-4) or live.step(4),
        lambda live: live.at_rest(lambda screen: screen.rewind(3)),
        lambda live: live.slow_motion() or live.step(3),
        lambda live: live.slow_motion(on=False) or live.frame(),
    ):
        assert act(here) == act(there)
    played = [[*live.play(30)][-1] for live in (here, there)]
    assert played[0].status == played[1].status
    assert played[0].step == played[1].step == 34  # 3, one in slow motion, 30


def test_two_canvases_of_one_process_know_nothing_of_each_other():
    one, other = (Aside([Curves(("a",), title)]) for title in ("One", "Another"))
    arrays = [(STEPS, STEPS)]
    seen = [each.png(each.frame(arrays)) for each in (one, other, one)]
    assert seen[0] == seen[2] != seen[1]


def test_later_changes_are_not_seen():
    canvas, plain, values = Aside(views()), Canvas(views()), np.zeros((2, 20, 2))
    asked = canvas.frame([(STEPS, STEPS), (*values, None)])
    values += 1
    expected = plain.frame([(STEPS, STEPS), (*(values - 1), None)])
    assert canvas.png(asked) == plain.png(expected)


def test_what_a_view_refuses_is_told_and_the_next_frame_is_drawn():
    canvas = Aside([Curves(("a",), "One")])
    with pytest.raises(ValueError, match="first frame needs the arrays"):
        canvas.png(canvas.frame([None]))
    with pytest.raises(ValueError):
        canvas.png(canvas.frame([(STEPS, STEPS, STEPS)]))
    assert canvas.png(canvas.frame([(STEPS, STEPS)])) and not canvas.lost


def test_whoever_prints_there_does_not_disturb():
    canvas = Aside([Curves(("a",), "One")])
    with pytest.raises(TypeError):  # what it is handed then is None
        painter().ask(canvas._number, Loud()).result()
    assert canvas.png(canvas.frame([(STEPS, STEPS)])).startswith(b"\x89PNG")


def test_a_canvas_that_is_gone_is_forgotten():
    canvas = Aside(views())
    number = canvas._number
    del canvas
    with pytest.raises(KeyError):
        painter().ask(number, [], []).result()


def test_a_canvas_can_go_while_another_is_asked_for():
    """Garbage is collected at any moment, also where the painter holds its own lock."""
    kept, done = [Aside(views())], threading.Event()

    def leave():
        with painter()._turns._shutdown_lock:
            kept.clear()
            gc.collect()
        done.set()

    threading.Thread(target=leave, daemon=True).start()
    assert done.wait(60)


@pytest.mark.parametrize("playing", [False, True])
def test_when_the_process_is_killed_one_picture_is_lost_and_nothing_else(playing):
    live, plain = Live(RING, kind=Aside), Live(RING)
    live.step(3)
    first = painter()
    os.kill(first._process.pid, signal.SIGKILL)
    first._process.wait(timeout=60)
    assert live.screen.canvas.lost
    # Asked before anybody noticed: in a sentence.
    with pytest.raises(OSError, match="process that draws has ended: press the button again"):
        live.screen.canvas.png(live.screen.canvas.frame([]))
    seen = [*live.play(4)][-1] if playing else live.step(4)
    plain.step(7)
    assert painter() is not first and seen.png == plain.frame().png
    assert seen.step == 7


def test_it_ends_with_the_one_that_asks():
    code = """if True:
        import numpy as np
        from genart_edu.views.aside import Aside, painter
        from genart_edu.views.curves import Curves
        canvas = Aside([Curves(("a",), "One")])
        canvas.png(canvas.frame([(np.arange(2), np.arange(2))]))
        print(painter()._process.pid)
    """
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    pid, deadline = int(said.stdout), time.monotonic() + 60
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(pid) and not said.stderr


def alive(pid: int) -> bool:
    """Whether there is such a process, and it has not ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8")
        return stat.rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
