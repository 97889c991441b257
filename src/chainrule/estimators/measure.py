"""How many networks a block should hold: measured, for the shape at hand.

A large block does more in one wide product, a small one stays in a core's cache; and with one
network a block there is no member axis at all. Which is quickest depends on the shape and on the
machine. So where there is enough to do, a few steps of blocks of several sizes are timed, on all
cores at once as in the training itself. The networks are not changed by it.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from chainrule.engine.member import Member
from chainrule.engine.population import Block
from chainrule.engine.stacking import Pool

__all__ = ["quickest_size", "sizes_to_try"]

STEPS = 24
ROUNDS = 4
"""So many times so many steps are timed, the first time not counted; the least counts."""


def sizes_to_try(most: int, count: int) -> list[int]:
    """Block sizes for so many networks, of which ``most`` is the largest that seems good."""
    return sorted({min(size, count) for size in (1, max(most // 4, 1), most, 2 * most)})


def quickest_size(
    members: Sequence[Member], sizes: Sequence[int], workers: int, pool: Pool
) -> dict[str, Any]:
    """The size whose blocks take the least time for each network, and what all were measured.

    Returns
    -------
    dict
        ``size``, and ``seconds``: of one step of one network on one of the workers' cores, by
        size. Plain data, to be kept.
    """
    found = {}
    for size in sizes:
        there = [list(members[start : start + size]) for start in range(0, len(members), size)]
        blocks = [
            Block(
                [[Member(one.trainer) for one in there[number % len(there)]]], size=size, pool=pool
            )
            for number in range(workers)
        ]
        with ThreadPoolExecutor(workers) as threads:
            rounds = [
                max(threads.map(lambda block: block.seconds(STEPS), blocks)) for _ in range(ROUNDS)
            ]
        found[str(size)] = min(rounds[1:]) / size  # the first compiles
    best = min(found, key=lambda size: found[size])
    return {"size": int(best), "seconds": found}
