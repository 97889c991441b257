"""What is done with each column of a table: a rule for each, that anybody can overrule.

- A column of numbers is a number, one of true and false a category, a date a date.
- Text that is numbers in every row is a number, text that is dates (as 2026-11-22) a date.
- Other text is a category, unless most values are different ones: that is refused by name.
- A column with one value, or none, is left out, and so is one that only numbers the rows.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from chainrule.errors import DataError, listed, quoted, unknown_name
from chainrule.models.columns import Column, ColumnKind
from chainrule.tables.asking import check_as, check_asked, comma_hint, missing_hint
from chainrule.tables.block import number_of
from chainrule.tables.encoding import TRUTH
from chainrule.tables.survey import Found

__all__ = ["Decision", "TargetDecision", "decide", "decide_target"]

MANY = 100
"""Up to so many different values, text is a category whatever the number of rows."""

FEW = 20
"""Up to so many different whole numbers, a target is of classes."""

EXACT = 2**53
"""Up to here float64 has every whole number."""

Task = Literal["classification", "regression"]


@dataclass(frozen=True)
class Decision:
    """What a column is taken for, and why; ``kind`` is None where it is left out. Of a category,
    ``counts`` has the rows of each level."""

    name: str
    kind: ColumnKind | None
    why: str
    levels: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()

    @property
    def column(self) -> Column:
        assert self.kind is not None
        return Column(self.name, self.kind, self.levels)


@dataclass(frozen=True)
class TargetDecision:
    """What is predicted: the ``classes`` of a classification, () for a regression; ``counts`` are
    the rows of each class, or those that have a number."""

    name: str
    task: Task
    why: str
    classes: tuple[str, ...]
    missing: int
    counts: tuple[int, ...] = ()


def decide(
    found: Mapping[str, Found],
    *,
    target: str | None = None,
    drop: Collection[str] = (),
    kinds: Mapping[str, ColumnKind] | None = None,
) -> tuple[Decision, ...]:
    """What each column but the target is taken for; ``drop`` and ``kinds`` overrule.

    Raises
    ------
    DataError
        A name that is none; what contradicts itself, or cannot be of the column's values; text that
        cannot be used (all such columns by name); or no column left.
    """
    kinds = kinds or {}
    check_asked(found, drop, kinds)
    decisions, texts, others = [], [], []
    for name, one in found.items():
        if name == target:
            continue
        usual = None if one.sort == "other" or _is_text(one) else _by_rule(one)
        if usual and (name in drop or name in kinds) and usual.kind == kinds.get(name):
            decisions.append(usual)  # it would be so anyway, and the rule says why
        elif name in drop:
            decisions.append(Decision(name, None, "left out, as asked for"))
        elif name in kinds:
            decisions.append(_asked(one, kinds[name]))
        elif one.sort == "other":
            others.append(name)
        elif _is_text(one):
            texts.append(name)
        elif usual:
            decisions.append(usual)
    if texts or others:
        refused = [found[name] for name in texts]
        raise DataError(_refused(texts, others, comma_hint(refused) + missing_hint(refused)))
    if not any(each.kind for each in decisions):
        raise DataError(_none_left(decisions, target))
    return tuple(decisions)


def _none_left(decisions: Sequence[Decision], target: str | None) -> str:
    required = "Required at least one column to predict from"
    if not decisions:
        return f"{required}; the table has {quoted(target)} only, which is to be predicted."
    said = [f"{quoted(each.name)} ({each.why})" for each in decisions[:10]]
    more = f"; and {len(decisions) - 10:,} more" if len(decisions) > 10 else ""
    return f"{required}; each is left out: {'; '.join(said)}{more}."


def _is_text(one: Found) -> bool:
    if one.sort != "text" or one.numeric or one.dated or not one.known:
        return False
    return one.distinct is None or (one.distinct > MANY and 2 * one.distinct > one.known)


def _refused(texts: list[str], others: list[str], hint: str) -> str:
    said = []
    if texts:
        said.append(
            f"Text in which most values are different: {listed(texts, 10)}. A perceptron takes "
            f" numbers, categories and dates.{hint}"
        )
    if others:
        said.append(f"Values that are no numbers, texts or dates: {listed(others, 10)}.")
    name = quoted([*texts, *others][0])
    as_names = (
        f"; a column of names that do repeat can be taken as a category (--category {name})"
        if texts
        else ""
    )
    return (
        f"{' '.join(said)} Leave such columns out (--drop {name}), or turn them into numbers "
        f"first{as_names}."
    )


def _by_rule(one: Found) -> Decision:
    if one.distinct == 0:
        return Decision(one.name, None, "left out: no value in any row")
    if one.distinct == 1 and not one.missing and not one.infinite:
        assert one.counts is not None
        return Decision(one.name, None, f"left out: {quoted(next(iter(one.counts)))} in every row")
    if one.sort == "number" or (one.sort == "text" and one.numeric):
        if _counts_rows(one):
            return Decision(one.name, None, "left out: it numbers the rows")
        told = "text that is numbers" if one.sort == "text" and one.typed else "numbers"
        return Decision(one.name, "number", f"{told}{_gaps(one)}")
    if one.sort == "date" or (one.sort == "text" and one.dated):
        return Decision(one.name, "date", f"dates{_gaps(one)}")
    levels = _levels(one)
    why = f"{_told(one, levels)}, {len(levels):,} different values{_gaps(one)}"
    return Decision(one.name, "category", why, levels, _counts(one, levels))


def _told(one: Found, levels: tuple[str, ...]) -> str:
    if levels == TRUTH:
        return f"{'text that is ' if one.sort == 'text' and one.typed else ''}true and false"
    return "text (numbers with a decimal comma?)" if one.decimal_comma else "text"


def _counts(one: Found, levels: tuple[str, ...]) -> tuple[int, ...]:
    """The rows of each level."""
    assert one.counts is not None
    folded = dict.fromkeys(levels, 0)
    for text, n in one.counts.items():
        folded[text.casefold() if levels == TRUTH else text] += n
    return tuple(folded.values())


def _levels(one: Found) -> tuple[str, ...]:
    if one.counts is None:
        raise DataError(
            f"Column {quoted(one.name)} has too many different values for a category. Leave it out "
            f"(--drop {quoted(one.name)})."
        )
    if {text.casefold() for text in one.counts} <= set(TRUTH):
        return TRUTH
    numbers = {text: number_of(text) for text in one.counts}
    if None in numbers.values():
        return tuple(sorted(one.counts))
    return tuple(sorted(one.counts, key=lambda text: numbers[text] or 0.0))


def _gaps(one: Found) -> str:
    said = f"; {one.missing} missing" if one.missing else ""
    said += f"; {one.infinite} infinite, taken as missing" if one.infinite else ""
    largest = max(-one.lowest, one.highest)
    if one.whole and largest >= EXACT:
        said += "; whole numbers beyond 2^53, taken to the nearest float64"
    return said


def _counts_rows(one: Found) -> bool:
    steps = one.highest - one.lowest == one.n_rows - 1
    return bool(
        one.n_rows > FEW
        and one.whole
        and not one.missing
        and steps
        and one.distinct in (None, one.n_rows)
    )


def _asked(one: Found, kind: ColumnKind) -> Decision:
    check_as(one, kind)
    if kind != "category":
        return Decision(one.name, kind, f"as asked for{_gaps(one)}")
    levels = _levels(one)
    why = f"as asked for, {len(levels):,} different values{_gaps(one)}"
    return Decision(one.name, kind, why, levels, _counts(one, levels))


def decide_target(
    found: Mapping[str, Found], name: str, task: Task | None = None
) -> TargetDecision:
    """Whether classes or numbers are predicted: text, truth values and up to `FEW` different whole
    numbers are classes, unless ``task`` says otherwise.

    Raises
    ------
    DataError
        There is no such column, or nothing in it can be learnt.
    """
    if name not in found:
        raise DataError(unknown_name("column", name, found))
    one = found[name]
    if one.sort in ("date", "other") or (one.sort == "text" and one.dated and not one.numeric):
        what = "dates" if one.sort != "other" else "values that are neither"
        raise DataError(f"Required classes or numbers to predict in {quoted(name)}; came {what}.")
    numeric = one.sort == "number" or (one.sort == "text" and one.numeric)
    few = one.distinct is not None and one.distinct <= FEW and one.whole
    if one.distinct is not None and one.distinct < 2:
        came = f"only {quoted(next(iter(one.counts)))}" if one.counts else "no value at all"
        raise DataError(
            "Required a target with two different values at least; the column "
            f"{quoted(name)} has {came}."
        )
    if task is None:
        task = "regression" if numeric and not few else "classification"
        why = "numbers" if task == "regression" else f"{one.distinct} different values"
    else:
        why = "as asked for"
    if task == "regression" and not numeric:
        raise DataError(
            f"Required numbers to predict in {quoted(name)}; came {one.sort}.{comma_hint([one])}"
        )
    if task == "classification" and (one.distinct is None or 2 * one.distinct > one.known):
        raise DataError(
            f"Required a target whose classes repeat; nearly every row of {quoted(name)} has "
            "another value. Say --task regression if they are numbers." + comma_hint([one])
        )
    classes = _levels(one) if task == "classification" else ()
    missing = one.missing + one.infinite
    counts = _counts(one, classes) if classes else (one.n_rows - missing,)
    return TargetDecision(name, task, why, classes, missing, counts)
