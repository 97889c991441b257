"""A trained network as a Python script of its own, for people who do not have Chainrule.

The script is made from a template (``templates/script.py.j2``), the weights lie beside it in a
``.safetensors`` file. Nothing of the model becomes code but names and numbers that are written as
Python literals.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import InvalidInputError, ModelFileError
from chainrule.files.atomic import write_bytes
from chainrule.files.light import load_header
from chainrule.interop.script_table import table_arrays
from chainrule.models import Affine, Bounds, Fill, FrozenModel, Projection, Step, freeze
from chainrule.models.table import TableStep
from chainrule.templates import environment

__all__ = ["write_script"]

Array = npt.NDArray[Any]

ACTIVATIONS: Mapping[str, str] = {
    "identity": "Z",
    "logistic": "torch.sigmoid(Z)",
    "tanh": "torch.tanh(Z)",
    "relu": "torch.relu(Z)",
    "leaky_relu": "nn.functional.leaky_relu(Z, 0.01)",
    "elu": "nn.functional.elu(Z)",
    "selu": "torch.selu(Z)",
    "gelu": "nn.functional.gelu(Z)",
    "silu": "nn.functional.silu(Z)",
    "softplus": "nn.functional.softplus(Z, threshold=40)",
    "mish": "nn.functional.mish(Z)",
    "exp": "torch.exp(Z)",
    "softmax": "torch.softmax(Z, dim=1)",
}
"""PyTorch's code of each activation, from ``Z``."""

PRINTED = {
    "binary": "the label",
    "multiclass": "the label",
    "multilabel": "a 1 or 0 for each label",
    "regression": "the prediction",
}


def write_script(model: Any, path: str | os.PathLike[str]) -> tuple[Path, Path]:
    """Write a stand-alone PyTorch script, and its weights beside it.

    The script defines the network in plain code, loads the weights, and has ``predict(X)`` (and
    for classifiers ``predict_proba(X)``), labels and preparation included; ``python net.py
    rows.npy`` prints the predictions. It needs PyTorch, safetensors and NumPy, and not Chainrule.

    Of a model of a table the rows are numbers: of a category the place of its level in the
    script's ``LEVELS``, of a date the seconds since the beginning of 1970, UTC, and NaN where
    something is missing.

    Parameters
    ----------
    model
        A fitted ``MLPClassifier`` or ``MLPRegressor``, a scikit-learn Pipeline that ends in one,
        or a `chainrule.models.FrozenModel`.
    path
        Where the script goes; it ends in ``.py``. The weights go to the same name with
        ``.safetensors``. Files there are replaced, each all or nothing.

    Returns
    -------
    (pathlib.Path, pathlib.Path)
        The script and the weights.

    Raises
    ------
    InvalidInputError
        The path does not end in ``.py``, a model file has the name that the weights would get, or
        the model is not one of ours or not fitted.
    """
    script = Path(path)
    if script.suffix != ".py":
        raise InvalidInputError(f"Required a path that ends in .py, came {str(path)!r}.")
    weights = script.with_suffix(".safetensors")
    if weights.exists() and _is_model(weights):
        raise InvalidInputError(
            f"{weights} is a model file, and would be replaced by the script's bare weights. "
            "Choose another name or folder."
        )
    frozen = freeze(model)
    classes = _literals(frozen.classes)
    parts = [_part(number, step) for number, step in enumerate(frozen.steps, 1)]
    text = _template().render(
        sizes=frozen.sizes,
        task=frozen.task,
        printed=PRINTED[frozen.task],
        usage="this_file.py rows.npy" + ("" if classes is None else " [--probabilities]"),
        n_in=frozen.n_in,
        n_columns=2 if frozen.task == "binary" else frozen.sizes[-1],
        classes=classes,
        columns=None if frozen.feature_names is None else list(frozen.feature_names),
        **_table(frozen),
        dtype=frozen.layers[0].W.dtype.name,
        steps=parts,
        layers=_layers(frozen),
        input_scale=None if frozen.input_scale is None else float(frozen.input_scale),
        output=ACTIVATIONS[frozen.activations[-1]],
    )
    write_bytes(weights, _weights(frozen, parts))
    write_bytes(script, text.encode("utf-8"))
    return script, weights


def _is_model(path: Path) -> bool:
    try:
        load_header(path)
    except ModelFileError:
        return False
    return True


def _table(model: FrozenModel) -> dict[str, Any]:
    """What the script says of a table: its categories and dates, and how far its numbers go."""
    step = model.steps[0] if model.steps else None
    if not isinstance(step, TableStep):
        return {"kinds": None, "levels": None, "bound": None, "farthest": None}
    return {
        "kinds": [column.kind for column in step.columns],
        "levels": {c.name: list(c.levels) for c in step.columns if c.kind == "category"},
        "bound": None if np.isinf(step.bound) else repr(float(step.bound)),
        "farthest": repr(step.farthest()),
    }


def _literals(classes: Array | None) -> list[Any] | None:
    """The labels as Python writes them."""
    if classes is None:
        return None
    found: list[Any] = classes.tolist()
    if strange := [each for each in found if type(each) not in (bool, float, int, str)]:
        raise InvalidInputError(
            "Required labels that are strings, numbers or truth values; came one of type "
            f"{type(strange[0]).__name__}. Fit with such labels, for example their str()."
        )
    return found


@dataclass(frozen=True)
class _Buffer:
    name: str
    array: Array

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    @property
    def dtype(self) -> str:
        return self.array.dtype.name


@dataclass(frozen=True)
class _Part:
    """A preparing step: its line of code, and the arrays that this reads."""

    code: str
    buffers: tuple[_Buffer, ...] = ()


def _part(number: int, step: Step) -> _Part:
    def buffer(name: str, array: Array) -> _Buffer:
        return _Buffer(f"{name}{number}", np.ascontiguousarray(array, np.float64))

    if number == 1 and isinstance(step, TableStep):
        arrays = table_arrays(step)
        return _Part("X = self.table(X)", tuple(_Buffer(*each) for each in arrays.items()))
    if isinstance(step, Affine):
        shift, scale = buffer("shift", step.shift), buffer("scale", step.scale)
        return _Part(f"X = (X - self.{shift.name}) / self.{scale.name}", (shift, scale))
    if isinstance(step, Fill):
        values = buffer("values", step.values)
        return _Part(f"X = torch.where(X.isnan(), self.{values.name}, X)", (values,))
    if isinstance(step, Bounds):
        return _Part(f"X = X.clamp({step.low!r}, {step.high!r})")
    if isinstance(step, Projection):
        mean, V = buffer("mean", step.mean), buffer("V", step.V)
        return _Part(f"X = (X - self.{mean.name}) @ self.{V.name}", (mean, V))
    raise InvalidInputError(
        f"The preparation step {type(step).__name__} cannot be written as a script. Apply it to "
        "the rows beforehand, and give the rest of the model."
    )


def _layers(model: FrozenModel) -> list[dict[str, Any]]:
    return [
        {"n_in": layer.W.shape[0], "n_out": layer.W.shape[1], "code": ACTIVATIONS[name]}
        for layer, name in zip(model.layers, model.activations, strict=True)
    ]


def _weights(model: FrozenModel, parts: list[_Part]) -> bytes:
    from safetensors.numpy import save

    arrays = {buffer.name: buffer.array for part in parts for buffer in part.buffers}
    for number, (W, b) in enumerate(model.layers, 1):
        arrays[f"linear{number}.weight"] = np.ascontiguousarray(W.T)
        arrays[f"linear{number}.bias"] = np.ascontiguousarray(b)
    data: bytes = save(arrays)
    return data


@cache
def _template() -> Any:
    templates = environment("chainrule.interop")
    templates.filters["literal"] = repr
    return templates.get_template("script.py.j2")
