"""Who goes on, and what must be told."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.errors import InvalidInputError
from chainrule.search.strategies.rounds import Candidate, Round, best, check_told

SCORES = st.dictionaries(
    st.integers(0, 30), st.sampled_from([0.1, 0.5, 0.9, math.inf, -math.inf, math.nan])
)


@given(SCORES, st.integers(0, 40))
def test_the_best_are_better_than_the_rest(scores, count):
    found = best(scores, count)
    rest = [n for n in scores if n not in found and not math.isnan(scores[n])]
    assert len(found) == min(count, len(found) + len(rest))
    assert not any(math.isnan(scores[n]) for n in found)
    for kept in found:
        for left in rest:
            assert (-scores[kept], kept) < (-scores[left], left)
    assert list(found) == sorted(found, key=lambda n: (-scores[n], n))


def test_the_lower_number_wins_a_tie():
    assert best({7: 0.5, 2: 0.5, 5: 0.9, 1: math.nan}, 2) == (5, 2)


def test_every_score_is_required():
    assert check_told([1, 2], {1: 0, 2: 1, 3: 5}) == {1: 0.0, 2: 1.0}
    for told in ({1: 0.5}, None):
        with pytest.raises(InvalidInputError, match="A score is required for every candidate"):
            check_told([1, 2], told)


def test_a_round_knows_its_numbers():
    one = Round(((Candidate(3, {}), None), (Candidate(1, {}), 5)))
    assert one.numbers == (3, 1)
