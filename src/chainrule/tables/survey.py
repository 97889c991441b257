"""What the columns of a table hold, found in one pass over its blocks."""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.errors import DataError
from chainrule.tables.block import Block, level_of, number_of
from chainrule.tables.source import Source

__all__ = ["DISTINCT", "Found", "survey"]

DISTINCT = 20_000
"""Different values of a column that are counted; of more it is only known that there are more."""

FRACTIONS = 5_000
"""The same of numbers that are not whole, in files that know numbers: of many columns, more would
take much memory, and they are no categories."""

ROWS = 50_000
TOGETHER = 200
"""Columns that are looked at in one pass: a block of more would take much memory."""

COMMA = re.compile(r"\s*[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?\s*")


@dataclass
class Found:
    """One column: what its values are (``sort``: number, bool, text, date or other), and how they
    could be read where they are text. ``typed`` is False in a file of text, where all are;
    ``no_number`` and ``no_date`` tell of the first text that is none."""

    name: str
    sort: str
    typed: bool = True
    n_rows: int = 0
    missing: int = 0
    infinite: int = 0
    numeric: bool = True  # text that is numbers throughout
    dated: bool = True  # text that is dates throughout
    commas: bool = True  # text that is whole numbers or has a decimal comma
    no_number: str = ""
    no_date: str = ""
    whole: bool = True
    counts: Counter[str] | None = field(default_factory=Counter)
    lowest: float = np.inf
    highest: float = -np.inf
    characters: int = 0

    @property
    def distinct(self) -> int | None:
        """How many different values there are; None if more than `DISTINCT` (or `FRACTIONS`)."""
        return None if self.counts is None else len(self.counts)

    @property
    def known(self) -> int:
        """The rows that have a value."""
        return self.n_rows - self.missing

    @property
    def decimal_comma(self) -> bool:
        """Whether it seems to be numbers that are written with a comma, as 70,5."""
        return self.sort == "text" and not self.numeric and self.commas and self.known > 0

    def take(self, block: Block) -> None:
        """Count a block in."""
        self.n_rows += block.n_rows
        if self.sort == "other":
            return
        if self.sort == "number":
            self._take_numbers(block.numbers(self.name))
            return
        codes, texts = block.texts(self.name)
        counts = np.bincount(codes[codes >= 0], minlength=len(texts))
        self.missing += int(np.sum(codes < 0))
        pairs = [(text, int(n)) for text, n in zip(texts, counts, strict=True) if n]
        self.characters += sum(len(text) * n for text, n in pairs)
        self._count(pairs)
        if self.sort == "text":
            self.commas = self.commas and all(COMMA.fullmatch(text) for text, _ in pairs)
            if self.numeric:
                self.no_number = self._refusal(block.numbers)
                self.numeric = not self.no_number
            if self.dated:
                self.no_date = self._refusal(block.seconds)
                self.dated = not self.no_date
            if self.numeric:
                self._range(block.numbers(self.name).astype(float))

    def settle(self) -> None:
        """All blocks are in. Text that is numbers has the counts of numbers, so that 1.0 and 1 are
        one value, as they are in a file that knows numbers."""
        if self.sort != "text" or not self.numeric or self.counts is None:
            return
        numbers = {text: number_of(text) for text in self.counts}
        if None in numbers.values():
            return
        before, self.counts = self.counts, Counter()
        for text, number in numbers.items():
            if number is not None and np.isfinite(number):
                self.counts[level_of(number)] += before[text]
            elif number != number:
                self.missing += before[text]

    def _refusal(self, read: Any) -> str:
        """What is said of the first text that is none; "" if all are."""
        try:
            read(self.name)
        except DataError as error:
            return str(error)
        return ""

    def _take_numbers(self, values: np.ndarray) -> None:
        known = values[~np.isnan(values)]
        self.missing += len(values) - len(known)
        self._range(values)
        if self.counts is not None:
            distinct, counts = np.unique(known[np.isfinite(known)], return_counts=True)
            if len(distinct) > self._most:
                self.counts = None
            else:
                float32 = distinct.dtype == np.float32  # its numbers have names of their own
                numbers = distinct if float32 else distinct.tolist()
                self._count([(level_of(x), n) for x, n in zip(numbers, counts, strict=True)])

    def _range(self, values: np.ndarray) -> None:
        self.infinite += int(np.isinf(values).sum())
        finite = values[np.isfinite(values)]
        if len(finite):
            self.lowest = min(self.lowest, float(finite.min()))
            self.highest = max(self.highest, float(finite.max()))
            self.whole = self.whole and bool(np.all(finite == np.floor(finite)))

    def _count(self, pairs: list[tuple[str, int]]) -> None:
        if self.counts is not None:
            for value, n in pairs:
                self.counts[value] += int(n)
            if len(self.counts) > self._most:
                self.counts = None

    @property
    def _most(self) -> int:
        return DISTINCT if self.whole or self.sort != "number" else FRACTIONS


def survey(source: Source) -> dict[str, Found]:
    """What each column holds. Each pass over the source looks at `TOGETHER` of them.

    Raises
    ------
    DataError
        The source cannot be read, or has no rows.
    """
    found: dict[str, Found] = {}
    for at in range(0, len(source.names), TOGETHER):
        names = source.names[at : at + TOGETHER]
        for block in source.blocks(ROWS, columns=names):
            for name in names:
                if name not in found:
                    found[name] = Found(name, block.sort(name), getattr(source, "typed", True))
                found[name].take(block)
    if not found or not next(iter(found.values())).n_rows:
        raise DataError(f"{source.name} has no rows.")
    for one in found.values():
        one.settle()
    return found
