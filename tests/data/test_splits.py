"""The documented splits, row for row, and what cannot be cut."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from chainrule.data import load
from chainrule.data.splits import SCHEMES, check_split, indices, parts, split
from chainrule.errors import DataError


@pytest.fixture
def rows():
    data = load("digits")
    return data.X_train, data.y_train


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("stratify", [True, False])
def test_every_scheme_puts_each_row_into_one_part(scheme, stratify):
    X, y = np.arange(100.0)[:, None], np.arange(100) % 4
    parts = split(scheme, X, y, held_out=0.4, stratify=stratify)
    together = np.concatenate([part.X[:, 0] for part in parts.values()])
    assert sorted(together) == list(range(100))
    for part in parts.values():
        assert np.array_equal(part.X[:, 0] % 4, part.y)


def test_three_way_is_the_documents_split(rows):
    X, y = rows
    parts = split("three-way", X, y, held_out=0.4)
    X_train, X_rest, y_train, y_rest = train_test_split(
        X, y, test_size=0.4, random_state=42, stratify=y
    )
    X_validation, X_test, y_validation, y_test = train_test_split(
        X_rest, y_rest, test_size=0.5, random_state=42, stratify=y_rest
    )
    expected = {
        "train": (X_train, y_train),
        "validation": (X_validation, y_validation),
        "test": (X_test, y_test),
    }
    assert [len(part.y) for part in parts.values()] == [1078, 359, 360]
    for name, (X_part, y_part) in expected.items():
        assert np.array_equal(parts[name].X, X_part)
        assert np.array_equal(parts[name].y, y_part)


def test_two_way_need_not_be_stratified(rows):
    X, y = rows
    parts = split("two-way", X, y, held_out=0.2, stratify=False)
    X_train, X_test, _, y_test = train_test_split(X, y, test_size=0.2, random_state=42)
    assert np.array_equal(parts["train"].X, X_train)
    assert np.array_equal(parts["test"].X, X_test)
    assert np.array_equal(parts["test"].y, y_test)


def test_the_seed_changes_the_split(rows):
    first, second = (split("two-way", *rows, held_out=0.2, seed=seed) for seed in (1, 2))
    assert not np.array_equal(first["test"].X, second["test"].X)


def test_an_unknown_scheme_is_answered_with_the_nearest():
    with pytest.raises(DataError, match="Did you mean 'three-way'"):
        split("threeway", np.zeros((4, 1)), np.zeros(4), held_out=0.5)


def test_a_class_too_small_to_stratify_says_what_to_do():
    X, y = np.zeros((5, 1)), np.array([0, 0, 0, 0, 1])
    with pytest.raises(DataError, match=r"two-way split .*: '1' \(1 row\)\. .*stratify=false"):
        split("two-way", X, y, held_out=0.4)


def test_what_is_held_out_may_be_a_number_of_rows(rows):
    assert len(split("two-way", *rows, held_out=100)["test"].y) == 100


# By share or number, with indices


@pytest.mark.parametrize("size", [0.2, 0.333, 100])
@pytest.mark.parametrize("stratify", [True, False])
@pytest.mark.parametrize("seed", [0, 42])
def test_the_rows_are_those_of_train_test_split(rows, size, stratify, seed):
    _, y = rows
    train, test = train_test_split(
        np.arange(len(y)), test_size=size, random_state=seed, stratify=y if stratify else None
    )
    found = indices(y, test=size, seed=seed, stratify=stratify)
    assert list(found) == ["train", "test"]
    assert np.array_equal(found["train"], train)
    assert np.array_equal(found["test"], test)


def test_three_parts_are_two_cuts(rows):
    _, y = rows
    rest, test = train_test_split(np.arange(len(y)), test_size=360, random_state=1, stratify=y)
    train, validation = train_test_split(rest, test_size=180, random_state=1, stratify=y[rest])
    found = indices(y, test=0.2, validation=0.1, seed=1)  # of all 1797 rows, rounded up
    assert list(found) == ["train", "validation", "test"]
    for name, expected in {"train": train, "validation": validation, "test": test}.items():
        assert np.array_equal(found[name], expected)


def test_fewer_rows_may_be_trained_on(rows):
    _, y = rows
    rest, _ = train_test_split(np.arange(len(y)), test_size=300, random_state=0, stratify=y)
    expected, _ = train_test_split(rest, train_size=200, random_state=0, stratify=y[rest])
    found = indices(y, test=300, train=200, seed=0)
    assert np.array_equal(found["train"], expected)
    assert np.array_equal(indices(y, test=300, train=len(rest), seed=0)["train"], rest)


def test_without_a_cut_the_rows_stay_in_order():
    assert indices(np.zeros(5, int))["train"].tolist() == [0, 1, 2, 3, 4]


@given(
    n=st.integers(30, 200),
    test=st.one_of(st.integers(1, 9), st.floats(0.05, 0.3)),
    validation=st.one_of(st.none(), st.integers(1, 9), st.floats(0.05, 0.3)),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=50, deadline=None)
def test_every_row_is_in_one_part(n, test, validation, seed):
    found = indices(np.zeros(n, int), test=test, validation=validation, seed=seed, stratify=False)
    assert sorted(np.concatenate(list(found.values()))) == list(range(n))
    for name, size in (("test", test), ("validation", validation)):
        if size is not None:
            assert len(found[name]) == (size if isinstance(size, int) else np.ceil(size * n))


@pytest.mark.parametrize(
    ("sizes", "says"),
    [
        ({"test": 0.0}, "test: required a share .* came 0.0"),
        ({"test": 1.5}, "came 1.5"),
        ({"validation": True}, "validation: required a share .* came True"),
        ({"test": "half"}, "came 'half'"),
        ({"test": 0}, "asks for 0 rows; required 1 to 39"),
        ({"test": 40}, "asks for 40 rows; required 1 to 39, of the 40"),
        ({"test": 30, "validation": 10}, "validation = 10 asks for 10 rows; required 1 to 9"),
        ({"test": 30, "train": 11}, "train = 11 asks for 11 rows; required 1 to 10"),
        ({"test": 2}, "40 rows of 4 classes cannot be cut for the test part: .*stratify = false"),
    ],
)
def test_a_size_that_cannot_be_is_refused(sizes, says):
    with pytest.raises(DataError, match=says):
        indices(np.arange(40) % 4, **sizes)


def test_a_test_part_of_the_source_stays(own, make):
    make.write(own, make.mnist(rows=100, test_rows=20))
    data = load("mnist", fetch=False)
    cut = parts(data, validation=20, seed=3)
    at = indices(data.y_train, validation=20, seed=3)
    assert {name: len(part.y) for name, part in cut.items()} == {
        "train": 80,
        "validation": 20,
        "test": 20,
    }
    assert np.array_equal(cut["validation"].X, data.X_train[at["validation"]])
    assert cut["validation"].X.dtype == np.uint8
    assert cut["test"].X is data.X_test
    assert parts(data)["train"].X is data.X_train
    with pytest.raises(DataError, match="mnist comes with a test part of 20 rows; test = 10"):
        parts(data, test=10)


def test_a_source_without_one_is_cut_three_ways(rows):
    cut = parts(load("digits"), test=0.2, validation=0.2)
    assert [len(part.y) for part in cut.values()] == [1077, 360, 360]


def refusal(cut, *rows, **how):
    try:
        cut(*rows, **how)
    except DataError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("held_out", [0.05, 0.4, 0.6, 7, 12])
@pytest.mark.parametrize("scheme", ["two-way", "three-way"])
@pytest.mark.parametrize("stratify", [True, False])
def test_the_counts_tell_whether_it_can_be_cut(scheme, held_out, stratify):
    """As the split of the rows themselves, in any order."""
    random = np.random.RandomState(0)
    for counts in ([1, 9], [2, 12], [3, 3, 9], [4, 4, 4], [5, 20], [6, 30, 2], [40, 60], [7, 8]):
        y = random.permutation(np.repeat(np.arange(len(counts)), counts))
        how = {"held_out": held_out, "stratify": stratify, "class_names": "uvw"}
        said = refusal(split, scheme, y, y, **how)
        assert said == refusal(check_split, counts, scheme, **how)
        if stratify and min(counts) == 1:
            assert "'u' (1 row)" in said


def test_a_class_of_a_long_name_is_told_by_its_beginning():
    """A quote that is not closed makes the rest of a file a class."""
    how = {"held_out": 0.4, "stratify": True, "class_names": ("u", "v\n" * 9999)}
    said = refusal(check_split, [40, 1], "three-way", **how)
    assert r"'v\nv\n" in said and "(1 row)" in said and len(said) < 500
