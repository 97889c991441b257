"""A C99 header with a trained network: its weights, and functions that answer for a row."""

import os
import re
import textwrap
from collections.abc import Set
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

import chainrule
from chainrule.equations.network import Layer
from chainrule.errors import InvalidInputError
from chainrule.files.atomic import write_bytes
from chainrule.interop.c.literals import as_float32, text_literal
from chainrule.interop.c.measure import Change, change, told
from chainrule.interop.c.program import Program, program
from chainrule.interop.c.quantized import (
    QuantizedLayer,
    outputs,
    quantized_layers,
    rows_of_header,
)
from chainrule.models import FrozenModel, freeze
from chainrule.models.table import TableStep
from chainrule.templates import environment

__all__ = ["HeaderReport", "write_header"]

Array = npt.NDArray[Any]

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True)
class HeaderReport:
    """What a header was made of, and what its arithmetic changes.

    ``constant_bytes`` are taken by weights and other tables in a compiled program,
    ``scratch_bytes`` while a row is computed, ``header_bytes`` by the file. ``change`` is measured
    on the rows that were given; None where none were.
    """

    name: str
    arithmetic: Literal["float32", "int8"]
    parameters: int
    constant_bytes: int
    scratch_bytes: int
    header_bytes: int
    change: Change | None = None


def write_header(
    model: Any,
    path: str | os.PathLike[str],
    *,
    name: str = "model",
    quantize: Literal["int8"] | None = None,
    X: Any = None,
    y: Any = None,
) -> HeaderReport:
    """Write a fitted model as a C99 header that needs nothing but the standard library.

    The header holds the preparation of a Pipeline, the layers and the labels, and the functions
    ``NAME_outputs``, ``NAME_predict`` and, for a classifier, ``NAME_probabilities``. It works in
    float32, allocates nothing, and is C++ as well. Equal models, measured on equal rows or on none,
    give equal bytes.

    Of a model of a table, which begins with a `chainrule.models.table.TableStep`, the row is of
    double: numbers, codes of categories (which ``NAME_level`` finds), seconds since the beginning
    of 1970, UTC, of dates, and NaN where something is missing. It is prepared in double.

    With ``quantize="int8"`` the layers' weights and inputs are whole numbers of 8 bits: a weight
    has a scale for each unit of its layer, an input vector one that is found for each row (so there
    is nothing to calibrate), and their sums have 32 bits. Biases, activations and preparation stay
    float32.

    Parameters
    ----------
    model : MLPClassifier, MLPRegressor, Pipeline or FrozenModel
        What was fitted.
    path
        The file to write, all or nothing.
    name : str, default="model"
        What stands before all names in the header: lower-case letters, digits and underscores, 40
        characters at most, a letter first.
    quantize : "int8", optional
        Keep weights in a quarter of the memory.
    X : array, (n, n_in), optional
        Rows on which to measure what the header's arithmetic changes against the model's own; what
        was found is in the report, and at the top of the header.
    y : array, (n,) or (n, n_outputs), optional
        Their targets: the accuracy, or the root mean square error, before and after.

    Returns
    -------
    HeaderReport
        Sizes, and what was measured.

    Raises
    ------
    InvalidInputError
        A model, a name or rows that cannot be used, or numbers that float32 cannot hold.
    OSError
        The file cannot be written; what stood there before is kept.

    Examples
    --------
    >>> write_header(net, "digits.h", name="digits", quantize="int8", X=X_test, y=y_test)
    """
    if quantize not in (None, "int8"):
        raise InvalidInputError(f"Required quantize=None or 'int8'; came {quantize!r}.")
    if not NAME.fullmatch(name):
        raise InvalidInputError(
            "Required a name of lower-case letters, digits and underscores, a letter first, of at "
            f"most 40 characters; came {name!r}."
        )
    if X is None and y is not None:
        raise InvalidInputError("Required the rows X that the targets y belong to; came y alone.")
    frozen = freeze(model)
    quantized = quantized_layers(frozen) if quantize else None
    made = program(frozen, name, quantized)
    changed = None if X is None else _changed(frozen, quantized, np.asarray(X), y)
    data = _rendered(frozen, made, changed).encode("ascii")
    write_bytes(path, data)
    return HeaderReport(
        name=name,
        arithmetic=quantize or "float32",
        parameters=_parameters(frozen),
        constant_bytes=made.constant_bytes,
        scratch_bytes=_scratch_bytes(made),
        header_bytes=len(data),
        change=changed,
    )


def _changed(
    model: FrozenModel, quantized: tuple[QuantizedLayer, ...] | None, X: Array, y: Any
) -> Change:
    if X.ndim != 2 or not len(X) or X.dtype.kind not in "fiub":
        raise InvalidInputError(
            f"Required rows of numbers to measure on, with {model.n_in} columns; came an array of "
            f"shape {X.shape} and type {X.dtype}."
        )
    narrow = rows_of_header(model, X)
    if quantized is None:
        layers = tuple(Layer(W.astype(np.float32), b.astype(np.float32)) for W, b in model.layers)
        after = _with_layers(model, layers).outputs(narrow)
    else:
        after = outputs(model, quantized, narrow)
    return change(model, model.outputs(X), after, y)


def _with_layers(model: FrozenModel, layers: tuple[Layer, ...]) -> FrozenModel:
    return FrozenModel(
        model.task, layers, model.activations, model.steps, model.input_scale, model.classes
    )


def _parameters(model: FrozenModel) -> int:
    return sum(int(W.size + b.size) for W, b in model.layers)


def _scratch_bytes(made: Program) -> int:
    size = 4 * (2 * made.width + made.largest_sums) + made.largest_bytes
    return -(-size // 4) * 4


def _rendered(model: FrozenModel, made: Program, changed: Change | None) -> str:
    quantized = bool(made.largest_sums)
    measured = "" if changed is None else told(changed, model.layers[0].W.dtype.name)
    values = {
        "program": made,
        "table": made.prepared,
        "row": "float" if made.prepared is None else "double",
        "p": made.prefix,
        "P": made.prefix.upper(),
        "used": lambda *names: _any_of(names, made.functions),
        "version": chainrule.__version__,
        "task": model.task,
        "n_in": model.n_in,
        "n_out": model.sizes[-1],
        "sizes": model.sizes,
        "parameters": _parameters(model),
        "arithmetic": "layers in 8 bits, all else float32" if quantized else "float32",
        "answer_type": "float" if model.task == "regression" else "uint8_t",
        "constant_bytes": made.constant_bytes,
        "scratch_bytes": _scratch_bytes(made),
        "measured": textwrap.wrap(measured, 80),
        "classes": None if model.classes is None else _classes(model.classes),
        "features": _texts(names) if (names := _feature_names(model)) else None,
    }
    return environment("chainrule.interop.c").get_template("header.h.j2").render(values)


def _feature_names(model: FrozenModel) -> tuple[str, ...] | None:
    if model.steps and isinstance(model.steps[0], TableStep):
        return tuple(column.name for column in model.steps[0].columns)
    return model.feature_names


def _any_of(names: tuple[str, ...], called: Set[str]) -> bool:
    return not called.isdisjoint(names)


def _classes(classes: Array) -> dict[str, Any]:
    """The table of the labels: whole numbers, other numbers, or texts."""
    labels = classes.tolist()
    if all(isinstance(label, Integral) for label in labels):
        type_, texts = "int64_t ", [_whole(int(label)) for label in labels]
    elif all(isinstance(label, Real) for label in labels):
        as_float32(labels, "classes_")  # all of them finite
        type_, texts = "double ", [repr(float(label)) for label in labels]
    else:
        return {"type": "char *const ", "count": len(labels), "text": _texts(map(str, labels))}
    return {"type": type_, "count": len(labels), "text": "    " + ",\n    ".join(texts)}


def _whole(number: int) -> str:
    """A label as C has it: the smallest one has no literal."""
    return f"INT64_C({number})" if number > -(2**63) else f"(-INT64_C({2**63 - 1}) - 1)"


def _texts(texts: Any) -> str:
    return ",\n".join(f"    {text_literal(text)}" for text in texts)
