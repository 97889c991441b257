"""The TOML writer, against the standard library's reader."""

import math
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.experiments.toml import dumps

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SCALARS = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | TEXT
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(TEXT, VALUES, max_size=4))
def test_what_is_written_is_read_back(table):
    assert tomllib.loads(dumps(table)) == table


def in_order(value):
    """With mappings as lists of pairs, which are equal only in the same order."""
    if isinstance(value, dict):
        return [(key, in_order(item)) for key, item in value.items()]
    return [in_order(item) for item in value] if isinstance(value, list) else value


@given(st.dictionaries(TEXT, VALUES, max_size=5))
def test_keys_keep_their_order_at_every_depth(table):
    assert in_order(tomllib.loads(dumps(table))) == in_order(table)


@pytest.mark.parametrize("value", [1.0, 1e-7, 1e300, -0.0, math.inf, -math.inf])
def test_numbers_keep_their_kind_and_value(value):
    back = tomllib.loads(dumps({"x": value}))["x"]
    assert repr(back) == repr(value)


def test_not_a_number_is_read_back():
    assert math.isnan(tomllib.loads(dumps({"x": math.nan}))["x"])


def test_none_is_left_out_and_a_tuple_becomes_a_list():
    assert dumps({"a": None, "b": (1, 2)}) == "b = [1, 2]\n"


def test_tables_after_the_values_of_their_parent_have_headers():
    text = dumps({"z": 1, "t": {"x": 1, "rows": [{"y": 2}, {"y": 3}]}})
    assert text == "z = 1\n\n[t]\nx = 1\n\n[[t.rows]]\ny = 2\n\n[[t.rows]]\ny = 3\n"


def test_a_table_that_a_value_follows_is_written_inline():
    text = dumps({"rows": [{"y": 2, "w": None}, {"y": 3}], "t": {"x": {}}, "z": 1, "u": {}})
    assert text == "rows = [{y = 2}, {y = 3}]\nt = {x = {}}\nz = 1\n\n[u]\n"
