"""The forward pass in bounded memory: a chunk of rows at a time.

Small work goes through NumPy as it stands, which needs no program; large work
through a compiled one, which fuses what lies between the matrix products and uses
all cores.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import jax
import numpy as np
import numpy.typing as npt

from chainrule.engine.cache import compiled
from chainrule.engine.device import precision
from chainrule.engine.plan import traces
from chainrule.equations.activations import ACTIVATIONS
from chainrule.equations.losses import LOSSES, Settings, per_sample
from chainrule.equations.namespace import Array
from chainrule.equations.network import Layer, forward

__all__ = ["losses", "outputs"]

SMALL_WORK = 2e9
"""Multiply-adds up to which NumPy is at least as quick as calling a program."""

CHUNK_BYTES = 2**23
"""About what the widest layer's values of one chunk take."""


def outputs(
    layers: Sequence[Layer],
    activations: Sequence[str],
    X: Any,
    device: jax.Device | None = None,
    input_scale: float | None = None,
    compiled: bool | None = None,
) -> npt.NDArray[Any]:
    """The network's outputs for ``X`` (dense or scipy sparse), ``(n, n_out)``; ``input_scale`` is
    what ``X`` is divided by, and ``compiled`` says how, whatever the work."""
    names = tuple(activations)
    chunks = _chunks(layers, names, None, X, None, device, input_scale, compiled=compiled)
    return np.concatenate([A for A, _ in chunks])


def losses(
    layers: Sequence[Layer],
    activations: Sequence[str],
    loss: str,
    X: Any,
    Y: npt.NDArray[Any],
    device: jax.Device | None = None,
    settings: Settings | None = None,
    input_scale: float | None = None,
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """The network's outputs ``(n, n_out)`` and each sample's data loss ``(n,)``; ``settings`` are
    the loss's."""
    given = {**LOSSES[loss].settings, **(settings or {})}
    pairs = list(_chunks(layers, tuple(activations), loss, X, Y, device, input_scale, given))
    return np.concatenate([A for A, _ in pairs]), np.concatenate([value for _, value in pairs])


def _chunks(
    layers: Sequence[Layer],
    activations: tuple[str, ...],
    loss: str | None,
    X: Any,
    Y: npt.NDArray[Any] | None,
    device: jax.Device | None,
    input_scale: float | None,
    settings: Settings | None = None,
    compiled: bool | None = None,
) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
    dtype = np.result_type(X.dtype, layers[0].W.dtype)
    widest = max(X.shape[1], *(layer.b.shape[0] for layer in layers))
    size = int(np.clip(CHUNK_BYTES // (widest * dtype.itemsize), 64, 2048))
    work = X.shape[0] * sum(layer.W.size for layer in layers)
    if compiled is None:
        compiled = work > SMALL_WORK and X.shape[0] > size
    if compiled:
        with precision(dtype.name, device):
            layers = jax.device_put([Layer(W.astype(dtype), b.astype(dtype)) for W, b in layers])
    for start in range(0, max(X.shape[0], 1), size):
        rows = slice(start, start + size)
        part = X[rows] if isinstance(X, np.ndarray) else X[rows].toarray()
        part = part.astype(dtype, copy=False)
        if input_scale is not None:
            part = part / dtype.type(input_scale)
        target = None if Y is None else Y[rows].astype(dtype)
        if compiled:
            yield _compiled_chunk(layers, activations, loss, part, target, size, device, settings)
        else:
            with np.errstate(over="ignore", invalid="ignore"):  # a diverged network is a result
                A, value = _forward(activations, loss, layers, part, target, settings)
            yield A, np.zeros(0) if value is None else value


def _compiled_chunk(
    layers: Sequence[Layer],
    activations: tuple[str, ...],
    loss: str | None,
    X: npt.NDArray[Any],
    Y: npt.NDArray[Any] | None,
    size: int,
    device: jax.Device | None,
    settings: Settings | None,
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    n = len(X)
    if n < size:  # the last chunk takes the others' shape, and so their program
        X = np.concatenate([X, np.zeros((size - n, X.shape[1]), X.dtype)])
        Y = None if Y is None else np.concatenate([Y, np.ones((size - n, Y.shape[1]), Y.dtype)])
    shapes = tuple(layer.W.shape for layer in layers)
    key = ("predict", activations, loss, shapes, X.shape, X.dtype, device)
    with precision(X.dtype.name, device):
        A, value = compiled(key, lambda: _program(activations, loss, layers, X, Y, settings))
    return np.asarray(A)[:n], np.zeros(0) if value is None else np.asarray(value)[:n]


def _forward(
    activations: tuple[str, ...],
    loss: str | None,
    layers: Sequence[Layer],
    X: Array,
    Y: Array | None,
    settings: Settings | None,
) -> tuple[Array, Array | None]:
    tape = forward(layers, activations, X)
    Z, A = tape.Z[-1], tape.A[-1]
    if loss is None:
        return A, None
    return A, per_sample(LOSSES[loss], ACTIVATIONS[activations[-1]], Z, A, Y, settings)


@partial(jax.jit, static_argnums=(0, 1))
def _program(
    activations: tuple[str, ...],
    loss: str | None,
    layers: Sequence[Layer],
    X: Array,
    Y: Array | None,
    settings: Settings | None,
) -> tuple[Array, Array | None]:
    traces["predict", activations, loss] += 1
    return _forward(activations, loss, layers, X, Y, settings)
