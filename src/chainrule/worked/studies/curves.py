r"""The loss over many epochs, for each setting; and beside the right loss the *double sigmoid*.

The double sigmoid is what comes out where a function that expects pre-activations, and applies a
sigmoid of its own, is given the sigmoid's output (erratum 46). For one output a and label y::

    L = log(1 + e^a) - y a          dL/da = sigma(a) - y

Since a lies between 0 and 1 it cannot become 0: a perfect output still costs log(1 + 1/e) = 0.313
for label 1 and log 2 = 0.693 for label 0.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from chainrule.equations.activations import ACTIVATIONS, logistic
from chainrule.equations.losses import Loss, logistic_binary_cross_entropy, reduce_weights
from chainrule.errors import ExampleError, unknown_name
from chainrule.worked.example import Example
from chainrule.worked.studies.descent import Objective, Point, descent, update_of
from chainrule.worked.studies.tables import Cell, Table, opened
from chainrule.worked.studies.verdict import DEAD, Units, sentence, verdict

__all__ = ["DOUBLE", "Curve", "Curves", "curves"]

Floats = npt.NDArray[np.float64]

DOUBLE = Loss(
    "double_sigmoid",
    logistic_binary_cross_entropy,
    lambda A, Y: logistic(A) - Y,
    ("logistic",),
    "label",
    "no loss that anyone wants: binary cross-entropy with logits, given a sigmoid's output",
)
"""A row as in the equations' table of losses, kept out of it because it is a mistake."""

RIGHT = "binary_cross_entropy"


@dataclass(frozen=True)
class Curve:
    """The loss before each epoch and after the last: ``losses[t]`` is that after t epochs.

    It ends early where the loss is no finite number any more. ``right`` holds the right loss of the
    same networks: ``losses`` itself, but for the double sigmoid, which is trained on another loss.
    ``floor`` is what that other loss gives a network whose every output is its label.
    """

    name: str
    loss: str
    rate: float
    losses: Floats = field(repr=False)
    right: Floats = field(repr=False)
    units: Units
    floor: float | None = None

    @property
    def double(self) -> bool:
        return self.loss == DOUBLE.name

    @property
    def verdict(self) -> str:
        """``smooth``, ``uneven``, ``oscillating``, ``dead units`` or ``divergent``: see
        ``verdict.py`` for the rule."""
        return verdict(self.losses, self.units)

    @property
    def says(self) -> str:
        """A sentence that rests on the curve's numbers."""
        said = f"{self.name}: {sentence(self.losses, self.units)}"
        if self.floor is None:
            return said
        return (
            f"{said} It cannot fall below {self.floor:.4g}, which all outputs right would give; "
            f"the right loss of this network goes from {self.right[0]:.4g} to {self.right[-1]:.4g}."
        )


@dataclass(frozen=True)
class Curves(Mapping[str, Curve]):
    """The curves of an example, by name; ``found["relu-sigmoid-10"].losses`` is an array."""

    title: str
    curves: tuple[Curve, ...]

    def __getitem__(self, name: str) -> Curve:
        for curve in self.curves:
            if curve.name == name:
                return curve
        raise ExampleError(unknown_name("curve", name, self))

    def __contains__(self, name: object) -> bool:
        return any(curve.name == name for curve in self.curves)

    def __iter__(self) -> Iterator[str]:
        return iter([curve.name for curve in self.curves])

    def __len__(self) -> int:
        return len(self.curves)

    @property
    def says(self) -> tuple[str, ...]:
        """A sentence for each curve."""
        return tuple(curve.says for curve in self.curves)

    def headers(self) -> list[str]:
        return ["curve", "loss", "rate", "epochs", "first", "last", "lowest", "highest",
                "right loss, last", "verdict"]  # fmt: skip

    def rows(self) -> list[list[Cell]]:
        return [
            [
                curve.name,
                curve.loss,
                curve.rate,
                len(curve.losses) - 1,
                *(float(x) for x in (curve.losses[0], curve.losses[-1])),
                *(float(x) for x in (curve.losses.min(), curve.losses.max())),
                float(curve.right[-1]),
                curve.verdict,
            ]
            for curve in self.curves
        ]

    def history(self) -> Table:
        """Every loss: a row for each epoch, from 0, a column for each curve."""
        longest = max(len(curve.losses) for curve in self.curves)
        columns = [
            [*map(float, curve.losses), *[None] * (longest - len(curve.losses))]
            for curve in self.curves
        ]
        cells = tuple(zip(range(longest), *columns, strict=True))
        return Table(self.title, ("epoch", *self), cells, self.says)


def curves(example: Example | str | Path = "E-2.4", double: bool = True) -> Curves:
    """The loss at every epoch, for each variant of an example or for the example alone.

    Parameters
    ----------
    example
        An example with an update, in itself or in its variants, or the name or path of one.
    double
        Also train each network with one sigmoid output and binary cross-entropy on the double
        sigmoid; these curves are called ``... (double sigmoid)``.

    Returns
    -------
    Curves
        The curves by name, with ``headers()``, ``rows()``, ``history()`` and a sentence for each
        in ``says``.

    Raises
    ------
    ExampleError
        If there is nothing to update.

    Examples
    --------
    >>> found = curves("E-2.4", double=False)
    >>> found["relu-sigmoid-0.01"].verdict
    'smooth'
    >>> found["relu-sigmoid-10"].verdict
    'dead units'
    """
    example = opened(example)
    named = {row.name: example.variant(row.name) for row in example.variants}
    named = named or {example.name or example.title: example}
    found = [_curve(name, one) for name, one in named.items()]
    if double:
        found += [
            _curve(f"{name} (double sigmoid)", one, DOUBLE)
            for name, one in named.items()
            if (one.activations[-1], one.loss) == ("logistic", RIGHT)
        ]
    return Curves(example.title, tuple(found))


def _curve(name: str, example: Example, loss: Loss | None = None) -> Curve:
    rate = update_of(example).rate
    objective = Objective(example, loss)
    points = list(descent(objective))
    losses = np.array([point.loss for point in points])
    units = _units(example, points)
    if loss is None:
        return Curve(name, example.loss, rate, losses, losses, units)
    own = Objective(example)
    right = np.array([own.again(point) for point in points])
    return Curve(name, loss.name, rate, losses, right, units, _floor(objective))


def _floor(objective: Objective) -> float:
    """The loss of a network whose outputs are the labels."""
    share = reduce_weights(objective.weights, objective.example.reduction)
    return float(share @ objective.loss.value(objective.Y, objective.Y))


def _units(example: Example, points: Sequence[Point]) -> Units:
    """The hidden units at the end, and since when whole layers of them have been dead."""
    last, names = points[-1], example.activations[:-1]
    dead = [_dead(name, last, i) for i, name in enumerate(names)]
    silent = [i for i, units in enumerate(dead) if units.all()]
    since = 0
    for number in range(len(points) - 1, -1, -1) if silent else ():
        if not any(_dead(names[i], points[number], i).all() for i in silent):
            since = number + 1
            break
    return Units(
        dead=sum(int(units.sum()) for units in dead),
        of=sum(len(units) for units in dead),
        silent=tuple(i + 1 for i in silent),
        since=since,
        slope=last.slope,
        jumps=len(points) > 2 and _jumps(*points[-3:]),
    )


def _dead(name: str, point: Point, i: int) -> npt.NDArray[np.bool_]:
    """Which units of a hidden layer have no slope on any sample."""
    with np.errstate(all="ignore"):
        slopes = ACTIVATIONS[name].derivative(point.tape.Z[i], point.tape.A[i])
    return np.asarray((np.abs(slopes) <= DEAD).all(axis=0))


def _jumps(before: Point, middle: Point, last: Point) -> bool:
    """Whether two steps lead back to the same parameters, and one does not."""
    a, b, c = (
        np.concatenate([part.ravel() for layer in point.layers for part in layer])
        for point in (before, middle, last)
    )
    size = 1e-9 * (1 + np.abs(c).max())
    return bool(np.abs(c - a).max() <= size < np.abs(c - b).max())
