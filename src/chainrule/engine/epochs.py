"""Epochs: which batches they have, and what they were."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chainrule.engine.batches import Rows, Shuffler, Source, batch_table

__all__ = ["Books", "Epoch", "EpochRecord", "Piece", "Place", "Timetable"]

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
    """The batches of one epoch, and how many of them were given out.

    ``table`` ``(steps, batch_size)`` has the rows of each step, ``weight_sums`` and ``row_counts``
    ``(steps,)`` what they weigh and how many they are.
    """

    number: int
    table: Rows
    weight_sums: Floats
    row_counts: Floats
    n_rows: int
    done: int = 0

    @property
    def steps(self) -> int:
        return len(self.row_counts)

    @cached_property
    def clock(self) -> Floats:
        """Epochs done, a real number, when each step begins."""
        return self.number - 1 + np.arange(self.steps) / max(self.steps, 1)

    def reach(self, room: int) -> int:
        """Where a range ends that goes on from here by at most so many steps."""
        return min(self.done + room, self.steps)

    def rows(self, start: int, stop: int) -> Rows:
        """The rows of some steps of a range."""
        return self.table[start:stop]

    def weighed(self, source: Source) -> Floats:
        """What the batches weigh by the weights of a source of the same rows."""
        return source.weight_sums(self.table)


class Piece(NamedTuple):
    """The steps ``start`` to ``stop`` of an epoch."""

    epoch: Epoch
    start: int
    stop: int

    @property
    def ends(self) -> bool:
        """Whether the epoch ends with it."""
        return self.stop == self.epoch.steps


@dataclass
class Books:
    """What the steps of an epoch under way have given to one network so far."""

    rate: float = 0.0
    seconds: float = 0.0
    losses: list[Floats] = field(default_factory=list)
    penalties: list[Floats] = field(default_factory=list)

    def record(self, epoch: Epoch, weight_sums: Floats | None = None) -> EpochRecord:
        """The epoch's record; ``weight_sums`` are the network's own, if it has some."""
        sums = epoch.weight_sums if weight_sums is None else weight_sums
        weights, rows = sums[: epoch.done], epoch.row_counts[: epoch.done]
        loss, penalty = _joined(self.losses), _joined(self.penalties)
        complete = epoch.done == epoch.steps
        n_rows = epoch.n_rows if complete else int(rows.sum())
        with np.errstate(over="ignore", invalid="ignore"):  # a diverged loss is a result
            return EpochRecord(
                epoch.number,
                epoch.done,
                n_rows,
                float(loss @ weights / max(weights.sum(), 1e-300)),
                float(loss @ rows / max(n_rows, 1)),
                float(penalty @ rows / max(n_rows, 1)),
                self.rate,
                self.seconds,
                complete,
            )


def _joined(parts: list[Floats]) -> Floats:
    return parts[0] if len(parts) == 1 else np.concatenate([np.zeros(0), *parts])


class Place(NamedTuple):
    """Where a timetable stands."""

    order: Any
    epoch: int
    open: Epoch | None
    done: int


class Timetable:
    """Which batches come when: the epochs of one order of the rows, cut into ranges of steps.

    ``epoch`` counts the epochs that are done; ``open`` is the one under way, if there is one.
    """

    alone = False
    """Whether each epoch has ranges of its own."""

    def __init__(self, source: Source, shuffler: Shuffler, batch_size: int, epoch: int = 0) -> None:
        self.source, self.shuffler, self.batch_size = source, shuffler, batch_size
        self.epoch = epoch
        self.open: Epoch | None = None

    def take(self, epochs: int, room: int) -> list[Piece]:
        """The pieces of epochs that make up the next range: at most so many epochs and steps."""
        pieces: list[Piece] = []
        number = self.epoch
        while epochs > 0:
            if self.open is None:
                if pieces and (room < pieces[-1].epoch.steps or self.alone):
                    break  # only whole epochs share a range: their ends are where one may look
                self.open = self._next(number + 1)
            epoch = self.open
            start, stop = epoch.done, epoch.reach(room)
            pieces.append(Piece(epoch, start, stop))
            epoch.done = stop
            room -= stop - start
            if stop < epoch.steps:
                break
            number, epochs = number + 1, epochs - 1
            if epochs > 0:
                self.open = None
        return pieces

    def done(self, pieces: list[Piece]) -> None:
        """The pieces were trained on."""
        ended = [piece.epoch for piece in pieces if piece.ends]
        self.epoch += len(ended)
        if ended and ended[-1] is self.open:
            self.open = None

    def table(self, pieces: list[Piece], capacity: int) -> Rows:
        """The rows of each step, ``(capacity, batch_size)``; padding after the last."""
        table = np.full((capacity, self.batch_size), self.source.padding, np.int32)
        position = 0
        for epoch, start, stop in pieces:
            table[position : position + stop - start] = epoch.rows(start, stop)
            position += stop - start
        return table

    def snapshot(self) -> Place:
        """Where it stands, for ``restore``."""
        done = self.open.done if self.open else 0
        return Place(self.shuffler.snapshot(), self.epoch, self.open, done)

    def restore(self, place: Place) -> None:
        self.shuffler.restore(place.order)
        self.epoch, self.open = place.epoch, place.open
        if self.open:
            self.open.done = place.done

    def reopen(self, done: int, weight_sums: Floats) -> None:
        """Begin the next epoch where so many of its steps are done, which weighed so much."""
        self.open = self._next(self.epoch + 1)
        self.open.done = done
        self.open.weight_sums[:done] = weight_sums

    def copy(self) -> "Timetable":
        """Another one of the same rows, that goes on from here by itself; between two epochs."""
        return Timetable(self.source, self.shuffler.copy(), self.batch_size, self.epoch)

    def _next(self, number: int) -> Epoch:
        order = self.shuffler.next()
        table = batch_table(order, self.batch_size, self.source.padding)
        sums = self.source.weight_sums(table)
        counts = np.full(len(table), self.batch_size, np.float64)
        counts[-1] -= table.size - len(order)
        weighty = sums > 0  # a batch that weighs nothing is no step at all
        return Epoch(number, table[weighty], sums[weighty], counts[weighty], len(order))
