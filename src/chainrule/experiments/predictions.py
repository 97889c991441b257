"""What a fitted classifier says of rows: classes, probabilities, and their logarithms.

Columns are the classes of the data set, in their order; a class that was not trained on has the
probability 0. Outputs that do not sum to 1, as those of a sigmoid for each class, are no
distribution over the classes: they say how sure the model is of each, and have no logarithms here.
"""

from dataclasses import dataclass

import numpy as np

from chainrule.experiments.fitting import Fitted

__all__ = ["Predictions", "predictions"]

SUM_TOLERANCE = 1e-3


@dataclass(frozen=True, eq=False)
class Predictions:
    """A model's answers for n rows, in float64."""

    predicted: np.ndarray  # (n,), class indices
    probabilities: np.ndarray | None = None  # (n, classes); None where the model has none
    log_probabilities: np.ndarray | None = None  # (n, classes); None for what is no distribution

    def losses(self, truth: np.ndarray) -> np.ndarray | None:
        """The cross-entropy of each row, -log p of its class, (n,); infinite where p is 0."""
        if self.log_probabilities is None:
            return None
        return -self.log_probabilities[np.arange(len(truth)), truth]


def predictions(fitted: Fitted, X: np.ndarray, n_classes: int) -> Predictions:
    """What the model says of rows as it takes them."""
    predicted = fitted.predict(X)
    if not hasattr(fitted.estimator, "predict_proba"):
        return Predictions(predicted)
    P = _columns(fitted, fitted.estimator.predict_proba(X), n_classes, 0.0)
    if not np.abs(P.sum(axis=1) - 1).max() < SUM_TOLERANCE:
        return Predictions(predicted, P)
    return Predictions(predicted, P, _logarithms(fitted, X, P))


def _logarithms(fitted: Fitted, X: np.ndarray, P: np.ndarray) -> np.ndarray:
    """As the model has them, if it has them: a network's come from its pre-activations."""
    with np.errstate(divide="ignore"):
        if not hasattr(fitted.estimator, "predict_log_proba"):
            return np.log(P)
        log = fitted.estimator.predict_log_proba(X)
    return _columns(fitted, log, P.shape[1], -np.inf)


def _columns(fitted: Fitted, values: np.ndarray, n_classes: int, other: float) -> np.ndarray:
    """A column for each class of the data; ``other`` where the model does not know it."""
    out = np.full((len(values), n_classes), other)
    out[:, fitted.estimator.classes_] = values
    return out
