"""What trainings have in common, made once."""

import copy
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import numpy as np

from chainrule.engine.batches import Resident
from chainrule.engine.device import find_device
from chainrule.engine.member import Member
from chainrule.engine.stacking import Pool
from chainrule.estimators.checkpoints import Snapshot, take_up
from chainrule.estimators.jobs import Job, Training, likeness
from chainrule.estimators.minibatch import criterion, make_loop, make_trainer, targets
from chainrule.estimators.problem import Problem, Rows, split_off

if TYPE_CHECKING:
    from chainrule.estimators.base import BaseMLP

__all__ = ["Shared"]


class Shared:
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
        key = likeness(job)
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

    def forget_members(self) -> None:
        """Those that begin from now on share no training with those that began before, of which
        some may have been begun with and others not."""
        self._members.clear()

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
