"""The preparation of rows as ONNX operators: a row of a table for each kind of step.

To add a kind of step, add its function and one row to the table.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from chainrule.errors import InvalidInputError
from chainrule.interop.onnx.graph import Graph
from chainrule.models import Affine, Bounds, Fill, Projection, Step

__all__ = ["STEPS", "add_step"]


def add_step(graph: Graph, step: Step, X: str) -> str:
    """Add what ``step`` does to the rows ``X``; the name of the result.

    Raises
    ------
    InvalidInputError
        A kind of step that is not in `STEPS`.
    """
    if type(step) not in STEPS:
        known = ", ".join(sorted(kind.__name__ for kind in STEPS))
        raise InvalidInputError(
            f"The preparation has a step {type(step).__name__}, for which there is no ONNX graph; "
            f"required one of {known}. Apply it to the rows beforehand."
        )
    return STEPS[type(step)](graph, step, X)


def _affine(graph: Graph, step: Affine, X: str) -> str:
    centred = graph.node("Sub", X, graph.numbers(step.shift, "shift"))
    return graph.node("Div", centred, graph.numbers(step.scale, "scale", keep_zeros=True))


def _fill(graph: Graph, step: Fill, X: str) -> str:
    return graph.node("Where", graph.node("IsNaN", X), graph.numbers(step.values, "filling"), X)


def _bounds(graph: Graph, step: Bounds, X: str) -> str:
    """Max and Min keep NaN, as NumPy does; Clip need not."""
    return graph.node("Min", graph.node("Max", X, step.low), step.high)


def _projection(graph: Graph, step: Projection, X: str) -> str:
    centred = graph.node("Sub", X, graph.numbers(step.mean, "mean"))
    return graph.node("MatMul", centred, graph.numbers(step.V, "V"))


STEPS: Mapping[type, Callable[[Graph, Any, str], str]] = MappingProxyType(
    {Affine: _affine, Bounds: _bounds, Fill: _fill, Projection: _projection}
)
