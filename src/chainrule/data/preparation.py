"""What is done to the features before a model sees them: a table of steps.

A step is fitted on training rows alone and then applied to any rows; it never sees a label.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.data.record import PixelRange
from chainrule.errors import DataError, unknown_name

__all__ = ["STEPS", "Step", "fit", "sentences"]

Transform = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Step:
    """One preparation: how it is fitted, and what a reader is told."""

    fit: Callable[[np.ndarray, PixelRange], Transform]
    sentence: str


def fit(steps: Sequence[str], X: np.ndarray, pixel_range: PixelRange = None) -> Transform:
    """The steps fitted one after the other on the training rows ``X``; none leaves X as it is.

    Raises:
        DataError: an unknown step, or ``"unit"`` on data whose range is not known.
    """
    transforms: list[Transform] = []
    for name in steps:
        transform = _step(name).fit(X, pixel_range)
        X = transform(X)
        transforms.append(transform)

    def apply(rows: np.ndarray) -> np.ndarray:
        for transform in transforms:
            rows = transform(rows)
        return rows

    return apply


def sentences(steps: Sequence[str]) -> tuple[str, ...]:
    """The steps in words."""
    return tuple(_step(name).sentence for name in steps) or ("features as they are",)


def _step(name: str) -> Step:
    if name not in STEPS:
        raise DataError(unknown_name("preparation", name, STEPS))
    return STEPS[name]


def _standardize(X: np.ndarray, pixel_range: PixelRange) -> Transform:
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(X)
    return lambda rows: np.asarray(scaler.transform(rows))


def _unit(X: np.ndarray, pixel_range: PixelRange) -> Transform:
    if pixel_range is None:
        raise DataError(
            "The preparation 'unit' needs data with a known range of values, such as pixels; "
            "these have none. Use 'standardize'."
        )
    low, high = pixel_range
    return lambda rows: (rows - low) / (high - low)


STEPS: dict[str, Step] = {
    "standardize": Step(
        _standardize,
        "each feature less its mean on the training part, divided by its standard deviation there "
        "(a constant feature becomes 0)",
    ),
    "unit": Step(_unit, "each pixel divided by the largest possible value, to lie in 0 to 1"),
}
