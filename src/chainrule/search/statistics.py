"""What the scores of a search can carry: who is really better, and who is as good and simpler.

Scores are arrays (splits,) or (splits, seeds), of one candidate; the higher the better. Splits are
the folds, or the repeated divisions, of one set of data; seeds repeat a training on the same split.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from chainrule.errors import InvalidInputError

__all__ = [
    "Comparison",
    "OneStandardError",
    "Spread",
    "corrected_t_test",
    "one_standard_error",
    "spread",
    "standard_error",
]


class Comparison(NamedTuple):
    """A paired comparison: the mean difference, its standard error, Student's t, the degrees of
    freedom, and the two-sided p value."""

    difference: float
    standard_error: float
    t: float
    degrees: int
    p_value: float


def corrected_t_test(a: Any, b: Any, ratio: float) -> Comparison:
    """Nadeau and Bengio's corrected resampled t-test of two candidates on the same splits.

    With d_j = a_j - b_j the difference on split j of J, and s^2 their variance (J - 1)::

        t = mean(d) / sqrt((1/J + ratio) s^2),    J - 1 degrees of freedom

    The training parts of the splits overlap, so that the d_j are not independent and s^2 / J is
    too small a variance of their mean: with it, equal candidates are told apart far too often.
    ``ratio`` corrects it.

    Where there are several seeds, d_j is the mean over them: each seed of one candidate is paired
    with the same seed of the other on the same split. Seeds make d_j sharper; they are no further
    splits, and counting them as such would find differences that other data do not bear out.

    Parameters
    ----------
    a, b : (splits,) or (splits, seeds) arrays
        Scores of the two, in the same order.
    ratio : float
        Test rows over training rows of a split; 1 / (k - 1) for k folds.

    Returns
    -------
    Comparison
        Identical scores have p 1; a difference that is the same on all splits has p 0. Not a
        number where there is a single split, or a score is not a number.

    Raises
    ------
    InvalidInputError
        The arrays differ in shape, or the ratio is not positive.

    Notes
    -----
    C. Nadeau and Y. Bengio, "Inference for the Generalization Error", Machine Learning 52, 2003,
    section 3, test 5. The p value is of one comparison; of many against the best, some are small
    by chance, and the best was chosen for being best.
    """
    first, second = _scores(a), _scores(b)
    if first.shape != second.shape:
        raise InvalidInputError(
            f"Paired scores are required, came shapes {first.shape} and {second.shape}."
        )
    if not ratio > 0:
        raise InvalidInputError(
            f"ratio is test rows over training rows, a positive number; came {ratio!r}."
        )
    with np.errstate(invalid="ignore"):  # infinite on both sides
        differences = (first - second).mean(axis=1)
    count = len(differences)
    mean = float(differences.mean())
    if count < 2 or not math.isfinite(mean):
        return Comparison(mean, math.nan, math.nan, count - 1, math.nan)
    deviation = float(differences.std(ddof=1))
    # Equal differences of scores leave a deviation of rounding, which is none.
    if deviation <= 1e-12 * max(np.abs(first).max(), np.abs(second).max()):
        deviation = 0.0
    error = math.sqrt(1 / count + ratio) * deviation
    if error == 0:
        t = math.copysign(math.inf, mean) if mean else 0.0
    else:
        t = mean / error
    p = 2 * float(stats.t.sf(abs(t), count - 1))
    return Comparison(mean, error, t, count - 1, p)


class Spread(NamedTuple):
    """Standard deviations of a score, over folds and over seeds; not a number of a single one."""

    folds: float
    seeds: float


def spread(scores: Any) -> Spread:
    """How far a candidate's scores lie apart, by cause.

    ``folds`` is the standard deviation (n - 1) of the folds' means over seeds: how much it depends
    on the rows. ``seeds`` is the root of the mean, over folds, of the variance (n - 1) over seeds:
    how much it depends on initial weights and orders, on the same rows.
    """
    table = _scores(scores)
    splits, seeds = table.shape
    with np.errstate(invalid="ignore"):  # infinite scores
        folds = float(table.mean(axis=1).std(ddof=1)) if splits > 1 else math.nan
        within = float(np.sqrt(table.var(axis=1, ddof=1).mean())) if seeds > 1 else math.nan
    return Spread(folds, within)


def standard_error(scores: Any) -> float:
    """The standard error of a candidate's mean score: the standard deviation (n - 1) of the splits'
    means over sqrt(n); of the seeds where there is one split; not a number of a single score."""
    table = _scores(scores)
    values = table.mean(axis=1) if len(table) > 1 else table[0]
    return float(values.std(ddof=1) / math.sqrt(len(values))) if len(values) > 1 else math.nan


class OneStandardError(NamedTuple):
    """The one-standard-error choice: whom, the best one, what score was enough, who else has it."""

    chosen: int
    best: int
    threshold: float
    within: tuple[int, ...]
    rule: str


RULE = "fewest parameters, then largest l2, then first"


def one_standard_error(scores: Any, n_parameters: Any, l2: Any | None = None) -> OneStandardError:
    """The simplest candidate whose mean score is within one standard error of the best.

    With the best mean m and its standard error e (`standard_error`), every candidate with a mean
    of at least m - e is as good as the data can tell. Of these the one with the fewest parameters
    is taken, of equals the one with the largest l2, of equals the first. Without a standard error
    (a single score) only those that are as good as the best itself are within it.

    Parameters
    ----------
    scores : (candidates, splits) or (candidates, splits, seeds) array
        Candidates with a score that is not a number are never taken.
    n_parameters : (candidates,) array
        Weights and biases of each, or another cost: the smaller, the simpler.
    l2 : (candidates,) array, optional
        The L2 strength of each (from ``alpha`` it is ``alpha`` over the rows of a batch).

    Raises
    ------
    InvalidInputError
        Every candidate has a score that is not a number, or the lengths differ.

    Notes
    -----
    L. Breiman, J. Friedman, R. Olshen and C. Stone, "Classification and Regression Trees", 1984,
    section 3.4.3.
    """
    tables = [_scores(each) for each in np.asarray(scores, dtype=float)]
    cost = np.asarray(n_parameters, dtype=float)
    penalty = np.zeros(len(tables)) if l2 is None else np.asarray(l2, dtype=float)
    if not len(tables) == len(cost) == len(penalty):
        raise InvalidInputError(
            "Scores, n_parameters and l2 are required for the same candidates, came "
            f"{len(tables)}, {len(cost)} and {len(penalty)}."
        )
    means = np.array([table.mean() for table in tables])
    if np.isnan(means).all():
        raise InvalidInputError("No candidate has a score: all diverged or failed.")
    best = int(np.nanargmax(means))
    error = standard_error(tables[best])
    threshold = float(means[best]) - (error if math.isfinite(error) else 0.0)
    within = np.flatnonzero(means >= threshold)
    order = np.lexsort((within, -penalty[within], cost[within]))
    return OneStandardError(
        int(within[order[0]]), best, threshold, tuple(int(each) for each in within), RULE
    )


def _scores(given: Any) -> np.ndarray:
    """As (splits, seeds)."""
    table = np.asarray(given, dtype=float)
    if table.ndim == 1:
        table = table[:, None]
    if table.ndim != 2 or not table.size:
        raise InvalidInputError(
            f"Scores of shape (splits,) or (splits, seeds) are required, came {table.shape}."
        )
    return table
