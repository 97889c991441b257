"""Predictions to a file: all of it or nothing, and gone on with after a stop.

While it is made, what is done lies beside it in a folder, ``NAME.parts``: each part whole or not
there, with a note of what it is the answer of. The file itself is made of the parts in the end.
"""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.errors import ChainruleError, DataError, SpecError
from chainrule.files import lock
from chainrule.files.atomic import write_bytes
from chainrule.models.frozen import FrozenModel
from chainrule.streams.predict import frozen, model_path, opened_for, predict_batches, rows_of
from chainrule.tables.arrow import arrow
from chainrule.tables.images import ImageSource
from chainrule.tables.source import Source

__all__ = ["WRITERS", "predict_to"]

PART_BLOCKS = 16
PART_BYTES = 2**24
"""Blocks of a part, and the bytes of outputs from which on it is full."""

VALUES = {"text": 2**18, "binary": 2**22}
"""Values that are turned into what a file has at a time: as texts some 70 bytes each."""

Columns = dict[str, np.ndarray]


def predict_to(
    model: str | os.PathLike[str],
    source: Any,
    out: str | os.PathLike[str],
    *,
    probabilities: bool = True,
    memory: str | int | float = "1GB",
    force: bool = False,
    on_rows: Callable[[int], None] | None = None,
    **options: Any,
) -> int:
    """Write the predictions for the rows of ``source`` to ``out``; how many there were.

    The columns are ``prediction`` (several outputs: ``prediction_1``, ...) and, of a classifier,
    ``probability_CLASS`` of each class, unless ``probabilities`` is False. Of images there is
    ``file`` before them, the path relative to the folder. If this was stopped
    before, it goes on where it was.

    Parameters
    ----------
    model, source, memory, options
        As `predict_batches` has them.
    out
        A path that ends in .csv, .parquet, .arrow, .feather or .npy (which holds the outputs).
    force
        Replace a file that is there, and forget what another prediction left beside it.
    on_rows
        Called with the number of rows that are done, after each block.

    Raises
    ------
    DataError
        The source cannot be read, and nothing is left; there is a file already, or the parts of
        another prediction, or one that is being made; or the disk is full, and what is done is
        kept.
    """
    path = Path(out)
    if path.suffix.lower() not in WRITERS:
        raise DataError(f"{path}: required a name that ends in one of {', '.join(WRITERS)}.")
    if path.suffix.lower() in TABLES:
        arrow()  # is missed before the work, not after it
    if path.exists() and not force:
        raise DataError(f"{path} is there already. Choose another name, or replace it (--force).")
    for what, given in (("rows", source), ("model", model)):
        if path.exists() and isinstance(given, str | os.PathLike) and path.samefile(given):
            raise DataError(f"{path} has the {what} of this prediction. Choose another name.")
    if not path.parent.is_dir():
        raise DataError(f"{path.parent} is no folder. Make it first.")
    known = frozen(model)
    opened = opened_for(known, source, memory, **options)
    fingerprint = _fingerprint(model, known, source, opened, options)
    try:
        with Parts(path, fingerprint, known.chunk_rows, force) as parts, _stopping(parts):
            parts.names = opened.shown if isinstance(opened, ImageSource) else None
            try:
                for outputs in _missing(known, opened, memory, parts, on_rows):
                    parts.add(outputs)
                _check_rows(parts.done(), opened)
            except ChainruleError:  # the same rows would be refused again
                parts.remove()
                raise
            write = WRITERS[path.suffix.lower()]
            with _whole(path, parts.folder / f"whole{path.suffix}") as temporary:
                rows = write(temporary, known, parts, probabilities)
            parts.remove()
    except OSError as error:
        raise DataError(
            f"{path} cannot be written: {error}. What is done so far is kept beside it; "
            f"{'make room' if error.errno in FULL else 'mend that'}, and give the same command "
            "again."
        ) from error
    return rows


def _missing(
    model: FrozenModel,
    source: Source,
    memory: str | int | float,
    parts: "Parts",
    on_rows: Callable[[int], None] | None,
) -> Iterator[np.ndarray]:
    """The outputs that no part has yet, a part at a time."""
    if parts.complete:
        return
    waiting: list[np.ndarray] = []
    for batch in predict_batches(model, source, memory=memory, start=parts.rows):
        waiting.append(batch.outputs)
        if on_rows:
            on_rows(batch.start + len(batch.outputs))
        if len(waiting) == PART_BLOCKS or sum(each.nbytes for each in waiting) >= PART_BYTES:
            yield np.concatenate(waiting)
            waiting = []
    yield np.concatenate(waiting) if waiting else np.empty((0, model.sizes[-1]), np.float32)


def _check_rows(done: int, source: Source) -> None:
    """Whether each row has its answer, where the source tells how many rows it has."""
    if source.n_rows is not None and not isinstance(source, ImageSource) and done != source.n_rows:
        raise DataError(
            f"{source.name}: required {source.n_rows} rows, as there were at first; came {done}. "
            "It was changed meanwhile. Give the same command again."
        )


class Parts:
    """The outputs that are done, in a folder beside the file that they are for; nobody else's
    while it is used as a context."""

    names: list[str] | None = None  # of the rows, where they have any

    def __init__(self, path: Path, fingerprint: str, chunk: int, force: bool) -> None:
        self.folder = path.with_name(f"{path.name}.parts")
        self.fingerprint, self.chunk, self.force = fingerprint, chunk, force

    def __enter__(self) -> "Parts":
        self.folder.mkdir(exist_ok=True)
        try:
            self._lock: int | None = lock.take(self.folder / "lock")
        except SpecError:
            raise DataError(
                f"{self.folder} is being written: another process makes this prediction. Wait for "
                "it, or stop it first."
            ) from None
        try:
            self._take_up()
        except BaseException:
            self._let_go()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._let_go()

    def _let_go(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _take_up(self) -> None:
        if self._noted() != self.fingerprint and (self._note.exists() or self.files()):
            if not self.force:
                raise DataError(
                    f"{self.folder} holds parts of another prediction (of another model or other "
                    "rows). Finish that, or forget it (--force)."
                )
            for each in self.folder.iterdir():
                if each.name != "lock":
                    each.unlink()
        if self._noted() is None:
            write_bytes(self._note, json.dumps({"fingerprint": self.fingerprint}).encode())
        self.rows = self.done()
        # chunks are whole but for the last one
        self.complete = bool(self.rows % self.chunk)

    def done(self) -> int:
        """The rows of all parts."""
        return sum(len(np.load(each, mmap_mode="r")) for each in self.files())

    @property
    def _note(self) -> Path:
        return self.folder / "note.json"

    def _noted(self) -> Any:
        """What the parts are of; None where nothing says it."""
        try:
            return json.loads(self._note.read_text("utf-8"))["fingerprint"]
        except (FileNotFoundError, ValueError, TypeError, KeyError):
            return None

    def files(self) -> list[Path]:
        """The parts, in order."""
        found: list[Path] = []
        for number in count():
            path = self.folder / f"{number:06d}.npy"
            if not path.exists():
                return found
            found.append(path)
        raise AssertionError

    def add(self, outputs: np.ndarray) -> None:
        """One more part."""
        if not len(outputs) and self.files():
            return
        from io import BytesIO

        buffer = BytesIO()
        np.save(buffer, outputs)
        write_bytes(self.folder / f"{len(self.files()):06d}.npy", buffer.getvalue())

    def outputs(self, values: int) -> Iterator[np.ndarray]:
        """All outputs, so many values at a time; at least once, though it be of no row."""
        for path in self.files():
            held = np.load(path, mmap_mode="r")
            rows = max(values // max(held.shape[1], 1), 1)
            for start in range(0, max(len(held), 1), rows):
                yield np.array(held[start : start + rows])

    def columns(
        self, model: FrozenModel, probabilities: bool, values: int
    ) -> Iterator[tuple[int, Columns]]:
        """The number of some rows, and their columns as they are written."""
        at = 0
        for A in self.outputs(values):
            found: Columns = {}
            if self.names is not None:
                found["file"] = np.array(self.names[at : at + len(A)], object)
            yield len(A), found | _columns(model, A, probabilities)
            at += len(A)

    def remove(self) -> None:
        if os.name == "nt":  # which removes no file that is open
            self._let_go()
        shutil.rmtree(self.folder)


def _fingerprint(
    model: str | os.PathLike[str],
    known: FrozenModel,
    source: Any,
    opened: Source,
    options: Mapping[str, Any],
) -> str:
    """What a prediction is of: the model file's bytes, and the source's name, size and time; of a
    table in memory, which has no time, its values."""
    digest = hashlib.sha256(model_path(model).read_bytes())
    digest.update(
        repr((opened.name, opened.names, opened.n_rows, sorted(options.items()))).encode()
    )
    if isinstance(opened, ImageSource):
        digest.update(repr(opened.stamp).encode())
        return digest.hexdigest()
    if isinstance(source, str | os.PathLike):
        found = Path(source).stat()
        digest.update(repr((found.st_size, found.st_mtime_ns)).encode())
        return digest.hexdigest()
    for _, rows in rows_of(opened, known, known.chunk_rows):
        digest.update(np.ascontiguousarray(rows).tobytes())
    return digest.hexdigest()


@contextmanager
def _stopping(parts: Parts) -> Iterator[None]:
    """Ctrl-C says what is kept; where nothing is done yet, nothing is left."""
    try:
        yield
    except KeyboardInterrupt:
        done = parts.done()
        if not done:
            parts.remove()
            raise
        raise KeyboardInterrupt(
            f"Stopped; {done:,} rows are done, and kept in {parts.folder}. The same command goes "
            "on there."
        ) from None


class _whole:
    """A temporary path that takes the place of ``path`` when all went well. It lies among the
    parts, so that nothing else is left where the program is killed."""

    def __init__(self, path: Path, temporary: Path) -> None:
        self.path, self.temporary = path, temporary

    def __enter__(self) -> Path:
        return self.temporary

    def __exit__(self, kind: Any, *_: Any) -> None:
        if kind is not None:
            self.temporary.unlink(missing_ok=True)
            return
        for each in (self.temporary, self.path.parent):
            handle = os.open(each, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
            if each == self.temporary:
                self.temporary.replace(self.path)


def _columns(model: FrozenModel, A: np.ndarray, probabilities: bool) -> Columns:
    predictions = model.decided(A)
    several = predictions.ndim == 2
    names = [str(name) for name in (model.classes if model.classes is not None else ())]
    found: Columns = {}
    if several:
        labels = names or [str(at) for at in range(1, predictions.shape[1] + 1)]
        for at, label in enumerate(labels):
            found[f"prediction_{label}"] = predictions[:, at]
    else:
        found["prediction"] = predictions
    if probabilities and model.task != "regression":
        # a single class is certain of itself; it has two columns, of which the first is its own
        for name, values in zip(names, model.probabilities(A).T, strict=False):
            found[f"probability_{name}"] = values
    return found


def _write_csv(path: Path, model: FrozenModel, parts: Parts, probabilities: bool) -> int:
    import csv

    rows = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        for n, columns in parts.columns(model, probabilities, VALUES["text"]):
            if not rows:
                writer.writerow(columns)
            writer.writerows(zip(*(_said(values) for values in columns.values()), strict=True))
            rows += n
    return rows


def _said(values: np.ndarray) -> list[Any]:
    """float32 in as few digits as tell it from its neighbours.

    In NumPy's own spelling: polars and pyarrow are three to four times as fast, but write others of
    small numbers (0.00001 or 1e-7), of whole ones and of NaN, and are not always there.
    """
    return [str(value) for value in values] if values.dtype == np.float32 else values.tolist()


def _write_npy(path: Path, model: FrozenModel, parts: Parts, probabilities: bool) -> int:
    first = np.load(parts.files()[0], mmap_mode="r")
    shape = (parts.done(), first.shape[1])
    descr = np.lib.format.dtype_to_descr(first.dtype)
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(
            file, {"descr": descr, "fortran_order": False, "shape": shape}
        )
        for A in parts.outputs(VALUES["binary"]):
            file.write(A.tobytes())
    return shape[0]


def _tables(model: FrozenModel, parts: Parts, probabilities: bool) -> Iterator[Any]:
    pa = arrow()
    for _, columns in parts.columns(model, probabilities, VALUES["binary"]):
        yield pa.table({name: pa.array(values) for name, values in columns.items()})


def _write_parquet(path: Path, model: FrozenModel, parts: Parts, probabilities: bool) -> int:
    from pyarrow.parquet import ParquetWriter

    rows, writer = 0, None
    try:
        for table in _tables(model, parts, probabilities):
            writer = writer or ParquetWriter(path, table.schema)
            writer.write_table(table)
            rows += table.num_rows
    finally:
        if writer:
            writer.close()
    return rows


def _write_arrow(path: Path, model: FrozenModel, parts: Parts, probabilities: bool) -> int:
    import pyarrow as pa

    rows, writer = 0, None
    try:
        for table in _tables(model, parts, probabilities):
            writer = writer or pa.ipc.new_file(str(path), table.schema)
            writer.write_table(table)
            rows += table.num_rows
    finally:
        if writer:
            writer.close()
    return rows


FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""A disk, or what one may have of it, is full."""

TABLES = (".parquet", ".arrow", ".feather")
"""What pyarrow writes."""

WRITERS: Mapping[str, Callable[[Path, FrozenModel, Parts, bool], int]] = {
    ".csv": _write_csv,
    ".parquet": _write_parquet,
    ".arrow": _write_arrow,
    ".feather": _write_arrow,
    ".npy": _write_npy,
}
