"""Rows whose columns do not fit into memory side by side, put together of some columns at a time.

Each part of the columns is gone through alone and written to one temporary file, as batches of few
rows that are not compressed; then all parts are read in step, a batch of each. The file has no name
where the system knows such files, so that nothing is left of it, not even after a kill.
"""

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import IO, Any

from chainrule.errors import DataError
from chainrule.tables.arrow import arrow

__all__ = ["in_parts", "side_by_side", "step_rows"]

STEP_BYTES = 2**23
FEWEST = 64
"""Bytes of a row's batch over all columns, and the rows that it has at least."""


def in_parts(names: Sequence[str], sizes: Mapping[str, int], room: int) -> list[list[str]]:
    """The columns in their order, in parts whose sizes add up to at most ``room`` bytes; a column
    that is larger is one alone."""
    parts: list[list[str]] = []
    left = -1
    for name in names:
        size = sizes.get(name, 0)
        if not parts or size > left:
            parts.append([])
            left = room
        parts[-1].append(name)
        left -= size
    return parts


def step_rows(columns: int, rows: int) -> int:
    """The rows of a batch, where blocks of ``rows`` rows are wanted."""
    return min(rows, max(STEP_BYTES // (8 * columns), FEWEST))


def side_by_side(parts: Iterable[Iterator[Any]], name: str) -> Iterator[Any]:
    """Record batches of all columns.

    Parameters
    ----------
    parts
        The batches of some columns each, of the same rows and cut alike; one part is gone through
        after the other.
    name
        What is read, for the message.

    Raises
    ------
    DataError
        The folder of temporary files has no space.
    """
    pa = arrow()
    with _spare_file(name) as file:
        starts = []
        for part in parts:
            starts.append(file.tell())
            _write(file, part, name)
            pa.default_memory_pool().release_unused()  # another part's buffers have other sizes
        streams = [pa.ipc.open_stream(_Stream(file, start)) for start in starts]
        for batches in zip(*streams, strict=True):
            yield pa.RecordBatch.from_arrays(
                [column for batch in batches for column in batch.columns],
                schema=pa.schema([field for batch in batches for field in batch.schema]),
            )


@contextmanager
def _spare_file(name: str) -> Iterator[IO[bytes]]:
    with _space_for(name):
        file = tempfile.TemporaryFile(prefix="chainrule-")  # noqa: SIM115 (closed below)
    try:
        yield file
    finally:
        with suppress(OSError):  # what could not be written is tried again, and is not missed
            file.close()


def _write(file: IO[bytes], part: Iterator[Any], name: str) -> None:
    pa = arrow()
    writer = None
    for batch in part:
        whole = _without_views(batch)
        with _space_for(name):
            writer = writer or pa.ipc.new_stream(file, whole.schema)
            writer.write_batch(whole)
    with _space_for(name):
        if writer is not None:
            writer.close()
        file.flush()


@contextmanager
def _space_for(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(
            f"{tempfile.gettempdir()}: the columns of {name} do not fit into the memory side by "
            f"side, and could not be written to a temporary file: {error.strerror or error}. "
            "Required space for the values of a row group (of Arrow: a record batch), not "
            "compressed. Make room, name another folder in the variable TMPDIR, or give more "
            "memory. Nothing was left there."
        ) from error


def _without_views(batch: Any) -> Any:
    """Text as views of buffers becomes plain: of a slice of views, all buffers would be written."""
    pa = arrow()
    plain = {pa.string_view(): pa.large_string(), pa.binary_view(): pa.large_binary()}
    if not any(field.type in plain for field in batch.schema):
        return batch
    return batch.cast(
        pa.schema([field.with_type(plain.get(field.type, field.type)) for field in batch.schema])
    )


class _Stream:
    """A part's place in the file, which the others read as well."""

    closed = False

    def __init__(self, file: IO[bytes], at: int) -> None:
        self.file, self.at = file, at

    def read(self, count: int = -1) -> bytes:
        self.file.seek(self.at)
        found = self.file.read(count)
        self.at += len(found)
        return found

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False

    def tell(self) -> int:
        return self.at

    def close(self) -> None:
        """The file is closed by who opened it."""
