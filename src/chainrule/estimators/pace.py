"""Whether a training is still on its way when it ends: the rule on a learning rate too low."""

import numpy as np

from chainrule.estimators.course import EPOCHS, Course, Floats
from chainrule.estimators.overfitting import overfitting

__all__ = ["crawls"]

STEADY, PACE, WAY = 0.9, 0.6, 0.5
SLOWER, FAR = 0.25, 0.7


def crawls(course: Course) -> float | None:
    """The pace of the last quarter as a share of the average, of a loss that is on its way and has
    far to go; None of others."""
    losses = course.whole
    if not course.lasted(EPOCHS, losses):
        return None
    pace = _pace(losses)
    if pace is None or _validation_rises(course):
        return None
    return pace if (pace >= PACE and losses[-1] > WAY * losses[0]) or _is_far(course) else None


def _validation_rises(course: Course) -> bool:
    """Whether the validation loss is over its lowest: then neither a higher rate nor more epochs
    would help. False without one."""
    losses = course.whole_validation
    quarter = max(len(losses) // 4, 1)
    rises = len(losses) > 1 and losses[-quarter:].mean() > losses[-2 * quarter : -quarter].mean()
    return bool(rises) or overfitting(losses) is not None


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
