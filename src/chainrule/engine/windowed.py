"""Rows that come window by window: a source, and epochs whose table is made as they go.

What a range sees of them is what it sees of any other rows: a table of row numbers, here of the
window under way. A range ends where its window does. While one window is trained on, the next is
read by a thread into memory that is there already: two windows are all that is ever held.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from chainrule.engine.batches import Gatherer, Rows, Shuffler, Source, batch_table
from chainrule.engine.epochs import Epoch, Timetable
from chainrule.engine.program import Data
from chainrule.engine.windows import WindowOrder, Windows, WindowShuffler

__all__ = ["Meaning", "RowReader", "WindowEpoch", "WindowedRows", "timetable", "window_steps"]

Array = npt.NDArray[Any]


class RowReader(Protocol):
    """Reads rows of numbers, and one target each, from wherever they are; from any thread."""

    n_rows: int
    n_features: int
    dtype: np.dtype[Any]
    target_dtype: np.dtype[Any]

    def read(self, start: int, stop: int, X: Array, y: Array) -> None:
        """Put the rows ``start`` to ``stop`` into ``X`` ``(stop - start, n_features)`` and their
        targets into ``y`` ``(stop - start,)``."""


@dataclass(frozen=True)
class Meaning:
    """What targets stand for: ``encoded(y)`` is ``Y`` ``(n, k)`` as it is trained on,
    ``weights(y)`` ``(n,)`` what their rows count for, all more than zero and at most
    ``heaviest``; None where all count the same."""

    encoded: Callable[[Array], Array]
    weights: Callable[[Array], npt.NDArray[np.float64]] | None = None
    heaviest: float = 1.0


class _Slot:
    """Memory for a window, and what is in it."""

    def __init__(self, rows: int, reader: RowReader) -> None:
        self.X = np.empty((rows, reader.n_features), reader.dtype)
        self.y = np.zeros(rows, reader.target_dtype)
        self.holds: tuple[WindowOrder, int] | None = None


class WindowedRows:
    """A source of rows of which two windows are in memory; ``close`` it in the end."""

    def __init__(self, reader: RowReader, windows: Windows, meaning: Meaning, dtype: str) -> None:
        self.reader, self.windows, self.meaning, self.dtype = reader, windows, meaning, dtype
        self.n_rows = reader.n_rows
        self.padding = int(windows.sizes.max())
        self.row_bytes = reader.n_features * reader.dtype.itemsize
        self.front, self.back = (_Slot(self.padding, reader) for _ in range(2))
        self._gather = Gatherer(reader.n_features, reader.dtype)
        self._thread = ThreadPoolExecutor(1, "chainrule-window")
        self._coming: Future[None] | None = None
        _, self._exponent = np.frexp(meaning.heaviest)

    def enter(self, order: WindowOrder, window: int, then: tuple[WindowOrder, int]) -> None:
        """Have the rows of a window in memory, and begin to read those of another."""
        wanted = (order, window)
        if self.front.holds != wanted:
            if self._coming is not None:
                with suppress(Exception):  # if it is what is wanted, it is tried again
                    self._coming.result()
                self._coming = None
            if self.back.holds != wanted:
                self._thread.submit(self._read, wanted).result()
            self.front, self.back = self.back, self.front
        if self._coming is None and self.back.holds != then:
            self._coming = self._thread.submit(self._read, then)

    def _read(self, wanted: tuple[WindowOrder, int]) -> None:
        slot, at = self.back, 0
        slot.holds = None
        order, window = wanted
        for start, stop in order.spans(window):
            end = at + stop - start
            self.reader.read(start, stop, slot.X[at:end], slot.y[at:end])
            at = end
        slot.holds = wanted

    def weight_sums(self, table: Rows) -> npt.NDArray[np.float64]:
        """The sum of the sample weights of each batch of the window in memory."""
        weights = np.ones(self.padding + 1)
        if self.meaning.weights is not None:
            weights[:-1] = self.meaning.weights(self.front.y)
        weights[self.padding] = 0.0
        sums: npt.NDArray[np.float64] = weights[table].sum(axis=1)
        return sums

    def block(self, table: Rows) -> tuple[Data, Rows]:
        rows = table.ravel()
        X = self._gather(self.front.X, rows)
        y = np.take(self.front.y, rows, mode="clip")
        Y = self.meaning.encoded(y)
        weights = np.ones(len(rows))
        if self.meaning.weights is not None:
            weights = self.meaning.weights(y)
        scaled = np.ldexp(weights, 1 - self._exponent).astype(self.dtype)
        none = rows == self.padding
        X[none], Y[none], scaled[none] = 0, 0, 0
        return Data(X, Y, scaled), np.arange(len(rows), dtype=np.int32).reshape(table.shape)

    def close(self) -> None:
        """Wait for what is being read, and read no more."""
        self._thread.shutdown(cancel_futures=True)


class WindowEpoch(Epoch):
    """An epoch whose ``table`` is that of the window under way; ``weight_sums`` are known as far as
    the windows were entered."""

    def __init__(
        self,
        number: int,
        source: WindowedRows,
        order: WindowOrder,
        following: WindowOrder,
        batch_size: int,
    ) -> None:
        self.source, self.order, self.following = source, order, following
        self.batch_size = batch_size
        sizes = order.windows.sizes
        steps = -(-sizes // batch_size)
        self.ends = np.cumsum(steps)
        counts = np.full(int(self.ends[-1]), batch_size, np.float64)
        counts[self.ends - 1] -= steps * batch_size - sizes  # a window's last batch may be ragged
        nothing = np.empty((0, batch_size), np.int32)
        super().__init__(number, nothing, np.zeros(len(counts)), counts, order.windows.n_rows)
        self.first = 0  # the step that the table begins with

    def reach(self, room: int) -> int:
        """Where a range ends that goes on from here by at most so many steps; its window is then
        in memory."""
        window = int(np.searchsorted(self.ends, self.done, side="right"))
        last = window + 1 == len(self.ends)
        self.source.enter(
            self.order, window, (self.following, 0) if last else (self.order, window + 1)
        )
        first, end = int(self.ends[window - 1]) if window else 0, int(self.ends[window])
        if self.first != first or not len(self.table):
            permutation = self.order.permutation(window)
            self.table = batch_table(permutation, self.batch_size, self.source.padding)
            self.first = first
            self.weight_sums[first:end] = self.source.weight_sums(self.table)
        return min(self.done + room, end)

    def rows(self, start: int, stop: int) -> Rows:
        return self.table[start - self.first : stop - self.first]

    def weighed(self, source: Source) -> npt.NDArray[np.float64]:
        return self.weight_sums


class WindowTimetable(Timetable):
    """The epochs of windowed rows."""

    alone = True  # two epochs have two windows, and a range has one

    def _next(self, number: int) -> Epoch:
        assert isinstance(self.source, WindowedRows)
        assert isinstance(self.shuffler, WindowShuffler)
        order = self.shuffler.draw()
        return WindowEpoch(number, self.source, order, self.shuffler.peek(), self.batch_size)


def window_steps(source: Source, batch_size: int) -> float:
    """The steps of a window, as a power of two that is no less: a range has no more. Without limit
    where there are no windows."""
    if not isinstance(source, WindowedRows):
        return np.inf
    return 1 << (-(-source.padding // batch_size) - 1).bit_length()


def timetable(source: Source, shuffler: Shuffler, batch_size: int, epoch: int = 0) -> Timetable:
    """The timetable of a source's rows."""
    kind = WindowTimetable if isinstance(source, WindowedRows) else Timetable
    return kind(source, shuffler, batch_size, epoch)
