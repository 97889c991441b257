r"""Penalties on the weights: a table of name, value and gradient.

Biases are left out. ``l2`` is lambda/2 times the squared Frobenius norm, so its
gradient is lambda W, the same for every batch size. Other conventions in terms of
this lambda: lambda ||W||^2 without the half is ``2 lambda``; scikit-learn's
``alpha`` is ``alpha / (sum of the batch's sample weights)``; PyTorch's
``weight_decay`` in SGD is lambda, on the biases too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from chainrule.equations.namespace import Array, namespace
from chainrule.equations.network import Layer

__all__ = ["PENALTIES", "Penalty", "penalised", "total"]


@dataclass(frozen=True)
class Penalty:
    """One row: ``value(W, strength)`` of one weight matrix, and ``gradient(W, strength)``."""

    name: str
    value: Callable[[Array, Array | float], Array]
    gradient: Callable[[Array, Array | float], Array]
    source: str


def l2(W: Array, strength: Array | float) -> Array:
    return 0.5 * strength * namespace(W).sum(W * W)


def l2_gradient(W: Array, strength: Array | float) -> Array:
    return strength * W


PENALTIES: Mapping[str, Penalty] = MappingProxyType(
    {"l2": Penalty("l2", l2, l2_gradient, "Hoerl and Kennard 1970")}
)


def total(penalty: Penalty, layers: Sequence[Layer], strength: Array | float) -> Array:
    """The penalty summed over the layers' weights."""
    value = penalty.value(layers[0].W, strength)
    for layer in layers[1:]:
        value = value + penalty.value(layer.W, strength)
    return value


def penalised(
    penalty: Penalty, layers: Sequence[Layer], gradients: Sequence[Layer], strength: Array | float
) -> tuple[Layer, ...]:
    """The gradients of the data's loss with those of the penalty added."""
    return tuple(
        Layer(gradient.W + penalty.gradient(layer.W, strength), gradient.b)
        for layer, gradient in zip(layers, gradients, strict=True)
    )
