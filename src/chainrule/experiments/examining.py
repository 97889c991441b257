"""Who examines the fitted models of an experiment: one a task."""

from chainrule.experiments.classifiers import CLASSIFIERS
from chainrule.experiments.examined import Examiner
from chainrule.experiments.regressors import REGRESSORS
from chainrule.experiments.tasks import Task

__all__ = ["examiner_of"]

EXAMINERS = {"classification": CLASSIFIERS, "regression": REGRESSORS}


def examiner_of(task: Task) -> Examiner:
    """What is asked of the models of this task."""
    return EXAMINERS[task.name]
