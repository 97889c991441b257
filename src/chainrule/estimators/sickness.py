r"""What a training suffers from, in plain language, each time with the numbers that say so.

The rules, with g_l the gradient's norm in layer l of L, and R the loss of the best constant answer
(``chance_loss_``; where it is not known, the first epoch's loss). Those on layers need a diagnosis
(``diagnose=True``), and a last epoch is the last that was diagnosed.

vanishing gradient
    The median over the epochs of g_1 / g_L is below 1/1000: the first layer learns a thousand
    times more slowly than the last. Healthy networks have 0.1 to 10. (Not said where a layer is
    dead altogether, which is a sickness of its own.)
exploding gradient
    g_l is above 30 R in some layer and epoch, or the median of g_1 / g_L is above 100. The output
    layer's error is about R, healthy gradients are too, and each layer below must not multiply
    them.
dead units
    More than half of a layer's relu units are dead in the last epoch. A quarter is common. Where
    all of them are, nothing below that layer has a gradient, and the first layer's (0) is told.
saturated units
    At least a quarter of a layer's logistic or tanh units are saturated in the last epoch.
    Healthy networks of some hundred epochs have next to none.
learning rate too high
    The training diverged, or it oscillates: in at least a quarter of the second half of the epochs
    the training loss rose by more than R / 20. Noise from small batches is a tenth of that.
learning rate too low
    The training loss falls steadily in the second half of the epochs (it comes down by nine tenths
    of all that it moves there), in the last quarter still by 60 % or more of what it fell in an
    average quarter, and is above half of the first epoch's: it is under way, and not far from where
    it began. Or, of 8 epochs or more, both losses, training and validation, fall as steadily, in
    the last quarter by 25 % or more of an average quarter, and are still between 0.7 R and R:
    learning goes on, and most of it is to come. A higher rate would have come further; so would
    more epochs. A last epoch of fewer steps than the one before it, cut off by ``max_steps``, is
    left out.
plateau at chance
    The training loss never came below 0.97 R, nor did the validation loss, and the last is at most
    1.2 R: the network says the same of every row. (Not said where the rate is too low.) Where no
    epoch's loss is further from R than 1/10000 of it, two epochs are enough.
worse than chance
    Neither of the two losses ever came below 0.97 R, the last training loss is above 1.2 R, and no
    other rule says anything. So no network that has learnt nothing passes for healthy.
over-fitting
    There is an onset (see ``overfitting``), and the smoothed validation loss is at the end at
    least 5 % above its minimum: less is real, but nothing to act upon.

Rules on the course of a loss need 8 epochs, those on chance 5. Where epochs are long, 4 of them
with 500 steps together are enough to tell a rate that is too low, and a loss at chance or worse.
Nothing found in fewer is no health: `too_short` says what cannot be told of them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.estimators.apart import apart
from chainrule.estimators.overfitting import FEWEST, overfitting

__all__ = ["SICKNESSES", "Finding", "findings", "too_short"]

VANISHING, EXPLODING_RATIO, EXPLODING = 1e-3, 100.0, 30.0
DEAD, SATURATED = 0.5, 0.25
OSCILLATION, OFTEN = 0.05, 0.25
STEADY, PACE, WAY = 0.9, 0.6, 0.5
SLOWER, FAR = 0.25, 0.7
AT_CHANCE, NEAR_CHANCE, ON_CHANCE = 0.97, 1.2, 1e-4
WORSE = 0.05
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


def findings(
    history: Mapping[str, npt.NDArray[Any]],
    *,
    chance_loss: float | None = None,
    diverged: bool = False,
) -> tuple[Finding, ...]:
    """What a training suffers from, by the rules above; empty for a healthy one.

    Parameters
    ----------
    history
        An estimator's ``history_``, with ``train_loss`` at least.
    chance_loss
        The loss of the best constant answer, the estimator's ``chance_loss_``.
    diverged
        Whether training left the finite numbers.
    """
    course = Course(history, chance_loss, diverged)
    found = tuple(finding for sickness in SICKNESSES for finding in sickness(course))
    return found or tuple(_worse_than_chance(course))


def too_short(history: Mapping[str, Any]) -> tuple[str, ...]:
    """What the rules on losses cannot tell of a training of so few epochs; empty of a longer one.

    ``history`` is as for `findings`; a training whose loss has moved is on no plateau.
    """
    course = Course(history, None, False)
    losses, untold = course.losses, []
    flat = len(losses) and losses.min() >= AT_CHANCE * losses[0]
    if flat and not course.lasted(EPOCHS_AT_CHANCE, losses):
        untold.append("a plateau at chance")
    rates = ["high"] * (len(losses) < EPOCHS) + ["low"] * (not course.lasted(EPOCHS, course.whole))
    if rates:
        untold.append(f"a learning rate that is too {' or too '.join(rates)}")
    validation = np.isfinite(np.asarray(history.get("validation_loss", []), np.float64))
    if 0 < validation.sum() < FEWEST:
        untold.append("over-fitting")
    return tuple(untold)


def _vanishing(course: Course) -> Iterator[Finding]:
    ratio = course.first_to_last
    if ratio < VANISHING and course.last("dead_share").max() < 1:
        yield Finding(
            "vanishing gradient",
            f"The gradient vanishes on its way back: in the first layer it is {ratio:.1e} times "
            "as long as in the last (median over the epochs), so the first layers hardly learn. "
            "Try relu, initial weights that fit the activation (init='he_normal' or "
            "'glorot_uniform'), or fewer layers.",
            {"first_to_last": ratio},
        )


def _exploding(course: Course) -> Iterator[Finding]:
    norms, ratio = course.by_layer("gradient_norm"), course.first_to_last
    if not norms.size:
        return
    largest = float(np.where(np.isnan(norms), -np.inf, norms).max())
    epoch, layer = np.argwhere(norms == largest)[0] + 1
    if largest > EXPLODING * course.scale or ratio > EXPLODING_RATIO:
        yield Finding(
            "exploding gradient",
            f"The gradient explodes: its norm reaches {largest:.3g} in layer {layer} (epoch "
            f"{epoch}), where a loss of {course.scale:.3g} is that of a constant answer; in the "
            f"first layer it is {ratio:.3g} times as long as in the last. Try smaller initial "
            "weights (init='he_normal'), inputs that are scaled, or clip_global_norm.",
            {
                "largest": largest,
                "layer": float(layer),
                "epoch": float(epoch),
                "chance_loss": course.scale,
                "first_to_last": ratio,
            },
        )


def _dead(course: Course) -> Iterator[Finding]:
    for number, share in enumerate(course.last("dead_share"), 1):
        if share == 1:
            yield _wholly_dead(number, float(course.last("gradient_norm")[0]))
        elif share > DEAD:
            yield Finding(
                "dead units",
                f"In layer {number} {100 * share:.0f} % of the relu units are dead: they give 0 "
                "for every sampled row, and no gradient passes them. Try a lower learning rate, "
                "other initial weights, or leaky_relu.",
                {"layer": float(number), "dead_share": float(share)},
            )


def _wholly_dead(layer: int, norm: float) -> Finding:
    return Finding(
        "dead units",
        f"Layer {layer} is dead, all of it: its relu units give 0 for every sampled row, and no "
        f"gradient passes them (in the first layer its norm is {norm:.3g}). Try other initial "
        "weights (init='he_normal'), a lower learning rate, or leaky_relu.",
        {"layer": float(layer), "dead_share": 1.0, "first_gradient_norm": norm},
    )


def _saturated(course: Course) -> Iterator[Finding]:
    for number, share in enumerate(course.last("saturated_share"), 1):
        if share >= SATURATED:
            yield Finding(
                "saturated units",
                f"In layer {number} {100 * share:.0f} % of the units are saturated: their "
                "derivative is below 5 % of its maximum, and they hardly learn. Try inputs that "
                "are scaled, smaller initial weights, a lower learning rate, or relu.",
                {"layer": float(number), "saturated_share": float(share)},
            )


def _too_high(course: Course) -> Iterator[Finding]:
    losses = course.losses
    if course.diverged:
        epochs = len(np.asarray(course.history["train_loss"]))
        yield Finding(
            "learning rate too high",
            f"The training diverged in epoch {epochs}. Lower learning_rate_init, scale the "
            "inputs, or set clip_global_norm.",
            {"epoch": float(epochs)},
        )
    elif len(losses) >= EPOCHS:
        steps = np.diff(losses[len(losses) // 2 - 1 :])
        often = float((steps > OSCILLATION * course.scale).mean())
        if often >= OFTEN:
            highest = float(steps.max())
            yield Finding(
                "learning rate too high",
                f"The training loss oscillates: in {100 * often:.0f} % of the last {len(steps)} "
                f"epochs it rose by more than {OSCILLATION * course.scale:.3g}, once by "
                f"{highest:.3g}. Lower learning_rate_init, or take a schedule that does.",
                {"share_of_rises": often, "largest_rise": highest},
            )


def _crawls(course: Course) -> float | None:
    """The pace of the last quarter as a share of the average, of a loss that is on its way and has
    far to go; None of others."""
    losses = course.whole
    if not course.lasted(EPOCHS, losses):
        return None
    pace = _pace(losses)
    if pace is None:
        return None
    return pace if (pace >= PACE and losses[-1] > WAY * losses[0]) or _is_far(course) else None


def _pace(losses: Floats) -> float | None:
    """None of a loss that does not fall, or not steadily in its second half."""
    steps = np.diff(losses)
    late, quarter = steps[len(steps) // 2 :], max(len(steps) // 4, 1)
    fall = losses[0] - losses[-1]
    if not fall > 0 or -late.sum() < STEADY * np.abs(late).sum():
        return None
    return float((losses[-1 - quarter] - losses[-1]) / (fall * quarter / len(steps)))


def _is_far(course: Course) -> bool:
    """Whether little of what there is to learn is learnt, and both losses still fall.

    The training loss alone does not tell: where X says little of y, it is high and falls because
    rows are learnt by heart. Nor do a few long epochs, which slow down or come to rest alike.
    """
    both = (course.whole, course.whole_validation)
    return all(
        len(losses) >= EPOCHS
        and (_pace(losses) or 0) >= SLOWER
        and FAR * course.scale < losses[-1] < course.scale
        for losses in both
    )


def _too_low(course: Course) -> Iterator[Finding]:
    losses = course.losses
    if pace := _crawls(course):
        first, last = apart(losses[0], losses[-1])
        yield Finding(
            "learning rate too low",
            f"The training is not done: in {len(losses)} epochs the loss came from "
            f"{first} to {last}, and at the end it still falls at {100 * pace:.0f} % of its "
            "average pace. Raise learning_rate_init, or train longer.",
            {"first_loss": float(losses[0]), "last_loss": float(losses[-1]), "pace": pace},
        )


def _lowest_at_chance(course: Course) -> float | None:
    """The lowest loss of a training that never was better than chance; None of others."""
    losses, chance = course.losses, course.chance
    if chance is None or not chance > 0:
        return None
    if not course.lasted(EPOCHS_AT_CHANCE, losses) and not _is_on_chance(losses, chance):
        return None
    validation = np.asarray(course.history.get("validation_loss", []), np.float64)
    lowest = min(losses.min(), np.nanmin(validation, initial=np.inf))
    return float(lowest) if lowest >= AT_CHANCE * chance and not _crawls(course) else None


def _is_on_chance(losses: Floats, chance: float) -> bool:
    """Whether a loss is so near to chance, and stays there, that two epochs tell."""
    return len(losses) > 1 and bool((np.abs(losses - chance) <= ON_CHANCE * chance).all())


def _plateau(course: Course) -> Iterator[Finding]:
    lowest, chance = _lowest_at_chance(course), course.chance
    if lowest is None or chance is None or course.losses[-1] > NEAR_CHANCE * chance:
        return
    last = float(course.losses[-1])
    yield Finding(
        "plateau at chance",
        f"The network has learnt next to nothing: its training loss of {last:.4g} is that of the "
        f"best constant answer, {chance:.4g}, and was never below {lowest:.4g}. Look at the other "
        "findings, at the learning rate, and at whether X says anything of y.",
        {"last_loss": last, "lowest_loss": lowest, "chance_loss": float(chance)},
    )


def _worse_than_chance(course: Course) -> Iterator[Finding]:
    """Where nothing else was found: what never was better than chance is sick of something."""
    lowest, chance = _lowest_at_chance(course), course.chance
    if lowest is None or chance is None:
        return
    last = float(course.losses[-1])
    yield Finding(
        "worse than chance",
        f"The network does worse than a constant answer: its training loss of {last:.4g} is above "
        f"that of the best one, {chance:.4g}, and was never below {lowest:.4g}. Look at the "
        "learning rate, at the initial weights, and at the scale of the inputs.",
        {"last_loss": last, "lowest_loss": lowest, "chance_loss": float(chance)},
    )


def _overfitting(course: Course) -> Iterator[Finding]:
    onset = overfitting(course.history.get("validation_loss", []))
    if onset and onset.last >= onset.minimum * (1 + WORSE):
        yield Finding(
            "over-fitting",
            f"The network over-fits from epoch {onset.epoch} on: the validation loss (smoothed) "
            f"rises from {onset.minimum:.4g} to {onset.last:.4g}, where up to {onset.band:.2g} "
            "above its minimum would pass for noise. Stop there (early_stopping, stopping), or add "
            "l2, dropout or data.",
            {
                "epoch": float(onset.epoch),
                "minimum": onset.minimum,
                "last": onset.last,
                "band": onset.band,
            },
        )


SICKNESSES: tuple[Callable[[Course], Iterator[Finding]], ...] = (
    _vanishing,
    _exploding,
    _dead,
    _saturated,
    _too_high,
    _too_low,
    _plateau,
    _overfitting,
)
