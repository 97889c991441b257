r"""What the gradient promises, and what a step gives.

With g the gradient at the parameters theta, a step of gradient descent with rate eta promises, to
first order,

    L(theta - eta g)  ~  L(theta) - eta |g|^2

and gives L(theta - eta g). The two part as eta grows, because g changes along the way; where the
promise falls below 0 no step can keep it, since none of the losses can be negative.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from chainrule.equations.optimizers import OPTIMIZERS
from chainrule.errors import InvalidInputError
from chainrule.worked.example import Example
from chainrule.worked.studies.descent import Objective
from chainrule.worked.studies.tables import Cell, opened

__all__ = ["RATES", "FirstOrder", "Start", "first_order"]

Floats = npt.NDArray[np.float64]

RATES = tuple(float(x) for x in np.geomspace(0.001, 10, 81))
"""From a thousandth to ten, twenty to a factor of ten."""

KEPT = 0.9
"""A step that brings this share of what was promised keeps its promise."""


@dataclass(frozen=True)
class Start:
    """One network before its first step: its loss L, |g|^2, and what each rate gives."""

    name: str
    loss: float
    square: float
    rates: Floats = field(repr=False)
    losses: Floats = field(repr=False)

    @property
    def promised(self) -> Floats:
        """L - eta |g|^2 for each rate."""
        return self.loss - self.rates * self.square

    @property
    def kept(self) -> Floats:
        """The share of the promised fall that the step brings: 1 for a small rate, less than 0
        where the loss rises."""
        return np.asarray((self.loss - self.losses) / (self.rates * self.square))

    @property
    def says(self) -> tuple[str, ...]:
        """Sentences that rest on these numbers."""
        found = [f"{self.name}: the loss is {self.loss:.4g}, |g|^2 is {self.square:.4g}."]
        good = np.nonzero(np.minimum.accumulate(self.kept) >= KEPT)[0]
        if len(good):
            found.append(
                f"Up to a rate of {self.rates[good[-1]]:.4g} a step brings at least {KEPT:.0%} of "
                "what the gradient promises."
            )
        up = np.nonzero(~(self.losses <= self.loss))[0]
        if len(up):
            i = int(up[0])
            found.append(
                f"At {self.rates[i]:.4g} the loss rises, to {self.losses[i]:.4g}, where "
                f"{self.promised[i]:.4g} was promised."
            )
        none = np.nonzero(self.promised < 0)[0]
        if len(none):
            found.append(
                f"From {self.rates[none[0]]:.4g} on the promise is below 0, where no loss can be."
            )
        return tuple(found)


@dataclass(frozen=True)
class FirstOrder:
    """The promise and the loss of every network of an example at every rate."""

    title: str
    starts: tuple[Start, ...]

    @property
    def says(self) -> tuple[str, ...]:
        return tuple(" ".join(start.says) for start in self.starts)

    def headers(self) -> list[str]:
        return ["network", "rate", "promised", "loss", "kept"]

    def rows(self) -> list[list[Cell]]:
        return [
            [start.name, *map(float, numbers)]
            for start in self.starts
            for numbers in zip(start.rates, start.promised, start.losses, start.kept, strict=True)
        ]


def first_order(
    example: Example | str | Path = "E-2.4", rates: Sequence[float] = RATES
) -> FirstOrder:
    """L(theta - eta g) beside L - eta |g|^2 for each rate eta, at an example's first parameters.

    Parameters
    ----------
    example
        An example, or the name or path of one. Of variants that start alike and differ in their
        update alone, one stands for all. The step is that of plain gradient descent, on all
        samples at once.
    rates
        The rates eta, positive; from 0.001 to 10 by default.

    Returns
    -------
    FirstOrder
        ``headers()`` and ``rows()``; ``starts`` holds the arrays of each network.

    Raises
    ------
    InvalidInputError
        If a rate is not positive.

    Examples
    --------
    >>> found = first_order("E-2.4", rates=[0.01, 10])
    >>> found.starts[0].promised.round(4).tolist()
    [1.6583, -19.1227]
    >>> found.starts[0].losses.round(4).tolist()
    [1.6584, 5.4077]
    """
    example = opened(example)
    along = np.array(sorted(rates), float)
    if not len(along) or not (np.isfinite(along) & (along > 0)).all():
        raise InvalidInputError(f"rates must be positive numbers, at least one, got {list(rates)}.")
    return FirstOrder(example.title, tuple(_start(*one, along) for one in _starts(example)))


def _starts(example: Example) -> list[tuple[str, Example]]:
    """The networks that differ before any update, named by what they differ in."""
    found: dict[tuple[str, ...], Example] = {}
    named = [example.variant(row.name) for row in example.variants] or [example]
    for one in named:
        found.setdefault((*one.activations, one.loss), one)
    losses = {key[-1] for key in found}
    return [(", ".join(key if len(losses) > 1 else key[:-1]), one) for key, one in found.items()]


def _start(name: str, example: Example, rates: Floats) -> Start:
    objective = Objective(example)
    point = objective.at(example.layers())
    step = OPTIMIZERS["sgd"].step
    losses = [
        objective.value(step(point.layers, point.gradients, {}, rate, {})[0]) for rate in rates
    ]
    return Start(name, point.loss, point.slope**2, rates, np.array(losses))
