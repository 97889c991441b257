"""When to stop, by scikit-learn's patience counted as it counts; and when to go on more slowly."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf

from chainrule.equations.schedules import Plateau

__all__ = ["Patience", "Slowing"]


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


@dataclass
class Slowing:
    """A learning rate that falls where the training does not improve.

    ``after_epoch(plateau, value, rate)`` is the schedule's, its settings given; ``patience`` is
    one of them; ``by`` says what it watches: ``validation_loss`` or ``objective``.
    """

    after_epoch: Callable[[Plateau, float, float], tuple[Plateau, float]]
    patience: float
    by: str
    plateau: Plateau = field(default_factory=Plateau)

    def update(self, value: float, rate: float) -> float:
        """Take an epoch's value; the rate of the next one."""
        self.plateau, rate = self.after_epoch(self.plateau, value, rate)
        return rate

    @property
    def safe_epochs(self) -> float:
        """How many epochs can pass before the rate can possibly change."""
        return max(self.patience + 1 - self.plateau.bad, 1)
