"""A matrix too large to print: its size, norm and range, and which of its numbers are largest."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

__all__ = ["LARGEST", "Summary", "indices", "is_large", "largest", "summary"]

Floats = npt.NDArray[np.float64]

LARGEST = 3
MOST_ENTRIES, LONGEST_SIDE = 64, 12


@dataclass(frozen=True)
class Summary:
    shape: tuple[int, ...]
    norm: float
    least: float
    greatest: float
    zeros: float
    """The share of exact zeros."""


def is_large(value: Floats) -> bool:
    """Whether a reader is better served by a summary than by the numbers."""
    return value.size > MOST_ENTRIES or max(value.shape, default=0) > LONGEST_SIDE


def summary(value: Floats) -> Summary:
    return Summary(
        shape=value.shape,
        norm=float(np.linalg.norm(value.ravel())),
        least=float(value.min()),
        greatest=float(value.max()),
        zeros=float((value == 0).mean()),
    )


def largest(value: Floats, count: int = LARGEST) -> Sequence[tuple[int, ...]]:
    """Where the numbers of largest magnitude stand, the largest first; zeros are left out."""
    sizes = np.abs(np.nan_to_num(value)).ravel()
    order = np.argsort(-sizes, kind="stable")[:count]
    return [
        tuple(int(i) for i in np.unravel_index(place, value.shape))
        for place in order
        if sizes[place] > 0
    ]


def indices(shape: Sequence[int]) -> list[tuple[int, ...]]:
    """Every index of an array, the last axis fastest."""
    return list(product(*(range(n) for n in shape)))
