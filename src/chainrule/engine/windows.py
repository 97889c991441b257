r"""The order of more rows than memory holds: shuffled blocks, and windows of them.

Rows that follow each other make a block, and as many blocks as memory takes make a window. An epoch
with the seed s, drawn from the estimator's stream, goes as follows.

1. The n rows are thought of as a ring, which is cut at a place drawn for this epoch. From there on
   each B rows are a block; only the last is shorter.
2. All blocks but the last are permuted; the last stays last. So only the epoch's last batch can be
   ragged, and which rows are in it is another matter each epoch.
3. The blocks are dealt out, in this order, to K windows of nearly equal numbers of blocks.
4. The rows of a window, its blocks in the ring's order, are permuted.

Each row is seen exactly once. Step 1 and 2 take their numbers from Philox with
``SeedSequence(s, spawn_key=(0,))``, step 4 that of window w (from 0) from
``spawn_key=(1 + w,)``; so a window's order does not depend on who reads it, or when. Without
shuffling there is nothing to draw, and the order is the file's.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.engine.batches import Shuffler
from chainrule.errors import InvalidInputError

__all__ = ["WindowOrder", "WindowShuffler", "Windows"]

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Windows:
    """How ``n_rows`` are cut: into blocks of ``block_rows``, and windows of at most
    ``window_rows``, which must hold a block."""

    n_rows: int
    block_rows: int
    window_rows: int

    def __post_init__(self) -> None:
        if not 1 <= self.block_rows <= self.window_rows or self.n_rows < 1:
            raise InvalidInputError(
                f"A window of {self.window_rows} rows must hold a block of {self.block_rows}, and "
                f"there must be rows; got {self.n_rows}."
            )

    @property
    def n_blocks(self) -> int:
        return -(-self.n_rows // self.block_rows)

    @property
    def count(self) -> int:
        """How many windows there are."""
        return -(-self.n_blocks // (self.window_rows // self.block_rows))

    @cached_property
    def bounds(self) -> Numbers:
        """``(count + 1,)``: the first of each window's places in the order of the blocks."""
        return self.n_blocks * np.arange(self.count + 1) // self.count

    @cached_property
    def sizes(self) -> Numbers:
        """``(count,)``: the rows of each window."""
        ends = np.minimum(self.bounds * self.block_rows, self.n_rows)
        return np.diff(ends)


@dataclass(frozen=True)
class WindowOrder:
    """The rows in the order of one epoch; ``seed`` is None for the file's own order."""

    windows: Windows
    seed: int | None

    def spans(self, window: int) -> list[tuple[int, int]]:
        """The rows of a window as they lie in memory: ranges of rows, first and one after the
        last."""
        n, size = self.windows.n_rows, self.windows.block_rows
        start, blocks = self._blocks
        first, last = self.windows.bounds[window : window + 2]
        found = []
        for block in np.sort(blocks[first:last]).tolist():
            begin = start + block * size
            end = min(begin + size, start + n)
            # what goes on over the ring's seam is two ranges, or one after it
            found += [(a % n, (b - 1) % n + 1) for a, b in _cut(begin, end, n)]
        return _merged(found)

    def permutation(self, window: int) -> Numbers:
        """The order in which a window's rows are trained on, by their places in memory."""
        rows = int(self.windows.sizes[window])
        if self.seed is None:
            return np.arange(rows)
        return self._random(1 + window).permutation(rows)

    def rows(self, window: int) -> Numbers:
        """The rows of a window in the order of training."""
        places = np.concatenate([np.arange(start, stop) for start, stop in self.spans(window)])
        return places[self.permutation(window)]

    @cached_property
    def _blocks(self) -> tuple[int, Numbers]:
        """Where the ring is cut, and the order of the blocks."""
        blocks = np.arange(self.windows.n_blocks)
        if self.seed is None:
            return 0, blocks
        random = self._random(0)
        start = int(random.integers(self.windows.n_rows))
        blocks[:-1] = random.permutation(len(blocks) - 1)
        return start, blocks

    def _random(self, key: int) -> np.random.Generator:
        sequence = np.random.SeedSequence(self.seed, spawn_key=(key,))
        return np.random.Generator(np.random.Philox(sequence))


def _cut(begin: int, end: int, n: int) -> list[tuple[int, int]]:
    return [(begin, n), (n, end)] if begin < n < end else [(begin, end)]


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same rows in the same order, ranges that follow each other joined."""
    found = spans[:1]
    for start, stop in spans[1:]:
        if start == found[-1][1]:
            found[-1] = (found[-1][0], stop)
        else:
            found.append((start, stop))
    return found


class WindowShuffler(Shuffler):
    """The orders of the epochs: each draws one number from the stream."""

    def __init__(
        self, random_state: np.random.RandomState, windows: Windows, shuffle: bool = True
    ) -> None:
        super().__init__(random_state, 0, shuffle)  # no order is kept from epoch to epoch
        self.windows = windows

    def draw(self) -> WindowOrder:
        """The next epoch's order."""
        return WindowOrder(self.windows, self._seed(self.random_state))

    def peek(self) -> WindowOrder:
        """The order that ``draw`` would give; nothing is drawn."""
        ahead = np.random.RandomState()
        ahead.set_state(self.random_state.get_state(legacy=False))
        return WindowOrder(self.windows, self._seed(ahead))

    def copy(self) -> "WindowShuffler":
        found = WindowShuffler(np.random.RandomState(), self.windows, self.shuffle)
        found.restore(self.snapshot())
        return found

    def _seed(self, stream: Any) -> int | None:
        return int(stream.randint(2**32, dtype=np.uint32)) if self.shuffle else None
