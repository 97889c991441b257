"""The test images that the models find hardest."""

from collections.abc import Sequence

import numpy as np

from chainrule.data.splits import Part
from chainrule.experiments.predictions import Predictions
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
    said = {model.result.key: model.said for model in models if model.said is not None}
    wrong = np.sum([each.predicted != test.y for each in said.values()], axis=0)
    order = np.lexsort((_mean_probability([*said.values()], test.y), -wrong))
    chosen = [int(index) for index in order if wrong[index] > 0][:count]
    return tuple(
        HardImage(
            index=index,
            label=class_names[test.y[index]],
            pixels=tuple(map(float, test.X[index])),
            predictions=tuple(
                _prediction(key, each, index, int(test.y[index]), class_names)
                for key, each in said.items()
            ),
        )
        for index in chosen
    )


def _mean_probability(said: Sequence[Predictions], truth: np.ndarray) -> np.ndarray:
    """Of the true class, over the models that give probabilities; 0 where none does."""
    rows = np.arange(len(truth))
    given = [each.probabilities[rows, truth] for each in said if each.probabilities is not None]
    return np.mean(given, axis=0) if given else np.zeros(len(truth))


def _prediction(
    key: str, said: Predictions, index: int, truth: int, class_names: Sequence[str]
) -> Prediction:
    answer = int(said.predicted[index])
    probabilities = None if said.probabilities is None else said.probabilities[index]
    return Prediction(
        model=key,
        label=class_names[answer],
        probability=None if probabilities is None else float(probabilities[answer]),
        probability_of_truth=None if probabilities is None else float(probabilities[truth]),
    )
