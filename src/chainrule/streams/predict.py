"""Predictions for more rows than memory holds."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Full, Queue
from threading import Event, Thread
from typing import Any, TypeVar

import numpy.typing as npt

from chainrule.errors import DataError, InvalidInputError, ModelFileError, quoted
from chainrule.files.light import load_frozen
from chainrule.models.columns import Column
from chainrule.models.frozen import FrozenModel, freeze
from chainrule.models.table import TableStep
from chainrule.streams.memory import block_rows, reading_room
from chainrule.tables.encoding import encoded
from chainrule.tables.images import ImageSource
from chainrule.tables.named import delimiter_hint
from chainrule.tables.source import ArraySource, Source, is_text, open_source

__all__ = [
    "Batch",
    "ahead",
    "columns_of",
    "frozen",
    "model_path",
    "opened_for",
    "predict_batches",
    "rows_of",
    "taken_columns",
]

Array = npt.NDArray[Any]
Item = TypeVar("Item")

LARGE_WORK = 2e10
"""Multiply-adds up to which NumPy has done it before a program would be there."""

AHEAD = 1
"""Blocks that are read while one is computed."""


@dataclass(frozen=True, eq=False)
class Batch:
    """What the model says of some rows, the first of which is row ``start`` of the source, from 0.

    ``outputs`` ``(n, n_out)`` are the network's.
    """

    start: int
    outputs: Array
    model: FrozenModel

    @property
    def predictions(self) -> Array:
        """Labels ``(n,)`` (``(n, n_labels)`` where there are several), or values."""
        return self.model.decided(self.outputs)

    @property
    def probabilities(self) -> Array:
        """The probability of each class ``(n, n_classes)``."""
        return self.model.probabilities(self.outputs)


def predict_batches(
    model: Any,
    source: Any,
    *,
    memory: str | int | float = "1GB",
    start: int = 0,
    **options: Any,
) -> Iterator[Batch]:
    """Predictions for the rows of a source, a block at a time, the next being read meanwhile.

    Parameters
    ----------
    model
        The path of a model file or of a run's folder, or a fitted estimator or Pipeline.
    source
        A path (.csv, .tsv, .parquet, .arrow, .feather, .npy, .npz), an array, or a pandas, polars
        or Arrow table. Columns are found by name, in any order and among others, where the model
        was trained with names. For a model file that was trained on images also a folder of
        images, of any depth, in the order of their paths, or an image.
    memory
        What the process may take; blocks are made to fit. A Parquet or Arrow file whose columns do
        not fit side by side is read by way of a temporary file.
    start
        The first row, from 0.
    options
        What the file takes, such as ``delimiter``; of images ``skip_damaged=True``, which leaves
        out those that cannot be read. Of a file of text the texts that stand for a value that is
        not there are by default those that the model file names, if it names any.

    Yields
    ------
    Batch
        Its answers do not depend on ``memory``, not in a bit: what is computed together is always
        the same rows.

    Raises
    ------
    DataError
        The source cannot be read, or lacks a column, or a value is of another kind; or the disk has
        no space for a temporary file.
    ModelFileError
        The model file is damaged or too new.

    Examples
    --------
    >>> import numpy as np
    >>> import chainrule
    >>> X = np.linspace(-1, 1, 200).reshape(-1, 1)
    >>> net = chainrule.MLPRegressor(solver="lbfgs", random_state=0).fit(X, X.ravel() ** 2)
    >>> batches = chainrule.predict_batches(net, X)
    >>> np.concatenate([batch.predictions for batch in batches]).shape
    (200,)
    """
    known = frozen(model)
    opened = opened_for(known, source, memory, **options)
    rows = block_rows(known, memory)
    if start % known.chunk_rows:
        raise InvalidInputError(
            f"Required a start that is a multiple of {known.chunk_rows}, the rows that this model "
            f"computes together; came {start}."
        )
    outputs = _compiled(known) if _is_large(known, opened) else known.outputs
    return _batches(known, outputs, rows_of(opened, known, rows, start))


def _batches(
    model: FrozenModel, outputs: Callable[[Array], Array], rows: Iterator[tuple[int, Array]]
) -> Iterator[Batch]:
    for at, X in ahead(rows):
        yield Batch(at, outputs(X), model)


def _is_large(model: FrozenModel, source: Source) -> bool:
    """Whether a program is worth its compilation (and importing jax); of the source as a whole, so
    that it does not depend on how it is cut."""
    rows = source.n_rows
    if rows is None:  # a file of text
        rows = Path(source.name).stat().st_size // (8 * len(source.names))
    return rows * sum(layer.W.size for layer in model.layers) > LARGE_WORK


def _compiled(model: FrozenModel) -> Callable[[Array], Array]:
    from chainrule.engine.predict import outputs

    def compute(X: Array) -> Array:
        rows = model.prepared(X)
        return outputs(model.layers, model.activations, rows, compiled=True)

    return compute


def opened_for(
    model: FrozenModel, source: Any, memory: str | int | float = "1GB", **options: Any
) -> Source:
    """The source, read as the model's file says: images as they were trained on, and in a file of
    text the same texts for what is missing, unless ``options`` say others."""
    if model.missing is not None and is_text(source):
        options = {"missing": model.missing, **options}
    return open_source(source, image=model.image, room=reading_room(memory), **options)


def frozen(model: Any) -> FrozenModel:
    """The model as arrays, from a path or an estimator."""
    if isinstance(model, str | os.PathLike):
        return load_frozen(model_path(model))[0]
    return freeze(model)


def model_path(given: str | os.PathLike[str]) -> Path:
    """The model file that a path means: itself, or the one in a run's folder.

    Raises
    ------
    ModelFileError
        There is no such file.
    """
    path = Path(given)
    file = path / "model.safetensors" if path.is_dir() else path
    if not file.exists():
        raise ModelFileError(
            f"{file} does not exist. Required the path of a model file, or of the folder of a run "
            "that has ended."
        )
    return file


def columns_of(model: FrozenModel) -> tuple[Column, ...] | None:
    """The columns of a table that the model takes; None where it was trained without names."""
    if model.steps and isinstance(model.steps[0], TableStep):
        return model.steps[0].columns
    if model.feature_names is None:
        return None
    return tuple(Column(name, "number") for name in model.feature_names)


def rows_of(
    source: Source, model: FrozenModel, rows: int, start: int = 0
) -> Iterator[tuple[int, Array]]:
    """The source's rows as the model takes them, in blocks, and the number of each first row."""
    if isinstance(source, ImageSource):
        if source.image != model.image:
            raise InvalidInputError(
                f"Required images as the model was trained on, {model.image}; came others, "
                f"{source.image}."
            )
        return source.rows(rows, start)
    return encoded(source, taken_columns(source, model), rows, start)


def taken_columns(
    source: Source, model: FrozenModel, target: str | None = None
) -> tuple[Column, ...]:
    """The columns that the model takes, by their names in the source.

    Without names, on one side or the other, columns are taken in their order, but for the
    ``target``; their number must then be right.
    """
    columns = columns_of(model)
    features = getattr(source, "features", source.names)  # of an .npz without its y
    names = [name for name in features if name != target]
    unnamed = isinstance(source, ArraySource) and len(names) == model.n_in
    if columns is None or (unnamed and not set(source.names) >= {c.name for c in columns}):
        if len(names) != model.n_in:
            beside = "" if target is None else f" beside {quoted(target)}"
            raise DataError(
                f"{source.name}: required {model.n_in} columns{beside}, as the model was trained "
                f"with; came {len(names)}.{_wrong_count(model, source, len(names))}"
            )
        kinds = columns or (Column("", "number"),) * model.n_in
        columns = tuple(
            Column(name, kind.kind, kind.levels) for name, kind in zip(names, kinds, strict=True)
        )
    return columns


def _wrong_count(model: FrozenModel, source: Source, came: int) -> str:
    """What to do where a source has another number of columns than a model without names takes."""
    return " Leave the others out." if came > model.n_in else delimiter_hint(source, ())


def ahead(items: Iterator[Item]) -> Iterator[Item]:
    """The items, the next being made in a thread of its own while one is used."""
    queue: Queue[Any] = Queue(AHEAD)
    done, stop = object(), Event()

    def put(item: Any) -> None:
        while not stop.is_set():
            try:
                queue.put(item, timeout=0.1)
            except Full:  # look whether anybody still wants it
                continue
            return

    def fill() -> None:
        try:
            for item in items:
                put(item)
                if stop.is_set():
                    return
            put(done)
        except BaseException as error:
            put(error)

    thread = Thread(target=fill, daemon=True)
    thread.start()
    try:
        while (item := queue.get()) is not done:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()
        thread.join()
