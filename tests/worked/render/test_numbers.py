"""How numbers are shown."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.worked.render.numbers import aligned, columns_in, exact, shown


@pytest.mark.parametrize(
    ("value", "decimals", "words"),
    [
        (0.29131261245159096, 4, "0.2913"),
        (0.1, 4, "0.1"),
        (0.30000000000000004, 4, "0.3"),
        (3.0, 4, "3"),
        (0.0, 4, "0"),
        (-0.0, 4, "0"),
        (-0.04850199918657149, 4, "-0.0485"),
        (0.163961, 4, "0.1640"),
        (1.23e-7, 4, "1.2e-7"),
        (1e-17, 4, "0.0000"),
        (2.5e12, 4, "2.5e12"),
        (math.inf, 4, "∞"),
        (-math.inf, 2, "-∞"),
        (math.nan, 2, "NaN"),
        (2.5, 0, "2"),
    ],
)
def test_shown(value, decimals, words):
    assert shown(value, decimals) == words


@given(st.floats(-1e8, 1e8), st.integers(0, 12))
def test_what_is_shown_is_the_rounded_value(value, decimals):
    found = float(shown(value, decimals))
    assert abs(found - value) <= 0.5 * 10.0**-decimals * (1 + 1e-9) + 1e-12 * abs(value)


def test_a_setting_is_shown_as_it_was_given():
    assert [exact(x) for x in (0.0001, 0.5, 2, 1e-8)] == ["0.0001", "0.5", "2", "1e-8"]


def test_the_numbers_of_a_matrix_have_as_many_decimals():
    assert aligned([0.25, 0.12345, 0, 3], 4) == ["0.2500", "0.1235", "0", "3"]


@given(st.lists(st.integers(1, 12), min_size=1, max_size=20), st.integers(1, 40))
def test_columns_are_cut_into_parts_that_fit(widths, room):
    parts = columns_in(widths, room)
    assert [k for part in parts for k in part] == list(range(len(widths)))
    assert all(len(part) == 1 or sum(widths[k] for k in part) <= room for part in parts)
