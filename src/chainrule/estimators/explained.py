r"""How far an R^2 can be trusted: 95 % intervals from the rows themselves.

R^2 and the difference of two are no means over rows, but ratios of two: with the errors
e_i = y_i - yhat_i of n rows, and of another model e'_i,

    R^2       = 1 - mean(e^2) / var(y),
    R^2 - R'^2 = mean(e'^2 - e^2) / var(y),    var(y) = mean((y - mean(y))^2).

Both are made of r = mean(u) / var(y). Its interval is BCa as in `chainrule.estimators.intervals`:
rows are resampled, and r is taken of each resample, with the variance of the resampled targets. The
acceleration a of a function of means comes from how far each row moves it (Efron's empirical
influence), which for r is

    l_i = u_i / var(y) - r (y_i - mean(y))^2 / var(y).

The bootstrap can only show what the rows show: where fewer than 10 of the u_i, or of the targets,
differ from their median, there is no interval. It is a little too short: of targets with normal
noise of their own variance, 60 or 200 rows, it holds the true R^2 of 0.5 in about 94 % of cases.

Source: Efron 1987 (BCa).
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from chainrule.errors import InvalidInputError
from chainrule.estimators.intervals import (
    FEW,
    RESAMPLES,
    Floats,
    Interval,
    bca_ends,
    resampled_means,
)

__all__ = ["r2_interval", "variance_ratios"]

CONFIDENCE = 0.95


def r2_interval(truth: npt.ArrayLike, predicted: npt.ArrayLike, *, seed: int = 0) -> Interval:
    """The coefficient of determination R^2 of predictions, with its 95 % interval.

    Parameters
    ----------
    truth, predicted : arrays, (n,)
        The targets and what a model says of them, in one unit.
    seed : int
        Of the resamples, 2,000.

    Returns
    -------
    Interval
        Its method is ``"bootstrap"``, or ``"none"`` where there are too few different rows; the
        value is NaN where all targets are equal.

    Raises
    ------
    InvalidInputError
        If the two are not one finite number each for the same rows.

    Examples
    --------
    >>> import numpy as np
    >>> y = np.arange(100.0)
    >>> found = r2_interval(y, y + 20 * np.sin(y))
    >>> round(found.value, 3), round(found.low, 3), round(found.high, 3)
    (0.76, 0.702, 0.81)
    """
    y = np.asarray(truth, dtype=float)
    (ratio,) = variance_ratios([np.square(y - np.asarray(predicted, dtype=float))], y, seed=seed)
    return Interval(1 - ratio.value, 1 - ratio.high, 1 - ratio.low, ratio.method)


def variance_ratios(
    rows: Sequence[npt.ArrayLike], truth: npt.ArrayLike, *, seed: int = 0
) -> list[Interval]:
    """mean(u) / var(y) of each of several columns u, (n,), with 95 % intervals from resamples that
    are drawn once; ``truth`` is y, (n,).

    Raises
    ------
    InvalidInputError
        If these are not a finite number for each row, the same rows for all.
    """
    y = np.asarray(truth, dtype=float)
    columns = [np.asarray(u, dtype=float) for u in rows]
    for each in (y, *columns):
        if each.ndim != 1 or not len(each) or each.shape != y.shape or not np.isfinite(each).all():
            raise InvalidInputError(
                "Required a finite number for each row, (n,), the same rows for all; came arrays "
                f"of shapes {', '.join(str(one.shape) for one in (y, *columns))}. Leave out rows "
                "without a target, and models that diverged."
            )
    away = y - y.mean()  # R^2 knows no origin, and squares of large numbers cancel
    resampled = resampled_means(np.stack([*columns, away, away**2]), RESAMPLES, seed)
    variances = resampled[-1] - resampled[-2] ** 2
    return [_ratio(u, away, top, variances) for u, top in zip(columns, resampled, strict=False)]


def _ratio(u: Floats, away: Floats, means: Floats, variances: Floats) -> Interval:
    """``means`` and ``variances``: (resamples,), of u and of the targets."""
    variance = float(np.mean(away**2))
    if variance == 0:
        return Interval(np.nan, np.nan, np.nan, "none")
    value = float(np.mean(u)) / variance
    if min(np.count_nonzero(x != np.median(x)) for x in (u, away)) < FEW:
        return Interval(value, np.nan, np.nan, "none")
    varied = variances > 0  # a resample may hold one row alone, n times
    ends = bca_ends(means[varied] / variances[varied], value, u - value * away**2, CONFIDENCE)
    return Interval(value, *ends, "bootstrap")
