"""A training as the rules of `chainrule.estimators.sickness` look at it, and what they find."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.estimators.chance import HeldOutChance

__all__ = ["EPOCHS", "EPOCHS_AT_CHANCE", "Course", "Finding", "Floats"]

EPOCHS, EPOCHS_AT_CHANCE = 8, 5
LONG_EPOCHS, STEPS = 4, 500

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Finding:
    """A sickness by its name, a sentence on it, and the numbers that the sentence is made of."""

    name: str
    sentence: str
    numbers: Mapping[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.sentence


@dataclass(frozen=True)
class Course:
    """A training as the rules look at it: the losses of the epochs that have one, and columns by
    layer of those that were diagnosed."""

    history: Mapping[str, npt.NDArray[Any]]
    chance: float | None
    diverged: bool
    held_out: HeldOutChance | None = None
    begins_near: bool = False  # whether a network that knows nothing yet has a loss of about R

    @property
    def losses(self) -> Floats:
        losses = np.asarray(self.history["train_loss"], np.float64)
        return losses[np.isfinite(losses)]

    @property
    def whole(self) -> Floats:
        """``losses`` without that of a last epoch which was cut off."""
        return self._whole("train_loss")

    @property
    def whole_validation(self) -> Floats:
        """The same of the validation loss; empty without one."""
        return self._whole("validation_loss")

    def _whole(self, name: str) -> Floats:
        losses = np.asarray(self.history.get(name, []), np.float64)
        steps = np.asarray(self.history.get("steps", np.ones(len(losses))), np.float64)
        if len(steps) > 1 and steps[-1] < steps[-2]:
            losses = losses[:-1]
        return losses[np.isfinite(losses)]

    @property
    def scale(self) -> float:
        """R."""
        if self.chance is not None and np.isfinite(self.chance) and self.chance > 0:
            return float(self.chance)
        return float(self.losses[0]) if len(self.losses) else np.nan

    def lasted(self, epochs: int, losses: Floats) -> bool:
        """Whether there are so many epochs with a loss, or a few long ones."""
        count, steps = len(losses), float(np.sum(self.history.get("steps", 0)))
        return count >= epochs or (count >= LONG_EPOCHS and steps >= STEPS)

    def by_layer(self, name: str) -> Floats:
        """``(n_epochs, n_layers)``, of the epochs that were diagnosed; empty without any."""
        column = np.asarray(self.history.get(name, np.zeros((0, 0))), np.float64)
        diagnosed = np.asarray(self.history.get("gradient_norm", column), np.float64)
        return column[~np.isnan(diagnosed).all(axis=1)]

    @property
    def first_to_last(self) -> float:
        """The median of g_1 / g_L; 1 without a diagnosis or where no gradient is left."""
        norms = self.by_layer("gradient_norm")
        norms = norms[np.isfinite(norms).all(axis=1)]
        norms = norms[norms[:, -1] > 0] if norms.size else norms
        return float(np.median(norms[:, 0] / norms[:, -1])) if norms.size else 1.0

    def last(self, name: str) -> Floats:
        """Each layer's number in the last epoch; what a layer does not have is 0."""
        column = self.by_layer(name)
        return np.nan_to_num(column[-1]) if column.size else np.zeros(1)
