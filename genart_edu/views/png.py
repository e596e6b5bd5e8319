"""Pixels as a file."""

import struct
import zlib

import numpy as np


def png(frame: np.ndarray) -> bytes:
    """A frame, bytes (H, W, 3), as a PNG (RFC 2083).  No filters: in half of Pillow's time."""
    height, width, _ = frame.shape
    rows = np.pad(frame.reshape(height, -1), ((0, 0), (1, 0)))  # each begins with its filter: 0
    header = struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)  # 8 bits of red, green and blue
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(rows.data, level=1)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
