"""Every combination of a grid, at once."""

from dataclasses import dataclass

from chainrule.search.space import Space
from chainrule.search.strategies.rounds import Candidate, Round, Rounds

__all__ = ["Grid"]


@dataclass(frozen=True)
class Grid:
    """Every combination, in the order of scikit-learn's ``ParameterGrid``, in one round."""

    def rounds(self, space: Space) -> Rounds:
        candidates = [Candidate(*each) for each in enumerate(space.grid())]
        yield Round(tuple((candidate, None) for candidate in candidates))
