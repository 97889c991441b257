"""The calibration of one model of a run: on the test part, with a temperature of the validation."""

import numpy as np

from chainrule.errors import InvalidInputError
from chainrule.estimators.calibration import (
    expected_calibration_error,
    fit_temperature,
    negative_log_likelihood,
    with_temperature,
)
from chainrule.experiments.estimates import Calibration
from chainrule.experiments.predictions import Predictions

__all__ = ["BINS", "calibration", "cooled"]

BINS = 10
"""As many as a report's reliability diagram has."""


def calibration(
    test: Predictions,
    truth: np.ndarray,
    validation: Predictions | None = None,
    labels: np.ndarray | None = None,
) -> Calibration | None:
    """The errors on the test part, whose classes are ``truth``, (n,); None for a model whose
    answers are no distribution over the classes.

    ``labels``, (m,), are the classes of the validation part, if there is one.
    """
    if test.probabilities is None or test.log_probabilities is None:
        return None
    error = expected_calibration_error(test.probabilities, truth, BINS)
    found = Calibration(bins=BINS, error=error)
    T = None if labels is None else _temperature(test, validation, labels)
    if T is None:
        return found
    after = {
        "temperature": T,
        "error_after": expected_calibration_error(cooled(test, T), truth, BINS),
        "loss_after": negative_log_likelihood(test.log_probabilities, truth, T, logits=True),
    }
    return found.model_copy(update=after)


def cooled(said: Predictions, temperature: float) -> np.ndarray:
    """The probabilities at a temperature, (n, classes)."""
    assert said.log_probabilities is not None  # else it has no temperature
    return with_temperature(said.log_probabilities, temperature, logits=True)


def _temperature(
    test: Predictions, validation: Predictions | None, labels: np.ndarray
) -> float | None:
    """Fitted on the validation part; None where that cannot be, see `Calibration`."""
    if validation is None or not (_has_logits(test) and _has_logits(validation)):
        return None
    assert validation.log_probabilities is not None  # it has logits
    try:
        T = fit_temperature(validation.log_probabilities, labels, logits=True)
    except InvalidInputError:  # every row is right
        return None
    return T if np.isfinite(T) else None


def _has_logits(said: Predictions) -> bool:
    """Whether a temperature can move all its probabilities: not those that are 0."""
    return said.log_probabilities is not None and bool(np.isfinite(said.log_probabilities).all())
