r"""How a training is doing inside: six numbers a layer, from a few rows at the end of each epoch.

With the layer's parameters W, b, its pre-activations Z and activations A on the sampled rows
(without dropout), and the gradient dW, db of their data loss (their weighted mean, without the
penalty):

``gradient_norm``
    sqrt(||dW||^2 + ||db||^2).
``update_ratio``
    ||W_after - W_before|| / (steps ||W_after||): how much of W a step changes, from what the
    epoch's steps changed together. Steps that undo each other count for nothing, so a single
    step's share is at least this. About 1e-3 is usual at the beginning of a training.
``dead_share``
    The share of relu units whose derivative is 0 on every row. NaN for other layers.
``saturated_share``
    The share of logistic or tanh units whose derivative, on average over the rows, is below 5 %
    of the largest that it can be (1/4 or 1). NaN for other layers, and for the output layer, where
    a logistic unit that is sure of itself is no sickness.
``activation_mean``, ``activation_std``
    Mean and standard deviation of A over rows and units.

The sample is at most 256 rows, evenly spaced among those that weigh something, and the same in
every epoch. No random number is drawn, so a training is the same with a diagnosis and without.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.equations.activations import ACTIVATIONS
from chainrule.equations.losses import LOSSES, output_gradient, reduce_weights
from chainrule.equations.network import Layer, backward, forward
from chainrule.estimators.problem import Rows, one_thread

__all__ = ["COLUMNS", "Examination", "diagnose", "sample"]

COLUMNS = (
    "gradient_norm",
    "update_ratio",
    "dead_share",
    "saturated_share",
    "activation_mean",
    "activation_std",
)
ROWS = 256
SATURATED = 0.05
LARGEST_DERIVATIVE = {"logistic": 0.25, "tanh": 1.0}

Numbers = dict[str, list[float]]


def diagnose(
    before: Sequence[Layer],
    after: Sequence[Layer],
    steps: int,
    activations: Sequence[str],
    loss: str,
    settings: Mapping[str, float],
    X: npt.NDArray[Any],
    Y: npt.NDArray[Any],
    weights: npt.NDArray[Any] | None = None,
) -> Numbers:
    """The six numbers of each layer, by name.

    ``before`` and ``after`` are the parameters at the beginning and the end of an epoch of so many
    ``steps``; ``activations`` has one name a layer, the output's included; ``loss`` is a row of the
    losses' table with its ``settings``; ``X`` ``(n, n_in)``, ``Y`` ``(n, k)`` and ``weights``
    ``(n,)`` are the sampled rows.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        tape = forward(after, activations, X)
        row, output = LOSSES[loss], ACTIVATIONS[activations[-1]]
        dZ = output_gradient(row, output, tape.Z[-1], tape.A[-1], Y, {**row.settings, **settings})
        share = reduce_weights(np.ones(len(X)) if weights is None else weights)
        dZ = dZ * share[:, None].astype(dZ.dtype)
        gradients = backward(after, activations, tape, dZ).layers
        return {
            "gradient_norm": [float(np.hypot(_norm(g.W), _norm(g.b))) for g in gradients],
            "update_ratio": [
                _ratio(_norm(new.W - old.W), steps * _norm(new.W))
                for old, new in zip(before, after, strict=True)
            ],
            "dead_share": _hidden(_dead, activations, tape),
            "saturated_share": _hidden(_saturated, activations, tape),
            "activation_mean": [float(A.mean(dtype=np.float64)) for A in tape.A],
            "activation_std": [float(A.std(dtype=np.float64)) for A in tape.A],
        }


def _norm(array: npt.NDArray[Any]) -> float:
    """The Euclidean norm, in float64, for float32's squares could overflow."""
    return float(np.linalg.norm(array.astype(np.float64, copy=False)))


def _ratio(change: float, size: float) -> float:
    return change / size if size else 0.0


def _hidden(measure: Any, activations: Sequence[str], tape: Any) -> list[float]:
    """What is measured of the hidden layers; the output layer has none."""
    rows = zip(activations[:-1], tape.Z, tape.A, strict=False)
    return [*(measure(name, Z, A) for name, Z, A in rows), float("nan")]


def _dead(name: str, Z: npt.NDArray[Any], A: npt.NDArray[Any]) -> float:
    if name != "relu":
        return float("nan")
    return float((Z <= 0).all(axis=0).mean())


def _saturated(name: str, Z: npt.NDArray[Any], A: npt.NDArray[Any]) -> float:
    if name not in LARGEST_DERIVATIVE:
        return float("nan")
    slope = np.abs(ACTIVATIONS[name].derivative(Z, A)).mean(axis=0)
    return float((slope < SATURATED * LARGEST_DERIVATIVE[name]).mean())


def sample(rows: Rows, n_rows: int = ROWS) -> Rows:
    """At most so many of the rows that weigh something, evenly spaced, first and last included."""
    n = len(rows)
    known = np.arange(n) if rows.weights is None else np.flatnonzero(rows.weights)
    chosen = known[np.linspace(0, len(known) - 1, min(n_rows, len(known))).astype(np.int64)]
    X = rows.X.tocsr() if hasattr(rows.X, "tocsr") else rows.X
    weights = None if rows.weights is None else rows.weights[chosen]
    return Rows(X[chosen], rows.Y[chosen], weights)


@dataclass(frozen=True)
class Examination:
    """The diagnosis of one training: its network and its sampled rows.

    ``rows`` are as they are computed with: dense, divided by the input's scale, in the
    arithmetic's type.
    """

    activations: tuple[str, ...]
    loss: str
    settings: Mapping[str, float]
    rows: Rows

    @classmethod
    def of(
        cls,
        rows: Rows,
        activations: tuple[str, ...],
        loss: str,
        settings: Mapping[str, float],
        input_scale: float | None,
        dtype: npt.DTypeLike,
    ) -> "Examination":
        """Of the sampled rows, whose ``Y`` are the targets that are trained on."""
        X = rows.X.toarray() if hasattr(rows.X, "toarray") else rows.X
        X = X.astype(dtype)
        if input_scale is not None:
            X = X / X.dtype.type(input_scale)
        return cls(activations, loss, settings, Rows(X, rows.Y.astype(X.dtype), rows.weights))

    @property
    def nothing(self) -> Numbers:
        """What there is to say of an epoch that was not diagnosed."""
        return {name: [float("nan")] * len(self.activations) for name in COLUMNS}

    def __call__(self, before: Sequence[Layer], after: Sequence[Layer], steps: int) -> Numbers:
        X, Y, weights = self.rows.X, self.rows.Y, self.rows.weights
        old, new = (
            [Layer(np.asarray(W), np.asarray(b)) for W, b in layers] for layers in (before, after)
        )
        with one_thread():
            return diagnose(
                old, new, steps, self.activations, self.loss, self.settings, X, Y, weights
            )
