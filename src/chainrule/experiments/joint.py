"""Many trainings of one run, side by side in the programs that they share, and kept.

What has ended is in the run's journal, what is under way has its state saved every few seconds: a
run that was cut off goes on inside the trainings, and finds the same bits.
"""

import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.data.splits import Part
from chainrule.estimators.jobs import Job, Standing
from chainrule.estimators.together import MEASURED, Together
from chainrule.experiments.families import family
from chainrule.experiments.fitting import refusals
from chainrule.experiments.progress import progress
from chainrule.experiments.recorder import Recorder
from chainrule.experiments.tasks import Task
from chainrule.search import states
from chainrule.search.population import target_scale

__all__ = ["job", "measured", "threshold", "train_jointly"]

THRESHOLD = 1e3
"""An epoch's training loss above which a classifier of a sweep has diverged."""

SECONDS = 10.0
SHARE = 0.01
"""A block's state is saved every ``SECONDS``, or less often where saving would take more than
``SHARE`` of the time."""

Take = Callable[[int, Any], Any]
Tell = Callable[[int, Any], None]


def threshold(task: Task, y: np.ndarray) -> float:
    """An epoch's training loss above which a training on these classes or targets has diverged: of
    a regression in proportion to the loss of answering 0, where that is more than 1."""
    return THRESHOLD if task.name == "classification" else THRESHOLD * target_scale(y)


def job(
    family_name: str,
    settings: Mapping[str, Any],
    train: Part,
    validation: Part | None = None,
    test: Part | None = None,
) -> Job:
    """A training as `fitting.fit` would do it; the arrays of jobs that share them are the same."""
    estimator = family(family_name).build(settings)
    judged = (None, None, None) if validation is None else (validation.X, validation.y, None)
    watched = {} if test is None else {"test": (test.X, test.y)}
    return Job(estimator, train.X, train.y, validation=judged, watch=watched)


def train_jointly(
    key: str,
    jobs: Sequence[Job],
    recorder: Recorder,
    label: str,
    take: Take,
    tell: Tell = lambda number, facts: None,
) -> list[Any]:
    """Train all jobs, and give what ``take`` made of each: plain JSON data.

    Args:
        key: names these trainings within their run.
        label: for the progress that is shown.
        take: is given a job's number and its fitted estimator when its training has ended.
        tell: is given the number and what ``take`` made, in the order of the numbers, each as soon
            as those before it are known.

    Raises:
        SpecError: an estimator refuses its settings for these data.
        KeyboardInterrupt: Ctrl-C; the trainings under way have been saved.
    """
    journal = recorder.journal
    found: dict[int, Any] = {}
    said = 0

    def learn(number: int, facts: Any) -> None:
        nonlocal said
        found[number] = facts
        while said in found:
            tell(said, found[said])
            said += 1

    def remember(number: int, compute: Callable[[], Any]) -> None:
        learn(number, journal.remember(f"{key}: training {number}", compute))

    known = [n for n in range(len(jobs)) if journal.knows(f"{key}: training {n}")]
    with progress(recorder.console, label, len(jobs)) as advance:

        def ended(number: int, estimator: Any) -> None:
            remember(number, lambda: take(number, estimator))
            advance()

        for number in known:
            remember(number, dict)
            advance()
        if len(known) < len(jobs):
            keeper = _Keeper(journal.folder, f"joint-{sha256(key.encode()).hexdigest()[:16]}")
            together = Together(
                jobs,
                on_end=ended,
                on_range=lambda name, standing: keeper.take(name, standing, together.stopped),
                stop=lambda: recorder.interrupt.pressed,
                remember=lambda name, compute: journal.remember(f"{key}: {name}", compute),
                on_forecast=lambda forecast: recorder.console.print(
                    f"{label}: {forecast}.", highlight=False, markup=False
                ),
            )
            one = f"one of {len(jobs)} networks that are trained together"
            what = one if len(jobs) > 1 else "a network"
            with recorder.interrupt.gently(), refusals(what), _warnings_once(recorder):
                together.run(known=known, standing=keeper.kept())
            keeper.clear()
    recorder.check()
    return [found[number] for number in range(len(jobs))]


def measured(key: str, recorder: Recorder) -> dict[str, Any]:
    """What was measured of the blocks of these trainings, by the plan; nothing where there was too
    little to do."""
    return recorder.journal.values(f"{key}: {MEASURED}")


@contextmanager
def _warnings_once(recorder: Recorder) -> Iterator[None]:
    """What the trainings warn of (rows too few for a batch) is said once."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        yield
    for line in dict.fromkeys(str(item.message) for item in said):
        recorder.console.print(f"Note: {line}", highlight=False, markup=False)


class _Keeper:
    """Saves the states of blocks under way, not too often."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.folder, self.kind = folder, kind
        self._last: dict[str, tuple[float, float]] = {}

    def kept(self) -> list[Standing]:
        return states.kept(self.folder, self.kind)

    def clear(self) -> None:
        states.clear(self.folder, self.kind)

    def take(self, name: str, standing: Callable[[], Standing], stopped: bool) -> None:
        now = time.perf_counter()
        last, cost = self._last.setdefault(name, (now, 0.0))
        if stopped or now - last > max(SECONDS, cost / SHARE):
            states.keep(self.folder, self.kind, standing())
            done = time.perf_counter()
            self._last[name] = done, done - now
