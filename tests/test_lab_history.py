"""A history against plain lists, whatever the order of growing and cutting."""

import numpy as np
import pytest
import torch

from genart_edu.lab.history import History
from genart_edu.vae.training import VAERecord


def test_it_holds_what_lists_would_hold():
    rng, history, rows = np.random.default_rng(0), History(), []
    for _ in range(300):
        if rng.random() < 0.2:
            length = int(rng.integers(0, len(rows) + 3))
            history.cut(length)
            rows = rows[:length]
        else:
            new = rng.normal(size=(int(rng.integers(1, 40)), 2))
            history.extend(("kl", "loss"), new)
            rows += new.tolist()
        assert len(history) == len(rows)
        assert history.rows().tolist() == rows
    assert max(len(rows), 256) > 256  # its buffer had to grow


def test_arrays_have_names_and_steps_from_one():
    history = History()
    history.extend(("kl", "loss"), np.array([[1.0, 2.0], [3.0, 4.0]]))
    arrays = history.arrays()
    assert list(arrays) == ["step", "kl", "loss"]
    assert {name: array.tolist() for name, array in arrays.items()} == {
        "step": [1, 2],
        "kl": [1, 3],
        "loss": [2, 4],
    }


def test_before_the_first_step_there_are_no_names():
    assert {name: array.tolist() for name, array in History().arrays().items()} == {"step": []}


@pytest.mark.parametrize("n", [1, 255, 256, 257, 1_000])
def test_one_row_at_a_time_is_all_at_once(n):
    rows, slow, quick = np.arange(2.0 * n).reshape(n, 2), History(), History()
    for row in rows:
        slow.extend(("a", "b"), row[None])
    quick.extend(("a", "b"), rows)
    assert np.array_equal(slow.rows(), rows) and np.array_equal(quick.rows(), rows)


def test_seeds_that_run_as_one_keep_a_row_each():
    history, rows = History(), np.arange(24.0).reshape(4, 2, 3)  # 4 steps, 2 names, 3 seeds
    history.extend(("a", "b"), rows[:1])
    history.extend(("a", "b"), rows[1:])
    assert np.array_equal(history.arrays()["b"], rows[:, 1])
    assert history.arrays()["b"].shape == (4, 3)


def test_an_array_that_was_taken_does_not_change_as_the_history_grows():
    history = History()
    history.extend(("a",), np.ones((200, 1)))
    early = history.arrays()["a"]
    for _ in range(10):
        history.extend(("a",), np.zeros((200, 1)))
    assert early.tolist() == [1] * 200


# ---- rewound ------------------------------------------------------------------------------


def test_of_a_run_that_goes_back_and_forth_it_holds_what_lists_would_hold():
    """What lies ahead stays until it is cut, or written anew."""
    rng, history, rows, at, longest = np.random.default_rng(1), History(), [], 0, 0
    for _ in range(500):
        act = rng.choice(["back", "on", "on", "on", "on", "on", "cut", "cut here"])
        if act == "back":
            at = history.at = int(rng.integers(0, len(rows) + 1))
        elif act == "on":
            new = rng.normal(size=(int(rng.integers(0, 40)), 2))
            history.extend(("kl", "loss"), new)
            rows[at : at + len(new)] = new.tolist()
            at += len(new)
        elif rng.random() < 0.2:
            length = at if act == "cut here" else int(rng.integers(0, len(rows) + 3))
            history.cut(length)
            rows, at = rows[:length], min(length, len(rows))
        assert (len(history), history.at) == (len(rows), at)
        assert history.rows().tolist() == rows[:at]
        assert history.rows(whole=True).tolist() == rows
        assert history.arrays()["step"].tolist() == [*range(1, at + 1)]
        assert [*map(len, history.arrays(whole=True).values())][-1] in (0, len(rows))
        longest = max(longest, len(rows))
    assert longest > 256  # its buffer had to grow


def test_what_was_taken_before_the_past_changed_stays_as_it_was():
    history = History()
    history.extend(("a",), np.arange(10.0)[:, None])
    taken, all_of_it = history.arrays(), history.rows(whole=True)
    history.cut(4)
    for _ in range(9):
        history.extend(("a",), np.full((7, 1), -1.0))
    assert taken["a"].tolist() == all_of_it[:, 0].tolist() == [*range(10)]


def test_records_wait_until_somebody_asks():
    history = History()
    record = VAERecord(torch.tensor(1.0), torch.tensor(2.0))
    history.unread.append(record)
    assert len(history) == 0 and history.read() and history.unread == []
    history.at = 0
    history.unread += [record, VAERecord(torch.tensor(3.0), torch.tensor(torch.inf))]
    assert not history.read() and len(history.unread) == 2 and history.at == 0
    assert history.rows(whole=True).tolist() == [[1, 2]]
