"""A model's graph: preparation, layers, and what the outputs mean."""

from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chainrule.errors import InvalidInputError
from chainrule.interop.onnx.activations import ACTIVATIONS
from chainrule.interop.onnx.graph import Graph
from chainrule.interop.onnx.steps import add_step
from chainrule.models import FrozenModel

__all__ = ["Outputs", "add_classification", "add_network", "written_classes"]

Array = npt.NDArray[Any]


class Outputs(NamedTuple):
    """The last layer's values, ``(n, n_out)`` each: before its activation, and after."""

    Z: str
    A: str


def add_network(graph: Graph, model: FrozenModel, X: str) -> Outputs:
    """Add all that is done to rows ``X``, which are in the graph's type."""
    for step in model.steps:
        X = add_step(graph, step, X)
    if model.input_scale is not None:
        scale = np.asarray(model.input_scale, np.float64)
        X = graph.node("Div", X, graph.numbers(scale, "input_scale", keep_zeros=True))
    Z = A = X
    for number, (layer, name) in enumerate(
        zip(model.layers, model.activations, strict=True), start=1
    ):
        W, b = graph.numbers(layer.W, f"W{number}"), graph.numbers(layer.b, f"b{number}")
        Z = graph.node("Gemm", A, W, b)
        A = ACTIVATIONS[name](graph, Z)
    return Outputs(Z, A)


def add_classification(
    graph: Graph, model: FrozenModel, A: str, classes: Array, label: str, probabilities: str
) -> None:
    """Add the labels and the probabilities that outputs ``A`` mean, under the names given.

    As `FrozenModel.decided` has it: a label is there above 1/2, not at it; of equal largest
    probabilities the first class is the answer.
    """
    if model.task == "binary":
        graph.node("Concat", graph.node("Sub", 1.0, A), A, output=probabilities, axis=1)
    else:
        graph.node("Identity", A, output=probabilities)
    if model.task == "multilabel":
        _whole(graph, graph.node("Greater", A, 0.5), label)
    elif model.task == "binary":
        flat = graph.node("Reshape", A, graph.constant(np.array([-1]), "flat"))
        index = _whole(graph, graph.node("Greater", flat, 0.5))
        # with a single class there is nothing to tell apart: it stands twice
        _lookup(graph, classes[[0, -1]], index, label)
    else:
        _lookup(graph, classes, graph.node("ArgMax", A, axis=1, keepdims=0), label)


def _whole(graph: Graph, name: str, output: str | None = None) -> str:
    """Truths as the numbers 0 and 1."""
    return graph.cast(name, np.int64, output)


def _lookup(graph: Graph, classes: Array, index: str, label: str) -> None:
    graph.node("Gather", graph.constant(classes, "classes"), index, output=label, axis=0)


def written_classes(classes: Array) -> Array:
    """The labels as ONNX has them: int64 for whole numbers and truths, else strings.

    Raises
    ------
    InvalidInputError
        Labels that are neither.
    """
    plain = classes.tolist()
    if all(isinstance(each, str) for each in plain):
        return classes.astype(str)
    whole = all(isinstance(each, Real) and float(each).is_integer() for each in plain)
    if not whole or max(map(abs, plain)) >= 2**63:
        raise InvalidInputError(
            "Required class labels that are all strings or all whole numbers below 2^63, which "
            f"is what ONNX can name; came {plain[:5]} of type {classes.dtype}. Train on labels of "
            "one of these kinds."
        )
    return np.array([int(each) for each in plain], np.int64)
