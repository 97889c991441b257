"""Where rows come from: files, folders and tables of Python, all read in blocks.

A `Source` gives blocks of rows in order, from any row on, so that what is larger than memory can be
gone through, and gone on with where it was left.
"""

import mmap
import os
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol
from zipfile import BadZipFile

import numpy as np

from chainrule.errors import DataError
from chainrule.tables.block import ArrayBlock, Block

__all__ = ["ArraySource", "Source", "open_source"]


class Source(Protocol):
    """Rows of named columns. ``name`` is for messages; ``n_rows`` is None if only reading tells."""

    @property
    def name(self) -> str: ...

    @property
    def names(self) -> tuple[str, ...]: ...

    @property
    def n_rows(self) -> int | None: ...

    def blocks(
        self, rows: int, *, start: int = 0, columns: Sequence[str] | None = None
    ) -> Iterator[Block]:
        """Blocks of at most ``rows`` rows from row ``start`` on; of ``columns``, or of all."""
        ...


class ArraySource:
    """The rows of a NumPy array ``(n, columns)``; columns are called x1, x2, ... unless named."""

    n_rows: int

    def __init__(
        self, array: np.ndarray, names: Sequence[str] | None = None, name: str = "the array"
    ) -> None:
        if array.ndim == 1:
            array = array.reshape(-1, 1)
        if array.ndim != 2 or array.dtype.kind not in "biuf":
            raise DataError(
                f"{name}: required rows of numbers, (n, columns); came an array of shape "
                f"{array.shape} and {array.dtype}. Reshape it, or give a table with named columns."
            )
        self.array, self.name, self.n_rows = array, name, len(array)
        self.names = tuple(names or (f"x{at}" for at in range(1, array.shape[1] + 1)))

    def blocks(
        self, rows: int, *, start: int = 0, columns: Sequence[str] | None = None
    ) -> Iterator[Block]:
        for at in range(start, self.n_rows, rows):
            yield ArrayBlock(np.asarray(self.array[at : at + rows]), self.names, at)
            _let_go(self.array)


def _let_go(array: np.ndarray) -> None:
    """What was read of a mapped file is not held: whoever still looks at it has it read again."""
    mapped = getattr(array, "_mmap", None)
    if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)


def open_source(given: Any, **options: Any) -> Source:
    """The source that a path, an array or a table is.

    Parameters
    ----------
    given
        A path that ends in .csv, .tsv, .parquet, .arrow, .feather, .npy or .npz; a NumPy array; a
        pandas, polars or Arrow table (anything with Arrow's C interface); or a `Source`.
    options
        What the kind of file takes: ``delimiter``, ``encoding``, ``header`` (of CSV), ``array``
        (the name within an .npz).

    Raises
    ------
    DataError
        A file that is missing, damaged, or of no known kind.
    MissingExtraError
        The kind of file needs pyarrow, and it is not installed.
    """
    if hasattr(given, "blocks") and hasattr(given, "names"):
        source: Source = given
        return source
    if isinstance(given, str | os.PathLike):
        return _of_file(Path(given), options)
    if isinstance(given, np.ndarray):
        return ArraySource(given)
    if hasattr(given, "__arrow_c_stream__") or hasattr(given, "__arrow_c_array__"):
        from chainrule.tables.arrow import TableSource

        return TableSource(given)
    raise DataError(
        "Required a path, a NumPy array, or a pandas, polars or Arrow table; came an object of "
        f"type {type(given).__module__}.{type(given).__qualname__}."
    )


def _of_file(path: Path, options: Mapping[str, Any]) -> Source:
    if path.suffix.lower() not in FILES:
        known = ", ".join(FILES)
        raise DataError(f"{path}: required a file that ends in one of {known}.")
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise DataError(f"{path} {what}. Give the path of a file.")
    if not path.stat().st_size:
        raise DataError(f"{path} is empty.")
    kind = path.suffix.lower()
    for name in options:
        if name not in OPTIONS.get(kind, ()):
            takes = ", ".join(OPTIONS.get(kind, ())) or "none"
            raise DataError(f"{path}: there is no option {name!r} of a {kind} file ({takes}).")
    return FILES[kind](path, **options)


def _csv(path: Path, **options: Any) -> Source:
    from chainrule.tables.csv import CsvSource

    return CsvSource(path, **options)


def _parquet(path: Path) -> Source:
    from chainrule.tables.arrow import ParquetSource

    return ParquetSource(path)


def _arrow(path: Path) -> Source:
    from chainrule.tables.arrow import FeatherSource

    return FeatherSource(path)


def _npy(path: Path) -> Source:
    try:
        return ArraySource(np.load(path, mmap_mode="r", allow_pickle=False), name=str(path))
    except (ValueError, OSError, EOFError, SyntaxError) as error:
        raise DataError(f"{path} is not an .npy file of numbers: {error}.") from error


def _npz(path: Path, array: str | None = None) -> Source:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as held:
            names = list(held.files)
            chosen = array or ("X" if "X" in names else names[0] if len(names) == 1 else None)
            if chosen not in names:
                raise DataError(
                    f"{path} holds the arrays {', '.join(names)}: say which has the rows, such as "
                    f"array={names[0]!r}."
                )
            return ArraySource(held[chosen], name=str(path))
    except DataError:
        raise
    except (ValueError, OSError, EOFError, SyntaxError, BadZipFile, zlib.error) as error:
        raise DataError(f"{path} is not an .npz file of numbers: {error}.") from error


FILES: Mapping[str, Callable[..., Source]] = {
    ".csv": _csv,
    ".tsv": _csv,
    ".parquet": _parquet,
    ".pq": _parquet,
    ".arrow": _arrow,
    ".feather": _arrow,
    ".npy": _npy,
    ".npz": _npz,
}

OPTIONS = {
    ".csv": ("delimiter", "encoding", "header"),
    ".tsv": ("delimiter", "encoding", "header"),
    ".npz": ("array",),
}
