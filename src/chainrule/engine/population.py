"""Many trainings advanced together: the same program over a member axis.

A ``Block`` holds networks that one call of one program advances. Each is a ``Member``: to whoever
trains it, it is a ``Trainer``, with parameters, books and a learning rate of its own; what it gives
is what its ``Trainer`` alone would give, but for the order of sums in the products. Members
that see the same batches form a group (see `group_key`).

What is static is in the block's plan: the hidden layers are as wide as the widest member's, and the
units that a member does not have are masked. Everything else may differ from member to member.
Places that nobody has are filled with copies.
"""

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
import numpy.typing as npt

from chainrule.engine import stacking
from chainrule.engine.cache import compiled
from chainrule.engine.device import precision
from chainrule.engine.epochs import EpochRecord, Piece, Place
from chainrule.engine.fit import Trainer, capacity
from chainrule.engine.member import Member, common_plan, resident
from chainrule.engine.members import Members, MemberSteps, members_outputs, run_members
from chainrule.engine.plan import Plan
from chainrule.engine.stacking import Pool
from chainrule.equations.network import Layer
from chainrule.equations.optimizers import State

__all__ = ["Block"]

Floats = npt.NDArray[np.float64]

CHUNK_BYTES = 2**25
"""About what the widest layer's values of all members take at most, for rows that are measured."""


class Before(NamedTuple):
    """A block at the beginning of a range: its arrays, and of each group the steps done and the
    place in the timetable."""

    arrays: Members
    steps: tuple[int, ...]
    places: tuple[Place, ...]


class Block:
    """Members that one program advances.

    Parameters
    ----------
    groups
        The members of each group, None for a place that nobody has; all stand between two epochs,
        at the same one, and the epochs of all groups have as many steps.
    size
        Members that a group has room for; the largest group's number by default.
    plan
        The program's plan; by default the smallest that suits all members.
    pool
        Where rows that several blocks learn from are kept once.
    all_cores
        Whether one call may use all cores. Blocks that run side by side should not.
    in_turn
        Whether the members of a group come one after the other, in a loop within the program,
        instead of together.
    steps_per_range
        Steps of a range; by default about as many as take ``fit.RANGE_SECONDS``.
    """

    def __init__(
        self,
        groups: Sequence[Sequence[Member | None]],
        *,
        size: int | None = None,
        plan: Plan | None = None,
        pool: Pool | None = None,
        all_cores: bool = False,
        in_turn: bool = False,
        steps_per_range: int | None = None,
    ) -> None:
        self.groups = [list(group) for group in groups]
        self.size = size or max(map(len, self.groups))
        everyone = [_filled(group, self.size) for group in self.groups]
        firsts = [row[0] for row in everyone]
        self.plan = plan or common_plan(trainer.plan for row in everyone for trainer in row)
        self.device, self.all_cores, self.in_turn = firsts[0].device, all_cores, in_turn
        self.timetables = [trainer.timetable.copy() for trainer in firsts]
        self.steps = [trainer.step for trainer in firsts]
        self.present = stacking.present(everyone, self.plan)
        self.hyper = stacking.hyperparameters(everyone)
        self.data, self.levels = stacking.data(everyone, pool or Pool(self.device))
        self.capacity = steps_per_range or self._capacity()
        self.own_weights = not all(map(_weigh_alike, everyone))
        self.arrays = stacking.stack(everyone, self.plan)
        for number, group in enumerate(self.groups):
            for place, member in enumerate(group):
                if member is not None:
                    member.block, member.place = self, (number, place)
        self._finite: npt.NDArray[np.bool_] | None = None
        self.before = self._here()

    def run(self, epochs: int = 1, steps: int | None = None) -> dict[Member, list[EpochRecord]]:
        """Run one range of all members, as ``Trainer.run`` does of one; the epochs that ended in
        it, by member."""
        room = self.capacity if steps is None else min(self.capacity, steps)
        places = [timetable.snapshot() for timetable in self.timetables]
        if all(timetable.open is None for timetable in self.timetables):
            self.before = self._here()
        started = time.perf_counter()
        try:
            pieces = [timetable.take(epochs, room) for timetable in self.timetables]
            rate, l2, sums = self._rates(pieces)
            loss, penalty = self._execute(pieces, rate, l2)
        except BaseException:  # Ctrl-C among them: as if this range had not begun
            for timetable, place in zip(self.timetables, places, strict=True):
                timetable.restore(place)
            raise
        for timetable, part in zip(self.timetables, pieces, strict=True):
            timetable.done(part)
        self.steps = [done + len(rate) for done in self.steps]
        seconds = (time.perf_counter() - started) / max(len(self.members), 1)
        found = {}
        for member in self.members:
            g, c = member.place
            books = (rate[:, g, c], loss[:, g, c], penalty[:, g, c], seconds, sums.get((g, c)))
            found[member] = member.trainer.book(pieces[g], *books)
        return found

    @property
    def members(self) -> list[Member]:
        """The members that have not left, group by group."""
        everyone = (member for group in self.groups for member in group)
        return [member for member in everyone if member is not None and member.block is self]

    def seconds(self, steps: int) -> float:
        """What a step takes here, by the clock; nobody's books know of it, and the block is of no
        other use afterwards."""
        pieces = [timetable.take(1, min(steps, self.capacity)) for timetable in self.timetables]
        rate, l2, _ = self._rates(pieces)
        started = time.perf_counter()
        self._execute(pieces, rate, l2)
        for timetable, part in zip(self.timetables, pieces, strict=True):
            timetable.done(part)
        return (time.perf_counter() - started) / max(len(rate), 1)

    def outputs(self, X: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Pre-activations and activations of all members' output layers for the rows ``X``, each
        ``(groups, size, n, n_out)``; computed in chunks whose values take about `CHUNK_BYTES`."""
        rows = max(int(CHUNK_BYTES // self._row_bytes(max(self.plan.sizes))), 1)
        if len(X) <= rows:
            return self._outputs(X)
        found = []
        for start in range(0, len(X), rows):
            part = X[start : start + rows]
            padding = [(0, rows - len(part)), *((0, 0) for _ in part.shape[1:])]
            both = self._outputs(np.pad(part, padding))  # the last too, so that it is one program
            found.append([each[:, :, : len(part)] for each in both])
        Z, A = (np.concatenate(each, axis=2) for each in zip(*found, strict=True))
        return Z, A

    def outputs_bytes(self, rows: int) -> float:
        """What `outputs` of so many rows take."""
        return 2 * rows * self._row_bytes(self.plan.sizes[-1])

    def _row_bytes(self, width: int) -> float:
        return float(len(self.groups) * self.size * width * np.dtype(self.plan.dtype).itemsize)

    def _outputs(self, X: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        with precision(self.plan.dtype, self.device):
            Z, A = _called(
                members_outputs,
                (self.plan.activations, self.plan.sizes),
                (self.arrays.layers, self.present, self.hyper.input_scale, X),
            )
        return np.asarray(Z), np.asarray(A)

    def layers_of(self, member: Member, arrays: Members | None = None) -> tuple[Layer, ...]:
        """A member's parameters, as arrays of its own."""
        return stacking.cut(
            (arrays or self.arrays).layers, member.place, self.plan, member.plan.sizes
        )

    def state_of(self, member: Member, arrays: Members | None = None) -> State:
        """A member's optimizer state, as arrays of its own."""
        return stacking.cut_state(
            (arrays or self.arrays).state, member.place, self.plan, member.plan.sizes
        )

    def is_finite(self, member: Member) -> bool:
        if self._finite is None:
            self._finite = stacking.all_finite(self.arrays.layers)
        return bool(self._finite[member.place])

    def _here(self) -> Before:
        return Before(
            self.arrays,
            tuple(self.steps),
            tuple(timetable.snapshot() for timetable in self.timetables),
        )

    def _capacity(self) -> int:
        """Steps that take about as long as a range of a single training."""
        alone = capacity(self.plan)
        return max(1 << int(np.log2(max(alone / (self.size * len(self.groups)), 1))), 1)

    def _rates(
        self, pieces: list[list[Piece]]
    ) -> tuple[Floats, Floats, dict[tuple[int, int], list[Floats]]]:
        """Learning rates and L2 strengths, ``(steps, groups, size)``; and, of members that weigh
        the rows in a way of their own, the sums of the batches' weights."""
        count = sum(piece.stop - piece.start for piece in pieces[0])
        rate = np.zeros((count, len(self.groups), self.size))
        l2, own = np.zeros_like(rate), {}
        for member in self.members:
            g, c = member.place
            if self.own_weights:
                source = member.trainer.source
                own[g, c] = [piece.epoch.weighed(source) for piece in pieces[g]]
            rate[:, g, c], l2[:, g, c] = member.trainer.rates(pieces[g], own.get((g, c)))
        return rate, l2, own

    def _execute(
        self, pieces: list[list[Piece]], rate: Floats, l2: Floats
    ) -> tuple[Floats, Floats]:
        dtype, count = self.plan.dtype, len(rate)
        padding = ((0, self.capacity - count), (0, 0), (0, 0))
        order = np.stack(
            [
                timetable.table(part, self.capacity)
                for timetable, part in zip(self.timetables, pieces, strict=True)
            ],
            axis=1,
        )
        with precision(dtype, self.device), np.errstate(over="ignore"):  # inf diverges, later
            rates = np.pad(rate, padding).astype(dtype)
            steps = MemberSteps(
                order,
                rates,
                np.pad(l2, padding).astype(dtype),
                np.asarray([done % 2**32 for done in self.steps], np.uint32),
                np.asarray(count, np.int32),
                np.zeros_like(rates),
            )
            outcome = _called(
                run_members[self.all_cores, self.in_turn],
                (self.plan, self.levels),
                (self.arrays, self.hyper, self.present, self.data, steps),
            )
            loss = np.asarray(outcome.loss, np.float64)[:count]
            penalty = np.zeros_like(loss)
            if outcome.penalty is not None:
                penalty = np.asarray(outcome.penalty, np.float64)[:count]
        self.arrays, self._finite = outcome.members, None
        return loss, penalty


def _filled(group: Sequence[Member | None], size: int) -> list[Trainer]:
    """A trainer for each place; the empty ones have the first's."""
    known = [None if member is None else member.trainer for member in group]
    first = next(trainer for trainer in known if trainer is not None)
    return [trainer or first for trainer in [*known, *[None] * (size - len(known))]]


def _weigh_alike(trainers: Sequence[Trainer]) -> bool:
    """Whether all weigh the rows alike. Programs take means, to which a common factor is nothing;
    for ``alpha``, which is divided by the sum of a batch's weights, it is not."""
    first = resident(trainers[0]).weights
    others = (resident(one).weights for one in trainers[1:])
    return all(weights is first or np.array_equal(weights, first) for weights in others)


def _called(function: Any, static: tuple[Any, ...], arguments: tuple[Any, ...]) -> Any:
    """The function's value; what it compiles is kept on disk."""
    leaves = jax.tree.leaves(arguments)
    key = (function, static, tuple((np.shape(leaf), str(leaf.dtype)) for leaf in leaves))
    return compiled(key, lambda: function(*static, *arguments))
