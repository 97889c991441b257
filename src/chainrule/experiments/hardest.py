"""The test images that the models find hardest."""

from collections.abc import Sequence

import numpy as np

from chainrule.data.splits import Part
from chainrule.experiments.results import HardImage, Prediction
from chainrule.experiments.training import Trained

__all__ = ["RULE", "hardest"]

RULE = (
    "Images that at least one model has wrong; first those that most models have wrong, then those "
    "to whose true class the models give the least probability on average."
)


def hardest(
    models: Sequence[Trained], test: Part, class_names: Sequence[str], count: int
) -> tuple[HardImage, ...]:
    """The first ``count`` images under `RULE`, with what every model says of them."""
    models = [model for model in models if model.predicted is not None]
    wrong = np.sum([model.predicted != test.y for model in models], axis=0)
    order = np.lexsort((_mean_probability(models, test.y), -wrong))
    chosen = [int(index) for index in order if wrong[index] > 0][:count]
    return tuple(
        HardImage(
            index=index,
            label=class_names[test.y[index]],
            pixels=tuple(map(float, test.X[index])),
            predictions=tuple(
                _prediction(model, index, int(test.y[index]), class_names) for model in models
            ),
        )
        for index in chosen
    )


def _mean_probability(models: Sequence[Trained], truth: np.ndarray) -> np.ndarray:
    """Of the true class, over the models that give probabilities; 0 where none does."""
    rows = np.arange(len(truth))
    given = [m.probabilities[rows, truth] for m in models if m.probabilities is not None]
    return np.mean(given, axis=0) if given else np.zeros(len(truth))


def _prediction(model: Trained, index: int, truth: int, class_names: Sequence[str]) -> Prediction:
    assert model.predicted is not None  # the others have been left out
    answer = int(model.predicted[index])
    probabilities = None if model.probabilities is None else model.probabilities[index]
    return Prediction(
        model=model.result.key,
        label=class_names[answer],
        probability=None if probabilities is None else float(probabilities[answer]),
        probability_of_truth=None if probabilities is None else float(probabilities[truth]),
    )
