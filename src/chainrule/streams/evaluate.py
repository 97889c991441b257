"""How right a model is on rows that have the truth, of any number."""

import os
from typing import Any

import numpy as np

from chainrule.errors import DataError, InvalidInputError, listed
from chainrule.models.frozen import FrozenModel
from chainrule.streams.memory import block_rows
from chainrule.streams.predict import ahead, columns_of, frozen, opened_for
from chainrule.streams.truth import image_labels, rows_and_truth, target_of
from chainrule.tables.folder import printable
from chainrule.tables.images import ImageSource
from chainrule.tables.named import delimiter_hint, some_names

__all__ = ["evaluate"]


def evaluate(
    model: str | os.PathLike[str] | Any,
    source: Any,
    *,
    target: str | None = None,
    memory: str | int | float = "1GB",
    **options: Any,
) -> dict[str, float | int]:
    """The model's metrics on the rows of a source.

    Of a classifier ``accuracy`` and ``log_loss`` (the mean of -log of the true class's
    probability); of a regressor ``r2``, ``rmse`` and ``mae``. ``rows`` are those with a truth, and
    ``left_out`` those without. Of a folder of images, the sub-folders are the truth.

    Parameters
    ----------
    model, source, memory, options
        As `predict_batches` has them.
    target
        The column with the truth; by default the one that the model file names.

    Raises
    ------
    DataError
        There is no such column, or it (or a sub-folder) is a class that the model does not know.
    """
    known = frozen(model)
    opened = opened_for(known, source, memory, **options)
    if isinstance(opened, ImageSource):
        if target is not None:
            raise InvalidInputError(
                f"{opened.name}: the sub-folders of a folder of images are the truth; came the "
                f"column {target!r}. Leave it out (--target)."
            )
        return _of_images(known, opened, memory)
    if target is None:
        target = target_of(model)
    if target is None or target not in opened.names:
        came = "none is named" if target is None else f"there is no {target!r}"
        wanted = [target or "", *(column.name for column in columns_of(known) or ())]
        raise DataError(
            f"{opened.name}: required the column with the truth, and {came}. Name it (--target); "
            f"the table has {some_names(opened)}.{delimiter_hint(opened, wanted)}"
        )
    if known.task == "multilabel" or (known.task == "regression" and known.sizes[-1] > 1):
        what = "labels" if known.task == "multilabel" else "numbers"
        raise InvalidInputError(
            f"The model predicts {known.sizes[-1]} {what} a row, whose truth is in several "
            "columns; this compares one. Use chainrule.predict_batches, and a metric of "
            "scikit-learn."
        )
    found = _Sums()
    for X, y in ahead(rows_and_truth(opened, known, target, block_rows(known, memory))):
        have = ~np.isnan(y)
        found.left_out += int(np.sum(~have))
        # sums over the same rows, whatever the memory: equal in the last bit
        for at in range(0, len(X), known.chunk_rows):
            rows = slice(at, at + known.chunk_rows)
            if have[rows].any():
                found.take(known, X[rows][have[rows]], y[rows][have[rows]].astype(np.float64))
    return found.metrics(known, opened.name)


def _of_images(
    model: FrozenModel, source: ImageSource, memory: str | int | float
) -> dict[str, float | int]:
    if model.classes is None or model.task == "multilabel":
        raise InvalidInputError(
            f"Sub-folders say which one class each image is of; the model's task is {model.task}."
        )
    places = {str(label): at for at, label in enumerate(model.classes.tolist())}
    truth = image_labels(source)
    for label in dict.fromkeys(truth):
        if label is not None and label not in places:
            raise DataError(
                f"{source.name}: required sub-folders that are classes which the model knows, "
                f"{listed(places, 20)}; came {printable(label)!r}. If the classes lie "
                "below it, give its path."
            )
    found = _Sums()
    found.left_out = truth.count(None) + len(source.skipped)
    if found.left_out == len(truth) + len(source.skipped):
        raise DataError(
            f"{source.name}: required a sub-folder for each class, whose name is the truth of the "
            "images in it; came images outside of any."
        )
    source.keep([name for name, label in zip(source.files, truth, strict=True) if label])
    y = np.array([places[label] for label in truth if label is not None])
    for start, X in ahead(source.rows(block_rows(model, memory))):
        for at in range(0, len(X), model.chunk_rows):
            part = X[at : at + model.chunk_rows]
            found.take(model, part, y[start + at :][: len(part)].astype(np.float64))
    return found.metrics(model, source.name)


class _Sums:
    """Sums over rows, so that any number of them takes the same memory."""

    def __init__(self) -> None:
        self.rows = self.left_out = 0
        self.right = self.losses = self.absolute = self.squared = 0.0
        self.mean = self.scatter = 0.0  # of the truth, by Welford's update for blocks

    def take(self, model: FrozenModel, X: np.ndarray, y: np.ndarray) -> None:
        """Count some rows in."""
        A = model.outputs(X)
        if model.task == "regression":
            errors = model.decided(A).astype(np.float64) - y
            self.absolute += float(np.abs(errors).sum())
            self.squared += float(np.square(errors).sum())
            step = y.mean() - self.mean
            total = self.rows + len(y)
            self.scatter += float(np.square(y - y.mean()).sum())
            self.scatter += float(step**2 * self.rows * len(y) / total)
            self.mean += float(step * len(y) / total)
        else:
            P = model.probabilities(A).astype(np.float64)
            own = P[np.arange(len(y)), y.astype(int)]
            said = P.argmax(axis=1) if model.task == "multiclass" else P[:, 1] > 0.5
            self.right += float(np.sum(said == y))
            self.losses += float(-np.log(np.maximum(own, np.finfo(float).tiny)).sum())
        self.rows += len(y)

    def metrics(self, model: FrozenModel, name: str) -> dict[str, float | int]:
        """The means."""
        if not self.rows:
            raise DataError(f"{name}: no row has the truth.")
        found: dict[str, float | int] = {"rows": self.rows, "left_out": self.left_out}
        if model.task == "regression":
            r2 = 1 - self.squared / self.scatter if self.scatter else float("nan")
            return found | {
                "r2": r2,
                "rmse": float(np.sqrt(self.squared / self.rows)),
                "mae": self.absolute / self.rows,
            }
        return found | {"accuracy": self.right / self.rows, "log_loss": self.losses / self.rows}
