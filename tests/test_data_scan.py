import numpy as np
import pytest
import torch

from genart_edu.data.images import digits
from genart_edu.data.scan import scanned

GREY = digits(grey=True).split(1_500)[1]
COUNTS = GREY.pixels[:100, 0] / 16  # (100, 8, 8): the share of ink in each block
X = digits().split(1_500)[1].x(slice(100))


def blown(picture, n):
    """8x8 numbers as n x n, each a block."""
    return picture.repeat_interleave(n // 8, 0).repeat_interleave(n // 8, 1)


def bar(n=64, wide=8, high=48, left=20, top=6):
    ink = torch.zeros(n, n)
    ink[top : top + high, left : left + wide] = 1
    return ink


def seven(n=64, pen=6):
    """A seven of two straight strokes."""
    ink = torch.zeros(n, n)
    ink[8 : 8 + pen, 16:48] = 1
    for row in range(8, 56):
        left = 48 - pen - (row - 8) // 2
        ink[row, left : left + pen] = 1
    return ink


@pytest.mark.parametrize("n", [32, 64])
def test_a_digit_that_is_blown_up_comes_back(n):
    back = torch.stack([scanned(blown(each, n)) for each in COUNTS])
    assert (back == X).all(dim=1).float().mean() > 0.8
    assert (back != X).float().mean() < 0.02


def test_where_on_the_sheet_and_how_dark_it_is_drawn_does_not_matter():
    x = scanned(seven())
    for rows, columns in [(-8, -10), (5, 3), (8, 15)]:
        moved = torch.roll(seven(), (rows, columns), dims=(0, 1))
        assert torch.equal(scanned(moved), x)
    assert torch.equal(scanned(0.1 * seven()), x)
    assert torch.equal(scanned(torch.nn.functional.pad(seven(), (40, 24, 32, 32))), x)
    large = seven().repeat_interleave(3, 0).repeat_interleave(3, 1)
    assert (scanned(large) != x).sum() <= 1  # whole pixels are cut out


def test_strokes_become_as_thick_as_the_digits_own():
    shares = digits().x().mean(dim=1)  # of ink, of each digit
    for pen in 1, 2, 4, 6, 9, 14:
        x = scanned(seven(pen=pen))
        assert shares.min() < x.mean() < shares.max()
        assert (x != scanned(seven())).sum() <= 12


def test_it_fills_the_rows_as_the_digits_do_and_stands_in_the_middle():
    for picture in scanned(seven()), scanned(bar()), scanned(bar(wide=40, left=3)):
        drawn = picture.view(8, 8) > 0
        assert drawn.any(dim=1).all()
        columns = drawn.any(dim=0).nonzero()
        assert 6 <= columns.min() + columns.max() <= 8


def test_a_one_stays_narrow_and_what_is_wide_is_squeezed():
    widths = [
        int((scanned(bar(wide=wide, left=2)).view(8, 8) > 0).any(dim=0).sum())
        for wide in (4, 8, 14, 30, 60)
    ]
    assert widths == sorted(widths)
    assert widths[0] <= 3 and widths[-1] <= 6


def test_nothing_drawn_is_nothing_seen_and_a_dot_is_something():
    assert torch.equal(scanned(torch.zeros(64, 64)), torch.zeros(64))
    dot = torch.zeros(64, 64)
    dot[63, 0] = 0.01
    for ink in dot, torch.ones(64, 64), bar(wide=1, high=1):
        x = scanned(ink)
        assert x.shape == (64,) and set(x.tolist()) <= {0.0, 1.0} and x.any()


def test_what_it_says_of_the_digits_is_so():
    """Rows that the ink reaches, columns that it takes, the share that it covers."""
    counts = digits(grey=True).pixels[:, 0].numpy() / 16
    rows = counts.max(axis=2) > 0
    assert rows[:, 0].all() and rows[:, -1].all()
    darkest = counts.max(axis=1)  # (N, 8): of each column of blocks
    first, last = (darkest[:, ::way] for way in (1, -1))

    def blank(columns):  # before the ink, with the rest of the block that it begins in
        begins = (columns > 0).argmax(axis=1)
        return begins + 1 - columns[np.arange(len(columns)), begins]

    wide = 4 * (8 - blank(first) - blank(last))
    ones = digits().labels.numpy() == 1
    assert wide[~ones].mean() == pytest.approx(20, abs=0.5)
    assert wide[ones].mean() < 17
    assert counts.mean() == pytest.approx(0.31, abs=0.006)
    assert counts.mean(axis=(1, 2)).std() == pytest.approx(0.03, abs=0.005)
