"""What differs between classification and regression before anything is trained: a row each.

What is asked of the fitted models is in `chainrule.experiments.examining`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from chainrule.data.record import Task as TaskName
from chainrule.errors import SpecError
from chainrule.experiments.datasets import data_task
from chainrule.experiments.spec import Spec

__all__ = ["TASKS", "Fold", "Task", "of_spec"]

Fold = tuple[np.ndarray, np.ndarray]  # the rows that are trained on, and those that judge


@dataclass(frozen=True)
class Task:
    """A kind of question that a data set asks.

    ``metric``: what a score is called in a report. ``shares``: whether it is a share of the rows,
    which cannot leave 0 to 1. ``model``: what a model for it is. ``folds``: the rows of so many
    folds of a part with these classes or targets.
    """

    name: TaskName
    metric: str
    shares: bool
    model: str
    folds: Callable[[int, np.ndarray], list[Fold]]


def of_spec(spec: Spec) -> Task:
    """The task of an experiment's data."""
    return TASKS[data_task(spec.data)]


def _stratified(folds: int, y: np.ndarray) -> list[Fold]:
    from sklearn.model_selection import StratifiedKFold

    smallest = int(np.unique(y, return_counts=True)[1].min())
    if folds > smallest:
        raise SpecError(
            f"folds: {folds} stratified folds need as many training rows of each class; the "
            f"smallest class has {smallest}. Use fewer folds, or hold out less."
        )
    return list(StratifiedKFold(folds).split(y, y))


def _plain(folds: int, y: np.ndarray) -> list[Fold]:
    """One after the other: a split has shuffled the rows."""
    from sklearn.model_selection import KFold

    if 2 * folds > len(y):
        raise SpecError(
            f"folds: {folds} folds need twice as many training rows, since R² needs two rows at "
            f"least; there are {len(y)}. Use fewer folds, or hold out less."
        )
    return list(KFold(folds).split(y))


TASKS: dict[str, Task] = {
    "classification": Task("classification", "accuracy", True, "classifier", _stratified),
    "regression": Task("regression", "R²", False, "regressor", _plain),
}
