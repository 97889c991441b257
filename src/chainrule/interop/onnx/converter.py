"""skl2onnx made to know Chainrule's estimators, wherever in a scikit-learn model they stand.

A converter is three functions: one gives the outputs' types, one adds the nodes, and skl2onnx's own
parser handles the options of classifiers (``zipmap``, ``nocl``, ``output_class_labels``).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.interop.onnx.graph import Graph
from chainrule.interop.onnx.network import add_classification, add_network, written_classes
from chainrule.interop.onnx.optional import module_for
from chainrule.models import freeze

__all__ = ["register"]

Array = npt.NDArray[Any]

WHAT = "Conversion by skl2onnx"

OPTIONS = {
    "zipmap": [True, False, "columns"],
    "nocl": [True, False],
    "output_class_labels": [False, True],
}


def register() -> None:
    """Teach skl2onnx to convert ``MLPClassifier`` and ``MLPRegressor``.

    After it ``skl2onnx.to_onnx`` and ``convert_sklearn`` take them alone, in a Pipeline with any
    transformer that skl2onnx knows, in a ``VotingClassifier``, a ``GridSearchCV`` and so on.
    Classifiers have the options of scikit-learn's: ``zipmap`` (by default, as for those, True),
    ``nocl`` and ``output_class_labels``. The graph computes in float64 where its input is
    ``DoubleTensorType``, else in float32. Calling it again changes nothing.

    Raises
    ------
    MissingExtraError
        skl2onnx is not installed: ``pip install 'chainrule[onnx]'``.
    """
    skl2onnx = module_for(WHAT, "skl2onnx")
    from chainrule.estimators import MLPClassifier, MLPRegressor

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


class _SharedGraph(Graph):
    """The graph that skl2onnx builds, of which a network is a part."""

    def __init__(self, scope: Any, container: Any, dtype: Any) -> None:
        super().__init__(dtype)
        self._scope = scope
        self._container = container
        self._onnx = module_for(WHAT, "onnx")

    def _unique(self, seed: str) -> str:
        return str(self._scope.get_unique_variable_name(seed))

    def _add_node(
        self, op: str, inputs: Sequence[str], output: str, attributes: dict[str, Any]
    ) -> None:
        name = self._scope.get_unique_operator_name(op)
        self._container.add_node(op, list(inputs), [output], name=name, **attributes)

    def _add_constant(self, values: Array, name: str) -> None:
        if values.dtype.kind == "U":
            encoded = [each.encode() for each in values.tolist()]
            string = self._onnx.TensorProto.STRING
            self._container.add_initializer(name, string, values.shape, encoded)
        else:
            tensor = self._onnx.numpy_helper.from_array(values, name)
            self._container.add_initializer(name, None, None, tensor)


def _rows(scope: Any, operator: Any, container: Any) -> tuple[_SharedGraph, str]:
    """The graph in the type of the operator's input, and the input in that type."""
    types = module_for(WHAT, "skl2onnx.common.data_types")
    given, X = operator.inputs[0].type, operator.inputs[0].full_name
    double = isinstance(given, types.DoubleTensorType)
    graph = _SharedGraph(scope, container, np.float64 if double else np.float32)
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
    types = module_for(WHAT, "skl2onnx.common.data_types")
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
    types = module_for(WHAT, "skl2onnx.common.data_types")
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
