"""What is true of the rows that a model is measured on, read together with them."""

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import DataError, listed, quoted
from chainrule.files.light import load_header
from chainrule.models.columns import Column
from chainrule.models.frozen import FrozenModel
from chainrule.streams.predict import model_path, taken_columns
from chainrule.tables.block import level_of
from chainrule.tables.encoding import TRUTH, check_columns, check_texts, encode
from chainrule.tables.images import ImageSource
from chainrule.tables.source import Source

__all__ = ["image_labels", "rows_and_truth", "target_of"]

Array = npt.NDArray[Any]


def target_of(model: Any) -> str | None:
    """The column that a model was trained to predict, if it is a path and its file names one."""
    if not isinstance(model, str | os.PathLike):
        return None
    about = load_header(model_path(model)).about
    return about.target if about else None


def rows_and_truth(
    source: Source, model: FrozenModel, target: str, rows: int
) -> Iterator[tuple[Array, Array]]:
    """The source's rows as the model takes them, in blocks, and the truth of each ``(n,)``: the
    place of its class, or a number; NaN where the column ``target`` has no value.

    Raises
    ------
    DataError
        A column that is missing, or a class that the model does not know.
    """
    columns = taken_columns(source, model, target)
    check_columns(source, columns)
    check_texts(source, columns)
    truth = _truth(model, target)
    for block in source.blocks(rows, columns=[*(column.name for column in columns), target]):
        y = encode(block, [truth])[:, 0]
        if truth.kind == "category" and (strange := np.flatnonzero(y == len(truth.levels))).size:
            raise DataError(
                f"{source.name}: column {quoted(target)}, row {block.start + int(strange[0]) + 1}: "
                "required one of the classes that the model knows, "
                f"{listed(truth.levels, 20)}."
            )
        yield encode(block, columns, source.name), y


def _truth(model: FrozenModel, target: str) -> Column:
    if model.task == "regression":
        return Column(target, "number")
    assert model.classes is not None
    if model.classes.dtype == bool:
        known = tuple(TRUTH[value] for value in model.classes.tolist())  # one of the two, perhaps
        return Column(target, "category", known)
    numbers = model.classes.dtype.kind in "iuf"
    levels = [level_of(x) if numbers else str(x) for x in model.classes.tolist()]
    return Column(target, "category", tuple(levels))


def image_labels(source: ImageSource) -> list[str | None]:
    """The sub-folder of each image, which names its class; None of those outside of any, and of a
    single image, whose name is a path."""
    return [name.split("/")[0] if "/" in name else None for name in source.files]
