"""A person who calculates: with a slip or without, rounding at every step or at the end."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from chainrule.worked.checking.answers import Node
from chainrule.worked.checking.slips import SLIPS, Scene, slipped
from chainrule.worked.checking.world import Graph
from chainrule.worked.expressions import Expression, mentioned
from chainrule.worked.quantities import Trace

Values = dict[Node, np.ndarray]
Slipped = Mapping[Node, Expression]


def calculated(graph: Graph, slips: Slipped | None = None, decimals: int | None = None) -> Values:
    """Every quantity in order; with ``decimals``, each is rounded before it is used."""
    values: Values = {}

    def value(node: Node) -> np.ndarray:
        if node in values:
            return values[node]
        formula = (slips or {}).get(node)
        if formula is None:
            found = graph.compute(node, {one: value(one) for one in needed(node)})
        else:
            named = {(node[0], key): value((node[0], key)) for key in mentioned(formula)}
            found = graph.evaluate(node, formula, named)
        if decimals is not None and graph.before(node):
            found = found.round(decimals) + 0.0
        return found

    def needed(node: Node) -> Iterable[Node]:
        return graph.before(node)

    for node in graph.order:
        values[node] = value(node)
    return values


def possible(trace: Trace) -> list[tuple[str, Node, Expression]]:
    """Each slip of the table at each quantity that it can happen in."""
    found = []
    for step in trace.steps:
        for quantity in step.quantities.values():
            if quantity.formula is None or quantity.kind == "jacobian":
                continue
            scene = Scene(trace.example, step, quantity, quantity.formula)
            node = (step.number, quantity.key)
            found += [(s.name, node, other) for s in SLIPS for other in slipped(s, scene)]
    return found


def written(graph: Graph, values: Values, nodes: Iterable[Node], decimals: int) -> dict[str, Any]:
    """The answers as a person types them, in the example's layout."""
    table: dict[str, Any] = {}
    for number, key in nodes:
        value = values[number, key]
        if graph.trace.layout == "column" and graph.quantity((number, key)).kind == "matrix":
            value = value.T
        place = table.setdefault(f"step{number}", {})
        place[key] = typed(value, decimals)
    return table


def typed(value: np.ndarray, decimals: int) -> Any:
    if value.ndim == 0:
        return f"{float(value):.{decimals}f}"
    return [typed(part, decimals) for part in value]


def calculable(graph: Graph) -> list[Node]:
    """What a person calculates: everything but what the problem gives."""
    return [node for node in graph.order if graph.before(node)]
