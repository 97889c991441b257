r"""Losses: a table of name, value and gradient; and the fused pairs.

A loss takes the network's outputs ``A`` and the targets ``Y``, both ``(n, k)``.
``value`` gives one number a sample, ``(n,)``; ``gradient`` gives its exact
derivative dL/dA, ``(n, k)``.

====================  =========================================  ========================
name                  value of one sample                        gradient
====================  =========================================  ========================
squared_error         1/2 sum_k (a_k - y_k)^2                    a - y
mean_squared_error    mean_k (a_k - y_k)^2                       2 (a - y) / k
half_mean_squared_error  1/2 mean_k (a_k - y_k)^2                (a - y) / k
cross_entropy         -sum_k y_k log a_k                         -y / a
logit_cross_entropy   -sum_k y_k log softmax(a)_k                softmax(a) - y
binary_cross_entropy  -sum_k [y log a + (1-y) log(1-a)]          (a - y) / (a (1 - a))
poisson               sum_k [a - y log a + y log y - y]          1 - y / a
absolute_error        sum_k |a_k - y_k|                          sign(a - y)
huber                 sum_k 1/2 r^2 if |r| <= delta else         r, at most delta and
                      delta (|r| - delta/2), r = a_k - y_k       at least -delta
====================  =========================================  ========================

``half_mean_squared_error`` is what scikit-learn calls ``squared_error``: for one
output it is the same as ours. The rows of ``Y`` sum to one for ``cross_entropy``;
``binary_cross_entropy`` treats each output as a label of its own (multilabel).
The gradient of ``absolute_error`` is 0 where an output is its target. ``logit_cross_entropy`` takes
the outputs for logits, as ``torch.nn.CrossEntropyLoss`` does: right for ``identity``, and after
``softmax`` the mistake of applying it twice, kept to show what it does.

A *fused pair* is an output activation and a loss whose combination is stable where
the two steps alone are not: its value and dL/dZ come straight from ``Z``.

To add a loss, add its two functions and one row to the table.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from chainrule.equations.activations import (
    ACTIVATIONS,
    Activation,
    logistic,
    pullback,
    softmax,
    softplus,
)
from chainrule.equations.namespace import Array, namespace
from chainrule.errors import InvalidInputError, unknown_name

__all__ = [
    "FUSED",
    "LOSSES",
    "Fused",
    "Loss",
    "output_gradient",
    "per_sample",
    "reduce_weights",
    "smoothed",
]

Settings = Mapping[str, Any]
HUBER_DELTA = 1.0


@dataclass(frozen=True)
class Loss:
    """One row of the table.

    ``outputs`` names the output activations that the loss makes sense with;
    ``targets`` says what ``Y`` holds: ``real``, ``distribution`` (rows sum to 1),
    ``label`` (0 or 1 each) or ``count`` (not negative). ``settings`` holds the default of
    each keyword that ``value`` and ``gradient`` take beside ``A`` and ``Y``; ``kinks`` lists
    the residuals a - y where the gradient jumps.
    """

    name: str
    value: Callable[..., Array]
    gradient: Callable[..., Array]
    outputs: tuple[str, ...]
    targets: str
    source: str
    settings: Mapping[str, float] = field(default_factory=dict)
    kinks: tuple[float, ...] = ()


@dataclass(frozen=True)
class Fused:
    """A stable pair: ``value(Z, Y)`` and ``gradient(Z, A, Y)``, which is dL/dZ."""

    value: Callable[[Array, Array], Array]
    gradient: Callable[[Array, Array, Array], Array]


def _xlogy(x: Array, y: Array) -> Array:
    """x log y, and 0 where x is 0 whatever y is."""
    xp = namespace(x)
    return xp.where(x == 0, xp.zeros_like(x), x * xp.log(xp.where(x == 0, xp.ones_like(x), y)))


# squared errors


def squared_error(A: Array, Y: Array) -> Array:
    return 0.5 * namespace(A).sum((A - Y) * (A - Y), axis=1)


def squared_error_gradient(A: Array, Y: Array) -> Array:
    return A - Y


def mean_squared_error(A: Array, Y: Array) -> Array:
    return namespace(A).sum((A - Y) * (A - Y), axis=1) / A.shape[1]


def mean_squared_error_gradient(A: Array, Y: Array) -> Array:
    return 2 * (A - Y) / A.shape[1]


def half_mean_squared_error(A: Array, Y: Array) -> Array:
    return 0.5 * namespace(A).sum((A - Y) * (A - Y), axis=1) / A.shape[1]


def half_mean_squared_error_gradient(A: Array, Y: Array) -> Array:
    return (A - Y) / A.shape[1]


# robust errors, which grow like |r| for a large residual r = a - y


def absolute_error(A: Array, Y: Array) -> Array:
    xp = namespace(A)
    return xp.sum(xp.abs(A - Y), axis=1)


def absolute_error_gradient(A: Array, Y: Array) -> Array:
    return namespace(A).sign(A - Y)


def huber(A: Array, Y: Array, delta: Array | float = HUBER_DELTA) -> Array:
    """sum_k m (|r| - m/2), m = min(|r|, delta): both cases in one, and no square overflows."""
    xp = namespace(A)
    size = xp.abs(A - Y)
    m = xp.minimum(size, delta)
    return xp.sum(m * (size - 0.5 * m), axis=1)


def huber_gradient(A: Array, Y: Array, delta: Array | float = HUBER_DELTA) -> Array:
    xp = namespace(A)
    return xp.minimum(xp.maximum(A - Y, -delta), delta)


# cross-entropy


def cross_entropy(A: Array, Y: Array) -> Array:
    return -namespace(A).sum(_xlogy(Y, A), axis=1)


def cross_entropy_gradient(A: Array, Y: Array) -> Array:
    return -Y / A


def logit_cross_entropy_gradient(A: Array, Y: Array) -> Array:
    return softmax(A) - Y


def softmax_cross_entropy(Z: Array, Y: Array) -> Array:
    """-sum_k y_k (z_k - log sum_j e^z_j), the largest z taken out of the exponentials."""
    xp = namespace(Z)
    shifted = Z - xp.max(Z, axis=1, keepdims=True)
    log_total = xp.log(xp.sum(xp.exp(shifted), axis=1, keepdims=True))
    return xp.sum(Y * (log_total - shifted), axis=1)


# binary cross-entropy


def binary_cross_entropy(A: Array, Y: Array) -> Array:
    return -namespace(A).sum(_xlogy(Y, A) + _xlogy(1 - Y, 1 - A), axis=1)


def binary_cross_entropy_gradient(A: Array, Y: Array) -> Array:
    return (A - Y) / (A * (1 - A))


def logistic_binary_cross_entropy(Z: Array, Y: Array) -> Array:
    """sum_k log(1 + e^z_k) - y_k z_k, the large parts subtracted before the small one is added."""
    xp = namespace(Z)
    return xp.sum(xp.maximum(Z, 0) - Y * Z + xp.log1p(xp.exp(-xp.abs(Z))), axis=1)


# poisson: half the deviance, which is 0 where the mean equals the count


def poisson(A: Array, Y: Array) -> Array:
    return namespace(A).sum(A - Y + _xlogy(Y, Y) - _xlogy(Y, A), axis=1)


def poisson_gradient(A: Array, Y: Array) -> Array:
    return 1 - Y / A


def exp_poisson(Z: Array, Y: Array) -> Array:
    """sum_k e^z_k - y_k z_k + y_k log y_k - y_k."""
    xp = namespace(Z)
    return xp.sum(xp.exp(Z) - Y * Z + _xlogy(Y, Y) - Y, axis=1)


_SMALL = -40.0
"""Below it log(1 + e^z) is e^z to the last bit."""


def softplus_poisson(Z: Array, Y: Array) -> Array:
    """sum_k a_k - y_k log a_k + y_k log y_k - y_k, a = softplus(z), where log a -> z for z << 0."""
    xp = namespace(Z)
    A, small = softplus(Z), Z < _SMALL
    log_A = xp.where(small, Z, xp.log(xp.where(small, xp.ones_like(A), A)))
    return xp.sum(A - Y * log_A + _xlogy(Y, Y) - Y, axis=1)


def softplus_poisson_gradient(Z: Array, A: Array, Y: Array) -> Array:
    """a' - y a'/a, where a'/a -> 1 for z << 0."""
    xp = namespace(Z)
    slope, small = logistic(Z), Z < _SMALL
    ratio = xp.where(small, xp.ones_like(A), slope / xp.where(small, xp.ones_like(A), A))
    return slope - Y * ratio


def residual(Z: Array, A: Array, Y: Array) -> Array:
    """dL/dZ = a - y: softmax + cross-entropy, logistic + BCE, exp + Poisson."""
    return A - Y


_ANY_OUTPUT = tuple(ACTIVATIONS)

_ROWS = (
    Loss("squared_error", squared_error, squared_error_gradient, _ANY_OUTPUT, "real", "Gauss 1809"),
    Loss(
        "mean_squared_error",
        mean_squared_error,
        mean_squared_error_gradient,
        _ANY_OUTPUT,
        "real",
        "torch.nn.MSELoss, after the batch's mean",
    ),
    Loss(
        "half_mean_squared_error",
        half_mean_squared_error,
        half_mean_squared_error_gradient,
        _ANY_OUTPUT,
        "real",
        "scikit-learn's squared_error",
    ),
    Loss(
        "cross_entropy",
        cross_entropy,
        cross_entropy_gradient,
        ("softmax",),
        "distribution",
        "Good 1952",
    ),
    Loss(
        "logit_cross_entropy",
        softmax_cross_entropy,
        logit_cross_entropy_gradient,
        ("identity", "softmax"),
        "distribution",
        "torch.nn.CrossEntropyLoss",
    ),
    Loss(
        "binary_cross_entropy",
        binary_cross_entropy,
        binary_cross_entropy_gradient,
        ("logistic",),
        "label",
        "Good 1952",
    ),
    Loss(
        "poisson",
        poisson,
        poisson_gradient,
        ("exp", "softplus"),
        "count",
        "half the Poisson deviance, Nelder and Wedderburn 1972",
    ),
    Loss(
        "absolute_error",
        absolute_error,
        absolute_error_gradient,
        _ANY_OUTPUT,
        "real",
        "Laplace 1774; torch.nn.L1Loss with the outputs' sum",
        kinks=(0.0,),
    ),
    Loss(
        "huber",
        huber,
        huber_gradient,
        _ANY_OUTPUT,
        "real",
        "Huber 1964",
        MappingProxyType({"delta": HUBER_DELTA}),
    ),
)

LOSSES: Mapping[str, Loss] = MappingProxyType({row.name: row for row in _ROWS})

FUSED: Mapping[tuple[str, str], Fused] = MappingProxyType(
    {
        ("softmax", "cross_entropy"): Fused(softmax_cross_entropy, residual),
        ("logistic", "binary_cross_entropy"): Fused(logistic_binary_cross_entropy, residual),
        ("exp", "poisson"): Fused(exp_poisson, residual),
        ("softplus", "poisson"): Fused(softplus_poisson, softplus_poisson_gradient),
    }
)


def per_sample(
    loss: Loss, output: Activation, Z: Array, A: Array, Y: Array, settings: Settings | None = None
) -> Array:
    """The loss of each sample, ``(n,)``: from ``Z`` where the pair is fused, else from ``A``."""
    fused = FUSED.get((output.name, loss.name))
    return fused.value(Z, Y) if fused else loss.value(A, Y, **(settings or {}))


def output_gradient(
    loss: Loss, output: Activation, Z: Array, A: Array, Y: Array, settings: Settings | None = None
) -> Array:
    """dL/dZ of the output layer, ``(n, k)``, for each sample by itself."""
    fused = FUSED.get((output.name, loss.name))
    if fused:
        return fused.gradient(Z, A, Y)
    return pullback(output, Z, A, loss.gradient(A, Y, **(settings or {})))


def smoothed(Y: Array, share: float, targets: str) -> Array:
    r"""Targets that are less sure: ``share`` of each is spread evenly over what it could be.

    For a ``distribution`` over k classes Y <- (1 - s) Y + s / k, for a ``label``, which is
    0 or 1, Y <- (1 - s) Y + s / 2. Source: Szegedy et al. 2016.
    """
    options = {"distribution": Y.shape[1], "label": 2}
    if targets not in options:
        raise InvalidInputError(
            f"Smoothing needs targets that are a 'distribution' or a 'label'; got {targets!r}."
        )
    return (1 - share) * Y + share / options[targets]


def reduce_weights(weights: Array, reduction: str = "mean") -> Array:
    """What each sample counts for in a batch: w_i / sum w (``mean``) or w_i (``sum``).

    The batch's loss is the dot product of these with the samples' losses, and each
    sample's gradient is multiplied by its own. Weights that sum to zero give zeros.
    """
    if reduction == "sum":
        return weights
    if reduction != "mean":
        raise InvalidInputError(unknown_name("reduction", reduction, ("mean", "sum")))
    xp = namespace(weights)
    total = xp.sum(weights)
    return weights / xp.where(total == 0, xp.ones_like(total), total)
