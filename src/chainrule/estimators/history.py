"""What a training recorded: a plain mapping of equally long arrays, a row an epoch."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["COLUMNS", "append", "empty"]

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
the columns ``NAME_loss`` and ``NAME_score``."""

History = dict[str, npt.NDArray[np.generic]]


def empty() -> History:
    return {name: np.zeros(0, dtype) for name, dtype in COLUMNS.items()}


def append(history: History, rows: Sequence[Mapping[str, float]]) -> History:
    """The history with more epochs; values that a row does not have are NaN."""
    names = dict.fromkeys([*history, *(name for row in rows for name in row)])
    before = len(history["epoch"])
    return {
        name: np.concatenate(
            [
                history.get(name, np.full(before, np.nan)),
                np.asarray([row.get(name, np.nan) for row in rows], COLUMNS.get(name, np.float64)),
            ]
        )
        for name in names
    }
