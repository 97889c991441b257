"""The trace: every quantity of forward and backward propagation, in order, with its formula.

The numbers come from ``chainrule.equations``; the formulas beside them are trees (see
``expressions.py``), so that each can be shown, written out for one entry, and evaluated.

Keys: ``X``, ``Y``; ``W1 b1`` parameters; ``Z1 A1`` pre-activations and activations; ``L`` the
samples' losses, ``data_loss``, ``penalty``, ``loss``; ``S1`` the local derivative dA1/dZ1
(``S`` of softmax is a Jacobian a sample); ``dA1 dZ1 dW1 db1 dX`` the derivatives of ``loss``,
where a penalty splits ``dW1`` into ``dW1_data`` and ``dW1_penalty``; the optimizer's state
(``velocity_W1``; ``m_W1``, ``v_W1``; ``s_W1``; with ``_before``, what it was), ``W1_new b1_new``
and ``loss_new``.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.equations.activations import ACTIVATIONS
from chainrule.equations.losses import FUSED, LOSSES, output_gradient, per_sample, reduce_weights
from chainrule.equations.network import Layer, backward, forward
from chainrule.equations.optimizers import OPTIMIZERS
from chainrule.equations.penalties import total
from chainrule.errors import ExampleError, unknown_name
from chainrule.worked.example import Example
from chainrule.worked.expressions import (
    Add,
    Constant,
    Expression,
    Fraction,
    Hadamard,
    MatMul,
    Product,
    Ref,
    Total,
    Transpose,
    minus,
)
from chainrule.worked.forms import (
    ACTIVATION_FORMS,
    FUSED_FORMS,
    LOSS_FORMS,
    OPTIMIZER_FORMS,
    PENALTY_FORMS,
    PenaltyForm,
)
from chainrule.worked.quantities import STAGES, Quantity, Step, Trace

__all__ = ["STAGES", "Quantity", "Step", "Trace", "trace_example"]

Floats = npt.NDArray[np.float64]


def trace_example(example: Example, remarks: Sequence[str] = ()) -> Trace:
    """Calculate every quantity of an example."""
    steps = tuple(_steps(example))
    for name, numbers, step in (
        ("printed", example.printed, steps[0]),
        ("printed_last", example.printed_last, steps[-1]),
    ):
        for key in numbers:
            if key not in step:
                raise ExampleError(unknown_name(f"quantity of [{name}]", key, step.quantities))
    return Trace(example, steps, tuple(remarks))


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

    @property
    def form(self) -> PenaltyForm | None:
        """The convention of the example's penalty, where it has one."""
        penalty = self.example.penalty
        return None if penalty is None else PENALTY_FORMS[penalty.convention]

    def _strength(self, n: int) -> float:
        """The penalty's strength in the equations' convention."""
        penalty = self.example.penalty
        if penalty is None or self.form is None:
            return 0.0
        return self.form.factor(n) * penalty.strength

    def _constants(self, form: PenaltyForm, n: int) -> tuple[Constant, Constant]:
        """The penalty's strength as the example has it, and the number of samples."""
        assert self.example.penalty is not None
        return Constant(form.symbol, self.example.penalty.strength), Constant("N", n)

    def _given(self, X: Floats, Y: Floats, weights: Floats | None) -> None:
        self.put("X", "matrix", X, "Inputs")
        self.put("Y", "matrix", Y, "Targets")
        if weights is not None:
            self.put("w", "rows", weights, "Weights of the samples")
        for i, layer in enumerate(self.layers, 1):
            self.put(f"W{i}", "matrix", layer.W, f"Weights of layer {i}", layer=i)
            self.put(f"b{i}", "columns", layer.b, f"Biases of layer {i}", layer=i)
        for name, part in self.state.items():
            if name == "t":
                continue
            for i, layer in enumerate(part, 1):
                for letter, value in (("W", layer.W), ("b", layer.b)):
                    kind = "matrix" if letter == "W" else "columns"
                    key = f"{name}_{letter}{i}_before"
                    self.put(key, kind, value, f"{_STATE[name]} of {letter}{i}, before", layer=i)

    def _forward(self, tape: Any) -> None:
        self.stage = "forward"
        for i, (Z, A) in enumerate(zip(tape.Z, tape.A, strict=True), 1):
            inner = MatMul(_input(i), Ref(f"W{i}"))
            name = self.example.activations[i - 1]
            formula = ACTIVATION_FORMS[name].function(Ref(f"Z{i}"))
            self.put(
                f"Z{i}", "matrix", Z, f"Pre-activations of layer {i}",
                Add((inner, Ref(f"b{i}"))), i,
            )  # fmt: skip
            self.put(f"A{i}", "matrix", A, f"Activations of layer {i}: {name}", formula, i)

    def _share(self, x: Expression, n: int, weights: Floats | None) -> Expression:
        """A sample's part of the batch: ``x``, or w x; over N, or over the sum of the w."""
        x = x if weights is None else Hadamard(Ref("w"), x)
        return self._over(x, n, weights)

    def _over(self, x: Expression, n: int, weights: Floats | None) -> Expression:
        if self.example.reduction == "sum":
            return x
        return Fraction(x, Constant("N", n) if weights is None else Total(Ref("w"), "samples"))

    def _loss(self, L: Floats, share: Floats, strength: float, weights: Floats | None) -> None:
        self.stage = "loss"
        example, n, top = self.example, len(L), len(self.layers)
        k = self.layers[-1].b.shape[0]
        value = LOSS_FORMS[example.loss].value(Ref(f"A{top}"), Ref("Y"), k)
        self.put("L", "rows", L, f"Loss of each sample: {example.loss}", value)
        each: Expression = Ref("L") if weights is None else Hadamard(Ref("w"), Ref("L"))
        whole = self._over(Total(each, "samples"), n, weights)
        data = float(share @ L)
        form = self.form
        if form is None:
            self.put("loss", "scalar", data, f"Loss of the batch: the {example.reduction}", whole)
            return
        self.put("data_loss", "scalar", data, f"Data loss: the {example.reduction}", whole)
        penalty = float(total(form.penalty, self.layers, strength))
        sums = [Total(form.term(Ref(f"W{i}")), "all") for i in range(1, top + 1)]
        before = form.value(*self._constants(form, n))
        formula = Product((before, sums[0] if top == 1 else Add(tuple(sums))))
        self.put("penalty", "scalar", penalty, "Penalty on the weights", formula)
        both = Add((Ref("data_loss"), Ref("penalty")))
        self.put("loss", "scalar", data + penalty, "Loss: data and penalty", both)

    def _backward(
        self, tape: Any, dA: Floats, gradients: Any, strength: float, weights: Floats | None
    ) -> tuple[Layer, ...]:
        self.stage = "backward"
        names, n, top = self.example.activations, len(dA), len(self.layers)
        found: list[Layer] = []
        k = dA.shape[1]
        gradient = LOSS_FORMS[self.example.loss].gradient(Ref(f"A{top}"), Ref("Y"), k)
        formula = self._share(gradient, n, weights)
        for i in range(top, 0, -1):
            if i < top:
                dA, formula = (
                    gradients.dA[i - 1],
                    MatMul(Ref(f"dZ{i + 1}"), Transpose(Ref(f"W{i + 1}"))),
                )
            self.put(
                f"dA{i}", "matrix", dA, f"Derivative by the activations of layer {i}", formula, i
            )
            self._local(i, tape, gradients.dZ[i - 1], names[i - 1], n, weights)
            dW, db = gradients.layers[i - 1]
            self._gradients(i, dW, db, strength, n)
            if self.form is not None:
                dW = dW + self.form.penalty.gradient(self.layers[i - 1].W, strength)
            found.append(Layer(dW, db))
        self.put(
            "dX", "matrix", gradients.dX, "Derivative by the inputs",
            MatMul(Ref("dZ1"), Transpose(Ref("W1"))),
        )  # fmt: skip
        return tuple(found[::-1])

    def _local(
        self, i: int, tape: Any, dZ: Floats, name: str, n: int, weights: Floats | None
    ) -> None:
        """The local derivative S and dZ of layer l."""
        activation, Z, A = ACTIVATIONS[name], tape.Z[i - 1], tape.A[i - 1]
        form = ACTIVATION_FORMS[name]
        kind = "matrix" if activation.elementwise else "jacobian"
        title = f"Local derivative of layer {i}: {name}'"
        if not activation.elementwise:
            title = f"Jacobian of {name}, a matrix for each sample"
        derivative = form.derivative(Ref(f"Z{i}"), Ref(f"A{i}"))
        self.put(f"S{i}", kind, activation.derivative(Z, A), title, derivative, i)
        long: Expression = Hadamard(Ref(f"dA{i}"), Ref(f"S{i}"))
        if not activation.elementwise:
            inner = Total(Hadamard(Ref(f"A{i}"), Ref(f"dA{i}")), "outputs")
            long = Hadamard(Ref(f"A{i}"), minus(Ref(f"dA{i}"), inner))
        also = None
        pair = (name, self.example.loss)
        if i == len(self.layers) and pair in FUSED:
            short = FUSED_FORMS[pair](Ref(f"S{i}"), Ref(f"A{i}"), Ref("Y"))
            long, also = self._share(short, n, weights), long
        title = f"Derivative by the pre-activations of layer {i}"
        self.put(f"dZ{i}", "matrix", dZ, title, long, i, also)

    def _gradients(self, i: int, dW: Floats, db: Floats, strength: float, n: int) -> None:
        product = MatMul(Transpose(_input(i)), Ref(f"dZ{i}"))
        title = f"Gradient of the weights of layer {i}"
        form = self.form
        if form is None:
            self.put(f"dW{i}", "matrix", dW, title, product, i)
        else:
            part = form.penalty.gradient(self.layers[i - 1].W, strength)
            before = form.slope(*self._constants(form, n))
            self.put(f"dW{i}_data", "matrix", dW, f"{title}: the data's part", product, i)
            self.put(
                f"dW{i}_penalty", "matrix", part, f"{title}: the penalty's part",
                Product((before, form.pull(Ref(f"W{i}")))), i,
            )  # fmt: skip
            both = Add((Ref(f"dW{i}_data"), Ref(f"dW{i}_penalty")))
            self.put(f"dW{i}", "matrix", dW + part, title, both, i)
        title = f"Gradient of the biases of layer {i}"
        self.put(f"db{i}", "columns", db, title, Total(Ref(f"dZ{i}"), "samples"), i)

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
        for i in range(1, len(new) + 1):
            for letter in "Wb":
                self._parameter(f"{letter}{i}", i, letter, new, state, rate, settings)
        self.stage = "after"
        names = tuple(example.activations)
        tape = forward(new, names, X)
        L = per_sample(LOSSES[example.loss], ACTIVATIONS[names[-1]], tape.Z[-1], tape.A[-1], Y)
        after = float(share @ L)
        if self.form is not None:
            after += float(total(self.form.penalty, new, strength))
        self.put("loss_new", "scalar", after, "Loss on the same samples, after the update")
        return new, state

    def _parameter(
        self,
        key: str,
        i: int,
        letter: str,
        new: Sequence[Layer],
        state: Any,
        rate: float,
        settings: Mapping[str, float],
    ) -> None:
        """The optimizer's state of one parameter, and its new value."""
        assert self.example.update is not None
        kind = "matrix" if letter == "W" else "columns"
        pick: Callable[[Sequence[Layer]], Floats] = lambda layers: getattr(layers[i - 1], letter)  # noqa: E731
        formulas = OPTIMIZER_FORMS[self.example.update.optimizer](
            key, Constant("eta", rate), settings, self.number
        )
        for name, formula in formulas.items():
            if name == f"{key}_new":
                self.put(name, kind, pick(new), f"New {key}", formula, i)
            else:
                part = name.removesuffix(f"_{key}")
                self.put(name, kind, pick(state[part]), f"{_STATE[part]} of {key}", formula, i)


_STATE = {
    "velocity": "Velocity",
    "m": "First moment",
    "v": "Second moment",
    "s": "Sum of squares",
}


def _input(i: int) -> Ref:
    return Ref("X") if i == 1 else Ref(f"A{i - 1}")
