"""Tables in files of Arrow's IPC format."""

import mmap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from chainrule.tables.arrow import arrow, cut, readable, unique_names
from chainrule.tables.block import ArrowBlock
from chainrule.tables.by_columns import in_parts, side_by_side, step_rows

__all__ = ["FeatherSource"]

TEXT = 32
"""Bytes that a value takes whose type does not say how many."""

LOOKED_AT = 8
"""Columns, those of the narrowest values, that tell whether a record batch is compressed."""


class FeatherSource:
    """A Feather or Arrow file (Arrow's IPC format), a record batch at a time. What is not
    compressed is looked at in the file; what is, is unpacked as a whole, or some columns at a time
    where this would take more than ``room`` bytes."""

    def __init__(self, path: Path, room: int | None = None) -> None:
        arrow()
        self.path, self.name, self.room = path, str(path), room
        with readable(path, "Arrow"):
            file = arrow().ipc.open_file(_looked_at(self._mapped()))
            self.names = unique_names(file.schema.names, self.name)
            self.n_rows: int | None = file.count_rows()
            self._widths = {field.name: _width(field.type) for field in file.schema}

    def _mapped(self) -> mmap.mmap:
        with self.path.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def blocks(
        self, rows: int, *, start: int = 0, columns: Sequence[str] | None = None
    ) -> Iterator[ArrowBlock]:
        names = list(self.names if columns is None else columns)
        with readable(self.path, "Arrow"):
            mapped = self._mapped()
            for block in cut(self._batches(mapped, names, rows), rows, start, self.name):
                yield block
                _let_go(mapped)

    def _batches(self, mapped: mmap.mmap, names: list[str], rows: int) -> Iterator[Any]:
        file = arrow().ipc.open_file(_looked_at(mapped))
        step = step_rows(len(names), rows)
        for at in range(file.num_record_batches):
            parts = self._parts(at, names)
            if not parts:
                yield file.get_batch(at).select(names)
            elif len(parts) == 1:
                yield self._unpacked(at, names)
            else:
                yield from side_by_side((self._part(at, part, step) for part in parts), self.name)

    def _parts(self, at: int, names: list[str]) -> list[list[str]]:
        """The columns of a record batch that can be unpacked together; none if the batch can be
        read as it is."""
        whole = sum(self._widths.values())
        if self.room is None or self.n_rows is None or self.n_rows * whole <= self.room:
            return []
        some = self._unpacked(at, sorted(self.names, key=self._widths.__getitem__)[:LOOKED_AT])
        if not _is_compressed(some):
            return []
        rows = some.num_rows
        # what is packed is in memory as well, and takes no more
        return in_parts(names, {each: 2 * rows * self._widths[each] for each in names}, self.room)

    def _unpacked(self, at: int, names: list[str]) -> Any:
        """Some columns of a record batch. They are read, as to look at them would leave what is
        packed in memory."""
        pa = arrow()
        places = [self.names.index(name) for name in names]
        options = pa.ipc.IpcReadOptions(included_fields=places)
        with pa.OSFile(str(self.path)) as read, pa.ipc.open_file(read, options=options) as file:
            return file.get_batch(at).select(names)

    def _part(self, at: int, names: list[str], rows: int) -> Iterator[Any]:
        batch = self._unpacked(at, names)
        for start in range(0, batch.num_rows, rows):
            yield batch.slice(start, rows)


def _looked_at(mapped: mmap.mmap) -> Any:
    pa = arrow()
    return pa.BufferReader(pa.py_buffer(mapped))


def _width(kind: Any) -> int:
    """Bytes of a value of an Arrow type."""
    try:
        return -(-int(kind.bit_width) // 8)
    except ValueError:
        return TEXT


def _is_compressed(batch: Any) -> bool:
    """Whether some values were unpacked: they are not a piece of what was read of the file."""
    buffers = [buffer for column in batch.columns for buffer in column.buffers() if buffer]
    return any(buffer.parent is None for buffer in buffers)


def _let_go(mapped: mmap.mmap) -> None:
    """What was read of a mapped file is not held: whoever still looks at it has it read again."""
    if hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)
