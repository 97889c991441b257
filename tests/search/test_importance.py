"""Which hyperparameters count."""

import math
import sys

import numpy as np
import pytest

from chainrule.errors import InvalidInputError, MissingExtraError
from chainrule.search import Float, Int, Sizes, Space, importances


def candidates(n=80, **more):
    space = Space({"a": Float(0, 1), "b": Float(0, 1), "kind": ["x", "y", None], **more})
    return space.sample(n, 0)


def test_shares_follow_the_variances():
    """Of 3 a + 2 b, evenly drawn: 9 : 4."""
    given = candidates()
    found = importances(given, [3 * each["a"] + 2 * each["b"] for each in given])
    assert sum(found.values()) == pytest.approx(1)
    assert list(found)[:2] == ["a", "b"]
    assert found["a"] / found["b"] == pytest.approx(9 / 4, rel=0.35)
    assert found["kind"] < 0.02


def test_a_category_counts():
    given = candidates()
    found = importances(given, [each["kind"] == "y" for each in given])
    assert found["kind"] > 0.95


def test_a_logarithmic_scale_is_weighed_as_one():
    """A step at 0.01 halves the logarithms, and only a hundredth of the numbers."""
    rate = Float(1e-4, 1, log=True)
    given = candidates(rate=rate)
    scores = [(each["rate"] > 1e-2) + 0.5 * each["a"] for each in given]
    right, wrong = importances(given, scores, log={"rate"}), importances(given, scores)
    assert right["rate"] > 0.8 > 0.5 > wrong["rate"]


def test_layer_sizes_are_two_numbers():
    given = candidates(h=Sizes(Int(1, 3), Int(4, 64), equal=False))
    found = importances(given, [sum(each["h"]) for each in given])
    assert next(iter(found)) == "h: units"
    assert {"h: layers", "h: units"} < set(found)
    constant = importances(candidates(h=[(4,), (8,)]), np.arange(80.0))
    assert "h: layers" not in constant


def test_the_diverged_and_what_some_lack_are_left_out():
    given = candidates(40)
    scores = [math.nan if each["b"] > 0.8 else each["a"] for each in given]
    given[0] = {name: value for name, value in given[0].items() if name != "kind"}
    found = importances([*given, {"a": 0.5, "b": 0.9, "only": 1}], [*scores, math.inf])
    assert set(found) == {"a", "b"}
    assert found["a"] > 0.9


def test_the_seed_decides():
    given = candidates(30)
    scores = [each["a"] ** 2 - each["b"] for each in given]
    assert importances(given, scores) == importances(given, scores)
    assert importances(given, scores, seed=1) != importances(given, scores)


@pytest.mark.parametrize(
    ("given", "scores", "says"),
    [
        ([{"a": 1}] * 3, [1, 2, 3], "At least 4 finite scores .* came 3"),
        ([{"a": k} for k in range(5)], [1, 2, 3, math.nan, math.inf], "came 3"),
        ([{"a": k} for k in range(5)], [1.0] * 5, "not all equal"),
        ([{"a": 1}] * 5, [1, 2, 3, 4, 5], "No hyperparameter"),
        ([{"a": 1}, {"b": 2}] * 2, [1, 2, 3, 4], "No hyperparameter"),
        ([{"a": 1}] * 5, [1, 2], "A score for each of 5 candidates"),
    ],
)
def test_too_little_is_refused(given, scores, says):
    with pytest.raises(InvalidInputError, match=says):
        importances(given, scores)


def test_without_optuna_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtraError, match=r"importance .* pip install 'chainrule\[optuna\]'"):
        importances(candidates(5), range(5))
