r"""The preparation of a table: from the matrix of its columns to what a network takes.

A **number** x becomes u / sqrt(1 + (u / B)^2) with u = (x - center) / scale: the middle stays as it
is, and no outlier is farther away than B. What is missing is the ``fill`` first, and 1 in a column
of its own if there were such rows in training. ``B = inf`` leaves u as it is.

A **category** becomes one column for each level that is ``kept``, 1 where the value is it; a column
for all other levels, if there were any in training; and one for what is missing, likewise.

A **date** of s seconds becomes a number as above, and sin and cos of 2 pi s / period for a year
(365.2425 days), a week and, where there are times of day, a day.

The scaling of numbers follows Holzmueller, Grinsztajn and Steinwart 2024, "Better by default:
strong pre-tuned MLPs and boosted trees on tabular data", who call it robust scaling and smooth
clipping.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.models.columns import Column

__all__ = ["PERIODS", "TableStep", "Treatment"]

Array = npt.NDArray[Any]
FAR = 1e18
"""So many bounds from the middle a number is at its bound to the last bit, and the square of this
is a float32."""

DAY = 86_400.0
PERIODS = {"year": 365.2425 * DAY, "week": 7 * DAY, "day": DAY}
"""Seconds of what dates repeat in."""


@dataclass(frozen=True)
class Treatment:
    """What is done with one column.

    ``used`` is False for a column that is left out, a constant one. ``kept`` are the places of the
    levels that have a column of their own; ``others`` and ``missing``: whether there is a column
    for all other levels, and for what is missing. ``cycles`` are the names of a date's periods.
    """

    used: bool = True
    fill: float = 0.0
    center: float = 0.0
    scale: float = 1.0
    missing: bool = False
    kept: tuple[int, ...] = ()
    others: bool = False
    cycles: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class TableStep:
    """The columns and their treatments, in the same order; ``bound`` is B, ``dtype`` the type of
    what comes out."""

    columns: tuple[Column, ...]
    treatments: tuple[Treatment, ...]
    bound: float = 3.0
    dtype: str = "float32"

    @property
    def n_in(self) -> int:
        """The columns of the table."""
        return len(self.columns)

    @property
    def n_out(self) -> int:
        """The columns that the network takes."""
        return len(self.names)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of what comes out: scaled numbers and dates first, then all else by column."""
        scaled = [self.columns[at].name for at in self._scaled]
        return (*scaled, *(name for name, _ in self._parts()))

    @cached_property
    def _scaled(self) -> list[int]:
        pairs = enumerate(zip(self.columns, self.treatments, strict=True))
        return [at for at, (column, how) in pairs if how.used and column.kind != "category"]

    def _parts(self, X: Array | None = None) -> Iterator[tuple[str, Any]]:
        """Name and values of each output that is not a scaled number; values of no rows if there
        is no matrix."""
        rows = np.empty((0, self.n_in)) if X is None else X
        for at, (column, how) in enumerate(zip(self.columns, self.treatments, strict=True)):
            if not how.used:
                continue
            x = rows[:, at]
            if column.kind == "category":
                for level in how.kept:
                    yield f"{column.name}={column.levels[level]}", x == level
                if how.others:
                    known = np.isin(x, how.kept) | np.isnan(x)
                    yield f"{column.name}: other", ~known
            for cycle in how.cycles:
                angle = 2 * np.pi / PERIODS[cycle] * np.where(np.isnan(x), how.fill, x)
                yield f"{column.name}: sin of the {cycle}", np.sin(angle)
                yield f"{column.name}: cos of the {cycle}", np.cos(angle)
            if how.missing:
                yield f"{column.name}: missing", np.isnan(x)

    def farthest(self, dtype: npt.DTypeLike = np.float64) -> float:
        """Where scaled numbers are cut off before they are bounded, in the type that computes: the
        square of u / B must not overflow, or the farthest of all would become 0."""
        return min(FAR * self.bound, float(np.finfo(dtype).max))

    def __call__(self, X: Array) -> Array:
        """The rows ``(n, n_out)`` of the matrix ``(n, n_in)``."""
        if X.dtype != np.float32:
            X = np.asarray(X, np.float64)
        n = len(self._scaled)
        out = np.empty((len(X), self.n_out), self.dtype)
        if n:
            out[:, :n] = self._scale(X)
        for at, (_, values) in enumerate(self._parts(X), n):
            out[:, at] = values
        return out

    def _scale(self, X: Array) -> Array:
        fill, center, scale = (array.astype(X.dtype) for array in self._numbers)
        x = X if self._scaled == list(range(self.n_in)) else X[:, self._scaled]
        holes = np.isnan(x)
        if holes.any():
            x = np.where(holes, fill, x)
        with np.errstate(over="ignore"):
            u = (x - center) / scale
        if np.isinf(self.bound):
            return u
        far = self.farthest(X.dtype)
        u = np.clip(u, -far, far)
        return u / np.sqrt(1 + (u / X.dtype.type(self.bound)) ** 2)

    @cached_property
    def _numbers(self) -> tuple[Array, Array, Array]:
        chosen = [self.treatments[at] for at in self._scaled]
        table = np.array([(how.fill, how.center, how.scale) for how in chosen]).reshape(-1, 3)
        return table[:, 0], table[:, 1], table[:, 2]
