"""The documented splits, row for row, and what cannot be cut."""

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from chainrule.data import load
from chainrule.data.splits import SCHEMES, split
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
    with pytest.raises(DataError, match=r"split of 5 rows .* or set stratify = false"):
        split("two-way", X, y, held_out=0.4)
