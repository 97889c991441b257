"""Cutting a data set into parts: by hand, by what the source has, or by a table of schemes.

A split happens before anything is fitted, so that no preparation sees the rows that judge it. Every
cut is scikit-learn's ``train_test_split``: with equal arguments the same rows in the same order.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from chainrule.data.record import DataSet
from chainrule.errors import DataError, unknown_name

__all__ = ["SCHEMES", "Part", "indices", "parts", "split"]

Size = float | int  # a share of the rows between 0 and 1, or a number of rows


class Part(NamedTuple):
    """Rows and their labels, or the numbers that are to be predicted."""

    X: np.ndarray
    y: np.ndarray


Parts = dict[str, Part]


def indices(
    y: np.ndarray,
    *,
    test: Size | None = None,
    validation: Size | None = None,
    train: Size | None = None,
    seed: int = 42,
    stratify: bool = True,
) -> dict[str, np.ndarray]:
    """Which rows go into which part.

    The test rows are cut off first, then the validation rows from what is left, each by
    ``train_test_split(rows, test_size=..., random_state=seed, stratify=y[rows])``. A share is of
    all rows and is rounded up, as there: 0.2 of 1,797 rows are 360.

    Args:
        y: (rows,), the labels.
        test: how much is kept for the test, as a share of all rows (a float between 0 and 1) or
            a number of rows (an int); None for no test part.
        validation: how much is kept for validation, likewise.
        train: how much of the rest is trained on, likewise; None for all of it.
        seed: of every shuffle, as scikit-learn's ``random_state``.
        stratify: keep the share of each class in every part.

    Returns:
        The row numbers of ``"train"``, ``"validation"`` and ``"test"``, those that there are.

    Raises:
        DataError: a share or number that cannot be, or too few rows of some class for it.
    """
    y = np.asarray(y)
    found: dict[str, np.ndarray] = {}
    rest = np.arange(len(y))
    for name, size in (("test", test), ("validation", validation)):
        if size is not None:
            count = _count(name, size, len(y), len(rest) - 1)
            rest, found[name] = _cut_rows(rest, y, name, seed, stratify, test_size=count)
    if train is not None:
        count = _count("train", train, len(y), len(rest))
        if count < len(rest):
            rest, _ = _cut_rows(rest, y, "train", seed, stratify, train_size=count)
    found["train"] = rest
    return {name: found[name] for name in ("train", "validation", "test") if name in found}


def parts(
    data: DataSet,
    *,
    test: Size | None = None,
    validation: Size | None = None,
    train: Size | None = None,
    seed: int = 42,
    stratify: bool | None = None,
) -> dict[str, "Part"]:
    """The parts of a data set: its own test part if it has one, and cuts of the rest.

    Args:
        data: the data set.
        test: how much is kept for the test; only where the source has no test part.
        validation, train, seed: as in `indices`, of the source's training rows.
        stratify: keep the share of each class in every part; None does where there are classes.

    Raises:
        DataError: as `indices`, or ``test`` for a source that has a test part.

    Example:
        >>> from chainrule.data import load, parts
        >>> {name: len(part.y) for name, part in parts(load("moons"), validation=100).items()}
        {'train': 400, 'validation': 100}
    """
    if test is not None and data.X_test is not None:
        raise DataError(
            f"{data.name} comes with a test part of {len(data.X_test):,} rows; test = {test!r} "
            "would make another. Leave it out."
        )
    if stratify is None:
        stratify = data.task == "classification"
    rows = indices(
        data.y_train, test=test, validation=validation, train=train, seed=seed, stratify=stratify
    )
    made = {name: Part(data.X_train[at], data.y_train[at]) for name, at in rows.items()}
    if len(rows) == 1 and train is None:  # nothing was cut: no copy
        made = {"train": Part(data.X_train, data.y_train)}
    if data.X_test is not None and data.y_test is not None:
        made["test"] = Part(data.X_test, data.y_test)
    return made


def _count(name: str, size: Size, rows: int, most: int) -> int:
    """How many rows a share or number is."""
    whole = isinstance(size, int | np.integer) and not isinstance(size, bool)
    share = isinstance(size, float | np.floating) and 0 < size < 1
    if not whole and not share:
        raise DataError(
            f"{name}: required a share of the rows between 0 and 1 or a whole number of rows, "
            f"came {size!r}."
        )
    count = int(size) if whole else int(np.ceil(size * rows))
    if not 1 <= count <= most:
        raise DataError(
            f"{name} = {size!r} asks for {count:,} rows; required 1 to {most:,}, of the {rows:,} "
            "that there are."
        )
    return count


def _cut_rows(
    rows: np.ndarray, y: np.ndarray, name: str, seed: int, stratify: bool, **size: int
) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.model_selection import train_test_split

    classes = y[rows] if stratify else None
    try:
        first, second = train_test_split(rows, random_state=seed, stratify=classes, **size)
    except ValueError as error:
        raise DataError(
            f"The {name} part of {len(rows)} rows cannot be cut: {error} Ask for another size, "
            "or set stratify = False."
        ) from error
    return first, second


def split(
    scheme: str,
    X: np.ndarray,
    y: np.ndarray,
    *,
    held_out: Size,
    seed: int = 42,
    stratify: bool = True,
) -> Parts:
    """The parts of the data under a named scheme.

    Args:
        scheme: ``"three-way"`` (train, validation, test: what is held out is halved) or
            ``"two-way"`` (train, test).
        held_out: how much is kept from training: a fraction of the rows, between 0 and 1, or a
            number of rows.
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


def _two_way(rows: Part, held_out: Size, seed: int, stratify: bool) -> Parts:
    train, test = _cut(rows, held_out, seed, stratify)
    return {"train": train, "test": test}


def _three_way(rows: Part, held_out: Size, seed: int, stratify: bool) -> Parts:
    train, rest = _cut(rows, held_out, seed, stratify)
    validation, test = _cut(rest, 0.5, seed, stratify)
    return {"train": train, "validation": validation, "test": test}


def _cut(rows: Part, size: Size, seed: int, stratify: bool) -> tuple[Part, Part]:
    from sklearn.model_selection import train_test_split

    X, X_held, y, y_held = train_test_split(
        rows.X,
        rows.y,
        test_size=size,
        random_state=seed,
        stratify=rows.y if stratify else None,
    )
    return Part(X, y), Part(X_held, y_held)


SCHEMES: dict[str, Callable[[Part, Size, int, bool], Parts]] = {
    "three-way": _three_way,
    "two-way": _two_way,
}
