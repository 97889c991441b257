"""A preparation's facts about more rows than are looked at one by one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from chainrule.errors import DataError
from chainrule.models.columns import Column
from chainrule.tables.encoding import TRUTH, encode
from chainrule.tables.source import Source
from chainrule.tables.survey import Found

__all__ = ["SAMPLE", "TargetedRows", "Whole", "sampled", "whole"]

SAMPLE = 100_000
"""Rows that medians and quartiles are taken from."""

BLOCK_BYTES = 2**24


class TargetedRows(Protocol):
    """Rows of a source from whose columns ``names`` the column ``target`` is to be predicted."""

    source: Source
    target: str
    names: tuple[str, ...]

    def prepared(self, steps: Any) -> Any:
        """The same rows after fitted steps."""


@dataclass(frozen=True)
class Whole:
    """What is known of a column in all rows: whether values are ``missing``, and how many rows each
    level of a category has."""

    missing: bool
    counts: npt.NDArray[np.int64] | None = None


def whole(found: Mapping[str, Found], columns: Sequence[Column]) -> tuple[Whole, ...]:
    """What a survey says of the columns."""
    return tuple(
        Whole(
            found[column.name].missing + found[column.name].infinite > 0,
            _counts(found[column.name], column) if column.kind == "category" else None,
        )
        for column in columns
    )


def _counts(one: Found, column: Column) -> npt.NDArray[np.int64] | None:
    if one.counts is None:
        return None
    places = {level: at for at, level in enumerate(column.levels)}
    counts = np.zeros(len(places), np.int64)
    for text, count in one.counts.items():
        text = text.casefold() if column.levels == TRUTH else text
        if text in places:
            counts[places[text]] += count
    return counts


def sampled(
    source: Source, columns: Sequence[Column], n_rows: int, *, size: int = SAMPLE, seed: int = 0
) -> npt.NDArray[np.floating]:
    """About ``size`` of the rows as a matrix, all if there are no more: each with the same
    probability, by uniform numbers in the order of the rows, however these are cut into blocks."""
    random = np.random.Generator(np.random.Philox(np.random.SeedSequence(seed)))
    share = size / n_rows
    names = [column.name for column in columns]
    rows = int(np.clip(BLOCK_BYTES // (8 * len(names)), 64, 50_000))
    parts = []
    for block in source.blocks(rows, columns=names):
        taken = random.random(block.n_rows) < share
        if taken.any():
            parts.append(encode(block, columns)[taken])
    if not parts:
        raise DataError(f"{source.name} has no rows.")
    return np.concatenate(parts)
