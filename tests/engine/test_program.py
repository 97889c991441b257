"""A range of updates in one compiled call: what counts, and what must not."""

import numpy as np
import pytest

from chainrule.engine.batches import Resident
from chainrule.engine.device import precision
from chainrule.engine.program import Data, Steps, run_range
from chainrule.equations.optimizers import OPTIMIZERS

CAPACITY = 8


def call(case, order, *, first=0, count=None, data=None, rate=None, start=None):
    """Run ``order`` (at most ``CAPACITY`` batches) from the case's parameters, or ``start``."""
    order = np.asarray(order, np.int32)
    count = len(order) if count is None else count
    padding = np.full((CAPACITY - len(order), order.shape[1]), case.X.shape[0], np.int32)
    layers, state = start or (case.layers, OPTIMIZERS[case.plan.optimizer].init(case.layers))
    with precision(case.plan.dtype):
        steps = Steps(
            np.concatenate([order, padding]),
            np.full(CAPACITY, 0.05) if rate is None else rate,
            np.full(CAPACITY, 0.01),
            np.asarray(first, np.uint32),
            np.asarray(count, np.int32),
        )
        return run_range(case.plan, layers, state, case.hyper, data or case.source().data, steps)


@pytest.fixture
def case(make_case):
    return make_case("adam", l2=0.01, dropout=(0.25, 0.5), weighted=True)


@pytest.fixture
def order():
    return np.random.default_rng(0).integers(27, size=(6, 8))


def test_as_many_steps_run_as_are_counted(case, order, same_bits):
    """What lies behind the last step - rows, rates - has no influence."""
    junk = np.where(np.arange(CAPACITY) < 3, 0.05, np.nan)
    few = call(case, order[:3])
    counted = call(case, order, count=3, rate=junk)
    assert same_bits(few, counted)
    assert np.asarray(few.loss)[:3].all()
    assert not np.asarray(few.loss)[3:].any()
    assert not np.asarray(few.penalty)[3:].any()


def test_no_steps_change_nothing(case, order, same_bits):
    after = call(case, order, count=0)
    assert same_bits(after.layers, case.layers)
    assert not np.asarray(after.loss).any()


def test_two_calls_are_one(case, order, same_bits):
    whole = call(case, order)
    begun = call(case, order[:2])
    ended = call(case, order[2:], first=2, start=(begun.layers, begun.state))
    assert same_bits((whole.layers, whole.state), (ended.layers, ended.state))
    assert np.array_equal(whole.loss[2:6], ended.loss[:4])


def test_masks_go_by_the_step_in_the_whole_training(case, order, same_bits):
    assert not same_bits(call(case, order).layers, call(case, order, first=1).layers)


def test_without_a_penalty_none_is_computed(make_case, order):
    assert not np.asarray(call(make_case("sgd"), order).penalty).any()


def test_padding_in_a_batch_has_no_influence(make_case, distance):
    """Five rows in batches of eight, and in batches of five, which are another program. Masks
    are the same because they are drawn for each sample by its place in the batch."""
    order = np.random.default_rng(0).integers(27, size=(6, 5))
    settings = {"l2": 0.01, "dropout": (0.25, 0.5), "weighted": True}
    exact, padded = (make_case("adam", batch_size=size, **settings) for size in (5, 8))
    filled = np.concatenate([order, np.full((6, 3), 27)], axis=1)
    assert distance(call(exact, order), call(padded, filled)) < 1e-14


@pytest.mark.parametrize("size", [1e3, 1e100])
def test_what_rows_without_weight_hold_has_no_influence(case, order, size, same_bits):
    """Padding and samples of weight zero, wherever they lie in a batch. (Their values must be
    such that the network's outputs are finite, since 0 times infinity is no number.)"""
    source, nothing = case.source(), np.flatnonzero(case.weights == 0)
    assert nothing.size > 0
    order[:, 3] = 27
    X, Y, weights = map(np.array, source.data)
    X[27:], X[nothing] = size, -size
    Y[27:], Y[nothing] = 1 / 3, 1 / 3
    with precision("float64"):
        poisoned = call(case, order, data=Data(X, Y, weights))
    assert same_bits(call(case, order), poisoned)


@pytest.mark.parametrize("dtype", [bool, np.int8])
def test_rows_may_lie_in_any_dtype_that_converts_exactly(case, order, dtype, same_bits):
    narrow = Resident(case.X, case.Y.astype(dtype), case.weights, "float64").data
    assert narrow.Y.dtype == dtype
    assert same_bits(call(case, order), call(case, order, data=narrow))
