"""Estimators that are fitted together: many trainings in few programs.

``Together`` leaves every estimator as its own ``fit`` would have, but for the order of sums in the
products. Trainings that agree in what a program is specialised to (depth, activations, loss,
optimizer, batch size, precision) share one; narrower networks are filled up with units that are
masked. Those that learn from the same rows in the same order share the first product. Trainings
that differ only in their budget of epochs share one training, from which each is read off when its
budget ends.

What cannot be a member (``solver="lbfgs"``, sparse rows) is fitted by itself.
"""

import copy
import threading
import warnings
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import numpy as np
import scipy.sparse

from chainrule.engine.batches import Resident
from chainrule.engine.device import find_device, shares_memory, usable_cores
from chainrule.engine.member import Member, common_plan, group_key
from chainrule.engine.population import Block
from chainrule.engine.stacking import Pool
from chainrule.errors import DivergenceError, InvalidInputError
from chainrule.estimators.callbacks import tear_down
from chainrule.estimators.checkpoints import Snapshot, kept_by, take, take_up
from chainrule.estimators.history import Row
from chainrule.estimators.measure import quickest_size, sizes_to_try
from chainrule.estimators.minibatch import (
    criterion,
    finish,
    make_loop,
    make_trainer,
    schedule_of,
    set_fitted,
    targets,
)
from chainrule.estimators.partition import (
    COMPILE_SECONDS,
    Groups,
    blocks_of,
    slices_of,
    smaller,
    work,
)
from chainrule.estimators.problem import Problem, Rows, split_off
from chainrule.estimators.training import Loop

if TYPE_CHECKING:
    from chainrule.estimators.base import BaseMLP

__all__ = ["MEMORY", "Forecast", "Job", "Together", "Training", "fit_together"]

WORTH_MEASURING = 60.0
"""Seconds of work, about, from which on the size of blocks is measured."""

MEMORY = 2e9
"""Bytes that populations may take, unless said otherwise."""


@dataclass(frozen=True, eq=False)
class Job:
    """An estimator to be fitted, and what its ``fit`` would be given; ``checked`` says that its
    parameters are known to be good, ``label`` what it is called where the data refuse it."""

    estimator: "BaseMLP"
    X: Any
    y: Any
    sample_weight: Any = None
    validation: tuple[Any, ...] = (None, None, None)
    watch: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    checked: bool = False
    label: str = ""


@dataclass(eq=False)
class Training:
    """A job under way, or paused."""

    number: int
    job: Job
    loop: Loop
    member: Member
    done: bool = False
    known: bool = False

    def take_off(self) -> None:
        """Make what was reached the estimator's fitted attributes."""
        finish(self.job.estimator, self.loop)
        self.close()
        self.done = True

    def close(self) -> None:
        """Nobody goes on with it: its callbacks and its progress bar may go."""
        self.loop.progress.close()
        tear_down(self.job.estimator)

    def set_apart(self) -> None:
        """Let it have a network of its own: others go on with the one that they have shared."""
        self.member = self.loop.trainer = self.member.apart()

    def as_it_is(self) -> "BaseMLP":
        """The estimator as if its training had ended here."""
        estimator = copy.copy(self.job.estimator)
        estimator.loss_curve_ = list(estimator.loss_curve_)
        set_fitted(estimator, self.loop)
        return estimator


@dataclass(frozen=True)
class Standing:
    """A block that is under way: the numbers of the jobs in its places, group by group (of jobs
    that share a place, the smallest; those that have ended keep theirs), and the states of those
    that are not at their end. ``name`` is that of the block as it was laid out first; it may have
    become smaller since."""

    name: str
    layout: tuple[tuple[int | None, ...], ...]
    snapshots: Mapping[int, Snapshot]


@dataclass(frozen=True)
class Forecast:
    """What is ahead, said before it begins: trainings, the programs that they take (of which some
    may be compiled already), the blocks, the bytes that the networks take at a time and those of
    the rows that they learn from, and about how many seconds on this machine's cores. The seconds
    come from the arithmetic, or from what was measured; they are no promise."""

    trainings: int
    programs: int
    blocks: int
    bytes: float
    seconds: float
    rows: float = 0.0

    def __str__(self) -> str:
        return (
            f"{self.trainings} trainings in {self.programs} programs and {self.blocks} blocks, "
            f"about {self.bytes / 1e6:.0f} MB of networks and {self.rows / 1e6:.0f} MB of rows, "
            f"about {self.seconds:.0f} s"
        )


OnEnd = Callable[[int, "BaseMLP"], None]
OnRange = Callable[[str, Callable[[], Standing]], None]


class Together:
    """Jobs that are trained in programs that they share.

    Parameters
    ----------
    memory
        Bytes that the networks under way may take, with those that pause between two calls of
        ``run``; of more jobs, some wait for others. The rows are not counted, nor is what the
        compiler takes. Where one network alone takes more, a warning says so.
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
        Called with a `Forecast` before the trainings of a call of ``run`` begin (or of the part of
        them that fits the memory).

    Attributes
    ----------
    measured, sizes : dict
        Seconds of a step of one network by the size of its block, and the size that was quickest,
        for each plan measured.
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
        self.layouts: list[Groups] = []
        self.measured: dict[str, dict[str, float]] = {}
        self.sizes: dict[str, int] = {}
        self._shared = _Shared()
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
        with _named(job):
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
            for training in self.trainings.values():
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
        found = {block.name: block for block in standing}
        waits = {number for number in open_ if number in self.trainings or number in snapshots}
        found_parts = slices_of(
            open_,
            lambda number: _bytes(self._job(number)),
            self.memory,
            lambda number: _bytes_waiting(self._job(number)) if number in waits else 0.0,
            lambda number: 0.0 if wanted[number] is None else _bytes_waiting(self._job(number)),
        )
        parts = list(found_parts)
        self._warn(parts, wanted)
        for part, _ in parts:
            under_way = []
            for number in part:
                if number not in self.trainings and not _can_be_member(self._job(number)):
                    if number not in known:
                        self._fit_alone(number)
                    continue
                if number not in self.trainings:
                    snapshot = snapshots.get(number)
                    job = self._job(number)
                    with _named(job):
                        self.trainings[number] = self._shared.begin(number, job, snapshot)
                training, limit = self.trainings[number], wanted[number]
                training.loop.until = np.inf if limit is None else limit
                training.known = number in known
                under_way.append(training)
            self._train(under_way, found)

    def _warn(
        self,
        parts: Sequence[tuple[Sequence[int], float]],
        wanted: Mapping[int, int | None],
    ) -> None:
        """Say what the memory does not suffice for, and who has no budget."""
        most = max((taken for _, taken in parts), default=0.0)
        if most > self.memory:
            _say(
                f"memory={self.memory:g} bytes is too little for one network at a time, with those "
                f"that wait to be gone on with: about {most:.2g} are needed, and will be taken."
            )
        paused = [number for part, _ in parts for number in part if wanted[number] is not None]
        alone = [n for n in paused if n not in self.trainings and not _can_be_member(self._job(n))]
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
        with _named(job), suppress(DivergenceError), kept_by(_Alone(self._stop)):
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

    def _train(self, trainings: Sequence[Training], found: Mapping[str, Standing]) -> None:
        readers: dict[Member, list[Training]] = defaultdict(list)
        for training in trainings:
            readers[training.member].append(training)
        steps = {
            member: _steps_ahead(those)
            for member, those in readers.items()
            if any(one.loop.going for one in those)
        }
        if not steps:
            return
        workers = self.workers or _workers(trainings[0].job.estimator)
        numbers = {member: min(one.number for one in those) for member, those in readers.items()}
        blocks = []
        size_of = partial(self._size_of, workers)
        for layout in blocks_of(list(steps), steps, workers, size_of):
            members = [member for group in layout for member in group if member]
            name = ",".join(str(numbers[member]) for member in members)
            here = [one for member in members for one in readers[member] if not one.known]
            places = self._where_it_stood(layout, numbers, readers, found.get(name))
            blocks.append((name, places, here))
        self.layouts = [layout for _, layout, _ in blocks]
        if self.on_forecast:
            self.on_forecast(self._forecast(trainings, steps, workers))
        with ThreadPoolExecutor(workers) as threads:
            tasks = [
                threads.submit(self._train_block, name, layout, numbers, here, workers == 1)
                for name, layout, here in blocks
                if here
            ]
            try:
                for task in as_completed(tasks):
                    task.result()
            except BaseException:  # an error of one, or Ctrl-C: the others stop after their range
                self.stopped = True
                raise
        for member in readers:
            member.leave()
        if self.stopped:
            raise KeyboardInterrupt

    def _forecast(
        self, trainings: Sequence[Training], steps: Mapping[Member, float], workers: int
    ) -> Forecast:
        shapes, seconds = set(), 0.0
        for layout in self.layouts:
            members = [member for group in layout for member in group if member]
            plan = common_plan(member.plan for member in members)
            shapes.add((plan, len(layout), max(map(len, layout))))
            ahead = max((steps.get(member, 0.0) for member in members), default=0.0)
            known = self.measured.get(repr(plan))
            each = min(known.values()) if known else work(plan, 1)
            seconds += ahead * each * len(members) / workers
        new = len(shapes) * COMPILE_SECONDS / workers
        most = sum(_bytes(one.job) for one in trainings)
        rows = _bytes_of_rows(one.job for one in trainings)
        count = len(trainings)
        return Forecast(count, len(shapes), len(self.layouts), most, seconds + new, rows)

    def _size_of(self, workers: int, members: Sequence[Member], most: int, seconds: float) -> int:
        """The size of blocks of these networks: measured, where there is enough to do."""
        if seconds / workers < WORTH_MEASURING:
            return most
        plan = common_plan(member.plan for member in members)
        group = group_key(members[0].trainer)
        alike = [member for member in members if group_key(member.trainer) == group]
        sizes = sizes_to_try(most, len(alike))

        def measure() -> dict[str, Any]:
            return quickest_size(alike, sizes, workers, self._shared.pool)

        if repr(plan) not in self.sizes:  # a later rung's blocks are of the size that was measured
            found = self._remember(f"block size for {plan} on {workers} cores", measure)
            self.sizes[repr(plan)] = int(found["size"])
            self.measured[repr(plan)] = found["seconds"]
        return self.sizes[repr(plan)]

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
            for number, snapshot in sorted(standing.snapshots.items(), key=_epochs_done):
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
                    members[place] = _stand_in(members[place], at)
                    numbers[members[place]] = group[place]
            found.append(list(members))
        return found

    def _train_block(
        self,
        name: str,
        layout: Groups,
        numbers: Mapping[Member, int],
        here: Sequence[Training],
        all_cores: bool,
    ) -> None:
        if self._stop():
            return
        block = Block(layout, pool=self._shared.pool, all_cores=all_cores)
        while True:
            self._end([one for one in here if one.loop.ended])
            _let_pause(here)
            live = [one for one in here if one.loop.going]
            if not live:
                break
            stop, between_epochs = self._stop(), block.timetables[0].open is None
            if self.on_range and between_epochs:
                self.on_range(name, partial(_standing, name, block, numbers, here))
            if stop:
                break
            if between_epochs:
                block = self._smaller(block, live, all_cores)
            _range(block, live)
        for member in block.members:
            member.leave()

    def _smaller(self, block: Block, live: Sequence[Training], all_cores: bool) -> Block:
        """The block, without those that have ended if that is worth it."""
        fewer = smaller(block, {one.member for one in live}, _steps_ahead(live))
        if not fewer:
            return block
        for member in block.members:
            member.leave()
        return Block(fewer, pool=self._shared.pool, all_cores=all_cores)

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


def _say(text: str) -> None:
    warnings.warn(text, UserWarning, stacklevel=4)


@contextmanager
def _named(job: Job) -> Iterator[None]:
    """Say whom the rows refuse."""
    try:
        yield
    except ValueError as error:
        if not job.label:
            raise
        raise InvalidInputError(f"{job.label} cannot be trained: {error}") from error


def _workers(est: "BaseMLP") -> int:
    """Blocks at the same time: one a core, or one on a GPU."""
    return usable_cores() if shares_memory(find_device(est.device)) else 1


def _stand_in(member: Member, at: Member | None) -> Member:
    """Another network of the same shape and settings, where the others of the group are."""
    found = member.apart()
    if at is not None:
        found.stand_beside(at)
    return found


def _epochs_done(item: tuple[int, Snapshot]) -> int:
    return len(item[1].facts["books"]["rows"])


def _let_pause(trainings: Sequence[Training]) -> None:
    """Take those out of the block that have had their epochs for now: the others go on."""
    for one in trainings:
        if one.member.block is None or one.loop.going or one.loop.ended:
            continue
        if any(other.member is one.member and other.loop.going for other in trainings):
            one.set_apart()
        else:
            one.member.leave()


def _range(block: Block, live: Sequence[Training]) -> None:
    """One range of the block, and what the trainings decide after it."""
    for training in live:
        training.loop.begin_range()
    epochs = min(training.loop.wanted for training in live)
    budgets = [one.loop.steps for one in live if one.loop.steps is not None]
    records = block.run(epochs, min(budgets, default=None))
    ended = [training for training in live if records[training.member]]
    measured = _measured(block, ended)
    finite = {training.member: training.member.finite for training in ended}
    for one in live:  # of a network that several share, the first may turn back at its last epoch
        member, known = one.member, measured.get(one.number)
        one.loop.end_range(list(records[member]), known, finite.get(member, True))


def _standing(
    name: str, block: Block, numbers: Mapping[Member, int], here: Sequence[Training]
) -> Standing:
    """The block as it is between two ranges."""
    layout = tuple(tuple(numbers[member] for member in group if member) for group in block.groups)
    return Standing(name, layout, {one.number: take(one.loop) for one in here if not one.done})


def fit_together(jobs: Sequence[Job], **settings: Any) -> None:
    """Fit every job's estimator in place; ``settings`` are those of ``Together``."""
    Together(jobs, **settings).run()


class _Shared:
    """What jobs have in common, made once: rows on the device, validation splits, trainings."""

    def __init__(self) -> None:
        self.pool = Pool()
        self._encodings: dict[Hashable, dict[str, Any]] = {}
        self._splits: dict[Hashable, Any] = {}
        self._sources: dict[Hashable, Resident] = {}
        self._members: WeakValueDictionary[Hashable, Member] = WeakValueDictionary()
        self._kept: list[Any] = []  # whose ids are used: they must not be used anew

    def begin(self, number: int, job: Job, snapshot: Snapshot | None) -> Training:
        """The job's training, about to begin or to go on."""
        est = job.estimator
        if not job.checked:
            est._validate_params()
        net, problem, stream, _ = self._prepared(est, job)
        key = _likeness(job)
        found = None if key is None else self._members.get(key)
        if found is not None and snapshot is None:
            member = found
            if member.block is None and member.epoch == 0:
                return Training(number, job, make_loop(est, net, problem, member), member)
        source = self._source(est, problem)
        trainer = make_trainer(est, net, problem, stream, None, source)
        member = Member(trainer)
        loop = make_loop(est, net, problem, member)
        if snapshot is not None:
            take_up(loop, snapshot)
        if key is not None:
            self._members[key] = member
        return Training(number, job, loop, member)

    def _prepared(self, est: "BaseMLP", job: Job) -> Any:
        """What ``est`` needs to train on the job's rows."""
        self._kept.append((job.X, job.y, job.sample_weight, *job.validation, *job.watch.values()))
        return est._prepare(
            job.X,
            job.y,
            job.sample_weight,
            job.validation,
            watch=job.watch,
            split=self._split,
            encoding=self._encoding(job),
        )

    def check(self, job: Job) -> None:
        """What ``begin`` refuses; nothing is kept but what later ones share."""
        trial = copy.copy(job.estimator)
        _, problem, _, _ = self._prepared(trial, job)
        if trial.solver != "lbfgs":
            criterion(trial, problem)

    def _encoding(self, job: Job) -> dict[str, Any]:
        """What the first estimator learns of these rows and targets, for all others."""
        est = job.estimator
        key = type(est), est.dtype, repr(est.loss), id(job.X), id(job.y)  # losses check the targets
        return self._encodings.setdefault(key, {})

    def _split(
        self, rows: Rows, share: float, stream: np.random.RandomState, stratify: bool
    ) -> tuple[Rows, Rows]:
        state = stream.get_state(legacy=False)
        words = state["state"]
        key = (
            id(rows.X),
            _content(rows),
            share,
            stratify,
            (words["key"].tobytes(), words["pos"], state["has_gauss"], state["gauss"]),
        )
        if key not in self._splits:
            parts = split_off(rows, share, stream, stratify)
            self._splits[key] = rows, parts, stream.get_state(legacy=False)
        _, parts, after = self._splits[key]
        stream.set_state(after)
        found: tuple[Rows, Rows] = parts
        return found

    def _source(self, est: "BaseMLP", problem: Problem) -> Resident:
        rows, dtype = problem.train, est.coefs_[0].dtype.name
        Y = targets(est._training_targets(rows.Y), dtype)
        key = (id(rows.X), Y.tobytes(), Y.dtype, _bytes_of(rows.weights), dtype)
        if key not in self._sources:
            self._kept.append(rows)
            device = find_device(est.device)
            self._sources[key] = Resident(rows.X, Y, rows.weights, dtype, device)
        return self._sources[key]


def _content(rows: Rows) -> Hashable:
    return rows.Y.tobytes(), _bytes_of(rows.weights)


def _bytes_of(array: Any) -> bytes | None:
    return None if array is None else np.asarray(array).tobytes()


def _can_be_member(job: Job) -> bool:
    est = job.estimator
    return est.solver != "lbfgs" and not scipy.sparse.issparse(job.X) and not est.warm_start


def _likeness(job: Job) -> Hashable | None:
    """Equal for jobs of which a longer training contains the shorter ones; None where there is no
    such."""
    est = job.estimator
    row, _ = schedule_of(est)
    depends = row.needs_horizon or row.on_plateau is not None or row.after_epoch is not None
    looked_at = getattr(est, "_skl_callbacks", []) or est.verbose
    if depends or looked_at or est.max_steps is not None:
        return None
    if not isinstance(est.random_state, int | np.integer):
        return None
    settings = {name: v for name, v in est.get_params(deep=False).items() if name != "max_iter"}
    data = (job.X, job.y, job.sample_weight, *job.validation, *job.watch.items())
    return type(est), repr(sorted(settings.items())), tuple(map(id, data[:6])), len(job.watch)


def _bytes(job: Job) -> float:
    """About what the job's network takes while it is trained."""
    est = job.estimator
    batch = 200 if est.batch_size == "auto" else est.batch_size
    return 8.0 * _bytes_of_layers(job) + _item(job) * 4.0 * batch * sum(_widths(job)[1:])


def _bytes_waiting(job: Job) -> float:
    """About what it takes while it waits: its parameters, and twice as much optimizer state."""
    return 3.0 * _bytes_of_layers(job)


def _bytes_of_layers(job: Job) -> float:
    return float(_item(job) * sum((a + 1) * b for a, b in pairwise(_widths(job))))


def _widths(job: Job) -> list[int]:
    hidden = np.atleast_1d(job.estimator.hidden_layer_sizes).tolist()
    return [np.shape(job.X)[-1], *hidden, 10]


def _item(job: Job) -> int:
    single = str(getattr(job.X, "dtype", "")) == "float32" or job.estimator.dtype == "float32"
    return 4 if single else 8


def _bytes_of_rows(jobs: Iterable[Job]) -> float:
    """What the rows that networks learn from take, each once."""
    return float(sum({id(job.X): getattr(job.X, "nbytes", 0) for job in jobs}.values()))


def _steps_ahead(trainings: Iterable[Training]) -> float:
    """About how many steps are left to the longest of the trainings."""
    ahead = []
    for training in trainings:
        loop = training.loop
        per_epoch = -(-training.member.trainer.source.n_rows // training.member.plan.batch_size)
        epochs = min(loop.epochs, loop.until - len(loop.result.rows))
        ahead.append(loop.steps if loop.steps is not None else epochs * per_epoch)
    return float(max(ahead, default=0.0))


def _measured(block: Block, ended: Sequence[Training]) -> dict[int, Row]:
    """What is measured at the end of an epoch, of all members at once where they are measured on
    the same rows."""
    problems = [training.loop.problem for training in ended]
    if not problems or any(one.examination for one in problems):
        return {}
    named = problems[0].measured
    for problem in problems:
        if {name: id(rows.X) for name, rows in problem.measured.items()} != {
            name: id(rows.X) for name, rows in named.items()
        }:
            return {}
    found: dict[int, Row] = {training.number: {} for training in ended} if named else {}
    for name, rows in named.items():
        if scipy.sparse.issparse(rows.X):
            return {}
        Z, A = block.outputs(rows.X)
        for training in ended:
            problem, place = training.loop.problem, training.member.place
            loss, score = problem.judge.of_outputs(Z[place], A[place], problem.measured[name])
            found[training.number] |= {f"{name}_loss": loss, f"{name}_score": score}
    return found
