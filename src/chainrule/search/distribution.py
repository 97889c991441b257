"""A distribution of SciPy's as a hyperparameter's values."""

import math
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from chainrule.errors import InvalidInputError
from chainrule.search.dimension import plain
from chainrule.search.ranges import Float, Int

__all__ = ["Distribution"]


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
