"""Where a classifier of two features draws its lines: a map of its probabilities, and points."""

from collections.abc import Callable, Sequence

import numpy as np

from chainrule.data.splits import Part, Parts
from chainrule.experiments import picturing
from chainrule.experiments.pictures import DecisionMap
from chainrule.experiments.predictions import Predictions

__all__ = ["regions_of"]

STEPS = 80  # along each feature
POINTS = 200  # of each part; the parts are shuffled, so the first are like the others


def regions_of(
    say: Callable[[np.ndarray], Predictions],
    parts: Parts,
    feature_names: Sequence[str],
) -> DecisionMap | None:
    """The map over the range of the parts' points; None for a model without probabilities.

    Args:
        say: what the model says of rows as the source has them.
        parts: the parts of the data as the source has them, two features each.
    """
    from chainrule.reports.figures import region_grid

    shown = {name: Part(part.X[:POINTS], part.y[:POINTS]) for name, part in parts.items()}
    first, second, rows = region_grid(np.concatenate([part.X for part in shown.values()]), STEPS)
    P = say(rows).probabilities
    if P is None:
        return None
    return picturing.decision_map(
        first,
        second,
        P[:, 1:] if P.shape[1] == 2 else P,  # of two classes, one says it all
        feature_names=(feature_names[0], feature_names[1]),
        train=shown.get("train"),
        test=shown.get("test"),
    )
