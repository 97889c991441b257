"""The table of named data sets: a row is a name and the function that loads it."""

from collections.abc import Callable
from functools import cache

from chainrule.data.digits import load_digits
from chainrule.data.record import DataSet
from chainrule.errors import DataError, unknown_name

__all__ = ["SOURCES", "load"]

SOURCES: dict[str, Callable[[], DataSet]] = {
    "digits": load_digits,
}


def load(name: str) -> DataSet:
    """The data set of that name, read-only, its content checked against a known hash.

    Raises:
        DataError: there is no such name, or the data are not what they should be.

    Example:
        >>> load("digits").X_train.shape
        (1797, 64)
    """
    if name not in SOURCES:
        raise DataError(unknown_name("data set", name, SOURCES))
    return _load_once(name)


@cache
def _load_once(name: str) -> DataSet:
    return SOURCES[name]()
