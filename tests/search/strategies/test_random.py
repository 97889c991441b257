"""Random combinations, at once."""

import pytest
from scipy import stats
from sklearn.model_selection import ParameterSampler
from tests.search.strategies.driving import drive

from chainrule.errors import InvalidInputError
from chainrule.search import Space
from chainrule.search.strategies import Random


def test_one_round_of_scikit_learn_s_draws():
    given = {"b": [1, 2], "a": stats.uniform()}
    (one,) = drive(Random(7, random_state=4), Space(given), lambda parameters: 0.5)
    expected = list(ParameterSampler(given, 7, random_state=4))
    assert [candidate.parameters for candidate, _ in one.entries] == expected
    assert one.numbers == tuple(range(7))
    assert {budget for _, budget in one.entries} == {None}


def test_no_candidate_is_refused():
    with pytest.raises(InvalidInputError, match=r"n_candidates .* at least 1, came 0"):
        Random(0)
