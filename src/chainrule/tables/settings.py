"""What a table's preparation can be told: a row for each setting, with what it may be.

Neither scikit-learn nor pyarrow is needed to check them, so that a model file can be checked where
it is only looked at.
"""

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from chainrule.errors import InvalidInputError
from chainrule.models.columns import KINDS

__all__ = ["SETTINGS", "check_settings"]


def _one_of(*known: str) -> tuple[Callable[[Any], bool], str]:
    required = ", ".join(map(repr, known[:-1])) + f" or {known[-1]!r}"
    return lambda value: isinstance(value, str) and value in known, required


def _are_names(value: Any) -> bool:
    """A single text is a collection too, of its letters: that is a slip."""
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Collection):
        return False
    return all(isinstance(name, str) for name in value)


def _are_kinds(value: Any) -> bool:
    return value is None or (
        isinstance(value, Mapping)
        and all(isinstance(name, str) for name in value)
        and all(isinstance(kind, str) and kind in KINDS for kind in value.values())
    )


def _is_count(value: Any) -> bool:
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return whole and value >= 1


def _is_bound(value: Any) -> bool:
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    return value is None or (number and bool(np.isfinite(value)) and bool(value > 0))


COUNT = (_is_count, "a whole number from 1 on")

SETTINGS: Mapping[str, tuple[Callable[[Any], bool], str]] = MappingProxyType(
    {
        "drop": (_are_names, "a list of names of columns"),
        "kinds": (
            _are_kinds,
            f"None, or a mapping of names of columns to {', '.join(map(repr, KINDS))}",
        ),
        "scaling": _one_of("robust", "standard", "none"),
        "min_count": COUNT,
        "max_levels": COUNT,
        "bound": (_is_bound, "None, or a finite number above 0"),
        "dtype": _one_of("float32", "float64"),
    }
)


def check_settings(given: Mapping[str, Any]) -> None:
    """Refuse a setting that is none of `SETTINGS`, or a value that it cannot have.

    Raises
    ------
    InvalidInputError
        With the setting's name, what it may be, and what came.
    """
    for name, value in given.items():
        if name not in SETTINGS:
            known = ", ".join(SETTINGS)
            raise InvalidInputError(f"Required settings among {known}; came {name!r:.60}.")
        is_right, required = SETTINGS[name]
        if not is_right(value):
            raise InvalidInputError(f"{name}: required {required}; came {value!r:.60}.")
