"""Some of many rows: picked by a hash of their numbers, fetched, and left out.

Whether a row is picked depends on its number and the seed alone, so nothing as long as the rows is
ever held.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.engine.windowed import RowReader

__all__ = ["Without", "fetch", "picked"]

Numbers = npt.NDArray[np.int64]
AT_ONCE = 2**20
SPAN_BYTES = 2**20
"""What is read at once where rows are close together."""

GAP_BYTES = 2**15
"""Reading over so many bytes is quicker than reading twice."""


def picked(n_rows: int, share: float, seed: int) -> Numbers:
    """The rows of ``n_rows`` whose hash is in the lowest ``share``, in order."""
    parts = [np.empty(0, np.int64)]
    bound = np.float64(min(max(share, 0.0), 1.0)) * 2.0**53
    for start in range(0, n_rows, AT_ONCE):
        rows = np.arange(start, min(start + AT_ONCE, n_rows))
        parts.append(rows[(_hashed(rows, seed) >> np.uint64(11)) < bound])
    return np.concatenate(parts)


def _hashed(rows: Numbers, seed: int) -> npt.NDArray[np.uint64]:
    """64 bits a row: the mixing function of SplitMix64 (Steele, Lea and Flood 2014)."""
    key = np.random.SeedSequence(seed).generate_state(1, np.uint64)[0]
    with np.errstate(over="ignore"):
        x = rows.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + key
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: npt.NDArray[np.uint64] = x ^ (x >> np.uint64(31))
    return mixed


def fetch(reader: RowReader, rows: Numbers) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """The rows of these numbers, which are in order, and their targets."""
    X = np.empty((len(rows), reader.n_features), reader.dtype)
    y = np.empty(len(rows), reader.target_dtype)
    row_bytes = max(reader.n_features * reader.dtype.itemsize, 1)
    longest, gap = max(SPAN_BYTES // row_bytes, 1), max(GAP_BYTES // row_bytes, 1)
    at = 0
    while at < len(rows):
        near = rows[at : at + longest] - rows[at]
        jumps = np.flatnonzero((np.diff(near) > gap) | (near[1:] >= longest))
        count = int(jumps[0]) + 1 if len(jumps) else len(near)
        inside = near[:count]
        some = np.empty((int(inside[-1]) + 1, reader.n_features), reader.dtype)
        targets = np.empty(len(some), reader.target_dtype)
        reader.read(int(rows[at]), int(rows[at]) + len(some), some, targets)
        X[at : at + count], y[at : at + count] = some[inside], targets[inside]
        at += count
    return X, y


class Without:
    """The rows of another reader without some of them, which are ``held``, in order."""

    def __init__(self, reader: RowReader, held: Numbers) -> None:
        self.reader, self.held = reader, held
        self.n_rows = reader.n_rows - len(held)
        self.n_features, self.dtype = reader.n_features, reader.dtype
        self.target_dtype = reader.target_dtype
        self._left = held - np.arange(len(held))  # how many rows are left before each

    def read(self, start: int, stop: int, X: npt.NDArray[Any], y: npt.NDArray[Any]) -> None:
        """As `RowReader` has it; the rows are read in pieces, so that little is held twice."""
        row_bytes = max(self.n_features * self.dtype.itemsize, 1)
        size = max(SPAN_BYTES // row_bytes, 1)
        for at in range(start, stop, size):
            end = min(at + size, stop)
            first, last = self._place(at), self._place(end - 1)
            some = np.empty((last + 1 - first, self.n_features), self.dtype)
            targets = np.empty(len(some), self.target_dtype)
            self.reader.read(first, last + 1, some, targets)
            kept = np.ones(len(some), bool)
            low, high = np.searchsorted(self.held, [first, last + 1])
            kept[self.held[low:high] - first] = False
            X[at - start : end - start] = some[kept]
            y[at - start : end - start] = targets[kept]

    def _place(self, row: int) -> int:
        """The number that a row has among all."""
        return row + int(np.searchsorted(self._left, row, side="right"))
