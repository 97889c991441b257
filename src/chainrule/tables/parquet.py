"""Tables in Parquet files."""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from chainrule.tables.arrow import arrow, cut, readable, unique_names, without_index
from chainrule.tables.block import ArrowBlock
from chainrule.tables.by_columns import in_parts, side_by_side, step_rows
from chainrule.tables.pages import BUFFER, open_sizes

__all__ = ["ParquetSource"]

SURELY = 3
"""A row group's open columns take no more than this many times its size."""


class ParquetSource:
    """A Parquet file, read some rows of a row group at a time; where the open columns of a row
    group would take more than ``room`` bytes, some columns at a time."""

    def __init__(self, path: Path, room: int | None = None) -> None:
        arrow()
        self.path, self.name, self.room = path, str(path), room
        with readable(path, "Parquet"), self._open() as file:
            self.names = unique_names(without_index(file.schema_arrow.names), self.name)
            self.n_rows: int | None = file.metadata.num_rows
            self.groups = [
                file.metadata.row_group(at).num_rows for at in range(file.num_row_groups)
            ]

    def _open(self) -> Any:
        from pyarrow.parquet import ParquetFile

        return ParquetFile(self.path, buffer_size=BUFFER, pre_buffer=False)

    def blocks(
        self, rows: int, *, start: int = 0, columns: Sequence[str] | None = None
    ) -> Iterator[ArrowBlock]:
        first, before = 0, 0  # groups that end before the start are not read
        while first < len(self.groups) and before + self.groups[first] <= start:
            before += self.groups[first]
            first += 1
        names = list(self.names if columns is None else columns)
        with readable(self.path, "Parquet"), self._open() as file:
            batches = self._batches(file, range(first, len(self.groups)), names, rows)
            for block in cut(batches, rows, start - before, self.name):
                block.start += before
                yield block

    def _batches(
        self, file: Any, groups: Sequence[int], names: list[str], rows: int
    ) -> Iterator[Any]:
        for parts, run in groupby(groups, partial(self._parts, file, names)):
            if len(parts) == 1:
                yield from file.iter_batches(
                    rows, row_groups=list(run), columns=names, use_threads=False
                )
                continue
            for at in run:
                yield from self._by_columns(file, at, parts, step_rows(len(names), rows))

    def _parts(self, file: Any, names: list[str], at: int) -> list[list[str]]:
        """The columns of a row group that can be open together."""
        group = file.metadata.row_group(at)
        if self.room is None or SURELY * group.total_byte_size <= self.room:
            return [names]
        with self.path.open("rb") as opened:
            return in_parts(names, open_sizes(group, opened), self.room)

    def _by_columns(self, file: Any, at: int, parts: list[list[str]], rows: int) -> Iterator[Any]:
        return side_by_side((self._part(file, at, names, rows) for names in parts), self.name)

    def _part(self, file: Any, at: int, names: list[str], rows: int) -> Iterator[Any]:
        batches = file.iter_batches(rows, row_groups=[at], columns=names, use_threads=False)
        for block in cut(batches, rows, 0, self.name):
            yield block.batch.select(names)
