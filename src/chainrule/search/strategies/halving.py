"""Successive halving over epochs: the best share goes on, from where it is."""

from dataclasses import dataclass
from typing import Any

from chainrule.errors import InvalidInputError
from chainrule.search.space import Space, check_count
from chainrule.search.strategies.rounds import Candidate, Round, Rounds, best, check_told
from chainrule.search.strategies.rungs import Rung, levels, rungs

__all__ = ["SuccessiveHalving"]


@dataclass(frozen=True)
class SuccessiveHalving:
    """All candidates get few epochs; the best of them get more; and so on to the last few.

    Parameters
    ----------
    max_epochs : int
        The whole budget R: what the candidates of the last rung have had.
    n_candidates : int, optional
        Random candidates; if not given, every combination of the grid.
    min_epochs : int, default=1
        Nobody is judged on fewer epochs than these.
    factor : int, default=3
        eta: one in so many goes on, with so many times the epochs; at least 2.
    random_state : int, RandomState or None
        Where the candidates come from.

    Raises
    ------
    InvalidInputError
        A setting is out of its range.

    Notes
    -----
    With n candidates there are k + 1 rungs, k = min(floor(log_eta n), floor(log_eta(R /
    min_epochs))). Rung i has the budget floor(R / eta^(k - i)) epochs in all, and n_i candidates:
    n_0 = n, n_(i+1) = ceil(n_i / eta). A candidate without a score (it diverged) does not go on,
    whatever the share; a tie is decided by the lower number.

    The counts are those of scikit-learn's ``HalvingRandomSearchCV`` with
    ``min_resources="exhaust"``. The budgets differ in their rounding: scikit-learn multiplies a
    rounded first budget up, so that its last rung may miss R (81 of 100 epochs for 27 candidates);
    here the last rung has R exactly. The resource is epochs, never samples, and a survivor goes
    on instead of starting anew.

    K. Jamieson and A. Talwalkar, "Non-stochastic Best Arm Identification and Hyperparameter
    Optimization", AISTATS 2016.
    """

    max_epochs: int
    n_candidates: int | None = None
    min_epochs: int = 1
    factor: int = 3
    random_state: Any = None

    def __post_init__(self) -> None:
        if self.n_candidates is not None:
            check_count("n_candidates", self.n_candidates)
        check_budgets(self.min_epochs, self.max_epochs, self.factor)

    def plan(self, n: int) -> tuple[Rung, ...]:
        """The rungs for ``n`` candidates of which nobody diverges."""
        last = min(levels(n, self.factor), levels(self.max_epochs // self.min_epochs, self.factor))
        return rungs(n, last, self.max_epochs, self.factor, up=True)

    def rounds(self, space: Space) -> Rounds:
        if self.n_candidates is None:
            points = space.grid()
        else:
            points = space.sample(self.n_candidates, self.random_state)
        alive = [Candidate(*each) for each in enumerate(points)]
        plan = self.plan(len(alive))
        for place, rung in enumerate(plan):
            told = yield Round(tuple((candidate, rung.budget) for candidate in alive))
            scores = check_told((candidate.number for candidate in alive), told)
            if place + 1 == len(plan):
                return
            onward = best(scores, plan[place + 1].candidates)
            alive = [candidate for candidate in alive if candidate.number in onward]
            if not alive:
                return


def check_budgets(min_epochs: int, max_epochs: int, factor: int) -> None:
    """Budgets and factor of a strategy that halves."""
    check_count("min_epochs", min_epochs)
    check_count("max_epochs", max_epochs)
    check_count("factor", factor, least=2)
    if min_epochs > max_epochs:
        raise InvalidInputError(
            f"min_epochs must be at most max_epochs, came {min_epochs} and {max_epochs}."
        )
