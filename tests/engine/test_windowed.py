"""Training by windows is training in the order that is documented."""

from dataclasses import replace

import numpy as np
import pytest

from chainrule.engine.batches import Shuffler
from chainrule.engine.eager_trainer import EagerTrainer
from chainrule.engine.fit import Trainer
from chainrule.engine.plan import traces
from chainrule.engine.windowed import Meaning, WindowedRows
from chainrule.engine.windows import Windows, WindowShuffler
from chainrule.equations.schedules import SCHEDULES

N, BATCH = 90, 8
CUT = Windows(N, 8, 24)


class Arrays:
    """A reader of arrays, whose targets are row numbers; it notes what is read."""

    def __init__(self, X):
        self.X, self.n_rows, self.n_features = X, *X.shape
        self.dtype, self.target_dtype = X.dtype, np.dtype(np.int64)
        self.read_rows, self.broken = 0, False

    def read(self, start, stop, X, y):
        if self.broken:
            raise OSError("the disk is gone")
        X[:], y[:] = self.X[start:stop], np.arange(start, stop)
        self.read_rows += stop - start


class Documented(Shuffler):
    """The windows' order as one order of all rows."""

    def __init__(self, windows, shuffle, seed=0):
        super().__init__(np.random.RandomState(seed), windows.n_rows)
        self.windows = WindowShuffler(self.random_state, windows, shuffle)

    def next(self):
        order = self.windows.draw()
        return np.concatenate([order.rows(window) for window in range(CUT.count)])


@pytest.fixture
def case(make_case):
    return make_case("adam", n=N, batch_size=BATCH, alpha=0.01, dropout=(0.25, 0.5), weighted=True)


def weights_of(case):
    return np.where(case.weights > 0, case.weights, 0.25)


def windowed(case, weights=None, shuffle=True, dtype="float64"):
    weigh = None if weights is None else lambda y: weights[y]
    heaviest = 1.0 if weights is None else weights.max()
    meaning = Meaning(lambda y: case.Y[y], weigh, heaviest)
    source = WindowedRows(Arrays(case.X), CUT, meaning, dtype)
    return source, WindowShuffler(np.random.RandomState(0), CUT, shuffle)


def trainer(case, source, shuffler, steps_per_range=64):
    return Trainer(
        case.plan, case.hyper, source, shuffler, case.layers, SCHEDULES["constant"].rate, 0.05,
        alpha=case.alpha, steps_per_range=steps_per_range,
    )  # fmt: skip


def trained(training, epochs=3):
    records = []
    while len(records) < epochs:
        records += training.run(epochs - len(records))
    return [replace(record, seconds=0.0) for record in records]


@pytest.mark.parametrize("shuffle", [True, False], ids=["shuffled", "in order"])
@pytest.mark.parametrize("weighted", [True, False], ids=["weighted", "unweighted"])
def test_it_is_the_training_in_the_documented_order(case, same_bits, shuffle, weighted):
    weights = weights_of(case) if weighted else None
    one = trainer(case, *windowed(case, weights, shuffle))
    known = case.but(weights=weights, gathered=True)
    other = trainer(known, known.source(), Documented(CUT, shuffle))
    assert trained(one) == trained(other)
    assert same_bits(one.layers, other.layers)
    assert same_bits(one.state, other.state)


def test_it_agrees_with_the_readable_loop(case, distance):
    known = case.but(weights=weights_of(case))
    one = trainer(known, *windowed(known, known.weights))
    records = trained(one, 2)

    class Ordered(type(known)):
        def shuffler(self):
            return Documented(CUT, True)

    steps = Ordered(**vars(known)).eager(2 * -(-N // BATCH))
    assert distance(one.layers, steps[-1].layers) < 1e-10
    assert sum(record.steps for record in records) == len(steps)


@pytest.mark.parametrize("steps", [1, 2, 3, 64])
def test_the_cut_into_ranges_does_not_change_it(case, same_bits, steps):
    one = trainer(case, *windowed(case), steps_per_range=steps)
    other = trainer(case, *windowed(case))
    assert trained(one) == trained(other)
    assert same_bits(one.layers, other.layers)


def test_eager_steps_take_windows_too(case, distance):
    known = case.but(weights=weights_of(case))
    one = trainer(known, *windowed(known, known.weights))
    source, shuffler = windowed(known, known.weights)
    other = EagerTrainer(
        known.plan, known.hyper, source, shuffler, known.layers, SCHEDULES["constant"].rate, 0.05,
        alpha=known.alpha, library="numpy",
    )  # fmt: skip
    trained(one), trained(other)
    assert distance(one.layers, other.layers) < 1e-10


def test_two_windows_are_all_that_is_held(case):
    source, _ = windowed(case)
    held = [slot.X for slot in (source.front, source.back)]
    assert [len(X) for X in held] == [24, 24]
    trained(trainer(case, source, WindowShuffler(np.random.RandomState(0), CUT)), 2)
    assert {id(slot.X) for slot in (source.front, source.back)} == {id(X) for X in held}


def test_each_window_is_read_once_an_epoch(case):
    source, shuffler = windowed(case)
    trained(trainer(case, source, shuffler, steps_per_range=2), 4)
    source.close()
    # the window that comes next was read ahead
    assert 4 * N < source.reader.read_rows <= 4 * N + CUT.window_rows


def test_one_program_for_all_windows(case):
    known = case.but(plan=replace(case.plan, loss="mean_squared_error", activations=("tanh",) * 3))
    before = traces[known.plan]
    one = trainer(known, *windowed(known))
    trained(one, 3)
    assert traces[known.plan] - before == 1


@pytest.mark.parametrize("after", [1, 3, 4, 6])
def test_within_an_epoch_it_can_be_left_and_gone_on_with(case, same_bits, after):
    whole = trainer(case, *windowed(case), steps_per_range=2)
    expected = trained(whole, 2)
    one = trainer(case, *windowed(case), steps_per_range=2)
    for _ in range(after):
        assert one.run() == []
    begun, now = one.under_way(), (one.layers, one.state, one.step)
    other = trainer(case, *windowed(case), steps_per_range=2)
    other.go_on(*now, begun)
    assert trained(other, 2) == expected
    assert same_bits(other.layers, whole.layers)
    other.rewind()
    assert other.epoch == 1  # to where the last epoch began


def test_rewound_it_takes_the_same_way_again(case, same_bits):
    one = trainer(case, *windowed(case), steps_per_range=2)
    first = trained(one, 1)
    for _ in range(3):
        one.run()
    one.rewind()
    again = first + trained(one, 1)
    other = trainer(case, *windowed(case), steps_per_range=2)
    assert again == trained(other, 2)
    assert same_bits(one.layers, other.layers)


def test_a_disk_that_fails_leaves_the_training_where_it_was(case, same_bits):
    source, shuffler = windowed(case)
    one = trainer(case, source, shuffler)
    one.run()
    source.reader.broken = True
    with pytest.raises(OSError, match="disk is gone"):
        for _ in range(9):
            one.run()
    source.reader.broken = False
    records = trained(one, 2)
    other = trainer(case, *windowed(case))
    assert records == trained(other, 2)
    assert same_bits(one.layers, other.layers)
