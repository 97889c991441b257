"""Targets that come block by block are those that they are in one piece."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.errors import DataError
from chainrule.streams.labels import ClassLabels, KnownClasses, Values
from chainrule.tables.block import ArrayBlock

NUMBERS = st.lists(st.sampled_from([0.0, 1.0, 3.0, -2.0, np.nan]), min_size=3, max_size=40)


def taken(labels, y, size):
    """What the labels encode of blocks of so many rows, and which rows those are."""
    rows, codes = [], []
    for start in range(0, len(y), size):
        block = ArrayBlock(y[start : start + size].reshape(-1, 1), ("y",), start)
        known, part = labels.encoded(block)
        rows.append(start + np.flatnonzero(known))
        codes.append(part)
    return np.concatenate(rows), np.concatenate(codes)


@given(NUMBERS, st.integers(1, 9), st.sets(st.integers(0, 39)))
def test_classes(values, size, out):
    y = np.array([*values, 0.0, 1.0])
    without = np.array(sorted(row for row in out if row < len(values)), np.int64)
    labels = ClassLabels("t", "y", without)
    rows, codes = taken(labels, y, size)
    kept = np.setdiff1d(np.flatnonzero(~np.isnan(y)), without)
    np.testing.assert_array_equal(rows, kept)
    classes, order, counts, firsts = labels.settled()
    decoded = np.array(classes)[np.array(order)[codes]]
    np.testing.assert_array_equal(decoded, y[kept])
    assert classes == sorted(set(y[kept].tolist()))
    assert counts == [int((y[kept] == each).sum()) for each in classes]
    assert firsts == [int(np.flatnonzero(y[kept] == each)[0]) for each in classes]
    assert labels.left_out == np.isnan(y).sum()


@given(NUMBERS, st.integers(1, 9), st.sets(st.integers(0, 39)))
def test_classes_that_are_known(values, size, out):
    """Their places are those among all classes, also where some do not occur."""
    y = np.array([*values, 0.0, 1.0])
    without = np.array(sorted(row for row in out if row < len(values)), np.int64)
    labels = KnownClasses("t", "y", ("-2", "0", "1", "3", "7"), without)
    rows, codes = taken(labels, y, size)
    classes, order, counts, firsts = labels.settled()
    places = np.array(classes)[np.array(order)[codes]]
    np.testing.assert_array_equal(np.array([-2.0, 0, 1, 3, 7])[places], y[rows])
    assert counts == np.bincount(places, minlength=5)[classes].tolist()
    assert places[firsts].tolist() == classes
    assert 4 not in classes


@given(NUMBERS, st.integers(1, 9))
def test_values(values, size):
    y = np.array([*values, 5.0, 1.0])
    labels = Values("t", "y", shift=1.0, scale=2.0)
    rows, found = taken(labels, y, size)
    np.testing.assert_array_equal(found, (y[rows] - 1) / 2)
    low, high = labels.settled()[3]
    assert (found[low], found[high]) == (found.min(), found.max())


def test_a_strange_class_is_left_to_nobody():
    """As in a table in memory, what is no class is not trained on."""
    with pytest.raises(DataError, match="no row has a value for 'y'"):
        labels = KnownClasses("t", "y", ("5", "6"))
        taken(labels, np.array([np.inf, np.nan]), 1)
        labels.settled()
