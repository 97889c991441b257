"""Each epoch of windows is a permutation, and no window is larger than it may be."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.engine.windows import WindowOrder, Windows, WindowShuffler
from chainrule.errors import InvalidInputError


@st.composite
def windows(draw):
    block = draw(st.integers(1, 12))
    return Windows(draw(st.integers(1, 300)), block, draw(st.integers(block, 80)))


SEEDS = st.one_of(st.none(), st.integers(0, 2**32 - 1))


@given(windows(), SEEDS)
def test_each_row_is_seen_exactly_once(cut, seed):
    order = WindowOrder(cut, seed)
    rows = [order.rows(window) for window in range(cut.count)]
    np.testing.assert_array_equal(np.sort(np.concatenate(rows)), np.arange(cut.n_rows))
    assert [len(part) for part in rows] == cut.sizes.tolist()


@given(windows())
def test_windows_are_bounded_and_nearly_equal(cut):
    assert cut.sizes.max() <= cut.window_rows
    assert cut.sizes.min() >= 1
    assert cut.sizes.sum() == cut.n_rows
    blocks = -(-cut.sizes // cut.block_rows)
    assert blocks.max() - blocks.min() <= 1
    assert (cut.sizes[:-1] % cut.block_rows == 0).all()  # only the last batch can be ragged


@given(windows(), st.integers(0, 2**32 - 1))
def test_a_window_is_of_whole_blocks_of_the_ring(cut, seed):
    """Counted by a loop over rows, not by the ranges that are read."""
    order = WindowOrder(cut, seed)
    start, _ = order._blocks
    block = {(start + at) % cut.n_rows: at // cut.block_rows for at in range(cut.n_rows)}
    seen = [{block[row] for row in order.rows(w).tolist()} for w in range(cut.count)]
    assert sum(map(len, seen)) == cut.n_blocks
    assert cut.n_blocks - 1 in seen[-1]  # the short one is in the last window


@given(windows(), SEEDS)
def test_what_is_read_goes_forward_and_is_joined(cut, seed):
    order = WindowOrder(cut, seed)
    for window in range(cut.count):
        spans = order.spans(window)
        assert all(0 <= start < stop <= cut.n_rows for start, stop in spans)
        assert all(stop != start for (_, stop), (start, _) in pairwise(spans))
        turns = sum(start < stop for (_, stop), (start, _) in pairwise(spans))
        assert turns <= 1  # at the ring's seam


@given(windows())
def test_without_shuffling_the_order_is_the_files(cut):
    order = WindowOrder(cut, None)
    rows = np.concatenate([order.rows(window) for window in range(cut.count)])
    np.testing.assert_array_equal(rows, np.arange(cut.n_rows))


def test_each_place_and_row_meet_as_often_as_others():
    """Over many epochs, a row is as often in the first window as in the last."""
    cut = Windows(23, 2, 8)
    first = np.zeros(23)
    for seed in range(4000):
        first[WindowOrder(cut, seed).rows(0)] += 1
    expected = 4000 * cut.sizes[0] / 23
    assert np.abs(first - expected).max() < 5 * np.sqrt(expected)


def test_neighbours_come_into_different_windows():
    """Rows of one block stay together; those of two neighbouring blocks mostly do not."""
    cut = Windows(4000, 10, 400)
    order = WindowOrder(cut, 5)
    where = np.empty(4000, int)
    for window in range(cut.count):
        where[order.rows(window)] = window
    together = np.mean(where[:-10] == where[10:])
    assert 0.03 < together < 0.25  # a tenth by chance


def test_a_windows_order_does_not_depend_on_the_others():
    cut = Windows(100, 5, 20)
    whole = WindowOrder(cut, 9)
    forward = [whole.rows(window) for window in range(cut.count)]
    for window in reversed(range(cut.count)):
        np.testing.assert_array_equal(WindowOrder(cut, 9).rows(window), forward[window])


def test_the_shuffler_draws_one_number_an_epoch():
    cut = Windows(100, 5, 20)
    stream, alike = np.random.RandomState(3), np.random.RandomState(3)
    shuffler = WindowShuffler(stream, cut)
    ahead = shuffler.peek()
    drawn = [shuffler.draw() for _ in range(3)]
    assert ahead == drawn[0]
    assert [order.seed for order in drawn] == [
        int(alike.randint(2**32, dtype=np.uint32)) for _ in range(3)
    ]
    assert len({order.seed for order in drawn}) == 3


def test_a_shuffler_goes_on_from_its_snapshot():
    shuffler = WindowShuffler(np.random.RandomState(3), Windows(100, 5, 20))
    shuffler.draw()
    place, other = shuffler.snapshot(), shuffler.copy()
    expected = [shuffler.draw() for _ in range(2)]
    assert [other.draw() for _ in range(2)] == expected
    shuffler.restore(place)
    assert [shuffler.draw() for _ in range(2)] == expected
    assert shuffler.index.size == 0  # nothing as long as the rows is kept


def test_billions_of_rows_are_as_quick():
    cut = Windows(10**10, 10**4, 10**5)
    order = WindowOrder(cut, 1)
    assert len(np.unique(order.rows(7))) == cut.sizes[7] == 10**5


@pytest.mark.parametrize("sizes", [(10, 5, 4), (0, 1, 1), (10, 0, 4)])
def test_what_cannot_be_cut_is_refused(sizes):
    with pytest.raises(InvalidInputError, match="must hold a block"):
        Windows(*sizes)
