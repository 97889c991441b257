r"""Weights and activations in 8 bits: what the header of ``quantize="int8"`` does, in NumPy.

A weight matrix has a scale for each of its columns, which are the units of the layer; an activation
vector has one scale, found when the row is there::

    s_j = max_i |W_ij| / 127         Q_ij = round(W_ij / s_j)
    t   = max_i |a_i| / 127          q_i  = round(a_i / t)
    z_j = t s_j sum_i q_i Q_ij + b_j

The sum is of integers and exact. The scale of each row by itself needs no rows to be calibrated
on, never cuts a value off, and loses less than one that is fixed beforehand, whose largest value is
that of the largest row; it costs one pass over the ``n_in`` values, beside ``n_in n_out`` products.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chainrule.equations.activations import ACTIVATIONS
from chainrule.errors import InvalidInputError
from chainrule.interop.c.literals import as_float32
from chainrule.models import FrozenModel
from chainrule.models.table import TableStep

__all__ = ["LARGEST", "QuantizedLayer", "outputs", "quantized_layers", "rows_of_header"]

Array = npt.NDArray[Any]

LARGEST = 127
"""The largest number of 8 bits whose negative is there as well."""

SMALLEST = 1e-30
"""A row whose largest value is below is one of zeros: 127 divided by it might be infinite."""

MOST_INPUTS = (2**31 - 1) // LARGEST**2
"""So many products of two such numbers surely have a sum of 32 bits."""


class QuantizedLayer(NamedTuple):
    """``Q`` ``(n_in, n_out)`` of int8, ``scales`` and ``b`` ``(n_out,)`` of float32."""

    Q: Array
    scales: Array
    b: Array


def quantized_layers(model: FrozenModel) -> tuple[QuantizedLayer, ...]:
    """The layers of a model in 8 bits.

    Raises
    ------
    InvalidInputError
        A layer has more inputs than sums of 32 bits allow.
    """
    widest = max(model.sizes[:-1])
    if widest > MOST_INPUTS:
        raise InvalidInputError(
            f"Required layers of at most {MOST_INPUTS:,} inputs for quantize='int8', whose sums "
            f"have 32 bits; came one of {widest:,}. Leave quantize out, which keeps float32."
        )
    return tuple(
        _quantized(as_float32(W, f"W of layer {number}"), as_float32(b, f"b of layer {number}"))
        for number, (W, b) in enumerate(model.layers, 1)
    )


def _quantized(W: Array, b: Array) -> QuantizedLayer:
    scales = (np.abs(W).max(axis=0) / LARGEST).astype(np.float32)
    divisors = np.where(scales > 0, scales, 1)
    Q = np.clip(np.rint(W / divisors), -LARGEST, LARGEST)
    return QuantizedLayer(Q.astype(np.int8), scales, b)


def outputs(model: FrozenModel, layers: tuple[QuantizedLayer, ...], X: Array) -> Array:
    """The outputs ``(n, n_out)`` of the quantized layers, as the header computes them."""
    size = model.chunk_rows
    parts = [_forward(model, layers, X[at : at + size]) for at in range(0, max(len(X), 1), size)]
    return np.concatenate(parts)


def rows_of_header(model: FrozenModel, X: Array) -> Array:
    """The rows in the type that the header takes: float64 of a table, else float32."""
    table = bool(model.steps) and isinstance(model.steps[0], TableStep)
    return X.astype(np.float64 if table else np.float32, copy=False)


def _forward(model: FrozenModel, layers: tuple[QuantizedLayer, ...], X: Array) -> Array:
    A = model.prepared(rows_of_header(model, X)).astype(np.float32, copy=False)
    for layer, name in zip(layers, model.activations, strict=True):
        q, t = _quantized_rows(A)
        sums = q @ layer.Q.astype(np.float64)  # of integers below 2^53: exact in any order
        Z = sums.astype(np.float32) * (t * layer.scales) + layer.b
        with np.errstate(over="ignore", invalid="ignore"):
            A = np.asarray(ACTIVATIONS[name].function(Z))
    return A


def _quantized_rows(A: Array) -> tuple[Array, Array]:
    """Whole numbers -127..127 and the scale ``(n, 1)`` of each row; NaN for a row that is not
    finite."""
    largest = np.abs(A).max(axis=1, keepdims=True)
    plain = np.isfinite(largest) & (largest >= SMALLEST)
    known = np.where(plain, largest, 1)
    scaled = np.where(plain, A, 0) * (np.float32(LARGEST) / known)
    q = np.trunc(scaled + np.copysign(np.float32(0.5), scaled))
    scale = np.where(plain, known / np.float32(LARGEST), np.float32(0))
    return q.astype(np.float64), np.where(np.isfinite(largest), scale, np.float32(np.nan))
