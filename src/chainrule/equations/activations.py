r"""Activation functions: a table of name, function, derivative and source.

Each ``function`` takes the pre-activations ``Z`` and gives ``A`` of the same shape.
Each ``derivative`` takes ``(Z, A)``, so that it can use whichever is cheaper, and
gives dA/dZ: element by element, of the shape of ``Z``. Softmax alone mixes the
units of a sample; its derivative is the full Jacobian, ``(n, k, k)``.

To add an activation, add its two functions and one row to the table.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from chainrule.equations.namespace import Array, erfc, namespace

__all__ = ["ACTIVATIONS", "HIDDEN_ACTIVATIONS", "Activation", "pullback", "softmax_jacobian"]

LEAKY_SLOPE = 0.01
"""Slope of ``leaky_relu`` below zero."""

SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946
"""alpha and lambda of ``selu``: mean 0 and variance 1 are then a fixed point."""


@dataclass(frozen=True)
class Activation:
    """One row of the table.

    ``kinks`` lists where the derivative jumps (finite differences are wrong there),
    ``hidden`` says whether the function may stand between two layers.
    """

    name: str
    function: Callable[[Array], Array]
    derivative: Callable[[Array, Array], Array]
    source: str
    kinks: tuple[float, ...] = ()
    elementwise: bool = True
    hidden: bool = True


# identity: a = z, a' = 1


def identity(Z: Array) -> Array:
    return Z


def identity_derivative(Z: Array, A: Array) -> Array:
    return namespace(Z).ones_like(Z)


# logistic: a = 1 / (1 + e^-z), a' = a (1 - a)


def logistic(Z: Array) -> Array:
    xp = namespace(Z)
    e = xp.exp(-xp.abs(Z))  # never overflows: the exponent is at most 0
    return xp.where(Z >= 0, 1 / (1 + e), e / (1 + e))


def logistic_derivative(Z: Array, A: Array) -> Array:
    return A * (1 - A)


# tanh: a = tanh z, a' = 1 - a^2


def tanh(Z: Array) -> Array:
    return namespace(Z).tanh(Z)


def tanh_derivative(Z: Array, A: Array) -> Array:
    return 1 - A * A


# relu: a = max(z, 0), a' = [z > 0]


def relu(Z: Array) -> Array:
    return namespace(Z).maximum(Z, 0)


def relu_derivative(Z: Array, A: Array) -> Array:
    xp = namespace(Z)
    return xp.where(Z > 0, xp.ones_like(Z), xp.zeros_like(Z))


# leaky_relu: a = z if z > 0 else 0.01 z, a' = 1 or 0.01


def leaky_relu(Z: Array) -> Array:
    return namespace(Z).where(Z > 0, Z, LEAKY_SLOPE * Z)


def leaky_relu_derivative(Z: Array, A: Array) -> Array:
    xp = namespace(Z)
    return xp.where(Z > 0, xp.ones_like(Z), LEAKY_SLOPE * xp.ones_like(Z))


# elu: a = z if z > 0 else e^z - 1, a' = 1 or e^z


def elu(Z: Array) -> Array:
    xp = namespace(Z)
    return xp.where(Z > 0, Z, xp.expm1(xp.minimum(Z, 0)))


def elu_derivative(Z: Array, A: Array) -> Array:
    xp = namespace(Z)
    return xp.exp(xp.minimum(Z, 0))


# selu: a = lambda z if z > 0 else lambda alpha (e^z - 1), a' = lambda or lambda alpha e^z


def selu(Z: Array) -> Array:
    xp = namespace(Z)
    return SELU_SCALE * xp.where(Z > 0, Z, SELU_ALPHA * xp.expm1(xp.minimum(Z, 0)))


def selu_derivative(Z: Array, A: Array) -> Array:
    xp = namespace(Z)
    return SELU_SCALE * xp.where(Z > 0, xp.ones_like(Z), SELU_ALPHA * xp.exp(xp.minimum(Z, 0)))


# gelu: a = z Phi(z), a' = Phi(z) + z phi(z), Phi and phi of the standard normal.
# Phi(z) = erfc(-z / sqrt 2) / 2, which keeps its digits where 1 + erf would cancel.


def gelu(Z: Array) -> Array:
    return Z * (0.5 * erfc(-math.sqrt(0.5) * Z))


def gelu_derivative(Z: Array, A: Array) -> Array:
    cumulative = 0.5 * erfc(-math.sqrt(0.5) * Z)
    density = namespace(Z).exp(-0.5 * Z * Z) * (1 / math.sqrt(2 * math.pi))
    return cumulative + Z * density


# silu: a = z s(z), a' = s(z) (1 + z (1 - s(z))), s the logistic function


def silu(Z: Array) -> Array:
    return Z * logistic(Z)


def silu_derivative(Z: Array, A: Array) -> Array:
    s = logistic(Z)
    return s * (1 + Z * (1 - s))


# softplus: a = log(1 + e^z), a' = 1 / (1 + e^-z)


def softplus(Z: Array) -> Array:
    xp = namespace(Z)
    return xp.maximum(Z, 0) + xp.log1p(xp.exp(-xp.abs(Z)))


def softplus_derivative(Z: Array, A: Array) -> Array:
    return logistic(Z)


# mish: a = z t, a' = t + z (1 - t^2) s, t = tanh(log(1 + e^z)), s the logistic function


def mish(Z: Array) -> Array:
    return Z * namespace(Z).tanh(softplus(Z))


def mish_derivative(Z: Array, A: Array) -> Array:
    t = namespace(Z).tanh(softplus(Z))
    return t + Z * ((1 - t * t) * logistic(Z))


# exp: a = e^z, a' = a; the mean of a Poisson variable from its logarithm


def exp(Z: Array) -> Array:
    return namespace(Z).exp(Z)


def exp_derivative(Z: Array, A: Array) -> Array:
    return A


# softmax: a_j = e^z_j / sum_k e^z_k, da_j/dz_k = a_j ([j = k] - a_k)


def softmax(Z: Array) -> Array:
    xp = namespace(Z)
    e = xp.exp(Z - xp.max(Z, axis=1, keepdims=True))
    return e / xp.sum(e, axis=1, keepdims=True)


def softmax_jacobian(Z: Array, A: Array) -> Array:
    """``(n, k, k)``: row j, column k is da_j/dz_k = a_j ([j = k] - a_k)."""
    xp = namespace(A)
    k = A.shape[1]
    unit = xp.eye(k, dtype=A.dtype)
    return A[:, :, None] * (unit[None, :, :] - A[:, None, :])


_GLOROT = "Glorot and Bengio 2010"

_ROWS = (
    Activation("identity", identity, identity_derivative, "linear unit"),
    Activation("logistic", logistic, logistic_derivative, _GLOROT),
    Activation("tanh", tanh, tanh_derivative, _GLOROT),
    Activation("relu", relu, relu_derivative, "Nair and Hinton 2010", kinks=(0.0,)),
    Activation("leaky_relu", leaky_relu, leaky_relu_derivative, "Maas et al. 2013", kinks=(0.0,)),
    Activation("elu", elu, elu_derivative, "Clevert et al. 2016, alpha = 1"),
    Activation("selu", selu, selu_derivative, "Klambauer et al. 2017", kinks=(0.0,)),
    Activation("gelu", gelu, gelu_derivative, "Hendrycks and Gimpel 2016, exact form"),
    Activation("silu", silu, silu_derivative, "Elfwing et al. 2018"),
    Activation("softplus", softplus, softplus_derivative, "Dugas et al. 2001"),
    Activation("mish", mish, mish_derivative, "Misra 2019"),
    Activation("exp", exp, exp_derivative, "inverse of the logarithmic link", hidden=False),
    Activation(
        "softmax", softmax, softmax_jacobian, "Bridle 1990", elementwise=False, hidden=False
    ),
)

ACTIVATIONS: Mapping[str, Activation] = MappingProxyType({row.name: row for row in _ROWS})
HIDDEN_ACTIVATIONS = tuple(row.name for row in _ROWS if row.hidden)


def pullback(activation: Activation, Z: Array, A: Array, dA: Array) -> Array:
    """dL/dZ from dL/dA: the derivative's transpose applied to ``dA``.

    For softmax, ``J^T dA`` without forming J: ``a * (dA - sum_k a_k dA_k)``.
    """
    if activation.elementwise:
        return dA * activation.derivative(Z, A)
    return A * (dA - namespace(A).sum(A * dA, axis=1, keepdims=True))
