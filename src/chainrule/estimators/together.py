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
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse

from chainrule.engine.batches import Resident
from chainrule.engine.device import find_device, shares_memory, usable_cores
from chainrule.engine.member import Member
from chainrule.engine.population import Block
from chainrule.engine.stacking import Pool
from chainrule.estimators.checkpoints import Snapshot, take_up
from chainrule.estimators.history import Row
from chainrule.estimators.minibatch import finish, make_loop, make_trainer, schedule_of, targets
from chainrule.estimators.partition import Groups, blocks_of, slices_of, smaller
from chainrule.estimators.problem import Problem, Rows, split_off
from chainrule.estimators.training import Loop

if TYPE_CHECKING:
    from chainrule.estimators.base import BaseMLP

__all__ = ["MEMORY", "Job", "Together", "Training", "fit_together"]

MEMORY = 2e9
"""Bytes that populations may take, unless said otherwise."""


@dataclass(frozen=True, eq=False)
class Job:
    """An estimator to be fitted, and what its ``fit`` would be given."""

    estimator: "BaseMLP"
    X: Any
    y: Any
    sample_weight: Any = None
    validation: tuple[Any, ...] = (None, None, None)
    watch: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)


@dataclass(eq=False)
class Training:
    """A job under way, or paused."""

    number: int
    job: Job
    loop: Loop
    member: Member
    done: bool = False

    def take_off(self) -> None:
        """Make what was reached the estimator's fitted attributes."""
        finish(self.job.estimator, self.loop)
        self.done = True

    def as_it_is(self) -> "BaseMLP":
        """The estimator as if its training had ended here."""
        estimator = copy.deepcopy(self.job.estimator)
        finish(estimator, self.loop)
        return estimator


OnEnd = Callable[[int, "BaseMLP"], None]
OnRange = Callable[[Block, Sequence[Training]], None]


class Together:
    """Jobs that are trained in programs that they share.

    Parameters
    ----------
    jobs
        What is to be fitted; each estimator is unfitted, and is fitted in place.
    memory
        Bytes that the networks under way may take; of more jobs, some wait for others.
    workers
        Blocks that are trained at the same time, each on one core; by default as many as there
        are cores, and 1 on a GPU.
    on_end
        Called with a job's number and its fitted estimator when its training has ended; by
        several threads, one call at a time. Afterwards the estimator is the caller's alone.
    stop
        Asked after every range whether to stop; then ``run`` raises ``KeyboardInterrupt``, and
        can be called again.
    on_range
        Called after a range of a block, with the trainings that are not at their end: to keep
        their state.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        *,
        memory: float = MEMORY,
        workers: int | None = None,
        on_end: OnEnd | None = None,
        stop: Callable[[], bool] = lambda: False,
        on_range: OnRange | None = None,
    ) -> None:
        self.jobs, self.memory = list(jobs), memory
        self.on_end, self.stop, self.on_range = on_end, stop, on_range
        device = find_device(jobs[0].estimator.device) if jobs else None
        self.workers = workers or (usable_cores() if shares_memory(device) else 1)
        self.trainings: dict[int, Training] = {}
        self.ended: set[int] = set()
        self._shared = _Shared()
        self._turn = threading.Lock()

    def run(
        self,
        until: Mapping[int, int | None] | None = None,
        snapshots: Mapping[int, Snapshot] | None = None,
    ) -> None:
        """Train jobs to their ends, or until they have had so many epochs in all.

        Parameters
        ----------
        until
            The epochs by the jobs' numbers, None for a job's own end; all jobs to their ends by
            default. What is beyond its number of epochs already is left alone.
        snapshots
            States to go on from, of jobs that were not trained here yet.
        """
        wanted = dict.fromkeys(range(len(self.jobs))) if until is None else dict(until)
        open_ = [number for number in sorted(wanted) if number not in self.ended]
        for part in slices_of(open_, self._bytes_of, self.memory):
            trainings = [self._training(number, snapshots or {}) for number in part]
            under_way = [training for training in trainings if training is not None]
            for training in under_way:
                limit = wanted[training.number]
                training.loop.until = np.inf if limit is None else limit
            self._train(under_way)

    def estimator(self, number: int) -> "BaseMLP":
        """A job's estimator as it stands: fitted, or as if its training had ended here."""
        if number in self.ended:
            return self.jobs[number].estimator
        return self.trainings[number].as_it_is()

    def drop(self, number: int) -> None:
        """Forget a job: it will not be gone on with."""
        self.trainings.pop(number, None)
        self.ended.add(number)

    def _bytes_of(self, number: int) -> float:
        return _bytes(self.jobs[number])

    def _training(self, number: int, snapshots: Mapping[int, Snapshot]) -> Training | None:
        """The job's training, begun if it is not; None where the job is done by itself."""
        if number not in self.trainings:
            job = self.jobs[number]
            if not _can_be_member(job):
                self._fit_alone(number)
                return None
            self.trainings[number] = self._shared.begin(number, job, snapshots.get(number))
        return self.trainings[number]

    def _fit_alone(self, number: int) -> None:
        job = self.jobs[number]
        X_val, y_val, weights_val = job.validation
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

    def _train(self, trainings: Sequence[Training]) -> None:
        readers: dict[Member, list[Training]] = defaultdict(list)
        for training in trainings:
            readers[training.member].append(training)
        going = [
            member for member, those in readers.items() if any(one.loop.going for one in those)
        ]
        steps = {
            member: _steps_ahead(those) for member, those in readers.items() if member in going
        }
        layouts = blocks_of(going, steps, self.workers)
        with ThreadPoolExecutor(min(self.workers, len(layouts)) or 1) as threads:
            tasks = [threads.submit(self._train_block, layout, readers) for layout in layouts]
            try:
                done, _ = wait(tasks, return_when=FIRST_EXCEPTION)
            except KeyboardInterrupt:
                self.stop = lambda: True
                raise
            for task in done:
                task.result()
            if self.stop():
                raise KeyboardInterrupt
        for member in readers:
            member.leave()

    def _train_block(self, layout: Groups, readers: Mapping[Member, list[Training]]) -> None:
        if self.stop():
            return
        pool = self._shared.pool
        alone = self.workers == 1
        block = Block(layout, pool=pool, all_cores=alone)
        while True:
            here = [one for member in block.members for one in readers[member]]
            live = [training for training in here if training.loop.going]
            self._end([training for training in here if training.loop.ended])
            if not live or self.stop():
                break
            if fewer := smaller(block, {one.member for one in live}, _steps_ahead(live)):
                for member in block.members:
                    member.leave()
                block = Block(fewer, pool=pool, all_cores=alone)
            self._range(block, live)
            if self.on_range and block.timetables[0].open is None:
                self.on_range(block, [one for one in live if not one.loop.ended])
        for member in block.members:
            member.leave()

    def _range(self, block: Block, live: Sequence[Training]) -> None:
        for training in live:
            training.loop.begin_range()
        epochs = min(training.loop.wanted for training in live)
        budgets = [one.loop.steps for one in live if one.loop.steps is not None]
        records = block.run(epochs, min(budgets, default=None))
        ended = [training for training in live if records[training.member]]
        measured = _measured(block, ended)
        for training in live:
            member = training.member
            training.loop.end_range(list(records[member]), measured.get(training.number))

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
                self.on_end(number, self.jobs[number].estimator)


def fit_together(jobs: Sequence[Job], **settings: Any) -> None:
    """Fit every job's estimator in place; ``settings`` are those of ``Together``."""
    Together(jobs, **settings).run()


class _Shared:
    """What jobs have in common, made once: rows on the device, validation splits, trainings."""

    def __init__(self) -> None:
        self.pool = Pool()
        self._splits: dict[Hashable, Any] = {}
        self._sources: dict[Hashable, Resident] = {}
        self._members: dict[Hashable, tuple[Member, BaseMLP]] = {}
        self._kept: list[Any] = []  # whose ids are used: they must not be used anew

    def begin(self, number: int, job: Job, snapshot: Snapshot | None) -> Training:
        """The job's training, about to begin or to go on."""
        est = job.estimator
        est._validate_params()
        self._kept.append(job)
        net, problem, stream, _ = est._prepare(
            job.X, job.y, job.sample_weight, job.validation, False, job.watch, split=self._split
        )
        key = _likeness(job)
        if key in self._members and snapshot is None:
            member, _ = self._members[key]
            if member.block is None and member.epoch == 0:
                return Training(number, job, make_loop(est, net, problem, member), member)
        source = self._source(est, problem)
        trainer = make_trainer(est, net, problem, stream, None, source)
        member = Member(trainer)
        loop = make_loop(est, net, problem, member)
        if snapshot is not None:
            take_up(loop, snapshot)
        if key is not None:
            self._members[key] = member, est
        return Training(number, job, loop, member)

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
    hidden = np.atleast_1d(est.hidden_layer_sizes).tolist()
    widths = [np.shape(job.X)[1], *hidden, 10]
    parameters = sum((a + 1) * b for a, b in pairwise(widths))
    item = 4 if str(getattr(job.X, "dtype", "")) == "float32" or est.dtype == "float32" else 8
    batch = 200 if est.batch_size == "auto" else est.batch_size
    return item * (8.0 * parameters + 4.0 * batch * sum(widths[1:]))


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
        same = [one.X for one in problem.measured.values()]
        if [id(X) for X in same] != [id(rows.X) for rows in named.values()]:
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
