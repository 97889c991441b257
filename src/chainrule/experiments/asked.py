"""What is asked for with data of one's own: whether it can be, and is for such data."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chainrule.errors import InvalidInputError
from chainrule.models.columns import ColumnKind
from chainrule.tables.image_survey import parse_size

__all__ = [
    "Size",
    "column_of",
    "kinds_of",
    "mapping_of",
    "of_images_alone",
    "of_tables_alone",
    "one_of",
    "sides_of",
]

Size = tuple[int, int] | int | str


def of_tables_alone(given: Mapping[str, Any]) -> None:
    """Refuses what is for tables, where the data are a folder of images.

    Raises:
        InvalidInputError: some of it was given; ``given`` has its names and values.
    """
    named = [name for name, value in given.items() if value]
    if named:
        raise InvalidInputError(
            f"{', '.join(named)}: for tables; the classes of a folder of images are its "
            "sub-folders. Leave it out."
        )


def of_images_alone(given: Mapping[str, Any]) -> None:
    """Refuses what is for images, where the data are a table.

    Raises:
        InvalidInputError: as for `of_tables_alone`.
    """
    named = [name for name, value in given.items() if value not in (None, False)]
    if named:
        raise InvalidInputError(f"{', '.join(named)}: for folders of images. Leave it out.")


def column_of(data: Any, target: Any) -> str:
    """The target's name, of data that are there."""
    on_disk = isinstance(data, str | os.PathLike)
    if on_disk and not Path(data).exists():
        raise InvalidInputError(f"{data} does not exist. Give the path of a table or a folder.")
    name = data if on_disk else "the table"
    if target is None:
        raise InvalidInputError(
            f"{name}: required the column to predict, for a table: --target COLUMN, or "
            "target='COLUMN' in Python. (A folder of images needs none.)"
        )
    if not isinstance(target, str):
        kind = f"{type(target).__module__}.{type(target).__qualname__}".removeprefix("builtins.")
        raise InvalidInputError(
            f"target: required the name of a column of the table, as text; came an object of type "
            f"{kind}. Values of their own are put into the table as a column first; a column that "
            "is called by a number is called by its digits."
        )
    return target


def kinds_of(asked: Mapping[ColumnKind, Sequence[str]]) -> dict[str, ColumnKind]:
    """What each column is to be taken for, of the names that were given with each kind.

    Raises:
        InvalidInputError: a column was given with two kinds.
    """
    kinds: dict[str, ColumnKind] = {}
    for kind, names in asked.items():
        for name in names:
            if kinds.setdefault(name, kind) != kind:
                raise InvalidInputError(
                    f"The column {name!r} is asked to be taken as a {kinds[name]} "
                    f"(--{kinds[name]} {name!r}) and as a {kind} (--{kind} {name!r}). Ask for one "
                    "of the two."
                )
    return kinds


def mapping_of(name: str, given: Any, example: str) -> dict[str, Any]:
    """A mapping that was given, or an empty one."""
    if given is not None and not isinstance(given, Mapping):
        raise InvalidInputError(f"{name}: required a mapping, such as {example}; came {given!r}.")
    return dict(given or {})


def one_of(name: str, value: object, known: tuple[object, ...]) -> None:
    """Refuses any other value; None is not said to be one."""
    if value not in known:
        said = " or ".join(repr(each) for each in known if each is not None)
        raise InvalidInputError(f"{name}: required {said}; came {value!r}.")


def sides_of(size: Size) -> tuple[int, int]:
    """Height and width of what may also be one number, or text as the command has it."""
    return parse_size("x".join(map(str, size)) if isinstance(size, tuple | list) else str(size))
