"""Where a hyperparameter's values lie."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.reports.figures.scales import Scale, cut, faint, scales


def test_numbers_lie_by_their_size():
    scale = Scale([3.0, 1.0, 2.5])
    np.testing.assert_allclose(scale.places([1.0, 2.0, 3.0]), [0, 0.5, 1])
    places, labels = scale.ticks()
    assert labels == ["1", "1.5", "2", "2.5", "3"]
    np.testing.assert_allclose(places, np.linspace(0, 1, 5))


def test_or_by_their_logarithm():
    scale = Scale([1e-4, 1e-1, 1.0])
    assert scale.log
    assert scale.place(1e-2) == pytest.approx(0.5)
    assert scale.ticks()[1] == ["0.0001", "0.001", "0.01", "0.1", "1"]
    assert len(Scale([1e-9, 1.0]).ticks()[0]) == 5


@pytest.mark.parametrize(
    ("values", "log", "expected"),
    [
        ([1, 30, 2], None, True),
        ([1, 30, 2], False, False),
        ([1, 3, 2], True, True),
        ([0, 30, 2], True, False),  # zero has no logarithm
        ([-1, 30, 2], None, False),
    ],
)
def test_which_of_the_two(values, log, expected):
    assert Scale(values, log).log is expected


def test_few_numbers_lie_side_by_side():
    scale = Scale([64, 16, 256, 16, 64, 256])
    assert not scale.continuous
    np.testing.assert_allclose(scale.places([16, 64, 256]), [0, 0.5, 1])
    assert scale.ticks() == ([0, 0.5, 1], ["16", "64", "256"])


def test_anything_else_lies_side_by_side_in_its_order():
    words = Scale(["tanh", None, "relu", "tanh"])
    np.testing.assert_allclose(words.places(["tanh", None, "relu"]), [0, 0.5, 1])
    sizes = Scale([(300,), (50, 50), (20,), (100,)])
    assert sizes.ticks()[1] == ["20", "100", "2×50", "300"]
    many = Scale([f"value {k}" for k in range(30)])
    assert 5 <= len(many.ticks()[0]) <= 8


@given(
    st.lists(
        st.one_of(
            st.floats(1e-6, 1e6), st.integers(-5, 5), st.booleans(), st.none(), st.text("ab")
        ),
        min_size=1,
        max_size=12,
    )
)
def test_every_value_has_a_place_on_the_axis(values):
    scale = Scale(values)
    places = scale.places(values)
    assert ((places >= -1e-9) & (places <= 1 + 1e-9)).all()
    ticks, labels = scale.ticks()
    assert len(ticks) == len(labels) >= 1
    assert all(-1e-6 <= tick <= 1 + 1e-6 for tick in ticks)


def test_a_single_value_lies_in_the_middle():
    assert Scale([7.0]).place(7.0) == 0.5


def test_what_varies_has_a_scale():
    found = scales([{"a": 1, "b": 2, "c": 5.0}, {"a": 1, "b": 3}, {"b": 4, "c": 500.0}], None)
    assert list(found) == ["b", "c"]
    assert found["c"].log
    assert not scales([{"c": 5.0}, {"c": 500.0}], [])["c"].log


def test_the_axis_is_cut_where_it_would_be_pressed_flat():
    assert cut(np.array([0.9, 0.91, 0.92, 0.1])) == pytest.approx(0.92 - 5 * 0.015)
    assert cut(np.array([0.9, 0.91, 0.92])) is None
    assert cut(np.array([0.9, 0.9])) is cut(np.array([math.nan])) is cut(np.empty(0)) is None


def test_many_lines_are_fainter():
    assert faint(0) == faint(10) == 0.45 > faint(100) > faint(1000) == 0.15
