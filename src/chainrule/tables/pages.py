"""What the open columns of a Parquet file's row group take in memory.

Of each column that is being read Parquet holds the dictionary, a page, and what is read ahead,
however few rows are asked for at a time. The file's footer tells the size of a column in a row
group; that of a page is in the page's own header, at its beginning: the first fields of a struct in
Thrift's compact protocol are the page's kind, its size, and its compressed size
(https://github.com/apache/parquet-format, PageHeader in parquet.thrift).
"""

from collections import Counter
from typing import IO, Any

__all__ = ["BUFFER", "open_sizes"]

BUFFER = 2**16
"""Bytes of a column that are read at a time: a row group may be larger than memory."""

PAGE = 2**20
"""The size of a page that most writers keep to."""

SMALL = 2**14
"""Bytes that Arrow looks ahead for a page's header. Where pages are smaller, its buffer grows until
it has the whole column of the row group."""

HEADER = 32
"""Bytes that hold a header's first three fields."""

INTEGER = 0x15
"""The next field is a whole number of 32 bits."""


def open_sizes(group: Any, file: IO[bytes]) -> Counter[str]:
    """Bytes that each column of a row group takes while it is read, about: by its name, and by the
    beginnings of its name up to a dot, which of a nested column is the column that is asked for.

    ``group`` is the row group's metadata, ``file`` the opened file.
    """
    found: Counter[str] = Counter()
    for at in range(group.num_columns):
        chunk = group.column(at)
        size, path = _open_size(chunk, file), chunk.path_in_schema
        while path:
            found[path] += size
            path = path.rpartition(".")[0]
    return found


def _open_size(chunk: Any, file: IO[bytes]) -> int:
    whole, packed = chunk.total_uncompressed_size, chunk.total_compressed_size
    dictionary = 0
    if chunk.has_dictionary_page and chunk.dictionary_page_offset is not None:
        dictionary = _page(file, chunk.dictionary_page_offset, whole, packed)[0]
    page, packed_page = _page(file, chunk.data_page_offset, whole - dictionary, packed)
    if dictionary:  # pages of plain values may follow, if it became too large
        page = max(page, min(whole - dictionary - page, PAGE))
    if chunk.compression != "UNCOMPRESSED":  # what a page is unpacked to had the dictionary before
        page = max(page, dictionary)
    ahead = packed if packed_page < SMALL else min(BUFFER, packed)
    return ahead + dictionary + page


def _page(file: IO[bytes], offset: int, most: int, most_packed: int) -> tuple[int, int]:
    """A page's size, and its size in the file, as its header tells; ``most`` and ``most_packed`` if
    it cannot be read."""
    file.seek(offset)
    header = iter(file.read(HEADER))
    try:
        _integer(header)
        return min(_integer(header), most), min(_integer(header), most_packed)
    except (StopIteration, ValueError):
        return most, most_packed


def _integer(header: Any) -> int:
    """The next field: seven bits a byte, the lowest first; twice the number, which is none below
    zero."""
    if next(header) != INTEGER:
        raise ValueError("another field")
    value = shift = 0
    while (byte := next(header)) & 0x80:
        value |= (byte & 0x7F) << shift
        shift += 7
    return (value | byte << shift) >> 1
