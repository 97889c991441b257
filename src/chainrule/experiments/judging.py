"""How sure the scores of a run are: intervals over the test rows, of each model and between two.

All models answer for the same rows, and every interval is over the same resamples of them.
"""

from collections.abc import Callable, Container, Mapping
from typing import Any

import numpy as np

from chainrule.estimators.intervals import mean_intervals
from chainrule.experiments import statistics
from chainrule.experiments.estimates import Calibration, Estimate, OnTest
from chainrule.experiments.predictions import Predictions
from chainrule.experiments.results import PairedTest

__all__ = ["on_test", "paired_tests"]


def on_test(
    models: Mapping[str, Predictions],
    calibrations: Mapping[str, Calibration | None],
    truth: np.ndarray,
) -> dict[str, OnTest]:
    """What each model does on the test part, whose classes are ``truth``, (n,)."""
    rows: dict[tuple[str, str], np.ndarray] = {}
    for key, said in models.items():
        right = said.predicted == truth
        rows[key, "accuracy"] = right
        losses = said.losses(truth)
        if losses is not None and said.probabilities is not None:
            rows[key, "loss"] = losses
            rows[key, "overconfidence"] = said.probabilities.max(axis=1) - right
    found = _estimates(rows)
    return {
        key: OnTest(
            accuracy=found[key, "accuracy"],
            loss=found.get((key, "loss")),
            impossible=int(np.isinf(rows.get((key, "loss"), 0)).sum()),
            sum_least=_sum(models[key].probabilities, np.min),
            sum_most=_sum(models[key].probabilities, np.max),
            overconfidence=found.get((key, "overconfidence")),
            calibration=calibrations.get(key),
        )
        for key in models
    }


def _sum(P: np.ndarray | None, end: Callable[[np.ndarray], Any]) -> float | None:
    """One end of what a row's probabilities sum to."""
    return None if P is None else float(end(P.sum(axis=1)))


def paired_tests(
    chosen: str, models: Mapping[str, Predictions], truth: np.ndarray, judged: Container[str]
) -> tuple[PairedTest, ...]:
    """The chosen model against each other one; how far apart only where both are ``judged``: what
    diverged has no scores."""
    others = [key for key in models if key != chosen]
    rows: dict[tuple[str, str], np.ndarray] = {}
    for key in others:
        if chosen in judged and key in judged:
            rows |= _differences(key, models[chosen], models[key], truth)
    found = _estimates(rows)
    return tuple(
        PairedTest(
            a=chosen,
            b=key,
            **_mcnemar(models[chosen].predicted == truth, models[key].predicted == truth),
            accuracy_difference=found.get((key, "accuracy")),
            loss_difference=found.get((key, "loss")),
        )
        for key in others
    )


def _differences(
    key: str, a: Predictions, b: Predictions, truth: np.ndarray
) -> dict[tuple[str, str], np.ndarray]:
    """Row by row, what a has more than b; the loss only where both are finite."""
    a_right, b_right = (each.predicted == truth for each in (a, b))
    rows = {(key, "accuracy"): a_right.astype(int) - b_right.astype(int)}
    a_loss, b_loss = a.losses(truth), b.losses(truth)
    if a_loss is not None and b_loss is not None and np.isfinite([a_loss, b_loss]).all():
        rows[key, "loss"] = a_loss - b_loss
    return rows


def _mcnemar(a_right: np.ndarray, b_right: np.ndarray) -> dict[str, Any]:
    only_a, only_b = int(np.sum(a_right & ~b_right)), int(np.sum(b_right & ~a_right))
    p_value = statistics.mcnemar(only_a, only_b)
    return {"only_a": only_a, "only_b": only_b, "n": len(a_right), "p_value": p_value}


def _estimates(rows: Mapping[tuple[str, str], np.ndarray]) -> dict[tuple[str, str], Estimate]:
    found = mean_intervals(list(rows.values())) if rows else []
    pairs = zip(rows, found, strict=True)
    return {key: Estimate(**interval._asdict()) for key, interval in pairs}
