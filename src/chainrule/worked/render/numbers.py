"""Numbers as they are shown: rounded for the eye alone, whole numbers and exact ones short."""

from collections.abc import Iterable, Sequence

import numpy as np

__all__ = ["aligned", "columns_in", "exact", "scientific", "shown"]

NOISE = 1e-15
"""Below this, a number is what rounding left of a zero."""
LARGE = 1e9


def shown(value: float, decimals: int) -> str:
    """``0.2913``; ``0.1`` for exactly that; ``1.2e-7`` where decimals would show only zeros."""
    if not np.isfinite(value):
        return "NaN" if np.isnan(value) else "∞" if value > 0 else "-∞"
    if value == 0:
        return "0"
    if abs(value) < NOISE:
        return f"{0:.{decimals}f}"
    found = f"{value:.{decimals}f}"
    if abs(value) >= LARGE or float(found) == 0:
        return _power_of_ten(value, decimals if abs(value) >= LARGE else 1)
    if abs(float(found) - value) <= 1e-12 * abs(value) and "." in found:
        return found.rstrip("0").rstrip(".")
    return found


def exact(value: float) -> str:
    """A number of a formula or a setting, as it was given: 0.0001 stays 0.0001."""
    found = f"{value:.12g}"
    return _power_of_ten(value, 11) if "e" in found else found


def aligned(values: Iterable[float], decimals: int) -> list[str]:
    """The numbers of one matrix: as many decimals for all as one of them needs, but whole
    numbers short, so that a zero that is exact shows as 0."""
    found = [shown(float(value), decimals) for value in values]
    places = [len(one.partition(".")[2]) for one in found if _decimal(one)]
    need = max(places, default=0)
    return [_padded(one, need) for one in found]


def scientific(text: str) -> tuple[str, str]:
    """Mantissa and exponent of ``1.2e-7``; the exponent is empty where there is none."""
    mantissa, _, exponent = text.partition("e")
    return mantissa, exponent


def _decimal(text: str) -> bool:
    return "." in text and "e" not in text


def _padded(text: str, need: int) -> str:
    if not _decimal(text):
        return text
    return text + "0" * (need - len(text.partition(".")[2]))


def _power_of_ten(value: float, decimals: int) -> str:
    mantissa, _, exponent = f"{value:.{decimals}e}".partition("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(exponent)}"


def columns_in(widths: Sequence[int], room: int) -> list[range]:
    """The columns of a wide matrix in parts, each at most ``room`` wide (and at least one)."""
    found, start, used = [], 0, 0
    for column, width in enumerate(widths):
        if used + width > room and column > start:
            found.append(range(start, column))
            start, used = column, 0
        used += width
    return [*found, range(start, len(widths))]
