"""What a network has to be better than: the loss of the best answer that does not look at X."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from chainrule.equations.losses import LOSSES

__all__ = ["ROWS", "chance_loss"]

ROWS = 10_000
"""So many rows tell it well enough."""

BY_MEDIAN = ("absolute_error", "huber")
"""Losses whose best constant is the median (nearly, for huber); of the others it is the mean."""


def chance_loss(
    loss: str,
    settings: Mapping[str, float],
    Y: npt.NDArray[np.float64],
    weights: npt.NDArray[np.float64] | None = None,
) -> float:
    """The mean loss of the best constant output for the targets ``Y``, ``(n, k)``.

    For the cross-entropy that is the entropy of the classes' shares, ln C for C equal ones; for
    squared errors it is the targets' variance (or half of it).
    """
    row = LOSSES[loss]
    weights = np.ones(len(Y)) if weights is None else weights
    if loss in BY_MEDIAN:
        best = np.array([_median(column, weights) for column in Y.T])
    else:
        best = np.average(Y, axis=0, weights=weights)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        values = row.value(np.tile(best, (len(Y), 1)), Y, **{**row.settings, **settings})
        return float(np.average(values, weights=weights))


def _median(values: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]) -> float:
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])
