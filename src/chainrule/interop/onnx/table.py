"""The preparation of a table as ONNX operators: an input for each column, as skl2onnx has it.

It follows `chainrule.models.table` in float64, whatever type the rest of the graph computes in:
seconds since 1970 have ten digits before the point, and a number's centre may be far from 0.
Categories are looked up with ``LabelEncoder`` of the domain ``ai.onnx.ml``, as skl2onnx does; the
default domain compares strings since opset 19 alone.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from chainrule.interop.onnx.graph import Graph, OwnGraph
from chainrule.models import FrozenModel
from chainrule.models.columns import Column
from chainrule.models.table import PERIODS, TableStep, Treatment
from chainrule.tables.encoding import TRUTH

__all__ = ["ML_DOMAIN", "Input", "add_table", "column_inputs", "split_table"]

ML_DOMAIN = "ai.onnx.ml"
DATES = "float64"
"""Seconds since 1970 may be broken, and NaN is what is missing: int64 has neither."""


class Input(NamedTuple):
    """A column's input: its name in the graph, which is the column's own where that is valid."""

    name: str
    column: Column
    dtype: str


def split_table(model: FrozenModel) -> tuple[TableStep | None, FrozenModel]:
    """The table's preparation, where the model begins with one, and the model without it."""
    if model.steps and isinstance(model.steps[0], TableStep):
        return model.steps[0], replace(model, steps=model.steps[1:])
    return None, model


def column_inputs(graph: OwnGraph, step: TableStep, numbers: str) -> tuple[Input, ...]:
    """Take a name for each column; ``numbers`` is the type of those that are numbers.

    What is no letter, digit or underscore becomes an underscore, and a digit in front gets one. A
    name that is taken, by an output or another column, gets a number behind it; columns whose own
    names are valid are served first.
    """
    kinds = {"number": numbers, "category": "str", "date": DATES}
    wanted = [_valid(column.name) for column in step.columns]
    order = sorted(range(step.n_in), key=lambda at: wanted[at] != step.columns[at].name)
    names = {at: graph.input(wanted[at]) for at in order}
    return tuple(
        Input(names[at], column, kinds[column.kind]) for at, column in enumerate(step.columns)
    )


def _valid(name: str) -> str:
    found = re.sub(r"\W", "_", name) or "_"
    return f"_{found}" if found[0].isdigit() else found


def add_table(graph: Graph, step: TableStep, inputs: Sequence[str]) -> str:
    """Add what ``step`` does to its columns ``(n, 1)`` each; the name of the rows."""
    parts = list(_parts(graph, step, inputs))
    cast = [graph.cast(part, step.dtype) for part in parts]
    rows = cast[0] if len(cast) == 1 else graph.node("Concat", *cast, axis=1)
    return rows if graph.dtype == step.dtype else graph.cast(rows, graph.dtype)


def _parts(graph: Graph, step: TableStep, inputs: Sequence[str]) -> Iterator[str]:
    """The scaled numbers, then for each column what else it gives, as `TableStep.names`."""
    triples = list(zip(step.columns, step.treatments, inputs, strict=True))
    used = [(column, how, name) for column, how, name in triples if how.used]
    scaled = [(how, name) for column, how, name in used if column.kind != "category"]
    places = {name: at for at, (_, name) in enumerate(scaled)}
    if scaled:
        hows = [how for how, _ in scaled]
        known, x = _filled(graph, hows, [name for _, name in scaled])
        yield _scaled(graph, step, hows, x)
    for column, how, name in used:
        if column.kind == "category":
            if how.kept or how.others or how.missing:
                yield _category(graph, column, how, name)
            continue
        if how.cycles:
            yield _cycles(graph, how, _one(graph, x, places[name]))
        if how.missing:
            yield graph.node("Not", _one(graph, known, places[name]))


def _filled(graph: Graph, hows: Sequence[Treatment], names: Sequence[str]) -> tuple[str, str]:
    """Where there is a finite number, and the numbers with the gaps filled."""
    wide = [graph.cast(name, np.float64) for name in names]
    x = wide[0] if len(wide) == 1 else graph.node("Concat", *wide, axis=1)
    known = graph.node("Less", graph.node("Abs", x), _double(graph, np.inf, "infinity"))
    return known, graph.node("Where", known, x, _row(graph, [how.fill for how in hows], "fill"))


def _scaled(graph: Graph, step: TableStep, hows: Sequence[Treatment], x: str) -> str:
    """u / sqrt(1 + (u / bound)^2) with u = (x - center) / scale, cut off where its square would be
    infinite."""
    centred = graph.node("Sub", x, _row(graph, [how.center for how in hows], "center"))
    u = graph.node("Div", centred, _row(graph, [how.scale for how in hows], "scale"))
    if np.isinf(step.bound):
        return u
    far = step.farthest()
    u = graph.node("Max", u, _double(graph, -far, "lowest"))
    u = graph.node("Min", u, _double(graph, far, "highest"))
    part = graph.node("Div", u, _double(graph, step.bound, "bound"))
    square = graph.node("Mul", part, part)
    root = graph.node("Sqrt", graph.node("Add", square, _double(graph, 1.0, "one")))
    return graph.node("Div", u, root)


def _cycles(graph: Graph, how: Treatment, x: str) -> str:
    """sin and cos of 2 pi x / period, one after the other: cos a = sin (a + pi/2)."""
    speeds = np.repeat([2 * np.pi / PERIODS[cycle] for cycle in how.cycles], 2)
    quarters = np.tile([0.0, np.pi / 2], len(how.cycles))
    angles = graph.node("Mul", x, _row(graph, speeds, "speed"))
    return graph.node("Sin", graph.node("Add", angles, _row(graph, quarters, "quarter")))


def _category(graph: Graph, column: Column, how: Treatment, name: str) -> str:
    """Which of the kept levels it is, whether another, and whether missing: truths.

    The kept levels are 0 ... k - 1, any other text is k, and what is missing k + 1.
    """
    k = len(how.kept)
    codes = {} if "" in column.levels else {"": k + 1}
    for place, level in enumerate(how.kept):
        codes |= dict.fromkeys(_spellings(column, column.levels[level]), place)
    code = graph.node(
        "LabelEncoder",
        name,
        domain=ML_DOMAIN,
        keys_strings=list(codes),
        values_int64s=list(codes.values()),
        default_int64=k,
    )
    columns = [*range(k), *([k] if how.others else []), *([k + 1] if how.missing else [])]
    return graph.node("Equal", code, graph.constant(np.array([columns]), "codes"))


def _spellings(column: Column, level: str) -> tuple[str, ...]:
    """How a level is written; truth values also as Python and as spreadsheets have them."""
    return (level, level.title(), level.upper()) if column.levels == TRUTH else (level,)


def _one(graph: Graph, x: str, at: int) -> str:
    """One column of ``x``, ``(n, 1)``."""
    return graph.node("Gather", x, graph.constant(np.array([at]), "column"), axis=1)


def _row(graph: Graph, values: Any, seed: str) -> str:
    return graph.constant(np.array([values], np.float64), seed)


def _double(graph: Graph, value: float, seed: str) -> str:
    return graph.constant(np.array(value, np.float64), seed)
