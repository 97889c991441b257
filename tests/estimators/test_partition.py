"""How networks are dealt out to blocks: few programs, and work for every core."""

import numpy as np
import pytest
from sklearn.model_selection import KFold

from chainrule import MLPClassifier
from chainrule.estimators.jobs import Job
from chainrule.estimators.partition import COMPILE_SECONDS, _groups_of_a_block
from chainrule.estimators.together import Together

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize(
    ("groups", "most", "seconds", "overhead", "expected"),
    [
        (3, 2, 0.3, 0.05, 1),  # two and one would be two programs
        (4, 2, 0.3, 0.05, 2),
        (5, 5, 0.3, 0.05, 5),
        (20, 8, 20.0, 0.1, 5),  # the most that divide them
        (3, 2, 100.0, 2 * COMPILE_SECONDS, 2),  # a program is less than another block
        (1, 9, 1.0, 0.1, 1),
    ],
)
def test_what_is_left_over_is_a_program_of_its_own(groups, most, seconds, overhead, expected):
    assert _groups_of_a_block(groups, most, seconds, overhead) == expected


@pytest.mark.parametrize(("members", "workers"), [(1, 2), (7, 2), (10, 3)])
def test_all_blocks_of_a_bucket_share_a_program(members, workers):
    """Three folds of so many networks each, cut and filled up to equal blocks."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(33, 3)), np.arange(33) % 3
    jobs = [
        Job(
            MLPClassifier((4,), batch_size=11, max_iter=2, learning_rate_init=rate, random_state=0),
            X[fold],
            y[fold],
        )
        for fold, _ in KFold(3).split(X)
        for rate in np.geomspace(1e-4, 1e-2, members).tolist()
    ]
    together = Together(jobs, workers=workers)
    together.run()
    shapes = {tuple(map(len, layout)) for layout in together.layouts}
    assert len(shapes) == 1
    places = [place for layout in together.layouts for group in layout for place in group]
    everyone = [number for number in places if number is not None]
    assert len(everyone) == len(set(everyone)) == 3 * members
