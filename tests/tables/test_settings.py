"""Settings of a table's preparation: what goes, and what is refused before anything is fitted."""

import numpy as np
import pandas as pd
import pytest

from chainrule.errors import InvalidInputError
from chainrule.tables.settings import SETTINGS, check_settings
from chainrule.tables.transformer import TablePreparation

RIGHT = {
    "drop": [(), [], ["a"], ("a", "b"), {"a"}, pd.Index(["a"]), np.array(["a"])],
    "kinds": [None, {}, {"a": "category"}, {"a": "number", "b": "date"}],
    "scaling": ["robust", "standard", "none", np.str_("none")],
    "min_count": [1, 10, np.int32(3), 10**6],
    "max_levels": [1, np.uint8(64)],
    "bound": [None, 3, 0.5, 1e9, np.float32(2)],
    "dtype": ["float32", "float64"],
}
WRONG = {
    "drop": ["age", b"age", None, 3, [1], [None], {"a": 1}],
    "kinds": ["category", ["a"], {"a": "text"}, {"a": None}, {1: "number"}, {"a": ["number"]}],
    "scaling": ["Robust", "", None, True, 1, ["robust"], np.array(["robust"])],
    "min_count": [0, -1, 2.0, True, None, "10", np.nan, np.array([1])],
    "max_levels": [0, 64.0, False, "all", {}],
    "bound": [0, -3.0, True, "3", np.inf, np.nan, [3.0], np.array([3.0])],
    "dtype": ["float16", "f4", np.float32, None, 32],
}
TABLE = pd.DataFrame({"age": [20.0, None, 40.0], "town": ["Bonn", "Rome", "Rome"]})


def test_each_setting_of_the_transformer_is_checked():
    assert set(SETTINGS) == set(TablePreparation().get_params()) == set(RIGHT) == set(WRONG)
    check_settings(TablePreparation().get_params())


@pytest.mark.parametrize("name", RIGHT)
def test_what_goes(name):
    for value in RIGHT[name]:
        check_settings({name: value})


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not(name):
    for value in WRONG[name]:
        with pytest.raises(InvalidInputError, match=f"{name}: required .*; came .*") as caught:
            TablePreparation(**{name: value}).fit(TABLE)
        assert len(str(caught.value)) < 200


def test_a_setting_that_is_none():
    with pytest.raises(InvalidInputError, match=r"among drop, kinds, .* came 'mincount'"):
        check_settings({"mincount": 3})
