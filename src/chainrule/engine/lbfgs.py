"""Full-batch training with L-BFGS through scipy, always in float64.

In float32 the line search stalls, so parameters, data and products are float64
whatever the estimator's dtype. The loss and its gradient are summed over chunks of
rows, which bounds the memory.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import jax
import numpy as np
import numpy.typing as npt
import scipy.optimize

from chainrule.engine.batches import bucket
from chainrule.engine.cache import compiled
from chainrule.engine.device import precision
from chainrule.engine.plan import Plan, traces
from chainrule.engine.step import loss_and_gradients
from chainrule.equations.losses import LOSSES, Settings
from chainrule.equations.namespace import Array
from chainrule.equations.network import Layer
from chainrule.equations.penalties import PENALTIES, penalised, total

__all__ = ["minimise", "pack", "unpack"]

CHUNK_BYTES = 2**26

Vector = npt.NDArray[np.float64]


def pack(layers: Sequence[Layer]) -> Vector:
    """All weights, then all biases, as one vector."""
    parts = [layer.W.ravel() for layer in layers] + [layer.b for layer in layers]
    return np.concatenate(parts).astype(np.float64)


def unpack(vector: Vector, sizes: Sequence[int]) -> tuple[Layer, ...]:
    """The layers from ``pack``'s vector; views, not copies."""
    shapes = list(pairwise(sizes))
    ends = np.cumsum([a * b for a, b in shapes] + [b for _, b in shapes])
    parts = np.split(vector, ends[:-1])
    weights = [part.reshape(shape) for part, shape in zip(parts, shapes, strict=False)]
    return tuple(Layer(W, b) for W, b in zip(weights, parts[len(shapes) :], strict=True))


def minimise(
    plan: Plan,
    layers: Sequence[Layer],
    X: Any,
    Y: npt.NDArray[Any],
    weights: npt.NDArray[Any] | None,
    *,
    l2: float,
    alpha: float,
    max_iter: int,
    max_fun: int,
    tol: float,
    callback: Callable[[Vector, float, float], None],
    loss_scale: float = 1.0,
    settings: Settings | None = None,
    input_scale: float = 1.0,
    device: jax.Device | None = None,
) -> scipy.optimize.OptimizeResult:
    """Minimise data loss plus penalty. ``callback(vector, loss, penalty)`` follows each iteration.

    ``tol`` bounds the largest element of the gradient; the result's ``x`` is packed.
    ``loss_scale`` multiplies the data loss that the line search sees, and not its gradient:
    scikit-learn's convention for several outputs. ``settings`` are the loss's; the rows are
    divided by ``input_scale``.
    """
    settings = {**LOSSES[plan.loss].settings, **(settings or {})}
    n = X.shape[0]
    weights = np.ones(n) if weights is None else np.asarray(weights, np.float64)
    strength = l2 + alpha / weights.sum()
    chunks = _chunks(plan, X, Y, weights / weights.sum(), input_scale, device)

    def value_and_gradient(vector: Vector) -> tuple[float, Vector]:
        current = unpack(vector, plan.sizes)
        with precision("float64", device):
            parts = [_evaluate(plan, current, *chunk(), settings) for chunk in chunks]
        loss = float(sum(float(value) for value, _ in parts))
        gradients = [
            Layer(*(sum(np.asarray(g) for g in group) for group in zip(*layer, strict=True)))
            for layer in zip(*(gradients for _, gradients in parts), strict=True)
        ]
        penalty = float(total(PENALTIES["l2"], current, strength))
        return loss_scale * loss + penalty, pack(
            penalised(PENALTIES["l2"], current, gradients, strength)
        )

    def report(intermediate_result: scipy.optimize.OptimizeResult) -> None:
        vector = np.array(intermediate_result.x)
        penalty = float(total(PENALTIES["l2"], unpack(vector, plan.sizes), strength))
        callback(vector, (float(intermediate_result.fun) - penalty) / loss_scale, penalty)

    return scipy.optimize.minimize(
        value_and_gradient,
        pack(layers),
        method="L-BFGS-B",
        jac=True,
        callback=report,
        options={"maxfun": max_fun, "maxiter": max_iter, "gtol": tol},
    )


def _chunks(
    plan: Plan,
    X: Any,
    Y: npt.NDArray[Any],
    weights: Vector,
    input_scale: float,
    device: jax.Device | None,
) -> list[Callable[[], tuple[Array, Array, Array]]]:
    """The rows in padded chunks; sparse rows are made dense when their chunk's turn comes."""
    limit = max(CHUNK_BYTES // (8 * max(plan.sizes)), 64)
    n = X.shape[0]
    n_chunks = -(-n // limit)
    size = -(-n // n_chunks)
    rows = bucket(size)

    def chunk(start: int) -> tuple[Array, Array, Array]:
        span = slice(start, min(start + size, n))
        dense = X[span] if isinstance(X, np.ndarray) else X[span].toarray()
        padded = [np.zeros((rows, part.shape[1])) for part in (dense, Y)]
        padded[0][: len(dense)], padded[1][: len(dense)] = dense, Y[span]
        padded[0] /= input_scale
        share = np.zeros(rows)
        share[: len(dense)] = weights[span]
        return padded[0], padded[1], share

    if n_chunks > 1:
        return [partial(chunk, start) for start in range(0, n, size)]
    with precision("float64", device):
        whole = jax.device_put(chunk(0))
    return [lambda: whole]


def _evaluate(
    plan: Plan,
    layers: tuple[Layer, ...],
    X: Array,
    Y: Array,
    share: Array,
    settings: Settings,
) -> tuple[Array, tuple[Layer, ...]]:
    result: tuple[Array, tuple[Layer, ...]] = compiled(
        ("lbfgs", plan, X.shape), lambda: _program(plan, layers, X, Y, share, settings)
    )
    return result


@partial(jax.jit, static_argnames="plan")
def _program(
    plan: Plan,
    layers: tuple[Layer, ...],
    X: Array,
    Y: Array,
    share: Array,
    settings: Settings,
) -> tuple[Array, tuple[Layer, ...]]:
    traces["lbfgs", plan] += 1
    return loss_and_gradients(plan, layers, X, Y, share, reduction="sum", settings=settings)
