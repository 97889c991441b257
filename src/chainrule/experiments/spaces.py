"""A search space as a spec writes it.

A hyperparameter has a list of values, or a table::

    { float = [1e-5, 1e-1], log = true }        a real number between the two
    { int = [32, 400] }                         a whole number; log = true, or step = 8
    { choice = [[16], [32, 16]] }               one of these, as a list says it
    { depth = [1, 2], width = { int = [16, 256], log = true } }
                                                layer sizes: how many layers, and how wide;
                                                equal = true makes all of one width

``draws = 20`` beside ``float`` or ``int`` replaces the range by so many values that are drawn from
it once, so that candidates are combinations of those.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.errors import InvalidInputError, SpecError
from chainrule.experiments.families import to_python
from chainrule.search import Choice, Float, Int, Sizes, Space

__all__ = ["logarithmic", "space_of"]

# What a table must have -> what else it may have.
TABLES = {
    "float": {"log", "draws"},
    "int": {"log", "step", "draws"},
    "choice": set[str](),
    "width": {"depth", "equal"},
}


def space_of(given: Mapping[str, Any], seed: int, where: str = "space") -> Space:
    """The space that the table says; ``seed`` is that of its ``draws``.

    Raises:
        SpecError: a table that is none of those above, with its place.
    """
    stream = np.random.RandomState(seed)
    try:
        return Space(
            {name: _dimension(value, f"{where}.{name}", stream) for name, value in given.items()}
        )
    except InvalidInputError as error:
        raise SpecError(f"{where}: {error}") from error


def logarithmic(given: Mapping[str, Any]) -> tuple[str, ...]:
    """The names whose ratios count rather than their differences."""
    return tuple(
        name for name, value in given.items() if isinstance(value, Mapping) and value.get("log")
    )


def _dimension(given: Any, where: str, stream: np.random.RandomState) -> Any:
    if isinstance(given, list):
        return [to_python(value) for value in given]
    if not isinstance(given, Mapping):
        raise SpecError(
            f"{where}: required a list of values or a table such as {{ float = [1e-5, 1e-1], log = "
            f"true }}, came {given!r}. A single value is a list of one: [{given!r}]."
        )
    kind = _kind(given, where)
    try:
        return _made(kind, dict(given), where, stream)
    except InvalidInputError as error:
        raise SpecError(f"{where}: {error}") from error


def _kind(given: Mapping[str, Any], where: str) -> str:
    """Which of `TABLES` it is."""
    found = [name for name in TABLES if name in given]
    if len(found) != 1:
        raise SpecError(
            f"{where}: a table needs one of {', '.join(TABLES)}; came {', '.join(given) or 'none'}."
        )
    (kind,) = found
    for name in given:
        if name != kind and name not in TABLES[kind]:
            known = ", ".join(sorted(TABLES[kind])) or "nothing"
            raise SpecError(f"{where}.{name}: beside {kind!r} there may be {known}.")
    return kind


def _made(kind: str, given: dict[str, Any], where: str, stream: np.random.RandomState) -> Any:
    if kind == "choice":
        return Choice(to_python(given["choice"]))
    if kind == "width":
        more = {name: given[name] for name in ("equal",) if name in given}
        depth, width = (_size(given.get(name, 1), where, stream) for name in ("depth", "width"))
        return Sizes(depth=depth, width=width, **more)
    ends, draws = given.pop(kind), given.pop("draws", None)
    if not isinstance(ends, list) or len(ends) != 2:
        raise SpecError(f"{where}.{kind}: required two ends, such as [1, 100]; came {ends!r}.")
    range_ = (Float if kind == "float" else Int)(*ends, **given)
    if draws is None:
        return range_
    if isinstance(draws, bool) or not isinstance(draws, int) or draws < 1:
        raise SpecError(f"{where}.draws: required a whole number of at least 1, came {draws!r}.")
    return [range_.draw(stream) for _ in range(draws)]


def _size(given: Any, where: str, stream: np.random.RandomState) -> Any:
    """A depth or a width: a number, a list, or a range of whole numbers."""
    if isinstance(given, Mapping):
        return _dimension(given, where, stream)
    return given
