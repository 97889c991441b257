"""The statistics of a comparison: intervals over seeds, McNemar's test, recall, confusion."""

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

from chainrule.experiments.results import Distribution

__all__ = ["confusion", "distribution", "mcnemar", "recall", "sign_test"]

CONFIDENCE = 0.95


def distribution(values: Sequence[float], *, shares: bool = True) -> Distribution:
    """Mean, spread and 95 % Student t intervals of n values.

    With s the standard deviation (n - 1) and t the 97.5 % quantile with n - 1 degrees of freedom,
    the interval of the mean is mean ± t s / sqrt(n), and that of one further value is
    mean ± t s sqrt(1 + 1/n); of ``shares`` both are cut at 0 and 1, which none can pass. They
    take the values as independent and roughly normal. Values that are not finite are kept in the
    list and make the rest not finite too.
    """
    n = len(values)
    mean = math.fsum(values) / n
    if n == 1:
        return Distribution(values=tuple(values), mean=mean)
    s = float(np.std(values, ddof=1))
    t = float(stats.t.ppf((1 + CONFIDENCE) / 2, n - 1))
    of_mean, of_next = t * s / math.sqrt(n), t * s * math.sqrt(1 + 1 / n)
    bounds = (0.0, 1.0) if shares else (-math.inf, math.inf)

    def cut(value: float) -> float:
        return float(np.clip(value, *bounds))  # leaves not-a-number as it is

    return Distribution(
        values=tuple(values),
        mean=mean,
        std=s,
        low=cut(mean - of_mean),
        high=cut(mean + of_mean),
        next_low=cut(mean - of_next),
        next_high=cut(mean + of_next),
    )


def mcnemar(only_a: int, only_b: int) -> float:
    """The two-sided p value of the exact McNemar test.

    Only the rows on which two models differ tell them apart. If neither is better, each such row
    is a fair coin: the count of either side is Binomial(only_a + only_b, 1/2).
    """
    n = only_a + only_b
    return float(stats.binomtest(only_a, n, 0.5).pvalue) if n else 1.0


def sign_test(nearer_a: int, nearer_b: int) -> float:
    """The two-sided p value of the exact sign test: of the rows on which one of two models is
    nearer to the truth, how evenly they are shared. It is the sum of `mcnemar`."""
    return mcnemar(nearer_a, nearer_b)


def confusion(truth: np.ndarray, predicted: np.ndarray, n_classes: int) -> np.ndarray:
    """Counts of rows, by true class (down) and predicted class (across)."""
    counts = np.zeros((n_classes, n_classes), dtype=int)
    np.add.at(counts, (truth, predicted), 1)
    return counts


def recall(confusion: np.ndarray) -> list[float]:
    """Of each class's rows, the share that was recognised; not a number for a class without."""
    totals, hits = confusion.sum(axis=1), confusion.diagonal()
    return [float(hit / n) if n else math.nan for hit, n in zip(hits, totals, strict=True)]
