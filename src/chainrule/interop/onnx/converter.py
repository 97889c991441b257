"""skl2onnx made to know Chainrule's estimators, wherever in a scikit-learn model they stand; the
converter of a table's preparation is in `chainrule.interop.onnx.table_converter`.

A converter is three functions: one gives the outputs' types, one adds the nodes, and skl2onnx's own
parser handles the options of classifiers (``zipmap``, ``nocl``, ``output_class_labels``).
"""

from typing import Any

import numpy as np

from chainrule.interop.onnx import table_converter
from chainrule.interop.onnx.network import add_classification, add_network, written_classes
from chainrule.interop.onnx.optional import module_for
from chainrule.interop.onnx.shared import WHAT, SharedGraph, data_types
from chainrule.models import freeze

__all__ = ["register"]

OPTIONS = {
    "zipmap": [True, False, "columns"],
    "nocl": [True, False],
    "output_class_labels": [False, True],
}


def register() -> None:
    """Teach skl2onnx to convert ``MLPClassifier``, ``MLPRegressor`` and ``TablePreparation``.

    After it ``skl2onnx.to_onnx`` and ``convert_sklearn`` take them alone, in a Pipeline with any
    transformer that skl2onnx knows, in a ``VotingClassifier``, a ``GridSearchCV`` and so on.
    Classifiers have the options of scikit-learn's: ``zipmap`` (by default, as for those, True),
    ``nocl`` and ``output_class_labels``. The graph computes in float64 where its input is
    ``DoubleTensorType``, else in float32. A ``TablePreparation`` takes an input for each column of
    its table, see `chainrule.interop.onnx.initial_types`. Calling it again changes nothing.

    Raises
    ------
    MissingExtraError
        skl2onnx is not installed: ``pip install 'chainrule[onnx]'``.
    """
    skl2onnx = module_for(WHAT, "skl2onnx")
    from chainrule.estimators import MLPClassifier, MLPRegressor
    from chainrule.tables.transformer import TablePreparation

    skl2onnx.update_registered_converter(
        MLPClassifier,
        "ChainruleMLPClassifier",
        _classifier_shapes,
        _convert_classifier,
        options=OPTIONS,
    )
    skl2onnx.update_registered_converter(
        MLPRegressor, "ChainruleMLPRegressor", _regressor_shapes, _convert_regressor
    )
    skl2onnx.update_registered_converter(
        TablePreparation,
        table_converter.ALIAS,
        table_converter.set_shapes,
        table_converter.convert,
        parser=table_converter.parse,
    )


def _rows(scope: Any, operator: Any, container: Any) -> tuple[SharedGraph, str]:
    """The graph in the type of the operator's input, and the input in that type."""
    types = data_types()
    given, X = operator.inputs[0].type, operator.inputs[0].full_name
    double = isinstance(given, types.DoubleTensorType)
    graph = SharedGraph(scope, container, np.float64 if double else np.float32)
    floating = double or isinstance(given, types.FloatTensorType)
    return graph, X if floating else graph.cast(X, np.float32)


def _convert_classifier(scope: Any, operator: Any, container: Any) -> None:
    model = freeze(operator.raw_operator)
    assert model.classes is not None
    graph, X = _rows(scope, operator, container)
    indices = scope.get_options(operator.raw_operator, {"nocl": False})["nocl"]
    classes = np.arange(len(model.classes)) if indices else written_classes(model.classes)
    label, probabilities = (each.full_name for each in operator.outputs)
    A = add_network(graph, model, X).A
    add_classification(graph, model, A, classes, label, probabilities)


def _convert_regressor(scope: Any, operator: Any, container: Any) -> None:
    graph, X = _rows(scope, operator, container)
    A = add_network(graph, freeze(operator.raw_operator), X).A
    graph.node("Identity", A, output=operator.outputs[0].full_name)


def _classifier_shapes(operator: Any) -> None:
    types = data_types()
    floating = _check_inputs(operator, outputs=2)
    est, n = operator.raw_operator, operator.inputs[0].get_first_dimension()
    model = freeze(est)
    assert model.classes is not None
    indices = operator.scope_inst.get_options(est, {"nocl": False})["nocl"]
    text = written_classes(model.classes).dtype.kind == "U" and not indices
    n_out = model.sizes[-1]
    shape = [n, n_out] if model.task == "multilabel" else [n]
    label = types.StringTensorType(shape) if text else types.Int64TensorType(shape)
    operator.outputs[0].set_type(label)
    operator.outputs[1].set_type(floating([n, 2 if model.task == "binary" else n_out]))


def _regressor_shapes(operator: Any) -> None:
    floating = _check_inputs(operator, outputs=1)
    n = operator.inputs[0].get_first_dimension()
    operator.outputs[0].set_type(floating([n, operator.raw_operator.n_outputs_]))


def _check_inputs(operator: Any, outputs: int) -> Any:
    """Refuse what is not one table of numbers; the type of the floating outputs."""
    types = data_types()
    checks = module_for(WHAT, "skl2onnx.common.utils")
    checks.check_input_and_output_numbers(operator, input_count_range=1, output_count_range=outputs)
    numbers = [
        types.BooleanTensorType,
        types.DoubleTensorType,
        types.FloatTensorType,
        types.Int32TensorType,
        types.Int64TensorType,
        types.UInt8TensorType,
    ]
    checks.check_input_and_output_types(operator, good_input_types=numbers)
    double = isinstance(operator.inputs[0].type, types.DoubleTensorType)
    return types.DoubleTensorType if double else types.FloatTensorType
