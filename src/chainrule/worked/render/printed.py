"""The numbers that a document prints, beside ours to the same decimals."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np

from chainrule.worked.example import Layout
from chainrule.worked.quantities import Quantity

__all__ = ["Printed", "PrintedNumber", "printed"]


@dataclass(frozen=True)
class PrintedNumber:
    """``index`` is in the row convention, empty where one number stands for the whole."""

    index: tuple[int, ...]
    printed: str
    ours: str
    agrees: bool


@dataclass(frozen=True)
class Printed:
    numbers: tuple[PrintedNumber, ...]

    @property
    def agrees(self) -> bool:
        return all(one.agrees for one in self.numbers)


def printed(known: Any, quantity: Quantity, layout: Layout) -> Printed | None:
    """The comparison; None where the document's numbers have another form than ours."""
    given = np.array(known, dtype=object)
    value = quantity.oriented(layout)
    if given.size == 1 and value.size > 1 and _decimals(str(given.ravel()[0])) is not None:
        found = _everywhere(str(given.ravel()[0]), value)
        return Printed((found,))
    if given.size != value.size:
        return None
    turned = layout == "column" and quantity.kind == "matrix"
    return Printed(tuple(_numbers(given.reshape(value.shape), value, turned)))


def _numbers(given: Any, value: Any, turned: bool) -> Iterator[PrintedNumber]:
    for index in np.ndindex(value.shape):
        text = str(given[index])
        decimals = _decimals(text)
        if decimals is not None:
            ours = float(value[index])
            at = index[::-1] if turned else index
            yield PrintedNumber(at, text, _rounded(ours, decimals), _agrees(text, ours))


def _everywhere(text: str, value: Any) -> PrintedNumber:
    """One printed number for a quantity whose numbers are all equal."""
    ours = value.ravel()
    worst = float(ours[np.argmax(np.abs(ours - float(text)))])
    return PrintedNumber((), text, _rounded(worst, _decimals(text) or 0), _agrees(text, worst))


def _decimals(text: str) -> int | None:
    """How many decimals a number is printed with; None for what is no number, as a blank."""
    try:
        exponent = Decimal(text).as_tuple().exponent
    except InvalidOperation:
        return None
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _rounded(value: float, decimals: int) -> str:
    found = f"{value:.{decimals}f}"
    return found.removeprefix("-") if float(found) == 0 else found


def _agrees(text: str, ours: float) -> bool:
    half = 0.5 * 10.0 ** -(_decimals(text) or 0)
    return abs(float(text) - ours) <= half * (1 + 1e-9)
