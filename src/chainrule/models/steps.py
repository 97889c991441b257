"""What is done to rows before a network sees them: a few kinds of steps, as arrays.

A step takes rows ``(n, n_in)`` to rows ``(n, n_out)``. Each kind is simple enough to be written in
NumPy, in an ONNX graph and in C. The arithmetic is in the type of the rows: float64 for float64,
float32 for all others.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

__all__ = ["Affine", "Bounds", "Fill", "Projection", "Step", "floating"]

Array = npt.NDArray[Any]


class Step(Protocol):
    """A fitted step, which never changes."""

    @property
    def n_in(self) -> int:
        """The columns that it takes."""
        ...

    @property
    def n_out(self) -> int:
        """The columns that it gives."""
        ...

    def __call__(self, X: Array) -> Array:
        """The rows ``(n, n_out)`` of the rows ``(n, n_in)``."""
        ...


def floating(X: Array) -> Array:
    """The rows as float64 if they are, else as float32."""
    return X if X.dtype == np.float64 else np.asarray(X, np.float32)


@dataclass(frozen=True, eq=False)
class _Columnwise(ABC):
    """What gives a column for each column."""

    @property
    @abstractmethod
    def n_in(self) -> int: ...

    @property
    def n_out(self) -> int:
        return self.n_in


@dataclass(frozen=True, eq=False)
class Affine(_Columnwise):
    """(x - shift) / scale, with a shift and a scale for each column; no scale is 0."""

    shift: Array
    scale: Array

    @property
    def n_in(self) -> int:
        return len(self.shift)

    def __call__(self, X: Array) -> Array:
        X = floating(X)
        return (X - self.shift.astype(X.dtype)) / self.scale.astype(X.dtype)


@dataclass(frozen=True, eq=False)
class Fill(_Columnwise):
    """NaN becomes the column's value."""

    values: Array

    @property
    def n_in(self) -> int:
        return len(self.values)

    def __call__(self, X: Array) -> Array:
        X = floating(X)
        return np.where(np.isnan(X), self.values.astype(X.dtype), X)


@dataclass(frozen=True, eq=False)
class Bounds(_Columnwise):
    """Each number is moved into ``low`` to ``high``, the same for all ``columns``."""

    low: float
    high: float
    columns: int

    @property
    def n_in(self) -> int:
        return self.columns

    def __call__(self, X: Array) -> Array:
        return np.clip(floating(X), self.low, self.high)


@dataclass(frozen=True, eq=False)
class Projection:
    """(x - mean) V with ``V`` of shape ``(n_in, n_out)``, reckoned in the type of ``V``."""

    mean: Array
    V: Array

    @property
    def n_in(self) -> int:
        return int(self.V.shape[0])

    @property
    def n_out(self) -> int:
        return int(self.V.shape[1])

    def __call__(self, X: Array) -> Array:
        X = floating(X)
        found: Array = (X.astype(self.V.dtype) - self.mean.astype(self.V.dtype)) @ self.V
        return found.astype(X.dtype)
