"""Cutting a data set into parts: by hand, by what the source has, or by a table of schemes.

A split happens before anything is fitted, so that no preparation sees the rows that judge it. Every
cut is scikit-learn's ``train_test_split``: with equal arguments the same rows in the same order.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from chainrule.data.record import DataSet
from chainrule.errors import DataError, quoted, unknown_name

__all__ = ["SCHEMES", "Part", "check_split", "indices", "parts", "split"]

MOST = 1_000_000
"""Rows of which a cut is tried before they are read."""

SURE = 4
"""Of a class that has so many rows held out, each part has some."""

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
    class_names: Sequence[str] = (),
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
        class_names: of the classes, for messages.

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
            rest, found[name] = _cut_rows(
                rest, y, name, seed, stratify, class_names, test_size=count
            )
    if train is not None:
        count = _count("train", train, len(y), len(rest))
        if count < len(rest):
            rest, _ = _cut_rows(rest, y, "train", seed, stratify, class_names, train_size=count)
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
        data.y_train,
        test=test,
        validation=validation,
        train=train,
        seed=seed,
        stratify=stratify,
        class_names=data.class_names,
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
    rows: np.ndarray,
    y: np.ndarray,
    name: str,
    seed: int,
    stratify: bool,
    class_names: Sequence[str],
    **size: int,
) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.model_selection import train_test_split

    classes = y[rows] if stratify else None
    try:
        first, second = train_test_split(rows, random_state=seed, stratify=classes, **size)
    except ValueError as error:
        raise _too_few(f"the {name} part", y[rows], 2, stratify, class_names) from error
    return first, second


def _too_few(
    what: str, y: np.ndarray, least: int, stratify: bool, class_names: Sequence[str]
) -> DataError:
    """Why rows cannot be cut: the classes with fewer than ``least`` rows, if that is it."""
    classes, counts = np.unique(y, return_counts=True) if stratify else (np.empty(0), np.empty(0))
    small = np.flatnonzero(counts < least)
    whole = "cut them without regard to classes (stratify = false: --set data.split.stratify=false)"
    if not len(small):
        regard = f", or {whole}" if stratify else ""
        of = f" of {len(classes)} classes" if stratify else ""
        return DataError(
            f"{len(y):,} rows{of} cannot be cut for {what}: each part needs "
            f"{'a row of each class' if stratify else 'a row'} at least. Add rows, hold out "
            f"another share (--set data.split.held_out=0.5){regard}."
        )
    names = class_names if len(class_names) else range(int(classes.max()) + 1)
    said = ", ".join(
        f"{quoted(str(names[int(classes[at])]))} "
        f"({'1 row' if counts[at] == 1 else f'{counts[at]} rows'})"
        for at in small[:5]
    )
    more = f" and {len(small) - 5:,} more" if len(small) > 5 else ""
    return DataError(
        f"Classes with too few rows for {what}: {said}{more}. Required {least} rows of each class, "
        f"to be shared among the parts. Add rows, take those of such classes out, or {whole}."
    )


def split(
    scheme: str,
    X: np.ndarray,
    y: np.ndarray,
    *,
    held_out: Size,
    seed: int = 42,
    stratify: bool = True,
    class_names: Sequence[str] = (),
) -> Parts:
    """The parts of the data under a named scheme.

    Args:
        scheme: ``"three-way"`` (train, validation, test: what is held out is halved) or
            ``"two-way"`` (train, test).
        held_out: how much is kept from training: a fraction of the rows, between 0 and 1, or a
            number of rows.
        seed: of every shuffle, as scikit-learn's ``random_state``.
        stratify: keep the share of each class in every part.
        class_names: of the classes, for messages.

    Raises:
        DataError: an unknown scheme, or too few rows of some class for the cut.
    """
    if scheme not in SCHEMES:
        raise DataError(unknown_name("split", scheme, SCHEMES))
    try:
        return SCHEMES[scheme](Part(X, y), held_out, seed, stratify)
    except ValueError as error:
        share = held_out if isinstance(held_out, float) else held_out / max(len(y), 1)
        least = 2 if scheme == "two-way" else max(2, int(np.ceil(round(2 / share, 6))))
        what = f"the {scheme} split with held_out = {held_out}"
        raise _too_few(what, np.asarray(y), least, stratify, class_names) from error


def check_split(
    counts: Sequence[int],
    scheme: str,
    *,
    held_out: Size,
    seed: int = 42,
    stratify: bool = True,
    class_names: Sequence[str] = (),
) -> None:
    """Refuse what `split` would refuse of rows of which only the ``counts`` of the classes are
    known (of numbers, how many there are). Of more than a million rows nothing is said.

    Raises:
        DataError: as `split` does.
    """
    n = sum(counts)
    share = held_out if isinstance(held_out, float) else held_out / max(n, 1)
    least = min(counts, default=0) if stratify else n
    if n > MOST or (least * share >= SURE and least * (1 - share) >= SURE):
        return
    y = np.repeat(np.arange(len(counts)), counts)  # whether it can be cut is for the counts alone
    split(scheme, y, y, held_out=held_out, seed=seed, stratify=stratify, class_names=class_names)


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
