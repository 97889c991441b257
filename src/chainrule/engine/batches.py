"""Orders, padding and weights: static shapes from moving sizes.

Rows are padded to a bucket, so that folds that differ by a row share a program; there
is always at least one padding row, whose weight is zero, and a ragged last batch is
filled up with it. The batch's loss and gradients are then its true weighted means.
"""

import math
from dataclasses import dataclass, field
from typing import Any, Protocol

import jax
import numpy as np
import numpy.typing as npt

from chainrule.engine.device import precision
from chainrule.engine.program import Data

__all__ = ["Resident", "Shuffler", "Source", "SparseRows", "batch_table", "bucket"]

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
    each epoch permutes the order of the one before."""

    random_state: np.random.RandomState
    n_rows: int
    shuffle: bool = True
    index: npt.NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        self.index = np.arange(self.n_rows)

    def next(self) -> npt.NDArray[np.int64]:
        """The rows in the next epoch's order."""
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


class Source(Protocol):
    """Where a range's rows come from."""

    n_rows: int
    padding: int

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
    """Dense rows that stay on the device for the whole training."""

    def __init__(
        self,
        X: npt.NDArray[Any],
        Y: npt.NDArray[Any],
        weights: npt.NDArray[Any] | None,
        dtype: str,
        device: jax.Device | None = None,
    ) -> None:
        super().__init__(X.shape[0], weights, dtype)
        rows = Data(_pad(X, self.rows), _pad(Y, self.rows), self.scaled)
        with precision(dtype, device):  # outside, jax would make float32 of float64
            self.data: Data = jax.device_put(rows)

    def block(self, table: Rows) -> tuple[Data, Rows]:
        return self.data, table


class SparseRows(_Weighted):
    """Rows of a scipy sparse matrix, made dense for one range at a time."""

    def __init__(
        self, X: Any, Y: npt.NDArray[Any], weights: npt.NDArray[Any] | None, dtype: str
    ) -> None:
        super().__init__(X.shape[0], weights, dtype)
        self.X, self.Y, self.dtype = X.tocsr(), _pad(Y, self.rows), dtype

    def block(self, table: Rows) -> tuple[Data, Rows]:
        rows = table.ravel()
        dense = np.zeros((len(rows), self.X.shape[1]), self.dtype)
        real = rows < self.n_rows
        dense[real] = self.X[rows[real]].toarray()
        data = Data(dense, self.Y[rows], self.scaled[rows])
        return data, np.arange(len(rows), dtype=np.int32).reshape(table.shape)


def _pad(array: npt.NDArray[Any], rows: int) -> npt.NDArray[Any]:
    """The rows, and rows of zeros after them, in memory of their own.

    It begins at a multiple of 64 bytes: such an array jax takes over on a CPU as it is, where it
    would copy another. NumPy asks for large pages as well, which makes gathering rows quicker.
    """
    shape = (rows, *array.shape[1:])
    size = math.prod(shape) * array.dtype.itemsize
    memory = np.empty(size + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    padded = memory[start : start + size].view(array.dtype).reshape(shape)
    padded[: len(array)] = array
    padded[len(array) :] = 0
    return padded
