"""Driving a strategy with made scores."""

from collections.abc import Callable, Mapping
from typing import Any

from chainrule.search import Space
from chainrule.search.strategies import Round, Strategy

Score = Callable[[Mapping[str, Any]], float]


def drive(strategy: Strategy, space: Space, score: Score, stop: int | None = None) -> list[Round]:
    """All rounds, or the first ``stop``; the last of these is then left without its scores."""
    running = strategy.rounds(space)
    rounds = [next(running)]
    while len(rounds) != stop:
        told = {each.number: score(each.parameters) for each, _ in rounds[-1].entries}
        try:
            rounds.append(running.send(told))
        except StopIteration:
            break
    running.close()
    return rounds


def parameters(rounds: list[Round]) -> dict[int, dict[str, Any]]:
    """Each candidate's, by number."""
    return {each.number: each.parameters for one in rounds for each, _ in one.entries}
