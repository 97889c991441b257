"""A person's own numbers: read from TOML, JSON, CSV or a mapping, with the decimals they used.

::

    Z1 = [0.300, 0.300]               # flat, where there is one sample (or one row or column)
    dW1 = [[0.01, "?"], ["", 0.02]]   # in the example's layout; "", "?" and null are left out
    W1 = 0.1                          # one number for a matrix: every entry

    [layer2]                          # the same as Z2 and dW2
    Z = 0.2165
    [step2]                           # quantities of the second step
    loss = 0.3710

A CSV has the columns ``quantity,row,column,value``: row and column are counted from 1 in the
example's layout and stay empty where a quantity has none; ``step2.loss`` is of the second step.

The decimals that are typed count: ``0.30`` says more than ``0.3``. A whole number without a
point has the most decimals of its quantity's other numbers (``[0.0133, 0]`` ends in 0.0000); in
a quantity of whole numbers only, the fewest decimals of all answers; and none without others.
A Python or NumPy float counts with the digits that its type holds.
"""

import csv
import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import ExampleError, unknown_name
from chainrule.worked.quantities import Quantity, Trace

__all__ = ["Answer", "Floats", "Node", "blanks", "read_answers"]

Floats = npt.NDArray[np.float64]
Node = tuple[int, str]
"""A step's number, from 1, and a quantity's key."""

BLANKS = ("", "?")


@dataclass(frozen=True)
class Answer:
    """A person's numbers for one quantity, in the row convention; NaN where there is none.

    ``half`` is half a unit of the last decimal, ``typed`` the numbers as they were written.
    """

    value: Floats
    half: Floats
    typed: npt.NDArray[np.object_]

    @property
    def there(self) -> npt.NDArray[np.bool_]:
        return ~np.isnan(self.value)


def read_answers(source: str | Path | Mapping[str, Any], trace: Trace) -> dict[Node, Answer]:
    """The answers to a trace's quantities, by step and key, in the order of the calculation.

    Parameters
    ----------
    source
        The path of a ``.toml``, ``.json`` or ``.csv`` file, or a mapping with the same keys.
    trace
        What the answers are to: it has the names, the shapes and the layout.

    Raises
    ------
    ExampleError
        For a file, name, shape or number that cannot be used; the message says which.
    """
    found = _grids(source, trace)
    points = [number.decimals for grid in found.values() for number in _pointed(grid)]
    fewest = min(points, default=0)
    order = [(step.number, key) for step in trace.steps for key in step]
    read = {node: _answer(found[node], fewest) for node in order if node in found}
    return {node: answer for node, answer in read.items() if answer.there.any()}


def blanks(source: str | Path | Mapping[str, Any], trace: Trace) -> int:
    """How many numbers of the quantities that the answers name are left open."""
    grids = _grids(source, trace).values()
    return sum(1 for grid in grids for number in grid.ravel() if number is None)


def _grids(
    source: str | Path | Mapping[str, Any], trace: Trace
) -> dict[Node, npt.NDArray[np.object_]]:
    table = source if isinstance(source, Mapping) else _file(Path(source))
    found: dict[Node, npt.NDArray[np.object_]] = {}
    for node, raw in _flat(table, trace):
        if node in found:
            raise ExampleError(f"{_called(node)} is given twice.")
        found[node] = _grid(_called(node), trace.steps[node[0] - 1].quantity(node[1]), raw, trace)
    return found


# files


def _file(path: Path) -> Mapping[str, Any]:
    if path.suffix not in READERS:
        raise ExampleError(f"Answers must be a .toml, .json or .csv file, got {path.name}.")
    if path.is_dir():
        raise ExampleError(f"{path} is a folder; answers are a .toml, .json or .csv file.")
    if not path.is_file():
        raise ExampleError(f"There is no file {path}.")
    try:
        table = READERS[path.suffix](path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        raise ExampleError(
            f"{path.name} is not text in UTF-8: save it with that encoding."
        ) from None
    except OSError as error:
        raise ExampleError(f"{path} cannot be read: {error.strerror or error}.") from None
    except (tomllib.TOMLDecodeError, json.JSONDecodeError, csv.Error) as error:
        kind = path.suffix[1:].upper()
        raise ExampleError(f"{path.name} is not valid {kind}: {error}.") from None
    if not isinstance(table, Mapping):
        raise ExampleError(f"{path.name} must hold quantities by name, as in {{'Z1': [0.3, 0.2]}}.")
    return table


class _Cells(dict[tuple[str, str], str]):
    """A quantity's numbers in a CSV, by row and column."""


def _csv(text: str) -> dict[str, Any]:
    rows = csv.DictReader(text.splitlines(), skipinitialspace=True)
    names = rows.fieldnames or []
    if not {"quantity", "value"} <= set(names) <= {"quantity", "row", "column", "value"}:
        raise ExampleError(
            "A CSV of answers needs the columns quantity,row,column,value, with commas between, "
            f"got {','.join(names) or 'none'}."
        )
    found: dict[str, Any] = {}
    for row in rows:
        *tables, key = (row["quantity"] or "").strip().split(".")
        place = found
        for name in tables:
            place = place.setdefault(name, {})
        cell = ((row.get("row") or "").strip(), (row.get("column") or "").strip())
        cells = place.setdefault(key, _Cells())
        if cell in cells:
            at = "".join(
                f", {word} {part}"
                for word, part in zip(("row", "column"), cell, strict=True)
                if part
            )
            raise ExampleError(f"{row['quantity']}{at} is given twice.")
        cells[cell] = row["value"] or ""
    return found


READERS: Mapping[str, Callable[[str], Any]] = {
    ".toml": lambda text: tomllib.loads(text, parse_float=Decimal),
    ".json": lambda text: json.loads(text, parse_float=Decimal, parse_constant=str),
    ".csv": _csv,
}


# names


def _called(node: Node) -> str:
    return node[1] if node[0] == 1 else f"step{node[0]}.{node[1]}"


def _flat(table: Mapping[str, Any], trace: Trace, number: int = 1) -> Iterator[tuple[Node, Any]]:
    """Every quantity with what was given for it, out of the tables of steps and layers."""
    step = trace.steps[number - 1]
    for name, raw in table.items():
        nested = re.fullmatch(r"(step|layer)(\d+)", str(name))
        if nested and nested[1] == "step":
            yield from _flat(_mapping(name, raw), trace, _step(int(nested[2]), trace))
        elif nested:
            keys = _short_names(step, _layer(int(nested[2]), trace))
            for short, part in _mapping(name, raw).items():
                if short not in keys:
                    raise ExampleError(unknown_name(f"quantity of {name}", short, keys))
                yield (number, keys[short]), part
        else:
            yield (number, step.quantity(str(name)).key), raw


def _mapping(name: str, raw: Any) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        raise ExampleError(f"{name} must be a table of quantities, got {raw!r}.")
    return raw


def _step(number: int, trace: Trace) -> int:
    if not 1 <= number <= len(trace.steps):
        count = len(trace.steps)
        raise ExampleError(
            f"step{number} is not there: the example has {count} step{'s' * (count > 1)}. "
            "update.steps says how many there are."
        )
    return number


def _layer(number: int, trace: Trace) -> int:
    count = len(trace.example.given)
    if not 1 <= number <= count:
        raise ExampleError(
            f"layer{number} is not there: the network has {count} layer{'s' * (count > 1)}."
        )
    return number


def _short_names(step: Mapping[str, Any], layer: int) -> dict[str, str]:
    """The keys of a layer by their name without its number: ``dW_data`` for ``dW2_data``."""
    pattern = re.compile(rf"(?<=[A-Za-z]){layer}(?=_|$)")
    return {pattern.sub("", key): key for key in step if pattern.search(key)}


# numbers and shapes


@dataclass(frozen=True)
class _Number:
    value: float
    decimals: int
    typed: str
    whole: bool


def _number(where: str, raw: Any) -> _Number | None:
    """One number with its decimals; None for a blank."""
    typed = "" if raw is None else str(raw).strip().replace("\N{MINUS SIGN}", "-")
    if typed in BLANKS:
        return None
    try:
        exact = Decimal(typed)
    except InvalidOperation:
        exact = Decimal("NaN")
    if isinstance(raw, bool | np.bool_) or not np.isfinite(float(exact)):
        came = repr(raw) if isinstance(raw, str) else typed
        raise ExampleError(
            f"{where} must be a finite decimal number such as 0.3042, or a blank '?', got {came}."
        )
    decimals = -int(exact.as_tuple().exponent)
    if isinstance(raw, float | np.floating):
        decimals = min(decimals, np.finfo(type(raw)).precision - 1 - exact.adjusted())
    if exact == 0:
        decimals = max(decimals, 0)  # 0e9 is not a number to the nearest 10^9
    return _Number(float(exact), decimals, typed, typed.lstrip("+-").isdigit())


def _grid(where: str, quantity: Quantity, raw: Any, trace: Trace) -> npt.NDArray[np.object_]:
    """What was given, as an array of numbers and blanks in the quantity's own (row) shape."""
    shape = quantity.oriented(trace.layout).shape
    if isinstance(raw, _Cells):
        grid = _from_cells(where, raw, shape)
    elif _is_list(raw):
        grid = _from_lists(where, raw, shape, trace.layout)
    else:
        grid = np.full(shape, _number(where, raw), dtype=object)
    turned = quantity.kind == "matrix" and trace.layout == "column"
    return grid.T if turned else grid


def _is_list(raw: Any) -> bool:
    return isinstance(raw, Sequence | np.ndarray) and not isinstance(raw, str)


def _from_lists(
    where: str, raw: Any, shape: tuple[int, ...], layout: str
) -> npt.NDArray[np.object_]:
    came = _shape(where, raw)
    if _without_ones(came) != _without_ones(shape):
        hint = f" It looks transposed: the example's layout is {layout!r}." * (came == shape[::-1])
        raise ExampleError(f"{where} must be {_by(shape)}, got {_by(came)}.{hint}")
    grid = np.empty(int(np.prod(shape)), dtype=object)
    grid[:] = [_number(where, item) for item in _items(raw)]
    return grid.reshape(shape)


def _shape(where: str, raw: Any) -> tuple[int, ...]:
    if not _is_list(raw) or (isinstance(raw, np.ndarray) and raw.ndim == 0):
        return ()
    shapes = [_shape(where, part) for part in raw]
    if len(set(shapes)) > 1:
        raise ExampleError(
            f"{where} must have rows of equal length, got rows of "
            f"{', '.join(_by(one) for one in shapes)}. A blank is written '?'."
        )
    return (len(shapes), *(shapes[0] if shapes else ()))


def _items(raw: Any) -> Iterator[Any]:
    for part in raw:
        if _is_list(part):
            yield from _items(part)
        else:
            yield part


def _without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(size for size in shape if size != 1)


def _by(shape: tuple[int, ...]) -> str:
    if len(shape) == 0:
        return "one number"
    if len(shape) == 1:
        return f"{shape[0]} number{'s' * (shape[0] != 1)}"
    return " by ".join(map(str, shape))


def _from_cells(where: str, raw: _Cells, shape: tuple[int, ...]) -> npt.NDArray[np.object_]:
    grid = np.full(shape, None, dtype=object)
    for cell, value in raw.items():
        place = f"{where}, row {cell[0] or '(empty)'}, column {cell[1] or '(empty)'},"
        used = [part for part in cell if part]
        if used:
            grid[_index(place, used, shape)] = _number(place, value)
        else:
            grid[...] = _number(where, value)
    return grid


def _index(place: str, used: list[str], shape: tuple[int, ...]) -> tuple[int, ...]:
    counted = [int(part) for part in used if part.isdigit()]
    inside = all(1 <= i <= size for i, size in zip(counted, shape, strict=False))
    if len(counted) != len(shape) or not inside:
        raise ExampleError(
            f"{place} is not in it: it is {_by(shape)}, counted from 1"
            f"{'' if len(shape) == 2 else ', so one of the two stays empty'}."
        )
    return tuple(i - 1 for i in counted)


# decimals


def _pointed(grid: npt.NDArray[np.object_]) -> list[_Number]:
    return [number for number in grid.ravel() if number is not None and not number.whole]


def _answer(grid: npt.NDArray[np.object_], fewest: int) -> Answer:
    most = max((number.decimals for number in _pointed(grid)), default=fewest)
    value, half = np.full(grid.shape, np.nan), np.zeros(grid.shape)
    typed = np.full(grid.shape, "", dtype=object)
    for at, number in np.ndenumerate(grid):
        if number is not None:
            value[at], typed[at] = number.value, number.typed
            half[at] = 0.5 * 10.0 ** -(max(most, 0) if number.whole else number.decimals)
    return Answer(value, half, typed)
