"""The trainer: it cuts a training into ranges of steps and keeps the books between them.

One call of ``Trainer.run`` is one range: orders are drawn, rates are looked up, the
compiled program runs, and the epochs that ended in it come back as records. Whatever
wants to look or decide - progress, callbacks, validation, stopping, Ctrl-C - does so
between two calls. How the steps are cut into ranges does not change the result.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
import numpy.typing as npt

from chainrule.engine.batches import Shuffler, Source, batch_table
from chainrule.engine.cache import compiling
from chainrule.engine.device import precision
from chainrule.engine.epochs import Epoch, EpochRecord
from chainrule.engine.plan import Hyperparameters, Plan
from chainrule.engine.program import Outcome, Steps, run_range
from chainrule.equations.network import Layer
from chainrule.equations.optimizers import OPTIMIZERS, State
from chainrule.equations.schedules import Clock

__all__ = ["Trainer", "capacity"]

RANGE_SECONDS = 0.15
"""About how long one range takes: short enough for Ctrl-C, long enough to cost nothing."""

RANGE_BYTES = 2**26
"""The most that a range's rows and their order take."""

_compiled: set[Any] = set()

Floats = npt.NDArray[np.float64]
RateFunction = Callable[[Clock, float], Floats]


@dataclass(frozen=True)
class _Checkpoint:
    layers: tuple[Layer, ...]
    state: State
    step: int
    epoch: int
    order: Any


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
        self.layers = layers
        self.state = OPTIMIZERS[plan.optimizer].init(layers) if state is None else state
        self.rate, self.base_rate, self.horizon = rate, base_rate, horizon
        self.l2, self.alpha = l2, alpha
        self.step, self.epoch, self._samples_before = step, epoch, samples
        self._first_epoch = epoch
        self.device = device
        self.capacity = steps_per_range or capacity(plan, source.row_bytes)
        self._open: Epoch | None = None
        self._checkpoint = self._here()

    def run(self, epochs: int = 1, steps: int | None = None) -> list[EpochRecord]:
        """Run one range: at most so many epochs and steps, and never more than fits the program.

        Gives the epochs that ended in it; none where an epoch is longer than the range.
        """
        room = self.capacity if steps is None else min(self.capacity, steps)
        if epochs < 1 or room < 1:
            return []
        if self._open is None:
            self._checkpoint = self._here()
        opened, done = self._open, self._open.done if self._open else 0
        order = self.shuffler.snapshot()
        started = time.perf_counter()
        try:
            pieces = self._collect(epochs, room)
            outcome = self._execute(pieces)
            loss, penalty = (np.asarray(x, np.float64) for x in (outcome.loss, outcome.penalty))
        except BaseException:  # Ctrl-C among them: as if this range had not begun
            self.shuffler.restore(order)
            self._open = opened
            if opened:
                opened.done = done
            raise
        seconds = time.perf_counter() - started
        self.layers, self.state = outcome.layers, outcome.state
        total = sum(stop - start for _, start, stop in pieces)
        position = 0
        for epoch, start, stop in pieces:
            span = slice(position, position + stop - start)
            epoch.losses.append(loss[span])
            epoch.penalties.append(penalty[span])
            epoch.seconds += seconds * (stop - start) / max(total, 1)
            position = span.stop
        self.step += total
        ended = [epoch for epoch, _, stop in pieces if stop == len(epoch.table)]
        self.epoch += len(ended)
        if ended and ended[-1] is self._open:
            self._open = None
        return [epoch.record() for epoch in ended]

    @property
    def between_epochs(self) -> bool:
        return self._open is None

    def close(self) -> EpochRecord | None:
        """The record of an epoch that a budget of steps cut short, if there is one."""
        if self._open is None or self._open.done == 0:
            return None
        record, self._open = self._open.record(), None
        return record

    def rewind(self) -> None:
        """Go back to the last range that began with an epoch."""
        here = self._checkpoint
        self.layers, self.state, self.step, self.epoch = (
            here.layers,
            here.state,
            here.step,
            here.epoch,
        )
        self.shuffler.restore(here.order)
        self._open = None

    def _here(self) -> _Checkpoint:
        return _Checkpoint(self.layers, self.state, self.step, self.epoch, self.shuffler.snapshot())

    def _collect(self, epochs: int, room: int) -> list[tuple[Epoch, int, int]]:
        """The pieces of epochs that make up the next range."""
        pieces: list[tuple[Epoch, int, int]] = []
        number = self.epoch
        while epochs > 0:
            if self._open is None:
                if pieces and room < len(pieces[-1][0].table):
                    break  # only whole epochs share a range: their ends are where one may look
                self._open = self._next_epoch(number + 1)
            epoch = self._open
            start, stop = epoch.done, min(epoch.done + room, len(epoch.table))
            pieces.append((epoch, start, stop))
            epoch.done = stop
            room -= stop - start
            if stop < len(epoch.table):
                break
            number, epochs = number + 1, epochs - 1
            if epochs > 0:
                self._open = None
        return pieces

    def _next_epoch(self, number: int) -> Epoch:
        order = self.shuffler.next()
        table = batch_table(order, self.plan.batch_size, self.source.padding)
        sums = self.source.weight_sums(table)
        counts = np.full(len(table), self.plan.batch_size, np.float64)
        counts[-1] -= table.size - len(order)
        weighty = sums > 0  # a batch that weighs nothing is no step at all
        return Epoch(number, table[weighty], sums[weighty], counts[weighty], len(order))

    def _execute(self, pieces: list[tuple[Epoch, int, int]]) -> Outcome:
        dtype = self.plan.dtype
        count = sum(stop - start for _, start, stop in pieces)
        table = np.full((self.capacity, self.plan.batch_size), self.source.padding, np.int32)
        rate, l2 = np.zeros(self.capacity), np.zeros(self.capacity)
        position = 0
        for epoch, start, stop in pieces:
            span = slice(position, position + stop - start)
            table[span] = epoch.table[start:stop]
            rate[span] = self.rate(self._clock(epoch, start, stop), self.base_rate)
            l2[span] = self.l2 + self.alpha / epoch.weight_sums[start:stop]
            if start == 0 and stop > 0:
                epoch.rate = float(rate[position])
            position = span.stop
        data, table = self.source.block(table)
        with precision(dtype, self.device), np.errstate(over="ignore"):  # inf diverges, later
            steps = Steps(
                table,
                rate.astype(dtype),
                l2.astype(dtype),
                np.asarray(self.step % 2**32, np.uint32),
                np.asarray(count, np.int32),
            )
            arguments = (self.plan, self.layers, self.state, self.hyper, data, steps)
            key = (self.plan, self.capacity, data.X.shape, data.X.dtype, data.Y.dtype, self.device)
            outcome: Outcome
            if key in _compiled:
                outcome = run_range(*arguments)
                return outcome
            outcome = compiling(lambda: run_range(*arguments))
            _compiled.add(key)
            return outcome

    def _clock(self, epoch: Epoch, start: int, stop: int) -> Clock:
        n_steps = max(len(epoch.table), 1)
        done = epoch.number - 1
        samples = self._samples_before + epoch.n_rows * (done - self._first_epoch)
        if done == 0:
            samples = 0
        return Clock(
            done + np.arange(start, stop) / n_steps,
            np.full(stop - start, float(samples)),
            self.horizon,
        )
