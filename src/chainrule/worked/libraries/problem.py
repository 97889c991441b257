"""A step of a trace as plain arrays, for libraries that calculate it in their own way."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.equations.network import Layer
from chainrule.equations.optimizers import OPTIMIZERS
from chainrule.errors import ExampleError
from chainrule.worked.calculate import trace
from chainrule.worked.example import Example, Penalty, Update
from chainrule.worked.quantities import Trace

__all__ = ["Course", "Floats", "Problem", "course", "problem", "traced"]

Floats = npt.NDArray[np.float64]


def traced(source: Any, X: Any, y: Any, changes: Mapping[str, Any]) -> Trace:
    """The trace of a source, which may be one."""
    if not isinstance(source, Trace):
        return trace(source, X, y, **changes)
    if X is None and y is None and not changes:
        return source
    raise ExampleError(
        "A trace is taken as it is: without X, y and changes. Give its example instead, as in "
        "verify(found.example, layout='column')."
    )


@dataclass(frozen=True)
class Problem:
    """A batch in the row convention. Its loss is ``share`` times the samples' losses, and
    ``coefficient`` times the sum of the squared weights (``penalty`` "l2") or of their absolute
    values ("l1").

    The penalty's conventions are written down here a second time, on purpose: they are one of
    the things that are verified.
    """

    activations: tuple[str, ...]
    loss: str
    layers: tuple[Layer, ...]
    X: Floats
    Y: Floats
    weights: Floats | None
    share: Floats
    coefficient: float
    penalty: str | None = None

    @property
    def total_weight(self) -> float:
        """The sum of the samples' weights: their number where they have none."""
        return float(len(self.X) if self.weights is None else self.weights.sum())

    @property
    def arrays(self) -> dict[str, Any]:
        """Everything that the loss can be differentiated by, by its key; what is added to the
        pre-activations (``Z1``) and activations (``A1``) is zero."""
        found: dict[str, Any] = {"X": self.X}
        for i, (W, b) in enumerate(self.layers, 1):
            found[f"W{i}"], found[f"b{i}"] = W, b
            found[f"Z{i}"] = np.zeros((len(self.X), len(b)))
            found[f"A{i}"] = np.zeros((len(self.X), len(b)))
        return found


def problem(example: Example, values: Mapping[str, Floats]) -> Problem:
    """The batch and the parameters of one step, from the values that it is given."""
    count = len(example.activations)
    n = len(values["X"])
    weights = values.get("w")
    ones = np.ones(n) if weights is None else weights
    mean = example.reduction == "mean" and ones.sum() > 0
    return Problem(
        tuple(example.activations),
        example.loss,
        tuple(Layer(values[f"W{i}"], values[f"b{i}"]) for i in range(1, count + 1)),
        values["X"],
        values["Y"],
        weights,
        ones / ones.sum() if mean else ones,
        _coefficient(example.penalty, n),
        _penalty(example.penalty),
    )


def _coefficient(penalty: Penalty | None, n: int) -> float:
    """What the penalty multiplies its sum over the weights with."""
    if penalty is None:
        return 0.0
    strength = penalty.strength
    half = {"lambda/2": strength / 2, "alpha": strength / (2 * n)}
    return half.get(penalty.convention, strength)


def _penalty(penalty: Penalty | None) -> str | None:
    if penalty is None:
        return None
    return "l1" if penalty.convention == "l1" else "l2"


@dataclass(frozen=True)
class Course:
    """The batches of a training, in order, and how the parameters are updated after each."""

    batches: tuple[Problem, ...]
    update: Update
    reduction: str
    penalty: Penalty | None

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The parameters at the start."""
        return self.batches[0].layers

    @property
    def activations(self) -> tuple[str, ...]:
        return self.batches[0].activations

    @property
    def loss(self) -> str:
        return self.batches[0].loss

    @property
    def outputs(self) -> int:
        return self.batches[0].Y.shape[1]

    @property
    def weight_decay(self) -> float:
        """The strength of an L2 penalty as the example has it; 0 where it has none."""
        if self.penalty is None or self.penalty.convention == "l1":
            return 0.0
        return self.penalty.strength

    @property
    def weighted(self) -> bool:
        return self.batches[0].weights is not None

    @property
    def settings(self) -> dict[str, float]:
        """The optimizer's settings, with their defaults."""
        return {**OPTIMIZERS[self.update.optimizer].settings, **self.update.settings}

    def rate(self, number: int) -> float:
        """The learning rate of step ``number``, from 0."""
        return self.update.rate * self.update.decay**number


def course(found: Trace, update: Update) -> Course:
    """The training of a trace."""
    batches = tuple(problem(found.example, step.values) for step in found.steps)
    return Course(batches, update, found.example.reduction, found.example.penalty)
