"""The arithmetic of halving: how many candidates get how many epochs, rung by rung."""

from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Rung", "epochs", "levels", "rungs"]


class Rung(NamedTuple):
    """``candidates`` that have each had ``budget`` epochs in all when the rung is done."""

    candidates: int
    budget: int


def levels(ratio: int, factor: int) -> int:
    """floor(log_factor ratio), in whole numbers: a logarithm in floating point would take 4 for
    log_3 243, which is 5."""
    found = 0
    while factor ** (found + 1) <= ratio:
        found += 1
    return found


def rungs(n: int, last: int, max_epochs: int, factor: int, *, up: bool) -> tuple[Rung, ...]:
    """``last`` + 1 rungs that begin with ``n`` candidates and end with ``max_epochs``.

    Rung i has the budget floor(max_epochs / factor^(last - i)). The share that goes on is rounded
    up (scikit-learn), or down (Li et al.) with ``up=False``; at least one goes on.
    """
    found = []
    for i in range(last + 1):
        found.append(Rung(n, max_epochs // factor ** (last - i)))
        n = max(1, -(-n // factor) if up else n // factor)
    return tuple(found)


def epochs(plan: Sequence[Rung]) -> int:
    """The epochs that a plan trains in all, if nobody diverges: each rung adds to what its
    candidates have had, sum over i of n_i (r_i - r_(i-1)) with r_(-1) = 0."""
    before = (0, *(rung.budget for rung in plan))
    return sum(
        rung.candidates * (rung.budget - had) for rung, had in zip(plan, before, strict=False)
    )
