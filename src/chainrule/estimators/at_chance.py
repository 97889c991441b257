"""Trainings that never were better than an answer that is the same for every row, on the rows that
they were trained on or on others: the rules on chance."""

from collections.abc import Iterator

import numpy as np

from chainrule.estimators.course import EPOCHS_AT_CHANCE, Course, Finding, Floats
from chainrule.estimators.pace import crawls

__all__ = ["AT_CHANCE", "only_here", "plateau", "thrown_far", "worse_than_chance"]

AT_CHANCE, NEAR_CHANCE, ON_CHANCE = 0.97, 1.2, 1e-4
FAR_ABOVE, AT_ONCE = 3.0, 3.0
SURE, DEVIATIONS = 0.01, 3.0


def _lowest_at_chance(course: Course) -> float | None:
    """The lowest loss of a training that never was better than chance; None of others."""
    losses, chance = course.losses, course.chance
    if chance is None or not chance > 0:
        return None
    if not course.lasted(EPOCHS_AT_CHANCE, losses) and not _is_on_chance(losses, chance):
        return None
    validation = np.asarray(course.history.get("validation_loss", []), np.float64)
    lowest = min(losses.min(), np.nanmin(validation, initial=np.inf))
    return float(lowest) if lowest >= AT_CHANCE * chance and not crawls(course) else None


def _is_on_chance(losses: Floats, chance: float) -> bool:
    """Whether a loss is so near to chance, and stays there, that two epochs tell."""
    return len(losses) > 1 and bool((np.abs(losses - chance) <= ON_CHANCE * chance).all())


def plateau(course: Course) -> Iterator[Finding]:
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


def worse_than_chance(course: Course) -> Iterator[Finding]:
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


def thrown_far(course: Course) -> Iterator[Finding]:
    """Where a network is far above chance in its first epoch, and never comes back below.

    What large initial weights make of a loss is learnt away slowly; what steps have made of it, the
    next steps (or the death of all units) undo at once.
    """
    lowest, chance, losses = _lowest_at_chance(course), course.chance, course.losses
    if lowest is None or chance is None or course.diverged or not course.begins_near:
        return
    if losses[0] > FAR_ABOVE * chance and AT_ONCE * losses[1] < losses[0]:
        yield Finding(
            "learning rate too high",
            f"The network was thrown far off at once: in epoch 1 the training loss was "
            f"{losses[0]:.3g} on average, where a constant answer has {chance:.3g}, and it never "
            f"came below {lowest:.4g}. Lower learning_rate_init, or scale the inputs, before you "
            "look into anything else.",
            {
                "first_loss": float(losses[0]),
                "lowest_loss": lowest,
                "chance_loss": float(chance),
            },
        )


def only_here(course: Course) -> Iterator[Finding]:
    """What was learnt of the training rows, and does not show on others."""
    validation = np.asarray(course.history.get("validation_loss", []), np.float64)
    known = np.flatnonzero(np.isfinite(validation))
    losses, chance, held = course.losses, course.chance, course.held_out
    if chance is None or not len(losses) or not course.lasted(EPOCHS_AT_CHANCE, validation[known]):
        return
    lowest = float(validation[known].min())
    least = chance
    if held is not None:  # of few rows luck can make much, and nobody is told sick for that
        least = max(held.least(len(known), SURE), AT_CHANCE * held.loss)
    if losses.min() >= AT_CHANCE * chance or lowest < least or _scores(course):
        return
    epoch = known[np.argmin(validation[known])] + 1
    numbers = {
        "epoch": float(epoch),
        "lowest_validation_loss": lowest,
        "last_validation_loss": float(validation[known[-1]]),
        "lowest_training_loss": float(losses.min()),
        "chance_loss": float(chance if held is None else held.loss),
    }
    luck = ""
    if held is not None:
        numbers |= {"rows": held.rows, "by_luck": least}
        luck = f", and on {held.rows:.0f} rows luck alone can make that {least:.4g}"
    yield Finding(
        "chance on other rows",
        "Nothing that the network learnt shows on other rows: its training loss came down to "
        f"{losses.min():.4g}, but its validation loss was never below {lowest:.4g} (epoch "
        f"{epoch}; {numbers['last_validation_loss']:.4g} at the end). The best constant answer "
        f"has {numbers['chance_loss']:.4g} there{luck}. Look at whether X says anything of y, and "
        "whether rows and targets belong together; or take more data, fewer features or a "
        "smaller network.",
        numbers,
    )


def _scores(course: Course) -> bool:
    """Whether the answers are right more often than by luck, though their probabilities are bad;
    only where a score is a share of the rows."""
    held, scores = course.held_out, np.asarray(course.history.get("validation_score", []), float)
    scores = scores[np.isfinite(scores)]
    if held is None or not course.begins_near or not len(scores):
        return False
    return bool(scores.max() > held.most(DEVIATIONS))
