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
    the training loss rose by more than R / 20. Noise from small batches is a tenth of that. Or a
    classifier's loss in epoch 1 is above 3 R and three times that of epoch 2, and neither loss ever
    comes below 0.97 R: the first steps threw it far off. What large initial weights make of a loss
    is learnt away slowly.
learning rate too low
    The training loss falls steadily in the second half of the epochs (it comes down by nine tenths
    of all that it moves there), in the last quarter still by 60 % or more of what it fell in an
    average quarter, and is above half of the first epoch's: it is under way, and not far from where
    it began. Or, of 8 epochs or more, both losses, training and validation, fall as steadily, in
    the last quarter by 25 % or more of an average quarter, and are still between 0.7 R and R:
    learning goes on, and most of it is to come. A higher rate would have come further; so would
    more epochs. A last epoch of fewer steps than the one before it, cut off by ``max_steps``, is
    left out. (Not said where the validation loss has an onset of over-fitting, or is higher in the
    last quarter of the epochs than in the one before: more of the same would not help.)
plateau at chance
    The training loss never came below 0.97 R, nor did the validation loss, and the last is at most
    1.2 R: the network says the same of every row. (Not said where the rate is too low.) Where no
    epoch's loss is further from R than 1/10000 of it, two epochs are enough.
chance on other rows
    The training loss came below 0.97 R, and the validation loss never was better than the best
    constant of the training rows is on the validation rows, R_v, by more than luck allows: n rows
    answered without knowledge of them have a cross-entropy of less than R_v - c / n with a
    probability of at most e^-c, so that of T epochs one in a hundred such trainings is below
    R_v - ln(100 T) / n. (Squared errors and the like: 2 R_v / n for 1 / n.) The allowance is never
    more than 3 % of R_v, so that few rows make nobody sick; and nothing is said where a share of
    right answers was three standard deviations above that of the constant: right, if far too sure.
    Where nothing is known of the validation rows, R stands for R_v, with no allowance. Classes that
    are weighted in training alone hide it: R_v is then easily beaten.
worse than chance
    Neither of the two losses ever came below 0.97 R, the last training loss is above 1.2 R, and no
    other rule says anything. So no network that has learnt nothing passes for healthy.
over-fitting
    There is an onset (see ``overfitting``), and the smoothed validation loss is at the end at
    least 5 % above its minimum: less is real, but nothing to act upon. (Not said beside chance on
    other rows: no epoch is worth stopping at.)

Rules on the course of a loss need 8 epochs, those on chance 5. Where epochs are long, 4 of them
with 500 steps together are enough to tell a rate that is too low, and a loss at chance or worse.
Nothing found in fewer is no health: `too_short` says what cannot be told of them.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.estimators.apart import apart
from chainrule.estimators.at_chance import (
    AT_CHANCE,
    only_here,
    plateau,
    thrown_far,
    worse_than_chance,
)
from chainrule.estimators.chance import HeldOutChance
from chainrule.estimators.course import EPOCHS, EPOCHS_AT_CHANCE, Course, Finding
from chainrule.estimators.overfitting import FEWEST, overfitting
from chainrule.estimators.pace import crawls

__all__ = ["SICKNESSES", "Finding", "findings", "too_short"]

VANISHING, EXPLODING_RATIO, EXPLODING = 1e-3, 100.0, 30.0
DEAD, SATURATED = 0.5, 0.25
OSCILLATION, OFTEN = 0.05, 0.25
WORSE = 0.05


def findings(
    history: Mapping[str, npt.NDArray[Any]],
    *,
    chance_loss: float | None = None,
    diverged: bool = False,
    held_out: HeldOutChance | None = None,
    begins_near: bool = False,
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
    held_out
        What that answer gets on the validation rows (`chainrule.estimators.chance`); without it, a
        validation loss is held against ``chance_loss``.
    begins_near
        Whether a network that has learnt nothing yet has about the loss of chance, as classifiers
        have. A regression's does not: its targets may lie far from 0.
    """
    course = Course(history, chance_loss, diverged, held_out, begins_near)
    found = tuple(finding for sickness in SICKNESSES for finding in sickness(course))
    return found or tuple(worse_than_chance(course))


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
    elif len(losses) >= EPOCHS and not any(thrown_far(course)):
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


def _too_low(course: Course) -> Iterator[Finding]:
    losses = course.losses
    if pace := crawls(course):
        first, last = apart(losses[0], losses[-1])
        yield Finding(
            "learning rate too low",
            f"The training is not done: in {len(losses)} epochs the loss came from "
            f"{first} to {last}, and at the end it still falls at {100 * pace:.0f} % of its "
            "average pace. Raise learning_rate_init, or train longer.",
            {"first_loss": float(losses[0]), "last_loss": float(losses[-1]), "pace": pace},
        )


def _overfitting(course: Course) -> Iterator[Finding]:
    onset = overfitting(course.history.get("validation_loss", []))
    if any(only_here(course)):  # there is no epoch to stop at
        return
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
    thrown_far,
    _vanishing,
    _exploding,
    _dead,
    _saturated,
    _too_high,
    _too_low,
    plateau,
    only_here,
    _overfitting,
)
