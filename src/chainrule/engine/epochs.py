"""The books of one epoch: what its steps gave, and what it was as a whole."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from chainrule.engine.batches import Rows

__all__ = ["Epoch", "EpochRecord"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class EpochRecord:
    """What one epoch was.

    ``loss`` is the data loss averaged over the samples (by their weights) as they were
    trained on, ``row_loss`` the batches' losses averaged by their rows instead (the same
    without weights; scikit-learn's ``loss_curve_`` has it); ``penalty`` is averaged by rows,
    ``rate`` the learning rate of the first step. ``complete`` is false where a budget of
    steps ended within the epoch.
    """

    epoch: int
    steps: int
    rows: int
    loss: float
    row_loss: float
    penalty: float
    rate: float
    seconds: float
    complete: bool = True


@dataclass
class Epoch:
    """An epoch under way: its batches, and what its steps have given so far."""

    number: int
    table: Rows
    weight_sums: Floats
    row_counts: Floats
    n_rows: int
    rate: float = 0.0
    seconds: float = 0.0
    losses: list[Floats] = field(default_factory=list)
    penalties: list[Floats] = field(default_factory=list)
    done: int = 0

    def record(self) -> EpochRecord:
        done = slice(self.done)
        weights, rows = self.weight_sums[done], self.row_counts[done]
        loss = np.concatenate([np.zeros(0), *self.losses])
        penalty = np.concatenate([np.zeros(0), *self.penalties])
        complete = self.done == len(self.table)
        n_rows = self.n_rows if complete else int(rows.sum())
        with np.errstate(over="ignore", invalid="ignore"):  # a diverged loss is a result
            return EpochRecord(
                self.number,
                self.done,
                n_rows,
                float(loss @ weights / max(weights.sum(), 1e-300)),
                float(loss @ rows / max(n_rows, 1)),
                float(penalty @ rows / max(n_rows, 1)),
                self.rate,
                self.seconds,
                complete,
            )
