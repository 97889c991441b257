"""When to stop: scikit-learn's patience, counted as it counts."""

from dataclasses import dataclass
from math import inf

__all__ = ["Patience"]


@dataclass
class Patience:
    """Counts epochs without improvement.

    A loss improves when it is at least ``tol`` below the best so far, a score when it is
    ``tol`` above it. The patience is exceeded when *more* than ``limit`` epochs in a row
    did not improve: scikit-learn's meaning of ``n_iter_no_change``.
    """

    tol: float
    limit: float
    higher_is_better: bool = False
    best: float | None = None
    count: int = 0

    def update(self, value: float) -> bool:
        """Take an epoch's value; whether it is the best so far."""
        sign = -1.0 if self.higher_is_better else 1.0
        best = inf if self.best is None else sign * self.best
        value *= sign
        worse = value > best - self.tol
        self.count = self.count + 1 if worse else 0
        improved = value < best
        if improved:
            self.best = sign * value
        return improved

    @property
    def exceeded(self) -> bool:
        return self.count > self.limit

    @property
    def safe_epochs(self) -> float:
        """How many epochs can pass before the patience can possibly be exceeded."""
        return max(self.limit + 1 - self.count, 1)
