"""What trainings will take: said before they begin."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from chainrule.estimators.jobs import Job
from chainrule.estimators.room import bytes_of_layers

__all__ = ["Forecast", "kinds", "relative_work"]


@dataclass(frozen=True)
class Forecast:
    """What is ahead, said before it begins: trainings, and how many of them begin ``at_first``
    (the others when there is memory for them) in how many blocks; the programs that all take (of
    which some may be compiled already; where some wait, about), the bytes that the networks take
    at a time and those of the rows that they learn from and are measured on; and about how many
    seconds all will take on this machine's cores. Those that can be no members of a block are
    trained ``alone``, one by one. The seconds come from the arithmetic, or from what was measured,
    of the others; they are no promise."""

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
        programs, blocks = _counted(self.programs, "program"), _counted(self.blocks, "block")
        queued = self.at_first < self.trainings
        return (
            f"{_counted(self.trainings, 'training')} in "
            + (f"about {programs}, {self.at_first} at first in {blocks}" if queued else "")
            + ("" if queued else f"{programs} and {blocks}")
            + f", about {self.bytes / 1e6:.0f} MB of networks and {self.rows / 1e6:.0f} MB of "
            f"rows, about {self.seconds:.0f} s"
            + (f"; {self.alone} one by one" if self.alone else "")
        )


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def kinds(jobs: Iterable[Job]) -> int:
    """How many kinds of jobs there are, of which no two can share a program: of other depths,
    activations, optimizers, batch sizes, losses or columns. (Of one kind, widths that are far apart
    may take several.)"""
    found = set()
    for job in jobs:
        est = job.estimator
        settings = (est.activation, est.solver, est.batch_size, est.loss)
        depth = np.size(est.hidden_layer_sizes)
        found.add((type(est), repr(settings), depth, np.shape(job.X)[-1]))
    return len(found)


def relative_work(job: Job, until: int | None) -> float:
    """The work of a job's training with so many epochs, None for its own number: up to a factor,
    to be compared with others'."""
    epochs = until or job.estimator.max_iter
    if not isinstance(epochs, int | float | np.integer) or not 0 < epochs < np.inf:
        epochs = 1  # the estimator refuses it in a moment
    return bytes_of_layers(job) * float(np.shape(job.X)[0] * epochs)
