"""The memory that trainings take: who begins when.

Trainings that do not fit the memory all at once wait in a queue, in their order. It is cut into
parts beforehand, by sizes alone (0 of who shares another's training): which networks share a
program decides the last bits of what they become, and must not depend on the clock. A part begins
as soon as there is room for it. Trainings that have ended make room, though not before their block
has become smaller or has ended too: a place in a block is nobody else's, because those in it see
the same batches.
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise

import numpy as np
from sklearn.base import is_classifier

from chainrule.estimators.jobs import Job

__all__ = ["Room", "bytes_of_layers", "bytes_of_rows", "bytes_under_way", "bytes_waiting"]

PARTS = 4
"""The queue is cut into parts that take about one in so many of the bytes that there are..."""

SMALLEST = 2**27
"""...but not into smaller ones than this, of whose networks a block could hold more."""


MANY = 10_000
"""Labels up to this number are taken for those of so many classes; of others, 10 are guessed."""

LISTEN = 1.0
"""Seconds between two looks whether there was a Ctrl-C, or an error of a training."""


class Room:
    """A budget of bytes, and what of it trainings hold.

    Parameters
    ----------
    memory
        The budget.
    under_way, before, after
        Bytes by a training's number, in the order in which they begin: what it takes while it is
        trained, while it waits for its turn, and when it pauses after it.
    """

    def __init__(
        self,
        memory: float,
        under_way: Mapping[int, float],
        before: Mapping[int, float],
        after: Mapping[int, float],
    ) -> None:
        self.memory, self.under_way = memory, dict(under_way)
        self.before, self.after = dict(before), dict(after)
        self._held = {number: before.get(number, 0.0) for number in under_way}
        self._changed = threading.Condition()
        self.most = 0.0
        self.parts = list(self._cut())

    @property
    def held(self) -> float:
        """What is held now."""
        return sum(self._held.values())

    def begin(self, part: Sequence[int], busy: Callable[[], bool]) -> None:
        """Wait until there is room for a part, or nobody is ``busy`` who could make some."""
        with self._changed:
            more = sum(self.under_way[number] - self._held[number] for number in part)
            while self.held + more > self.memory and busy():
                self._changed.wait(LISTEN)
            self._held |= {number: self.under_way[number] for number in part}

    def leave(self, numbers: Iterable[int], paused: Callable[[int], bool]) -> None:
        """Make room: these are trained no more, and those that are ``paused`` keep a state."""
        with self._changed:
            for number in numbers:
                self._held[number] = self.after.get(number, 0.0) if paused(number) else 0.0
            self._changed.notify_all()

    def _cut(self) -> Iterable[list[int]]:
        """The parts, each of which fits the memory beside all that waits before or after its turn.
        Only a part of a single training may take more."""
        waiting = self.held
        limit = max(self.memory / PARTS, SMALLEST)
        if sum(self.under_way.values()) <= self.memory:
            limit = self.memory
        part: list[int] = []
        size, taken = 0.0, waiting
        for number, own in self.under_way.items():
            more = own - self._held[number]
            if part and more > 0 and (size + own > limit or taken + more > self.memory):
                yield part
                waiting += sum(self.after.get(one, 0.0) - self._held[one] for one in part)
                part, size, taken = [], 0.0, waiting
            part.append(number)
            size, taken = size + own, taken + more
            self.most = max(self.most, taken)
        if part:
            yield part


def bytes_under_way(job: Job) -> float:
    """About what the job's network takes while it is trained."""
    est = job.estimator
    batch = 200 if est.batch_size == "auto" else est.batch_size
    return 8.0 * bytes_of_layers(job) + _item(job) * 4.0 * batch * sum(_widths(job)[1:])


def bytes_waiting(job: Job) -> float:
    """About what it takes while it waits: its parameters, and twice as much optimizer state."""
    return 3.0 * bytes_of_layers(job)


def bytes_of_rows(jobs: Iterable[Job]) -> float:
    """What the rows that networks learn from, and are measured on, take, each once."""
    found: dict[int, int] = {}
    for job in jobs:
        watched = (pair[0] for pair in job.watch.values())
        found |= {id(X): getattr(X, "nbytes", 0) for X in (job.X, job.validation[0], *watched)}
    return float(sum(found.values()))


def bytes_of_layers(job: Job) -> float:
    """What its parameters take."""
    return float(_item(job) * sum((a + 1) * b for a, b in pairwise(_widths(job))))


def _widths(job: Job) -> list[int]:
    hidden = np.atleast_1d(job.estimator.hidden_layer_sizes).tolist()
    return [np.shape(job.X)[-1], *hidden, _n_outputs(job)]


def _n_outputs(job: Job) -> int:
    """A column of the targets each; of labels, one for each that there is, at most."""
    shape = np.shape(job.y)
    if len(shape) > 1:
        return shape[1]
    if not is_classifier(job.estimator):
        return 1
    y = np.asarray(job.y)
    return int(y.max()) + 1 if y.dtype.kind in "iub" and len(y) and y.max() < MANY else 10


def _item(job: Job) -> int:
    asked = job.estimator.dtype
    if asked is not None:
        return 4 if str(asked) == "float32" else 8
    return 4 if str(getattr(job.X, "dtype", "")) == "float32" else 8
