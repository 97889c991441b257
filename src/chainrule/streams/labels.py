"""The targets of rows that come block by block, encoded as they come."""

from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import DataError, quoted
from chainrule.models.columns import Column
from chainrule.tables.block import Block, level_of, number_of
from chainrule.tables.encoding import TRUTH, encode
from chainrule.tables.survey import DISTINCT

__all__ = ["ClassLabels", "KnownClasses", "Labels", "Values"]

Array = npt.NDArray[Any]
Settled = tuple[list[Any] | None, list[int], list[int], list[int]]


class Labels:
    """What all kinds of targets share: rows without one are counted, and left out; so are the
    rows ``without``, whose numbers in the source are in order, and which are not counted."""

    dtype: str

    def __init__(self, source: str, target: str, without: Array | None = None) -> None:
        self.source, self.target, self.left_out, self.n_rows = source, target, 0, 0
        self.without = np.empty(0, np.int64) if without is None else without

    def _wanted(self, block: Block, known: Array) -> Array:
        """Of the rows that have a target, those to be trained on."""
        self.left_out += int(np.sum(~known))
        low, high = np.searchsorted(self.without, [block.start, block.start + block.n_rows])
        wanted = known.copy()
        wanted[self.without[low:high] - block.start] = False
        return wanted

    def encoded(self, block: Block) -> tuple[Array, Array]:
        """Which rows of a block have a target, and the targets of those."""
        raise NotImplementedError

    def settled(self) -> Settled:
        """All blocks are in: the classes, their places, how many rows each has, and a row of
        each."""
        raise NotImplementedError

    def _none(self) -> DataError:
        return DataError(f"{self.source}: no row has a value for {self.target!r}.")


class Values(Labels):
    """Numbers to predict, less ``shift`` and divided by ``scale``."""

    dtype = "float64"

    def __init__(
        self,
        source: str,
        target: str,
        without: Array | None = None,
        shift: float = 0.0,
        scale: float = 1.0,
    ) -> None:
        super().__init__(source, target, without)
        self.shift, self.scale = shift, scale
        self.lowest, self.highest = (np.inf, 0), (-np.inf, 0)  # and the rows that have them

    def encoded(self, block: Block) -> tuple[Array, Array]:
        y = encode(block, [Column(self.target, "number")])[:, 0].astype(np.float64)
        known = self._wanted(block, ~np.isnan(y))
        y = (y[known] - self.shift) / self.scale
        if len(y):
            low, high = int(y.argmin()), int(y.argmax())
            if y[low] < self.lowest[0]:
                self.lowest = float(y[low]), self.n_rows + low
            if y[high] > self.highest[0]:
                self.highest = float(y[high]), self.n_rows + high
        self.n_rows += len(y)
        return known, y

    def settled(self) -> Settled:
        if not self.n_rows:
            raise self._none()
        return None, [], [], [self.lowest[1], self.highest[1]]


class ClassLabels(Labels):
    """Classes to predict: texts, numbers or truth values. A class has the place in which it turned
    up until all are known."""

    dtype = "int32"

    def __init__(self, source: str, target: str, without: Array | None = None) -> None:
        super().__init__(source, target, without)
        self.places: dict[str, int] = {}
        self.counts: list[int] = []
        self.firsts: list[int] = []

    def encoded(self, block: Block) -> tuple[Array, Array]:
        codes, texts = block.texts(self.target)
        known = self._wanted(block, codes >= 0)
        codes = codes[known]
        places = np.zeros(len(texts), np.int32)
        found, firsts = np.unique(codes, return_index=True)
        for code, first in sorted(zip(found, firsts, strict=True), key=lambda pair: pair[1]):
            place = self.places.setdefault(texts[code], len(self.places))
            if place == len(self.firsts):
                self.firsts.append(self.n_rows + int(first))
                self.counts.append(0)
            places[code] = place
        if len(self.places) > DISTINCT:
            raise DataError(
                f"{self.source}: required a target whose classes repeat; {self.target!r} has more "
                f"than {DISTINCT:,} different values. Use MLPRegressor if they are numbers."
            )
        y = places[codes] if len(texts) else np.empty(0, np.int32)
        for place, count in enumerate(np.bincount(y, minlength=len(self.counts)).tolist()):
            self.counts[place] += count
        self.n_rows += len(y)
        return known, y

    def settled(self) -> Settled:
        if not self.n_rows:
            raise self._none()
        keys = self._keys()
        classes = sorted(set(keys))
        if len(classes) < 2:
            raise DataError(
                f"{self.source}: required a target with two different values at least; the column "
                f"{self.target!r} has only {quoted(next(iter(self.places)))}."
            )
        places = {key: place for place, key in enumerate(classes)}
        order = [places[key] for key in keys]
        counts, firsts = [0] * len(classes), [-1] * len(classes)
        for place, at in enumerate(order):
            counts[at] += self.counts[place]
            if firsts[at] < 0:
                firsts[at] = self.firsts[place]
        return classes, order, counts, firsts

    def _keys(self) -> list[Any]:
        """What each class is that turned up, so that 1.0 and 1, or True and true, are one."""
        if {text.casefold() for text in self.places} <= set(TRUTH):
            return [text.casefold() == TRUTH[1] for text in self.places]
        numbers = [number_of(text) for text in self.places]
        if any(number is None or not np.isfinite(number) for number in numbers):
            return list(self.places)
        whole = all(number == int(number or 0) for number in numbers)
        return [int(level_of(x or 0.0)) if whole else x for x in numbers]


class KnownClasses(Labels):
    """The places of classes that are known before: the labels 0, 1, ... of those that occur."""

    dtype = "int32"

    def __init__(
        self, source: str, target: str, classes: tuple[str, ...], without: Array | None = None
    ) -> None:
        super().__init__(source, target, without)
        self.column = Column(target, "category", classes)
        self.counts = np.zeros(len(classes), np.int64)
        self.firsts = np.full(len(classes), -1)

    def encoded(self, block: Block) -> tuple[Array, Array]:
        y = encode(block, [self.column])[:, 0]
        # what comes after the last class is an infinite number, as in a table in memory
        known = self._wanted(block, y < len(self.counts))
        y = y[known].astype(np.int32)
        found, firsts = np.unique(y, return_index=True)
        new = self.firsts[found] < 0
        self.firsts[found[new]] = self.n_rows + firsts[new]
        self.counts += np.bincount(y, minlength=len(self.counts))
        self.n_rows += len(y)
        return known, y

    def settled(self) -> Settled:
        if not self.n_rows:
            raise self._none()
        there = np.flatnonzero(self.counts)
        order = np.cumsum(self.counts > 0) - 1
        return (
            there.tolist(),
            order.tolist(),
            self.counts[there].tolist(),
            self.firsts[there].tolist(),
        )
