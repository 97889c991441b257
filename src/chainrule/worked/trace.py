"""The trace: every quantity of forward and backward propagation, in order, with its formula.

The numbers come from ``chainrule.equations``; the formulas beside them are trees (see
``expressions.py``), so that each can be shown, written out for one entry, and evaluated.

Keys: ``X``, ``Y``; ``W1 b1`` parameters; ``Z1 A1`` pre-activations and activations; ``L`` the
samples' losses, ``data_loss``, ``penalty``, ``loss``; ``S1`` the local derivative dA1/dZ1
(``S`` of softmax is a Jacobian a sample); ``dA1 dZ1 dW1 db1 dX`` the derivatives of ``loss``,
where a penalty splits ``dW1`` into ``dW1_data`` and ``dW1_penalty``; the optimizer's state
(``velocity_W1``; ``m_W1``, ``v_W1``; with ``_before``, what it was), ``W1_new b1_new`` and
``loss_new``.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.equations.activations import ACTIVATIONS
from chainrule.equations.losses import FUSED, LOSSES, output_gradient, per_sample, reduce_weights
from chainrule.equations.network import Layer, backward, forward
from chainrule.equations.optimizers import OPTIMIZERS
from chainrule.equations.penalties import PENALTIES, total
from chainrule.errors import ExampleError, unknown_name
from chainrule.worked.example import Example, Layout
from chainrule.worked.expressions import (
    Add,
    Constant,
    Expression,
    Fraction,
    Hadamard,
    Index,
    MatMul,
    Number,
    Power,
    Product,
    Ref,
    Total,
    Transpose,
    entry,
    minus,
)
from chainrule.worked.forms import ACTIVATION_FORMS, FUSED_FORMS, LOSS_FORMS, OPTIMIZER_FORMS

__all__ = ["STAGES", "Quantity", "Step", "Trace", "trace_example"]

Floats = npt.NDArray[np.float64]

STAGES = {
    "given": "Given",
    "forward": "Forward",
    "loss": "Loss",
    "backward": "Backward",
    "update": "Update",
    "after": "After the update",
}


@dataclass(frozen=True)
class Quantity:
    """One quantity: its value in the row convention, and the formula that gave it.

    ``kind`` is as in ``expressions.py``. ``also`` is a second formula for the same value where
    there is one (the fused pairs: a - y beside dA * S). ``layer`` is 0 where there is none.
    """

    key: str
    stage: str
    layer: int
    kind: str
    value: Floats
    title: str
    formula: Expression | None = None
    also: Expression | None = None

    def oriented(self, layout: Layout) -> Floats:
        """The value as the layout has it: in columns, matrices are transposed."""
        turned = layout == "column" and self.kind == "matrix"
        return self.value.T if turned else self.value


@dataclass(frozen=True)
class Step(Mapping[str, Floats]):
    """The quantities of one update: ``step["dW2"]`` is an array, in the trace's layout."""

    number: int
    rows: tuple[int, ...]
    layout: Layout
    quantities: Mapping[str, Quantity]

    def __getitem__(self, key: str) -> Floats:
        return self.quantity(key).oriented(self.layout)

    def __iter__(self) -> Iterator[str]:
        return iter(self.quantities)

    def __len__(self) -> int:
        return len(self.quantities)

    def quantity(self, key: str) -> Quantity:
        """The quantity with its formula."""
        if key not in self.quantities:
            raise ExampleError(unknown_name("quantity", key, self.quantities))
        return self.quantities[key]

    @cached_property
    def values(self) -> Mapping[str, Floats]:  # type: ignore[override]  # by key, not a view
        """All values in the row convention, by key."""
        return {key: quantity.value for key, quantity in self.quantities.items()}

    @cached_property
    def kinds(self) -> Mapping[str, str]:
        return {key: quantity.kind for key, quantity in self.quantities.items()}

    def cell(self, key: str, at: Index) -> Expression | None:
        """The formula of one number of a quantity, ``at`` = (row, column) in the row convention,
        with None for an axis that it does not have."""
        formula = self.quantity(key).formula
        if formula is None or self.quantity(key).kind == "jacobian":
            return None
        return entry(formula, at, self.values, self.kinds)


@dataclass(frozen=True)
class Trace:
    """A worked example, calculated. ``trace["dW2"]`` is of the first step; ``steps`` has all."""

    example: Example
    steps: tuple[Step, ...]
    remarks: tuple[str, ...] = ()

    @property
    def layout(self) -> Layout:
        return self.example.layout

    def __getitem__(self, key: str) -> Floats:
        return self.steps[0][key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.steps[0])

    def keys(self) -> list[str]:
        """The quantities of the first step, in the order of the calculation."""
        return list(self.steps[0])

    @property
    def losses(self) -> Floats:
        """The loss before each step, and after the last where there was an update."""
        found = [float(step["loss"]) for step in self.steps]
        last = self.steps[-1].quantities.get("loss_new")
        return np.array([*found, float(last.value)] if last else found)


def trace_example(example: Example, remarks: Sequence[str] = ()) -> Trace:
    """Calculate every quantity of an example."""
    return Trace(example, tuple(_steps(example)), tuple(remarks))


def _steps(example: Example) -> Iterator[Step]:
    X, Y, weights = example.inputs(), example.targets(), example.sample_weights()
    layers = example.layers()
    update = example.update
    n = len(X)
    size = n if update is None or update.batch_size is None else min(update.batch_size, n)
    state: Any = OPTIMIZERS[update.optimizer].init(layers) if update else {}
    batches = [range(start, min(start + size, n)) for start in range(0, n, size)]
    for number in range(1, 1 + (update.steps if update else 1)):
        rows = list(batches[(number - 1) % len(batches)])
        book = _Book(example, layers, state, number)
        share = None if weights is None else weights[rows]
        layers, state = book.write(X[rows], Y[rows], share)
        yield Step(number, tuple(rows), example.layout, book.quantities)
        if not all(np.isfinite(part).all() for layer in layers for part in layer):
            return  # nothing finite comes after: the curve ends here


@dataclass
class _Book:
    """Writes the quantities of one step down, in the order of the calculation."""

    example: Example
    layers: tuple[Layer, ...]
    state: Any
    number: int
    quantities: dict[str, Quantity] = field(default_factory=dict)
    stage: str = "given"

    def put(
        self,
        key: str,
        kind: str,
        value: Any,
        title: str,
        formula: Expression | None = None,
        layer: int = 0,
        also: Expression | None = None,
    ) -> None:
        self.quantities[key] = Quantity(
            key, self.stage, layer, kind, np.asarray(value, float), title, formula, also
        )

    def write(self, X: Floats, Y: Floats, weights: Floats | None) -> tuple[tuple[Layer, ...], Any]:
        example, layers = self.example, self.layers
        names = tuple(example.activations)
        with np.errstate(all="ignore"):  # a divergent example shows its infinities
            self._given(X, Y, weights)
            tape = forward(layers, names, X)
            self._forward(tape)
            loss, output = LOSSES[example.loss], ACTIVATIONS[names[-1]]
            ones = np.ones(len(X)) if weights is None else weights
            share = reduce_weights(ones, example.reduction)
            strength = self._strength(len(X))
            self._loss(
                per_sample(loss, output, tape.Z[-1], tape.A[-1], Y), share, strength, weights
            )
            dZ = output_gradient(loss, output, tape.Z[-1], tape.A[-1], Y) * share[:, None]
            dA = loss.gradient(tape.A[-1], Y) * share[:, None]
            gradients = backward(layers, names, tape, dZ)
            found = self._backward(tape, dA, gradients, strength, weights)
            return self._update(found, X, Y, share, strength)

    def _strength(self, n: int) -> float:
        """The penalty in the equations' convention: lambda/2 times the sum of squares."""
        penalty = self.example.penalty
        if penalty is None:
            return 0.0
        factor = {"lambda/2": 1.0, "lambda": 2.0, "alpha": 1.0 / n}[penalty.convention]
        return factor * penalty.strength

    def _given(self, X: Floats, Y: Floats, weights: Floats | None) -> None:
        self.put("X", "matrix", X, "Inputs")
        self.put("Y", "matrix", Y, "Targets")
        if weights is not None:
            self.put("w", "rows", weights, "Weights of the samples")
        for l, layer in enumerate(self.layers, 1):
            self.put(f"W{l}", "matrix", layer.W, f"Weights of layer {l}", layer=l)
            self.put(f"b{l}", "columns", layer.b, f"Biases of layer {l}", layer=l)
        for name, part in self.state.items():
            if name == "t":
                continue
            for l, layer in enumerate(part, 1):
                for letter, value in (("W", layer.W), ("b", layer.b)):
                    kind = "matrix" if letter == "W" else "columns"
                    key = f"{name}_{letter}{l}_before"
                    self.put(key, kind, value, f"{_STATE[name]} of {letter}{l}, before", layer=l)

    def _forward(self, tape: Any) -> None:
        self.stage = "forward"
        for l, (Z, A) in enumerate(zip(tape.Z, tape.A, strict=True), 1):
            inner = MatMul(_input(l), Ref(f"W{l}"))
            name = self.example.activations[l - 1]
            formula = ACTIVATION_FORMS[name].function(Ref(f"Z{l}"))
            self.put(
                f"Z{l}", "matrix", Z, f"Pre-activations of layer {l}",
                Add((inner, Ref(f"b{l}"))), l,
            )  # fmt: skip
            self.put(f"A{l}", "matrix", A, f"Activations of layer {l}: {name}", formula, l)

    def _reduced(self, x: Expression, n: int, weights: Floats | None) -> Expression:
        """A sample's part of the batch: over n, or by the samples' weights."""
        if weights is not None:
            x = Hadamard(Ref("w"), x)
        if self.example.reduction == "sum":
            return x
        return Fraction(x, Constant("N", n) if weights is None else Total(Ref("w"), "samples"))

    def _loss(self, L: Floats, share: Floats, strength: float, weights: Floats | None) -> None:
        self.stage = "loss"
        example, n, l = self.example, len(L), len(self.layers)
        k = self.layers[-1].b.shape[0]
        value = LOSS_FORMS[example.loss].value(Ref(f"A{l}"), Ref("Y"), k)
        self.put("L", "rows", L, f"Loss of each sample: {example.loss}", value)
        each: Expression = Ref("L") if weights is None else Hadamard(Ref("w"), Ref("L"))
        whole = self._reduced(Total(each, "samples"), n, None)
        if weights is not None and example.reduction == "mean":
            whole = Fraction(Total(each, "samples"), Total(Ref("w"), "samples"))
        data = float(share @ L)
        if example.penalty is None:
            self.put("loss", "scalar", data, f"Loss of the batch: the {example.reduction}", whole)
            return
        self.put("data_loss", "scalar", data, f"Data loss: the {example.reduction}", whole)
        penalty = float(total(PENALTIES["l2"], self.layers, strength))
        squares = Add(tuple(Total(Power(Ref(f"W{i}"), 2), "all") for i in range(1, l + 1)))
        formula = Product((self._half(n), squares if l > 1 else squares.terms[0]))
        self.put("penalty", "scalar", penalty, "Penalty on the weights", formula)
        both = Add((Ref("data_loss"), Ref("penalty")))
        self.put("loss", "scalar", data + penalty, "Loss: data and penalty", both)

    def _half(self, n: int) -> Expression:
        """The penalty's factor in front of the sum of squares, in the example's convention."""
        penalty = self.example.penalty
        assert penalty is not None
        strength = Constant("alpha" if penalty.convention == "alpha" else "lambda", penalty.strength)
        if penalty.convention == "lambda":
            return strength
        below = Number(2)
        if penalty.convention == "alpha":
            return Fraction(strength, Product((below, Constant("N", n))))
        return Fraction(strength, below)

    def _slope(self, n: int) -> Expression:
        """What the penalty's gradient multiplies the weights with."""
        penalty = self.example.penalty
        assert penalty is not None
        strength = Constant("alpha" if penalty.convention == "alpha" else "lambda", penalty.strength)
        if penalty.convention == "lambda":
            return Product((Number(2), strength))
        return Fraction(strength, Constant("N", n)) if penalty.convention == "alpha" else strength

    def _backward(
        self, tape: Any, dA: Floats, gradients: Any, strength: float, weights: Floats | None
    ) -> tuple[Layer, ...]:
        self.stage = "backward"
        names, n, top = self.example.activations, len(dA), len(self.layers)
        found: list[Layer] = []
        k = dA.shape[1]
        gradient = LOSS_FORMS[self.example.loss].gradient(Ref(f"A{top}"), Ref("Y"), k)
        formula = self._reduced(gradient, n, weights)
        for l in range(top, 0, -1):
            if l < top:
                dA, formula = gradients.dA[l - 1], MatMul(Ref(f"dZ{l + 1}"), Transpose(Ref(f"W{l + 1}")))
            self.put(f"dA{l}", "matrix", dA, f"Derivative by the activations of layer {l}", formula, l)
            self._local(l, tape, gradients.dZ[l - 1], names[l - 1], n, weights)
            dW, db = gradients.layers[l - 1]
            self._gradients(l, dW, db, strength, n)
            if self.example.penalty is not None:
                dW = dW + PENALTIES["l2"].gradient(self.layers[l - 1].W, strength)
            found.append(Layer(dW, db))
        self.put(
            "dX", "matrix", gradients.dX, "Derivative by the inputs",
            MatMul(Ref("dZ1"), Transpose(Ref("W1"))),
        )  # fmt: skip
        return tuple(found[::-1])

    def _local(
        self, l: int, tape: Any, dZ: Floats, name: str, n: int, weights: Floats | None
    ) -> None:
        """The local derivative S and dZ of layer l."""
        activation, Z, A = ACTIVATIONS[name], tape.Z[l - 1], tape.A[l - 1]
        form = ACTIVATION_FORMS[name]
        kind = "matrix" if activation.elementwise else "jacobian"
        title = f"Local derivative of layer {l}: {name}'"
        if not activation.elementwise:
            title = f"Jacobian of {name}, a matrix for each sample"
        derivative = form.derivative(Ref(f"Z{l}"), Ref(f"A{l}"))
        self.put(f"S{l}", kind, activation.derivative(Z, A), title, derivative, l)
        long: Expression = Hadamard(Ref(f"dA{l}"), Ref(f"S{l}"))
        if not activation.elementwise:
            inner = Total(Hadamard(Ref(f"A{l}"), Ref(f"dA{l}")), "outputs")
            long = Hadamard(Ref(f"A{l}"), minus(Ref(f"dA{l}"), inner))
        also = None
        pair = (name, self.example.loss)
        if l == len(self.layers) and pair in FUSED:
            short = FUSED_FORMS[pair](Ref(f"S{l}"), Ref(f"A{l}"), Ref("Y"))
            long, also = self._reduced(short, n, weights), long
        title = f"Derivative by the pre-activations of layer {l}"
        self.put(f"dZ{l}", "matrix", dZ, title, long, l, also)

    def _gradients(self, l: int, dW: Floats, db: Floats, strength: float, n: int) -> None:
        product = MatMul(Transpose(_input(l)), Ref(f"dZ{l}"))
        title = f"Gradient of the weights of layer {l}"
        if self.example.penalty is None:
            self.put(f"dW{l}", "matrix", dW, title, product, l)
        else:
            W = self.layers[l - 1].W
            part = PENALTIES["l2"].gradient(W, strength)
            self.put(f"dW{l}_data", "matrix", dW, f"{title}: the data's part", product, l)
            self.put(
                f"dW{l}_penalty", "matrix", part, f"{title}: the penalty's part",
                Product((self._slope(n), Ref(f"W{l}"))), l,
            )  # fmt: skip
            both = Add((Ref(f"dW{l}_data"), Ref(f"dW{l}_penalty")))
            self.put(f"dW{l}", "matrix", dW + part, title, both, l)
        title = f"Gradient of the biases of layer {l}"
        self.put(f"db{l}", "columns", db, title, Total(Ref(f"dZ{l}"), "samples"), l)

    def _update(
        self, gradients: tuple[Layer, ...], X: Floats, Y: Floats, share: Floats, strength: float
    ) -> tuple[tuple[Layer, ...], Any]:
        update, example = self.example.update, self.example
        if update is None:
            return self.layers, self.state
        self.stage = "update"
        row = OPTIMIZERS[update.optimizer]
        settings = {**row.settings, **update.settings}
        rate = update.rate * update.decay ** (self.number - 1)
        new, state = row.step(self.layers, gradients, self.state, rate, settings)
        for l in range(1, len(new) + 1):
            for letter in "Wb":
                self._parameter(f"{letter}{l}", l, letter, new, state, rate, settings)
        self.stage = "after"
        names = tuple(example.activations)
        tape = forward(new, names, X)
        L = per_sample(LOSSES[example.loss], ACTIVATIONS[names[-1]], tape.Z[-1], tape.A[-1], Y)
        after = float(share @ L) + float(total(PENALTIES["l2"], new, strength))
        self.put("loss_new", "scalar", after, "Loss on the same samples, after the update")
        return new, state

    def _parameter(
        self,
        key: str,
        l: int,
        letter: str,
        new: Sequence[Layer],
        state: Any,
        rate: float,
        settings: Mapping[str, float],
    ) -> None:
        """The optimizer's state of one parameter, and its new value."""
        assert self.example.update is not None
        kind = "matrix" if letter == "W" else "columns"
        pick: Callable[[Sequence[Layer]], Floats] = lambda layers: getattr(layers[l - 1], letter)  # noqa: E731
        formulas = OPTIMIZER_FORMS[self.example.update.optimizer](
            key, Constant("eta", rate), settings, self.number
        )
        for name, formula in formulas.items():
            if name == f"{key}_new":
                self.put(name, kind, pick(new), f"New {key}", formula, l)
            else:
                part = name.removesuffix(f"_{key}")
                self.put(name, kind, pick(state[part]), f"{_STATE[part]} of {key}", formula, l)


_STATE = {"velocity": "Velocity", "m": "First moment", "v": "Second moment"}


def _input(l: int) -> Ref:
    return Ref("X") if l == 1 else Ref(f"A{l - 1}")
