"""What training rows say about how each column is to be treated; see `chainrule.models.table`."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from chainrule.models.columns import Column
from chainrule.models.table import DAY, TableStep, Treatment
from chainrule.tables.sampled import Whole

__all__ = ["BOUND", "bound_of", "fit_table", "most_kept"]

Array = npt.NDArray[np.floating]
BOUND = 3.0
"""How far out a number is at most after robust scaling, unless another bound is given."""


def fit_table(
    X: Array,
    columns: Sequence[Column],
    *,
    scaling: str = "robust",
    min_count: int = 10,
    max_levels: int = 64,
    bound: float | None = None,
    dtype: str = "float32",
    whole: Sequence[Whole] | None = None,
) -> TableStep:
    """The preparation that training rows ``X`` ``(n, columns)`` ask for.

    ``scaling``: ``"robust"`` takes the median and the distance of the quartiles (of a column whose
    quartiles are equal, half of the whole range), and bounds what is far out; ``"standard"`` mean
    and standard deviation; ``"none"`` leaves numbers as they are. ``bound`` is how far out a number
    may be after that; None is 3 of robust scaling, and no bound of the others. Levels with fewer
    than ``min_count`` rows, or beyond the ``max_levels`` commonest, share one column.

    Where ``X`` is a sample, ``whole`` says of each column what is known of all rows: whether values
    are missing, and how many rows each level has.
    """
    known = [None] * len(columns) if whole is None else whole
    treatments = tuple(
        _treatment(column, x, each, scaling, min_count, max_levels)
        for column, x, each in zip(columns, np.asarray(X).T, known, strict=True)
    )
    return TableStep(tuple(columns), treatments, bound_of(scaling, bound), dtype)


def bound_of(scaling: str, bound: float | None) -> float:
    """The bound that holds where ``bound`` was given, or nothing was (None); infinite for none."""
    if bound is not None:
        return float(bound)
    return BOUND if scaling == "robust" else np.inf


def _treatment(
    column: Column,
    x: Array,
    whole: Whole | None,
    scaling: str,
    min_count: int,
    max_levels: int,
) -> Treatment:
    missing = bool(np.isnan(x).any()) if whole is None else whole.missing
    if column.kind == "date":
        return _date(x, missing, scaling)
    if column.kind == "number":
        return _number(x, missing, scaling)
    counts = None if whole is None else whole.counts
    if counts is None:
        n_levels = len(column.levels)
        counts = np.bincount(x[~np.isnan(x)].astype(int), minlength=n_levels)[:n_levels]
    return _category(counts, missing, min_count, max_levels)


def _number(x: Array, missing: bool, scaling: str) -> Treatment:
    known = x[~np.isnan(x)].astype(np.float64)
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


def _date(x: Array, missing: bool, scaling: str) -> Treatment:
    how = _number(x, missing, "robust" if scaling == "none" else scaling)
    if not how.used:
        return how
    known = x[~np.isnan(x)]
    cycles = ("year", "week", *(("day",) if np.any(known % DAY) else ()))
    return Treatment(how.used, how.fill, how.center, how.scale, how.missing, cycles=cycles)


def most_kept(counts: Sequence[int], min_count: int, max_levels: int) -> int:
    """How many levels with ``counts`` rows can at most have a column of their own, whichever of
    these rows are trained on."""
    return max(min(sum(n >= min_count for n in counts), max_levels), min(len(counts), 1))


def _category(
    counts: npt.NDArray[np.integer], missing: bool, min_count: int, max_levels: int
) -> Treatment:
    commonest = np.argsort(-counts, kind="stable")[:max_levels]
    kept = sorted(int(level) for level in commonest if counts[level] >= min_count)
    if not kept and counts.any():  # few rows: the commonest is better than none
        kept = [int(commonest[0])]
    others = bool(counts.sum() > counts[kept].sum())
    used = missing or others or len(kept) > 1
    if len(kept) == 2 and not others and not missing:
        kept = kept[1:]  # of two levels, the second says it all
    return Treatment(used=used, kept=tuple(kept), others=others, missing=missing)
