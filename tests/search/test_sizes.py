"""Layer sizes as one hyperparameter."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.errors import InvalidInputError
from chainrule.search import Choice, Int, Sizes


@given(st.integers(0, 1000), st.booleans())
def test_draws_are_tuples_within_the_ranges(seed, equal):
    sizes = Sizes(Int(1, 3), Int(16, 256, log=True), equal=equal)
    drawn = sizes.draw(np.random.RandomState(seed))
    assert type(drawn) is tuple
    assert 1 <= len(drawn) <= 3
    assert all(type(width) is int and 16 <= width <= 256 for width in drawn)
    if equal:
        assert len(set(drawn)) == 1
    assert 0 <= sizes.unit(drawn) <= 1


def test_a_grid_has_every_depth_with_every_width():
    assert Sizes([1, 2], Choice([16, 32])).grid() == [(16,), (32,), (16, 16), (32, 32)]
    assert Sizes(2, [16, 32], equal=False).grid() == [(16, 16), (16, 32), (32, 16), (32, 32)]
    assert Sizes(1, 50).grid() == [(50,)]
    assert Sizes(Int(1, 2), Int(16, 64, log=True)).grid() is None


def test_the_place_of_a_value_is_by_its_units():
    sizes = Sizes(Int(1, 2), Int(10, 30), equal=False)
    assert sizes.unit((10,)) == 0
    assert sizes.unit((30, 30)) == 1
    assert sizes.unit((15, 20)) == 0.5
    assert Sizes(Int(1, 4), Int(16, 64, log=True)).unit((64,)) == pytest.approx(0.5)
    assert Sizes(1, 50).unit((50,)) == 0.5


@pytest.mark.parametrize("value", [(), (5,), (10, 10, 10), 10, "10", (10, 31)])
def test_what_is_no_value_has_no_place(value):
    assert math.isnan(Sizes(Int(1, 2), Int(10, 30)).unit(value))


@pytest.mark.parametrize(
    ("depth", "width", "says"),
    [
        (Int(0, 2), 16, "depth needs whole numbers of at least 1, came 0"),
        (2, [16, 0], "width needs whole numbers of at least 1, came 0"),
        (2, [16.5], "width needs whole numbers of at least 1, came 16.5"),
        (2, "wide", "A choice needs a list of values"),
        ([], 16, "at least one value"),
    ],
)
def test_what_is_no_count_is_refused(depth, width, says):
    with pytest.raises(InvalidInputError, match=says):
        Sizes(depth, width)
