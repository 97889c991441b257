"""What the equations need of a graph: nodes and constants.

There are two: a graph of our own, and the one that skl2onnx is about to make. The equations are
written once, over what both are.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import InvalidInputError
from chainrule.interop.onnx.optional import module_for

__all__ = ["Graph", "OwnGraph"]

Array = npt.NDArray[Any]

LARGEST = 2**31 - 2**20
"""Bytes of all constants: a protobuf message ends at 2 GiB, and the nodes take some of it."""


class Graph(ABC):
    """A graph of ONNX operators that computes in one floating ``dtype``."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = np.dtype(dtype)
        self._scalars: dict[float, str] = {}
        self._bytes = 0

    def node(
        self, op: str, *inputs: str | float, output: str | None = None, **attributes: Any
    ) -> str:
        """Add an operator, of the default domain unless told; the name of its result.

        An input that is a number becomes a constant of the graph's type.
        """
        names = [each if isinstance(each, str) else self._scalar(each) for each in inputs]
        result = output or self._unique(op.lower())
        self._add_node(op, names, result, attributes)
        return result

    def cast(self, name: str, dtype: Any, output: str | None = None) -> str:
        """The same values in another type."""
        helper = module_for("ONNX export", "onnx.helper")
        to = int(helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))
        return self.node("Cast", name, output=output, to=to)

    def numbers(self, values: Array, seed: str, keep_zeros: bool = False) -> str:
        """Add floating numbers in the graph's type.

        Raises
        ------
        InvalidInputError
            A finite number is infinite in this type, or (``keep_zeros``) one that is not 0 is 0.
        """
        self._reserve(values.size * self.dtype.itemsize)
        with np.errstate(over="ignore", under="ignore"):
            held = np.asarray(values, self.dtype)
        lost = (np.isfinite(values) != np.isfinite(held)).any()
        if lost or (keep_zeros and ((held == 0) & (values != 0)).any()):
            raise InvalidInputError(
                f"Required numbers that {self.dtype} can hold; the model has larger or smaller "
                "ones. Export in float64 (dtype='float64', or in skl2onnx an input of that type), "
                "or scale the data before training."
            )
        return self._constant(held, seed)

    def constant(self, values: Array, seed: str) -> str:
        """Add an array of whole numbers or strings as it is."""
        self._reserve(values.nbytes)
        return self._constant(values, seed)

    def _scalar(self, value: float) -> str:
        if value not in self._scalars:
            held = np.asarray(value, self.dtype)
            self._scalars[value] = self._constant(held, f"number_{value:g}")
        return self._scalars[value]

    def _reserve(self, count: int) -> None:
        self._bytes += count
        if self._bytes > LARGEST:
            raise InvalidInputError(
                f"Required a model of less than 2 GiB, which is what an ONNX file can hold; this "
                f"one has at least {self._bytes / 2**30:.1f} GiB of numbers. Train a smaller "
                "network (dtype='float32' takes half of what float64 does)."
            )

    def _constant(self, values: Array, seed: str) -> str:
        name = self._unique(seed)
        self._add_constant(values, name)
        return name

    @abstractmethod
    def _unique(self, seed: str) -> str:
        """A name that is not taken."""

    @abstractmethod
    def _add_node(
        self, op: str, inputs: Sequence[str], output: str, attributes: dict[str, Any]
    ) -> None: ...

    @abstractmethod
    def _add_constant(self, values: Array, name: str) -> None: ...


class OwnGraph(Graph):
    """A graph from nothing; ``nodes`` and ``constants`` are what is in it."""

    def __init__(self, dtype: Any) -> None:
        super().__init__(dtype)
        self._onnx = module_for("ONNX export", "onnx")
        self._taken: set[str] = set()
        self._counts: dict[str, int] = {}
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def input(self, name: str) -> str:
        """Take ``name`` for what comes in, or one like it where that is taken."""
        return self._unique(name)

    def reserve(self, *names: str) -> None:
        """Keep names for what goes out."""
        self._taken |= set(names)

    def described(self, name: str, dtype: Any, *columns: int) -> Any:
        """What onnx has to know of an input or output: ``n`` rows of so many columns."""
        kind = np.dtype(dtype)
        tensor = self._onnx.TensorProto
        string = kind.kind == "U"
        code = tensor.STRING if string else self._onnx.helper.np_dtype_to_tensor_dtype(kind)
        return self._onnx.helper.make_tensor_value_info(name, code, ["n", *columns])

    def _unique(self, seed: str) -> str:
        name, count = seed, self._counts.get(seed, 1)
        while name in self._taken:  # of a column, perhaps, that is called as we would call it
            count += 1
            name = f"{seed}_{count}"
        self._counts[seed] = count
        self._taken.add(name)
        return name

    def _add_node(
        self, op: str, inputs: Sequence[str], output: str, attributes: dict[str, Any]
    ) -> None:
        name = self._unique(op)
        self.nodes.append(
            self._onnx.helper.make_node(op, inputs, [output], name=name, **attributes)
        )

    def _add_constant(self, values: Array, name: str) -> None:
        # onnx takes strings as objects alone
        values = values.astype(object) if values.dtype.kind == "U" else values
        self.constants.append(self._onnx.numpy_helper.from_array(values, name))
