"""Hyperband: several successive halvings side by side, from eager to patient."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sklearn.utils import check_random_state

from chainrule.search.space import Space
from chainrule.search.strategies.halving import check_budgets
from chainrule.search.strategies.rounds import Candidate, Round, Rounds, best, check_told
from chainrule.search.strategies.rungs import Rung, levels, rungs

__all__ = ["Hyperband"]


@dataclass(frozen=True)
class Hyperband:
    """Brackets of successive halving that trade many candidates with few epochs for few with many.

    How many candidates there are follows from the budgets (`brackets`).

    Parameters
    ----------
    max_epochs : int
        The whole budget R: what the last candidates of each bracket have had.
    min_epochs : int, default=1
        Nobody is judged on fewer epochs than these.
    factor : int, default=3
        eta: one in so many goes on, with so many times the epochs; at least 2.
    random_state : int, RandomState or None
        Where the candidates come from, the most eager bracket's first.

    Raises
    ------
    InvalidInputError
        A setting is out of its range.

    Notes
    -----
    With s_max = floor(log_eta(R / min_epochs)) there is a bracket for each s = s_max, ..., 0. It
    begins with n = ceil((s_max + 1) / (s + 1) eta^s) random candidates; its rung i = 0, ..., s has
    floor(n eta^-i) of them and the budget R eta^(i - s) epochs in all, rounded down. So each
    bracket costs about as much as the others: (s_max + 1) R if every rung began anew, less here,
    where survivors go on from where they are.

    The paper runs one bracket after the other, which do not depend on each other; here round i
    runs the rungs i of all brackets that have one. Where the space is a list of combinations, a
    bracket takes none twice, and has no more than there are.

    L. Li, K. Jamieson, G. DeSalvo, A. Rostamizadeh and A. Talwalkar, "Hyperband: A Novel
    Bandit-Based Approach to Hyperparameter Optimization", JMLR 18(185), 2018, algorithm 1.
    """

    max_epochs: int
    min_epochs: int = 1
    factor: int = 3
    random_state: Any = None

    def __post_init__(self) -> None:
        check_budgets(self.min_epochs, self.max_epochs, self.factor)

    def brackets(self) -> tuple[tuple[Rung, ...], ...]:
        """The rungs of each bracket, the most eager one first, if nobody diverges."""
        most = levels(self.max_epochs // self.min_epochs, self.factor)
        found = []
        for s in range(most, -1, -1):
            n = -(-(most + 1) * self.factor**s // (s + 1))
            found.append(rungs(n, s, self.max_epochs, self.factor, up=False))
        return tuple(found)

    def rounds(self, space: Space) -> Rounds:
        running = self._begin(space)
        turn = 0
        while running := [bracket for bracket in running if bracket.lives(turn)]:
            told = yield Round(
                tuple(
                    (candidate, bracket.plan[turn].budget)
                    for bracket in running
                    for candidate in bracket.alive
                )
            )
            wanted = (candidate.number for bracket in running for candidate in bracket.alive)
            scores = check_told(wanted, told)
            turn += 1
            for bracket in running:
                bracket.cut(turn, scores)

    def _begin(self, space: Space) -> list["_Bracket"]:
        """Each bracket with candidates of its own, numbered through."""
        rng = check_random_state(self.random_state)
        found: list[_Bracket] = []
        number = 0
        for plan in self.brackets():
            count, last = plan[0].candidates, len(plan) - 1
            if space.listed and space.size is not None:
                count = min(count, space.size)
            drawn = [Candidate(number + k, p) for k, p in enumerate(space.sample(count, rng))]
            plan = rungs(count, last, self.max_epochs, self.factor, up=False)
            found.append(_Bracket(drawn, plan))
            number += count
        return found


@dataclass
class _Bracket:
    """One halving under way."""

    alive: list[Candidate]
    plan: tuple[Rung, ...]

    def lives(self, turn: int) -> bool:
        return turn < len(self.plan) and bool(self.alive)

    def cut(self, turn: int, scores: Mapping[int, float]) -> None:
        """Keep those that have a part in this turn."""
        if turn < len(self.plan):
            own = {candidate.number: scores[candidate.number] for candidate in self.alive}
            onward = best(own, self.plan[turn].candidates)
            self.alive = [candidate for candidate in self.alive if candidate.number in onward]
