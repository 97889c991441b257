"""The loss of an example as a function of its parameters, and many steps down it.

The same equations as in a trace, without writing each number down: for curves of a thousand
epochs. The tests compare the two.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from chainrule.equations.activations import ACTIVATIONS
from chainrule.equations.losses import LOSSES, Loss, output_gradient, per_sample, reduce_weights
from chainrule.equations.network import Layer, Tape, backward, forward
from chainrule.equations.optimizers import OPTIMIZERS
from chainrule.equations.penalties import penalised, total
from chainrule.errors import ExampleError
from chainrule.worked.example import Example, Update
from chainrule.worked.forms import PENALTY_FORMS

__all__ = ["Objective", "Point", "descent", "update_of"]

Floats = npt.NDArray[np.float64]
Layers = Sequence[Layer]
Rows: TypeAlias = slice


class Point(NamedTuple):
    """Where a descent is: the parameters, the loss there, its gradients and the forward pass."""

    layers: Layers
    loss: float
    gradients: tuple[Layer, ...]
    tape: Tape
    rows: Rows

    @property
    def slope(self) -> float:
        """The gradient's norm, of all parameters taken as one vector."""
        return float(np.sqrt(sum((part**2).sum() for layer in self.gradients for part in layer)))


class Objective:
    """An example's loss, its penalty included, and its gradients; or another ``loss`` in place of
    the example's own.

    Examples
    --------
    >>> from chainrule.worked.example import load_example
    >>> example = load_example("B-Q1.1")
    >>> round(Objective(example).value(example.layers()), 4)
    0.3764
    """

    def __init__(self, example: Example, loss: Loss | None = None) -> None:
        self.example = example
        self.X, self.Y = example.inputs(), example.targets()
        weights = example.sample_weights()
        self.weights = np.ones(len(self.X)) if weights is None else weights
        self.activations = tuple(example.activations)
        self.loss = loss or LOSSES[example.loss]
        self.shares: dict[tuple[Any, Any], Floats] = {}
        self.output = ACTIVATIONS[self.activations[-1]]
        penalty = example.penalty
        self.form = None if penalty is None else PENALTY_FORMS[penalty.convention]

    def _share(self, rows: Rows) -> Floats:
        """What each of the samples ``rows`` counts for, worked out once."""
        key = (rows.start, rows.stop)
        if key not in self.shares:
            self.shares[key] = reduce_weights(self.weights[rows], self.example.reduction)
        return self.shares[key]

    def _strength(self, n: int) -> float:
        penalty = self.example.penalty
        if penalty is None or self.form is None:
            return 0.0
        return self.form.factor(n) * penalty.strength

    def _value(self, layers: Layers, tape: Tape, share: Floats, Y: Floats) -> float:
        L = per_sample(self.loss, self.output, tape.Z[-1], tape.A[-1], Y)
        strength = self._strength(len(Y))
        penalty = float(total(self.form.penalty, layers, strength)) if self.form else 0.0
        return float(share @ L) + penalty

    def value(self, layers: Layers, rows: Rows = slice(None)) -> float:
        """The loss on the samples ``rows``."""
        share = self._share(rows)
        with np.errstate(all="ignore"):  # a divergent example reaches infinity
            tape = forward(layers, self.activations, self.X[rows])
            return self._value(layers, tape, share, self.Y[rows])

    def again(self, point: Point) -> float:
        """This loss at a point that was found with another loss, from its forward pass."""
        share = self._share(point.rows)
        with np.errstate(all="ignore"):
            return self._value(point.layers, point.tape, share, self.Y[point.rows])

    def at(self, layers: Layers, rows: Rows = slice(None)) -> Point:
        """The loss and its gradients on the samples ``rows``."""
        Y, share = self.Y[rows], self._share(rows)
        strength = self._strength(len(Y))
        with np.errstate(all="ignore"):
            tape = forward(layers, self.activations, self.X[rows])
            value = self._value(layers, tape, share, Y)
            dZ = output_gradient(self.loss, self.output, tape.Z[-1], tape.A[-1], Y)
            found = backward(layers, self.activations, tape, dZ * share[:, None]).layers
            if self.form is not None:
                found = penalised(self.form.penalty, layers, found, strength)
        return Point(layers, value, found, tape, rows)


def update_of(example: Example) -> Update:
    """The example's update; an error where it has none."""
    if example.update is None:
        raise ExampleError(
            f"{example.name or example.title!r} has no [update], so it takes no step. "
            "Add one to its file: [update] with rate = (the learning rate)."
        )
    return example.update


def descent(objective: Objective) -> Iterator[Point]:
    """The points before each of the example's steps and after the last.

    It ends early where the loss is no finite number any more; the last point shows it.

    Examples
    --------
    >>> from chainrule.worked.example import load_example
    >>> [round(point.loss, 4) for point in descent(Objective(load_example("B-Q1.1")))]
    [0.3764, 0.2943]
    """
    example = objective.example
    update, n = update_of(example), len(objective.X)
    size = n if update.batch_size is None else min(update.batch_size, n)
    batches = [slice(start, min(start + size, n)) for start in range(0, n, size)]
    row = OPTIMIZERS[update.optimizer]
    settings = {**row.settings, **update.settings}
    layers: Layers = example.layers()
    state = row.init(layers)
    for number in range(update.steps):
        point = objective.at(layers, batches[number % len(batches)])
        yield point
        if not np.isfinite(point.loss):
            return
        rate = update.rate * update.decay**number
        with np.errstate(all="ignore"):
            layers, state = row.step(layers, point.gradients, state, rate, settings)
    yield objective.at(layers, batches[(update.steps - 1) % len(batches)])
