"""Cutting a data set into parts: a table of schemes.

A split happens before anything is fitted, so that no preparation sees the rows that judge it.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from chainrule.errors import DataError, unknown_name

__all__ = ["SCHEMES", "Part", "split"]


class Part(NamedTuple):
    """Rows and their labels."""

    X: np.ndarray
    y: np.ndarray


Parts = dict[str, Part]


def split(
    scheme: str,
    X: np.ndarray,
    y: np.ndarray,
    *,
    held_out: float,
    seed: int = 42,
    stratify: bool = True,
) -> Parts:
    """The parts of the data under a named scheme.

    Args:
        scheme: ``"three-way"`` (train, validation, test: what is held out is halved) or
            ``"two-way"`` (train, test).
        held_out: the fraction of the rows that is kept from training, between 0 and 1.
        seed: of every shuffle, as scikit-learn's ``random_state``.
        stratify: keep the share of each class in every part.

    Raises:
        DataError: an unknown scheme, or too few rows of some class for the cut.
    """
    if scheme not in SCHEMES:
        raise DataError(unknown_name("split", scheme, SCHEMES))
    try:
        return SCHEMES[scheme](Part(X, y), held_out, seed, stratify)
    except ValueError as error:
        raise DataError(
            f"The {scheme} split of {len(X)} rows with held_out = {held_out} cannot be made: "
            f"{error} Hold out another fraction, or set stratify = false."
        ) from error


def _two_way(rows: Part, held_out: float, seed: int, stratify: bool) -> Parts:
    train, test = _cut(rows, held_out, seed, stratify)
    return {"train": train, "test": test}


def _three_way(rows: Part, held_out: float, seed: int, stratify: bool) -> Parts:
    train, rest = _cut(rows, held_out, seed, stratify)
    validation, test = _cut(rest, 0.5, seed, stratify)
    return {"train": train, "validation": validation, "test": test}


def _cut(rows: Part, fraction: float, seed: int, stratify: bool) -> tuple[Part, Part]:
    from sklearn.model_selection import train_test_split

    X, X_held, y, y_held = train_test_split(
        rows.X,
        rows.y,
        test_size=fraction,
        random_state=seed,
        stratify=rows.y if stratify else None,
    )
    return Part(X, y), Part(X_held, y_held)


SCHEMES: dict[str, Callable[[Part, float, int, bool], Parts]] = {
    "three-way": _three_way,
    "two-way": _two_way,
}
