"""The chosen model as it is kept: with its preparation, answering in the target's own unit."""

import copy
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from chainrule.data.record import DataSet
from chainrule.experiments.bench import Bench, Preparation
from chainrule.experiments.datasets import image_of, prepared_by
from chainrule.experiments.families import family
from chainrule.experiments.results import ModelResult
from chainrule.experiments.targets import Target
from chainrule.files.describe import searched
from chainrule.tables.block import number_of
from chainrule.tables.encoding import TRUTH

__all__ = ["about", "folded", "folder_labels", "whole"]

WHOLE = re.compile(r"0|-?[1-9]\d{0,17}")


def whole(estimator: Any, preparation: Preparation | None, bench: Bench) -> Any:
    """A Pipeline from the source's rows to answers; the network alone where nothing is prepared."""
    estimator = folded(estimator, bench.target)
    if bench.columns and bench.class_names:
        estimator = named(estimator, bench.class_names)
    elif bench.spec.data.folder is not None:
        estimator = _labelled(estimator, folder_labels(estimator, bench.class_names))
    if preparation is None or not preparation.steps.steps:
        return estimator
    from sklearn.pipeline import Pipeline

    from chainrule.tables.transformer import TablePreparation

    made = TablePreparation(dtype=preparation.dtype, **prepared_by(bench.spec.data))
    made.set_steps(preparation.steps.steps, bench.columns)
    return Pipeline([("prepare", made), ("network", estimator)])


def named(estimator: Any, class_names: Sequence[str]) -> Any:
    """The classifier with the table's own labels, in place of their numbers."""
    known = [class_names[number] for number in estimator.classes_]
    numbers = [number_of(name) for name in known]
    if known == list(TRUTH):
        labels: np.ndarray = np.array([False, True])
    elif all(map(WHOLE.fullmatch, known)):
        labels = np.array(known, np.int64)
    elif all(number is not None and np.isfinite(number) for number in numbers):
        labels = np.array(numbers, np.float64)
    else:
        labels = np.array(known)
    return _labelled(estimator, labels)


def folder_labels(estimator: Any, class_names: Sequence[str]) -> np.ndarray:
    """The names of folders: whole numbers if all are, else text as it is."""
    known = [class_names[number] for number in estimator.classes_]
    return np.array(known, np.int64) if all(map(WHOLE.fullmatch, known)) else np.array(known)


def _labelled(estimator: Any, labels: np.ndarray) -> Any:
    """The classifier with these labels, if they ascend as their numbers do."""
    order = np.argsort(labels)
    if not np.array_equal(order, np.arange(len(labels))):
        return estimator
    made = copy.copy(estimator)
    made._label_binarizer = copy.copy(estimator._label_binarizer)
    made.classes_ = made._label_binarizer.classes_ = labels
    return made


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
    metric, table, folder = bench.task.metric, bench.spec.data.table, bench.spec.data.folder
    image = {"image": asdict(image_of(folder))} if folder is not None else {}
    missing = table.options.get("missing") if table else None
    facts = {
        **image,
        **({"missing": list(missing)} if isinstance(missing, tuple) else {}),
        "target": (table.target if table else data.target_name) or "class",
        "source": data.source[:1000],
        "fingerprint": data.sha256,
        "rows": bench.streamed.n_rows
        if bench.streamed and family(result.family).together
        else len(bench.parts["train"].y),
        "metrics": {
            f"{part} {metric}": float(score) if np.isfinite(score) else {"float": str(float(score))}
            for part, score in scores.items()
            if score is not None
        },
    }
    if (search := result.search) is None:
        return facts
    score = math.nan if search.mean is None else search.mean
    return facts | {"search": searched(search.strategy, len(search.candidates), score, search.best)}
