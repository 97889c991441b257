"""How networks of a block are trained: measured, for the shape at hand.

A large block does more in one wide product, a small one stays in a core's cache; with one network a
block there is no member axis at all; and a program can also take the networks of a block in turn.
What is quickest depends on the shape and on the machine. So where there is enough to do, a few
steps of blocks of each kind are timed, on all cores at once as in the training itself. The networks
are not changed by it.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from chainrule.engine.member import Member
from chainrule.engine.population import Block
from chainrule.engine.stacking import Pool

__all__ = ["Way", "quickest_way", "ways_to_try"]

STEPS = 24
ROUNDS = 4
"""So many times so many steps are timed, the first time not counted; the least counts."""


class Way(NamedTuple):
    """How many networks a block may hold, and whether they come one after the other."""

    size: int
    in_turn: bool = False

    def __str__(self) -> str:
        return f"{self.size} in turn" if self.in_turn else f"{self.size}"


def ways_to_try(most: int, count: int) -> list[Way]:
    """Of so many networks, where ``most`` is the largest block that seems good."""
    sizes = sorted({min(size, count) for size in (1, max(most // 4, 1), most, 2 * most)})
    turn = [Way(min(most, count), in_turn=True)] if min(most, count) > 1 else []
    return [*map(Way, sizes), *turn]


def quickest_way(
    members: Sequence[Member], ways: Sequence[Way], workers: int, pool: Pool
) -> dict[str, Any]:
    """The way in which a network takes the least time, and what all were measured.

    Returns
    -------
    dict
        ``size`` and ``in_turn``; and ``seconds``: of one step of one network on one of the
        workers' cores, by the way. Plain data, to be kept.
    """
    found = {}
    for way in ways:
        there = [members[start : start + way.size] for start in range(0, len(members), way.size)]
        blocks = [
            Block(
                [[Member(one.trainer) for one in there[number % len(there)]]],
                size=way.size,
                in_turn=way.in_turn,
                pool=pool,
            )
            for number in range(workers)
        ]
        with ThreadPoolExecutor(workers) as threads:
            rounds = [
                max(threads.map(lambda block: block.seconds(STEPS), blocks)) for _ in range(ROUNDS)
            ]
        found[way] = min(rounds[1:]) / way.size  # the first compiles
    best = min(found, key=lambda way: found[way])
    seconds = {str(way): each for way, each in found.items()}
    return {"size": best.size, "in_turn": best.in_turn, "seconds": seconds}
