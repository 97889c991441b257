"""What a training recorded: a plain mapping of equally long arrays, a row an epoch.

A column is ``(n_epochs,)``, or ``(n_epochs, n_layers)`` where it has a number for each layer.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["COLUMNS", "History", "Row", "append", "continued", "empty"]

COLUMNS = {
    "epoch": np.int64,
    "steps": np.int64,
    "train_loss": np.float64,
    "penalty": np.float64,
    "validation_loss": np.float64,
    "validation_score": np.float64,
    "learning_rate": np.float64,
    "seconds": np.float64,
}
"""``epoch`` counts from 1; ``steps`` is the number of updates in it; ``train_loss`` is the data
loss averaged over the samples as they were trained on, ``penalty`` is apart; the validation
columns hold the data loss and the score at the epoch's end, NaN where there is no
validation data; ``learning_rate`` is that of the epoch's first step. Data that are watched add
the columns ``NAME_loss`` and ``NAME_score``; a diagnosis adds those of ``diagnosis``, which have a
number for each layer."""

History = dict[str, npt.NDArray[np.generic]]
Row = dict[str, Any]
"""An epoch: a number for each column, or a list of one number a layer."""


def empty() -> History:
    return {name: np.zeros(0, dtype) for name, dtype in COLUMNS.items()}


def append(history: History, rows: Sequence[Mapping[str, Any]]) -> History:
    """The history with more epochs; values that a row does not have are NaN."""
    names = dict.fromkeys([*history, *(name for row in rows for name in row)])
    return {name: _longer(history, name, rows) for name in names}


def continued(history: History, rows: Sequence[Mapping[str, Any]]) -> History:
    """The history with a training's next epochs, numbered on from those that are there."""
    offset = len(history["epoch"])
    return append(history, [{**row, "epoch": n} for n, row in enumerate(rows, offset + 1)])


def _longer(
    history: History, name: str, rows: Sequence[Mapping[str, Any]]
) -> npt.NDArray[np.generic]:
    known = [*history[name][:1]] if name in history else []
    known += [row[name] for row in rows if name in row]
    shape = np.shape(known[0]) if known else ()
    before = history.get(name, np.full((len(history["epoch"]), *shape), np.nan))
    missing = np.full(shape, np.nan)
    new = np.empty((len(rows), *shape), COLUMNS.get(name, np.float64))
    for number, row in enumerate(rows):
        new[number] = row.get(name, missing)
    return np.concatenate([before, new])
