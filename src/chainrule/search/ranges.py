"""Numbers between two ends, on an even or a logarithmic scale."""

import math
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from chainrule.errors import InvalidInputError

__all__ = ["Float", "Int"]


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
        place = _between(value, self.low, self.high, self.log)
        return place if math.isnan(place) or value == round(value) else math.nan

    def suggest(self, trial: Any, name: str) -> int:
        high = self._values()[-1]  # Optuna warns of an end that no step reaches
        return int(trial.suggest_int(name, self.low, high, step=self.step, log=self.log))

    def _values(self) -> range:
        return range(self.low, self.high + 1, self.step)


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
    if isinstance(value, bool) or not isinstance(value, Real):
        return math.nan
    number = float(value)
    if not low <= number <= high:
        return math.nan
    if log:
        return math.log(number / low) / math.log(high / low)
    return (number - low) / (high - low)
