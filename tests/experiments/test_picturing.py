"""From arrays to records, and from records to figures: the same figures as from the arrays."""

import json
import math

import numpy as np
import pytest
from tests.reports import made

from chainrule.experiments import picturing
from chainrule.experiments.pictures import LEVELS, Pictures
from chainrule.experiments.results import ModelResult, Scores


def test_a_record_from_before_there_were_pictures_still_loads():
    old = {"key": "a", "label": "A", "family": "mlp", "settings": {}, "scores": {"test": 0.5}}
    model = ModelResult.model_validate(old)
    assert model.pictures == Pictures() and model.overfit_epoch is None
    assert model.scores == Scores(test=0.5)


def test_all_pictures_survive_the_way_through_json():
    images = np.random.default_rng(0).random((100, 64))
    of_numbers = Pictures(
        answers=picturing.answers([1.0, 2.0], [1.5, np.inf]),
        curve=picturing.curve([0, 1], [2.0, np.nan], feature_name="x", test=[[0.5, 1.0]]),
    )
    of_classes = made.pictures(images, [str(n) for n in range(10)])
    numbers = of_numbers.model_dump(mode="json", exclude_defaults=True)
    whole = Pictures.model_validate({**of_classes, **numbers}).model_dump(mode="json")
    written = json.dumps(whole, allow_nan=False)
    found = Pictures.model_validate_json(written)
    assert all(getattr(found, name) for name in Pictures.model_fields)
    assert found.model_dump(mode="json") == json.loads(written)


def test_of_many_answers_the_first_are_kept_and_all_are_counted():
    truth = np.arange(700.0)
    found = picturing.answers(truth, truth + 3)
    assert (len(found.truth), found.n_rows, found.rmse) == (500, 700, 3.0)


def test_weights_come_back_to_half_a_level():
    W = np.random.default_rng(0).standard_normal((16, 80))
    found = picturing.weight_images(W, (4, 4), limit=5)
    norms = np.linalg.norm(W, axis=0)
    assert [norms[unit - 1] for unit in found.units] == sorted(norms, reverse=True)[:5]
    assert (found.n_units, found.shape) == (80, (4, 4))
    back = np.array(found.levels).T * found.limit / LEVELS
    kept = W[:, [unit - 1 for unit in found.units]]
    np.testing.assert_allclose(back, kept, atol=found.limit / LEVELS / 2 + 1e-12)


@pytest.mark.parametrize("fill", [0.0, np.nan, 1e30])
def test_strange_weights_have_levels(fill):
    W = np.random.default_rng(0).standard_normal((9, 40))
    W[0, 0] = fill
    found = picturing.weight_images(W, (3, 3))
    assert math.isfinite(found.limit) and max(map(max, found.levels)) <= LEVELS


def test_one_exploded_weight_leaves_the_others_their_levels():
    W = np.random.default_rng(0).standard_normal((784, 64))
    W[0, 0] = 1e9
    levels = np.abs(picturing.weight_images(W, (28, 28)).levels)
    assert np.mean(levels > 0) > 0.9


def test_mistakes_are_the_surest_wrong_rows():
    P = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.45, 0.55]])
    found = picturing.confident_mistakes(
        np.arange(8.0).reshape(4, 2), [1, 0, 0, 0], P, ["cat", "dog"], limit=2
    )
    assert [each.index for each in found] == [0, 2]
    first = found[0]
    assert (first.label, first.predicted, first.pixels) == ("dog", "cat", (0.0, 1.0))
    assert (first.probability, first.probability_of_truth) == (0.9, 0.1)


def test_a_diagnosis_keeps_what_is_finite_and_the_order():
    table = [[1.0, np.nan], [np.inf, 2.0]]
    found = picturing.layers_over_epochs([1, 2], {"gradient_norm": table})
    assert found.values == {"gradient_norm": ((1.0, None), (None, 2.0))}


def test_bins_and_histograms_are_those_of_the_figures():
    bins = picturing.reliability_bins([0.9, 0.95, 0.2], [True, False, False])
    assert bins.counts == (0, 1, 0, 0, 0, 0, 0, 0, 1, 1)
    assert bins.accuracy[9] == 0.0 and bins.confidence[0] is None
    (found,) = picturing.activation_histograms({"layer 1": [0.0, np.nan]})
    assert (found.layer, found.zeros, found.not_finite, found.std) == ("layer 1", 1, 1, 0.0)


def test_a_map_keeps_three_decimals_and_the_points():
    found = picturing.decision_map(
        [0, 1], [0, 1], np.full((4, 2), 1 / 3), train=([[0.5, 0.25]], [1])
    )
    assert found.probabilities == ((0.333, 0.333),) * 4
    assert found.train is not None and found.test is None
    assert (found.train.rows, found.train.classes) == (((0.5, 0.25),), (1,))
