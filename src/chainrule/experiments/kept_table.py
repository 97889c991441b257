"""A table in memory, kept in a run's folder as a file: the run can then be gone on with, repeated
and copied when the table and its process are gone."""

import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.errors import DataError, RunError, SpecError
from chainrule.files.atomic import replacing
from chainrule.tables.source import ArraySource, Source, open_source

if TYPE_CHECKING:
    import pyarrow as pa

    from chainrule.experiments.spec import Spec

__all__ = ["KEPT", "KeptTable", "keeps_table", "opened", "with_kept_table"]

KEPT = "table.parquet"
"""What the file is called."""

ROWS = 2**17
"""Rows of a row group; between two of them Ctrl-C is heeded."""


def opened(table: Any, **options: Any) -> Source:
    """The source that a table in memory is; the index of a pandas table is left out.

    Raises:
        DataError: it is no table, or one that Arrow cannot hold.
    """
    if type(table).__module__.split(".")[0] == "pandas" and hasattr(table, "reset_index"):
        table = table.reset_index(drop=True)
    return open_source(table, **options)


def with_kept_table(spec: "Spec") -> "Spec":
    """The spec that names the kept table in place of its file.

    Raises:
        SpecError: its data are no table.
    """
    if spec.data.table is None:
        raise SpecError(
            f"table: required a spec whose data are a table, [data.table]; {spec.name!r} has "
            "others. Leave the table out."
        )
    table = spec.data.table.model_copy(update={"file": KEPT, "options": {}})
    return spec.model_copy(update={"data": spec.data.model_copy(update={"table": table})})


def keeps_table(run: Path) -> bool:
    """Whether the run in the folder has such a file of its own."""
    try:
        spec = tomllib.loads((run / "spec.toml").read_text("utf-8"))
        return bool(spec["data"]["table"]["file"] == KEPT)
    except (OSError, ValueError, KeyError, TypeError):
        return False


class KeptTable:
    """A table that can be kept, of which nothing is written yet.

    Categories of Arrow are kept as their values: what a column is taken for is the same.

    Raises:
        DataError: it is no table, or one that Parquet cannot hold.
    """

    def __init__(self, table: Any) -> None:
        from chainrule.tables.arrow import arrow

        arrow()
        source = opened(table)
        self._table = _arrow_table(source)
        self._schema = next(self._groups()).schema
        _check(self._schema, source.name)

    def write(self, run: Path) -> None:
        """Write it into the folder, whole or not at all.

        Raises:
            SpecError: there is another file of that name.
            RunError: the disk does not take it.
        """
        from pyarrow.parquet import ParquetWriter

        if (run / KEPT).exists():
            raise SpecError(
                f"{run / KEPT} is no run's, and the table would be kept under that name. Choose "
                "another folder (--out)."
            )
        try:
            with replacing(run / KEPT) as temporary, temporary.open("xb") as file:
                with ParquetWriter(file, self._schema) as writer:
                    for group in self._groups():
                        writer.write_table(group)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise RunError(
                f"The table cannot be kept in {run}: {error}. Nothing was written. Make room, or "
                "choose another folder (--out)."
            ) from error

    def _groups(self) -> Iterator["pa.Table"]:
        """The rows as they are written; a table of none if there are none."""
        for at in range(0, max(self._table.num_rows, 1), ROWS):
            yield _plain(self._table.slice(at, ROWS))


def _arrow_table(source: Source) -> "pa.Table":
    import pyarrow as pa

    if isinstance(source, ArraySource):
        columns = [source.array[:, at] for at in range(len(source.names))]
        try:
            return pa.table(dict(zip(source.names, columns, strict=True)))
        except pa.ArrowException as error:  # numbers of 128 bits, or of another byte order
            raise DataError(
                f"{source.name}: required numbers that Arrow can hold; came {source.array.dtype}. "
                "Use .astype(float)."
            ) from error
    found: pa.Table | None = getattr(source, "table", None)
    if found is None:
        raise DataError(f"{source.name}: required a table in memory; came {type(source).__name__}.")
    return found.replace_schema_metadata(None)


def _plain(table: "pa.Table") -> "pa.Table":
    """Categories as their values, and text in the type that all versions know."""
    for at, field in enumerate(table.schema):
        column = table.column(at)
        made = _plain_column(column)
        if made is not column:
            table = table.set_column(at, field.name, made)
    return table


def _plain_column(column: "pa.ChunkedArray") -> "pa.ChunkedArray":
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        values = kind.value_type
        text = pa.types.is_string_view(values)
        chunks = [
            pa.DictionaryArray.from_arrays(
                each.indices, each.dictionary.cast(pa.large_string()) if text else each.dictionary
            ).dictionary_decode()
            for each in column.chunks
        ]
        return pa.chunked_array(chunks, pa.large_string() if text else values)
    return column.cast(pa.large_string()) if pa.types.is_string_view(kind) else column


def _check(schema: "pa.Schema", name: str) -> None:
    """Refuses what Parquet cannot hold, by the columns' names."""
    import pyarrow as pa

    if _can_be_written(schema):
        return
    wrong = [each for each in schema if not _can_be_written(pa.schema([each]))]
    said = ", ".join(f"{each.name!r} ({each.type})" for each in wrong[:5])
    raise DataError(
        f"{name} is kept in the run's folder as Parquet, which cannot hold values as those of "
        f"{said}. Take such columns out of the table, or turn them into numbers or text first."
    )


def _can_be_written(schema: "pa.Schema") -> bool:
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    try:
        ParquetWriter(pa.BufferOutputStream(), schema).close()
    except pa.ArrowException:
        return False
    return True
