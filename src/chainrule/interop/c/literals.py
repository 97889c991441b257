"""Numbers and text as C writes them, such that a compiler reads back the same bits."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import InvalidInputError

__all__ = ["as_float32", "double_literal", "float_literal", "listed", "text_literal"]

Array = npt.NDArray[Any]

PER_LINE = {"float32": 5, "float64": 4, "int8": 16, "int32": 16}
"""So many numbers a line of a table, by their type: about 100 characters."""

PLAIN = frozenset(range(32, 127)) - frozenset(b'"\\?')
"""What stands for itself in a string; ``?`` does not, for two of them may begin a trigraph."""


def as_float32(array: Any, what: str) -> Array:
    """The array in float32.

    Raises
    ------
    InvalidInputError
        A number is not finite, or too large for float32.
    """
    with np.errstate(over="ignore"):
        found = np.asarray(array).astype(np.float32)
    if not np.isfinite(found).all():
        raise InvalidInputError(
            f"Required finite numbers that float32 can hold; {what} has others. A network that "
            "diverged cannot be exported: train it again."
        )
    return found


def float_literal(number: float) -> str:
    """A finite float32 with the 9 digits that tell it from all others."""
    text = f"{float(number):.9g}"
    return f"{text}f" if "." in text or "e" in text else f"{text}.0f"


def double_literal(number: float) -> str:
    """A finite float64 with as many digits as tell it from all others."""
    return repr(float(number))


def text_literal(text: str) -> str:
    """The text in UTF-8 between quotes, with nothing in it that C could take for something else."""
    return '"' + "".join(_character(byte) for byte in text.encode("utf-8", "replace")) + '"'


def _character(byte: int) -> str:
    return chr(byte) if byte in PLAIN else f"\\{byte:03o}"  # three digits, so that none follows


def listed(array: Array) -> str:
    """The numbers of an array, row by row, as the lines between the braces of a table."""
    literal = {"float32": float_literal, "float64": double_literal}.get(array.dtype.name, str)
    texts = map(literal, array.ravel().tolist())
    return ",\n".join(_lines(texts, PER_LINE[array.dtype.name]))


def _lines(texts: Iterator[str], count: int) -> Iterator[str]:
    while line := list(islice(texts, count)):
        yield "    " + ", ".join(line)
