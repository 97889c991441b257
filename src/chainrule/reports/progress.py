"""How far each model of a run is, from the lines of its ``metrics.jsonl``."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from chainrule.experiments.reading import Row, RunRecord
from chainrule.experiments.results import ModelResult, Scores
from chainrule.experiments.spec import CompareSpec, ModelSpec

__all__ = ["Progress", "progress_of"]

PARTS = ("train", "validation", "test")
UNKNOWN = ModelSpec(label="", family="")


@dataclass(frozen=True)
class Progress:
    """What there is of one model: its record as far as it is known, candidates and seeds.

    ``trainings`` are those of a sweep. What is expected is 0 where it is not known before.
    """

    result: ModelResult
    done: bool
    candidates: tuple[tuple[dict[str, Any], float | None], ...]
    expected_candidates: int
    trainings: int
    expected_trainings: int
    seeds: tuple[tuple[Any, Scores], ...]
    expected_seeds: int

    @property
    def label(self) -> str:
        return self.result.label

    @property
    def how_far(self) -> str:
        """The last thing that was written of it."""
        return "done" if self.done else ", ".join(self._steps()) or "not begun"

    def _steps(self) -> Iterator[str]:
        if self.trainings:
            yield f"training {self.trainings} of at most {self.expected_trainings} of its sweep"
        if self.candidates:
            of = f" of {self.expected_candidates}" if self.expected_candidates else ""
            yield f"candidate {len(self.candidates)}{of}"
        epochs = (self.result.curves or {}).get("epoch", ())
        if epochs and epochs[-1] is not None:
            yield f"epoch {epochs[-1]:g}"
        if self.seeds:
            yield f"seed {len(self.seeds)} of {self.expected_seeds}"


def progress_of(record: RunRecord) -> list[Progress]:
    """Of each model, those of the spec first."""
    spec = record.spec
    known = dict(spec.models) if isinstance(spec, CompareSpec) else {}
    named = [str(row["model"]) for row in record.metrics if "model" in row]
    return [
        _one(key, known.get(key, UNKNOWN), [r for r in record.metrics if r.get("model") == key])
        for key in dict.fromkeys([*known, *named])
    ]


def _one(key: str, model: ModelSpec, rows: Sequence[Row]) -> Progress:
    ends = _of(rows, "model")
    settings = ends[-1].get("settings") if ends else None
    result = ModelResult(
        key=key,
        label=model.label or key,
        family=model.family,
        preparation=model.prepare,
        settings=settings if isinstance(settings, dict) else model.settings,
        scores=_scores(ends[-1]) if ends else Scores(),
        curves=_curves(_of(rows, "epoch")),
    )
    return Progress(
        result=result,
        done=bool(ends),
        candidates=tuple(_candidates(rows).values()),
        expected_candidates=_expected_candidates(model),
        trainings=len(_of(rows, "training")),
        expected_trainings=_expected_trainings(model),
        seeds=tuple((row.get("seed"), _scores(row)) for row in _of(rows, "seed")),
        expected_seeds=model.seeds.count if model.seeds else 0,
    )


def _candidates(rows: Sequence[Row]) -> dict[Any, tuple[dict[str, Any], float | None]]:
    """Each candidate once, as it is known last: where candidates are halved, some come again."""
    found = {}
    for place, row in enumerate(_of(rows, "candidate")):
        parameters, score = row.get("parameters") or {}, _mean(row.get("folds"))
        found[row.get("number", f"line {place}")] = parameters, score
    return found


def _expected_candidates(model: ModelSpec) -> int:
    """0 where a strategy decides itself how many there are."""
    if model.search is None:
        return math.prod(map(len, (model.grid or {}).values()))
    if model.search.n_candidates is not None:
        return model.search.n_candidates
    values = list(model.search.space.values())
    listed = model.search.strategy == "grid" and all(isinstance(each, list) for each in values)
    return math.prod(map(len, values)) if listed else 0


def _expected_trainings(model: ModelSpec) -> int:
    """At most, since only the longest epochs have probes."""
    sweep = model.sweep
    if sweep is None:
        return 0
    each = math.prod(map(len, sweep.over.values())) * sweep.seeds.count
    budgets = (1 if sweep.epochs else 0) + (1 + len(sweep.probes) if sweep.updates else 0)
    return each * budgets


def _of(rows: Sequence[Row], event: str) -> list[Row]:
    return [row for row in rows if row.get("event") == event]


def _scores(row: Row) -> Scores:
    return Scores(**{part: _number(row.get(part)) for part in PARTS})


def _curves(rows: Sequence[Row]) -> dict[str, tuple[float | None, ...]] | None:
    names = dict.fromkeys(name for row in rows for name in row)
    leave = {"event", "model", "seconds"}
    kept = [name for name in names if name not in leave]
    return {name: tuple(_number(row.get(name)) for row in rows) for name in kept} or None


def _mean(folds: Any) -> float | None:
    scores = [_number(each) for each in folds] if isinstance(folds, list) else []
    known = [each for each in scores if each is not None]
    return math.fsum(known) / len(known) if known and len(known) == len(scores) else None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None
