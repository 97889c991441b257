"""How numbers and settings are written, everywhere in a report."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

__all__ = [
    "capital",
    "count",
    "difference",
    "duration",
    "loss",
    "moment",
    "p_value",
    "printed",
    "score",
    "setting",
    "settings",
    "several",
    "short",
    "temperature",
]

ABSENT = "–"


def capital(text: str) -> str:
    """With a capital, and all else as it is: R² has one of its own."""
    return text[:1].upper() + text[1:]


def score(value: float | None) -> str:
    """A score between 0 and 1, to four decimals, so that columns line up."""
    return ABSENT if value is None else f"{value:.4f}"


def loss(value: float | None) -> str:
    """A loss: four decimals, or four digits where it is large."""
    if value is None:
        return ABSENT
    return f"{value:.4f}" if abs(value) < 100 else f"{value:.4g}"


def difference(value: float | None) -> str:
    """A difference of two scores or losses, with its sign."""
    if value is None:
        return ABSENT
    digits = loss(abs(value))
    return digits if float(digits) == 0 else f"{'−' if value < 0 else '+'}{digits}"


def short(value: float | None) -> str:
    """A number to four significant digits."""
    return ABSENT if value is None else f"{value:.4g}"


def printed(value: float | str | None, decimals: int | None = None) -> str:
    """A number as the document prints it; ours is shown beside it to as many decimals."""
    if value is None:
        return ABSENT
    if isinstance(value, str):
        return value
    return f"{value:g}" if decimals is None else f"{value:.{decimals}f}"


def p_value(value: float) -> str:
    """A probability to two significant digits."""
    if value < 0.0001:
        return "< 0.0001"
    return f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"


def duration(seconds: float) -> str:
    """A time that a person can compare: milliseconds, seconds, or minutes and seconds."""
    if seconds < 0.9995:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 99.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"


def moment(at: datetime | None) -> str:
    """A moment to the minute, in UTC; nothing where it is not known."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}" if at else ""


def temperature(value: float | None) -> str:
    """A temperature: two decimals, or two digits where it is small."""
    if value is None:
        return ABSENT
    return f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"


def count(number: int) -> str:
    """A whole number, in groups of three."""
    return f"{number:,}"


def several(number: int, what: str) -> str:
    """1 candidate, 2 candidates."""
    return f"{count(number)} {what}" if number == 1 else f"{count(number)} {what}s"


def setting(value: Any, digits: int = 6) -> str:
    """A parameter's value as a reader writes it: equal layers multiplied out, None as a word."""
    if value is None:
        return "none"
    if isinstance(value, (list, tuple)):
        if len(value) > 1 and len(set(map(str, value))) == 1:
            return f"{len(value)}×{setting(value[0], digits)}"
        return "-".join(setting(each, digits) for each in value)
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value)


def settings(parameters: Mapping[str, Any], digits: int = 6) -> str:
    """Several parameters in one line."""
    return ", ".join(f"{name} = {setting(value, digits)}" for name, value in parameters.items())
