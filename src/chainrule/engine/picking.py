"""Some of many rows: picked at random, fetched, and left out; nothing as long as the rows is ever
held."""

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
    """Each of ``n_rows`` with the probability ``share``, in order: those whose number, in a row of
    uniform ones that Philox gives for the seed, is below it."""
    random = np.random.Generator(np.random.Philox(np.random.SeedSequence(seed)))
    parts = [np.empty(0, np.int64)]
    for start in range(0, n_rows, AT_ONCE):
        numbers = random.random(min(AT_ONCE, n_rows - start))
        parts.append(start + np.flatnonzero(numbers < share))
    return np.concatenate(parts)


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
