"""The preparation as scikit-learn has it: in a Pipeline, cloned, of tables and of arrays."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from chainrule import MLPClassifier
from chainrule.errors import DataError, InvalidInputError
from chainrule.models.frozen import freeze
from chainrule.tables.encoding import encoded
from chainrule.tables.source import open_source
from chainrule.tables.transformer import TablePreparation


@pytest.fixture(scope="module")
def frame(forms):
    return forms["pandas"]


def test_order_forms_and_blocks_do_not_matter(frame, forms, monkeypatch):
    made = TablePreparation(drop=["floor"], kinds={"rooms": "category"}).fit(frame)
    expected = made.transform(frame)
    assert expected.shape == (len(frame), len(made.get_feature_names_out()))
    assert expected.dtype == np.float32 and np.isfinite(expected).all()
    monkeypatch.setattr("chainrule.tables.transformer.ROWS", 13)
    for table in (pl.from_pandas(frame), frame[frame.columns[::-1]], open_source(forms["csv"])):
        np.testing.assert_array_equal(made.transform(table), expected)
        again = clone(made).fit(table)
        names = again.get_feature_names_out().tolist()
        assert sorted(names) == sorted(made.get_feature_names_out())
    assert made.transform(frame.iloc[:0]).shape == (0, expected.shape[1])


def test_its_matrix_gives_the_same(frame):
    made = TablePreparation().fit(frame)
    matrix = np.concatenate([part for _, part in encoded(open_source(frame), made.columns_, 50)])
    np.testing.assert_array_equal(made.transform(matrix), made.transform(frame))


def test_an_array_is_taken_by_its_columns():
    """A column that is left out is left out of what comes as well."""
    X = np.random.RandomState(0).normal(size=(50, 3))
    X[:, 0] = 4.0
    X[3, 2] = np.inf
    made = TablePreparation().fit(X)
    assert made.get_feature_names_out().tolist() == ["x2", "x3", "x3: missing"]
    out = made.transform(X)
    assert np.isfinite(out).all()
    np.testing.assert_array_equal(
        out[:, 0], TablePreparation().fit(X[:, 1:]).transform(X[:, 1:])[:, 0]
    )
    np.testing.assert_array_equal(made.transform(X[:, 1:]), out)
    for wrong in (X[:, :1], X[0, 0], X[None]):
        with pytest.raises(DataError, match=r"required|Required"):
            made.transform(wrong)


def test_categories_of_an_array_are_refused():
    X = np.arange(40.0).reshape(20, 2) % 5
    with pytest.raises(DataError, match="named columns where some are taken for categories"):
        TablePreparation(kinds={"x1": "category"}).fit(X)


def test_in_a_pipeline(frame):
    y = (frame["floor"] > 15).to_numpy()
    pipe = make_pipeline(TablePreparation(), MLPClassifier((8,), solver="lbfgs", random_state=0))
    assert cross_val_score(pipe, frame, y, cv=2).min() > 0.8
    pipe.fit(frame, y)
    known = freeze(pipe)
    assert known.feature_names == tuple(frame.columns)
    matrix = np.concatenate(
        [part for _, part in encoded(open_source(frame), known.steps[0].columns, 9)]
    )
    np.testing.assert_array_equal(known.predict(matrix), pipe.predict(frame))


def test_not_fitted(frame):
    with pytest.raises(NotFittedError):
        TablePreparation().transform(frame)


def test_text_is_refused(frame):
    texts = pd.DataFrame({"a": [f"text {at}" for at in range(300)], "b": np.arange(300) / 7})
    with pytest.raises(DataError, match="'a'"):
        TablePreparation().fit(texts)


def test_a_type_that_is_none():
    with pytest.raises(
        InvalidInputError, match="dtype: required 'float32' or 'float64'; came 'relu'"
    ):
        TablePreparation(dtype="relu", min_count=1).fit(np.array([[1.0], [2.0]]))
