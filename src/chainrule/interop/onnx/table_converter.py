"""A table's preparation for skl2onnx: an input for each column, found by its name.

What is done to the columns is `add_table`'s, as in Chainrule's own graph. That takes a category as
texts; here it may also come as numbers or truths, as skl2onnx reads them off a data frame, and is
made texts first.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.errors import InvalidInputError
from chainrule.interop.onnx.graph import Graph
from chainrule.interop.onnx.shared import SharedGraph, data_types
from chainrule.interop.onnx.steps import add_step
from chainrule.interop.onnx.table import add_table
from chainrule.models.columns import Column
from chainrule.models.table import TableStep
from chainrule.tables.block import number_of
from chainrule.tables.encoding import TRUTH

__all__ = ["ALIAS", "convert", "initial_types", "parse", "set_shapes"]

ALIAS = "ChainruleTablePreparation"

NUMBERS = ("Float", "Double", "Int64", "Int32", "Int16", "Int8", "UInt8", "Boolean")
TAKES: Mapping[str, tuple[str, ...]] = {
    "number": NUMBERS,
    "date": ("Double", "Int64"),
    "category": ("String", *NUMBERS),
}
"""The types of skl2onnx, less ``TensorType``, that a column of each kind may come in."""

REMEDY = {
    "number": "Give the numbers as they are, with NaN where they are missing.",
    "date": "Give the seconds since the beginning of 1970, UTC, with NaN where they are missing.",
    "category": 'Give the texts, with "" where they are missing.',
}


def initial_types(model: Any, *, numbers: str = "float32") -> list[tuple[str, Any]]:
    """What ``skl2onnx.to_onnx(model, initial_types=...)`` is to be told of a table's columns.

    skl2onnx reads the types off a data frame itself, but for dates and for columns of text or truth
    with gaps, which it does not know.

    Parameters
    ----------
    model
        A fitted `TablePreparation`, or a Pipeline that begins with one.
    numbers : {"float32", "float64"}, default "float32"
        The type of the columns that are numbers.

    Returns
    -------
    list of (str, type)
        Of each column, by its own name, ``(n, 1)``: a number floating, NaN where it is missing; a
        category a string, ``""`` where it is missing; a date float64, the seconds since the
        beginning of 1970, UTC, NaN where it is missing.

    Raises
    ------
    InvalidInputError
        The model does not begin with a fitted table's preparation.
    MissingExtraError
        skl2onnx is not installed: ``pip install 'chainrule[onnx]'``.
    """
    types = data_types()
    kinds = {"float32": types.FloatTensorType, "float64": types.DoubleTensorType}
    if numbers not in kinds:
        raise InvalidInputError(f"Required float32 or float64 as numbers; came {numbers!r}.")
    first = model.steps[0][1] if hasattr(model, "steps") else model
    columns = getattr(first, "columns_", ())
    if not columns:
        raise InvalidInputError(
            "Required a fitted TablePreparation of a table with named columns, or a Pipeline that "
            f"begins with one; came {type(first).__name__}. Other models take one input of rows."
        )
    made = {
        "number": kinds[numbers],
        "category": types.StringTensorType,
        "date": types.DoubleTensorType,
    }
    return [(column.name, made[column.kind]([None, 1])) for column in columns]


def parse(scope: Any, model: Any, inputs: Any, custom_parsers: Any = None) -> Any:
    """One output of the preparation's own type; skl2onnx would take the first input's."""
    operator = scope.declare_local_operator(ALIAS, model)
    operator.inputs = inputs
    operator.outputs.append(scope.declare_local_variable("variable", _floating(model)()))
    return operator.outputs


def set_shapes(operator: Any) -> None:
    """The output's type and shape, once the inputs are such as there must be."""
    preparation = operator.raw_operator
    _inputs(preparation, operator.inputs)
    n = operator.inputs[0].get_first_dimension()
    operator.outputs[0].set_type(_floating(preparation)([n, preparation.steps_[-1].n_out]))


def convert(scope: Any, operator: Any, container: Any) -> None:
    """Add what the preparation does to its columns."""
    preparation = operator.raw_operator
    graph = SharedGraph(scope, container, preparation.dtype)
    given = _inputs(preparation, operator.inputs)
    first, *further = preparation.steps_
    if not isinstance(first, TableStep):
        X, further = graph.cast(given[0].full_name, graph.dtype), [first, *further]
    else:
        X = add_table(graph, first, _columns(graph, first, given))
    for step in further:
        X = add_step(graph, step, X)
    graph.node("Identity", X, output=operator.outputs[0].full_name)


def _floating(preparation: Any) -> Any:
    types = data_types()
    double = preparation.dtype == "float64"
    return types.DoubleTensorType if double else types.FloatTensorType


def _inputs(preparation: Any, inputs: Sequence[Any]) -> list[Any]:
    """The input of each column in order, further ones left aside; or the one with all of them."""
    columns = preparation.columns_
    named = {each.raw_name: each for each in inputs}
    if len(inputs) == 1 and set(named) != {column.name for column in columns}:
        return [_matrix(preparation, inputs[0])]
    missing = [column.name for column in columns if column.name not in named]
    if missing:
        raise InvalidInputError(
            "Required an input for each column of the table, of the column's name; missing: "
            f"{', '.join(map(repr, missing[:10]))}. Came {', '.join(map(repr, named))[:300]}. Give "
            "initial_types=chainrule.interop.onnx.initial_types(model)."
        )
    twice = [name for name, count in Counter(each.raw_name for each in inputs).items() if count > 1]
    if twice:
        raise InvalidInputError(f"Required each input once; came {twice[0]!r} twice.")
    for column in columns:
        _check_type(column, named[column.name].type)
    return [named[column.name] for column in columns]


def _matrix(preparation: Any, given: Any) -> Any:
    """One input ``(n, columns)``, in the columns' order: there all of them are numbers."""
    kind, width = _kind(given.type), list(given.type.shape or [])[1:]
    strange = [column.name for column in preparation.columns_ if column.kind != "number"]
    if strange or kind not in NUMBERS or width != [preparation.n_features_in_]:
        raise InvalidInputError(
            "Required an input for each column of the table, of the column's name, or, where all "
            f"are numbers, one of shape (None, {preparation.n_features_in_}); came the one input "
            f"{given.raw_name!r} of {given.type}"
            + (f", and {strange[0]!r} is no number. " if strange else ". ")
            + "Put the TablePreparation first in the Pipeline, and give "
            "initial_types=chainrule.interop.onnx.initial_types(model)."
        )
    return given


def _kind(type_: Any) -> str:
    return type(type_).__name__.removesuffix("TensorType")


def _check_type(column: Column, type_: Any) -> None:
    kind = _kind(type_)
    levels = [number_of(level) for level in column.levels]
    truth = column.levels == TRUTH
    wrong = kind not in TAKES[column.kind] or (list(type_.shape or [])[1:] not in ([1], [None]))
    if column.kind == "category" and kind != "String":
        wrong = wrong or (kind == "Boolean") != truth or (not truth and None in levels)
    if wrong:
        took = ("String", "Boolean") if truth else TAKES[column.kind]
        took = ("String",) if None in levels and not truth else took
        raise InvalidInputError(
            f"Required {' or '.join(f'{each}TensorType' for each in took)} of shape (None, 1) for "
            f"the column {column.name!r}, a {column.kind}; came {type_}. {REMEDY[column.kind]}"
        )
    if kind == "Float" and len({np.float32(level) for level in levels}) < len(levels):
        raise InvalidInputError(
            f"Required levels of the column {column.name!r} that float32 tells apart; came some "
            "that are the same there. Give the column as DoubleTensorType or StringTensorType."
        )


def _columns(graph: Graph, step: TableStep, given: Sequence[Any]) -> list[str]:
    """Each column as `add_table` takes it, ``(n, 1)``."""
    if len(given) == 1 and step.n_in > 1:
        wide = given[0].full_name
        places = [graph.constant(np.array([at]), "column") for at in range(step.n_in)]
        return [graph.node("Gather", wide, place, axis=1) for place in places]
    return [
        _texts(graph, column, each)
        if column.kind == "category" and _kind(each.type) != "String"
        else each.full_name
        for column, each in zip(step.columns, given, strict=True)
    ]


def _texts(graph: Graph, column: Column, given: Any) -> str:
    """The levels that truths or numbers are, as texts: ``""`` for what is missing."""
    if _kind(given.type) == "Boolean":
        texts = [graph.constant(np.array([[level]]), "level") for level in reversed(TRUTH)]
        return graph.node("Where", given.full_name, *texts)
    wide = np.array([[number_of(level) for level in column.levels]], np.float64)
    if _kind(given.type) == "Float":  # 0.1 of a float64 column is another number in float32
        wide = wide.astype(np.float32).astype(np.float64)
    x = graph.cast(given.full_name, np.float64)
    equal = graph.cast(graph.node("Equal", x, graph.constant(wide, "levels")), np.float32)
    infinity = graph.constant(np.array(np.inf), "infinity")
    known = graph.node("Less", graph.node("Abs", x), infinity)
    missing = graph.cast(graph.node("Not", known), np.float32)
    none = graph.constant(np.array(0, np.float32), "none")
    half = graph.constant(np.array(0.5, np.float32), "half")
    other = graph.node("Add", graph.node("Mul", missing, none), half)  # where nothing else is 1
    place = graph.node("ArgMax", graph.node("Concat", equal, missing, other, axis=1), axis=1)
    names = np.array([*column.levels, "", _stranger(column)])
    return graph.node("Gather", graph.constant(names, "names"), place)


def _stranger(column: Column) -> str:
    """A text that is none of the levels."""
    return "other " + max(column.levels, key=len)
