"""Estimators to be fitted together, and their trainings under way."""

import copy
from collections.abc import Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse

from chainrule.engine.member import Member
from chainrule.errors import InvalidInputError
from chainrule.estimators.callbacks import tear_down
from chainrule.estimators.checkpoints import Snapshot
from chainrule.estimators.minibatch import finish, schedule_of, set_fitted
from chainrule.estimators.training import Loop

if TYPE_CHECKING:
    from chainrule.estimators.base import BaseMLP

__all__ = ["Job", "Standing", "Training", "can_be_member", "likeness", "named", "steps_ahead"]


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


def can_be_member(job: Job) -> bool:
    est = job.estimator
    return est.solver != "lbfgs" and not scipy.sparse.issparse(job.X) and not est.warm_start


def likeness(job: Job) -> Hashable | None:
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


@contextmanager
def named(job: Job) -> Iterator[None]:
    """Say whom the rows refuse."""
    try:
        yield
    except ValueError as error:
        if not job.label:
            raise
        raise InvalidInputError(f"{job.label} cannot be trained: {error}") from error


def steps_ahead(trainings: Iterable[Training]) -> float:
    """About how many steps are left to the longest of the trainings."""
    ahead = []
    for training in trainings:
        loop = training.loop
        per_epoch = -(-training.member.trainer.source.n_rows // training.member.plan.batch_size)
        epochs = min(loop.epochs, loop.until - len(loop.result.rows))
        ahead.append(loop.steps if loop.steps is not None else epochs * per_epoch)
    return float(max(ahead, default=0.0))
