"""Preparations see training rows alone, and are what they say."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.data import preparation
from chainrule.errors import DataError
from chainrule.models.columns import Column

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


KEEP_THE_SHAPE = ["standardize", "unit", "center", "flatten"]


@pytest.mark.parametrize("name", [name for name in preparation.STEPS if name != "table"])
def test_every_step_has_a_sentence_and_can_be_undone(name):
    apply = preparation.fit((name,), TRAIN, (0.0, 16.0))
    assert apply(TRAIN[:1]).shape == (1, 2 if name in KEEP_THE_SHAPE else 1)
    assert apply.inverse(apply(TRAIN)) == pytest.approx(TRAIN)
    (sentence,) = preparation.sentences((name,))
    assert len(sentence) > 20
    assert "{" not in sentence


def test_the_columns_of_a_table():
    """What each step does is tested in tests/models/test_table.py."""
    columns = (Column("size", "number"), Column("town", "category", ("Bonn", "Rome")))
    X = np.array([[1.0, 0.0], [3.0, 1.0], [np.nan, 1.0]] * 10)
    prepared = preparation.fit(("table", "center"), X, columns=columns)
    assert prepared(X).shape == (30, 3) and prepared(X).dtype == np.float32
    assert [type(step).__name__ for step in prepared.steps] == ["TableStep", "Affine"]
    with pytest.raises(DataError, match="cannot be undone"):
        prepared.inverse(prepared(X))
    for steps in (("table",), ("center", "table")):
        with pytest.raises(DataError, match="needs the columns of a table, and comes first"):
            preparation.fit(steps, X[:, 1:], columns=() if len(steps) == 1 else columns)


def test_the_settings_of_a_table():
    columns = (Column("size", "number"), Column("town", "category", ("Bonn", "Rome", "Ulm")))
    X = np.array([[1.0, 0.0], [3.0, 1.0], [8.0, 2.0]] * 4)
    how = {"scaling": "standard", "min_count": 4, "max_levels": 2, "bound": 1.5}
    (step,) = preparation.fit(("table",), X, columns=columns, settings=how).steps
    assert step.names == ("size", "town=Bonn", "town=Rome", "town: other")
    assert (step.bound, step.treatments[0].center) == (1.5, X[:, 0].mean())
    assert preparation.fit(("table",), X, columns=columns).steps[0].bound == 3.0
    assert preparation.fit(("table",), X, None, columns, {"scaling": "none"}).steps[0].bound > 1e99
    (usual,), (said,) = preparation.sentences(("table",)), preparation.sentences(("table",), how)
    assert "distance of their quartiles, what is far out drawn in to 3 at most" in usual
    assert "with 10 training rows, 64 of one column at most" in usual
    assert "divided by their standard deviation, what is far out drawn in to 1.5 at most" in said
    assert "with 4 training rows, 2 of one column at most" in said
    (plain,) = preparation.sentences(("table",), {"scaling": "none"})
    assert "numbers as they are; a column" in plain


# Images: bytes in, float32 out, and never a float64 copy


@pytest.fixture
def pixels():
    draws = np.random.default_rng(0)
    X = draws.integers(0, 256, (5000, 30), dtype=np.uint8)
    X[:, 7] = 255  # a corner that is always white
    return X


@pytest.mark.parametrize("name", ["unit", "standardize", "center", "pca"])
def test_bytes_become_float32(name, pixels):
    apply = preparation.fit((name,), pixels, (0.0, 255.0))
    out = apply(pixels[:10])
    assert out.dtype == np.float32
    assert apply.inverse(out).dtype == np.float32
    assert pixels.dtype == np.uint8


@pytest.mark.parametrize("name", ["unit", "standardize", "center", "pca:10"])
def test_float64_stays_float64(name, pixels):
    X = pixels.astype(np.float64)
    assert preparation.fit((name,), X, (0.0, 255.0))(X).dtype == np.float64


def test_unit_of_bytes_is_the_division_in_float32(pixels):
    out = preparation.fit(("unit",), pixels, (0.0, 255.0))(pixels)
    assert np.array_equal(out, pixels.astype(np.float32) / np.float32(255))


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_standardize_by_blocks_is_that_of_scikit_learn(pixels, dtype):
    from sklearn.preprocessing import StandardScaler

    X = pixels.astype(dtype)
    expected = StandardScaler().fit_transform(X.astype(np.float64))
    out = preparation.fit(("standardize",), X)(X)
    assert out == pytest.approx(expected, abs=1e-6)
    assert not out[:, 7].any()


def test_center_is_the_mean_of_the_training_rows(pixels):
    apply = preparation.fit(("center",), pixels)
    expected = pixels[:3] - pixels.mean(axis=0)
    assert apply(pixels[:3]) == pytest.approx(expected, abs=1e-5)


def test_a_step_after_a_step_sees_what_the_first_made(pixels):
    apply = preparation.fit(("unit", "center"), pixels, (0.0, 255.0))
    assert apply(pixels).mean(axis=0) == pytest.approx(np.zeros(30), abs=1e-6)
    assert apply.inverse(apply(pixels[:5])) == pytest.approx(pixels[:5].astype(float), abs=1e-3)


def test_no_float64_copy_is_made_of_images():
    X = np.random.default_rng(1).integers(0, 256, (20_000, 100), dtype=np.uint8)
    preparation.fit(("standardize",), X[:10])  # what is imported on the way
    tracemalloc.start()
    preparation.fit(("standardize",), X)(X)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1.3 * X.size * 4 + 2**20  # the float32 result is X.size * 4


# Principal components


@pytest.fixture
def correlated():
    draws = np.random.default_rng(2)
    return draws.standard_normal((300, 6)) @ draws.standard_normal((6, 12)) + 5


@pytest.mark.parametrize("rows", [300, 8])  # more rows than features, and fewer
@pytest.mark.parametrize("value", [0.5, 0.9, 0.999, 3])
def test_components_are_those_of_scikit_learn(correlated, value, rows):
    from sklearn.decomposition import PCA

    X = correlated[:rows]
    theirs = PCA(n_components=value, svd_solver="full").fit(X)
    ours = preparation.fit((f"pca:{value}",), X)
    out = ours(correlated)
    expected = theirs.transform(correlated)
    assert out.shape == expected.shape
    assert np.abs(out) == pytest.approx(np.abs(expected), abs=1e-8)  # the sign is free
    assert ours.inverse(out) == pytest.approx(theirs.inverse_transform(expected))
    assert ours.components.kept == out.shape[1]
    every = PCA(svd_solver="full").fit(X).explained_variance_ratio_
    assert ours.components.ratios == pytest.approx(every, abs=1e-12)


def test_without_a_pca_there_are_no_components(correlated):
    assert preparation.fit(("standardize",), correlated).components is None
    both = preparation.fit(("pca:5", "standardize", "pca:2"), correlated)
    assert len(both.components.ratios) == 5 and both.components.kept == 2  # the last one's


def test_the_share_is_reached_and_not_with_one_fewer(correlated):
    def share(k):
        out = preparation.fit((f"pca:{k}",), correlated)(correlated)
        return out.var(axis=0).sum() / correlated.var(axis=0).sum()

    kept = preparation.fit(("pca:0.8",), correlated)(correlated).shape[1]
    assert share(kept - 1) <= 0.8 < share(kept)


@pytest.mark.parametrize("rows", [8, 100])
def test_a_share_of_one_is_all_components_and_the_number_one_is_one(rows):
    rng = np.random.default_rng(3)
    X = rng.normal(size=(rows, 5)) @ rng.normal(size=(5, 12))  # of rank 5
    X[:, 11] = 2.0
    whole = preparation.fit(("pca:1.0",), X)
    assert whole.components.kept == np.linalg.matrix_rank(X - X.mean(axis=0)) == 5
    np.testing.assert_allclose(whole.inverse(whole(X)), X, atol=1e-12)
    assert preparation.fit(("pca:1",), X).components.kept == 1
    full = rng.normal(size=(rows, 4))
    assert preparation.fit(("pca:1.0",), full).components.kept == 4
    assert preparation.sentences(("pca:1.0", "pca:1")) == (
        "principal components of the training part: those that make 100 % of its variance",
        "principal components of the training part: the first 1",
    )


def test_pca_is_fitted_on_the_training_rows_alone(correlated):
    apply = preparation.fit(("pca:4",), correlated[:100])
    assert apply(correlated[:100]).mean(axis=0) == pytest.approx(np.zeros(4), abs=1e-9)
    assert np.abs(apply(correlated[100:]).mean(axis=0)).max() > 1e-3


@given(seed=st.integers(0, 1000), rows=st.integers(2, 40), features=st.integers(1, 12))
@settings(max_examples=40, deadline=None)
def test_all_components_lose_nothing(seed, rows, features):
    X = np.random.default_rng(seed).standard_normal((rows, features))
    apply = preparation.fit((f"pca:{min(rows, features)}",), X)
    assert apply.inverse(apply(X)) == pytest.approx(X, abs=1e-9)


def test_the_words_say_how_much_is_kept():
    assert preparation.sentences(("pca", "pca:0.5", "pca:50")) == (
        "principal components of the training part: those that make 95 % of its variance",
        "principal components of the training part: those that make 50 % of its variance",
        "principal components of the training part: the first 50",
    )


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ("pca:0", "share of the variance, above 0 and at most 1.0, or a whole number"),
        ("pca:-1", "share of the variance"),
        ("pca:2.5", "share of the variance"),
        ("pca:many", "share of the variance"),
        ("pca:nan", "share of the variance"),
        ("pca:", "share of the variance"),
        ("unit:2", "takes no value, came 'unit:2'"),
        ("pcs:2", "Did you mean 'pca'"),
    ],
)
def test_a_value_that_cannot_be_is_refused_before_there_are_data(step, says):
    with pytest.raises(DataError, match=says):
        preparation.check((step,))


def test_more_components_than_there_can_be_are_refused(correlated):
    with pytest.raises(DataError, match="pca:13: required at most 12 components"):
        preparation.fit(("pca:13",), correlated)


def test_rows_that_are_all_equal_have_no_components():
    with pytest.raises(DataError, match="all training rows are equal"):
        preparation.fit(("pca",), np.ones((5, 3)))
    found = preparation.fit(("pca:2",), np.ones((5, 3))).components
    assert found.kept == 2 and not found.ratios.any()


def test_flatten_makes_rows_of_images():
    images = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
    apply = preparation.fit(("flatten",), images)
    assert np.array_equal(apply(images), images.reshape(2, 12))
    assert np.array_equal(apply.inverse(apply(images)), images)


# Labels


@given(st.lists(st.integers(0, 6), max_size=30))
def test_one_hot_has_a_single_one_and_comes_back(labels):
    y = np.array(labels, dtype=np.int64)
    Y = preparation.one_hot(y, 7)
    assert Y.shape == (len(y), 7)
    assert Y.dtype == np.float32
    assert np.array_equal(Y.sum(axis=1), np.ones(len(y)))
    assert np.array_equal(preparation.from_one_hot(Y), y)


@pytest.mark.parametrize(
    ("y", "says"),
    [
        ([0, 3], "labels from 0 to 2, came 0 to 3"),
        ([-1, 2], "came -1 to 2"),
        ([0.0, 1.0], "integers, came shape"),
        ([[0], [1]], r"came shape \(2, 1\)"),
    ],
)
def test_labels_that_are_none_are_refused(y, says):
    with pytest.raises(DataError, match=says):
        preparation.one_hot(np.array(y), 3)
