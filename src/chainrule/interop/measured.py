"""The rows that a header's arithmetic is measured on, and their truth where it is there."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import DataError, quoted
from chainrule.models.frozen import FrozenModel
from chainrule.streams.predict import opened_for, rows_of
from chainrule.streams.truth import image_labels, rows_and_truth
from chainrule.tables.folder import printable
from chainrule.tables.images import ImageSource
from chainrule.tables.source import Source

__all__ = ["MeasuredRows", "measured_rows"]

Array = npt.NDArray[Any]

BLOCK = 1 << 16


@dataclass(frozen=True)
class MeasuredRows:
    """Rows ``X`` ``(n, n_in)`` as the model takes them, and their labels or numbers ``y`` ``(n,)``;
    None where they are not there, and ``remark`` says why, or what was left out."""

    X: Array
    y: Array | None = None
    remark: str = ""


def measured_rows(
    model: FrozenModel, file: str | os.PathLike[str], target: str | None, **options: Any
) -> MeasuredRows:
    """All rows of a file or of a folder of images, read once; rows without a truth are left out
    where others have one.

    Raises
    ------
    DataError
        The file cannot be read, lacks a column or has no rows; or the truth of a row is a class
        that the model does not know.
    """
    source = opened_for(model, file, **options)
    measure = "RMSE" if model.task == "regression" else "accuracy"
    if model.task == "multilabel" or (model.task == "regression" and model.sizes[-1] > 1):
        return _without(model, source, f"No {measure}: a row has several answers.")
    if isinstance(source, ImageSource):
        return _of_images(model, source)
    if target is None:
        why = f"No {measure}: the model does not say which column has the truth."
        return _without(model, source, why)
    if target not in source.names:
        why = f"No {measure}: {source.name} has no column {quoted(target)}."
        return _without(model, source, why)
    parts = list(rows_and_truth(source, model, target, BLOCK))
    X, truth = _joined(source, [part for part, _ in parts]), np.concatenate([y for _, y in parts])
    known = ~np.isnan(truth)
    if not known.any():
        why = f"No {measure}: no row has a value for {quoted(target)}."
        return MeasuredRows(X, None, why)
    left_out = int(np.sum(~known))
    remark = f"Rows without {quoted(target)}, left out: {left_out:,}." if left_out else ""
    y = truth[known]
    if model.classes is None:
        return MeasuredRows(X[known], y, remark)
    return MeasuredRows(X[known], model.classes[y.astype(int)], remark)


def _of_images(model: FrozenModel, source: ImageSource) -> MeasuredRows:
    """Sub-folders are the truth, if all of them are classes that the model knows."""
    classes = [] if model.classes is None else model.classes.tolist()
    places = {str(label): at for at, label in enumerate(classes)}
    labels = image_labels(source)
    known = {name: label for name, label in zip(source.files, labels, strict=True) if label}
    if model.classes is None or not known or not set(known.values()) <= set(places):
        name = printable(source.name)
        why = f"No accuracy: the sub-folders of {name} are not the model's classes."
        return _without(model, source, why)
    left_out = len(labels) - len(known)
    remark = f"Images outside of a class's folder, left out: {left_out:,}." if left_out else ""
    source.keep(list(known))
    y = model.classes[[places[label] for label in known.values()]]
    return MeasuredRows(_all(model, source), y, remark)


def _without(model: FrozenModel, source: Source, why: str) -> MeasuredRows:
    return MeasuredRows(_all(model, source), None, why)


def _all(model: FrozenModel, source: Source) -> Array:
    return _joined(source, [rows for _, rows in rows_of(source, model, BLOCK)])


def _joined(source: Source, parts: Sequence[Array]) -> Array:
    if not parts:
        raise DataError(f"{source.name} has no rows to measure on.")
    return np.concatenate(parts)
