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

from chainrule.errors import DataError, listed, quoted
from chainrule.models.images import ImageInput
from chainrule.tables.block import ArrayBlock, Block
from chainrule.tables.folder import is_image

__all__ = ["ArraySource", "Source", "is_text", "open_source"]


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
    """The rows of a NumPy array ``(n, columns)``; columns are called x1, x2, ... unless named.
    ``within`` says which array of its file it is, of a file that may have several."""

    n_rows: int

    def __init__(
        self,
        array: np.ndarray,
        names: Sequence[str] | None = None,
        name: str = "the array",
        within: str | None = None,
    ) -> None:
        if array.ndim == 1:
            array = array.reshape(-1, 1)
        if array.ndim != 2 or array.dtype.kind not in "biuf":
            raise DataError(
                f"{name}: required rows of numbers, (n, columns); came an array of shape "
                f"{array.shape} and {array.dtype}. Reshape it, or give a table with named columns."
            )
        self.array, self.name, self.within, self.n_rows = array, name, within, len(array)
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


def open_source(
    given: Any, *, image: ImageInput | None = None, room: int | None = None, **options: Any
) -> Source:
    """The source that a path, an array or a table is.

    Parameters
    ----------
    given
        A path that ends in .csv, .tsv, .parquet, .arrow, .feather, .npy or .npz; a NumPy array; a
        pandas, polars or Arrow table (anything with Arrow's C interface; a lazy frame of polars is
        collected); a `Source`; or, with ``image``, a folder of images or an image file.
    image
        What size and colour images are brought to, where they are wanted.
    room
        Bytes that the open columns of a Parquet or Arrow file may take beside the blocks; None is
        any number. What takes more is read some columns at a time, by way of a temporary file.
    options
        What the kind of file takes: ``delimiter``, ``encoding``, ``header``, ``missing`` (the texts
        that stand for a value that is not there, in place of the usual ones) of CSV; ``array`` (the
        name within an .npz; without it X, and y as one more column where there is one);
        ``skip_damaged`` (of images).

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
        path = Path(given)
        if path.is_dir() or is_image(path):
            return _of_images(path, image, options)
        return _of_file(path, room, options)
    _check_options("the table", "a table in memory", options, ())
    if isinstance(given, np.ndarray):
        return ArraySource(given)
    if hasattr(given, "collect_schema") and hasattr(given, "collect"):
        given = given.collect()
    if hasattr(given, "__arrow_c_stream__") or hasattr(given, "__arrow_c_array__"):
        from chainrule.tables.arrow import TableSource

        return TableSource(given)
    raise DataError(
        "Required a path, a NumPy array, or a pandas, polars or Arrow table; came an object of "
        f"type {type(given).__module__}.{type(given).__qualname__}."
    )


def is_text(given: Any) -> bool:
    """Whether it is the path of a file of text."""
    return isinstance(given, str | os.PathLike) and "missing" in OPTIONS.get(
        Path(given).suffix.lower(), ()
    )


def _of_file(path: Path, room: int | None, options: Mapping[str, Any]) -> Source:
    if path.suffix.lower() not in FILES:
        known = ", ".join(FILES)
        raise DataError(f"{path}: required a file that ends in one of {known}.")
    _check_there(path)
    if not path.stat().st_size:
        raise DataError(f"{path} is empty.")
    kind = path.suffix.lower()
    _check_options(path, f"a {kind} file", options, OPTIONS.get(kind, ()))
    if kind in BY_COLUMNS:
        return FILES[kind](path, room)
    return FILES[kind](path, **options)


def _check_there(path: Path) -> None:
    if not path.is_file():
        raise DataError(f"{path} does not exist. Give the path of a file.")


def _check_options(
    path: Path | str, kind: str, options: Mapping[str, Any], known: Sequence[str]
) -> None:
    for name in options:
        if name not in known:
            takes = ", ".join(known) or "none"
            raise DataError(f"{path}: there is no option {quoted(name)} of {kind} ({takes}).")


def _of_images(path: Path, image: ImageInput | None, options: Mapping[str, Any]) -> Source:
    if not path.is_dir():
        _check_there(path)
    if image is None:
        what = "is a folder" if path.is_dir() else "is an image"
        raise DataError(
            f"{path} {what}. Images are for a model that was trained on a folder of them "
            "(chainrule train FOLDER), whose file says what size they have; required a file with a "
            f"table here, that ends in one of {', '.join(FILES)}."
        )
    from chainrule.tables.images import ImageSource

    _check_options(path, "images", options, ("skip_damaged",))
    return ImageSource(path, image, **options)


def _csv(path: Path, **options: Any) -> Source:
    from chainrule.tables.csv import CsvSource

    return CsvSource(path, **options)


def _parquet(path: Path, room: int | None = None) -> Source:
    from chainrule.tables.parquet import ParquetSource

    return ParquetSource(path, room)


def _arrow(path: Path, room: int | None = None) -> Source:
    from chainrule.tables.feather import FeatherSource

    return FeatherSource(path, room)


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
                    f"{path} holds the arrays {listed(names, 20)}: say which has the rows, such as "
                    f"array={quoted(names[0])} (--array {names[0][:60]})."
                )
            y = held["y"] if "y" in names and array is None and chosen == "X" else None
            if y is not None and y.ndim == 1 and y.dtype.kind in "biufU":
                from chainrule.tables.labelled import LabelledSource

                return LabelledSource(held[chosen], y, str(path), within=chosen)
            return ArraySource(held[chosen], name=str(path), within=chosen)
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

BY_COLUMNS = (".parquet", ".pq", ".arrow", ".feather")
"""Files that can be read some columns at a time. They take no options."""

OF_TEXT = ("delimiter", "encoding", "header", "missing")
OPTIONS = {
    ".csv": OF_TEXT,
    ".tsv": OF_TEXT,
    ".npz": ("array",),
}
