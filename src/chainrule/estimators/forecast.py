"""What trainings will take: said before they begin."""

from dataclasses import dataclass

import numpy as np

from chainrule.estimators.jobs import Job
from chainrule.estimators.room import bytes_of_layers

__all__ = ["Forecast", "relative_work"]


@dataclass(frozen=True)
class Forecast:
    """What is ahead, said before it begins: trainings, and how many of them begin ``at_first``
    (the others when there is memory for them); the programs that these take (of which some may be
    compiled already), their blocks, the bytes that the networks take at a time and those of the
    rows that they learn from; and about how many seconds all will take on this machine's cores.
    Those that can be no members of a block are trained ``alone``, one by one. The seconds come from
    the arithmetic, or from what was measured, of the others; they are no promise."""

    trainings: int
    at_first: int
    programs: int
    blocks: int
    bytes: float
    seconds: float
    rows: float = 0.0
    alone: int = 0

    def __str__(self) -> str:
        if self.alone == self.trainings:
            return f"{_counted(self.trainings, 'training')}, one by one"
        queue = f", {self.at_first} of them at first," if self.at_first < self.trainings else ""
        return (
            f"{_counted(self.trainings, 'training')}{queue} in "
            f"{_counted(self.programs, 'program')} and {_counted(self.blocks, 'block')}, about "
            f"{self.bytes / 1e6:.0f} MB of networks and {self.rows / 1e6:.0f} MB of rows, about "
            f"{self.seconds:.0f} s" + (f"; {self.alone} one by one" if self.alone else "")
        )


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def relative_work(job: Job, until: int | None) -> float:
    """The work of a job's training with so many epochs, None for its own number: up to a factor,
    to be compared with others'."""
    epochs = until or job.estimator.max_iter
    if not isinstance(epochs, int | float | np.integer) or not 0 < epochs < np.inf:
        epochs = 1  # the estimator refuses it in a moment
    return bytes_of_layers(job) * float(np.shape(job.X)[0] * epochs)
