"""Blocks of a table as the matrix that `chainrule.models.columns` describes."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches

import numpy as np
import numpy.typing as npt

from chainrule.errors import DataError
from chainrule.models.columns import Column
from chainrule.tables.block import Block, level_of, number_of
from chainrule.tables.source import Source

__all__ = ["TRUTH", "check_columns", "encode", "encoded"]

Array = npt.NDArray[np.floating]
TRUTH = ("false", "true")
"""The levels of a column of truth values, however they are written."""


def check_columns(source: Source, columns: Sequence[Column]) -> None:
    """Whether the source has every column; their order, and others beside them, do not matter.

    Raises
    ------
    DataError
        With the columns that are missing, and what may be meant.
    """
    there = set(source.names)
    missing = [column.name for column in columns if column.name not in there]
    if not missing:
        return
    near = get_close_matches(missing[0], source.names, n=1)
    hint = f" Is {near[0]!r} meant for {missing[0]!r}?" if near else ""
    more = f" and {len(missing) - 10} more" if len(missing) > 10 else ""
    raise DataError(
        f"{source.name}: required the columns that the model was trained with; missing: "
        f"{', '.join(map(repr, missing[:10]))}{more}.{hint} The table has "
        f"{', '.join(map(repr, source.names[:20]))}{', ...' if len(source.names) > 20 else ''}."
    )


def encode(block: Block, columns: Sequence[Column]) -> Array:
    """The rows of a block as numbers ``(n, columns)``: float32 if all are, else float64.

    An infinite number counts as missing.

    Raises
    ------
    DataError
        A value that is none of its column's kind.
    """
    if all(column.kind == "number" for column in columns):
        whole = block.matrix([column.name for column in columns])
        if whole is not None:
            return whole
    found = [_column(block, column) for column in columns]
    dtype = np.float32 if found and all(x.dtype == np.float32 for x in found) else np.float64
    out = np.empty((block.n_rows, len(columns)), dtype)
    for at, values in enumerate(found):
        out[:, at] = values
    return out


def _column(block: Block, column: Column) -> Array:
    if column.kind == "date":
        return block.seconds(column.name)
    if column.kind == "number":
        values = block.numbers(column.name)
        return np.where(np.isinf(values), np.nan, values)
    codes, texts = block.texts(column.name)
    if column.levels == TRUTH:  # True, true and TRUE
        texts = [text.casefold() for text in texts]
    places = {level: float(at) for at, level in enumerate(column.levels)}
    # the last is where -1 points to: what is missing
    table = np.array([*(_place(text, places) for text in texts), np.nan])
    found: Array = table[codes]
    return found


def _place(text: str, places: Mapping[str, float]) -> float:
    """A level's place; one more than there are for a text that is none of them."""
    if text in places:
        return places[text]
    number = number_of(text)
    if number is None:
        return float(len(places))
    return places.get(level_of(number), float(len(places))) if np.isfinite(number) else np.nan


def encoded(
    source: Source, columns: Sequence[Column], rows: int, start: int = 0
) -> Iterator[tuple[int, Array]]:
    """The source's rows in blocks: the number of the first row, and the matrix."""
    check_columns(source, columns)
    names = [column.name for column in columns]
    for block in source.blocks(rows, start=start, columns=names):
        yield block.start, encode(block, columns)
