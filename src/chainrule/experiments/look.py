"""The kind "look": the data by themselves."""

import numpy as np

from chainrule.data import DataSet
from chainrule.experiments.datasets import data_of
from chainrule.experiments.describe import describe, parts_of
from chainrule.experiments.outcome import Outcome
from chainrule.experiments.recorder import Recorder
from chainrule.experiments.spec import LookSpec
from chainrule.experiments.tasks import of_spec

__all__ = ["run"]


def run(spec: LookSpec, recorder: Recorder) -> Outcome:
    """Shapes, classes, counts and the first images; nothing is trained."""
    with recorder.timed("data"):
        data = data_of(spec.data)
        parts = parts_of(data, spec.data)
    return Outcome(
        data=describe(data, spec.data, parts),
        metric=of_spec(spec).metric,
        findings=_findings(data),
    )


def _of_numbers(data: DataSet) -> tuple[str, ...]:
    """Of a regression: the targets, and the feature that goes with them best."""
    X, y, names = data.X_train, data.y_train, data.feature_names
    low, middle, high = np.quantile(y, [0.25, 0.5, 0.75])
    spread = X.std(axis=0)
    varied = np.flatnonzero(spread > 0)
    with_y = (X[:, varied] - X[:, varied].mean(axis=0)).T @ (y - y.mean()) / len(y)
    r = with_y / (spread[varied] * y.std())
    best = int(np.abs(r).argmax())
    repeated = len(X) - len(np.unique(X, axis=0))
    return (
        f"{len(X):,} rows of {X.shape[1]} features, each with a number to be predicted: "
        f"{data.target_name}, from {y.min():.4g} to {y.max():.4g}.",
        f"Its mean is {y.mean():.4g}, its standard deviation {y.std():.4g}; half of the rows lie "
        f"between {low:.4g} and {high:.4g}, and the middle one is {middle:.4g}. Always answering "
        "the mean has R² = 0.",
        f"The feature that goes with it most along a line is {names[varied[best]]} (correlation "
        f"{r[best]:.3f}, and so R² = {r[best] ** 2:.3f} by it alone).",
        f"{X.shape[1] - len(varied)} of the features have the same value in every row; {repeated} "
        "rows repeat an earlier one.",
    )


def _findings(data: DataSet) -> tuple[str, ...]:
    X, y = data.X_train, data.y_train
    if data.task == "regression":
        return _of_numbers(data)
    rows, features = X.shape
    counts = np.bincount(y, minlength=len(data.class_names))
    names = data.class_names
    shape = " x ".join(map(str, data.image_shape)) if data.image_shape else "no image"
    constant = int(np.sum(X.min(axis=0) == X.max(axis=0)))
    repeated = rows - len(np.unique(X, axis=0))
    return (
        f"{rows:,} rows of {features} features ({shape}), with values from {X.min():g} to "
        f"{X.max():g}; {len(names)} classes: {', '.join(names)}.",
        f"The classes are of nearly one size: {counts.min()} rows of {names[counts.argmin()]!r} to "
        f"{counts.max()} of {names[counts.argmax()]!r}. Always answering the largest would be "
        f"right in {100 * counts.max() / rows:.1f} %."
        if counts.max() < 1.5 * counts.min()
        else f"The classes differ in size: {counts.min()} rows of {names[counts.argmin()]!r}, "
        f"{counts.max()} of {names[counts.argmax()]!r}.",
        f"{constant} of the {features} features have the same value in every row and can tell "
        f"nothing; {repeated} rows repeat an earlier one.",
    )
