"""Orders, padding and weights."""

import numpy as np
import pytest
import scipy.sparse
import sklearn.utils

from chainrule.engine.batches import GatheredRows, Resident, Shuffler, batch_table, bucket

SIZES = [*range(1, 3000), *(2**k + d for k in range(12, 25) for d in (-1, 0, 1))]

# Buckets


def test_a_bucket_has_room_for_a_padding_row_and_wastes_little():
    for n in SIZES:
        assert n < bucket(n) <= n + max(8, n / 8), n


def test_buckets_grow_with_the_rows():
    found = [bucket(n) for n in SIZES]
    assert found == sorted(found)


def test_few_buckets_serve_many_sizes():
    """Sixteen between a power of two and the next, at most."""
    for k in range(4, 14):
        assert len({bucket(n) for n in range(2**k, 2 ** (k + 1))}) <= 16


@pytest.mark.parametrize("n", [100, 862, 1437, 54_000])
def test_neighbours_share_a_bucket_except_at_its_end(n):
    shared = [bucket(m) == bucket(m + 1) for m in range(n, n + n // 4)]
    assert shared.count(False) <= 8
    assert bucket(862) == bucket(863)
    assert bucket(bucket(n) - 1) < bucket(bucket(n))


# Tables of batches


def test_the_table_holds_the_order_and_fills_the_last_batch_with_padding():
    order = np.array([4, 2, 0, 3, 1, 6, 5])
    table = batch_table(order, 3, padding=7)
    assert table.tolist() == [[4, 2, 0], [3, 1, 6], [5, 7, 7]]
    assert table.dtype == np.int32


@pytest.mark.parametrize(("size", "shape"), [(7, (1, 7)), (10, (1, 10)), (1, (7, 1))])
def test_batches_of_all_rows_more_and_one(size, shape):
    table = batch_table(np.arange(7), size, padding=7)
    assert table.shape == shape
    assert sorted(table.ravel())[:7] == list(range(7))


# Orders


def test_orders_are_those_that_scikit_learn_draws():
    shuffler = Shuffler(np.random.RandomState(3), 20)
    theirs, stream = np.arange(20), np.random.RandomState(3)
    for _ in range(5):
        theirs = sklearn.utils.shuffle(theirs, random_state=stream)
        assert np.array_equal(shuffler.next(), theirs)


def test_without_shuffling_nothing_is_drawn():
    stream = np.random.RandomState(3)
    shuffler = Shuffler(stream, 6, shuffle=False)
    assert [shuffler.next().tolist() for _ in range(2)] == [list(range(6))] * 2
    assert stream.randint(2**31) == np.random.RandomState(3).randint(2**31)


def test_a_snapshot_is_not_moved_by_what_follows():
    shuffler = Shuffler(np.random.RandomState(3), 20)
    shuffler.next()
    snapshot = shuffler.snapshot()
    first = [shuffler.next().copy() for _ in range(3)]
    for _ in range(2):
        shuffler.restore(snapshot)
        again = [shuffler.next() for _ in range(3)]
        assert np.array_equal(first, again)


# Sources


@pytest.fixture(params=["float32", "float64"])
def rows(request):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(13, 4)) * (rng.random((13, 4)) < 0.4)
    Y = np.eye(3, dtype=bool)[rng.integers(3, size=13)]
    return X.astype(request.param), Y, rng.choice([0.0, 0.5, 2.0], 13), request.param


def test_resident_rows_are_followed_by_padding_that_weighs_nothing(rows):
    X, Y, weights, dtype = rows
    source = Resident(X, Y, weights, dtype)
    data, table = source.block(np.array([[3, 13]], np.int32))
    assert table.tolist() == [[3, 13]]
    assert (data.X.dtype, data.Y.dtype, data.weights.dtype) == (dtype, bool, dtype)
    assert {len(part) for part in data} == {bucket(13)}
    assert np.array_equal(data.X[:13], X)
    assert np.array_equal(data.Y[:13], Y)
    assert np.array_equal(data.weights[:13], weights / 2)  # their scale is free
    for part in data:
        assert not np.asarray(part[13:]).any()
    assert source.padding == source.n_rows == 13


def test_resident_rows_are_a_copy(rows):
    X, Y, weights, dtype = rows
    source = Resident(X, Y, weights, dtype)
    before = np.array(source.data.X)
    X[:], Y[:], weights[:] = 7, True, 7
    assert np.array_equal(source.data.X, before)
    assert not np.asarray(source.data.Y).all()
    assert source.weights.max() <= 2


@pytest.mark.parametrize(
    "kind", [scipy.sparse.csr_array, scipy.sparse.csc_matrix, np.asarray, np.asfortranarray]
)
def test_gathered_rows_are_the_same_batches(rows, kind):
    X, Y, weights, dtype = rows
    resident = Resident(X, Y, weights, dtype)
    gathered = GatheredRows(kind(X), Y, weights, dtype)
    for seed in (1, 2):  # the second is written over the first
        table = batch_table(np.random.default_rng(seed).permutation(13), 4, 13)
        data, inner = gathered.block(table)
        for ours, theirs in zip(data, resident.data, strict=True):
            assert ours.dtype == theirs.dtype
            assert np.array_equal(ours[inner], np.asarray(theirs)[table])
        assert data.X.ctypes.data % 64 == 0
    assert np.array_equal(gathered.weight_sums(table), resident.weight_sums(table))


def test_gathering_copies_no_matrix():
    X = np.zeros((13, 3), np.float32)
    assert GatheredRows(X, np.zeros((13, 2)), None, "float32").X is X


def test_weight_sums_are_those_of_each_batch(rows):
    X, Y, weights, dtype = rows
    table = batch_table(np.arange(13), 4, 13)
    expected = [weights[start : start + 4].sum() for start in range(0, 13, 4)]
    assert Resident(X, Y, weights, dtype).weight_sums(table) == pytest.approx(expected)
    assert Resident(X, Y, None, dtype).weight_sums(table).tolist() == [4, 4, 4, 1]
