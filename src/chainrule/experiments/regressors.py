"""What is asked of regressors: how far their answers are from the truth, in the target's unit."""

from collections.abc import Container, Mapping
from typing import Any

import numpy as np

from chainrule.data.splits import Parts
from chainrule.estimators.explained import variance_ratios
from chainrule.estimators.intervals import mean_intervals
from chainrule.experiments import picturing, statistics
from chainrule.experiments.bench import Bench, Inputs
from chainrule.experiments.estimates import Estimate, OnTest
from chainrule.experiments.examined import Examined, Examiner
from chainrule.experiments.fitting import Fitted
from chainrule.experiments.pictures import Curve
from chainrule.experiments.results import PairedTest

__all__ = ["REGRESSORS", "on_test", "paired_tests"]

NONE = Estimate(value=None)
UNKNOWN = OnTest(r2=NONE, rmse=NONE, mae=NONE)

STEPS = 300  # along the one feature of a curve
POINTS = 200  # of each part in a curve; the parts are shuffled, so the first are like the others


def on_test(predicted: Mapping[str, np.ndarray], truth: np.ndarray) -> dict[str, OnTest]:
    """R², RMSE and MAE of each model, (n,) answers beside the truth in one unit, with intervals
    from the same resamples of the rows.

    The interval of the RMSE is that of the mean squared error, of whose ends the root is taken. Of
    a model whose squared errors are not all finite, none is known.
    """
    known = {key: said for key, said in predicted.items() if _is_finite(said, truth)}
    return dict.fromkeys(predicted, UNKNOWN) | (_judged(known, truth) if known else {})


def _is_finite(said: np.ndarray, truth: np.ndarray) -> bool:
    """Whether no squared error leaves the numbers."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(np.square(said - truth)).all())


def _judged(predicted: Mapping[str, np.ndarray], truth: np.ndarray) -> dict[str, OnTest]:
    errors = [said - truth for said in predicted.values()]
    ratios = variance_ratios([e**2 for e in errors], truth)
    means = mean_intervals([*(e**2 for e in errors), *(np.abs(e) for e in errors)])
    squared, absolute = means[: len(errors)], means[len(errors) :]
    return {
        key: OnTest(
            r2=Estimate(value=1 - r.value, low=1 - r.high, high=1 - r.low, method=r.method),
            rmse=Estimate(
                value=s.value**0.5, low=_root(s.low), high=_root(s.high), method=s.method
            ),
            mae=Estimate(**a._asdict()),
        )
        for key, r, s, a in zip(predicted, ratios, squared, absolute, strict=True)
    }


def _root(square: float) -> float:
    """The bootstrap's lower end may lie below 0 by rounding."""
    return float(np.sqrt(np.maximum(square, 0)))


def paired_tests(
    chosen: str,
    predicted: Mapping[str, np.ndarray],
    truth: np.ndarray,
    healthy: Container[str],
) -> tuple[PairedTest, ...]:
    """The chosen model against each other one, on which rows either is nearer to the truth; how
    far apart only where both are ``healthy`` and finite: what diverged has no scores."""
    others = [key for key in predicted if key != chosen]
    known = {key for key, said in predicted.items() if key in healthy and _is_finite(said, truth)}
    judged = [key for key in others if chosen in known and key in known]
    away = {key: np.abs(said - truth) for key, said in predicted.items()}
    r2, mae = (
        _differences(away[chosen], [away[key] for key in judged], truth) if judged else ([], [])
    )
    apart: dict[str, dict[str, Any]] = {
        key: {"r2_difference": a, "mae_difference": b}
        for key, a, b in zip(judged, r2, mae, strict=True)
    }
    return tuple(
        PairedTest(a=chosen, b=key, **_sign_test(away[chosen], away[key]), **apart.get(key, {}))
        for key in others
    )


def _differences(
    a: np.ndarray, others: list[np.ndarray], truth: np.ndarray
) -> tuple[list[Estimate], list[Estimate]]:
    """Of R² and of the MAE, of a less each other; all are absolute errors, (n,)."""
    ratios = variance_ratios([b**2 - a**2 for b in others], truth)
    means = mean_intervals([a - b for b in others])
    found = [[Estimate(**each._asdict()) for each in row] for row in (ratios, means)]
    return found[0], found[1]


def _sign_test(a: np.ndarray, b: np.ndarray) -> dict[str, Any]:
    only_a, only_b = int(np.sum(a < b)), int(np.sum(b < a))
    p_value = statistics.sign_test(only_a, only_b)
    return {"only_a": only_a, "only_b": only_b, "n": len(a), "p_value": p_value}


def _examine(fitted: Fitted, inputs: Inputs, bench: Bench) -> Examined:
    pictures: dict[str, Any] = {}
    if len(bench.feature_names) == 1 and not bench.brief and not fitted.diverged:
        pictures["curve"] = _curve(fitted, inputs, bench)
    if "test" not in inputs.parts:
        return Examined(pictures=pictures)
    said = bench.target.back(fitted.predict(inputs.parts["test"].X))
    truth = bench.target.back(bench.parts["test"].y)
    if not fitted.diverged:
        pictures["answers"] = picturing.answers(truth, said)
    return Examined(said, pictures=pictures)


def _curve(fitted: Fitted, inputs: Inputs, bench: Bench) -> Curve:
    """Over the range of the training and test rows."""
    back, parts = bench.target.back, bench.parts
    shown = {name: parts[name] for name in ("train", "test") if name in parts}
    rows = np.concatenate([part.X for part in shown.values()])
    along = np.linspace(rows.min(), rows.max(), STEPS)
    X = along[:, None]
    predicted = back(fitted.predict(inputs.preparation(X) if inputs.preparation else X))
    points = {
        name: np.column_stack([part.X[:POINTS, 0], back(part.y[:POINTS])])
        for name, part in shown.items()
    }
    return picturing.curve(along, predicted, feature_name=bench.feature_names[0], **points)


def _no_recall(fitted: Fitted, parts: Parts, bench: Bench) -> list[float]:
    return []


def _said(models: Mapping[str, Examined]) -> dict[str, np.ndarray]:
    return {key: one.said for key, one in models.items()}


REGRESSORS = Examiner(
    _examine,
    _no_recall,
    lambda models, test, bench: on_test(_said(models), bench.target.back(test.y)),
    lambda chosen, models, test, healthy, bench: paired_tests(
        chosen, _said(models), bench.target.back(test.y), healthy
    ),
)
