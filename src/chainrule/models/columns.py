"""The columns of a table as a model knows them, and the numbers that stand for their values.

A table becomes a matrix with a column for each of its columns: a number is itself, a category the
place of its level (the first is 0; the number of levels stands for one that is not among them), a
date the seconds since the beginning of 1970, UTC. What is missing is NaN.
"""

from dataclasses import dataclass
from typing import Literal, get_args

__all__ = ["KINDS", "Column", "ColumnKind"]

ColumnKind = Literal["number", "category", "date"]
KINDS: tuple[str, ...] = get_args(ColumnKind)


@dataclass(frozen=True)
class Column:
    """A column's name and kind, and the ``levels`` of a category."""

    name: str
    kind: ColumnKind
    levels: tuple[str, ...] = ()
