"""5,000 changed files: each is refused or a model. `mutations` runs any number more."""

from collections import Counter

import pytest
from tests.files.kinds import STATELESS, others, variants
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


def test_the_other_kinds_of_files(fitted):
    """Without the training's state, with facts, of a search, of earlier versions."""
    found, made = Counter(), [*others()]
    for name in STATELESS:
        made += variants(name, *fitted(name))
    assert {each.name[:3] for each in made} >= {"v1-", "v2-", "bes", "tar", "spa", "thr", "tab"}
    for seed in range(600):
        each = made[seed % len(made)]
        found[fate(each.est, each.data, each.X, seed)] += 1
    assert found["refused"] > 300 and found["loaded"] > 30, found
