"""A combination's record from its trainings, by hand."""

import math

import pytest

from chainrule.experiments.cells import MOST, cell_of, judged_by, worth


def training(losses, scores=None, diverged=False, steps=10, noise=None):
    history = {"epoch": list(range(1, len(losses) + 1)), "steps": [steps] * len(losses)}
    history["train_loss"] = losses
    if scores is not None:
        history["validation_score"] = scores
        history["validation_loss"] = [None if s is None else 1 - s for s in scores]
    facts = {"history": history, "seconds": 1.0, "diverged": diverged}
    return facts | ({"noise": noise} if noise else {})


def made(*trainings, probes=(), seeds=None):
    seeds = list(range(len(trainings))) if seeds is None else seeds
    return cell_of("a=1", {"a": 1}, 10, seeds, trainings, probes)


def test_the_last_the_best_and_the_lowest():
    cell = made(training([2.0, 1.0, 0.5], [0.6, 0.9, 0.8]), training([2.0, 1.0, 0.7], [0.7] * 3))
    assert cell.train_loss.values == (0.5, 0.7) and cell.train_loss.mean == pytest.approx(0.6)
    assert cell.validation_score.values == (0.8, 0.7)
    assert cell.best_score.values == (0.9, 0.7) and cell.best_epochs == (2.0, 1.0)
    assert cell.lowest_loss.values == pytest.approx((0.1, 0.3))
    assert cell.updates == 30 and cell.test_loss is None


def test_losses_have_intervals_beyond_one_and_scores_have_not():
    cell = made(training([9.0], [0.9]), training([1.0], [1.0]))
    assert cell.train_loss.high > 9 and cell.train_loss.low < 0
    assert cell.validation_score.high == 1.0


def test_what_diverged_is_left_out_and_told_of():
    lost = training([5.0, None], [0.1, None], diverged=True)
    cell = made(training([2.0, 1.0], [0.5, 0.6]), lost, seeds=[7, 9])
    assert cell.train_loss.values == (1.0,) and cell.train_loss.low is None
    ((seed, epoch, loss),) = [(e.seed, e.epoch, e.last_finite_loss) for e in cell.lost]
    assert (seed, epoch, loss) == (9, 2, 5.0)
    assert cell.curves["train_loss"] == (2.0, 1.0)


def test_where_all_diverged_the_first_is_shown():
    first = training([3.0, 4000.0], diverged=True)
    cell = made(first, training([None], diverged=True))
    assert cell.train_loss is None and cell.best_epochs == ()
    assert cell.curves["train_loss"] == (3.0, 4000.0)
    assert [each.last_finite_loss for each in cell.lost] == [4000.0, None]
    assert cell.updates == 20


def test_probes_stand_before_the_first_epoch():
    probe = training([2.5], steps=3, noise={**NOISE, "updates": 3})
    cell = made(training([2.0, 1.0], noise={**NOISE, "updates": 20}), probes=[(0, probe)])
    assert cell.curves["updates"] == (3.0, 10.0, 20.0)
    assert cell.curves["epoch"] == (0.3, 1.0, 2.0)
    assert cell.curves["train_loss"] == (2.5, 2.0, 1.0)
    assert [each.updates for each in cell.noise] == [3, 20]


NOISE = {"updates": 0, "scale": 5.0, "low": 4.0, "high": None, "noise": 1.0, "signal": 0.2}


def test_curves_are_means_over_the_seeds():
    cell = made(training([2.0, 1.0]), training([4.0, 2.0]))
    assert cell.curves["train_loss"] == (3.0, 1.5)


def test_a_long_curve_is_thinned_with_both_ends():
    cell = made(training([float(n) for n in range(500)]))
    assert len(cell.curves["train_loss"]) == MOST
    assert cell.curves["train_loss"][0] == 0.0 and cell.curves["train_loss"][-1] == 499.0


def test_whom_to_choose():
    good = made(training([1.0], [0.9]))
    better = made(training([1.0], [0.95]), training([None], diverged=True))
    none = made(training([None], diverged=True))
    assert sorted([none, better, good], key=worth)[::-1] == [good, better, none]
    assert judged_by([good]) == "validation_score"
    low, high = made(training([0.1])), made(training([0.2]))
    assert worth(low) > worth(high) and judged_by([low, high]) == "train_loss"
    assert worth(none) == (-math.inf, -math.inf)
