"""Blocks of a table as the matrix that `chainrule.models.columns` describes."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches

import numpy as np
import numpy.typing as npt

from chainrule.errors import DataError, listed, quoted
from chainrule.models.columns import Column
from chainrule.tables.block import Block, level_of, number_of
from chainrule.tables.named import delimiter_hint, some_names
from chainrule.tables.source import Source

__all__ = ["TRUTH", "check_columns", "check_texts", "encode", "encoded"]

Array = npt.NDArray[np.floating]
TRUTH = ("false", "true")
"""The levels of a column of truth values, however they are written."""

LOOKED_AT = 1000
"""Rows at the beginning of a file of text that say of what kind a column is."""


def check_columns(source: Source, columns: Sequence[Column]) -> None:
    """Whether the source has every column; their order, and others beside them, do not matter.

    Raises
    ------
    DataError
        With the columns that are missing, and what may be meant: another name, or another
        delimiter.
    """
    there = set(source.names)
    missing = [column.name for column in columns if column.name not in there]
    if not missing:
        return
    divided = delimiter_hint(source, missing)
    near = [] if divided else get_close_matches(missing[0], source.names, n=1)
    hint = f" Is {quoted(near[0])} meant for {quoted(missing[0])}?" if near else ""
    raise DataError(
        f"{source.name}: required the columns that the model was trained with; missing: "
        f"{listed(missing, 10)}.{hint} The table has {some_names(source)}.{divided}"
    )


def encode(block: Block, columns: Sequence[Column], source: str | None = None) -> Array:
    """The rows of a block as numbers ``(n, columns)``: float32 if all are, else float64.

    An infinite number counts as missing. Of a category, a value that is none of the levels is
    another level; with the name of a ``source``, columns of another type than all levels are
    refused, and what is no truth value where these are asked for.

    Raises
    ------
    DataError
        A value that is none of its column's kind.
    """
    if all(column.kind == "number" for column in columns):
        whole = block.matrix([column.name for column in columns])
        if whole is not None:
            return whole
    found = [_column(block, column, source) for column in columns]
    dtype = np.float32 if found and all(x.dtype == np.float32 for x in found) else np.float64
    out = np.empty((block.n_rows, len(columns)), dtype)
    for at, values in enumerate(found):
        out[:, at] = values
    return out


def _column(block: Block, column: Column, source: str | None) -> Array:
    if column.kind == "date":
        return block.seconds(column.name)
    if column.kind == "number":
        values = block.numbers(column.name)
        return np.where(np.isinf(values), np.nan, values)
    codes, texts = block.texts(column.name)
    if column.levels == TRUTH:  # True, true and TRUE
        texts = [text.casefold() for text in texts]
    if source is not None:
        _check_kind(block, column, codes, texts, source)
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


def _check_kind(
    block: Block, column: Column, codes: npt.NDArray[np.int64], texts: Sequence[str], source: str
) -> None:
    """Whether a category's values are of the kind that its levels are, if these are of one."""
    kind, came = _kind_of(column.levels), block.sort(column.name)
    if texts and came in _STRANGE.get(kind, ()):
        _refuse_kind(source, column, kind, f"of type {_TYPES[came]}")
    for code, text in enumerate(texts if kind == "truth" else ()):
        if text not in TRUTH and (at := np.flatnonzero(codes == code)).size:
            _refuse_kind(source, column, kind, f"{quoted(text)} in row {block.start + at[0] + 1}")


_KINDS = {"text": "texts", "number": "numbers", "truth": "true and false"}
_TYPES = {"number": "number", "bool": "bool (true and false)", "date": "date"}
_STRANGE = {"text": ("number", "bool"), "number": ("bool", "date")}
"""What levels of a kind are never written as, in tables whose columns have types."""


def _kind_of(levels: Sequence[str]) -> str:
    """What all levels are: "truth", "number", "text"; "" where some are numbers and some are not,
    or there are none."""
    if levels == TRUTH:
        return "truth"
    kinds = {_is_number(level) for level in levels}
    return ("number" if kinds == {True} else "text") if len(kinds) == 1 else ""


def _is_number(text: str) -> bool:
    return number_of(text) is not None


def _refuse_kind(source: str, column: Column, kind: str, came: str) -> None:
    raise DataError(
        f"{source}: column {quoted(column.name)}: required {_KINDS[kind]}, such as "
        f"{quoted(column.levels[0])}, as the model was trained with; came values {came}."
    )


def check_texts(source: Source, columns: Sequence[Column]) -> None:
    """Of columns of text, which in a file of text all are: whether the first rows of a category
    have a value of the kind that its levels are, or else one of them.

    Raises
    ------
    DataError
        A column that seems to be another one.
    """
    kinds = {
        one.name: kind
        for one in columns
        if one.kind == "category" and (kind := _kind_of(one.levels)) in ("text", "number")
    }
    block = next(iter(source.blocks(LOOKED_AT, columns=list(kinds))), None) if kinds else None
    for column in columns if block else ():
        assert block is not None
        if column.name not in kinds or block.sort(column.name) != "text":
            continue
        codes, texts = block.texts(column.name)
        there = [texts[code] for code in np.unique(codes[codes >= 0])]
        right = kinds[column.name] == "number"
        if there and all(_is_number(text) != right for text in there):
            _refuse_kind(source.name, column, kinds[column.name], f"such as {quoted(there[0])}")


def encoded(
    source: Source, columns: Sequence[Column], rows: int, start: int = 0
) -> Iterator[tuple[int, Array]]:
    """The source's rows in blocks: the number of the first row, and the matrix."""
    check_columns(source, columns)
    check_texts(source, columns)
    names = [column.name for column in columns]
    for block in source.blocks(rows, start=start, columns=names):
        yield block.start, encode(block, columns, source.name)
