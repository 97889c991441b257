"""The graph that skl2onnx is about to make, as the equations take one."""

from collections.abc import Sequence
from typing import Any

import numpy.typing as npt

from chainrule.interop.onnx.graph import Graph
from chainrule.interop.onnx.optional import module_for

__all__ = ["WHAT", "SharedGraph", "data_types"]

Array = npt.NDArray[Any]

ML_OPSET = 2
"""Of the operators for tables: that of our own graph, which any skl2onnx of today knows."""

WHAT = "Conversion by skl2onnx"


def data_types() -> Any:
    """skl2onnx's types of inputs and outputs."""
    return module_for(WHAT, "skl2onnx.common.data_types")


class SharedGraph(Graph):
    """The graph that skl2onnx builds, of which ours is a part."""

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
        if domain := attributes.pop("domain", ""):
            attributes |= {"op_domain": domain, "op_version": ML_OPSET}
        self._container.add_node(op, list(inputs), [output], name=name, **attributes)

    def _add_constant(self, values: Array, name: str) -> None:
        if values.dtype.kind == "U":
            encoded = [each.encode() for each in values.ravel().tolist()]
            string = self._onnx.TensorProto.STRING
            self._container.add_initializer(name, string, values.shape, encoded)
        else:
            tensor = self._onnx.numpy_helper.from_array(values, name)
            self._container.add_initializer(name, None, None, tensor)
