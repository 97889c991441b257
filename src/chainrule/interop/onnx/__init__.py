"""ONNX: a fitted network, its preparation included, as one graph that other programs run.

`write_onnx` writes the file, `to_onnx` gives the model in memory, `input_names` tells which input
is which column of a table, and `register` teaches skl2onnx to convert Chainrule's estimators
wherever they stand in a scikit-learn model. Neither onnx nor skl2onnx is imported before one of
them is called.
"""

from chainrule.interop.onnx.converter import register
from chainrule.interop.onnx.export import (
    DEFAULT_OPSET,
    OLDEST_OPSET,
    input_names,
    to_onnx,
    write_onnx,
)

__all__ = ["DEFAULT_OPSET", "OLDEST_OPSET", "input_names", "register", "to_onnx", "write_onnx"]
