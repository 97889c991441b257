"""What sweeps and searches found: frozen records, a part of ``results.json``."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from chainrule.experiments.record import Distribution, Number, Record

__all__ = ["Budget", "Cell", "Curve", "Lost", "Noise", "RangeTest", "Sweep"]


class Curve(Record):
    """One quantity of a training, thinned to some dozens of its epochs."""

    epochs: tuple[int, ...]
    values: tuple[Number, ...]


class Lost(Record):
    """A training that diverged: its loss was not a number, or above the sweep's threshold."""

    seed: int
    epoch: int  # in which it did
    last_finite_loss: Number  # of all its epochs; None where there is none


class Noise(Record):
    """The gradient noise scale after so many updates, in rows, with its 95 % interval: see
    `chainrule.estimators.gradient_noise`. What is infinite is None."""

    updates: int
    scale: Number
    low: Number
    high: Number
    noise: Number
    signal: Number


class Cell(Record):
    """One combination of a sweep, trained from each seed on one budget.

    The distributions are over the seeds that did not diverge, None where all did; those of losses
    and scores are of the last epoch. ``curves`` are their means, with ``epoch`` (a share of one
    where the updates do not fill it) and ``updates`` so far; where all diverged, those of the first
    seed.
    """

    name: str  # "batch_size=64"
    parameters: dict[str, Any]
    updates: int  # of each training that did not diverge
    train_loss: Distribution | None = None
    validation_loss: Distribution | None = None
    validation_score: Distribution | None = None
    test_loss: Distribution | None = None
    test_score: Distribution | None = None
    best_epochs: tuple[float, ...] = ()  # with the best validation score, seed by seed
    best_score: Distribution | None = None  # the validation score of those
    lowest_loss: Distribution | None = None  # the lowest validation loss of all epochs
    lost: tuple[Lost, ...] = ()
    noise: tuple[Noise, ...] = ()  # of the first seed, at probes and at the end
    curves: dict[str, tuple[Number, ...]] = Field(default_factory=dict)


class Budget(Record):
    """All combinations at equal epochs, or at equal updates; the first hyperparameter moves
    slowest."""

    name: str  # "equal epochs" or "equal updates"
    epochs: int | None = None
    updates: int | None = None
    cells: tuple[Cell, ...]
    block_sizes: dict[str, Any] | None = None  # by compiled plan, where they were measured


class RangeTest(Record):
    """A learning-rate range test of the model's settings: see
    `chainrule.estimators.range_test`."""

    rates: tuple[float, ...]
    losses: tuple[Number, ...]
    smoothed: tuple[Number, ...]
    lowest: Number
    suggested: Number
    diverged: Number


class Sweep(Record):
    """One or two hyperparameters over their values."""

    names: tuple[str, ...]
    values: tuple[tuple[Any, ...], ...]  # of each
    seeds: tuple[int, ...]
    budgets: tuple[Budget, ...]
    best: dict[str, Any]  # of the first budget
    judged_by: str  # what the best was told by: a field of `Cell`
    range_test: RangeTest | None = None
    threshold: Number = 1e3  # the training loss above which a training has diverged
