"""Numbers that stand side by side in a sentence, with enough digits to be told apart."""

__all__ = ["apart"]

DIGITS, ALL = 4, 17
"""So many are written where they do; with 17, any two numbers of float64 differ."""


def apart(first: float, second: float) -> tuple[str, str]:
    """Both to four significant digits, or to as many as it takes to show that they differ."""
    for digits in range(DIGITS, ALL + 1):
        a, b = f"{first:.{digits}g}", f"{second:.{digits}g}"
        if a != b:
            return a, b
    return f"{first:.{DIGITS}g}", f"{second:.{DIGITS}g}"
