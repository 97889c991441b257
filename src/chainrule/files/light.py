"""A model file without its estimator: to predict with NumPy alone, or only to look at.

Neither jax nor scikit-learn is imported.
"""

import os
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.equations.network import Layer
from chainrule.files import text, transformers, values
from chainrule.files.header import MLP, Header, Pipeline
from chainrule.files.limits import MAX_MODEL_BYTES
from chainrule.files.prepared import PreparedRecord, TableRecord
from chainrule.files.reading import opened, read, read_header
from chainrule.files.rebuild import arrays_of, classes_of
from chainrule.files.refusal import refuse, shown
from chainrule.models.frozen import FrozenModel, Task
from chainrule.models.steps import Step

__all__ = ["load_frozen", "load_header"]

Arrays = dict[str, npt.NDArray[Any]]
TASKS: dict[str, Task] = {
    "binary": "binary",
    "multiclass": "multiclass",
    "multilabel-indicator": "multilabel",
}


def load_header(path: str | os.PathLike[str], *, max_bytes: int = MAX_MODEL_BYTES) -> Header:
    """What a model file says of itself; its arrays are not read.

    Raises
    ------
    ModelFileError
        The file is not a model file, is damaged, or is of a newer format.
    """
    with opened(path, max_bytes) as (stream, size):
        return read_header(stream, size)[1]


def load_frozen(
    path: str | os.PathLike[str], *, max_bytes: int = MAX_MODEL_BYTES
) -> tuple[FrozenModel, Header]:
    """The model of a file as arrays, which predict what the loaded estimator does (to rounding),
    and the file's header.

    Raises
    ------
    ModelFileError
        The file is not a model file, is damaged, or is of a newer format.
    """
    with opened(path, max_bytes) as (stream, size):
        header, arrays = read(stream, size)
        model = _frozen(header.model, header.network, arrays)
        about = header.about
        if about is not None and about.image is not None:
            model = replace(model, image=about.image.made())
        if about is not None and about.missing is not None:
            model = replace(model, missing=tuple(about.missing))
        return model, header


def _frozen(model: MLP | Pipeline, network: MLP, arrays: Arrays) -> FrozenModel:
    steps: list[Step] = []
    for number, record in enumerate(model.steps if isinstance(model, Pipeline) else (), 1):
        steps += transformers.frozen(record, arrays_of(number, arrays))
    numbers = range(1, len(network.network.sizes))
    labels = network.labels
    return FrozenModel(
        task="regression" if labels is None else TASKS[labels.y_type],
        layers=tuple(Layer(arrays[f"W{number}"], arrays[f"b{number}"]) for number in numbers),
        activations=tuple(network.network.activations),
        steps=tuple(steps),
        input_scale=_input_scale(network),
        classes=None if labels is None else classes_of(labels, arrays),
        feature_names=_feature_names(model, arrays),
    )


def _input_scale(network: MLP) -> float | None:
    scale = values.decode(network.params.get("input_scale"), "input_scale")
    if scale is None:
        return None
    number = isinstance(scale, int | float | np.number) and not isinstance(scale, bool)
    if not number or not np.isfinite(scale) or scale <= 0:
        refuse("a positive number for the parameter 'input_scale'", shown(scale))
    return float(scale)


def _feature_names(model: MLP | Pipeline, arrays: Arrays) -> tuple[str, ...] | None:
    """The names of the columns that come in first."""
    first: Any = model.steps[0] if isinstance(model, Pipeline) and model.steps else None
    if first is None:
        first = model.network if isinstance(model, Pipeline) else model
        prefix = ""
    else:
        prefix = "step1."
    if isinstance(first, PreparedRecord) and isinstance(first.steps[0], TableRecord):
        return tuple(map(str, text.unpack(arrays, f"{prefix}1.names", 0)))
    if not first.feature_names:
        return None
    return tuple(map(str, text.unpack(arrays, f"{prefix}feature_names", 0)))
