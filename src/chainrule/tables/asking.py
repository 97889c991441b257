"""What was asked for of a table's columns: whether it can be, before anything is decided by it."""

from collections.abc import Collection, Iterable, Mapping

from chainrule.errors import DataError, listed, quoted, unknown_name
from chainrule.models.columns import KINDS, ColumnKind
from chainrule.tables.block import number_of
from chainrule.tables.survey import Found

__all__ = ["check_as", "check_asked", "check_target_alone", "comma_hint", "missing_hint"]

WANTED = {"number": "a number in each row", "date": "a date (as 2026-11-22) in each row"}
CAME = {"number": "numbers", "bool": "true and false", "date": "dates", "other": "other values"}


def comma_hint(columns: Iterable[Found]) -> str:
    """What to do about those of the columns that seem to have a decimal comma; "" if none does."""
    names = [one.name for one in columns if one.decimal_comma]
    if not names:
        return ""
    return (
        f" {listed(names, 10)}: numbers with a decimal comma, as it seems; write them with a point "
        "first (pandas: read_csv(..., decimal=','))."
    )


def missing_hint(columns: Iterable[Found]) -> str:
    """Of columns of a file of text that are numbers in most rows: the first value that is none,
    which may stand for a missing one; "" if there are no such columns."""
    said = [one.no_number for one in columns if not one.typed and _mostly_numbers(one)]
    if not said:
        return ""
    return (
        f" Most values are numbers, but not all ({said[0].rstrip('.')}): what stands for a missing "
        "value is said with --missing TEXT, the empty text too."
    )


def _mostly_numbers(one: Found) -> bool:
    if one.sort != "text" or one.numeric or one.counts is None:
        return False
    numbers = sum(n for text, n in one.counts.items() if number_of(text) is not None)
    return 2 * numbers > one.known


def check_asked(
    found: Collection[str], drop: Collection[str], kinds: Mapping[str, ColumnKind]
) -> None:
    """Whether the columns and kinds are there, and none is asked for twice.

    Raises
    ------
    DataError
        With the name that is none, or the two things that were asked for.
    """
    for name in (*drop, *kinds):
        if name not in found:
            raise DataError(unknown_name("column", name, found))
    for name, kind in kinds.items():
        if kind not in KINDS:
            raise DataError(unknown_name("kind of column", kind, KINDS))
        if name in drop:
            raise DataError(
                f"The column {quoted(name)} is asked to be left out (--drop {quoted(name)}) and to "
                f"be taken as a {kind} (--{kind} {quoted(name)}). Ask for one of the two."
            )


def check_target_alone(
    target: str, drop: Collection[str], kinds: Mapping[str, ColumnKind] | None
) -> None:
    """Whether nothing is asked of the target that is for the columns to predict from.

    Raises
    ------
    DataError
        It is to be left out, or taken for a kind.
    """
    name = quoted(target)
    said = f"The column {name} is the one to predict (--target {name})"
    if target in drop:
        raise DataError(
            f"{said}, and is asked to be left out (--drop {name}). Leave out --drop, or "
            "predict another column."
        )
    if kind := (kinds or {}).get(target):
        raise DataError(
            f"{said}, and is asked to be taken as a {kind} (--{kind} {name}), which is for "
            "columns to predict from. Whether it has classes or numbers is said with --task "
            "classification or --task regression."
        )


def check_as(one: Found, kind: ColumnKind) -> None:
    """Whether every value of a column can be of the kind that was asked for.

    Raises
    ------
    DataError
        With the column, and the first value that cannot, or what they are.
    """
    name = quoted(one.name)
    asked = f"asked for by --{kind} {name}"
    if one.sort == "text" and kind == "number" and not one.numeric:
        raise DataError(
            f"{one.no_number} It is {asked}; leave that out."
            f"{comma_hint([one])}{missing_hint([one])}"
        )
    if one.sort == "text" and kind == "date" and not one.dated:
        raise DataError(f"{one.no_date} It is {asked}; leave that out.")
    strange = {"number": ("date", "other"), "date": ("number", "bool", "other")}
    if one.known and one.sort in strange.get(kind, ("other",)):
        wanted = WANTED.get(kind, "a text, number or date in each row")
        raise DataError(
            f"Column {name}: required {wanted}, {asked}; came {CAME[one.sort]}. Leave that out, or "
            f"leave the column out (--drop {name})."
        )
