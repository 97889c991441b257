"""Each step against scikit-learn's transformer, in both types."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    RobustScaler,
    StandardScaler,
)

from chainrule.errors import InvalidInputError
from chainrule.models.sklearn_steps import KNOWN, frozen_steps

X = np.random.RandomState(0).normal(3.0, 2.0, size=(60, 4))
TRANSFORMERS = [
    MaxAbsScaler(),
    MinMaxScaler(),
    MinMaxScaler((-2, 5), clip=True),
    PCA(2),
    PCA(3, whiten=True),
    RobustScaler(),
    RobustScaler(with_centering=False),
    RobustScaler(with_scaling=False),
    SimpleImputer(),
    SimpleImputer(strategy="constant", fill_value=7.5),
    StandardScaler(),
    StandardScaler(with_mean=False),
    StandardScaler(with_std=False),
]
rows = arrays(np.float64, (5, 4), elements=st.floats(-1e6, 1e6))


def applied(steps, given):
    for step in steps:
        assert given.shape[1] == step.n_in
        given = step(given)
        assert given.shape[1] == step.n_out
    return given


def test_every_known_class_is_tried():
    assert {f"sklearn.{type(each).__name__}" for each in TRANSFORMERS} == set(KNOWN)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("transformer", TRANSFORMERS, ids=repr)
def test_it_is_what_scikit_learn_does(transformer, dtype):
    given = X.astype(dtype)
    transformer.fit(given)
    found = applied(frozen_steps([("a", transformer)]), given)
    assert found.dtype == dtype
    near = 1e-12 if dtype == "float64" else 1e-5
    np.testing.assert_allclose(found, transformer.transform(given), rtol=near, atol=near)


@pytest.mark.parametrize("transformer", TRANSFORMERS, ids=repr)
@given(given_rows=rows)
def test_on_any_rows(transformer, given_rows):
    transformer.fit(X)
    found = applied(frozen_steps([("a", transformer)]), given_rows)
    np.testing.assert_allclose(found, transformer.transform(given_rows), rtol=1e-9, atol=1e-6)


def test_missing_numbers_are_filled():
    holes = np.where(X > 4, np.nan, X)
    imputer = SimpleImputer(strategy="median").fit(holes)
    found = applied(frozen_steps([("a", imputer)]), holes)
    np.testing.assert_array_equal(found, imputer.transform(holes))


def test_bytes_become_float32():
    given = np.arange(12, dtype=np.uint8).reshape(3, 4)
    (step,) = frozen_steps([("a", MaxAbsScaler().fit(X))])
    assert step(given).dtype == np.float32


def test_steps_that_do_nothing():
    assert frozen_steps([("a", None), ("b", "passthrough")]) == ()


@pytest.mark.parametrize(
    ("transformer", "message"),
    [
        (FunctionTransformer(), "'a' of the Pipeline is a sklearn.*FunctionTransformer; required"),
        (StandardScaler(), "'a' of the Pipeline is not fitted"),
        (SimpleImputer(add_indicator=True).fit(X), "SimpleImputer of numbers"),
        (SimpleImputer(missing_values=-1).fit(X), "SimpleImputer of numbers"),
        (SimpleImputer(strategy="most_frequent").fit([["a"], ["b"]]), "SimpleImputer of numbers"),
    ],
)
def test_what_cannot_be_frozen(transformer, message):
    with pytest.raises(InvalidInputError, match=message):
        frozen_steps([("a", transformer)])
