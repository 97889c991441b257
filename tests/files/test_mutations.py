"""5,000 changed files: each is refused or a model. `mutations` runs any number more."""

from collections import Counter

import pytest
from tests.files.mutations import fate

COUNT = 5000
NAMES = (
    "three",
    "multilabel",
    "regressor float32",
    "everything set",
    "pipeline",
    "table",
    "images",
)


@pytest.mark.parametrize("name", NAMES)
def test_each_is_refused_or_a_model(saved, fitted, name):
    (est, X), data, found = fitted(name), saved(name), Counter()
    for seed in range(NAMES.index(name), COUNT, len(NAMES)):
        found[fate(est, data, X, seed)] += 1
    assert found["refused"] > 500 and found["loaded"] > 20, found
