"""The steps that treat each feature by itself, and what all steps share.

What a step learns is reckoned in float64, a block of rows at a time; what it returns is float64 for
float64 rows and float32 for all others.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from chainrule.data.record import PixelRange
from chainrule.errors import DataError
from chainrule.models.columns import Column
from chainrule.models.steps import Affine, Step

__all__ = [
    "Components",
    "Facts",
    "Fitted",
    "blocks",
    "center",
    "flatten",
    "mean_of",
    "standardize",
    "type_after",
    "unit",
]

Transform = Callable[[np.ndarray], np.ndarray]


class Facts(NamedTuple):
    """What is known of the features: the range of pixels, and the columns of a table with the
    settings of its preparation."""

    pixel_range: PixelRange = None
    columns: tuple[Column, ...] = ()
    settings: Mapping[str, Any] = MappingProxyType({})


_BLOCK = 2048  # rows that are float64 at one time


@dataclass(frozen=True, eq=False)
class Components:
    """Of a PCA: the share of the training rows' variance along each component, (components,), the
    largest first, and how many are kept."""

    ratios: np.ndarray
    kept: int


@dataclass(frozen=True)
class Fitted:
    """A step that has seen the training rows, what undoes it, and a PCA's components; ``steps``
    are what a model file keeps of it."""

    apply: Transform
    invert: Transform
    components: Components | None = None
    steps: tuple[Step, ...] = ()


def type_after(rows: np.ndarray) -> np.dtype:
    """The type of prepared rows: float64 stays, all else is float32."""
    return np.dtype(np.float64 if rows.dtype == np.float64 else np.float32)


def blocks(X: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """The rows some at a time, as float64, and which they are."""
    for first in range(0, len(X), _BLOCK):
        here = slice(first, first + _BLOCK)
        yield here, X[here].astype(np.float64)


def mean_of(X: np.ndarray) -> np.ndarray:
    """The mean of each feature, (features,), float64."""
    return sum(block.sum(axis=0) for _, block in blocks(X)) / len(X)


def _affine(X: np.ndarray, shift: np.ndarray | float, scale: np.ndarray | float) -> Fitted:
    """(x - shift) / scale, in one array, and back."""
    dtype, width = type_after(X), X.shape[1]
    shift = np.broadcast_to(np.asarray(shift, dtype), (width,))
    scale = np.broadcast_to(np.asarray(scale, dtype), (width,))

    def apply(rows: np.ndarray) -> np.ndarray:
        out = rows.astype(dtype)
        out -= shift
        out /= scale
        return out

    def invert(rows: np.ndarray) -> np.ndarray:
        return rows * scale + shift

    return Fitted(apply, invert, steps=(Affine(shift, scale),))


def standardize(X: np.ndarray, facts: Facts, value: float | None) -> Fitted:
    """(x - m) / s with the mean m and the standard deviation s of each feature; 1 for s = 0."""
    if X.dtype == np.float64:
        from sklearn.preprocessing import StandardScaler

        scaler = StandardScaler().fit(X)
        return Fitted(
            lambda rows: np.asarray(scaler.transform(rows)),
            lambda rows: np.asarray(scaler.inverse_transform(rows)),
            steps=(Affine(scaler.mean_, scaler.scale_),),
        )
    mean = mean_of(X)
    variance = sum(((block - mean) ** 2).sum(axis=0) for _, block in blocks(X)) / len(X)
    return _affine(X, mean, np.where(variance > 0, np.sqrt(variance), 1.0))


def center(X: np.ndarray, facts: Facts, value: float | None) -> Fitted:
    """x - m with the mean m of each feature."""
    return _affine(X, mean_of(X), 1.0)


def unit(X: np.ndarray, facts: Facts, value: float | None) -> Fitted:
    """(x - black) / (white - black), with the two ends of ``pixel_range``.

    Raises:
        DataError: the range is None.
    """
    if facts.pixel_range is None:
        raise DataError(
            "The preparation 'unit' needs data with a known range of values, such as pixels; "
            "these have none. Use 'standardize'."
        )
    low, high = facts.pixel_range
    return _affine(X, low, high - low)


def flatten(X: np.ndarray, facts: Facts, value: float | None) -> Fitted:
    """(rows, height, width, ...) to (rows, features), the last axis changing fastest."""
    shape = X.shape[1:]
    return Fitted(
        lambda rows: rows.reshape(len(rows), -1), lambda rows: rows.reshape(len(rows), *shape)
    )
