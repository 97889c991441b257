"""The kind "look": the data by themselves."""

import numpy as np

from chainrule.data import DataSet, load
from chainrule.experiments.describe import describe, parts_of
from chainrule.experiments.outcome import Outcome
from chainrule.experiments.recorder import Recorder
from chainrule.experiments.spec import LookSpec

__all__ = ["run"]


def run(spec: LookSpec, recorder: Recorder) -> Outcome:
    """Shapes, classes, counts and the first images; nothing is trained."""
    with recorder.timed("data"):
        data = load(spec.data.name)
        parts = parts_of(data, spec.data)
    return Outcome(data=describe(data, spec.data, parts), findings=_findings(data))


def _findings(data: DataSet) -> tuple[str, ...]:
    X, y = data.X_train, data.y_train
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
