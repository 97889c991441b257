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
    """What there is of one model: its record as far as it is known, candidates and seeds."""

    result: ModelResult
    done: bool
    candidates: tuple[tuple[dict[str, Any], float | None], ...]
    expected_candidates: int
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
        if self.candidates:
            yield f"candidate {len(self.candidates)} of {self.expected_candidates}"
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
        candidates=tuple(
            (row.get("parameters") or {}, _mean(row.get("folds"))) for row in _of(rows, "candidate")
        ),
        expected_candidates=math.prod(map(len, (model.grid or {}).values())),
        seeds=tuple((row.get("seed"), _scores(row)) for row in _of(rows, "seed")),
        expected_seeds=model.seeds.count if model.seeds else 0,
    )


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
