"""Training by mini-batches: what happens between the ranges of the engine.

The loop asks for as many epochs as can pass before anybody may want to decide
something: one at a time with validation data, callbacks or best weights to keep, else
as many as the patience surely allows.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf, isfinite, nan

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from chainrule.engine.epochs import EpochRecord
from chainrule.engine.fit import Trainer
from chainrule.engine.member import Member
from chainrule.equations.network import Layer
from chainrule.errors import DivergenceError
from chainrule.estimators.callbacks import EpochCallbacks
from chainrule.estimators.checkpoints import Keeper, take, take_up
from chainrule.estimators.history import Row
from chainrule.estimators.problem import Problem
from chainrule.estimators.progress import Progress
from chainrule.estimators.stopping import Patience, Slowing

__all__ = ["Criterion", "Loop", "Result", "not_finite"]

Criterion = Callable[[list[float], list[float]], bool]
OnPlateau = Callable[[float], float | None]


@dataclass
class Result:
    """What a training leaves besides the trainer's own state.

    ``rows`` are the history's new rows, ``objectives`` the values of ``loss_curve_``;
    ``samples`` is how many were trained on; ``best_row`` is the index in ``rows`` of the best
    epoch, or None; ``converged`` is false where the epochs ran out.
    """

    rows: list[Row] = field(default_factory=list)
    objectives: list[float] = field(default_factory=list)
    samples: int = 0
    best_row: int | None = None
    best_layers: tuple[Layer, ...] | None = None
    diverged: bool = False
    converged: bool = False


class StoppedByKeeper(Exception):
    """The keeper has the state and wants no more."""


@dataclass
class Loop:
    """One stochastic training.

    Parameters
    ----------
    trainer, problem
        The engine's trainer, and the data.
    patience
        Counts epochs without improvement of the training loss or the monitored value.
    epochs, steps
        The budget; ``steps`` may be None.
    by
        What the patience watches: ``objective``, ``validation_score`` or ``validation_loss``.
    best_by
        What the best epoch goes by: one of those, or ``train_loss``.
    keep_best
        Whether the best epoch's parameters are kept.
    loss_scale
        What the data loss is multiplied with in ``objective`` (scikit-learn's reporting).
    slowing
        Lowers the rate by itself, where the schedule is one that does.
    criterion
        Says from the curves of validation and training loss whether to stop; beside the patience.
    keeper
        Keeps the training's state, so that it can go on after a kill.
    until
        The epochs done at which it pauses, to be gone on with.
    """

    trainer: Trainer | Member
    problem: Problem
    patience: Patience
    epochs: float
    steps: int | None
    by: str
    best_by: str
    keep_best: bool
    loss_scale: float
    threshold: float
    on_plateau: OnPlateau | None
    progress: Progress
    callbacks: EpochCallbacks
    slowing: Slowing | None = None
    criterion: Criterion | None = None
    keeper: Keeper | None = None
    until: float = inf
    result: Result = field(default_factory=Result)

    def __post_init__(self) -> None:
        self.best = Patience(0.0, inf, higher_is_better=self.best_by == "validation_score")
        self.result.best_layers = self.before = self.trainer.layers

    def run(self) -> Result:
        """Train until the budget ends, the patience is exceeded, a callback says so, the loss
        diverges, or the user presses Ctrl-C (which keeps what there is, with a warning)."""
        if self.keeper:
            self._take_up(self.keeper)
        try:
            while self.going:
                self.begin_range()
                self.end_range(self.trainer.run(self.wanted, self.steps))
                if self.keeper:
                    self._keep(self.keeper)
        except StoppedByKeeper:
            raise KeyboardInterrupt from None
        except KeyboardInterrupt:
            if self.keeper:  # who keeps it can go on with it
                raise
            self._book_partial()
            warnings.warn(
                f"Training interrupted by user after {len(self.result.rows)} epoch(s); "
                "the fitted state so far is kept.",
                stacklevel=6,
            )
        finally:
            self.progress.close()
        return self.result

    @property
    def going(self) -> bool:
        """Whether there is something to train before it pauses."""
        return not self.ended and len(self.result.rows) < self.until

    @property
    def ended(self) -> bool:
        """Whether the training has come to its end."""
        if self.result.converged or self.result.diverged or self.epochs <= 0:
            return True
        return self.steps is not None and self.steps <= 0

    @property
    def wanted(self) -> int:
        """The epochs that can pass before anybody may want to decide something."""
        if self.problem.measures or self.callbacks.wanted or self.keep_best:
            return 1
        safe = self.patience.safe_epochs
        if self.slowing:
            safe = min(safe, self.slowing.safe_epochs)
        return int(min(safe, self.epochs, self.until - len(self.result.rows), 2**31))

    def begin_range(self) -> None:
        """Before each range of the trainer."""
        self.callbacks.begin_epoch()
        if self.problem.examination and self.trainer.between_epochs:
            self.before = self.trainer.layers
        self._step = self.trainer.step

    def end_range(
        self,
        records: list[EpochRecord],
        measured: Row | None = None,
        finite: bool | None = None,
    ) -> None:
        """After each range, which gave these records; ``measured`` is what is known already of
        the epoch that ended, ``finite`` whether the parameters were after it."""
        if self.steps is not None:
            self.steps -= self.trainer.step - self._step
            if self.steps <= 0 and (partial := self.trainer.close()):
                records.append(partial)
        for number, record in enumerate(records):
            if self._has_diverged(record):
                if self._retreat(number) == number:  # else the epoch before was the one
                    self._book(record, {})
                return
            self._decide(record, measured)
            if self.result.converged:
                break
        if records and not (self.trainer.finite if finite is None else finite):
            self._retreat(len(records) - 1)

    def _take_up(self, keeper: Keeper) -> None:
        """Go on from the keeper's state, if it has one."""
        snapshot = keeper.begin()
        if snapshot is not None:
            take_up(self, snapshot)
            for row in self.result.rows:
                keeper.epoch(row)

    def _keep(self, keeper: Keeper) -> None:
        """Give the keeper the state where it is wanted; of a member of a block, an epoch under way
        is not part of it."""
        trainer = self.trainer
        known = isinstance(trainer, Trainer) and trainer.knows_beginning
        whole = trainer.between_epochs or known
        if keeper.stopping():
            if not whole:
                self._rewind()
            keeper.keep(take(self))
            raise StoppedByKeeper
        if whole and keeper.due():
            keeper.keep(take(self))

    def _rewind(self) -> None:
        """Back to the beginning of the epoch under way, the steps given back."""
        step = self.trainer.step
        self.trainer.rewind()
        if self.steps is not None:
            self.steps += step - self.trainer.step

    def _decide(self, record: EpochRecord, measured: Row | None) -> None:
        try:
            values = self._measure(record) if measured is None else measured
        except KeyboardInterrupt:  # the epoch is done, though not validated
            self._book(record, {})
            raise
        row = self._book(record, values)
        objective = self.result.objectives[-1]
        self.patience.update(objective if self.by == "objective" else row[self.by])
        if self.best.update(row[self.best_by]):
            self.result.best_row = len(self.result.rows) - 1
            if self.keep_best:
                self.result.best_layers = self.trainer.layers
        self.epochs -= 1
        if self.slowing:
            value = objective if self.slowing.by == "objective" else row[self.slowing.by]
            self.trainer.base_rate = self.slowing.update(value, self.trainer.base_rate)
        if self.patience.exceeded:
            self._plateau()
        if self.criterion and self.criterion(
            self._curve("validation_loss"), self._curve("train_loss")
        ):
            self.result.converged = True
        if self.callbacks.end_epoch():
            self.result.converged = True

    def _curve(self, name: str) -> list[float]:
        return [row.get(name, nan) for row in self.result.rows]

    def _plateau(self) -> None:
        lower = self.on_plateau(self.trainer.base_rate) if self.on_plateau else None
        if lower is None:
            self.result.converged = True
        else:
            self.trainer.base_rate = lower
            self.patience.count = 0

    def _measure(self, record: EpochRecord) -> Row:
        if not self.problem.measures:
            return {}
        layers = tuple(Layer(np.asarray(W), np.asarray(b)) for W, b in self.trainer.layers)
        return self.problem.measure(self.before, layers, record.steps)

    def _book(self, record: EpochRecord, values: Row) -> Row:
        row = {
            "epoch": float(record.epoch),
            "steps": float(record.steps),
            "train_loss": record.loss,
            "penalty": record.penalty,
            "learning_rate": record.rate,
            "seconds": record.seconds,
            **self.problem.unmeasured,
            **values,
        }
        self.result.rows.append(row)
        self.result.samples += record.rows
        self.result.objectives.append(self.loss_scale * record.row_loss + record.penalty)
        self.progress.update(len(self.result.rows), row)
        if self.keeper:
            self.keeper.epoch(row)
        return row

    def _book_partial(self) -> None:
        """The epoch that an interruption cut short, as far as its steps are known and good."""
        record = self.trainer.close()
        if record is None:
            return
        if self._has_diverged(record) or not self.trainer.finite:
            self._retreat(0)
        else:
            self._book(record, {})

    def _has_diverged(self, record: EpochRecord) -> bool:
        return not isfinite(record.loss + record.penalty) or record.loss > self.threshold

    def _retreat(self, good: int) -> int:
        """Back to the last epoch of this range whose parameters are finite, ``good`` at most; how
        many epochs of the range that leaves."""
        self.result.diverged = True
        for epochs in range(max(good, 0), -1, -1):
            self.trainer.rewind()
            if epochs:
                self.trainer.run(epochs)
            if self.trainer.finite:
                return epochs
        return 0


def not_finite(epoch: int, loss: float = nan) -> DivergenceError:
    """scikit-learn's error, with what is known and what to do."""
    return DivergenceError(
        "Solver produced non-finite parameter weights. The input data may contain large values "
        f"and need to be preprocessed. (Epoch {epoch}, training loss {loss:g}.) Scale the input, "
        "lower learning_rate_init, set clip_global_norm, or use on_divergence='keep' to keep the "
        "last good weights."
    )


def warn_unconverged(max_iter: int) -> None:
    warnings.warn(
        f"Stochastic Optimizer: Maximum iterations ({max_iter}) "
        "reached and the optimization hasn't converged yet.",
        ConvergenceWarning,
        stacklevel=6,
    )
