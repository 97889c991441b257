"""Layer sizes as one hyperparameter: how many hidden layers, and how wide."""

import math
from dataclasses import dataclass
from itertools import product
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from chainrule.errors import InvalidInputError
from chainrule.search.choice import Choice
from chainrule.search.ranges import Int

__all__ = ["Sizes"]


@dataclass(frozen=True)
class Sizes:
    """Tuples for ``hidden_layer_sizes``: a number of layers, and a width for all or for each.

    Parameters
    ----------
    depth : int, Int, Choice or list of int
        The number of hidden layers, at least 1.
    width : int, Int, Choice or list of int
        Units of a layer, at least 1.
    equal : bool, default=True
        Whether all layers are as wide as the first; otherwise each has a width of its own.

    Raises
    ------
    InvalidInputError
        A depth or width that is no whole number of at least 1.

    Notes
    -----
    A draw takes the depth first, then the width or widths. A grid has every depth with every
    width, or with every combination of widths. In an Optuna study the parameters are
    ``NAME.depth`` and ``NAME.width``, or ``NAME.width_1``, ``NAME.width_2``, ...

    Examples
    --------
    >>> Sizes(depth=[1, 2], width=[16, 32]).grid()
    [(16,), (32,), (16, 16), (32, 32)]
    """

    depth: Int | Choice
    width: Int | Choice
    equal: bool = True

    def __init__(self, depth: Any, width: Any, equal: bool = True) -> None:
        object.__setattr__(self, "depth", _counts("depth", depth))
        object.__setattr__(self, "width", _counts("width", width))
        object.__setattr__(self, "equal", bool(equal))

    @property
    def log(self) -> bool:
        return self.width.log

    def rvs(self, random_state: Any = None) -> tuple[int, ...]:
        """A random value, as SciPy's distributions give one (scikit-learn's searches take it)."""
        return self.draw(check_random_state(random_state))

    def draw(self, rng: np.random.RandomState) -> tuple[int, ...]:
        depth = self.depth.draw(rng)
        if self.equal:
            return (self.width.draw(rng),) * depth
        return tuple(self.width.draw(rng) for _ in range(depth))

    def grid(self) -> list[Any] | None:
        depths, widths = self.depth.grid(), self.width.grid()
        if depths is None or widths is None:
            return None
        if self.equal:
            return [(width,) * depth for depth in depths for width in widths]
        return [sizes for depth in depths for sizes in product(widths, repeat=depth)]

    def unit(self, value: Any) -> float:
        """By the number of hidden units, from the fewest to the most that there can be."""
        if not isinstance(value, tuple | list) or math.isnan(self.depth.unit(len(value))):
            return math.nan
        if any(math.isnan(self.width.unit(width)) for width in value):
            return math.nan
        fewest, most = (_end(self.depth, k) * _end(self.width, k) for k in (0, 1))
        if fewest == most:
            return 0.5
        if self.log:
            return math.log(sum(value) / fewest) / math.log(most / fewest)
        return (sum(value) - fewest) / (most - fewest)

    def suggest(self, trial: Any, name: str) -> tuple[int, ...]:
        depth = self.depth.suggest(trial, f"{name}.depth")
        if self.equal:
            return (self.width.suggest(trial, f"{name}.width"),) * depth
        return tuple(self.width.suggest(trial, f"{name}.width_{k + 1}") for k in range(depth))


def _counts(what: str, given: Any) -> Int | Choice:
    if isinstance(given, Integral) and not isinstance(given, bool):
        given = [given]
    found = given if isinstance(given, Int | Choice) else Choice(given)
    values = (found.low, found.high) if isinstance(found, Int) else found.values
    for value in values:
        if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
            raise InvalidInputError(
                f"Sizes: {what} needs whole numbers of at least 1, came {value!r}."
            )
    return found


def _end(counts: Int | Choice, which: int) -> int:
    values = (counts.low, counts.high) if isinstance(counts, Int) else counts.values
    return (min, max)[which](values)
