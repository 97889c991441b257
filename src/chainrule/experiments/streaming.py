"""The rows of a table that a network trains on without their being in memory."""

import shutil
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.data.record import DataSet
from chainrule.data.sample import TableSample, load_sample
from chainrule.data.splits import Part
from chainrule.experiments.describe import parts_of
from chainrule.experiments.spec import DataSpec
from chainrule.experiments.targets import Target
from chainrule.models.table import TableStep
from chainrule.streams.labels import KnownClasses, Labels, Values
from chainrule.streams.memory import bytes_of, reading_room
from chainrule.streams.training import TrainingRows
from chainrule.tables.source import open_source

__all__ = ["STREAMED", "StreamedTable", "sample_of", "streamed_table"]

SAMPLE = 0.05
"""The share of the memory that the sample takes, of which there are some copies..."""

STREAMED = 0.8
"""...the rest being left to them and to the other models: this share is the network's."""


def sample_of(spec: DataSpec) -> TableSample:
    """The sample of a table that is streamed."""
    table = spec.table
    assert table is not None
    options: dict[str, Any] = dict(table.options)
    return load_sample(
        table.file,
        target=table.target,
        most_bytes=int(SAMPLE * bytes_of(table.memory)),
        task=table.task,
        drop=table.drop,
        kinds=table.kinds,
        room=reading_room(table.memory),
        **options,
    )


@dataclass(frozen=True, eq=False)
class StreamedTable:
    """A table's rows but those ``held`` (numbers in the file, in order); ``n_rows`` have a target.
    They are written down in ``folder``."""

    spec: DataSpec
    held: np.ndarray
    n_rows: int
    class_names: tuple[str, ...]
    target: Target
    folder: Path

    def part(self, steps: tuple[TableStep, ...]) -> Part:
        """The rows as a training part, after the steps; there is no ``y``."""
        return Part(_PartRows(self, steps), None)  # type: ignore[arg-type]  # fit takes them as X and y

    def remove(self) -> None:
        """Remove what was written down."""
        shutil.rmtree(self.folder, ignore_errors=True)


def streamed_table(spec: DataSpec, sample: TableSample, target: Target, run: Path) -> StreamedTable:
    """What a network trains on: all rows but those of the sample that validate and test."""
    numbered: DataSet = replace(sample.data, X_train=sample.rows.reshape(-1, 1))
    parts = parts_of(numbered, spec)  # the same cut, of the rows' numbers
    held = [part.X[:, 0] for name, part in parts.items() if name != "train"]
    rows = np.sort(np.concatenate([np.empty(0, np.int64), *held]))
    return StreamedTable(
        spec, rows, sample.n_rows - len(rows), sample.data.class_names, target, run / "stream"
    )


class _PartRows(TrainingRows):
    """The rows of a run, with classes as their places among the run's, or values in its units."""

    def __init__(self, table: StreamedTable, steps: tuple[TableStep, ...]) -> None:
        spec = table.spec.table
        assert spec is not None
        self.table = table
        options: dict[str, Any] = spec.options
        super().__init__(
            open_source(spec.file, room=reading_room(spec.memory), **options),
            spec.target,
            tuple(column.name for column in steps[0].columns),
            STREAMED * bytes_of(spec.memory),
            cache=table.folder,
            steps=steps,
        )

    def _labels(self, classes: bool) -> Labels:
        table, name = self.table, self.source.name
        if classes:
            return KnownClasses(name, self.target, table.class_names, table.held)
        return Values(name, self.target, table.held, table.target.shift, table.target.scale)

    def _more(self) -> tuple[object, ...]:
        table = self.table
        held = sha256(table.held.tobytes()).hexdigest()
        return held, table.class_names, table.target.shift, table.target.scale
