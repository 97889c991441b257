"""Some rows of a table, and their values as numbers.

Whatever the rows come from, a column gives numbers, levels or seconds in the same way; a value that
cannot be one is a `DataError` that names column, row and value.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from chainrule.errors import DataError, quoted

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ArrayBlock", "ArrowBlock", "Block", "level_of", "number_of"]

Array = npt.NDArray[Any]
PADDED = re.compile(r"[+-]?0\d")
ZONE = r"\d:\d\d.*(Z|[+-]\d\d(:?\d\d)?)$"
"""How a text ends that is a moment with its zone: 2026-11-22T10:00:00+01:00."""


class Block(Protocol):
    """Rows of named columns, the first of which is row ``start`` of the source, from 0."""

    names: tuple[str, ...]
    n_rows: int
    start: int

    def sort(self, name: str) -> str:
        """What the column's values are: number, bool, text, date or other."""
        ...

    def numbers(self, name: str) -> Array:
        """float64 (float32 if they are), NaN where missing."""
        ...

    def texts(self, name: str) -> tuple[Array, list[str]]:
        """Codes ``(n,)``, -1 where missing, and the texts that they stand for."""
        ...

    def seconds(self, name: str) -> Array:
        """float64 since the beginning of 1970, NaN where missing."""
        ...

    def matrix(self, names: Sequence[str]) -> Array | None:
        """The columns as one matrix of numbers, where that is quicker than one by one; or None."""
        ...


def level_of(value: float) -> str:
    """A number as the name of a category: 3.0 is "3", so that a column with gaps, which is read as
    floating, has the levels of one without; and 0.1 is "0.1" in float32 too, as in a file of text.
    """
    return str(int(value)) if float(value).is_integer() else repr(float(str(value)))


def number_of(text: str) -> float | None:
    """The number that a text is; None for other text, and for 007, whose zeros may mean something.

    A file of text says "3.0" where another has a number: by this both have the same levels.
    """
    text = text.strip()
    try:
        return None if PADDED.match(text) or "_" in text else float(text)
    except ValueError:
        return None


class ArrayBlock:
    """Rows of a NumPy array."""

    def __init__(self, array: Array, names: tuple[str, ...], start: int) -> None:
        self.array, self.names, self.start, self.n_rows = array, names, start, len(array)

    def _column(self, name: str) -> Array:
        return self.array[:, self.names.index(name)]

    def sort(self, name: str) -> str:
        return "bool" if self.array.dtype == bool else "number"

    def numbers(self, name: str) -> Array:
        column = self._column(name)
        return column.astype(np.float32 if column.dtype in (np.float32, np.float16) else float)

    def texts(self, name: str) -> tuple[Array, list[str]]:
        values, codes = np.unique(self._column(name), return_inverse=True)
        if values.dtype == bool:
            return codes, ["true" if value else "false" for value in values.tolist()]
        missing = ~np.isfinite(values.astype(float))
        return np.where(missing[codes], -1, codes), [
            "" if hole else level_of(value) for value, hole in zip(values, missing, strict=True)
        ]

    def seconds(self, name: str) -> Array:
        return self.numbers(name).astype(float)

    def matrix(self, names: Sequence[str]) -> Array | None:
        if self.array.dtype.kind != "f" or tuple(names) != self.names:
            return None
        wide = self.array.astype(np.float32) if self.array.dtype == np.float16 else self.array
        return np.where(np.isinf(wide), np.nan, wide)


def _known(column: Any) -> Any:
    """polars' type of text, which few functions know, as another."""
    import pyarrow as pa

    return column.cast(pa.large_string()) if pa.types.is_string_view(column.type) else column


class ArrowBlock:
    """Rows of an Arrow record batch."""

    def __init__(self, batch: "pa.RecordBatch", start: int, source: str) -> None:
        self.batch, self.start, self.source = batch, start, source
        self.names, self.n_rows = tuple(batch.schema.names), batch.num_rows
        self._places = {name: at for at, name in enumerate(self.names)}

    def _column(self, name: str) -> Any:
        import pyarrow as pa

        column = self.batch.column(self._places[name])
        if pa.types.is_dictionary(column.type):
            levels, codes = _known(column.dictionary), column.indices
            column = pa.DictionaryArray.from_arrays(codes, levels).dictionary_decode()
        return _known(column)

    def sort(self, name: str) -> str:
        from chainrule.tables.arrow import sort_of

        return sort_of(self.batch.schema.field(self._places[name]).type)

    def numbers(self, name: str) -> Array:
        import pyarrow as pa
        import pyarrow.compute as pc

        column = self._column(name)
        if self.sort(name) == "text":
            column = pc.utf8_trim_whitespace(column)
        kind = pa.float32() if column.type in (pa.float16(), pa.float32()) else pa.float64()
        if pa.types.is_integer(column.type):  # beyond 2^53 the nearest float, as in a file of text
            column = column.cast(kind, safe=False)
        found: Array = self._cast(name, column, kind, "a number").to_numpy(zero_copy_only=False)
        return found

    def texts(self, name: str) -> tuple[Array, list[str]]:
        import pyarrow as pa
        import pyarrow.compute as pc

        column, sort = self._column(name), self.sort(name)
        if sort == "number":
            few = column.type in (pa.float16(), pa.float32())
            column = column.cast(pa.float32() if few else pa.float64(), safe=False)
            column = pc.if_else(pc.is_finite(column), column, None)
            encoded = column.dictionary_encode()
            levels = [level_of(value) for value in encoded.dictionary.to_numpy()]
        else:
            if sort in ("bool", "date"):
                column = column.cast(pa.string())
            if sort == "other":
                self._refuse(name, column, None, "a category")
            encoded = column.dictionary_encode()
            levels = encoded.dictionary.to_pylist()
        codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
        return codes.astype(np.int64), levels

    def seconds(self, name: str) -> Array:
        import pyarrow as pa

        column, what = self._column(name), "a date (as 2026-11-22)"
        if self.sort(name) == "number" and not pa.types.is_null(column.type):
            self._refuse(name, column, None, what)  # of what unit would it be?
        if pa.types.is_timestamp(column.type):
            column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
        if self.sort(name) == "text":
            column = self._without_zone(name, column, what)
        stamps = self._cast(name, column, pa.timestamp("us"), what)
        moments = stamps.to_numpy(zero_copy_only=False).astype("datetime64[us]")
        whole = moments.astype(np.int64) / 1e6
        return np.where(np.isnat(moments), np.nan, whole)

    def _without_zone(self, name: str, column: Any, what: str) -> Any:
        """Texts as moments in UTC; what says nothing of its zone is taken as it is."""
        import pyarrow as pa
        import pyarrow.compute as pc

        zoned = pc.match_substring_regex(column, ZONE)
        if not pc.any(zoned).as_py():
            return column
        with_one = pc.if_else(zoned, column, None)
        without = pc.if_else(zoned, None, column)
        moments = self._cast(name, with_one, pa.timestamp("us", "UTC"), what)
        plain = self._cast(name, without, pa.timestamp("us"), what)
        return pc.coalesce(moments.cast(pa.timestamp("us")), plain)

    def matrix(self, names: Sequence[str]) -> Array | None:
        import pyarrow as pa

        places = [self._places[name] for name in names]
        kinds = {self.batch.schema.field(at).type for at in places}
        if len(kinds) != 1 or kinds & {pa.float16()} or not pa.types.is_floating(next(iter(kinds))):
            return None
        found = self.batch.select(places).to_tensor(null_to_nan=True).to_numpy()
        infinite = np.isinf(found)
        return np.where(infinite, np.nan, found) if infinite.any() else found

    def _cast(self, name: str, column: Any, kind: Any, what: str) -> Any:
        import pyarrow as pa

        try:
            return column.cast(kind)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            self._refuse(name, column, kind, what)

    def _refuse(self, name: str, column: Any, kind: Any, what: str) -> Any:
        """The first value that does not go."""
        import pyarrow as pa

        for at in range(len(column) if kind is not None else 0):
            try:
                column[at : at + 1].cast(kind)
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
                raise DataError(
                    f"{self.source}: column {quoted(name)}, row {self.start + at + 1}: required "
                    f"{what}, came {quoted(str(column[at].as_py()))}."
                ) from None
        raise DataError(
            f"{self.source}: column {quoted(name)}: required {what} in each row, came values of "
            f"type {column.type}."
        )
