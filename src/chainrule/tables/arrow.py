"""Tables through Arrow: what its files have in common, and the tables of pandas, polars and Arrow
itself."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chainrule.errors import DataError, MissingExtraError
from chainrule.tables.block import ArrowBlock

__all__ = [
    "TableSource",
    "arrow",
    "cut",
    "readable",
    "sort_of",
    "unique_names",
    "without_index",
]


def arrow() -> Any:
    """pyarrow, or the error that names what installs it."""
    try:
        import pyarrow as pa
    except ImportError as error:
        raise MissingExtraError(
            "Reading and writing tables needs pyarrow. Install it with: "
            "pip install 'chainrule[parquet]'"
        ) from error
    return pa


@contextmanager
def readable(path: Path | str, kind: str) -> Iterator[None]:
    """What Arrow cannot read is a `DataError`."""
    pa = arrow()
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        said = " ".join(str(error).split())[:300]
        raise DataError(
            f"{path} cannot be read as {kind}: {said}. It may be damaged, cut off, or of another "
            "kind than its name says; get a fresh copy."
        ) from error


def sort_of(kind: Any) -> str:
    """What values of an Arrow type are: number, bool, text, date or other."""
    is_ = arrow().types
    if is_.is_dictionary(kind):
        kind = kind.value_type
    if is_.is_boolean(kind):
        return "bool"
    if is_.is_integer(kind) or is_.is_floating(kind) or is_.is_decimal(kind) or is_.is_null(kind):
        return "number"
    if is_.is_string(kind) or is_.is_large_string(kind) or is_.is_string_view(kind):
        return "text"
    return "date" if is_.is_timestamp(kind) or is_.is_date(kind) else "other"


def without_index(names: Sequence[str]) -> list[str]:
    """The columns that are not the numbers or names of a pandas table's rows."""
    return [name for name in names if not name.startswith("__index_level_")]


def unique_names(names: Sequence[str], name: str) -> tuple[str, ...]:
    """The columns' names, if no two are equal and none is empty."""
    twice = sorted(name for name, times in Counter(names).items() if times > 1)
    if twice:
        raise DataError(
            f"{name}: required columns of different names, came more than one called "
            f"{', '.join(map(repr, twice[:5]))}. Rename all but one."
        )
    if not names:
        raise DataError(f"{name} has no columns.")
    return tuple(names)


def cut(batches: Iterator[Any], rows: int, start: int, name: str) -> Iterator[ArrowBlock]:
    """Batches as they come, as blocks of exactly ``rows`` rows from row ``start`` on."""
    pa = arrow()
    waiting: list[Any] = []
    have, skip, at = 0, start, start
    for batch in batches:
        if skip >= batch.num_rows:
            skip -= batch.num_rows
            continue
        waiting.append(batch.slice(skip))
        have, skip = have + batch.num_rows - skip, 0
        while have >= rows:
            whole = pa.concat_batches(waiting) if len(waiting) > 1 else waiting[0]
            yield ArrowBlock(whole.slice(0, rows), at, name)
            at, have = at + rows, have - rows
            waiting = [whole.slice(rows)] if have else []
    if have:
        whole = pa.concat_batches(waiting) if len(waiting) > 1 else waiting[0]
        yield ArrowBlock(whole, at, name)


class TableSource:
    """A table of pandas, polars or Arrow."""

    def __init__(self, table: Any, name: str = "the table") -> None:
        pa = arrow()
        try:
            self.table = pa.table(table)
        except (pa.ArrowException, TypeError, ValueError) as error:
            raise DataError(
                f"Required a table that Arrow can hold, with named columns of one type each; came "
                f"one that it cannot: {' '.join(str(error).split())[:300]}."
            ) from error
        self.names = unique_names(without_index(self.table.column_names), name)
        self.table, self.name = self.table.select(list(self.names)), name
        self.n_rows: int | None = self.table.num_rows

    def blocks(
        self, rows: int, *, start: int = 0, columns: Sequence[str] | None = None
    ) -> Iterator[ArrowBlock]:
        table = self.table if columns is None else self.table.select(list(columns))
        yield from cut(iter(table.to_batches()), rows, start, self.name)
