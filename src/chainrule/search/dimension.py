"""What one hyperparameter may be, whatever kind it is.

Every kind knows how to draw a value, to list its values for a grid, to place a value between 0 and
1 for a figure, and to ask an Optuna trial for one.
"""

from typing import Any, Protocol

import numpy as np

__all__ = ["Dimension", "plain"]


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


def plain(value: Any) -> Any:
    """A NumPy scalar as Python's own number; all else as it is."""
    return value.item() if isinstance(value, np.generic) else value
