"""Which networks are trained in which block.

A block is one program, of a plan that is as wide as its widest network, and runs on one core. So
there are a few buckets of widths (padding costs arithmetic, a program costs its compilation), and
in each as many blocks as keep all cores busy, of a size whose parameters stay in a core's cache.
The choice depends on the networks alone, never on the clock.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import combinations, pairwise

import numpy as np

from chainrule.engine.member import Member, common_plan, group_key, program_key, resident
from chainrule.engine.plan import Plan
from chainrule.engine.population import Block

__all__ = ["Groups", "blocks_of", "buckets", "smaller", "work"]

Groups = list[list[Member | None]]
SizeOf = Callable[[Sequence[Member], int, float], int]

CACHE_BYTES = 2**22
"""What the parameters and states of a block's members should take at most."""

MOST = 64
"""Members of a block at most: beyond, the wide product gains nothing."""

OVERHEAD = 2
"""What it costs to cut a group once more, in members: what its members share is done once more."""

STEP_SECONDS = 4e-5
"""What a step of a block costs beside its arithmetic: about fifty kernels are started."""

COMPILE_SECONDS = 0.7
FLOPS = 4e10
"""A program's compilation, and the arithmetic of one core a second: about, for what is weighed."""

STACKED_BYTES = 2**26
"""What the rows of several groups take at most when they are put side by side."""


def blocks_of(
    members: Sequence[Member],
    steps: Mapping[Member, float],
    workers: int,
    size_of: SizeOf | None = None,
) -> list[Groups]:
    """The groups of each block; the longest blocks come first, but for what `_apart` moves.

    ``size_of(members, most, seconds)`` says how many networks a block of such members may hold,
    where a formula says ``most``, and the work takes so many seconds on one core.
    """
    by_program: dict[object, list[Member]] = defaultdict(list)
    for member in members:
        key = program_key(member.trainer), member.epoch, _uneven(member)
        by_program[key].append(member)
    found: list[tuple[float, object, Groups]] = []
    for program, alike in by_program.items():
        wanted = {member: member.plan.sizes[1:-1] for member in alike}
        bucket = buckets([(wanted[one], work(one.plan, steps[one])) for one in alike])
        by_bucket: dict[tuple[int, ...], list[Member]] = defaultdict(list)
        for member in alike:
            by_bucket[bucket[wanted[member]]].append(member)
        for shape, those in by_bucket.items():
            most = most_of(those, workers)
            if size_of is not None:
                seconds = sum(work(one.plan, steps[one]) for one in those)
                most = size_of(those, most, seconds)
            for groups in _cut(those, steps, most, workers):
                ahead = sum(work(one.plan, steps[one]) for group in groups for one in group if one)
                compiled = program, shape, len(groups), max(map(len, groups))
                found.append((ahead, compiled, groups))
    found.sort(key=lambda each: -each[0])
    return _apart([(compiled, groups) for _, compiled, groups in found])


def _apart(blocks: list[tuple[object, Groups]]) -> list[Groups]:
    """The blocks in their order, but none next to one of the same program if that can be helped:
    workers that begin side by side then compile side by side, instead of waiting for one program.
    """
    found: list[Groups] = []
    last: object = None
    while blocks:
        place = next((at for at, (one, _) in enumerate(blocks) if one != last), 0)
        last, groups = blocks.pop(place)
        found.append(groups)
    return found


def buckets(
    widths: Sequence[tuple[tuple[int, ...], float]],
) -> dict[tuple[int, ...], tuple[int, ...]]:
    """A bucket for each hidden shape: the shape that its networks are filled up to.

    ``widths`` has each network's shape and the seconds that it takes by itself. Two buckets are
    joined, the cheapest pair first, while what the padding costs is less than a compilation.
    """
    seconds: dict[tuple[int, ...], float] = defaultdict(float)
    for shape, each in widths:
        seconds[shape] += each
    groups = {shape: [shape] for shape in seconds}

    def cost(top: tuple[int, ...], shapes: Sequence[tuple[int, ...]]) -> float:
        return sum(seconds[shape] * _area(top) / _area(shape) for shape in shapes)

    while len(groups) > 1:
        best = min(
            combinations(groups, 2),
            key=lambda pair: _joined(pair, groups, cost),
        )
        if _joined(best, groups, cost) > COMPILE_SECONDS:
            break
        top = tuple(map(max, zip(*best, strict=True)))
        shapes = groups.pop(best[0]) + groups.pop(best[1])
        groups[top] = groups.get(top, []) + shapes
    return {shape: top for top, shapes in groups.items() for shape in shapes}


def _joined(
    pair: tuple[tuple[int, ...], tuple[int, ...]],
    groups: Mapping[tuple[int, ...], list[tuple[int, ...]]],
    cost: Callable[[tuple[int, ...], Sequence[tuple[int, ...]]], float],
) -> float:
    """The seconds that joining two buckets costs."""
    top = tuple(map(max, zip(*pair, strict=True)))
    apart = sum(cost(each, groups[each]) for each in pair)
    return cost(top, [shape for each in pair for shape in groups[each]]) - apart


def _area(shape: tuple[int, ...]) -> float:
    """The work of a shape, up to a factor: its products between hidden layers, and those with
    inputs and outputs, which are taken for 64 together."""
    padded = (64, *shape)
    return sum(a * b for a, b in pairwise(padded)) + 1.0


def work(plan: Plan, steps: float) -> float:
    """About the seconds that so many steps take on one core."""
    return steps * 6 * plan.batch_size * plan.n_parameters / FLOPS


def _uneven(member: Member) -> object:
    """What must be equal in all groups of a block: the steps of an epoch. Rows that weigh nothing
    can leave batches out, so a network that has such is in a block with its group alone."""
    source = resident(member.trainer)
    if source.host.weights.min() == 0:
        return group_key(member.trainer)
    return -(-source.n_rows // member.plan.batch_size)


def _cut(
    members: Sequence[Member], steps: Mapping[Member, float], most: int, workers: int
) -> Iterator[Groups]:
    """Blocks of members of one bucket. Groups are filled up to the same size with places that
    nobody has, so that blocks of equally many share a program."""
    by_group: dict[object, list[Member]] = defaultdict(list)
    for member in members:
        by_group[group_key(member.trainer)].append(member)
    large = [group for group in by_group.values() if 2 * len(group) > most]
    small = [group for group in by_group.values() if 2 * len(group) <= most]
    for group, parts in zip(large, _parts(list(map(len, large)), most, workers), strict=True):
        size = -(-len(group) // parts)
        for part in np.array_split(np.array(group, object), parts):
            yield [_filled(part.tolist(), size)]
    if small:
        size = max(map(len, small))
        count = max(most // size, 1)
        if not _same_rows(small):
            rows = resident(small[0][0].trainer).host.X.nbytes
            count = int(np.clip(STACKED_BYTES // max(rows, 1), 1, count))
        plan = common_plan(member.plan for member in members)
        longest = max(steps[member] for group in small for member in group)
        seconds = size * work(plan, longest)
        each = _groups_of_a_block(len(small), count, seconds, STEP_SECONDS * longest)
        for at in range(0, len(small), each):
            yield [_filled(group, size) for group in small[at : at + each]]


def _filled(group: Sequence[Member], size: int) -> list[Member | None]:
    return [*group, *[None] * (size - len(group))]


def _groups_of_a_block(groups: int, most: int, seconds: float, overhead: float) -> int:
    """How many groups a block has, ``most`` at most. A group takes so many seconds, and a block
    ``overhead`` more; what is left over for the last block is a program of its own."""

    def cost(each: int) -> float:
        blocks, left = -(-groups // each), groups % each
        programs = 2 if left and blocks > 1 else 1
        return groups * seconds + blocks * overhead + programs * COMPILE_SECONDS

    return min(range(min(most, groups), 0, -1), key=cost)


def most_of(members: Sequence[Member], workers: int) -> int:
    """Members of a block: as many as fit the cache, and no more than leave work for all cores."""
    plan = common_plan(member.plan for member in members)
    return int(np.clip(-(-len(members) // workers), 1, most_in_cache(plan)))


def most_in_cache(plan: Plan) -> int:
    """Networks whose parameters and states a core's cache holds."""
    state = 3 * plan.n_parameters * np.dtype(plan.dtype).itemsize
    return int(np.clip(CACHE_BYTES // state, 1, MOST))


def _parts(sizes: Sequence[int], most: int, workers: int) -> list[int]:
    """Into how many blocks each group is cut, so that the workers end at about the same time."""
    least = [-(-size // most) for size in sizes]

    def seconds(more: int) -> float:
        """Of the busiest worker: a block costs as much as ``OVERHEAD`` members more."""
        counts = [count * more for count in least]
        each = max(-(-size // count) for size, count in zip(sizes, counts, strict=True))
        return -(-sum(counts) // workers) * (each + OVERHEAD)

    more = min(range(1, 5), key=seconds) if sizes else 1
    return [min(count * more, size) for count, size in zip(least, sizes, strict=True)]


def _same_rows(groups: Sequence[Sequence[Member]]) -> bool:
    return len({id(resident(group[0].trainer).host.X) for group in groups}) == 1


def smaller(block: Block, live: Collection[Member], steps: float) -> Groups | None:
    """The block without those that have ended, if that is worth a compilation; None if not.

    At most half of the places may be in use, and the steps that are left to the rest must save
    more than a program's compilation.
    """
    groups: Groups = [[member for member in group if member in live] for group in block.groups]
    groups = [group for group in groups if group]
    size = max(map(len, groups))
    places, before = size * len(groups), block.size * len(block.groups)
    if 2 * places > before:
        return None
    saved = (before - places) * work(block.plan, steps)
    return groups if saved > COMPILE_SECONDS else None
