"""Every combination, at once."""

from sklearn.model_selection import ParameterGrid
from tests.search.strategies.driving import drive

from chainrule.search import Space
from chainrule.search.strategies import Grid


def test_one_round_in_scikit_learn_s_order():
    given = [{"b": [1, 2], "a": ["x", "y"]}, {"c": [3]}]
    (one,) = drive(Grid(), Space(given), lambda parameters: 0.5)
    assert [candidate.parameters for candidate, _ in one.entries] == list(ParameterGrid(given))
    assert one.numbers == (0, 1, 2, 3, 4)
    assert {budget for _, budget in one.entries} == {None}
