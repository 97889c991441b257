"""The chosen model as it is kept: with its preparation, answering in the target's own unit."""

import copy
from collections.abc import Mapping
from typing import Any

from chainrule.data.record import DataSet
from chainrule.experiments.bench import Bench, Preparation
from chainrule.experiments.results import ModelResult
from chainrule.experiments.targets import Target

__all__ = ["about", "folded", "whole"]


def whole(estimator: Any, preparation: Preparation | None, bench: Bench) -> Any:
    """A Pipeline from the source's rows to answers; the network alone where nothing is prepared."""
    estimator = folded(estimator, bench.target)
    if preparation is None or not preparation.steps.steps:
        return estimator
    from sklearn.pipeline import Pipeline

    from chainrule.tables.transformer import TablePreparation

    made = TablePreparation(dtype=preparation.dtype)
    made.set_steps(preparation.steps.steps, bench.columns)
    return Pipeline([("prepare", made), ("network", estimator)])


def folded(estimator: Any, target: Target) -> Any:
    """The network with y = shift + scale z in its output layer, which was trained on z.

    W becomes scale W and b becomes scale b + shift: the output layer of a regression is linear.
    What further training needs was of z, and is left out.
    """
    if (target.shift, target.scale) == (0.0, 1.0) or estimator.out_activation_ != "identity":
        return estimator
    made = copy.copy(estimator)
    W, b = estimator.coefs_[-1], estimator.intercepts_[-1]
    made.coefs_ = [*estimator.coefs_[:-1], (W * target.scale).astype(W.dtype)]
    made.intercepts_ = [
        *estimator.intercepts_[:-1],
        (b * target.scale + target.shift).astype(b.dtype),
    ]
    made.__dict__.pop("_session", None)
    return made


def about(result: ModelResult, data: DataSet, bench: Bench) -> Mapping[str, Any]:
    """The facts that the model's file tells."""
    scores = result.scores.model_dump()
    metric, table = bench.task.metric, bench.spec.data.table
    return {
        "target": (table.target if table else data.target_name) or "class",
        "source": data.source[:1000],
        "fingerprint": data.sha256,
        "rows": len(bench.parts["train"].y),
        "metrics": {
            f"{part} {metric}": float(score) for part, score in scores.items() if score is not None
        },
    }
