"""Rows with what is true of them, as an .npz file of the arrays X and y has them."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from chainrule.errors import DataError, quoted
from chainrule.tables.block import ArrayBlock, number_of
from chainrule.tables.source import ArraySource

__all__ = ["LabelledSource"]

TRUTH = "y"


class LabelledSource(ArraySource):
    """The columns x1, x2, ... of ``X`` and, last, ``y``: numbers, truth values or texts, ``(n,)``.

    A model that was trained without names takes ``features``, which leave y out.
    """

    def __init__(
        self, X: npt.NDArray, y: npt.NDArray, name: str, within: str | None = None
    ) -> None:
        super().__init__(X, name=name, within=within)
        if len(y) != self.n_rows:
            raise DataError(
                f"{name}: required a y for each row; came an X of {self.n_rows:,} rows and a y of "
                f"{len(y):,}. Say array='X' to leave y out."
            )
        self.y, self.features = y, self.names
        self.names = (*self.names, TRUTH)

    def blocks(
        self, rows: int, *, start: int = 0, columns: Sequence[str] | None = None
    ) -> Iterator[ArrayBlock]:
        for at in range(start, self.n_rows, rows):
            part = slice(at, at + rows)
            yield LabelledBlock(self.array[part], self.names, at, self.y[part])


class LabelledBlock(ArrayBlock):
    """Some rows, and their y."""

    def __init__(
        self, array: npt.NDArray, names: tuple[str, ...], start: int, y: npt.NDArray
    ) -> None:
        super().__init__(array, names, start)
        self.y = y

    def _column(self, name: str) -> npt.NDArray:
        return self.y if name == TRUTH else super()._column(name)

    def sort(self, name: str) -> str:
        if name != TRUTH:
            return super().sort(name)
        return {"b": "bool", "U": "text"}.get(self.y.dtype.kind, "number")

    def texts(self, name: str) -> tuple[npt.NDArray, list[str]]:
        if self.sort(name) != "text":
            return super().texts(name)
        levels, codes = np.unique(self.y, return_inverse=True)
        return np.where(levels[codes] == "", -1, codes), levels.tolist()

    def numbers(self, name: str) -> npt.NDArray:
        if self.sort(name) != "text":
            return super().numbers(name)
        found = [np.nan if text == "" else number_of(text) for text in self.y.tolist()]
        if None in found:
            at = found.index(None)
            raise DataError(
                f"Column {name!r}, row {self.start + at + 1}: required a number, came "
                f"{quoted(self.y[at].item())}."
            )
        return np.array(found, float)

    def seconds(self, name: str) -> npt.NDArray:
        if self.sort(name) == "text":
            raise DataError(f"Column {name!r}: required seconds, came texts.")
        return super().seconds(name)

    def matrix(self, names: Sequence[str]) -> npt.NDArray | None:
        if tuple(names) != self.names[:-1]:
            return None
        return ArrayBlock(self.array, self.names[:-1], self.start).matrix(names)
