"""The models of several runs, each with its scores and how sure they are."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from chainrule.errors import RunError
from chainrule.experiments.reading import RunRecord
from chainrule.experiments.results import ModelResult
from chainrule.experiments.tasks import Task, of_spec
from chainrule.reports.beside import PARTS, Cell, cell
from chainrule.reports.html import timings
from chainrule.reports.progress import progress_of

__all__ = ["Entry", "distinct_names", "entries_of", "one_data_set", "wilson"]

CONFIDENCE = 0.95


@dataclass(frozen=True, eq=False)
class Entry:
    """One model of one run. ``part`` is the part of the data that all entries are judged by."""

    run: str
    record: RunRecord
    model: ModelResult
    cells: Mapping[str, Cell]
    seconds: float | None
    part: str = "test"

    @property
    def label(self) -> str:
        return f"{self.run}: {self.model.label}"

    @property
    def complete(self) -> bool:
        return self.record.results is not None

    @property
    def score(self) -> float | None:
        return self.cells[self.part].ours

    @property
    def metric(self) -> str:
        return self.task.metric

    @property
    def task(self) -> Task:
        return of_spec(self.record.spec)

    @property
    def n_seeds(self) -> int:
        spread = self.cells[self.part].spread
        return len(spread.values) if spread else 0

    @cached_property
    def interval(self) -> tuple[float, float] | None:
        """95 %: of the mean over seeds, as the run has it of its test rows, or of a share of so
        many rows."""
        spread = self.cells[self.part].spread
        if spread is not None and spread.low is not None and spread.high is not None:
            return spread.low, spread.high
        judged = self.model.on_test.score if self.model.on_test else None
        if self.part == "test" and judged and judged.low is not None and judged.high is not None:
            return judged.low, judged.high
        if not self.task.shares:
            return None
        results = self.record.results
        splits = results.data.splits if results else ()
        size = {split.name: split.size for split in splits}.get(self.part)
        return wilson(self.score, size) if self.score is not None and size else None


def wilson(share: float, size: int) -> tuple[float, float]:
    """Wilson's interval for a share of ``size`` rows."""
    from scipy.stats import binomtest

    test = binomtest(round(share * size), size)
    interval = test.proportion_ci(CONFIDENCE, method="wilson")
    return float(interval.low), float(interval.high)


def distinct_names(records: Sequence[RunRecord]) -> list[str]:
    """The folders' names; where two are the same, with the folder above."""
    names = [record.name for record in records]
    for number, record in enumerate(records):
        if [each.name for each in records].count(record.name) > 1:
            names[number] = f"{record.path.resolve().parent.name}/{record.name}"
    return [n if names.count(n) == 1 else f"{n} ({i})" for i, n in enumerate(names, 1)]


def one_data_set(records: Mapping[str, RunRecord]) -> str:
    """The name of the data set that all runs have.

    Raises:
        RunError: they differ.
    """
    found: dict[tuple[str, str], str] = {}
    for name, record in records.items():
        sha256 = record.results.data.sha256 if record.results else ""
        found[record.spec.data.name, sha256] = name
    sets = {data for data, _ in found}
    hashes = {sha256 for _, sha256 in found if sha256}
    if len(sets) > 1 or len(hashes) > 1:
        listed = ", ".join(
            f"{data}{f' ({sha256[:8]})' if len(sets) == 1 else ''} in {name}"
            for (data, sha256), name in found.items()
        )
        raise RunError(
            f"Required runs of one data set, whose scores can be compared; came {listed}. "
            "Report those of each data set apart."
        )
    return sets.pop()


def entries_of(records: Mapping[str, RunRecord]) -> list[Entry]:
    """The models of all runs, the best first and those without a score last."""
    found = [entry for name, record in records.items() for entry in _entries(name, record)]
    if not found:
        raise RunError(
            f"Required runs that train models; {', '.join(records)} trained none. Report each by "
            "itself."
        )
    judged = next(
        (
            part
            for part in ("test", "validation", "train")
            if any(e.cells[part].ours is not None for e in found)
        ),
        "test",
    )
    placed = [Entry(e.run, e.record, e.model, e.cells, e.seconds, judged) for e in found]
    return sorted(placed, key=lambda e: -math.inf if e.score is None else e.score, reverse=True)


def _entries(name: str, record: RunRecord) -> Iterator[Entry]:
    results = record.results
    if results is None:
        for one in progress_of(record):
            cells = {part: Cell(getattr(one.result.scores, part, None)) for part in PARTS}
            yield Entry(name, record, one.result, cells, None)
        return
    seconds = {key: sum(steps.values()) for key, steps in timings(results).items()}
    for model in results.models:
        cells = {part: cell(results, model, part) for part in PARTS}
        yield Entry(name, record, model, cells, seconds.get(model.key))
