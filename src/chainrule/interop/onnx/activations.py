"""The activations as ONNX operators: a table, a row for each of `equations.activations`.

They are made of the basic operators, which every runtime has in float32 and float64, and follow
the equations' stable forms step by step. The operators that have an activation's name are left
alone where they are something else: in onnxruntime ``Sigmoid`` rounds a small probability to 0,
so that an argmax finds ties that there are not; ``Elu``, ``Selu``, ``LeakyRelu`` and ``Softplus``
are in float32 alone; the constants of ``Selu`` and ``LeakyRelu`` are float32 in any graph.
"""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from chainrule.equations.activations import LEAKY_SLOPE, SELU_ALPHA, SELU_SCALE
from chainrule.interop.onnx.erfc import add_erfc
from chainrule.interop.onnx.graph import Graph

__all__ = ["ACTIVATIONS"]


def _identity(graph: Graph, Z: str) -> str:
    return Z


def _decay(graph: Graph, Z: str) -> str:
    """e^-|z|, which never overflows."""
    return graph.node("Exp", graph.node("Neg", graph.node("Abs", Z)))


def _logistic(graph: Graph, Z: str) -> str:
    """1 / (1 + e^-z) for z >= 0, e^z / (1 + e^z) below."""
    e = _decay(graph, Z)
    above = graph.node("Where", graph.node("Less", Z, 0.0), e, 1.0)
    return graph.node("Div", above, graph.node("Add", e, 1.0))


def _tanh(graph: Graph, Z: str) -> str:
    return graph.node("Tanh", Z)


def _relu(graph: Graph, Z: str) -> str:
    return graph.node("Relu", Z)


def _leaky_relu(graph: Graph, Z: str) -> str:
    return graph.node("Max", Z, graph.node("Mul", Z, LEAKY_SLOPE))


def _expm1(graph: Graph, Z: str) -> str:
    """e^z - 1 below 0, and 0 above; right to one rounding of 1."""
    return graph.node("Sub", graph.node("Exp", graph.node("Min", Z, 0.0)), 1.0)


def _elu(graph: Graph, Z: str) -> str:
    return graph.node("Where", graph.node("Greater", Z, 0.0), Z, _expm1(graph, Z))


def _selu(graph: Graph, Z: str) -> str:
    below = graph.node("Mul", _expm1(graph, Z), SELU_ALPHA)
    either = graph.node("Where", graph.node("Greater", Z, 0.0), Z, below)
    return graph.node("Mul", either, SELU_SCALE)


def _gelu(graph: Graph, Z: str) -> str:
    """z (1 + erf(z / sqrt 2)) / 2; in float64 by erfc, for onnxruntime has erf in float32 alone."""
    if graph.dtype == np.float64:
        return graph.node("Mul", Z, _normal(graph, Z))
    erf = graph.node("Erf", graph.node("Mul", Z, math.sqrt(0.5)))
    return graph.node("Mul", Z, graph.node("Mul", graph.node("Add", erf, 1.0), 0.5))


def _normal(graph: Graph, Z: str) -> str:
    """Phi(z) of the standard normal: half of erfc(|z| / sqrt 2) below 0, and 1 less that above."""
    x = graph.node("Mul", graph.node("Abs", Z), math.sqrt(0.5))
    tail = graph.node("Mul", add_erfc(graph, x), 0.5)
    below = graph.node("Less", Z, 0.0)
    return graph.node("Where", below, tail, graph.node("Sub", 1.0, tail))


def _silu(graph: Graph, Z: str) -> str:
    return graph.node("Mul", Z, _logistic(graph, Z))


def _softplus(graph: Graph, Z: str) -> str:
    logarithm = graph.node("Log", graph.node("Add", _decay(graph, Z), 1.0))
    return graph.node("Add", graph.node("Max", Z, 0.0), logarithm)


def _mish(graph: Graph, Z: str) -> str:
    """z t, where t = tanh(log(1 + e^z)) = u / (u + 2) with u = e^z (e^z + 2).

    In e = e^-|z| that is u = e (e + 2) below 0, and (1 + 2 e) / (1 + 2 e + 2 e^2) from 0 on: no
    logarithm of a sum near 1, which has no digits left.
    """
    e = _decay(graph, Z)
    negative = graph.node("Less", Z, 0.0)
    twice = graph.node("Mul", e, 2.0)
    square = graph.node("Mul", e, e)
    above = graph.node("Add", twice, graph.node("Where", negative, square, 1.0))
    more = graph.node("Where", negative, 2.0, graph.node("Mul", square, 2.0))
    return graph.node("Mul", Z, graph.node("Div", above, graph.node("Add", above, more)))


def _exp(graph: Graph, Z: str) -> str:
    return graph.node("Exp", Z)


def _softmax(graph: Graph, Z: str) -> str:
    return graph.node("Softmax", Z, axis=1)


ACTIVATIONS: Mapping[str, Callable[[Graph, str], str]] = MappingProxyType(
    {
        "identity": _identity,
        "logistic": _logistic,
        "tanh": _tanh,
        "relu": _relu,
        "leaky_relu": _leaky_relu,
        "elu": _elu,
        "selu": _selu,
        "gelu": _gelu,
        "silu": _silu,
        "softplus": _softplus,
        "mish": _mish,
        "exp": _exp,
        "softmax": _softmax,
    }
)
