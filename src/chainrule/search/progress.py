"""One bar over a search's work: how much is done, the best so far, who is alive or diverged."""

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np

from chainrule.search.evaluation import Evaluation, Fit, Outcome
from chainrule.search.strategies.rounds import Round

__all__ = ["Progress", "Watcher", "watched_by"]

SECONDS_BETWEEN_LINES = 3.0


class Watcher(Protocol):
    """Hears of a search as it goes; by several threads, one call at a time."""

    def round(self, asked: Round) -> None:
        """A round begins. Of its candidates, trainings that came to their end in an earlier round
        are not trained again, and not told of again."""

    def outcome(self, fit: Fit, outcome: Outcome) -> None:
        """A training has come to its end, or to the end of its budget; or is known from before a
        kill."""


_watcher: ContextVar[Watcher | None] = ContextVar("chainrule_watcher", default=None)


@contextmanager
def watched_by(watcher: Watcher) -> Iterator[None]:
    """Let the watcher hear of the search that is done inside."""
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)


class Progress:
    """Shows a search on the standard error: a bar on a terminal, a line now and then otherwise.

    ``verbose`` 0 shows nothing; ``metric`` is the one that the best is told by.
    """

    def __init__(self, verbose: int, metric: Any) -> None:
        self.wanted, self.metric = verbose > 0, metric
        self.done = self.total = self.rounds = 0
        self._candidates: set[int] = set()
        self._lost: set[int] = set()
        self.best = np.nan
        self._scores: dict[int, list[float]] = {}
        self._needed = 1
        self._said = 0.0
        self._bar: Any = None
        self._watcher = _watcher.get()

    def __enter__(self) -> Self:
        if self.wanted and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            columns = (
                TextColumn("{task.description}"),
                BarColumn(bar_width=None),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
            )
            self._bar = Bar(*columns, console=Console(stderr=True), transient=True)
            self._bar.start()
            self._task = self._bar.add_task("", total=None)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar:
            self._bar.stop()
        if self.wanted and not self._bar and self.total:
            self._line()

    def forecast(self, forecast: Any) -> None:
        """What is ahead of a round."""
        if self.wanted:
            line = f"Round {self.rounds}: {forecast}."
            if self._bar:
                self._bar.console.print(line, highlight=False)
            else:
                sys.stderr.write(f"{line}\n")

    def round(self, asked: Round, trainings: int, evaluation: Evaluation) -> None:
        """A round begins: so many trainings of each of its candidates, of which those that came to
        their end before are not trained again."""
        self.rounds += 1
        self._needed, self._candidates = trainings, set(asked.numbers)
        self._scores = {}
        for (number, *_), outcome in evaluation.outcomes.items():
            if number in self._candidates and outcome.ended:
                self._scores.setdefault(number, []).append(self._score(outcome))
        ended = sum(map(len, self._scores.values()))
        self.total += trainings * len(self._candidates) - ended
        if self._watcher:
            self._watcher.round(asked)
        self._show()

    def outcome(self, fit: Fit, outcome: Outcome) -> None:
        """A training has come to its end, or to the end of its budget."""
        self.done += 1
        if outcome.lost:
            self._lost.add(fit[0])
        scores = self._scores.setdefault(fit[0], [])
        scores.append(self._score(outcome))
        if len(scores) == self._needed:
            self.best = np.fmax(self.best, np.mean(scores))
        if self._watcher:
            self._watcher.outcome(fit, outcome)
        self._show()

    def _show(self) -> None:
        if self._bar:
            self._bar.update(
                self._task, total=self.total, completed=self.done, description=self._text()
            )
        elif self.wanted and time.monotonic() - self._said > SECONDS_BETWEEN_LINES:
            self._line()

    def _line(self) -> None:
        self._said = time.monotonic()
        sys.stderr.write(f"{self.done} of {self.total} trainings; {self._text()}\n")
        sys.stderr.flush()

    def _text(self) -> str:
        best = "none yet" if np.isnan(self.best) else f"{self.best:.4f}"
        return (
            f"round {self.rounds}: best {best}, candidates: "
            f"{len(self._candidates - self._lost)} alive, {len(self._lost)} diverged"
        )

    def _score(self, outcome: Outcome) -> float:
        return np.nan if outcome.lost else _value(outcome.test, self.metric)


def _value(scores: Mapping[str, float], metric: Any) -> float:
    return scores[metric] if metric in scores else next(iter(scores.values()), np.nan)
