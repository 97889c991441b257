"""ONNX: a fitted network, its preparation included, as one graph that other programs run.

`write_onnx` writes the file, `to_onnx` gives the model in memory, `input_names` tells which input
is which column of a table, and `register` teaches skl2onnx to convert Chainrule's estimators
wherever they stand in a scikit-learn model; `initial_types` is what to tell it of a table. Neither
onnx nor skl2onnx is imported before one of them is called.
"""

from chainrule.interop.onnx.converter import register
from chainrule.interop.onnx.export import (
    DEFAULT_OPSET,
    OLDEST_OPSET,
    input_names,
    to_onnx,
    write_onnx,
)
from chainrule.interop.onnx.table_converter import initial_types

__all__ = [
    "DEFAULT_OPSET",
    "OLDEST_OPSET",
    "initial_types",
    "input_names",
    "register",
    "to_onnx",
    "write_onnx",
]
