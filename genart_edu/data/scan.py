"""A drawing, or a photo of one, made a picture like those of `digits()`.

Those came from scans: "preprocessing programs made available by NIST" cut each digit out, and the
ink was counted in blocks of 4x4 pixels (Alpaydin & Kaynak 1998, optdigits.names).  On the sheet
of 32x32 that this was, their ink reaches from the first row to the last, is 20 columns wide but for
a 1, and covers .31 of it (std .03): measured on the digits that come with the package.
"""

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d, max_pool2d, pad

SHEET = 32  # its rows and columns
COVERED = 0.24, 0.40  # of the sheet: strokes are made thicker or thinner until they are


def scanned(ink: Tensor) -> Tensor:
    """ink (n, n), from 0 (paper) up -> x (64,) of 0 and 1, as `digits().x()` has it.

    What already lies on its sheet as the digits do stays where it is; an empty sheet is all 0.
    """
    n, ink = len(ink), ink / ink.max()  # nan without any
    if not (ink > 0.5).any():
        return torch.zeros(64)
    ends = (ink > 0.5).nonzero().aminmax(dim=0)
    (top, left), (bottom, right) = ends.min.tolist(), (ends.max + 1).tolist()
    high, wide = bottom - top, right - left
    if high >= 0.95 * n and n / 8 <= left and right <= n * 7 / 8:
        top, bottom, left, right = 0, n, 0, n
    else:
        # The ink is to be 18 to 22 columns wide; a 1 stays as narrow as it is.
        side = high if 3 * wide < high else SHEET * wide / min(max(SHEET * wide / high, 18), 22)
        left, right = (round((left + right + way * side) / 2) for way in (-1, 1))
    cut = pad(ink, (n, n))[None, top:bottom, n + left : n + right]  # it may reach beyond
    shares = adaptive_avg_pool2d(cut, SHEET)
    sheet = (shares > shares.quantile(1 - COVERED[0]).clamp(0.1, 0.5)).float()  # no hair is lost
    for _ in range(6):
        if sheet.mean() < COVERED[0]:
            sheet = max_pool2d(sheet, 3, stride=1, padding=1)
        elif sheet.mean() > COVERED[1]:
            sheet = -max_pool2d(-sheet, 3, stride=1, padding=1)
    return (avg_pool2d(sheet, 4) > 0.5).float().flatten()
