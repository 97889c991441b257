"""Targets as models get them: the way there and back, and outliers in the training part alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.data.splits import Part
from chainrule.experiments.spec import OutlierSpec, TargetSpec
from chainrule.experiments.targets import prepared_targets

FEATURES = np.zeros((40, 1))


def parts(seed=0):
    draws = np.random.default_rng(seed)
    return {
        "train": Part(FEATURES, 50 + 9 * draws.standard_normal(40)),
        "test": Part(FEATURES, 60 + 3 * draws.standard_normal(40)),
    }


def test_unless_told_otherwise_they_stay_as_they_are():
    given_, (found, target, said) = parts(), prepared_targets(parts(), TargetSpec(), "weight")
    assert said == () and (target.shift, target.scale) == (0, 1)
    assert all(np.array_equal(found[name].y, given_[name].y) for name in given_)


@given(st.integers(0, 1000), st.floats(1e-3, 1e6), st.floats(-1e6, 1e6))
@settings(max_examples=30)
def test_standardised_targets_come_back(seed, scale, shift):
    given_ = {name: Part(part.X, part.y * scale + shift) for name, part in parts(seed).items()}
    found, target, _ = prepared_targets(given_, TargetSpec(standardize=True), "weight")
    train = found["train"].y
    assert train.mean() == pytest.approx(0, abs=1e-6) and train.std() == pytest.approx(1)
    for name, part in given_.items():
        np.testing.assert_allclose(target.back(found[name].y), part.y, rtol=1e-9)


def test_targets_that_are_all_equal_are_not_divided_by_nothing():
    same = {"train": Part(FEATURES, np.full(40, 7.0))}
    found, target, _ = prepared_targets(same, TargetSpec(standardize=True), "weight")
    assert np.array_equal(found["train"].y, np.zeros(40)) and target.scale == 1


def test_outliers_are_a_share_of_the_training_rows_alone():
    given_ = parts()
    spec = TargetSpec(outliers=OutlierSpec(share=0.1, shift=3.0, seed=5))
    found, _, (sentence,) = prepared_targets(given_, spec, "weight")
    moved = found["train"].y - given_["train"].y
    assert np.count_nonzero(moved) == 4
    np.testing.assert_allclose(moved[moved != 0], 3 * given_["train"].y.std())
    assert np.array_equal(found["test"].y, given_["test"].y)
    assert "4 of the 40 training rows, drawn from seed 5" in sentence
    again, _, _ = prepared_targets(given_, spec, "weight")
    assert np.array_equal(again["train"].y, found["train"].y)


def test_what_is_standardised_are_the_targets_with_their_outliers():
    spec = TargetSpec(standardize=True, outliers=OutlierSpec(share=0.25))
    found, target, _ = prepared_targets(parts(), spec, "weight")
    assert found["train"].y.mean() == pytest.approx(0, abs=1e-12)
    assert target.shift > parts()["train"].y.mean() + 5
