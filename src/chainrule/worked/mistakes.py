"""What is wrong with an example's file, in its author's words.

pydantic finds the first key that cannot be read; here it gets the name that the example has for
it (``W2`` for ``layers.1.W``), what is required there, and what came.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.equations.losses import LOSSES
from chainrule.equations.optimizers import OPTIMIZERS
from chainrule.errors import ExampleError, unknown_name

__all__ = ["check_optimizer", "check_printed", "check_targets", "explained"]

MATRIX = "must be a matrix of numbers, a list of rows as in [[0.1, 0.2], [0.3, 0.4]]"
NUMBERS = "must be a list of numbers, as in [0.1, 0.2]"
REQUIRED: Mapping[str, str] = {
    "layers": "must be written as [[layers]], once for each layer",
    "X": f"{MATRIX}, a sample a row",
    "Y": f"{MATRIX}, a sample a row",
    "W": f"{MATRIX}, or one number for all of it",
    "b": f"{NUMBERS}, or one number for all of it",
    "labels": "must be a list of whole numbers, counted from 0, as in [0, 2, 1]",
    "weights": NUMBERS,
}
WORDS: Mapping[str, str] = {
    "finite_number": "must be a finite number",
    "float": "must be a number",
    "int": "must be a whole number",
    "string": "must be a text in quotes",
    "list": "must be a list",
    "model": "must be a table",
    "dict": "must be a table",
    "bool": "must be true or false",
}
LONGEST = 60
TARGETS = {
    "count": "numbers from 0 up",
    "label": "numbers from 0 to 1",
    "distribution": "numbers from 0 to 1 with the sum 1 in each row",
}


def explained(
    problems: Sequence[Any], table: Mapping[str, Any], keys: Mapping[str, Iterable[str]]
) -> str:
    """The message for what pydantic found.

    Parameters
    ----------
    problems
        ``errors()`` of the ``ValidationError``; a key that is not known is reported first, since
        what is missing is often only misspelt.
    table
        The example as it came.
    keys
        What there may be in each table: ``""`` is the example itself.
    """
    problem = next((one for one in problems if one["type"] == "extra_forbidden"), problems[0])
    where, kind = tuple(problem["loc"]), str(problem["type"])
    if kind == "extra_forbidden":
        return _unknown(str(where[-1]), str(where[0]) if len(where) > 1 else "", keys)
    if kind == "missing":
        return f"{_name(where)} is required, and is not there."
    key = _key(where)
    if key in REQUIRED:
        end = next(i for i, part in enumerate(where) if part == key) + 1
        here = [one["type"] for one in problems if tuple(one["loc"])[:end] == where[:end]]
        if "finite_number" in here:
            return f"{_name(where[:end])} must hold finite numbers, got NaN or infinity."
        came: Any = table
        for part in where[:end]:
            came = came[part]
        return f"{_name(where[:end])} {REQUIRED[key]}; got {_shaped(came)}{_shown(came)}."
    words = next((said for name, said in WORDS.items() if kind.startswith(name)), None)
    required = words or problem["msg"].replace("Input should", "must")
    return f"{_name(where)} {required}, got {_shown(problem['input'])}."


def _unknown(key: str, place: str, keys: Mapping[str, Iterable[str]]) -> str:
    known = set(keys[place])
    said = unknown_name(f"key of {_table(place)}" if place else "key", key, known)
    homes = [_table(name) for name, others in keys.items() if name != place and key in others]
    return f"{said} It belongs in {' or '.join(homes)}." if homes else said


def _table(name: str) -> str:
    if not name:
        return "the example itself, above its first [table]"
    return f"[[{name}]]" if name in ("layers", "notes", "questions", "variants") else f"[{name}]"


def _key(where: tuple[Any, ...]) -> str:
    """The key of numbers that a place is in, if it is in one."""
    if where[0] == "layers":
        return str(where[2]) if len(where) > 2 else "layers"
    return str(where[0])


def _name(where: tuple[Any, ...]) -> str:
    """What an author calls the place: counted from 1, and W2 for W of the second layer."""
    parts = [part + 1 if isinstance(part, int) else part for part in where]
    match parts:
        case ["layers", int(i), "W" | "b" as key, *_]:
            return f"{key}{i}"
        case ["layers", int(i), key, *_]:
            return f"{key} of layer {i}"
        case [table, int(i), str(key), *_]:
            return f"{key} of [[{table}]] number {i}"
        case [table, int(i)]:
            return f"{table}, number {i},"
        case [table, str(key), *_]:
            return f"{key} of [{table}]"
    return str(parts[0])


def _shaped(came: Any) -> str:
    """The shape of a list of numbers, or of rows of equal length."""
    if not isinstance(came, list) or not came:
        return ""
    if not any(isinstance(part, list) for part in came):
        return f"a flat list of {len(came)}: "
    lengths = {len(part) if isinstance(part, list) else None for part in came}
    return f"{len(came)} by {lengths.pop()}: " if len(lengths) == 1 else ""


def _shown(came: Any) -> str:
    """What came, in the file's notation and not too long."""
    found = came if isinstance(came, str) else _written(came)
    text = f'the text "{found}"' if isinstance(came, str) else found
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."


def _written(value: Any) -> str:
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_written, value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def check_targets(Y: npt.NDArray[np.float64], loss: str) -> None:
    """The loss must make sense of them: its short form of dZ holds for no others."""
    kind = LOSSES[loss].targets
    low, high, sums = Y.min(axis=1), Y.max(axis=1), Y.sum(axis=1)
    wrong = {
        "real": np.zeros(len(Y), dtype=bool),
        "count": low < 0,
        "label": (low < 0) | (high > 1),
        "distribution": (low < 0) | (np.abs(sums - 1) > 1e-6),
    }[kind]
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ExampleError(
            f"Y must hold {TARGETS[kind]} for the loss {loss}, "
            f"got {Y[row].tolist()} in row {row + 1}."
        )


def check_optimizer(name: str, settings: Mapping[str, float]) -> None:
    """Its name, and the names and ranges of its settings."""
    if name not in OPTIMIZERS:
        raise ExampleError(unknown_name("optimizer", name, OPTIMIZERS))
    for key, value in settings.items():
        if key not in OPTIMIZERS[name].settings:
            raise ExampleError(unknown_name(f"setting of {name}", key, OPTIMIZERS[name].settings))
        below_1 = key == "momentum" or key.startswith("beta")
        if value < 0 or (below_1 and value >= 1):
            raise ExampleError(
                f"The setting {key} must be at least 0{' and below 1' * below_1}, got {value}."
            )


def check_printed(key: str, value: Any) -> None:
    """A document's numbers may be strings, for their decimals, and blanks."""
    if isinstance(value, list):
        for part in value:
            check_printed(key, part)
        return
    try:
        Decimal("0" if value in ("", "?", None) else str(value))
    except InvalidOperation:
        raise ExampleError(
            f'{key} of [printed] must hold numbers, as in "0.30", or blanks "", got {value!r}.'
        ) from None
