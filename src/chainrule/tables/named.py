"""Whether a source has the columns that are asked of it by name."""

import re
from collections.abc import Iterable

from chainrule.errors import DataError, unknown_name
from chainrule.tables.source import Source

__all__ = ["check_named"]

WORDS = re.compile(r"[^\w]+")


def check_named(source: Source, names: Iterable[str]) -> None:
    """Whether each name is one of the source's columns; nothing is read for it.

    Raises
    ------
    DataError
        With the nearest name; of a file of text whose first line was not divided as was thought,
        with the delimiter that it was read with.
    """
    for name in names:
        if name not in source.names:
            raise DataError(unknown_name("column", name, source.names) + _delimiter(source, name))


def _delimiter(source: Source, name: str) -> str:
    delimiter = getattr(source, "delimiter", None)
    one = len(source.names) == 1
    if delimiter is None or not (one or any(name in WORDS.split(each) for each in source.names)):
        return ""
    how = "has one column only" if one else "has its columns"
    return (
        f" {source.name} {how} if {delimiter!r} divides its values; if another character does, say "
        "so with --delimiter (delimiter=...)."
    )
