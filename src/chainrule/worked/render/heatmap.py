"""A matrix as a small picture: a PNG inside a page, or marks for a terminal."""

import base64
import struct
import zlib

import numpy as np
import numpy.typing as npt

__all__ = ["NEGATIVE_MARKS", "POSITIVE_MARKS", "blocks", "heatmap", "marks"]

Floats = npt.NDArray[np.float64]

MOST = 64
"""The picture's longest side; a larger matrix is averaged in blocks."""
NEGATIVE, ZERO, POSITIVE = (0, 90, 150), (246, 246, 244), (196, 78, 0)
UNKNOWN = (128, 128, 128)
POSITIVE_MARKS, NEGATIVE_MARKS = "░▒▓█", "-=≡#"
FAINT = 0.02
"""Below this share of the largest magnitude a number has no mark."""


def heatmap(value: Floats) -> tuple[str, int, int]:
    """A data URI, and the picture's rows and columns. Blue is negative, orange positive, and
    the strongest colour is the largest magnitude; what is not finite is grey."""
    small = blocks(value, MOST, MOST)
    share, _ = _shares(small)
    finite = np.isfinite(small)
    strength = np.abs(share)[:, :, None]
    ends = np.where(share[:, :, None] < 0, np.array(NEGATIVE), np.array(POSITIVE))
    pixels = np.rint(np.array(ZERO) * (1 - strength) + ends * strength).astype(np.uint8)
    pixels[~finite] = UNKNOWN
    return _png(pixels), *small.shape


def marks(value: Floats, rows: int, columns: int) -> tuple[list[str], float]:
    """At most so many lines of so many marks, and the magnitude of the strongest: ``░▒▓█`` are
    positive, ``-=≡#`` negative, weak to strong; ``?`` is not finite."""
    small = blocks(value, rows, columns)
    share, scale = _shares(small)
    finite = np.isfinite(small)
    return ["".join(map(_mark, *line)) for line in zip(share, finite, strict=True)], scale


def _mark(share: float, finite: bool) -> str:
    if not finite:
        return "?"
    known = POSITIVE_MARKS if share > 0 else NEGATIVE_MARKS
    return " " if abs(share) < FAINT else known[min(int(abs(share) * len(known)), len(known) - 1)]


def _shares(small: Floats) -> tuple[Floats, float]:
    """Each number as a share of the largest magnitude, and that magnitude."""
    finite = np.isfinite(small)
    scale = float(np.abs(small[finite]).max()) if finite.any() else 0.0
    return np.where(finite, small, 0.0) / (scale or 1.0), scale


def blocks(value: Floats, rows: int, columns: int) -> Floats:
    """At most ``rows`` by ``columns`` numbers, each the mean of a block of the matrix."""
    for axis, most in ((0, rows), (1, columns)):
        n = value.shape[axis]
        edges = np.linspace(0, n, min(n, most) + 1).astype(int)
        counts = np.diff(edges)
        sums = np.add.reduceat(value, edges[:-1], axis=axis)
        value = sums / (counts[:, None] if axis == 0 else counts)
    return value


def _png(pixels: npt.NDArray[np.uint8]) -> str:
    rows, columns, _ = pixels.shape
    lines = np.concatenate([np.zeros((rows, 1), np.uint8), pixels.reshape(rows, -1)], axis=1)
    header = struct.pack(">IIBBBBB", columns, rows, 8, 2, 0, 0, 0)
    parts = {b"IHDR": header, b"IDAT": zlib.compress(lines.tobytes(), 9), b"IEND": b""}
    data = b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, part) for kind, part in parts.items())
    return "data:image/png;base64," + base64.b64encode(data).decode("ascii")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
