"""A table of one's own that is larger than memory: a sample of its rows as a data set."""

import os
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from chainrule.data.own import decided_of, known_targets, table_data
from chainrule.data.record import DataSet, Task
from chainrule.errors import DataError
from chainrule.models.columns import ColumnKind
from chainrule.tables.encoding import encode
from chainrule.tables.named import check_named
from chainrule.tables.source import open_source
from chainrule.tables.survey import survey

__all__ = ["MOST", "TableSample", "load_sample"]

MOST = 100_000
"""Rows of a sample."""

BLOCK_BYTES = 2**24


class TableSample(NamedTuple):
    """Some rows of a table, their numbers in it (from 0), and how many have a target in all."""

    data: DataSet
    rows: np.ndarray
    n_rows: int


def load_sample(
    file: str | os.PathLike[str],
    *,
    target: str,
    most_bytes: int,
    seed: int = 0,
    task: Task | None = None,
    drop: Collection[str] = (),
    kinds: Mapping[str, ColumnKind] | None = None,
    **options: Any,
) -> TableSample:
    """About `MOST` of a file's rows, or as many as take ``most_bytes`` if these are fewer; all if
    there are no more. What the columns are is found out from all rows.

    Each row comes into the sample with the same probability, by uniform numbers in the order of
    the rows. The other arguments are those of `chainrule.data.own.load_table`.

    Raises:
        DataError: the file cannot be read, or what is asked for is not in it.
    """
    source = open_source(file, **options)
    check_named(source, (target, *drop, *(kinds or ())))
    found = survey(source)
    what, decided = decided_of(found, target, task=task, drop=drop, kinds=kinds)
    columns = tuple(each.column for each in decided if each.kind)
    total = found[target].n_rows
    width = 8 * (len(columns) + 1)
    share = min(MOST, max(most_bytes // width, 1)) / total
    random = np.random.Generator(np.random.Philox(np.random.SeedSequence(seed)))
    names = [*(column.name for column in columns), target]
    matrices, targets, numbers = [], [], []
    for block in source.blocks(int(np.clip(BLOCK_BYTES // width, 64, 50_000)), columns=names):
        taken = random.random(block.n_rows) < share
        known, y = known_targets(block, what)
        taken &= known
        if taken.any():
            matrices.append(encode(block, columns)[taken])
            targets.append(y[taken])
            numbers.append(block.start + np.flatnonzero(taken))
    if not matrices:
        raise DataError(f"{source.name}: no row has a value for {target!r}.")
    X, y, rows = (np.concatenate(parts) for parts in (matrices, targets, numbers))
    y = y.astype(np.int64) if what.task == "classification" else y
    data = table_data(Path(file), what, decided, X, y)
    n_rows = total - what.missing
    said = (
        f"a random sample of {len(rows):,} of the {n_rows:,} rows is held in memory: the parts "
        "are cut from it, other models than the streamed network are fitted on its training "
        "part, and all is measured on it; the network trains on all rows but those of the "
        "validation and the test part"
    )
    return TableSample(replace(data, remark=f"{data.remark}, {said}"), rows, n_rows)
