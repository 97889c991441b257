"""Rows written down as numbers, once, so that they can be read at random and again.

A spool is a folder: ``rows.x`` with the features of each row, ``rows.y`` with its target (the place
of its class in the order in which classes turned up, or a value), both without any frame, and
``spool.json``, which says what they are. It is made under another name, and takes its own when it
is whole and on the disk; its name is a digest of the source and of all that was chosen. So no part
of a spool, and none of another source, is ever taken for it.
"""

import json
import os
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import DataError
from chainrule.files.atomic import sync_folder, write_bytes
from chainrule.streams.labels import Labels

__all__ = ["FileReader", "Spool", "SpoolFacts", "found_spool", "write_spool"]

Array = npt.NDArray[Any]
X_FILE, Y_FILE, FACTS_FILE = "rows.x", "rows.y", "spool.json"
FORMAT = 1
RESERVE = 2**26
"""Bytes of the disk that are left to others."""


@dataclass(frozen=True)
class SpoolFacts:
    """What a spool's files are. ``order`` has the place among the sorted ``classes`` of each class
    as it turned up; ``firsts`` a row of each class, or of the lowest and the highest value."""

    format: int
    n_rows: int
    n_features: int
    dtype: str
    target_dtype: str
    left_out: int
    classes: list[Any] | None
    order: list[int]
    counts: list[int]
    firsts: list[int]


class FileReader:
    """Reads rows of a spool; any thread may."""

    def __init__(self, folder: Path, facts: SpoolFacts) -> None:
        self.folder = folder
        self.n_rows, self.n_features = facts.n_rows, facts.n_features
        self.dtype = np.dtype(facts.dtype)
        self._stored = np.dtype(facts.target_dtype)
        self._order = None if facts.classes is None else np.array(facts.order, np.int32)
        self.target_dtype = self._stored if self._order is None else self._order.dtype
        self._lock = threading.Lock()
        self._files = [(folder / name).open("rb", buffering=0) for name in (X_FILE, Y_FILE)]

    def read(self, start: int, stop: int, X: Array, y: Array) -> None:
        """Put the rows ``start`` to ``stop`` into ``X`` and their targets into ``y``."""
        if not X.flags.c_contiguous or X.dtype != self.dtype:
            raise DataError(f"Required rows of {self.dtype} one after the other to read into.")
        stored = np.empty(stop - start, self._stored)
        with self._lock:
            self._fill(0, start * self.n_features * self.dtype.itemsize, X)
            self._fill(1, start * self._stored.itemsize, stored)
        y[:] = stored if self._order is None else self._order[stored]

    def _fill(self, which: int, offset: int, into: Array) -> None:
        """Plain reads: what is read is never more than what is there to hold it."""
        rest = into.reshape(-1).view(np.uint8).data
        file = self._files[which]
        try:
            file.seek(offset)
            while rest:
                count = file.readinto(rest)
                if not count:
                    raise OSError("the file ends too early")
                rest = rest[count:]
        except (OSError, ValueError) as error:
            raise DataError(
                f"{self.folder}: the rows that were written down cannot be read: {error}. Fit "
                "again; they are then written anew."
            ) from error

    def close(self) -> None:
        for file in self._files:
            file.close()


@dataclass(frozen=True, eq=False)
class Spool:
    """A whole spool, as `chainrule.estimators.streamed` takes it."""

    folder: Path
    facts: SpoolFacts
    names: tuple[str, ...] | None
    window_rows: int
    held_rows: int

    @property
    def n_rows(self) -> int:
        return self.facts.n_rows

    @property
    def classes(self) -> Array | None:
        return None if self.facts.classes is None else np.array(self.facts.classes)

    @property
    def counts(self) -> Array:
        return np.array(self.facts.counts, np.int64)

    @property
    def firsts(self) -> Array:
        return np.array(self.facts.firsts, np.int64)

    @contextmanager
    def reader(self) -> Iterator[FileReader]:
        """What reads the rows."""
        opened = FileReader(self.folder, self.facts)
        try:
            yield opened
        finally:
            opened.close()


def found_spool(folder: Path) -> SpoolFacts | None:
    """What the spool in a folder is, if there is one and its files are whole."""
    try:
        facts = SpoolFacts(**json.loads((folder / FACTS_FILE).read_bytes()))
        sizes = [(folder / name).stat().st_size for name in (X_FILE, Y_FILE)]
        wanted = [
            facts.n_rows * facts.n_features * np.dtype(facts.dtype).itemsize,
            facts.n_rows * np.dtype(facts.target_dtype).itemsize,
        ]
    except (OSError, ValueError, TypeError):
        return None
    return facts if facts.format == FORMAT and sizes == wanted else None


def write_spool(
    folder: Path,
    blocks: Iterator[tuple[Array, Array]],
    labels: Labels,
    dtype: Callable[[], str],
    about_bytes: int | None,
    unchanged: Callable[[], None],
) -> SpoolFacts:
    """Make the folder a spool of the rows.

    Parameters
    ----------
    folder
        Takes its name when it is whole; its parent is made.
    blocks
        Features ``(n, n_features)`` and targets as ``labels`` encodes them.
    labels
        What keeps count of the targets.
    dtype
        The features' type, known when there was a block.
    about_bytes
        What it will take, if that is known.
    unchanged
        Raises if the source is no longer what it was; called when all is written.

    Raises
    ------
    DataError
        The disk has no place for it, or a block cannot be read; nothing is left.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    _check_space(folder.parent, about_bytes)
    temporary = folder.parent / f".{folder.name}-{os.getpid()}-{secrets.token_hex(4)}.tmp"
    temporary.mkdir()
    try:
        n_rows, n_features = _write_rows(temporary, blocks)
        unchanged()
        facts = SpoolFacts(
            FORMAT, n_rows, n_features, dtype(), labels.dtype, labels.left_out, *labels.settled()
        )
        write_bytes(temporary / FACTS_FILE, json.dumps(asdict(facts)).encode())
        sync_folder(temporary)
        if folder.exists() and found_spool(folder) is None:
            shutil.rmtree(folder)
        if not folder.exists():
            temporary.rename(folder)
            sync_folder(folder.parent)
    except OSError as error:
        free = shutil.disk_usage(folder.parent).free
        raise DataError(
            f"{folder.parent}: the rows could not be written down: {error.strerror or error} "
            f"({_size(free)} are free). Name a folder with more space: stream(..., cache=...). "
            "Nothing half-written was left."
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return facts


def _write_rows(folder: Path, blocks: Iterator[tuple[Array, Array]]) -> tuple[int, int]:
    n_rows, n_features = 0, 0
    with (folder / X_FILE).open("wb") as x_file, (folder / Y_FILE).open("wb") as y_file:
        for X, y in blocks:
            _check_space(folder, X.nbytes + y.nbytes, f" after {n_rows:,} rows")
            x_file.write(np.ascontiguousarray(X).data)
            y_file.write(np.ascontiguousarray(y).data)
            n_rows, n_features = n_rows + len(X), X.shape[1]
        for file in (x_file, y_file):
            file.flush()
            os.fsync(file.fileno())
    return n_rows, n_features


def _check_space(folder: Path, required: int | None, when: str = "") -> None:
    free = shutil.disk_usage(folder).free
    if required is not None and required + RESERVE > free:
        raise DataError(
            f"{folder}: required about {_size(required)} of space on the disk for the rows as "
            f"numbers, and {_size(RESERVE)} to spare; {_size(free)} are free{when}. Name another "
            "folder: stream(..., cache=...)."
        )


def _size(count: int) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.1f} MB"


def _sweep(folder: Path) -> None:
    """Remove what a process that is no more has left half-made of this spool."""
    for left in folder.parent.glob(f".{folder.name}-*.tmp"):
        with suppress(ValueError, OSError):
            process = int(left.name.removeprefix(f".{folder.name}-").split("-")[0])
            try:
                os.kill(process, 0)
            except ProcessLookupError:
                shutil.rmtree(left, ignore_errors=True)
