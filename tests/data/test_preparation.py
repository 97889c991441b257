"""Preparations see training rows alone, and are what they say."""

import numpy as np
import pytest

from chainrule.data import preparation
from chainrule.errors import DataError

TRAIN = np.array([[0.0, 5.0], [2.0, 5.0], [4.0, 5.0]])


def test_no_step_leaves_the_rows_as_they_are():
    assert preparation.fit((), TRAIN)(TRAIN) is TRAIN
    assert preparation.sentences(()) == ("features as they are",)


def test_standardize_uses_the_training_rows_and_keeps_a_constant_feature_at_zero():
    apply = preparation.fit(("standardize",), TRAIN)
    rows = apply(np.array([[2.0, 5.0], [4.0, 6.0]]))
    assert rows[:, 0] == pytest.approx([0.0, 2.0 / np.sqrt(8 / 3)])
    assert rows[:, 1] == pytest.approx([0.0, 1.0])


def test_unit_divides_by_the_range_and_not_by_the_largest_value_seen():
    apply = preparation.fit(("unit",), TRAIN, (0.0, 16.0))
    assert np.array_equal(apply(np.array([[0.0, 16.0], [4.0, 8.0]])), [[0.0, 1.0], [0.25, 0.5]])


def test_steps_follow_each_other():
    both = preparation.fit(("unit", "standardize"), TRAIN, (0.0, 16.0))
    alone = preparation.fit(("standardize",), TRAIN)
    assert both(TRAIN) == pytest.approx(alone(TRAIN))


def test_unit_needs_a_known_range():
    with pytest.raises(DataError, match=r"needs data with a known range .* Use 'standardize'"):
        preparation.fit(("unit",), TRAIN)


def test_an_unknown_step_is_answered_with_the_nearest():
    with pytest.raises(DataError, match="Did you mean 'standardize'"):
        preparation.fit(("standardise",), TRAIN)


@pytest.mark.parametrize("name", preparation.STEPS)
def test_every_step_keeps_the_shape_and_has_a_sentence(name):
    apply = preparation.fit((name,), TRAIN, (0.0, 16.0))
    assert apply(TRAIN[:1]).shape == (1, 2)
    assert len(preparation.STEPS[name].sentence) > 20
