"""The trainer with eager steps keeps the same books as the compiled one."""

import numpy as np
import pytest
import torch

from chainrule.engine.eager_trainer import EagerTrainer
from chainrule.equations.schedules import SCHEDULES

RATE = 0.05
CASES = {
    "plain": {"optimizer": "momentum"},
    "weighted": {"optimizer": "adam", "weighted": True, "alpha": 0.1},
    "dropped": {"optimizer": "rmsprop", "dropout": (64 / 256, 25 / 256), "l1": 0.02},
}


def eager(case, **settings):
    return EagerTrainer(
        case.plan,
        case.hyper,
        case.source(),
        case.shuffler(),
        case.layers,
        SCHEDULES["constant"].rate,
        RATE,
        l2=case.l2,
        alpha=case.alpha,
        **settings,
    )


def epochs(trainer, count):
    found = []
    while len(found) < count:
        found += trainer.run(count - len(found))
    return found


def close(a, b):
    for one, other in zip(a, b, strict=True):
        np.testing.assert_allclose(np.asarray(one.W), np.asarray(other.W), rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(np.asarray(one.b), np.asarray(other.b), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("gathered", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_records_and_parameters_are_the_compiled_ones(name, gathered, library, make_case):
    """27 rows in batches of eight, in ranges that end within an epoch."""
    case = make_case(**CASES[name]).but(gathered=gathered)
    mine, compiled = eager(case, library=library, steps_per_range=3), case.trainer()
    for ours, theirs in zip(epochs(mine, 4), epochs(compiled, 4), strict=True):
        assert (ours.epoch, ours.steps, ours.rows) == (theirs.epoch, theirs.steps, theirs.rows)
        assert ours.loss == pytest.approx(theirs.loss, rel=1e-12)
        assert ours.row_loss == pytest.approx(theirs.row_loss, rel=1e-12)
        assert ours.penalty == pytest.approx(theirs.penalty, rel=1e-12)
        assert ours.rate == theirs.rate
    close(mine.layers, compiled.layers)
    assert mine.state.keys() == compiled.state.keys()
    assert all(type(layer.W) is np.ndarray for layer in mine.layers)


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_ranges_change_no_bit_and_can_be_taken_back(library, make_case):
    case = make_case(**CASES["dropped"])
    whole, cut = eager(case, library=library), eager(case, library=library, steps_per_range=1)
    epochs(whole, 3)
    epochs(cut, 2)
    cut.run(1)  # the first step of the third epoch
    cut.rewind()
    epochs(cut, 1)
    for a, b in zip(whole.layers, cut.layers, strict=True):
        assert np.array_equal(a.W, b.W) and np.array_equal(a.b, b.b)


def test_a_range_has_fewer_steps_than_a_compiled_one(make_case):
    case = make_case()
    assert 1 <= eager(case).capacity < case.trainer(steps_per_range=None).capacity


class Seen(Exception):
    """The stub of a training has seen enough."""


def test_small_steps_take_one_thread_and_give_the_others_back(make_case, monkeypatch):
    seen = []

    def stop(*given, **settings):
        seen.append(torch.get_num_threads())
        raise Seen

    monkeypatch.setattr("chainrule.engine.eager_trainer.train", stop)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        for small in (1e9, 0.0):
            monkeypatch.setattr("chainrule.engine.eager_trainer.SMALL_WORK", small)
            with pytest.raises(Seen):
                eager(make_case()).run(1)
            assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert seen == [1, 2]


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_the_eager_loop_goes_on_from_a_state_and_a_step(library, make_case):
    case = make_case(**CASES["dropped"])
    steps = case.eager(8, library=library)
    assert len(steps) == 8
    half = eager(case, library=library, steps_per_range=4)
    half.run(1)
    again = eager(case, library=library, state=half.state, step=4, steps_per_range=4)
    again.layers, again.timetable = half.layers, half.timetable
    again.run(1)
    close(again.layers, [type(layer)(*map(np.asarray, layer)) for layer in steps[-1].layers])
