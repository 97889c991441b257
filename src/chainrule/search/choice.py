"""One of several values."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import InvalidInputError
from chainrule.search.dimension import plain

__all__ = ["Choice"]

# What Optuna's storages can keep as it is.
STORABLE = (bool, int, float, str, type(None))


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
        storable = all(isinstance(each, STORABLE) for each in self.values)
        if storable and len(set(self.values)) == len(self.values):
            return list(self.values)
        # An address in memory is another one in the next process.
        texts = [re.sub(r" at 0x[0-9a-f]+", "", repr(each)) for each in self.values]
        if len(set(texts)) == len(texts):
            return texts
        return [f"{number}: {text}" for number, text in enumerate(texts)]
