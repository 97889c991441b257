"""Random combinations, at once."""

from dataclasses import dataclass
from typing import Any

from chainrule.search.space import Space, check_count
from chainrule.search.strategies.rounds import Candidate, Round, Rounds

__all__ = ["Random"]


@dataclass(frozen=True)
class Random:
    """Random combinations in one round: those of scikit-learn's ``RandomizedSearchCV``.

    Parameters
    ----------
    n_candidates : int, default=10
        How many.
    random_state : int, RandomState or None
        Where the draws come from.

    Notes
    -----
    J. Bergstra and Y. Bengio, "Random Search for Hyper-Parameter Optimization", JMLR 13, 2012.
    """

    n_candidates: int = 10
    random_state: Any = None

    def __post_init__(self) -> None:
        check_count("n_candidates", self.n_candidates)

    def rounds(self, space: Space) -> Rounds:
        drawn = space.sample(self.n_candidates, self.random_state)
        yield Round(tuple((Candidate(*each), None) for each in enumerate(drawn)))
