"""The gate: one at a time, in the order in which they came, whatever happens inside."""

import signal
import threading
import time

import pytest

from genart_edu.lab.experiment import Experiment
from genart_edu.lab.gate import Gate
from genart_edu.lab.live import Live


def waiting(gate, n):
    """Until n are in line."""
    deadline = time.monotonic() + 30
    while len(gate._line) < n:
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_all_come_in_the_order_in_which_they_came_one_at_a_time():
    gate, came, inside = Gate(), [], []

    def pass_through(i):
        with gate:
            inside.append(i)
            came.append((i, len(inside)))
            time.sleep(0.001)
            inside.remove(i)

    threads = [threading.Thread(target=pass_through, args=[i]) for i in range(20)]
    with gate:
        for i, each in enumerate(threads):
            each.start()
            waiting(gate, i + 2)
        assert not gate.free
    for each in threads:
        each.join()
    assert came == [(i, 1) for i in range(20)]
    assert gate.free


def test_an_error_inside_lets_the_next_one_in():
    gate = Gate()
    with pytest.raises(ZeroDivisionError), gate:
        raise ZeroDivisionError
    with gate:
        assert not gate.free
    assert gate.free


def test_who_is_interrupted_while_waiting_is_out_of_the_line():
    gate, inside = Gate(), threading.Event()
    leave = threading.Event()

    def hold():
        with gate:
            inside.set()
            leave.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    inside.wait(60)

    def interrupt():
        waiting(gate, 2)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt), gate:
        pass
    assert len(gate._line) == 1
    leave.set()
    holder.join()
    assert gate.free
    with gate:
        pass


def test_two_who_play_get_on_alike():
    ann, bob = (Live(Experiment(data="ring", seed=seed)) for seed in (0, 1))
    threads = [threading.Thread(target=lambda each=each: [*each.play()]) for each in (ann, bob)]
    for each in threads:
        each.start()
    deadline = time.monotonic() + 60
    while min(ann.run.step, bob.run.step) < 60 and time.monotonic() < deadline:
        time.sleep(0.01)
    steps = ann.run.step, bob.run.step
    for live, thread in zip((ann, bob), threads, strict=True):
        live.pause()
        thread.join(60)
    assert min(steps) >= 60 and max(steps) < 5 * min(steps)
