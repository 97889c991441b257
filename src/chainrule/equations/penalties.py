r"""Penalties on the weights: a table of name, value and gradient.

====  ====================  ================
l2    lambda/2 sum W_ij^2   lambda W
l1    lambda sum |W_ij|     lambda sign(W)
====  ====================  ================

Biases are left out. At a weight of 0 the gradient of ``l1`` is 0, one of its
subgradients. ``l2`` is lambda/2 times the squared Frobenius norm, so its
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
    """One row: ``value(W, strength)`` of one weight matrix, and ``gradient(W, strength)``;
    ``kinks`` lists the weights where the gradient jumps."""

    name: str
    value: Callable[[Array, Array | float], Array]
    gradient: Callable[[Array, Array | float], Array]
    source: str
    kinks: tuple[float, ...] = ()


PARTS = 16


def _sum(term: Callable[[Array], Array], W: Array) -> Array:
    """The sum of a term of each weight.

    First of equal parts of the rows, which a compiler makes one loop of; then by a product with
    ones. A plain sum takes it many times as long, since it keeps the order of its additions.
    """
    height = len(W) // PARTS
    parts = [term(W[start : start + height]) for start in range(0, PARTS * height, height or 1)]
    sums = [sum(parts[1:], parts[0])] if parts else []
    if len(W) > PARTS * height:
        sums.append(term(W[PARTS * height :]))
    xp = namespace(W)
    return sum(xp.sum(xp.ones_like(values[:, 0]) @ values) for values in sums)


def l2(W: Array, strength: Array | float) -> Array:
    return 0.5 * strength * _sum(lambda part: part * part, W)


def l2_gradient(W: Array, strength: Array | float) -> Array:
    return strength * W


def l1(W: Array, strength: Array | float) -> Array:
    return strength * _sum(namespace(W).abs, W)


def l1_gradient(W: Array, strength: Array | float) -> Array:
    return strength * namespace(W).sign(W)


_ROWS = (
    Penalty("l2", l2, l2_gradient, "Hoerl and Kennard 1970"),
    Penalty("l1", l1, l1_gradient, "Tibshirani 1996", kinks=(0.0,)),
)

PENALTIES: Mapping[str, Penalty] = MappingProxyType({row.name: row for row in _ROWS})


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
