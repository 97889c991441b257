"""An ONNX model from a fitted network: its graph, its inputs and outputs, what it says of itself.

Names and shapes are those that skl2onnx gives (with ``zipmap=False``), so that a program which
serves scikit-learn's models serves these.
"""

import json
import os
from typing import Any

import numpy as np
import numpy.typing as npt

import chainrule
from chainrule.errors import InvalidInputError
from chainrule.files.atomic import write_bytes
from chainrule.interop.onnx.graph import OwnGraph
from chainrule.interop.onnx.network import (
    Outputs,
    add_classification,
    add_network,
    written_classes,
)
from chainrule.interop.onnx.optional import module_for
from chainrule.interop.onnx.table import ML_DOMAIN, Input, add_table, column_inputs, split_table
from chainrule.models import FrozenModel, freeze

__all__ = ["DEFAULT_OPSET", "OLDEST_OPSET", "input_names", "to_onnx", "write_onnx"]

Array = npt.NDArray[Any]

DEFAULT_OPSET = 13
"""Of 2020: what is not up to date reads it as well."""

OLDEST_OPSET = 12
"""The first that says which of equal largest values ArgMax gives."""

FLOATS = ("float32", "float64")
ROWS = (*FLOATS, "uint8")

OUTPUTS = ("label", "probabilities", "logits", "variable")

ML_OPSET = 2
"""Of the operators for tables; of the time of `OLDEST_OPSET`."""


def to_onnx(
    model: Any,
    *,
    opset: int = DEFAULT_OPSET,
    dtype: str = "float32",
    input_dtype: str | None = None,
    logits: bool = False,
) -> Any:
    """A fitted network, with its preparation, as an ONNX model.

    The graph takes rows ``X`` ``(n, n_features)``; n may be anything, 0 and 1 too. It gives, with
    the names and shapes of skl2onnx,

    - of a classifier ``label`` ``(n,)``, int64 or string (of several labels a sample ``(n, k)`` of
      0 and 1), and ``probabilities`` ``(n, n_classes)`` in the order of ``classes_``;
    - of a regressor ``variable`` ``(n, n_outputs)``, also where there is one output.

    Of a model of a table, which begins with a `chainrule.models.table.TableStep`, there is in place
    of ``X`` an input ``(n, 1)`` for each column, of the column's name: a number is floating, with
    NaN where it is missing; a category a string, with ``""`` where it is missing; a date float64,
    the seconds since the beginning of 1970, UTC, with NaN where it is missing. A level that is not
    known counts as one of the others, an infinite number as missing. In a name, what is no letter,
    digit or underscore becomes an underscore; the metadata ``chainrule.columns`` tell which input
    is which column.

    Labels that are whole numbers, truths or whole floating numbers are int64, as skl2onnx has it.
    Of equal largest probabilities the first class is the label, and one of two classes, or one of
    several labels, is there above 1/2: as in ``predict``.

    Parameters
    ----------
    model : MLPClassifier, MLPRegressor, a Pipeline that ends in one, or a FrozenModel
        Of a Pipeline's transformers, those that `chainrule.models.freeze` knows; for others use
        skl2onnx after `register`.
    opset : int, default 13
        The version of the operators, from 12 to the newest that the installed onnx knows.
    dtype : {"float32", "float64"}, default "float32"
        The type of the arithmetic and of all floating outputs, whatever the network was trained
        in. Float32 is what every runtime has; float64 gives a float64 network's numbers to their
        last digits, and is for rows whose size needs it, such as times in seconds.
    input_dtype : {"float32", "float64", "uint8"}, default ``dtype``
        The type of ``X``, or of a table's numbers, which is turned into that of the arithmetic
        first: ``"uint8"`` for images as bytes, of a network with ``input_scale=255``; ``"float64"``
        for a table whose numbers have more than seven digits.
    logits : bool, default False
        Give a classifier's values before the last activation as well: ``logits`` ``(n, n_out)``,
        one column for two classes.

    Returns
    -------
    onnx.ModelProto
        Checked by ``onnx.checker``. Equal models give equal bytes: neither time nor place is in
        them. ``metadata_props`` hold ``chainrule.task``, and as JSON ``chainrule.classes``,
        ``chainrule.feature_names`` and ``chainrule.columns`` (of each input of a table: ``input``,
        ``column`` and ``kind``), where there are any.

    Raises
    ------
    InvalidInputError
        What `chainrule.models.freeze` refuses, an argument that is not listed here, numbers that
        ``dtype`` cannot hold, labels that are neither strings nor whole numbers, or 2 GiB and more.
    MissingExtraError
        The package onnx is not installed: ``pip install 'chainrule[onnx]'``.

    Examples
    --------
    >>> import numpy as np
    >>> from chainrule import MLPRegressor
    >>> from chainrule.interop.onnx import to_onnx
    >>> X = np.linspace(-1, 1, 20).reshape(-1, 1)
    >>> net = MLPRegressor(hidden_layer_sizes=(5,), solver="lbfgs").fit(X, X.ravel())
    >>> [node.op_type for node in to_onnx(net).graph.node]
    ['Gemm', 'Relu', 'Gemm', 'Identity']
    """
    onnx = module_for("ONNX export", "onnx")
    frozen = freeze(model)
    _check_opset(onnx, opset)
    _check_choice("dtype", dtype, FLOATS)
    rows = dtype if input_dtype is None else input_dtype
    _check_choice("input_dtype", rows, ROWS)
    if logits and frozen.task == "regression":
        raise InvalidInputError("A regression has values and no logits: leave logits=False.")
    graph = OwnGraph(dtype)
    graph.reserve(*OUTPUTS)
    table, rest = split_table(frozen)
    columns: tuple[Input, ...] = ()
    if table is None:
        X = graph.input("X")
        inputs = [graph.described(X, rows, frozen.n_in)]
        X = X if rows == dtype else graph.cast(X, dtype)
    else:
        columns = column_inputs(graph, table, rows)
        inputs = [graph.described(each.name, each.dtype, 1) for each in columns]
        X = add_table(graph, table, [each.name for each in columns])
    outputs = _add_outputs(graph, frozen, add_network(graph, rest, X), logits)
    proto = _model(onnx, graph, inputs, outputs, opset)
    onnx.helper.set_model_props(proto, _facts(frozen, columns))
    onnx.checker.check_model(proto, full_check=True)
    return proto


def write_onnx(
    model: Any,
    path: str | os.PathLike[str],
    *,
    opset: int = DEFAULT_OPSET,
    dtype: str = "float32",
    input_dtype: str | None = None,
    logits: bool = False,
) -> None:
    """Write what `to_onnx` gives, with the same arguments, as a file.

    Writing is all or nothing: what stood at ``path`` stays until the new file is whole on the
    disk. Equal models give equal files.

    Raises
    ------
    InvalidInputError, MissingExtraError
        As `to_onnx`.
    OSError
        The file cannot be written.
    """
    proto = to_onnx(model, opset=opset, dtype=dtype, input_dtype=input_dtype, logits=logits)
    write_bytes(path, proto.SerializeToString(deterministic=True))


def input_names(model: Any) -> dict[str, str]:
    """The input of each column of a table, by the column's name; of other models none.

    Raises
    ------
    InvalidInputError, MissingExtraError
        As `to_onnx`.
    """
    graph = OwnGraph("float32")
    graph.reserve(*OUTPUTS)
    table, _ = split_table(freeze(model))
    columns = () if table is None else column_inputs(graph, table, "float32")
    return {each.column.name: each.name for each in columns}


def _check_opset(onnx: Any, opset: int) -> None:
    newest = onnx.defs.onnx_opset_version()
    if isinstance(opset, bool) or not isinstance(opset, int | np.integer):
        raise InvalidInputError(f"Required a whole number as opset; came {opset!r}.")
    if not OLDEST_OPSET <= opset <= newest:
        raise InvalidInputError(
            f"Required an opset from {OLDEST_OPSET} to {newest}, the newest that onnx "
            f"{onnx.__version__} knows; came {opset}. The default is {DEFAULT_OPSET}."
        )


def _check_choice(name: str, value: object, known: tuple[str, ...]) -> None:
    if value not in known:
        raise InvalidInputError(f"Required {' or '.join(known)} as {name}; came {value!r}.")


def _add_outputs(graph: OwnGraph, model: FrozenModel, found: Outputs, logits: bool) -> list[Any]:
    """Name what the graph gives; a value's description each."""
    n_out = model.sizes[-1]
    if model.task == "regression":
        graph.node("Identity", found.A, output="variable")
        return [graph.described("variable", graph.dtype, n_out)]
    assert model.classes is not None
    classes = written_classes(model.classes)
    add_classification(graph, model, found.A, classes, "label", "probabilities")
    kind, columns = (np.int64, [n_out]) if model.task == "multilabel" else (classes.dtype, [])
    outputs = [
        graph.described("label", kind, *columns),
        graph.described("probabilities", graph.dtype, 2 if model.task == "binary" else n_out),
    ]
    if logits:
        graph.node("Identity", found.Z, output="logits")
        outputs.append(graph.described("logits", graph.dtype, n_out))
    return outputs


def _model(onnx: Any, graph: OwnGraph, inputs: list[Any], outputs: list[Any], opset: int) -> Any:
    made = onnx.helper.make_graph(graph.nodes, "chainrule", inputs, outputs, graph.constants)
    opsets = [onnx.helper.make_opsetid("", int(opset))]
    if any(node.domain == ML_DOMAIN for node in graph.nodes):
        opsets.append(onnx.helper.make_opsetid(ML_DOMAIN, ML_OPSET))
    return onnx.helper.make_model(
        made,
        producer_name="chainrule",
        producer_version=chainrule.__version__,
        opset_imports=opsets,
        ir_version=onnx.helper.find_min_ir_version_for(opsets),
    )


def _facts(model: FrozenModel, columns: tuple[Input, ...]) -> dict[str, str]:
    facts: dict[str, str] = {"chainrule.task": model.task}
    if model.classes is not None:
        labels = written_classes(model.classes).tolist()
        facts["chainrule.classes"] = json.dumps(labels, ensure_ascii=False)
    if model.feature_names is not None:
        facts["chainrule.feature_names"] = json.dumps(model.feature_names, ensure_ascii=False)
    if columns:
        known = [{"input": name, "column": c.name, "kind": c.kind} for name, c, _ in columns]
        facts["chainrule.columns"] = json.dumps(known, ensure_ascii=False)
    return facts
