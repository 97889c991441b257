"""What one hyperparameter may be: a range, a choice, or a distribution of SciPy's.

Every kind knows how to draw a value, to list its values for a grid, to place a value between 0 and
1 for a figure, and to ask an Optuna trial for one.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Protocol

import numpy as np
from sklearn.utils import check_random_state

from chainrule.errors import InvalidInputError

__all__ = ["Choice", "Dimension", "Distribution", "Float", "Int"]

PLAIN = (bool, int, float, str, type(None))


class Dimension(Protocol):
    """One hyperparameter's values."""

    @property
    def log(self) -> bool:
        """Whether its ratios count rather than its differences."""

    def draw(self, rng: np.random.RandomState) -> Any:
        """A random value."""

    def grid(self) -> list[Any] | None:
        """All values, in order; None if they cannot be listed."""

    def unit(self, value: Any) -> float:
        """Where a value lies between 0 and 1; not a number if it is none of these."""

    def suggest(self, trial: Any, name: str) -> Any:
        """The value that an Optuna trial has, or is given now, under this name."""


@dataclass(frozen=True)
class Float:
    """A real number between ``low`` and ``high``, both included.

    Parameters
    ----------
    low, high : float
        The ends; finite, ``low < high``.
    log : bool, default=False
        Draw the logarithm evenly, so that each power of ten is as likely as the next:
        exp(u) with u uniform in [ln low, ln high]. ``low`` must then be positive.

    Raises
    ------
    InvalidInputError
        The ends are no such numbers.

    Examples
    --------
    >>> Float(1e-5, 1e-1, log=True).unit(1e-3)
    0.5
    """

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        for end in (self.low, self.high):
            if isinstance(end, bool) or not isinstance(end, Real) or not math.isfinite(end):
                raise InvalidInputError(f"{self}: low and high must be finite numbers.")
        object.__setattr__(self, "low", float(self.low))
        object.__setattr__(self, "high", float(self.high))
        _check_ends(self, "positive", self.low > 0)

    def rvs(self, random_state: Any = None) -> float:
        """A random value, as SciPy's distributions give one (scikit-learn's searches take it)."""
        return self.draw(check_random_state(random_state))

    def draw(self, rng: np.random.RandomState) -> float:
        if not self.log:
            return float(rng.uniform(self.low, self.high))
        drawn = math.exp(rng.uniform(math.log(self.low), math.log(self.high)))
        return min(max(drawn, self.low), self.high)  # exp(ln low) may miss low by a bit

    def grid(self) -> list[Any] | None:
        return None

    def unit(self, value: Any) -> float:
        return _between(value, self.low, self.high, self.log)

    def suggest(self, trial: Any, name: str) -> float:
        return float(trial.suggest_float(name, self.low, self.high, log=self.log))


@dataclass(frozen=True)
class Int:
    """A whole number from ``low`` to ``high``, both included.

    Parameters
    ----------
    low, high : int
        The ends, ``low < high``.
    log : bool, default=False
        Draw the logarithm evenly: the drawn number is exp(u) rounded, with u uniform in
        [ln(low - 1/2), ln(high + 1/2)], so that the ends have their whole share. ``low`` must
        then be at least 1.
    step : int, default=1
        Only ``low``, ``low + step``, ``low + 2 step``, ... up to ``high``; not with ``log``.

    Raises
    ------
    InvalidInputError
        The ends or the step are no such numbers.
    """

    low: int
    high: int
    log: bool = False
    step: int = 1

    def __post_init__(self) -> None:
        for field in ("low", "high", "step"):
            value = getattr(self, field)
            if isinstance(value, bool) or not isinstance(value, Integral):
                raise InvalidInputError(
                    f"{self}: {field} must be a whole number, came {value!r}. "
                    "Use Float for real numbers."
                )
            object.__setattr__(self, field, int(value))
        _check_ends(self, "at least 1", self.low >= 1)
        if self.step < 1 or (self.log and self.step != 1):
            raise InvalidInputError(f"{self}: step must be at least 1, and 1 where log=True.")

    def rvs(self, random_state: Any = None) -> int:
        """A random value, as SciPy's distributions give one (scikit-learn's searches take it)."""
        return self.draw(check_random_state(random_state))

    def draw(self, rng: np.random.RandomState) -> int:
        if not self.log:
            return self.low + self.step * int(rng.randint(len(self._values())))
        drawn = round(math.exp(rng.uniform(math.log(self.low - 0.5), math.log(self.high + 0.5))))
        return min(max(drawn, self.low), self.high)

    def grid(self) -> list[Any] | None:
        return None if self.log else list(self._values())

    def unit(self, value: Any) -> float:
        if isinstance(value, Real) and value != round(value):
            return math.nan
        return _between(value, self.low, self.high, self.log)

    def suggest(self, trial: Any, name: str) -> int:
        high = self._values()[-1]  # Optuna warns of an end that no step reaches
        return int(trial.suggest_int(name, self.low, high, step=self.step, log=self.log))

    def _values(self) -> range:
        return range(self.low, self.high + 1, self.step)


@dataclass(frozen=True)
class Choice:
    """One of several values of any kind, each as likely as the others; a list means the same.

    Parameters
    ----------
    values : iterable
        What there is to choose from; at least one.

    Raises
    ------
    InvalidInputError
        There is nothing to choose from, or a text came in place of a list of texts.
    """

    values: tuple[Any, ...]
    log = False

    def __init__(self, values: Iterable[Any]) -> None:
        if isinstance(values, str) or not isinstance(values, Iterable):
            raise InvalidInputError(
                f"A choice needs a list of values, came {values!r}. Write [{values!r}]."
            )
        found = tuple(plain(value) for value in values)
        if not found:
            raise InvalidInputError("A choice needs at least one value, came none.")
        object.__setattr__(self, "values", found)

    def draw(self, rng: np.random.RandomState) -> Any:
        return self.values[rng.randint(len(self.values))]

    def grid(self) -> list[Any] | None:
        return list(self.values)

    def unit(self, value: Any) -> float:
        """Equally spaced in the order given; a single value lies in the middle."""
        places = [k for k, each in enumerate(self.values) if each is value or each == value]
        if not places:
            return math.nan
        return places[0] / (len(self.values) - 1) if len(self.values) > 1 else 0.5

    def suggest(self, trial: Any, name: str) -> Any:
        labels = self._labels()
        return self.values[labels.index(trial.suggest_categorical(name, labels))]

    def _labels(self) -> list[Any]:
        """The values as Optuna can store them: themselves, or their text, all different."""
        if all(isinstance(each, PLAIN) for each in self.values):
            if len(set(self.values)) == len(self.values):
                return list(self.values)
        # An address in memory is another one in the next process.
        texts = [re.sub(r" at 0x[0-9a-f]+", "", repr(each)) for each in self.values]
        if len(set(texts)) == len(texts):
            return texts
        return [f"{number}: {text}" for number, text in enumerate(texts)]


@dataclass(frozen=True)
class Distribution:
    """A distribution of SciPy's with its arguments fixed, or anything else with ``rvs``."""

    given: Any

    @property
    def log(self) -> bool:
        counterpart = self._counterpart()
        return counterpart is not None and counterpart.log

    def __repr__(self) -> str:
        family = getattr(getattr(self.given, "dist", None), "name", None)
        if family is None:
            kind = type(self.given)
            return f"{kind.__module__}.{kind.__qualname__}"
        arguments = [*map(repr, self.given.args)]
        arguments += [f"{name}={value!r}" for name, value in sorted(self.given.kwds.items())]
        return f"scipy.stats.{family}({', '.join(arguments)})"

    def rvs(self, random_state: Any = None) -> Any:
        """A random value of the distribution's own."""
        return self.given.rvs(random_state=random_state)

    def draw(self, rng: np.random.RandomState) -> Any:
        return plain(self.rvs(rng))

    def grid(self) -> list[Any] | None:
        return None

    def unit(self, value: Any) -> float:
        """The share of the distribution up to the value."""
        if not hasattr(self.given, "cdf") or not isinstance(value, Real):
            return math.nan
        return float(self.given.cdf(value))

    def suggest(self, trial: Any, name: str) -> Any:
        counterpart = self._counterpart()
        if counterpart is None:
            raise InvalidInputError(
                f"{name}: Optuna has nothing like {self}. Use Float, Int or Choice (with log=True "
                "for a quantity whose ratios count); uniform, loguniform and randint can stay."
            )
        return counterpart.suggest(trial, name)

    def _counterpart(self) -> Float | Int | None:
        """The range that draws alike: told by the family's name, the support and the median."""
        family = getattr(getattr(self.given, "dist", None), "name", None)
        if family not in ("uniform", "loguniform", "reciprocal", "randint"):
            return None
        low, high = (float(end) for end in self.given.support())
        if family == "randint":
            return Int(round(low), round(high)) if low < high else None
        if family == "uniform":
            return Float(low, high)
        # Shifted by loc, its logarithm is not even any more.
        even = low > 0 and math.isclose(self.given.median(), math.sqrt(low * high), rel_tol=1e-6)
        return Float(low, high, log=True) if even else None


def plain(value: Any) -> Any:
    """A NumPy scalar as Python's own number; all else as it is."""
    return value.item() if isinstance(value, np.generic) else value


def _check_ends(given: Float | Int, wanted: str, loggable: bool) -> None:
    if given.low >= given.high:
        raise InvalidInputError(
            f"{given}: low must be below high. For a single value write [{given.low!r}]."
        )
    if given.log and not loggable:
        raise InvalidInputError(
            f"{given}: with log=True, low must be {wanted}. Raise low, or leave log out."
        )


def _between(value: Any, low: float, high: float, log: bool) -> float:
    if isinstance(value, bool) or not isinstance(value, Real) or not low <= value <= high:
        return math.nan
    if log:
        return float(math.log(value / low) / math.log(high / low))
    return float((value - low) / (high - low))
