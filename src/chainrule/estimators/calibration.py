r"""Whether a classifier is right as often as it says: reliability, its error, and temperature.

A prediction's confidence is the largest of its probabilities. A calibrated classifier is right in
80 % of the cases in which its confidence is 0.8.

Bins
    ``"width"``: B bins of equal width, bin m holding the confidences in ((m - 1) / B, m / B].
    ``"mass"``: B bins of as nearly equal counts as can be; equal confidences share a bin.
Expected calibration error
    The mean over all samples of |accuracy - confidence| of their bin:
    sum_m n_m / n |acc_m - conf_m|.
Temperature
    softmax(z / T) with the T that minimises the mean negative log-likelihood of labels that were
    not trained on. In beta = 1 / T it is convex, and its derivative, which grows with beta, is::

        mean over samples of (sum_k p_k z_k - z_label),    p = softmax(beta z)

    so the minimum is the one place where that is 0. No label that is predicted changes.

Probabilities are ``(n, k)``, a row for each sample; labels are the numbers of their columns
(for an estimator, the places of the labels in ``classes_``). log p is as good as the logits, from
which it differs by a number for each row; a probability of 0 counts as the smallest that its
type has.

Sources: Naeini, Cooper and Hauskrecht 2015 (the error), Guo et al. 2017 (temperature).
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import log_softmax, softmax

from chainrule.errors import InvalidInputError, unknown_name

__all__ = [
    "Reliability",
    "expected_calibration_error",
    "fit_temperature",
    "negative_log_likelihood",
    "reliability",
    "with_temperature",
]

Floats = npt.NDArray[np.float64]
STRATEGIES = ("width", "mass")
SUM_TOLERANCE = 1e-3


class Reliability(NamedTuple):
    """The data of a reliability diagram, one value a bin: its edges ``(bins + 1,)`` (for bins of
    equal mass the smallest confidence of each, and the largest of all), mean confidence, accuracy
    (both NaN where it is empty) and number of samples."""

    edges: Floats
    confidence: Floats
    accuracy: Floats
    counts: npt.NDArray[np.int64]

    @property
    def error(self) -> float:
        """The expected calibration error."""
        gaps = np.abs(np.nan_to_num(self.accuracy) - np.nan_to_num(self.confidence))
        return float(gaps @ self.counts / self.counts.sum())


def reliability(
    probabilities: npt.ArrayLike, labels: npt.ArrayLike, bins: int = 15, strategy: str = "width"
) -> Reliability:
    """The data of a reliability diagram.

    Parameters
    ----------
    probabilities : array, (n, k)
        As ``predict_proba`` gives them.
    labels : array, (n,)
        The true columns, 0..k-1.
    bins : int
        How many bins.
    strategy : "width" or "mass"
        Bins of equal width, or of equal count.

    Raises
    ------
    InvalidInputError
        If the probabilities are none, or the labels no columns of them.
    """
    P, y = _checked(probabilities, labels, sums_to_one=True)
    if bins < 1:
        raise InvalidInputError(f"bins must be at least 1, got {bins}.")
    if strategy not in STRATEGIES:
        raise InvalidInputError(unknown_name("strategy", strategy, STRATEGIES))
    confidence, right = P.max(axis=1), P.argmax(axis=1) == y
    if strategy == "width":
        edges = np.linspace(0, 1, bins + 1)
        number = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    else:
        order = np.sort(confidence)
        number = np.searchsorted(order, confidence, side="left") * bins // len(order)
        starts = order[-(-np.arange(bins) * len(order) // bins)]
        edges = np.append(starts, order[-1])
    counts = np.bincount(number, minlength=bins)
    with np.errstate(invalid="ignore"):
        return Reliability(
            edges,
            np.bincount(number, confidence, bins) / counts,
            np.bincount(number, right, bins) / counts,
            counts,
        )


def expected_calibration_error(
    probabilities: npt.ArrayLike, labels: npt.ArrayLike, bins: int = 15, strategy: str = "width"
) -> float:
    """The expected calibration error; arguments as for ``reliability``."""
    return reliability(probabilities, labels, bins, strategy).error


def fit_temperature(
    probabilities: npt.ArrayLike, labels: npt.ArrayLike, *, logits: bool = False
) -> float:
    """The temperature that makes the labels most likely.

    Parameters
    ----------
    probabilities : array, (n, k)
        As ``predict_proba`` gives them, of data that were not trained on; or, with
        ``logits=True``, the pre-activations of softmax.
    labels : array, (n,)
        The true columns, 0..k-1.

    Returns
    -------
    T : float
        Above 1 for a classifier that is too sure of itself. Infinite where the probabilities
        say nothing of the labels.

    Raises
    ------
    InvalidInputError
        If every label is the most probable one: then a lower temperature is always better.
    """
    P, y = _checked(probabilities, labels, sums_to_one=not logits)
    Z = P if logits else np.log(P)
    Z = Z - Z.max(axis=1, keepdims=True)
    Z_label = Z[np.arange(len(y)), y]

    def slope(beta: float) -> float:
        return float(np.mean((softmax(beta * Z, axis=1) * Z).sum(axis=1) - Z_label))

    if slope(0.0) >= 0:
        return float("inf")
    if (Z_label == 0).all():
        raise InvalidInputError(
            f"A temperature needs labels that are not the most probable ones: all {len(y)} are, "
            "and the lower the temperature the better. Use more, or harder, validation data."
        )
    # between two neighbouring powers of 2, for logits of any size
    high = 1.0
    while slope(high) < 0:
        high *= 2
    while slope(high / 2) >= 0:
        high /= 2
    return 1 / float(brentq(slope, high / 2, high, xtol=1e-300, rtol=1e-14))


def with_temperature(
    probabilities: npt.ArrayLike, temperature: float, *, logits: bool = False
) -> Floats:
    """The probabilities after division of their logits by the temperature, ``(n, k)``."""
    if not temperature > 0:
        raise InvalidInputError(f"A temperature must be positive, got {temperature}.")
    P = _matrix(probabilities, sums_to_one=not logits)
    result: Floats = softmax((P if logits else np.log(P)) / temperature, axis=1)
    return result


def negative_log_likelihood(
    probabilities: npt.ArrayLike,
    labels: npt.ArrayLike,
    temperature: float = 1.0,
    *,
    logits: bool = False,
) -> float:
    """The mean of -log p_label at a temperature: what ``fit_temperature`` minimises."""
    P, y = _checked(probabilities, labels, sums_to_one=not logits)
    Z = (P if logits else np.log(P)) / temperature
    return -float(np.mean(log_softmax(Z, axis=1)[np.arange(len(y)), y]))


def _matrix(values: npt.ArrayLike, sums_to_one: bool) -> Floats:
    """The values in float64; probabilities without a 0."""
    P: Any = np.asarray(values)
    if P.dtype != np.float32:
        P = P.astype(np.float64)
    if P.ndim != 2 or 0 in P.shape or not np.isfinite(P).all():
        raise InvalidInputError(
            f"A finite number for each sample and class, (n, k), is needed; got shape {P.shape}"
            f"{'' if np.isfinite(P).all() else ' with NaN or infinities'}."
        )
    if sums_to_one and (P.min() < 0 or np.abs(P.sum(axis=1) - 1).max() > SUM_TOLERANCE):
        raise InvalidInputError(
            "Probabilities must not be negative and must sum to 1 in each row; got values from "
            f"{P.min():g} to {P.max():g}. Give predict_proba's, or to fit a temperature "
            "pre-activations with logits=True."
        )
    # the smallest positive number is that of the type in which they were computed
    tiny = np.finfo(P.dtype).tiny
    return np.maximum(P, tiny).astype(np.float64) if sums_to_one else P.astype(np.float64)


def _checked(
    values: npt.ArrayLike, labels: npt.ArrayLike, sums_to_one: bool
) -> tuple[Floats, npt.NDArray[np.int64]]:
    P, y = _matrix(values, sums_to_one), np.asarray(labels)
    if y.shape != (len(P),):
        raise InvalidInputError(f"{len(P)} labels are needed, (n,); got shape {y.shape}.")
    if y.dtype.kind not in "iub" or y.min() < 0 or y.max() >= P.shape[1]:
        raise InvalidInputError(
            f"Labels must be whole numbers from 0 to {P.shape[1] - 1}, the columns of the "
            f"probabilities; got {y.dtype} such as {y[:3].tolist()}. For other labels use "
            "numpy.searchsorted(estimator.classes_, y)."
        )
    return P, y.astype(np.int64)
