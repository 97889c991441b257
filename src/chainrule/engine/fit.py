"""The trainer: it cuts a training into ranges of steps and keeps the books between them.

One call of ``Trainer.run`` is one range: orders are drawn, rates are looked up, the
compiled program runs, and the epochs that ended in it come back as records. Whatever
wants to look or decide - progress, callbacks, validation, stopping, Ctrl-C - does so
between two calls. How the steps are cut into ranges does not change the result.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import numpy as np
import numpy.typing as npt

from chainrule.engine.batches import Shuffler, Source
from chainrule.engine.cache import compiled
from chainrule.engine.device import precision
from chainrule.engine.epochs import Books, Epoch, EpochRecord, Piece, Place
from chainrule.engine.plan import Hyperparameters, Plan
from chainrule.engine.program import Outcome, Steps, run_range
from chainrule.engine.windowed import timetable, window_steps
from chainrule.equations.network import Layer
from chainrule.equations.optimizers import OPTIMIZERS, State
from chainrule.equations.schedules import Clock

__all__ = ["Trainer", "UnderWay", "all_finite", "capacity"]

RANGE_SECONDS = 0.15
"""About how long one range takes: short enough for Ctrl-C, long enough to cost nothing."""

RANGE_BYTES = 2**26
"""The most that a range's rows and their order take."""


Floats = npt.NDArray[np.float64]
RateFunction = Callable[[Clock, float], Floats]


@dataclass(frozen=True)
class _Checkpoint:
    layers: tuple[Layer, ...]
    state: State
    step: int
    place: Place


class UnderWay(NamedTuple):
    """An epoch under way: what ``layers``, ``state`` and ``step`` were when it began, the stream
    and the order before it, how many steps of it are ``done``, and what they gave and weighed."""

    layers: tuple[Layer, ...]
    state: State
    step: int
    order: Any
    done: int
    books: Books
    weight_sums: Floats


def capacity(plan: Plan, row_bytes: int = 0) -> int:
    """How many steps the plan's program holds: about ``RANGE_SECONDS`` of work, a power of two.

    Estimated from the arithmetic alone, so that it never depends on a clock. ``row_bytes`` is
    what a range keeps of each row.
    """
    work = 6 * plan.batch_size * plan.n_parameters / 2.5e11
    traffic = 8 * plan.n_parameters / 5e10
    seconds = 1e-6 * len(plan.sizes) + work + traffic
    step_bytes = (4 + row_bytes) * plan.batch_size
    steps = min(RANGE_SECONDS / seconds, RANGE_BYTES / step_bytes, 2**16)
    return max(1 << int(np.log2(max(steps, 1))), 1)


def all_finite(layers: tuple[Layer, ...]) -> bool:
    """Whether all parameters are finite."""
    return all(bool(np.isfinite(np.asarray(part)).all()) for layer in layers for part in layer)


class Trainer:
    """A training under way.

    Parameters
    ----------
    plan, hyper
        The program and its settings.
    source, shuffler
        The rows, and their order.
    layers
        The initial parameters.
    rate
        The learning rate of each step, from the clock and the base rate.
    l2
        The penalty's strength lambda; to it comes ``alpha`` divided by the sum of the
        batch's sample weights, scikit-learn's convention.
    state, step, epoch, samples
        Where an earlier training stopped, to go on from there.
    horizon
        The epochs planned, for schedules that need it.
    """

    def __init__(
        self,
        plan: Plan,
        hyper: Hyperparameters,
        source: Source,
        shuffler: Shuffler,
        layers: tuple[Layer, ...],
        rate: RateFunction,
        base_rate: float,
        *,
        l2: float = 0.0,
        alpha: float = 0.0,
        state: State | None = None,
        step: int = 0,
        epoch: int = 0,
        samples: int = 0,
        horizon: float = np.inf,
        device: jax.Device | None = None,
        steps_per_range: int | None = None,
    ) -> None:
        self.plan, self.hyper, self.source, self.shuffler = plan, hyper, source, shuffler
        self.timetable = timetable(source, shuffler, plan.batch_size, epoch)
        self.layers = layers
        self.state = OPTIMIZERS[plan.optimizer].init(layers) if state is None else state
        self.rate, self.base_rate, self.horizon = rate, base_rate, horizon
        self.l2, self.alpha = l2, alpha
        self.step, self._samples_before, self._first_epoch = step, samples, epoch
        self.device = device
        most = window_steps(source, plan.batch_size)
        self.capacity = steps_per_range or int(min(capacity(plan, source.row_bytes), most))
        self._books = Books()
        self._checkpoint = self._here()

    def run(self, epochs: int = 1, steps: int | None = None) -> list[EpochRecord]:
        """Run one range: at most so many epochs and steps, and never more than fits the program.

        Gives the epochs that ended in it; none where an epoch is longer than the range.
        """
        room = self.capacity if steps is None else min(self.capacity, steps)
        if epochs < 1 or room < 1:
            return []
        before = self.timetable.snapshot()
        if self.between_epochs:
            self.mark()
        started = time.perf_counter()
        try:
            pieces = self.timetable.take(epochs, room)
            rate, l2 = self.rates(pieces)
            outcome = self._execute(pieces, rate, l2)
            loss, penalty = (np.asarray(x, np.float64) for x in (outcome.loss, outcome.penalty))
        except BaseException:  # Ctrl-C among them: as if this range had not begun
            self.timetable.restore(before)
            raise
        self.layers, self.state = outcome.layers, outcome.state
        self.timetable.done(pieces)
        return self.book(pieces, rate, loss, penalty, time.perf_counter() - started)

    @property
    def epoch(self) -> int:
        """How many epochs are done."""
        return self.timetable.epoch

    @property
    def between_epochs(self) -> bool:
        return self.timetable.open is None

    @property
    def finite(self) -> bool:
        """Whether all parameters are finite."""
        return all_finite(self.layers)

    def close(self) -> EpochRecord | None:
        """The record of an epoch that a budget of steps cut short, if there is one."""
        record = self.partial_record(self.timetable.open)
        if record is not None:
            self.timetable.open = None
        return record

    def partial_record(self, epoch: Epoch | None) -> EpochRecord | None:
        """What is known of an epoch under way; None where no step of it was done."""
        if epoch is None or epoch.done == 0:
            return None
        return self._books.record(epoch, epoch.weighed(self.source))

    def rewind(self) -> None:
        """Go back to the last range that began with an epoch."""
        here = self._checkpoint
        self.layers, self.state, self.step = here.layers, here.state, here.step
        self.timetable.restore(here.place)

    def mark(self) -> None:
        """Let ``rewind`` come back to here."""
        self._checkpoint = self._here()

    @property
    def knows_beginning(self) -> bool:
        """Whether the epoch under way began where ``rewind`` goes back to."""
        return self._checkpoint.place.epoch == self.timetable.epoch

    def under_way(self) -> UnderWay:
        """What ``go_on`` needs besides the present parameters, state and step."""
        epoch, start = self.timetable.open, self._checkpoint
        assert epoch is not None
        sums = epoch.weight_sums[: epoch.done].copy()
        return UnderWay(
            start.layers, start.state, start.step, start.place.order, epoch.done, self._books, sums
        )

    def go_on(self, layers: tuple[Layer, ...], state: State, step: int, begun: UnderWay) -> None:
        """Stand within an epoch again, where ``under_way`` was taken; it is between two now, where
        that epoch began."""
        self.layers, self.state, self.step = begun.layers, begun.state, begun.step
        self.shuffler.restore(begun.order)
        self.mark()
        self.timetable.reopen(begun.done, begun.weight_sums)
        self.layers, self.state, self.step = layers, state, step
        self._books = begun.books

    def _here(self) -> _Checkpoint:
        return _Checkpoint(self.layers, self.state, self.step, self.timetable.snapshot())

    def book(
        self,
        pieces: list[Piece],
        rate: Floats,
        loss: Floats,
        penalty: Floats,
        seconds: float,
        weight_sums: Sequence[Floats] | None = None,
    ) -> list[EpochRecord]:
        """The records of the epochs that ended with these steps, from the steps' learning rates,
        losses and penalties; the steps count as done. ``weight_sums`` as in ``rates``."""
        total = sum(stop - start for _, start, stop in pieces)
        records, position = [], 0
        own: Sequence[Floats | None] = weight_sums or [None] * len(pieces)
        for piece, sums in zip(pieces, own, strict=True):
            if piece.start == 0:
                self._books = Books(float(rate[position]) if len(rate) > position else 0.0)
            span = slice(position, position + piece.stop - piece.start)
            self._books.losses.append(loss[span])
            self._books.penalties.append(penalty[span])
            self._books.seconds += seconds * (piece.stop - piece.start) / max(total, 1)
            position = span.stop
            if piece.ends:
                records.append(self._books.record(piece.epoch, sums))
        self.step += total
        return records

    def _execute(self, pieces: list[Piece], rate: Floats, l2: Floats) -> Outcome:
        dtype = self.plan.dtype
        count = len(rate)
        padding = (0, self.capacity - count)
        data, table = self.source.block(self.timetable.table(pieces, self.capacity))
        with precision(dtype, self.device), np.errstate(over="ignore"):  # inf diverges, later
            steps = Steps(
                table,
                np.pad(rate, padding).astype(dtype),
                np.pad(l2, padding).astype(dtype),
                np.asarray(self.step % 2**32, np.uint32),
                np.asarray(count, np.int32),
            )
            arguments = (self.plan, self.layers, self.state, self.hyper, data, steps)
            kinds = (self.capacity, data.X.shape, data.X.dtype, data.Y.dtype, self.device)
            outcome: Outcome = compiled(("fit", self.plan, *kinds), lambda: run_range(*arguments))
            return outcome

    def rates(
        self, pieces: list[Piece], weight_sums: Sequence[Floats] | None = None
    ) -> tuple[Floats, Floats]:
        """Learning rate and strength of the L2 penalty at each step of the pieces.

        ``weight_sums`` are those of the batches of the pieces' epochs, if the timetable is not the
        network's own.
        """
        own = weight_sums or [piece.epoch.weight_sums for piece in pieces]
        sums = [each[start:stop] for each, (_, start, stop) in zip(own, pieces, strict=True)]
        rate = self.rate(self._clock(pieces), self.base_rate)
        return rate, self.l2 + self.alpha / np.concatenate(sums)

    def _clock(self, pieces: list[Piece]) -> Clock:
        seen = [self._samples_at(epoch) for epoch, _, _ in pieces]
        return Clock(
            np.concatenate([epoch.clock[start:stop] for epoch, start, stop in pieces]),
            np.repeat(np.array(seen, float), [stop - start for _, start, stop in pieces]),
            self.horizon,
        )

    def _samples_at(self, epoch: Epoch) -> int:
        """Samples seen when the epoch begins."""
        done = epoch.number - 1
        return self._samples_before + epoch.n_rows * (done - self._first_epoch) if done else 0
