"""A table of one's own as a data set: which columns are what, and the rows as numbers."""

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.data.record import DataSet, Task, content_hash
from chainrule.errors import DataError
from chainrule.models.columns import Column, ColumnKind
from chainrule.tables.asking import check_target_alone
from chainrule.tables.block import Block
from chainrule.tables.deciding import Decision, TargetDecision, decide, decide_target
from chainrule.tables.encoding import encode
from chainrule.tables.named import check_named
from chainrule.tables.source import Source, open_source
from chainrule.tables.survey import Found, survey

__all__ = ["decided_of", "decisions", "known_targets", "load_table", "table_data"]

ROWS = 50_000


def decisions(
    source: Source,
    target: str,
    *,
    task: Task | None = None,
    drop: Collection[str] = (),
    kinds: Mapping[str, ColumnKind] | None = None,
) -> tuple[TargetDecision, tuple[Decision, ...]]:
    """What is predicted, and what each other column is taken for.

    Raises:
        DataError: there is no such column, or one that cannot be used.
    """
    check_named(source, (target, *drop, *(kinds or ())))
    return decided_of(survey(source), target, task=task, drop=drop, kinds=kinds)


def decided_of(
    found: Mapping[str, Found],
    target: str,
    *,
    task: Task | None = None,
    drop: Collection[str] = (),
    kinds: Mapping[str, ColumnKind] | None = None,
) -> tuple[TargetDecision, tuple[Decision, ...]]:
    """The same, of what a survey found.

    Raises:
        DataError: as for `decisions`; or the target is to be left out, or taken for a kind.
    """
    check_target_alone(target, drop, kinds)
    what = decide_target(found, target, task)
    return what, decide(found, target=target, drop=drop, kinds=kinds)


def load_table(
    file: str | os.PathLike[str],
    *,
    target: str,
    task: Task | None = None,
    drop: Collection[str] = (),
    kinds: Mapping[str, ColumnKind] | None = None,
    **options: Any,
) -> DataSet:
    """The rows of a file as a data set, whose ``columns`` say what its features stand for.

    Rows without a value in ``target`` are left out, and the ``remark`` says how many.

    Args:
        file: a path that `chainrule.tables.source.open_source` reads, with its ``options``.
        target: the column to be predicted.
        task: "classification" or "regression"; by default what the target looks like.
        drop: columns to leave out.
        kinds: what columns are to be taken for: "number", "category" or "date".

    Raises:
        DataError: the file cannot be read, or what is asked for is not in it.
    """
    source = open_source(file, **options)
    what, decided = decisions(source, target, task=task, drop=drop, kinds=kinds)
    columns = tuple(each.column for each in decided if each.kind)
    X, y = _rows(source, columns, what)
    return table_data(Path(file), what, decided, X, y)


def table_data(
    path: Path, what: TargetDecision, decided: tuple[Decision, ...], X: np.ndarray, y: np.ndarray
) -> DataSet:
    """Rows of a file as a data set that tells what was decided."""
    columns, target = tuple(each.column for each in decided if each.kind), what.name
    left_out = [f"{each.name} ({each.why})" for each in decided if not each.kind]
    remarks = [f"columns: {'; '.join(f'{d.name} ({d.kind}: {d.why})' for d in decided if d.kind)}"]
    remarks += [f"without {'; '.join(left_out)}"] if left_out else []
    rows = "row without {} was" if what.missing == 1 else "rows without {} were"
    gaps = f"{what.missing} {rows.format(target)} left out"
    remarks += [gaps] if what.missing else []
    return DataSet(
        name=path.stem,
        X_train=X,
        y_train=y,
        X_test=None,
        y_test=None,
        feature_names=tuple(column.name for column in columns),
        class_names=what.classes,
        image_shape=None,
        pixel_range=None,
        source=path.name,
        licence="one's own",
        sha256=content_hash(X, y),
        remark=", ".join(remarks),
        task=what.task,
        target_name=target if what.task == "regression" else "",
        columns=columns,
    )


def _rows(
    source: Source, columns: tuple[Column, ...], what: TargetDecision
) -> tuple[np.ndarray, np.ndarray]:
    """All rows that have a target: the matrix of the columns, and the targets."""
    names = [*(column.name for column in columns), what.name]
    matrices, targets = [], []
    for block in source.blocks(ROWS, columns=names):
        known, y = known_targets(block, what)
        matrices.append(encode(block, columns)[known])
        targets.append(y[known])
    X, y = np.concatenate(matrices), np.concatenate(targets)
    classes = what.task == "classification"
    if not len(X):
        raise DataError(f"{source.name}: no row has a value for {what.name!r}.")
    return X, y.astype(np.int64) if classes else y


def known_targets(block: Block, what: TargetDecision) -> tuple[np.ndarray, np.ndarray]:
    """Which rows of a block have a target, and the targets of all."""
    classes = what.task == "classification"
    wanted = Column(what.name, "category" if classes else "number", what.classes)
    y = encode(block, [wanted])[:, 0].astype(np.float64)
    # all classes are known; what comes after the last of them is an infinite number
    return y < len(what.classes) if classes else ~np.isnan(y), y
