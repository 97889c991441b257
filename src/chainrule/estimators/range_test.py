r"""The learning-rate range test: a short training at growing rates, to see where it breaks.

The rates grow exponentially, r_k = low (high / low)^(k / (steps - 1)). The loss l_k is that of the
k-th batch before its update with r_k: what the rates before it have made of the network. It is
smoothed by an exponentially weighted mean that is corrected for its beginning::

    m_k = beta m_{k-1} + (1 - beta) l_k,    s_k = m_k / (1 - beta^(k+1)),    beta = ``smoothing``

The first 1 / (1 - beta) values of s are means of few losses, and decide nothing. Of the others:

Lowest
    the rate at which s is smallest.
Suggested
    a tenth of it. Where s is lowest the rate is about to be too high; a tenth keeps the distance
    that a whole training needs, and is still among the fast ones. None where s never falls.
Diverged
    the first rate at which the loss is not finite; or at which s is above four times its minimum
    so far and above where it began, so that neither noise around a small loss nor a network that
    has learnt nothing counts. The test ends there. None where it came to its end.

Source: Smith 2017, "Cyclical Learning Rates for Training Neural Networks", section 3.3, with rates
that grow exponentially instead of linearly. Smith reads the rates off a plot; these rules are ours.
"""

from collections.abc import Iterator
from itertools import islice
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.sparse
from sklearn.base import clone

from chainrule.engine.batches import Shuffler
from chainrule.engine.eager import train
from chainrule.errors import InvalidInputError
from chainrule.estimators.base import BaseMLP
from chainrule.estimators.minibatch import make_trainer, targets

__all__ = ["RangeTest", "learning_rate_range_test", "read_off"]

WORSE = 4.0
SHARE = 0.1

Floats = npt.NDArray[np.float64]


class RangeTest(NamedTuple):
    """What a range test found: a rate, the loss before its update and the smoothed loss for each
    step that was made, ``(n,)``, and the rates that the module's rules tell of (or None)."""

    rates: Floats
    losses: Floats
    smoothed: Floats
    lowest: float | None
    suggested: float | None
    diverged: float | None


def learning_rate_range_test(
    estimator: BaseMLP,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    low: float = 1e-6,
    high: float = 10.0,
    steps: int = 200,
    smoothing: float = 0.9,
) -> RangeTest:
    """Train shortly with a learning rate that grows from step to step, and say where it breaks.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        Whose network, solver, batch size, penalties and dropout are tested, from new initial
        weights. It is left as it is, fitted or not: its learning rate and schedule are not looked
        at, and nothing of it is changed.
    X, y, sample_weight
        As for its ``fit``. All rows are trained on.
    low, high : float
        The first and the last learning rate.
    steps : int, default=200
        Updates in all; at least 20. More of them tell more where batches are small and noisy.
    smoothing : float, default=0.9
        What each smoothed loss keeps of the one before, from 0 (the loss itself) to below 1.

    Returns
    -------
    RangeTest
        ``rates``, ``losses`` and ``smoothed``, of as many steps as were made; ``lowest``,
        ``suggested`` and ``diverged``, by the rules at the head of this module.

    Raises
    ------
    InvalidInputError
        The estimator is not a network of ours that takes steps, or a setting is out of its range.

    Notes
    -----
    It runs the equations as they stand, in NumPy, and compiles nothing. Dropout and orders are
    drawn from the estimator's ``random_state``.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from chainrule import MLPClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> found = learning_rate_range_test(MLPClassifier((32,), random_state=0), X / 16, y)
    >>> found.suggested < found.lowest < found.diverged
    True
    """
    _check(estimator, low, high, steps, smoothing)
    net = clone(estimator).set_params(
        early_stopping=False, stopping=None, schedule=None, learning_rate="constant",
        warm_start=False,
    )  # fmt: skip
    net._validate_params()
    rates = np.geomspace(low, high, steps)
    losses = []
    judge = Judge(smoothing)
    for loss in _losses(net, X, y, sample_weight, rates):
        losses.append(loss)
        if judge.diverged(loss):
            break
    return read_off(rates[: len(losses)], np.array(losses), smoothing)


def read_off(rates: npt.ArrayLike, losses: npt.ArrayLike, smoothing: float = 0.9) -> RangeTest:
    """A range test's results from its rates and losses, wherever they are from, both ``(n,)``."""
    given, values = np.asarray(rates, dtype=float), np.asarray(losses, dtype=float)
    judge = Judge(smoothing)
    ends = [judge.diverged(float(value)) for value in values]
    last = ends.index(True) if True in ends else None
    shown = slice(None) if last is None else slice(last + 1)
    smoothed = np.array(judge.smoothed)[shown]
    lowest = _lowest(smoothed, judge.first)
    return RangeTest(
        given[shown],
        values[shown],
        smoothed,
        None if lowest is None else float(given[lowest]),
        None if lowest is None else SHARE * float(given[lowest]),
        None if last is None else float(given[last]),
    )


class Judge:
    """Takes losses one after the other, smooths them, and says when they have diverged."""

    def __init__(self, smoothing: float) -> None:
        self.beta, self.mean = smoothing, 0.0
        self.first = round(1 / (1 - smoothing)) - 1
        self.smoothed: list[float] = []

    def diverged(self, loss: float) -> bool:
        self.mean = self.beta * self.mean + (1 - self.beta) * loss
        self.smoothed.append(self.mean / (1 - self.beta ** (len(self.smoothed) + 1)))
        if not isfinite(loss):
            return True
        judged = self.smoothed[self.first :]
        return bool(judged) and judged[-1] > max(WORSE * min(judged), judged[0])


def _lowest(smoothed: Floats, first: int) -> int | None:
    """Where the smoothed loss is lowest; None where it never falls below where it began."""
    judged = smoothed[first:]
    known = np.isfinite(judged)
    if not known.any():
        return None
    place = int(np.where(known, judged, np.inf).argmin())
    return first + place if place > 0 else None


def _check(estimator: Any, low: float, high: float, steps: int, smoothing: float) -> None:
    if not isinstance(estimator, BaseMLP):
        raise InvalidInputError(
            "A range test takes chainrule's MLPClassifier or MLPRegressor, came "
            f"{type(estimator).__name__}. Of a Pipeline, give the last step, and X as the steps "
            "before it make it."
        )
    if estimator.solver == "lbfgs":
        raise InvalidInputError(
            "The solver 'lbfgs' has no learning rate to test. Choose another, such as 'adam'."
        )
    if not 0 < low < high < np.inf:
        raise InvalidInputError(f"0 < low < high is required, came {low} and {high}.")
    if steps < 20:
        raise InvalidInputError(f"steps must be at least 20, came {steps}.")
    if not 0 <= smoothing < 1:
        raise InvalidInputError(f"smoothing must be at least 0 and below 1, came {smoothing}.")


def _losses(net: BaseMLP, X: Any, y: Any, sample_weight: Any, rates: Floats) -> Iterator[float]:
    """The loss of each batch before its update."""
    architecture, problem, stream, _ = net._prepare(X, y, sample_weight)
    trainer, rows = make_trainer(net, architecture, problem, stream), problem.train
    weights = np.ones(len(rows)) if rows.weights is None else rows.weights
    every = _batches(trainer.shuffler, trainer.plan.batch_size, weights)
    batches = list(islice(every, len(rates)))
    sums = np.array([weights[batch].sum() for batch in batches])
    inputs, Y = rows.X, targets(net._training_targets(rows.Y), trainer.plan.dtype)
    if scipy.sparse.issparse(inputs):  # of which only those that are used become dense
        used = np.unique(np.concatenate(batches))
        inputs, Y, weights = inputs.tocsr()[used].toarray(), Y[used], weights[used]
        batches = [np.searchsorted(used, batch) for batch in batches]
    with np.errstate(all="ignore"):  # it is meant to break
        for after in train(
            trainer.plan,
            trainer.hyper,
            trainer.layers,
            inputs,
            Y,
            batches,
            rates.tolist(),
            weights=weights,
            l2=(trainer.l2 + trainer.alpha / sums).tolist(),
        ):
            yield float(after.loss)


def _batches(shuffler: Shuffler, size: int, weights: Floats) -> Iterator[npt.NDArray[np.int64]]:
    """The rows of each batch, epoch after epoch; a batch that weighs nothing is left out."""
    while True:
        order = shuffler.next()
        for start in range(0, len(order), size):
            batch = order[start : start + size]
            if weights[batch].sum() > 0:
                yield batch
