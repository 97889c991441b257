"""What differs between the tasks: names, folds, and which family is for which."""

import numpy as np
import pytest
from sklearn.base import is_classifier, is_regressor
from sklearn.model_selection import KFold, StratifiedKFold

from chainrule.errors import SpecError
from chainrule.experiments.families import FAMILIES
from chainrule.experiments.tasks import TASKS


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_is_for_what_its_estimator_is(name):
    estimator = FAMILIES[name].build({})
    assert is_classifier(estimator) == (FAMILIES[name].task == "classification")
    assert is_regressor(estimator) == (FAMILIES[name].task == "regression")


@pytest.mark.parametrize(
    ("task", "y", "theirs"),
    [
        ("classification", np.arange(12) % 3, StratifiedKFold(3)),
        ("regression", np.linspace(0, 1, 12), KFold(3)),
    ],
)
def test_folds_are_those_of_scikit_learn(task, y, theirs):
    for ours, wanted in zip(TASKS[task].folds(3, y), theirs.split(y, y), strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(ours, wanted, strict=True))


@pytest.mark.parametrize(
    ("task", "y", "says"),
    [
        ("classification", np.array([0, 0, 0, 1, 1]), "smallest class has 2"),
        ("regression", np.linspace(0, 1, 5), "twice as many training rows, .* there are 5"),
    ],
)
def test_too_many_folds_are_refused(task, y, says):
    with pytest.raises(SpecError, match=says):
        TASKS[task].folds(3, y)
