"""Rows to train on that need not fit into memory."""

import os
import secrets
import shutil
import tempfile
import weakref
from collections.abc import Collection, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import DataError, InvalidInputError, unknown_name
from chainrule.models.columns import Column
from chainrule.models.table import TableStep
from chainrule.streams.labels import ClassLabels, Labels, Values
from chainrule.streams.memory import held_rows, reading_room, window_rows
from chainrule.streams.spool import Spool, SpoolFacts, found_spool, write_spool
from chainrule.tables.block import ArrayBlock, ArrowBlock, Block
from chainrule.tables.encoding import encode
from chainrule.tables.named import delimiter_hint
from chainrule.tables.source import ArraySource, Source, open_source

__all__ = ["TrainingRows", "stream"]

Array = npt.NDArray[Any]

BLOCK_BYTES = 2**24
FEWEST, MOST = 64, 50_000
STAYS = {"uint8": "uint8", "float": "float32", "halffloat": "float32"}
"""Arrow's types that are trained on as they are, or nearly; others are float64."""


def stream(
    source: Any,
    target: str,
    *,
    columns: Sequence[str] | None = None,
    drop: Collection[str] = (),
    memory: str | int | float = "1GB",
    window_rows: int | None = None,
    cache: str | os.PathLike[str] | None = None,
    **options: Any,
) -> "TrainingRows":
    """Rows for ``fit``, from a file that may be larger than memory.

    ``net.fit(chainrule.stream("big.parquet", "label"))`` goes through the file once and writes its
    rows down as numbers (a spool), which take ``n_features`` times 8 bytes a row (4 where they are
    float32, or come from a preparation, 1 of bytes) and 4 or 8 for the target, on the disk. An
    epoch is then read in windows: blocks of rows in random order, as many as the memory takes, and
    the rows of these in random order; `chainrule.engine.windows` says it exactly. While one window
    is trained on, the next is read. If all rows fit into a window, the training is the one of the
    same rows as arrays, bit for bit. How the rows were cut is in the estimator's ``windows_``.

    The columns must be numbers without gaps. For other tables, begin a Pipeline with
    `chainrule.tables.transformer.TablePreparation`: it is fitted on the stream, and what comes out
    of it is what is written down.

    Parameters
    ----------
    source
        A path (.csv, .tsv, .parquet, .arrow, .feather, .npy, .npz), an array, or a pandas, polars
        or Arrow table.
    target
        The column to be predicted: of classes for a classifier, of numbers for a regressor. Rows
        without a value in it are left out (``left_out`` says how many).
    columns, drop
        The columns to predict from, and those to leave out; by default all but the target.
    memory
        What the process may take. 600 MB of it are for Python, JAX and the training of a small
        network, a tenth for the rows that are held out or looked at; the rest is for two windows.
    window_rows
        The rows of a window, to overrule what follows from the memory.
    cache
        A folder for the spool, where it stays and is found by the next process that wants the same
        rows of the same file (of an .npz, of the same array). By default it is in the system's
        folder of temporary files, and is removed with the object; a process that is killed leaves
        it there.
    options
        What the file takes, such as ``delimiter``.

    Raises
    ------
    DataError
        The source cannot be read, or lacks a column. When fitted: a value that is no number, with
        its row; a target of one class; a disk without the space; a file that has changed.
    InvalidInputError
        An amount of memory that is none, or too little.

    Examples
    --------
    >>> import numpy as np
    >>> import chainrule
    >>> table = np.column_stack([np.linspace(-1, 1, 300), np.arange(300) > 150])
    >>> rows = chainrule.stream(table, "x2")
    >>> net = chainrule.MLPClassifier((4,), solver="lbfgs", random_state=0).fit(rows)
    >>> net.classes_.tolist(), net.n_features_in_
    ([0, 1], 1)
    """
    opened = open_source(source, room=reading_room(memory), **options)
    for name in (target, *(columns or ()), *drop):
        if name not in opened.names:
            said = unknown_name("column", name, opened.names) + delimiter_hint(opened, [name])
            raise DataError(f"{opened.name}: {said}")
    chosen = [name for name in columns or opened.names if name != target and name not in drop]
    if not chosen:
        raise DataError(f"{opened.name}: required a column to predict from; none is left.")
    if window_rows is not None and window_rows < 1:
        raise InvalidInputError(f"window_rows: required 1 or more; came {window_rows!r}.")
    return TrainingRows(opened, target, tuple(chosen), memory, window_rows, cache)


class TrainingRows:
    """What `stream` gives.

    Attributes
    ----------
    source, target, names
        The opened source, the column to be predicted, and those to predict from.
    steps, columns
        The preparation, if there is one, and the columns that it takes.
    n_rows : int or None
        The rows of the source; None if only reading tells.
    """

    def __init__(
        self,
        source: Source,
        target: str,
        names: tuple[str, ...],
        memory: str | int | float,
        window_rows: int | None = None,
        cache: str | os.PathLike[str] | None = None,
        steps: tuple[TableStep, ...] = (),
    ) -> None:
        self.source, self.target, self.names = source, target, names
        self.memory, self.window_rows, self.cache = memory, window_rows, cache
        self.steps = steps
        self.n_rows = source.n_rows
        self._was = _state(source)
        self._token = secrets.token_hex(8)
        self._folder: Path | None = None
        self._remove: Any = None

    def __repr__(self) -> str:
        return f"<rows of {self.source.name} to predict {self.target!r} from>"

    def __array__(self, dtype: Any = None, copy: Any = None) -> Array:
        """What asks for an array, as the steps of scikit-learn do, is told that there is none."""
        raise InvalidInputError(
            f"{self.source.name}: rows that are streamed are no array. They are for the fit of an "
            "MLPClassifier or MLPRegressor, alone or in a Pipeline after a TablePreparation "
            "(chainrule.tables.transformer), which scales numbers and needs no other step. Leave "
            "other steps and models out, or give them rows in memory; to predict, give the file to "
            "chainrule.predict_batches."
        )

    def prepared(self, steps: tuple[TableStep, ...]) -> "TrainingRows":
        """The same rows after fitted steps, of which nothing is computed yet."""
        found = TrainingRows(
            self.source, self.target, self.names, self.memory, self.window_rows, self.cache, steps
        )
        found._was = self._was
        found.n_rows = self.n_rows
        return found

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that are read."""
        if self.steps:
            return self.steps[0].columns
        return tuple(Column(name, "number") for name in self.names)

    def spooled(self, classes: bool, dtypes: Sequence[str]) -> Spool:
        """The rows as numbers on the disk, written down if they are not yet.

        ``classes`` says whether the target is one; rows of one of the floating types ``dtypes``
        keep it, bytes stay bytes, and others become the first.
        """
        self._unchanged()
        folder = self._place() / f"spool-{self._digest(classes, dtypes)}"
        facts = found_spool(folder) or self._written(folder, classes, dtypes)
        stored = facts.n_features * np.dtype(facts.dtype).itemsize
        row_bytes = stored + np.dtype(facts.target_dtype).itemsize
        rows = self.window_rows or window_rows(self.memory, row_bytes)
        named = not self.steps and not isinstance(self.source, ArraySource)
        return Spool(
            folder, facts, self.names if named else None, rows, held_rows(self.memory, row_bytes)
        )

    def close(self) -> None:
        """Remove what was written to a folder of temporary files."""
        if self._remove is not None:
            self._remove()
            self._folder = self._remove = None

    def _written(self, folder: Path, classes: bool, dtypes: Sequence[str]) -> SpoolFacts:
        labels = self._labels(classes)
        kind = _Kind(tuple(dtypes), self.steps)
        n_out = self.steps[-1].n_out if self.steps else len(self.names)
        item = 4 if self.steps or "float64" not in dtypes else 8
        rows = _about_rows(self.source)
        about = None if rows is None else rows * (n_out * item + np.dtype(labels.dtype).itemsize)
        if kind.bytes_possible(self.source):
            about = None  # the first block tells whether a value takes one byte
        blocks = self._blocks(labels, kind, n_out)
        return write_spool(folder, blocks, labels, lambda: kind.dtype, about, self._unchanged)

    def _labels(self, classes: bool) -> Labels:
        return (ClassLabels if classes else Values)(self.source.name, self.target)

    def _blocks(self, labels: Labels, kind: "_Kind", n_out: int) -> Iterator[tuple[Array, Array]]:
        columns = self.columns
        names = [column.name for column in columns]
        width = 8 * (len(names) + n_out + 1)
        rows = int(np.clip(BLOCK_BYTES // width, FEWEST, MOST))
        for block in self.source.blocks(rows, columns=[*names, self.target]):
            known, y = labels.encoded(block)
            kind.see(block, names)
            X = _numbers(block, columns)[known]
            if self.steps:
                for step in self.steps:
                    X = step(X)
            else:
                self._check(X, block, known)
            with np.errstate(over="ignore"):
                typed = X.astype(kind.dtype, copy=False)
            if typed.dtype.kind == "f" and not np.isfinite(typed).all():
                raise DataError(
                    f"{self.source.name}: a value between rows {block.start + 1} and "
                    f"{block.start + block.n_rows} is too large for {kind.dtype}. Scale the "
                    "columns, or use dtype='float64'."
                )
            yield typed, y

    def _check(self, X: Array, block: Block, known: Array) -> None:
        """Whether each value is a number."""
        if X.dtype.kind != "f" or np.isfinite(X).all():
            return
        row, column = np.argwhere(~np.isfinite(X))[0]
        at = block.start + int(np.flatnonzero(known)[row]) + 1
        raise DataError(
            f"{self.source.name}: column {self.names[column]!r}, row {at}: required a finite "
            "number, and it is missing or infinite. Begin a Pipeline with TablePreparation, which "
            "fills gaps, or leave the column out (drop=...)."
        )

    def _unchanged(self) -> None:
        if _state(self.source) != self._was:
            raise DataError(
                f"{self.source.name} has changed since it was opened. Open it again: "
                "chainrule.stream(...)."
            )

    def _digest(self, classes: bool, dtypes: Sequence[str]) -> str:
        """A name for these rows, of this file, treated so; of what is no file, of this object."""
        what = (
            str(Path(self.source.name).absolute()) if self._was else self._token,
            self._was,
            getattr(self.source, "delimiter", None),
            getattr(self.source, "encoding", None),
            getattr(self.source, "header", None),
            getattr(self.source, "missing", None),
            getattr(self.source, "within", None),
            self.target,
            self.names,
            classes,
            tuple(dtypes),
            self.steps,
            *self._more(),
        )
        return sha256(repr(what).encode()).hexdigest()[:32]

    def _more(self) -> tuple[object, ...]:
        """What else tells these rows from others."""
        return ()

    def _place(self) -> Path:
        if self.cache is not None:
            return Path(self.cache)
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="chainrule-"))
            self._remove = weakref.finalize(self, shutil.rmtree, self._folder, True)
        return self._folder


class _Kind:
    """The type that features are written down in."""

    def __init__(self, dtypes: tuple[str, ...], steps: tuple[TableStep, ...]) -> None:
        self.dtypes, self.steps, self.dtype = dtypes, steps, ""

    def see(self, block: Block, names: Sequence[str]) -> None:
        """The first block tells."""
        if self.dtype:
            return
        found = self.steps[-1].dtype if self.steps else _stored(block, names)
        self.dtype = found if found in (*self.dtypes, "uint8") else self.dtypes[0]

    def bytes_possible(self, source: Source) -> bool:
        return not self.steps and source.n_rows is not None  # a file of text has none


def _stored(block: Block, names: Sequence[str]) -> str:
    if isinstance(block, ArrayBlock):
        name = block.array.dtype.name
        return "float32" if name == "float16" else name
    if isinstance(block, ArrowBlock):
        kinds = {str(block.batch.schema.field(name).type) for name in names}
        if len(kinds) == 1:
            return STAYS.get(kinds.pop(), "float64")
    return "float64"


def _numbers(block: Block, columns: Sequence[Column]) -> Array:
    if isinstance(block, ArrayBlock) and block.array.dtype == np.uint8:
        return block.array[:, [block.names.index(column.name) for column in columns]]
    return encode(block, columns)


def _state(source: Source) -> tuple[int, int] | None:
    """Size and time of a source's file; None of what is no file."""
    path = getattr(source, "path", None) or Path(source.name)
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def _about_rows(source: Source) -> int | None:
    """How many rows there are; of a file of text by the length of its first lines."""
    if source.n_rows is not None:
        return source.n_rows
    path = getattr(source, "path", None)
    if path is None:
        return None
    with Path(path).open("rb") as file:
        first = file.read(2**20)
    return int(Path(path).stat().st_size * first.count(b"\n") / max(len(first), 1))
