"""What is done to the features before a model sees them: a table of steps.

A step is fitted on training rows alone and then applied to any rows; it never sees a label.
float64 rows stay float64; all others, such as the bytes of images, become float32, so that a
float64 copy of a set of images never exists.

The images of files need no copy at all where ``unit`` is the only step: the engine can divide the
bytes of each batch inside its compiled step, with the same float32 numbers.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from chainrule.data.principal import pca
from chainrule.data.record import PixelRange
from chainrule.data.steps import Components, Facts, Fitted, center, flatten, standardize, unit
from chainrule.errors import DataError, unknown_name
from chainrule.models.columns import Column
from chainrule.models.steps import Step
from chainrule.tables.preparing import bound_of, fit_table

__all__ = [
    "STEPS",
    "Preparation",
    "Prepared",
    "check",
    "fit",
    "from_one_hot",
    "one_hot",
    "sentences",
]

Settings = Mapping[str, Any]
NONE: Settings = MappingProxyType({})


@dataclass(frozen=True)
class Preparation:
    """One preparation: how it is fitted, and what a reader is told.

    A step with a ``default`` takes a value, written after its name: ``"pca:0.95"``. A float is a
    share, as 1.0 is of all, and an int a number, as 1 is of one.
    """

    fit: Callable[[np.ndarray, Facts, float | None], Fitted]
    sentence: str
    default: float | None = None


class Prepared:
    """The fitted steps, one after the other: call it with rows."""

    def __init__(self, fitted: Sequence[Fitted]) -> None:
        self._fitted = tuple(fitted)

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """The rows after all steps."""
        for step in self._fitted:
            rows = step.apply(rows)
        return rows

    def inverse(self, rows: np.ndarray) -> np.ndarray:
        """From prepared rows back to the source's units.

        Exact but for rounding; after a PCA it is the nearest rows that the kept components make.
        """
        for step in reversed(self._fitted):
            rows = step.invert(rows)
        return rows

    @property
    def steps(self) -> tuple[Step, ...]:
        """What was fitted, as a model file keeps it."""
        return tuple(step for each in self._fitted for step in each.steps)

    @property
    def components(self) -> Components | None:
        """The principal components, if there is a PCA among the steps (the last one's)."""
        found = [step.components for step in self._fitted if step.components is not None]
        return found[-1] if found else None


def fit(
    steps: Sequence[str],
    X: np.ndarray,
    pixel_range: PixelRange = None,
    columns: tuple[Column, ...] = (),
    settings: Settings = NONE,
) -> Prepared:
    """The steps fitted one after the other on the training rows ``X``; none leaves X as it is.

    Args:
        steps: names of `STEPS`; ``"pca"`` may have a value, as in ``"pca:0.9"`` or ``"pca:50"``.
        X: (rows, features), or (rows, height, width, ...) if the first step is ``"flatten"``.
        pixel_range: the record's, for ``"unit"``.
        columns: the record's, for ``"table"``, which comes first where there is one.
        settings: what ``"table"`` is told, as `chainrule.tables.preparing.fit_table` has it.

    Returns:
        A function of rows with the method ``inverse``.

    Raises:
        DataError: an unknown step, a value that cannot be, ``"unit"`` on data whose range is
            not known, or ``"table"`` on data that are none.
    """
    fitted: list[Fitted] = []
    for number, text in enumerate(steps, start=1):
        step, value = _parse(text)
        facts = Facts(pixel_range, columns if number == 1 else (), settings)
        fitted.append(step.fit(X, facts, value))
        if number < len(steps):
            X = fitted[-1].apply(X)
    return Prepared(fitted)


def table(X: np.ndarray, facts: Facts, value: float | None) -> Fitted:
    """Gaps, scales, rare categories and one-hot columns: see `chainrule.models.table`.

    Raises:
        DataError: the features are not the columns of a table.
    """
    if not facts.columns:
        raise DataError(
            "The preparation 'table' needs the columns of a table, and comes first; these features "
            "are numbers already. Use 'standardize'."
        )
    step = fit_table(X, facts.columns, **facts.settings)

    def invert(rows: np.ndarray) -> np.ndarray:
        raise DataError("The preparation 'table' cannot be undone: it keeps no rare categories.")

    return Fitted(step, invert, steps=(step,))


def check(steps: Sequence[str]) -> None:
    """Refuses steps that do not exist or have a value that cannot be; needs no data.

    Raises:
        DataError: with the nearest known name.
    """
    for text in steps:
        _parse(text)


def sentences(steps: Sequence[str], settings: Settings = NONE) -> tuple[str, ...]:
    """The steps in words, with the ``settings`` of ``"table"``."""
    parsed = (_parse(text) for text in steps)
    of_table = _said_of_table(**settings)
    return tuple(step.sentence.format(_said(value), **of_table) for step, value in parsed) or (
        "features as they are",
    )


def one_hot(y: np.ndarray, n_classes: int, dtype: str = "float32") -> np.ndarray:
    """Labels as rows with a single 1: Y[i, k] = 1 if y[i] = k, else 0.

    Args:
        y: (rows,), integers from 0 to ``n_classes`` - 1.

    Returns:
        (rows, n_classes).

    Raises:
        DataError: a label that is none of them.
    """
    y = np.asarray(y)
    if y.ndim != 1 or y.dtype.kind not in "iu":
        raise DataError(
            f"Required labels as a one-dimensional array of integers, came shape {y.shape} of "
            f"{y.dtype}."
        )
    if y.size and not 0 <= y.min() <= y.max() < n_classes:
        raise DataError(
            f"Required labels from 0 to {n_classes - 1}, came {y.min()} to {y.max()}. Number the "
            "classes from 0, or raise n_classes."
        )
    Y = np.zeros((len(y), n_classes), dtype=dtype)
    Y[np.arange(len(y)), y] = 1
    return Y


def from_one_hot(Y: np.ndarray) -> np.ndarray:
    """The labels that `one_hot` was given; of probabilities, the likeliest class. (rows,)"""
    return np.asarray(Y).argmax(axis=1)


def _parse(text: str) -> tuple[Preparation, float | None]:
    name, colon, value = text.partition(":")
    if name not in STEPS:
        raise DataError(unknown_name("preparation", name, STEPS))
    step = STEPS[name]
    if not colon:
        return step, step.default
    if step.default is None:
        raise DataError(f"The preparation {name!r} takes no value, came {text!r}. Leave it out.")
    try:
        number = int(value) if value.isdigit() else float(value)
    except ValueError:
        number = 0
    if not (0 < number <= 1 or (number > 1 and number == int(number))):
        raise DataError(
            f"{text!r}: required a share of the variance, above 0 and at most 1.0, or a whole "
            f"number of components, as {name}:0.95 or {name}:50."
        )
    return step, number if number <= 1 else int(number)


def _said(value: float | None) -> str:
    if value is None:
        return ""
    if isinstance(value, int):
        return f"the first {value}"
    return f"those that make {100 * value:g} % of its variance"


SCALED = {
    "robust": "numbers less their median, divided by the distance of their quartiles",
    "standard": "numbers less their mean, divided by their standard deviation",
    "none": "numbers as they are",
}


def _said_of_table(
    scaling: str = "robust",
    min_count: int = 10,
    max_levels: int = 64,
    bound: float | None = None,
) -> dict[str, str]:
    most = bound_of(scaling, bound)
    far = f", what is far out drawn in to {most:g} at most" if np.isfinite(most) else ""
    return {
        "scaled": SCALED[scaling] + far,
        "levels": f"a column for each category with {min_count} training rows, {max_levels} of "
        "one column at most, and one for all others",
    }


STEPS: dict[str, Preparation] = {
    "standardize": Preparation(
        standardize,
        "each feature less its mean on the training part, divided by its standard deviation there "
        "(a constant feature becomes 0)",
    ),
    "unit": Preparation(unit, "each pixel divided by the largest possible value, to lie in 0 to 1"),
    "center": Preparation(center, "each feature less its mean on the training part"),
    "table": Preparation(
        table,
        "gaps filled with the median and told by a column of their own; {scaled}; {levels}; dates "
        "as numbers and by season",
    ),
    "flatten": Preparation(flatten, "each image as one row of pixels"),
    "pca": Preparation(
        pca,
        "principal components of the training part: {}",
        default=0.95,
    ),
}
