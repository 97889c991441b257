"""What a network has to be better than: the loss of the best answer that does not look at X."""

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from chainrule.equations.losses import LOSSES

__all__ = ["ROWS", "HeldOutChance", "chance_loss", "held_out_chance"]

ROWS = 10_000
"""So many rows tell it well enough."""

BY_MEDIAN = ("absolute_error", "huber")
"""Losses whose best constant is the median (nearly, for huber); of the others it is the mean."""

LIKELIHOODS = ("cross_entropy", "logit_cross_entropy", "binary_cross_entropy")
"""Losses that are a negative log-likelihood of what the rows are."""


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
    return _loss(loss, settings, _best(loss, Y, weights), Y, weights)


class HeldOutChance(NamedTuple):
    """What the best constant answer of the training rows gets on rows to validate on: its loss, its
    score where that is a share of the rows (NaN else), and the number of rows (with weights, as
    many as they are worth). A network that knows nothing of these rows has a loss that is lower by
    c ``luck`` with a probability of at most e^-c."""

    loss: float
    score: float
    rows: float
    luck: float

    def least(self, looks: int, sure: float) -> float:
        """The loss that luck alone hardly reaches (with probability ``sure``) in any of so many
        looks."""
        return self.loss - math.log(looks / sure) * self.luck

    def most(self, deviations: float) -> float:
        """A score, as a share of the rows, that is so many standard deviations better."""
        p = min(max(self.score, 1 / self.rows), 1 - 1 / self.rows)
        return self.score + deviations * math.sqrt(p * (1 - p) / self.rows)


Score = Callable[
    [npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64] | None], float
]


def held_out_chance(
    loss: str,
    settings: Mapping[str, float],
    train: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64] | None],
    held: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64] | None],
    score: Score | None = None,
) -> HeldOutChance:
    """The constant that is best for ``train``, looked at on ``held``: each targets, ``(n, k)``,
    and weights or None. ``score(A, Y, weights)`` is the classifier's.

    A cross-entropy is a log-likelihood: that of n rows is better than the true shares' by c with a
    probability of at most e^-c, whatever is answered (Markov's inequality), and its mean by c / n.
    A squared error in units of the targets' variance is twice that, and other losses are taken
    like it: 2 R / n.
    """
    (Y, weights), (Y_held, weights_held) = train, held
    best = _best(loss, Y, weights)
    value = _loss(loss, settings, best, Y_held, weights_held)
    rows = float(len(Y_held))
    if weights_held is not None:
        rows = float(weights_held.sum() ** 2 / np.square(weights_held).sum())
    luck = 1 / rows if loss in LIKELIHOODS else 2 * value / rows
    answers = np.broadcast_to(best, Y_held.shape)
    found = math.nan if score is None else score(answers, Y_held, weights_held)
    return HeldOutChance(value, found, rows, luck)


def _best(
    loss: str, Y: npt.NDArray[np.float64], weights: npt.NDArray[np.float64] | None
) -> npt.NDArray[np.float64]:
    """The best constant for these targets, (k,)."""
    if loss in BY_MEDIAN:
        known = np.ones(len(Y)) if weights is None else weights
        return np.array([_median(column, known) for column in Y.T])
    return np.asarray(np.average(Y, axis=0, weights=weights))


def _loss(
    loss: str,
    settings: Mapping[str, float],
    constant: npt.NDArray[np.float64],
    Y: npt.NDArray[np.float64],
    weights: npt.NDArray[np.float64] | None,
) -> float:
    """The mean loss of one answer for all rows, some rows at a time."""
    row = LOSSES[loss]
    values = []
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for first in range(0, len(Y), ROWS):
            some = Y[first : first + ROWS].astype(np.float64)
            answers = np.tile(constant, (len(some), 1))
            values.append(row.value(answers, some, **{**row.settings, **settings}))
        return float(np.average(np.concatenate(values), weights=weights))


def _median(values: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]) -> float:
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])
