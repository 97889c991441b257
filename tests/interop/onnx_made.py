"""Made networks, and onnxruntime to run what they are exported to."""

from itertools import pairwise
from typing import Any

import numpy as np

from chainrule.equations.network import Layer
from chainrule.models import FrozenModel

CLASSES = {
    "binary": np.array(["no", "yes"]),
    "multiclass": np.array([3, 5, 7]),
    "multilabel": np.arange(3),
}
OUTPUT = {"multiclass": "softmax", "regression": "identity"}
TASKS = ("binary", "multiclass", "multilabel", "regression")


def layers(random, sizes, dtype, scale=1.0):
    """Random weights whose sums are about ``scale`` times what comes in."""

    def array(*shape):
        return (scale * random.normal(size=shape) / np.sqrt(shape[0])).astype(dtype)

    return tuple(
        Layer(array(n_in, n_out), scale * random.normal(size=n_out).astype(dtype))
        for n_in, n_out in pairwise(sizes)
    )


def network(task="multiclass", hidden="tanh", output=None, dtype="float32", **changes):
    """A network 4-6-3 of random weights, or 4-6-1 for two classes."""
    sizes = (4, 6, 1 if task == "binary" else 3)
    facts = {
        "task": task,
        "layers": layers(np.random.default_rng(0), sizes, dtype),
        "activations": (hidden, output or OUTPUT.get(task, "logistic")),
        "classes": CLASSES.get(task),
    }
    return FrozenModel(**facts | changes)


def only(activation, width=1, dtype="float32"):
    """A network that does nothing to its rows but this."""
    layer = Layer(np.eye(width, dtype=dtype), np.zeros(width, dtype))
    return FrozenModel("regression", (layer,), (activation,))


def session(proto: Any) -> Any:
    """A session of onnxruntime on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # skl2onnx leaves constants that nothing uses
    data = proto if isinstance(proto, bytes) else proto.SerializeToString()
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def given(proto: Any, rows: Any) -> dict[str, Any]:
    """What onnxruntime makes of the rows, by the outputs' names."""
    opened = session(proto)
    inputs = rows if isinstance(rows, dict) else {"X": rows}
    names = [output.name for output in opened.get_outputs()]
    return dict(zip(names, opened.run(None, inputs), strict=True))
