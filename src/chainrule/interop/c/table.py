"""The preparation of a table in C: tables of numbers that one function goes through.

A column's scaled number needs its place, fill, center and scale; all else that comes out is a part
of one of the kinds in `PARTS`, with its column and one number. All of it is in double: the seconds
of a date have ten digits.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chainrule.errors import InvalidInputError
from chainrule.interop.c.literals import double_literal, text_literal
from chainrule.models.columns import Column
from chainrule.models.table import PERIODS, TableStep, Treatment

__all__ = ["LevelName", "TableProgram", "table_program"]

Array = npt.NDArray[Any]

PARTS = ("level", "other", "sin", "cos", "missing")
"""Kinds of parts, by their number in C. The number beside is a level's code, of ``other`` how many
levels stand before it, and of a date 2 pi / period."""


class LevelName(NamedTuple):
    """The text of a category's code, as C writes it."""

    column: int
    code: int
    text: str


class TableProgram(NamedTuple):
    """``arrays`` by their names (none of them empty), the ``bound`` of scaled numbers as C writes
    it (None where there is none) and where they are cut off before (``farthest``), how many are
    scaled, how many parts there are, the names of levels, and the columns' kinds."""

    arrays: dict[str, Array]
    bound: str | None
    farthest: str | None
    scaled: int
    parts: int
    levels: tuple[LevelName, ...]
    kinds: tuple[str, ...]


def table_program(step: TableStep) -> TableProgram:
    """What C has to know of a table's preparation.

    Raises
    ------
    InvalidInputError
        A number that is not finite, or a scale of 0.
    """
    pairs = list(zip(step.columns, step.treatments, strict=True))
    scaled = [at for at, (c, how) in enumerate(pairs) if how.used and c.kind != "category"]
    hows = [step.treatments[at] for at in scaled]
    parts = [(kind, at, x) for at, pair in enumerate(pairs) for kind, x in _parts(*pair)]
    kinds, columns, numbers = zip(*parts, strict=True) if parts else ((), (), ())
    arrays = {
        "fill": np.array([how.fill for how in step.treatments]),
        "scaled": np.array(scaled, np.int32),
        "center": np.array([how.center for how in hows]),
        "scale": np.array([how.scale for how in hows]),
        "parts": np.array([PARTS.index(kind) for kind in kinds], np.int8),
        "columns": np.array(columns, np.int32),
        "numbers": np.array(numbers, np.float64),
    }
    if not all(np.isfinite(array).all() for array in arrays.values()) or 0 in arrays["scale"]:
        raise InvalidInputError(
            "Required finite numbers, and no scale of 0, to prepare a table with; came others. "
            "Train the model again."
        )
    if not scaled:
        del arrays["fill"]
    return TableProgram(
        {name: array for name, array in arrays.items() if array.size},
        None if np.isinf(step.bound) else double_literal(step.bound),
        None if np.isinf(step.bound) else double_literal(step.farthest()),
        len(scaled),
        len(parts),
        tuple(name for at, pair in enumerate(pairs) for name in _levels(at, *pair)),
        tuple(column.kind for column in step.columns),
    )


def _parts(column: Column, how: Treatment) -> Iterator[tuple[str, float]]:
    """Kind and number of each output that is not a scaled number, as `TableStep.names`."""
    if not how.used:
        return
    if column.kind == "category":
        yield from (("level", code) for code in how.kept)
        if how.others:
            yield "other", len(how.kept)
    for cycle in how.cycles:
        yield from ((kind, 2 * np.pi / PERIODS[cycle]) for kind in ("sin", "cos"))
    if how.missing:
        yield "missing", 0.0


def _levels(at: int, column: Column, how: Treatment) -> Iterator[LevelName]:
    """The levels that the model tells apart: where some share a column, those that do not."""
    if not how.used or column.kind != "category":
        return
    for code, text in enumerate(column.levels):
        if code in how.kept or not how.others:
            yield LevelName(at, code, text_literal(text))
