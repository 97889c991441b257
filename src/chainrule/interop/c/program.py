"""From a model to the tables of its C function and the calls in it, one after the other."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt

from chainrule.equations.network import Layer
from chainrule.errors import InvalidInputError
from chainrule.interop.c.literals import as_float32, float_literal, listed
from chainrule.interop.c.quantized import QuantizedLayer
from chainrule.interop.c.table import TableProgram, table_program
from chainrule.models import Affine, Bounds, Fill, FrozenModel, Projection, Step
from chainrule.models.table import TableStep

__all__ = ["STEPS", "Program", "Table", "program"]

Array = npt.NDArray[Any]

TYPES = {"float32": "float", "float64": "double", "int8": "int8_t", "int32": "int32_t"}


@dataclass(frozen=True, eq=False)
class Table:
    """A constant array, named without the header's prefix."""

    name: str
    array: Array

    @property
    def type(self) -> str:
        return TYPES[self.array.dtype.name]

    @property
    def text(self) -> str:
        return listed(self.array)


@dataclass(frozen=True)
class Call:
    """A call of one of the header's functions; a C expression each argument."""

    function: str
    arguments: tuple[str, ...]


@dataclass
class Program:
    """What a row goes through, in two places of the scratch memory that take turns.

    ``at`` is where the values are, ``width`` what each place must hold; ``prefix`` stands before
    the names of functions and tables. ``prepared`` is what is done first with the row of a table.
    """

    prefix: str
    width: int
    tables: list[Table] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    at: str = "a"
    largest_sums: int = 0
    largest_bytes: int = 0
    prepared: TableProgram | None = None

    def table(self, name: str, array: Array) -> str:
        """Keep a table; its name in C."""
        self.tables.append(Table(name, array))
        return f"{self.prefix}_{name}"

    def call(self, function: str, *arguments: object) -> None:
        """Call a function on the values where they are."""
        self.calls.append(Call(function, (f"s->{self.at}", *map(str, arguments))))

    def product(self, function: str, n_in: int, n_out: int, *matrix: str) -> None:
        """Call a function that leaves its values in the other place, and go there."""
        other = "b" if self.at == "a" else "a"
        scratch = ("s",) if function == "product8" else ()
        self.calls.append(
            Call(
                function,
                (*scratch, f"s->{self.at}", str(n_in), *matrix, str(n_out), f"s->{other}"),
            )
        )
        self.at, self.width = other, max(self.width, n_out)

    @property
    def functions(self) -> set[str]:
        """The functions that are called."""
        return {each.function for each in self.calls}

    @property
    def constant_bytes(self) -> int:
        """What the tables take in a compiled program."""
        return sum(each.array.nbytes for each in self.tables)


def program(
    model: FrozenModel, prefix: str, quantized: Sequence[QuantizedLayer] | None = None
) -> Program:
    """The program of a model, with its layers in float32 or as they were quantized.

    Raises
    ------
    InvalidInputError
        A kind of step that has no C, or numbers that float32 cannot hold.
    """
    made = Program(prefix, model.n_in)
    for number, step in enumerate(model.steps, 1):
        if number == 1 and isinstance(step, TableStep):
            _table(made, step)
            continue
        kind = type(step)
        if kind not in STEPS:
            known = ", ".join(sorted(each.__name__ for each in STEPS))
            raise InvalidInputError(
                f"Step {number} of the preparation is of the kind {kind.__name__}, which has no C; "
                f"required {known}. Apply it beforehand, and export the rest of the Pipeline."
            )
        STEPS[kind](made, step, number)
    if model.input_scale is not None:
        divisor = float(_divisors(model.input_scale, "input_scale"))
        made.call("divide", float_literal(divisor), model.sizes[0])
    for number, (layer, activation) in enumerate(
        zip(model.layers, model.activations, strict=True), 1
    ):
        if quantized is None:
            _product(made, layer, number)
        else:
            _product8(made, quantized[number - 1], number)
        b = made.table(f"b{number}", as_float32(layer.b, f"b of layer {number}"))
        made.call("add", b, layer.b.size)
        if activation != "identity":
            made.call(activation, layer.b.size)
    return made


def _table(made: Program, step: TableStep) -> None:
    made.prepared, made.width = table_program(step), step.n_out
    for name, array in made.prepared.arrays.items():
        made.table(f"table_{name}", array)


def _product(made: Program, layer: Layer, number: int) -> None:
    W = made.table(f"W{number}", as_float32(layer.W, f"W of layer {number}"))
    made.product("product", *layer.W.shape, W)


def _product8(made: Program, layer: QuantizedLayer, number: int) -> None:
    Q = made.table(f"W{number}", layer.Q)
    scales = made.table(f"scales{number}", layer.scales)
    n_in, n_out = layer.Q.shape
    made.product("product8", n_in, n_out, Q, scales)
    made.largest_bytes = max(made.largest_bytes, n_in)
    made.largest_sums = max(made.largest_sums, n_out)


def _affine(made: Program, step: Any, number: int) -> None:
    shift = made.table(f"shift{number}", as_float32(step.shift, f"shift of step {number}"))
    scale = made.table(f"scale{number}", _divisors(step.scale, f"scale of step {number}"))
    made.call("affine", shift, scale, step.n_in)


def _fill(made: Program, step: Any, number: int) -> None:
    values = made.table(f"fill{number}", as_float32(step.values, f"values of step {number}"))
    made.call("fill", values, step.n_in)


def _bounds(made: Program, step: Any, number: int) -> None:
    ends = as_float32([step.low, step.high], f"ends of step {number}")
    made.call("bounds", *map(float_literal, ends), step.n_in)


def _projection(made: Program, step: Any, number: int) -> None:
    mean = made.table(f"mean{number}", as_float32(step.mean, f"mean of step {number}"))
    made.call("subtract", mean, step.n_in)
    V = made.table(f"V{number}", as_float32(step.V, f"V of step {number}"))
    made.product("product", step.n_in, step.n_out, V)


STEPS: Mapping[type[Step], Callable[[Program, Any, int], None]] = {
    Affine: _affine,
    Bounds: _bounds,
    Fill: _fill,
    Projection: _projection,
}
"""What a step becomes: a row for each kind."""


def _divisors(numbers: Any, what: str) -> Array:
    found = as_float32(numbers, what)
    if not found.all():
        raise InvalidInputError(
            f"Required a {what} that float32 can hold; came one too near to 0. Remove the column, "
            "which hardly varies."
        )
    return found
