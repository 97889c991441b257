"""What a kind of experiment hands back to the runner."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chainrule.experiments.results import (
    Comparison,
    DataSummary,
    HardImage,
    ModelResult,
    OutputRow,
    PairedTest,
    Question,
)

__all__ = ["Outcome"]


@dataclass(frozen=True, eq=False)
class Outcome:
    """The findings of a run, and the fitted estimator to keep, if there is one, with rows to
    verify it by."""

    data: DataSummary
    metric: str = "accuracy"
    models: tuple[ModelResult, ...] = ()
    chosen: str | None = None
    comparisons: tuple[Comparison, ...] = ()
    tests: tuple[PairedTest, ...] = ()
    hardest: tuple[HardImage, ...] = ()
    hardest_rule: str = ""
    outputs: tuple[OutputRow, ...] = ()
    findings: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    seed: int | None = None
    estimator: Any = None
    rows: Any = None  # some rows as the estimator takes them: (n, features)
    about: Mapping[str, Any] | None = None  # the facts that its file tells
