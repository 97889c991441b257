"""What a fit does on the test part, and how sure that is: records of ``results.json``."""

from __future__ import annotations

from typing import Literal

from chainrule.experiments.record import Number, Record

__all__ = ["Calibration", "Estimate", "OnTest"]


class Estimate(Record):
    """A mean over the rows of the test part, and its 95 % interval.

    The interval is `chainrule.estimators.intervals`': by the bootstrap, Wilson's for a share of
    which fewer than ten rows are of the rarer kind, or none.
    """

    value: Number
    low: Number = None
    high: Number = None
    method: Literal["bootstrap", "wilson", "none"] = "none"


class Calibration(Record):
    """Whether a model is right as often as it says, on the test part.

    The temperature is fitted on the validation part. It is None where there is no such part, where
    the model has every row of it right (the lower the better then), where it gives a probability of
    0 (which no temperature moves), and where its probabilities say nothing of the classes.
    """

    bins: int  # of equal width, over which the errors are taken
    error: Number  # the expected calibration error
    temperature: Number = None
    error_after: Number = None  # at that temperature
    loss_after: Number = None


class OnTest(Record):
    """What the shown fit does on the test part, and how sure that is.

    A classifier has an accuracy, and what follows it. A loss, the mean cross-entropy, is of
    probabilities that are a distribution over the classes; its value is None where it is infinite.
    It is None where they are none: then the least and the largest of their sums are not 1.
    A regressor has R², the root of the mean squared error and the mean absolute error, the two in
    the target's own unit.
    """

    accuracy: Estimate | None = None
    loss: Estimate | None = None
    impossible: int = 0  # rows to whose class the model gives the probability 0
    sum_least: Number = None  # of the probabilities of a row; away from 1 they are no distribution
    sum_most: Number = None
    overconfidence: Estimate | None = None  # mean confidence less accuracy
    calibration: Calibration | None = None
    r2: Estimate | None = None
    rmse: Estimate | None = None
    mae: Estimate | None = None

    @property
    def score(self) -> Estimate:
        """The accuracy, or R²: by what models are told apart."""
        found = self.accuracy or self.r2
        assert found is not None  # one of the two
        return found
