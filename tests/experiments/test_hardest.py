"""Which images are called hard, and in which order."""

from types import SimpleNamespace

import numpy as np

from chainrule.data.splits import Part
from chainrule.experiments.hardest import hardest
from chainrule.experiments.predictions import Predictions

TEST = Part(np.arange(8.0).reshape(4, 2), np.array([0, 1, 0, 1]))
NAMES = ("cat", "dog")


def answers(key, predicted, truth_probability=None):
    probabilities = None
    if truth_probability is not None:
        p = np.array(truth_probability)
        probabilities = np.where(np.eye(2)[TEST.y] == 1, p[:, None], 1 - p[:, None])
    result = SimpleNamespace(key=key)
    return SimpleNamespace(result=result, said=Predictions(np.array(predicted), probabilities))


def test_wrong_by_most_models_first_then_by_the_probability_of_the_truth():
    models = [
        answers("a", [1, 0, 1, 1], [0.4, 0.1, 0.2, 0.9]),
        answers("b", [1, 1, 0, 1]),
    ]
    images = hardest(models, TEST, NAMES, 10)
    assert [image.index for image in images] == [0, 1, 2]
    first = images[0]
    assert (first.label, first.pixels) == ("cat", (0.0, 1.0))
    by_a, by_b = first.predictions
    assert (by_a.model, by_a.label) == ("a", "dog")
    assert (by_a.probability, by_a.probability_of_truth) == (0.6, 0.4)
    assert (by_b.label, by_b.probability, by_b.probability_of_truth) == ("dog", None, None)


def test_no_more_than_asked_for_and_none_that_all_have_right():
    models = [answers("a", [1, 1, 0, 0])]
    assert [image.index for image in hardest(models, TEST, NAMES, 1)] == [0]
    assert hardest([answers("a", TEST.y)], TEST, NAMES, 5) == ()
