"""Estimators that are fitted together: many trainings in few programs.

``Together`` leaves every estimator as its own ``fit`` would have, but for the order of sums in the
products. Trainings that agree in what a program is specialised to (depth, activations, loss,
optimizer, batch size, precision) share one; narrower networks are filled up with units that are
masked. Those that learn from the same rows in the same order share the first product. Trainings
that differ only in their budget of epochs share one training, from which each is read off when its
budget ends.

What cannot be a member (``solver="lbfgs"``, sparse rows) is fitted by itself.
"""

import threading
import warnings
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import suppress
from functools import partial
from time import sleep
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakSet

import numpy as np

from chainrule.engine.device import find_device, shares_memory, usable_cores
from chainrule.engine.member import Member, common_plan, group_key
from chainrule.engine.population import Block
from chainrule.errors import DivergenceError
from chainrule.estimators.advancing import advance, epochs_done, let_pause, stand_in, standing_of
from chainrule.estimators.checkpoints import Snapshot, kept_by, take, take_up
from chainrule.estimators.forecast import Forecast, kinds, relative_work
from chainrule.estimators.jobs import (
    Job,
    Standing,
    Training,
    can_be_member,
    likeness,
    named,
    steps_ahead,
)
from chainrule.estimators.measure import quickest_way, ways_to_try
from chainrule.estimators.partition import (
    COMPILE_SECONDS,
    Groups,
    blocks_of,
    most_in_cache,
    smaller,
    work,
)
from chainrule.estimators.problem import one_thread
from chainrule.estimators.room import (
    LISTEN,
    Room,
    bytes_of_rows,
    bytes_under_way,
    bytes_waiting,
)
from chainrule.estimators.shared import Shared

if TYPE_CHECKING:
    from chainrule.estimators.base import BaseMLP

__all__ = ["MEASURED", "MEMORY", "Together", "fit_together"]

WORTH_MEASURING = 60.0
"""Seconds of work, about, from which on the size of blocks is measured."""

MEASURED = "block size for "
"""What stands before a plan in the name under which is remembered what was measured for it."""

MEMORY = 2e9
"""Bytes that populations may take, unless said otherwise."""

OnEnd = Callable[[int, "BaseMLP"], None]
OnRange = Callable[[str, Callable[[], Standing]], None]


class _Placed(NamedTuple):
    """A block that is about to begin: the ``numbers`` of its members, who is trained ``here``, and
    whether they come ``in_turn``."""

    name: str
    layout: Groups
    numbers: Mapping[Member, int]
    here: Sequence[Training]
    in_turn: bool


class Together:
    """Jobs that are trained in programs that they share.

    Parameters
    ----------
    memory
        Bytes that the networks under way may take, with those that pause between two calls of
        ``run``; more jobs form a queue (see `chainrule.estimators.room`). The rows are not
        counted, nor is what the compiler takes. Where one network alone takes more, a warning says
        so.
    workers
        Blocks that are trained at the same time, each on one core; by default as many as there
        are cores, and 1 on a GPU.
    on_end
        Called with a job's number and its fitted estimator when its training has ended; by
        several threads, one call at a time.
    stop
        Asked after every range whether to stop; then ``run`` raises ``KeyboardInterrupt``.
    on_range
        Called after a range of a block that ended between two epochs, with the block's name and
        a function that gives its state.
    remember
        ``remember(key, compute)`` gives what was computed under the key before, or computes it:
        to measure the blocks' sizes once in a run that is gone on with.
    on_forecast
        Called with a `Forecast` before the trainings of a call of ``run`` begin.

    Attributes
    ----------
    layouts : list
        Of each block, the numbers of the jobs in its places, group by group (of jobs that share a
        place, the smallest; None where nobody is).
    measured : dict
        What `chainrule.estimators.measure.quickest_way` found, by the plan for which it was
        measured.
    """

    def __init__(
        self,
        jobs: Iterable[Job] = (),
        *,
        memory: float = MEMORY,
        workers: int | None = None,
        on_end: OnEnd | None = None,
        stop: Callable[[], bool] = lambda: False,
        on_range: OnRange | None = None,
        remember: Callable[[str, Callable[[], Any]], Any] = lambda key, compute: compute(),
        on_forecast: Callable[[Forecast], None] | None = None,
    ) -> None:
        self.jobs: list[Job | None] = list(jobs)
        self.memory, self.workers = memory, workers
        self.on_end, self.on_range = on_end, on_range
        self.trainings: dict[int, Training] = {}
        self.ended: set[int] = set()
        self.layouts: list[list[list[int | None]]] = []
        self.measured: dict[str, dict[str, Any]] = {}
        self._in_turn: WeakSet[Member] = WeakSet()
        self._shared = Shared()
        self._remember, self.on_forecast = remember, on_forecast
        self._asked, self.stopped = stop, False
        self._turn = threading.Lock()

    def add(self, job: Job) -> int:
        """One more job; its number."""
        self.jobs.append(job)
        return len(self.jobs) - 1

    def check(self, job: Job) -> None:
        """Refuse a job that its rows refuse, before anything is trained: with an error that begins
        with the job's label, if it has one."""
        with named(job):
            self._shared.check(job)

    def run(
        self,
        until: Mapping[int, int | None] | None = None,
        *,
        snapshots: Mapping[int, Snapshot] | None = None,
        known: Collection[int] = (),
        standing: Iterable[Standing] = (),
    ) -> None:
        """Train jobs to their ends, or until they have had so many epochs in all.

        Parameters
        ----------
        until
            The epochs by the jobs' numbers, None for a job's own end; all jobs to their ends by
            default. What has had them, or is at its end, is left alone.
        snapshots, known, standing
            To go on with a run that was cut off: the states that jobs had when it began; those
            that came to their end, or had their epochs, before it was cut off (they keep their
            places, and are not trained again); and the blocks that were under way.
        """
        wanted = dict.fromkeys(range(len(self.jobs))) if until is None else dict(until)
        try:
            self._run(wanted, snapshots or {}, known, standing)
        except BaseException:  # as a fit does, whatever ends it
            for training in list(self.trainings.values()):
                training.close()
            raise

    def _run(
        self,
        wanted: Mapping[int, int | None],
        snapshots: Mapping[int, Snapshot],
        known: Collection[int],
        standing: Iterable[Standing],
    ) -> None:
        open_ = [number for number in sorted(wanted) if number not in self.ended]
        if not open_:
            return
        found = {block.name: block for block in standing}
        self._room = self._room_for(open_, wanted, snapshots)
        self._warn(open_, wanted)
        self.layouts = []
        workers = self.workers or _workers(self._job(open_[0]).estimator)
        ahead = {number: relative_work(self._job(number), wanted[number]) for number in open_}
        alone = sum(
            number not in self.trainings and not can_be_member(self._job(number))
            for number in open_
        )
        if self.on_forecast and alone == len(open_):
            self.on_forecast(Forecast(alone, alone, 0, 0, 0.0, 0.0, alone=alone))
        tasks: list[Future[None]] = []
        busy = self._busy = partial(_any_at_work, tasks)
        with ThreadPoolExecutor(workers) as threads:
            try:
                for part in self._room.parts:
                    busy()
                    self._room.begin(part, busy)
                    if self.stopped:
                        break
                    times = sum(ahead.values()) / sum(ahead[number] for number in part)
                    trainings = self._begin(part, wanted, snapshots, known)
                    blocks = self._lay_out(trainings, found, workers, times)
                    if blocks and not tasks and self.on_forecast:
                        self.on_forecast(self._forecast(open_, part, alone, blocks, workers, times))
                    placed = {one.number for block in blocks for one in block.here}
                    self._make_room(number for number in part if number not in placed)
                    for block in blocks:
                        task = threads.submit(self._train_block, block, workers == 1)
                        task.add_done_callback(lambda _: self._make_room(()))
                        tasks.append(task)
                for task in as_completed(tasks):
                    task.result()
            except BaseException:  # an error of one, or Ctrl-C: the others stop after their range
                self.stopped = True
                raise
        if self.stopped:
            raise KeyboardInterrupt

    def _room_for(
        self,
        open_: Sequence[int],
        wanted: Mapping[int, int | None],
        snapshots: Mapping[int, Snapshot],
    ) -> Room:
        waiting = {number: bytes_waiting(self._job(number)) for number in open_}
        before = {n: size for n, size in waiting.items() if n in self.trainings or n in snapshots}
        after = {n: size for n, size in waiting.items() if wanted[n] is not None}
        return Room(self.memory, self._queue(open_, before), before, after)

    def _queue(self, open_: Sequence[int], begun: Collection[int]) -> dict[int, float]:
        """The bytes of each while it is trained, in the order in which they begin: who will share
        another's training comes right after it, and takes nothing."""
        groups: dict[Hashable, list[int]] = {}
        for number in open_:
            alike = None if number in begun else likeness(self._job(number))
            groups.setdefault(number if alike is None else alike, []).append(number)
        return {
            number: bytes_under_way(self._job(number)) if number == group[0] else 0.0
            for group in groups.values()
            for number in group
        }

    def _make_room(self, numbers: Iterable[int]) -> None:
        self._room.leave(numbers, lambda number: number in self.trainings)

    def _begin(
        self,
        part: Sequence[int],
        wanted: Mapping[int, int | None],
        snapshots: Mapping[int, Snapshot],
        known: Collection[int],
    ) -> list[Training]:
        """The trainings of a part, begun or taken up; those that cannot be members are trained."""
        self._shared.forget_members()
        found = []
        for number in part:
            if number not in self.trainings and not can_be_member(self._job(number)):
                if number not in known:
                    self._fit_alone(number)
                continue
            if number not in self.trainings:
                snapshot = snapshots.get(number)
                job = self._job(number)
                # not while another training is scored: how many threads a product of NumPy has,
                # as of orthogonal initial weights, is the process's, and decides its last bits
                with named(job), self._turn, one_thread():
                    self.trainings[number] = self._shared.begin(number, job, snapshot)
            training, limit = self.trainings[number], wanted[number]
            training.loop.until = np.inf if limit is None else limit
            training.known = number in known
            found.append(training)
        return found

    def _warn(self, open_: Sequence[int], wanted: Mapping[int, int | None]) -> None:
        """Say what the memory does not suffice for, and who has no budget."""
        if self._room.most > self.memory:
            _say(
                f"memory={self.memory:g} bytes is too little for one network at a time, with those "
                f"that wait to be gone on with: about {self._room.most:.2g} are needed, and will "
                "be taken."
            )
        paused = [number for number in open_ if wanted[number] is not None]
        alone = [n for n in paused if n not in self.trainings and not can_be_member(self._job(n))]
        if alone:
            _say(
                f"{len(alone)} of {len(paused)} trainings cannot pause (sparse rows, "
                "solver='lbfgs', warm_start): a budget of epochs is nothing to them, and each is "
                "trained to its own end, one by one. Give dense rows, or another strategy."
            )

    def _job(self, number: int) -> Job:
        job = self.jobs[number]
        assert job is not None  # whose estimator was handed out is not asked for
        return job

    def estimator(self, number: int) -> "BaseMLP":
        """A job's estimator as it stands: fitted, or as if its training had ended here."""
        if number in self.ended:
            return self._job(number).estimator
        return self.trainings[number].as_it_is()

    def snapshot(self, number: int) -> Snapshot:
        """The state of a training that pauses."""
        return take(self.trainings[number].loop)

    def drop(self, number: int) -> None:
        """Forget a job: it will not be gone on with."""
        training = self.trainings.pop(number, None)
        if training is not None:
            training.close()
        self.ended.add(number)

    def _stop(self) -> bool:
        self.stopped = self.stopped or self._asked()
        return self.stopped

    def _fit_alone(self, number: int) -> None:
        job = self._job(number)
        X_val, y_val, weights_val = job.validation
        with named(job), suppress(DivergenceError), kept_by(_Alone(self._stop)):
            job.estimator.fit(
                job.X,
                job.y,
                job.sample_weight,
                X_val=X_val,
                y_val=y_val,
                sample_weight_val=weights_val,
                watch=job.watch,
            )
        self._tell(number)

    def _lay_out(
        self,
        trainings: Sequence[Training],
        found: Mapping[str, Standing],
        workers: int,
        times: float,
    ) -> list[_Placed]:
        """The blocks of trainings that are about to begin. All the work that is ahead is so many
        ``times`` theirs."""
        readers: dict[Member, list[Training]] = defaultdict(list)
        for training in trainings:
            readers[training.member].append(training)
        steps = {
            member: steps_ahead(those)
            for member, those in readers.items()
            if any(one.loop.going for one in those)
        }
        if not steps:
            return []
        numbers = {member: min(one.number for one in those) for member, those in readers.items()}
        blocks = []
        size_of = partial(self._size_of, workers, times)
        for layout in blocks_of(list(steps), steps, workers, size_of):
            members = [member for group in layout for member in group if member]
            name = ",".join(str(numbers[member]) for member in members)
            here = [one for member in members for one in readers[member] if not one.known]
            places = self._where_it_stood(layout, numbers, readers, found.get(name))
            self.layouts.append(
                [[numbers[one] if one else None for one in group] for group in places]
            )
            if here:
                in_turn = members[0] in self._in_turn
                # no more than the block's own: others' networks may go when they have ended
                own = {one: numbers[one] for group in places for one in group if one}
                blocks.append(_Placed(name, places, own, here, in_turn))
        return blocks

    def _forecast(
        self,
        open_: Sequence[int],
        part: Sequence[int],
        alone: int,
        blocks: Sequence[_Placed],
        workers: int,
        times: float,
    ) -> Forecast:
        """What is ahead of all trainings, of which so many are trained alone; these are the first
        part, and its blocks."""
        # without those that were trained alone, and have ended
        jobs, here = (
            list(filter(None, map(self.jobs.__getitem__, some))) for some in (open_, part)
        )
        shapes, seconds = set(), 0.0
        for block in blocks:
            members = [member for group in block.layout for member in group if member]
            plan = common_plan(member.plan for member in members)
            shapes.add((plan, len(block.layout), max(map(len, block.layout))))
            steps = [steps_ahead([one]) for one in block.here if one.loop.going]
            known = self.measured.get(repr(plan))
            each = min(known["seconds"].values()) if known else work(plan, 1)
            seconds += max(steps, default=0.0) * each * len(members) / workers
        programs = round(len(shapes) * kinds(jobs) / kinds(here))
        new = programs * COMPILE_SECONDS / workers
        return Forecast(
            len(open_),
            len(part),
            programs,
            len(blocks),
            min(sum(self._room.under_way.values()), max(self.memory, self._room.held)),
            times * seconds + new,
            bytes_of_rows(jobs),
            alone,
        )

    def _size_of(
        self, workers: int, times: float, members: Sequence[Member], most: int, seconds: float
    ) -> int:
        """The size of blocks of these networks, and whether they come in turn: measured, where
        there is enough to do."""
        if times * seconds / workers < WORTH_MEASURING:
            self._in_turn.difference_update(members)  # whatever an earlier call had measured
            return most
        plan = common_plan(member.plan for member in members)
        group = group_key(members[0].trainer)
        alike = [member for member in members if group_key(member.trainer) == group]
        # for as many as fill the cache, of whom a part of the queue may have few: places that
        # nobody has cost as much
        ways = ways_to_try(most_in_cache(plan), max(len(self._room.under_way), len(alike)))

        def measure() -> dict[str, Any]:
            return quickest_way(alike, ways, workers, self._shared.pool)

        if repr(plan) not in self.measured:  # what was measured holds for later rungs too
            while self._busy():  # what is timed beside others says nothing
                sleep(LISTEN)
            with self._turn:
                found = self._remember(f"{MEASURED}{plan!r}", measure)
            self.measured[repr(plan)] = found
        found = self.measured[repr(plan)]
        if found["in_turn"]:
            self._in_turn.update(members)
        return int(found["size"])

    def _where_it_stood(
        self,
        layout: Groups,
        numbers: dict[Member, int],
        readers: Mapping[Member, Sequence[Training]],
        standing: Standing | None,
    ) -> Groups:
        """The block's places as they were when it was cut off.

        Whoever is not trained any more keeps the place by a stand-in that nobody reads: the last
        bits of the others' products depend on the program, and so on who is in the block.
        """
        places = [[numbers[member] for member in group if member] for group in layout]
        if standing is not None:
            places = [
                [number for number in group if number is not None] for group in standing.layout
            ]
            for number, snapshot in sorted(standing.snapshots.items(), key=epochs_done):
                training = self.trainings[number]
                take_up(training.loop, snapshot)
                if not training.loop.going:
                    training.set_apart()
        found: Groups = []
        for group in places:
            members = [self.trainings[number].member for number in group]
            going = [any(one.loop.going and not one.known for one in readers[m]) for m in members]
            at = next((member for member, goes in zip(members, going, strict=True) if goes), None)
            for place, goes in enumerate(going):
                if not goes:
                    members[place] = stand_in(members[place], at)
                    numbers[members[place]] = group[place]
            found.append(list(members))
        return found

    def _train_block(self, placed: _Placed, all_cores: bool) -> None:
        if self._stop():
            return
        name, layout, numbers, here, in_turn = placed
        block = Block(layout, pool=self._shared.pool, all_cores=all_cores, in_turn=in_turn)
        while True:
            self._end([one for one in here if one.loop.ended])
            let_pause(here)
            live = [one for one in here if one.loop.going]
            if not live:
                break
            stop, between_epochs = self._stop(), block.timetables[0].open is None
            if self.on_range and between_epochs:
                self.on_range(name, partial(standing_of, name, block, numbers, here))
            if stop:
                break
            if between_epochs:
                block = self._smaller(block, here, live)
            advance(block, live)
        for member in block.members:
            member.leave()
        self._make_room(one.number for one in here)

    def _smaller(self, block: Block, here: Sequence[Training], live: Sequence[Training]) -> Block:
        """The block, without those that have ended if that is worth it."""
        fewer = smaller(block, {one.member for one in live}, steps_ahead(live))
        if not fewer:
            return block
        for member in block.members:
            member.leave()
        self._make_room(one.number for one in here if one not in live)
        pool, all_cores, in_turn = self._shared.pool, block.all_cores, block.in_turn
        return Block(fewer, pool=pool, all_cores=all_cores, in_turn=in_turn)

    def _end(self, trainings: Iterable[Training]) -> None:
        for training in trainings:
            if not training.done:
                training.take_off()
                self._tell(training.number)

    def _tell(self, number: int) -> None:
        with self._turn:
            self.ended.add(number)
            self.trainings.pop(number, None)
            if self.on_end:
                self.on_end(number, self._job(number).estimator)
                self.jobs[number] = None  # it is the caller's alone, and may go


class _Alone:
    """Of a training by itself: a wish to stop is not the end of this one only.

    A `chainrule.estimators.checkpoints.Keeper` that keeps nothing.
    """

    def __init__(self, stop: Callable[[], bool]) -> None:
        self.stopping = stop

    def begin(self) -> None:
        return None

    def epoch(self, row: Mapping[str, Any]) -> None: ...

    def due(self) -> bool:
        return False

    def keep(self, snapshot: Snapshot) -> None: ...


def _any_at_work(tasks: Sequence[Future[None]]) -> bool:
    for task in tasks:
        if task.done():
            task.result()  # an error of one is the end of all
    return not all(task.done() for task in tasks)


def _say(text: str) -> None:
    warnings.warn(text, UserWarning, stacklevel=4)


def _workers(est: "BaseMLP") -> int:
    """Blocks at the same time: one a core, or one on a GPU."""
    return usable_cores() if shares_memory(find_device(est.device)) else 1


def fit_together(jobs: Sequence[Job], **settings: Any) -> None:
    """Fit every job's estimator in place; ``settings`` are those of ``Together``."""
    Together(jobs, **settings).run()
