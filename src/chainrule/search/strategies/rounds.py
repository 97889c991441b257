"""What a strategy asks for, what it is told, and who goes on."""

import math
from collections.abc import Generator, Iterable, Mapping
from typing import Any, NamedTuple, Protocol

from chainrule.errors import InvalidInputError
from chainrule.search.space import Space

__all__ = ["Candidate", "Round", "Rounds", "Strategy", "best", "check_told"]


class Candidate(NamedTuple):
    """One combination of hyperparameters; numbers count from 0 in the order of first appearance."""

    number: int
    parameters: dict[str, Any]


class Round(NamedTuple):
    """Candidates that are trained together, each with its budget.

    A budget is the number of epochs that the candidate shall have had in all when the round ends,
    so that a survivor goes on from where it is; None is the candidate's own ``max_iter``.
    """

    entries: tuple[tuple[Candidate, int | None], ...]

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(candidate.number for candidate, _ in self.entries)


Rounds = Generator[Round, Mapping[int, float], None]
"""Yields rounds; is sent the scores of each round's candidates by number, the higher the better,
not a number for a candidate that diverged or failed."""


class Strategy(Protocol):
    """A way to search: which candidates are tried, in what order, for how long.

    The rounds depend on the space, the settings and the scores that were sent, on nothing else:
    sent the same scores again, a strategy asks for the same rounds. So a search that was killed
    goes on: what is known is sent at once, and what comes next is trained.
    """

    def rounds(self, space: Space) -> Rounds:
        """The rounds of a search in this space."""


def best(scores: Mapping[int, float], count: int) -> tuple[int, ...]:
    """The ``count`` best candidates, the best one first; the lower number first among equals.

    A candidate whose score is not a number is never among them, so that there may be fewer: a
    training that diverged gains nothing from going on.
    """
    known = [number for number, score in scores.items() if not math.isnan(score)]
    return tuple(sorted(known, key=lambda number: (-scores[number], number))[:count])


def check_told(wanted: Iterable[int], scores: Mapping[int, float] | None) -> dict[int, float]:
    """The scores of a round's candidates; an error if one of them has none."""
    wanted, told = tuple(wanted), scores or {}
    missing = [number for number in wanted if number not in told]
    if missing:
        listed = ", ".join(map(str, missing))
        raise InvalidInputError(
            f"A score is required for every candidate of a round; none came for {listed}. Send "
            "not-a-number for a candidate that failed."
        )
    return {number: float(told[number]) for number in wanted}
