"""Whether a source has the columns that are asked of it by name."""

import re
from collections.abc import Iterable

from chainrule.errors import DataError, unknown_name
from chainrule.tables.source import Source

__all__ = ["check_named", "delimiter_hint", "some_names"]

MARKS = re.compile(r"[^\w()\[\]{}\"'.%/-]")
"""Characters that may divide values: those that are rarely in a name, a number or a date."""

MANY, LONG = 20, 60
"""So many names are listed, of so many characters each."""


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
            raise DataError(
                unknown_name("column", name, source.names) + delimiter_hint(source, [name])
            )


def delimiter_hint(source: Source, names: Iterable[str]) -> str:
    """What to do where a file of text seems not to be divided as was thought, else ``""``.

    It seems so if its only column's name (or first value, where the columns have no names) has a
    character in it that may be a delimiter, or if the parts of a column's name, divided by such a
    character, are among ``names``, which are wanted.
    """
    delimiter = getattr(source, "delimiter", None)
    if delimiter is None:
        return ""
    one, wanted = len(source.names) == 1, set(names).difference(source.names)
    cells = getattr(source, "first", source.names) if one else source.names
    # several columns whose names have a space in them are nothing strange
    no_marks = {delimiter} if one else {delimiter, " "}
    marks = {mark for cell in cells for mark in MARKS.findall(cell)} - no_marks
    best = max(((*_divided(cells, mark, wanted), mark) for mark in marks), default=None)
    if best is None or not (one or best[0]):
        return ""
    how = "has one column only" if one else "has its columns"
    return (
        f" {source.name} {how} if {delimiter!r} divides its values; if {best[-1]!r} does, say so "
        f"with --delimiter (delimiter={best[-1]!r})."
    )


def _divided(cells: Iterable[str], mark: str, wanted: set[str]) -> tuple[int, bool, int]:
    """How likely a character is a delimiter: by the wanted names and by the parts that it gives."""
    parts = [part for cell in cells if mark in cell for part in cell.split(mark)]
    return sum(part.strip(' "') in wanted for part in parts), mark != " ", len(parts)


def some_names(source: Source) -> str:
    """The first of a source's columns, for a message."""
    more = ", ..." if len(source.names) > MANY else ""
    return ", ".join(repr(name[:LONG]) for name in source.names[:MANY]) + more
