"""The texts that stand for a value that is not there, in the files of text that a model was trained
on: how many there may be, and how long."""

from collections.abc import Sequence

__all__ = ["LONGEST_GAP", "MOST_GAPS", "told"]

MOST_GAPS = 1000
"""Texts that are told apart from values."""

LONGEST_GAP = 100
"""Characters of such a text."""

SHOWN = 12


def told(gaps: Sequence[str]) -> str:
    """The texts for a person, in quotes, of many the first few."""
    more = f", ... ({len(gaps)})" if len(gaps) > SHOWN else ""
    return (", ".join(map(repr, gaps[:SHOWN])) or "no text") + more
