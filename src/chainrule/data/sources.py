"""The table of named data sets: a row is a name and the function that loads it."""

from collections.abc import Callable
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any

from chainrule.data.diabetes import load_diabetes
from chainrule.data.digits import load_digits
from chainrule.data.files import load_files
from chainrule.data.folders import cache_folder, own_folder
from chainrule.data.generated import GENERATED, generate
from chainrule.data.published import PUBLISHED
from chainrule.data.record import DataSet, Task
from chainrule.data.toy import load_toy
from chainrule.errors import DataError, unknown_name

__all__ = ["SOURCES", "load", "task_of"]


def load(name: str, *, fetch: bool = True, **parameters: Any) -> DataSet:
    """The data set of that name, read-only, its content checked against a known hash.

    Args:
        name: ``digits``; ``mnist``, ``fashion-mnist``, ``cifar10``, which are files; ``moons``,
            ``circles``, ``spirals``, ``blobs``, ``xor``, which are generated; ``toy``, the five
            points of a course's first exercise. Of regressions, ``diabetes``, and ``sine``, which
            is generated.
        fetch: whether files that are neither in the folder that ``CHAINRULE_DATA`` names nor in
            the cache are fetched from the network.
        parameters: of the generated ones: ``n`` (how many points, 500), ``noise`` and ``seed``
            (0); see `chainrule.data.generated.GENERATED`.

    Raises:
        DataError: there is no such name or parameter; the files are not here and cannot be
            fetched; or the data are not what they should be.

    Example:
        >>> load("digits").X_train.shape
        (1797, 64)
        >>> load("moons", n=100, noise=0.1, seed=7).X_train.shape
        (100, 2)
    """
    if name not in SOURCES:
        raise DataError(unknown_name("data set", name, SOURCES))
    if name not in GENERATED and parameters:
        given = ", ".join(parameters)
        raise DataError(
            f"The data set {name!r} is what it is and takes no parameters; came {given}. Leave "
            "them out, or cut it with chainrule.data.splits."
        )
    if name in PUBLISHED:
        return _files_once(name, own_folder(), cache_folder(), fetch)
    return SOURCES[name](**parameters)


def task_of(name: str) -> Task:
    """Whether the data set of that name has classes or numbers to be predicted; nothing is loaded.

    Raises:
        DataError: there is no such name.

    Example:
        >>> task_of("digits"), task_of("diabetes")
        ('classification', 'regression')
    """
    if name not in SOURCES:
        raise DataError(unknown_name("data set", name, SOURCES))
    if name in GENERATED:
        return GENERATED[name].task
    return "regression" if name in REGRESSIONS else "classification"


REGRESSIONS = {"diabetes"}
"""Those of the data sets with numbers to be predicted that are not generated."""


@cache
def _diabetes_once() -> DataSet:
    return load_diabetes()


@cache
def _digits_once() -> DataSet:
    return load_digits()


@lru_cache(maxsize=1)  # the last of them: CIFAR-10 takes 184 MB
def _files_once(name: str, own: Path | None, cached: Path, fetch: bool) -> DataSet:
    """Loaded anew when the folders are others; they are arguments for that alone."""
    return load_files(PUBLISHED[name], fetch=fetch)


SOURCES: dict[str, Callable[..., DataSet]] = {
    "diabetes": _diabetes_once,
    "digits": _digits_once,
    "toy": load_toy,
    **{name: partial(load_files, row) for name, row in PUBLISHED.items()},
    **{name: partial(generate, name) for name in GENERATED},
}
