"""What training rows say about how each column is to be treated; see `chainrule.models.table`."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from chainrule.models.columns import Column
from chainrule.models.table import DAY, TableStep, Treatment

__all__ = ["fit_table"]

Array = npt.NDArray[np.floating]


def fit_table(
    X: Array,
    columns: Sequence[Column],
    *,
    scaling: str = "robust",
    min_count: int = 10,
    max_levels: int = 64,
    dtype: str = "float32",
) -> TableStep:
    """The preparation that training rows ``X`` ``(n, columns)`` ask for.

    ``scaling``: ``"robust"`` takes the median and the distance of the quartiles (of a column whose
    quartiles are equal, half of the whole range), and bounds what is far out; ``"standard"`` mean
    and standard deviation; ``"none"`` leaves numbers as they are. Levels with fewer than
    ``min_count`` rows, or beyond the ``max_levels`` commonest, share one column.
    """
    treatments = tuple(
        _date(x, scaling)
        if column.kind == "date"
        else _number(x, scaling)
        if column.kind == "number"
        else _category(x, len(column.levels), min_count, max_levels)
        for column, x in zip(columns, np.asarray(X).T, strict=True)
    )
    bound = 3.0 if scaling == "robust" else np.inf
    return TableStep(tuple(columns), treatments, bound, dtype)


def _number(x: Array, scaling: str) -> Treatment:
    known = x[~np.isnan(x)].astype(np.float64)
    missing = len(known) < len(x)
    if not len(known):
        return Treatment(used=False)
    median = float(np.median(known))
    center, scale = _center_and_scale(known, scaling)
    if known.min() == known.max():  # its gaps may still tell something
        return Treatment(used=missing, fill=median, center=median, missing=missing)
    return Treatment(fill=median, center=center, scale=scale, missing=missing)


def _center_and_scale(known: Array, scaling: str) -> tuple[float, float]:
    if scaling == "none":
        return 0.0, 1.0
    if scaling == "standard":
        return float(known.mean()), float(known.std()) or 1.0
    low, high = np.quantile(known, [0.25, 0.75])
    scale = high - low if high > low else (known.max() - known.min()) / 2
    return float(np.median(known)), float(scale) or 1.0


def _date(x: Array, scaling: str) -> Treatment:
    how = _number(x, "robust" if scaling == "none" else scaling)
    if not how.used:
        return how
    known = x[~np.isnan(x)]
    cycles = ("year", "week", *(("day",) if np.any(known % DAY) else ()))
    return Treatment(how.used, how.fill, how.center, how.scale, how.missing, cycles=cycles)


def _category(x: Array, n_levels: int, min_count: int, max_levels: int) -> Treatment:
    known = x[~np.isnan(x)].astype(int)
    missing = len(known) < len(x)
    counts = np.bincount(known, minlength=n_levels)[:n_levels]
    commonest = np.argsort(-counts, kind="stable")[:max_levels]
    kept = sorted(int(level) for level in commonest if counts[level] >= min_count)
    if not kept and counts.any():  # few rows: the commonest is better than none
        kept = [int(commonest[0])]
    others = bool(counts.sum() > counts[kept].sum())
    used = missing or others or len(kept) > 1
    if len(kept) == 2 and not others and not missing:
        kept = kept[1:]  # of two levels, the second says it all
    return Treatment(used=used, kept=tuple(kept), others=others, missing=missing)
