"""Text in lines that fit a width, as matplotlib's own font measures it.

A page shows the text in the reader's font, and few are wider than matplotlib's.
"""

from typing import Any

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

__all__ = ["wrapped"]

POINTS = 72  # an inch


def wrapped(text: str, width: float, **font: Any) -> list[str]:
    """The text in lines of at most ``width`` inches, broken between words.

    A word that is wider than a line is broken where the line ends. ``font`` has matplotlib's
    ``size`` and ``weight``.
    """
    how = FontProperties(**font)

    def fits(line: str) -> bool:
        wide, _, _ = text_to_path.get_text_width_height_descent(line, how, ismath=False)
        return bool(wide <= width * POINTS)

    lines: list[str] = []
    line = ""
    for word in text.split():
        if fits(longer := f"{line} {word}".lstrip()):
            line = longer
            continue
        if line:
            lines.append(line)
        line = word
        while not fits(line) and len(line) > 1:
            head = _head(line, fits)
            lines.append(head)
            line = line[len(head) :]
    return [*lines, line] if line else lines


def _head(word: str, fits: Any) -> str:
    """As much of a word as fits, one letter at least."""
    end = len(word) - 1
    while end > 1 and not fits(word[:end]):
        end -= 1
    return word[:end]
