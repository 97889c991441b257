"""Some of many rows, picked and left out."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from chainrule.engine import picking
from chainrule.engine.picking import Without, fetch, picked


class Numbered:
    """Row i is (i, -i), and its target i."""

    n_features, dtype, target_dtype = 2, np.dtype(np.float64), np.dtype(np.int64)

    def __init__(self, n_rows):
        self.n_rows = n_rows

    def read(self, start, stop, X, y):
        assert 0 <= start <= stop <= self.n_rows
        y[:] = np.arange(start, stop)
        X[:, 0], X[:, 1] = y, -y


ROWS = st.integers(1, 60).flatmap(
    lambda n: st.tuples(st.just(n), st.sets(st.integers(0, n - 1), max_size=n - 1))
)


@given(ROWS)
def test_picked_rows_are_fetched(drawn):
    n, some = drawn
    rows = np.array(sorted(some), np.int64)
    X, y = fetch(Numbered(n), rows)
    np.testing.assert_array_equal(y, rows)
    np.testing.assert_array_equal(X, np.column_stack([rows, -rows]))


@given(ROWS, st.data())
def test_rows_are_left_out(drawn, data):
    n, some = drawn
    held = np.array(sorted(some), np.int64)
    left = np.setdiff1d(np.arange(n), held)
    reader = Without(Numbered(n), held)
    assert reader.n_rows == len(left)
    start = data.draw(st.integers(0, len(left)))
    stop = data.draw(st.integers(start, len(left)))
    X, y = np.empty((stop - start, 2)), np.empty(stop - start, np.int64)
    reader.read(start, stop, X, y)
    np.testing.assert_array_equal(y, left[start:stop])
    np.testing.assert_array_equal(X[:, 1], -left[start:stop])


def test_spans_that_are_read_are_bounded(monkeypatch):
    monkeypatch.setattr(picking, "SPAN_BYTES", 16 * 5)
    monkeypatch.setattr(picking, "GAP_BYTES", 16 * 2)
    longest = []

    class Watched(Numbered):
        def read(self, start, stop, X, y):
            longest.append(stop - start)
            super().read(start, stop, X, y)

    rows = np.array([0, 1, 2, 4, 5, 6, 7, 20, 23, 24])
    _, y = fetch(Watched(30), rows)
    np.testing.assert_array_equal(y, rows)
    assert max(longest) <= 5
    X, y = np.empty((27, 2)), np.empty(27, np.int64)
    Without(Watched(30), np.array([3, 9, 10])).read(0, 27, X, y)
    np.testing.assert_array_equal(y, np.setdiff1d(np.arange(30), [3, 9, 10]))


def test_picking_is_seeded_and_fair(monkeypatch):
    rows = picked(100_000, 0.1, 7)
    assert abs(len(rows) - 10_000) < 5 * np.sqrt(9_000)
    assert (np.diff(rows) > 0).all()
    np.testing.assert_array_equal(rows, picked(100_000, 0.1, 7))
    assert len(np.intersect1d(rows, picked(100_000, 0.1, 8))) < 2_000
    monkeypatch.setattr(picking, "AT_ONCE", 777)  # how it is cut does not matter
    np.testing.assert_array_equal(rows, picked(100_000, 0.1, 7))
    assert len(picked(50, 1.5, 0)) == 50
    assert len(picked(50, 0.0, 0)) == 0
