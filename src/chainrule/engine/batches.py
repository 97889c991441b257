"""Orders, padding and weights: static shapes from moving sizes.

Rows are padded to a bucket, so that folds that differ by a row share a program; there
is always at least one padding row, whose weight is zero, and a ragged last batch is
filled up with it. The batch's loss and gradients are then its true weighted means.
"""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import jax
import numpy as np
import numpy.typing as npt
import scipy.sparse

from chainrule.engine.device import precision, usable_cores
from chainrule.engine.program import Data

__all__ = [
    "GatheredRows",
    "Gatherer",
    "Resident",
    "Shuffler",
    "Source",
    "batch_table",
    "bucket",
    "pad",
]

Rows = npt.NDArray[np.int32]

ALIGNMENT = 64


def bucket(n: int) -> int:
    """The padded number of rows for ``n``: at least one more, in steps of at most an eighth."""
    granule = max(8, 1 << max(n.bit_length() - 4, 0))
    return (n // granule + 1) * granule


def batch_table(order: npt.NDArray[np.integer[Any]], batch_size: int, padding: int) -> Rows:
    """The rows of each batch, ``(n_batches, batch_size)``; the last is filled with ``padding``."""
    n_batches = -(-len(order) // batch_size)
    table = np.full(n_batches * batch_size, padding, np.int32)
    table[: len(order)] = order
    return table.reshape(n_batches, batch_size)


@dataclass
class Shuffler:
    """The order of the rows, epoch after epoch, from NumPy's RandomState as scikit-learn draws it:
    each epoch permutes the order of the one before. With ``replacement`` an epoch is as many rows,
    each drawn from all."""

    random_state: np.random.RandomState
    n_rows: int
    shuffle: bool = True
    replacement: bool = False
    index: npt.NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        self.index = np.arange(self.n_rows)

    def next(self) -> npt.NDArray[np.int64]:
        """The rows in the next epoch's order."""
        if self.replacement:
            return self.random_state.randint(0, self.n_rows, self.n_rows)
        if self.shuffle:
            permutation = np.arange(self.n_rows)
            self.random_state.shuffle(permutation)
            self.index = self.index[permutation]
        return self.index

    def snapshot(self) -> tuple[Any, npt.NDArray[np.int64]]:
        return self.random_state.get_state(legacy=False), self.index

    def restore(self, snapshot: tuple[Any, npt.NDArray[np.int64]]) -> None:
        state, self.index = snapshot
        self.random_state.set_state(state)

    def copy(self) -> "Shuffler":
        """Another one, that goes on from here by itself."""
        stream = np.random.RandomState()
        found = Shuffler(stream, self.n_rows, self.shuffle, self.replacement)
        found.restore(self.snapshot())
        return found


class Source(Protocol):
    """Where a range's rows come from; ``row_bytes`` is what a range keeps of each, of its own."""

    n_rows: int
    padding: int
    row_bytes: int

    def weight_sums(self, table: Rows) -> npt.NDArray[np.float64]:
        """The sum of the sample weights of each batch."""

    def block(self, table: Rows) -> tuple[Data, Rows]:
        """The data to run a table of batches on, and the table in that data's row numbers."""


class _Weighted:
    """What both sources share: padded weights, and their sums over batches.

    Programs take the mean, so to them the weights' scale is free: it is moved near one by a
    power of two, which is exact and keeps small or large weights within float32's range.
    """

    def __init__(self, n_rows: int, weights: npt.NDArray[Any] | None, dtype: str) -> None:
        self.n_rows = n_rows
        self.padding = n_rows
        self.rows = bucket(n_rows)
        self.weights = np.zeros(self.rows)
        self.weights[:n_rows] = 1.0 if weights is None else weights
        _, exponent = np.frexp(self.weights.max())
        self.scaled = np.ldexp(self.weights, 1 - exponent).astype(dtype)

    def weight_sums(self, table: Rows) -> npt.NDArray[np.float64]:
        sums: npt.NDArray[np.float64] = self.weights[table].sum(axis=1)
        return sums


class Resident(_Weighted):
    """Dense rows that stay on the device for the whole training.

    ``host`` has them without padding; the weights are scaled.
    """

    row_bytes = 0

    def __init__(
        self,
        X: npt.NDArray[Any],
        Y: npt.NDArray[Any],
        weights: npt.NDArray[Any] | None,
        dtype: str,
        device: jax.Device | None = None,
    ) -> None:
        super().__init__(X.shape[0], weights, dtype)
        self.host = Data(X, Y, self.scaled[: self.n_rows])
        self.dtype, self.device = dtype, device

    @cached_property
    def data(self) -> Data:
        """The padded rows, put on the device when they are first needed."""
        rows = Data(*(pad(part, self.rows) for part in self.host))
        with precision(self.dtype, self.device):  # outside, jax would make float32 of float64
            data: Data = jax.device_put(rows)
        return data

    def block(self, table: Rows) -> tuple[Data, Rows]:
        return self.data, table


class Gatherer:
    """Copies rows of a matrix to one block of memory, which the next copy takes over."""

    def __init__(self, columns: int, dtype: np.dtype[Any]) -> None:
        self.memory = np.empty((0, columns), dtype)
        self.parts = usable_cores()
        self.threads = ThreadPoolExecutor(self.parts)

    def room(self, rows: int) -> npt.NDArray[Any]:
        """The memory, for so many rows."""
        if len(self.memory) != rows:
            self.memory = _aligned((rows, self.memory.shape[1]), self.memory.dtype)
        return self.memory

    def __call__(self, X: npt.NDArray[Any], rows: Rows) -> npt.NDArray[Any]:
        """The rows of ``X``; any row for a number beyond the last."""
        memory = self.room(len(rows))
        split = (np.array_split(part, self.parts) for part in (rows, memory))
        list(self.threads.map(lambda some, into: _take(X, some, into), *split))
        return memory


def _take(X: npt.NDArray[Any], rows: Rows, into: npt.NDArray[Any]) -> None:
    np.take(X, rows, axis=0, out=into, mode="clip")  # "raise" would buffer


class GatheredRows(_Weighted):
    """Rows that the host gathers for one range at a time: of a matrix that is large, so that no
    second one is made, or sparse, so that no dense one is.

    A range ends before the next one's rows are gathered, so they share one block of memory.
    """

    def __init__(
        self, X: Any, Y: npt.NDArray[Any], weights: npt.NDArray[Any] | None, dtype: str
    ) -> None:
        super().__init__(X.shape[0], weights, dtype)
        self.sparse = scipy.sparse.issparse(X)
        self.X: Any = X.tocsr() if self.sparse else np.ascontiguousarray(X)
        self.Y, self.dtype = pad(Y, self.rows), np.dtype(dtype) if self.sparse else X.dtype
        self.row_bytes = X.shape[1] * self.dtype.itemsize
        self.gather = Gatherer(X.shape[1], self.dtype)

    def block(self, table: Rows) -> tuple[Data, Rows]:
        rows = table.ravel()
        real = rows < self.n_rows
        if self.sparse:
            memory = self.gather.room(len(rows))
            memory[real] = self.X[rows[real]].toarray()
        else:
            memory = self.gather(self.X, rows)
        memory[~real] = 0
        data = Data(memory, self.Y[rows], self.scaled[rows])
        return data, np.arange(len(rows), dtype=np.int32).reshape(table.shape)


def pad(array: npt.NDArray[Any], rows: int) -> npt.NDArray[Any]:
    """The rows, and rows of zeros after them, in memory of their own."""
    padded = _aligned((rows, *array.shape[1:]), array.dtype)
    padded[: len(array)] = array
    padded[len(array) :] = 0
    return padded


def _aligned(shape: tuple[int, ...], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """An array that begins at a multiple of 64 bytes.

    Such a one jax takes over on a CPU as it is, where it would copy another. NumPy asks for
    large pages as well, which makes gathering rows quicker.
    """
    size = math.prod(shape) * dtype.itemsize
    memory = np.empty(size + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + size].view(dtype).reshape(shape)
