"""What a regressor of one feature says along it, through the points of the data."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from chainrule.reports.figures.axes import panel
from chainrule.reports.figures.style import LOOKS, SURFACE, styled, titled
from chainrule.reports.numbers import count

__all__ = ["prediction_curve"]


@styled
def prediction_curve(
    along: Any,
    predicted: Any,
    *,
    train: Any = (),
    test: Any = (),
    feature_name: str = "feature",
    target: str = "target",
    title: str = "",
) -> Figure:
    """The answers as a line, with the points that were trained on and, hollow, the test part.

    Parameters
    ----------
    along, predicted : (n,) arrays
        Values of the feature, growing, and the model's answers there; one that is not finite leaves
        a gap.
    train, test : (m, 2) arrays, optional
        The feature and the target of rows.
    feature_name, target, title : str
        What lies along, what is predicted, and whose curve it is.

    Returns
    -------
    matplotlib.figure.Figure
        Its height shows the points and the line; of a line that leaves the points by more than
        their own range, only what is nearer.
    """
    x, said = np.array(along, dtype=float), np.array(predicted, dtype=float)
    said = np.where(np.isfinite(said), said, np.nan)
    points = {
        name: np.array(each, dtype=float).reshape(-1, 2)
        for name, each in (("train", train), ("test", test))
    }
    subject = f"{title}: the curve" if title else "The curve of a model's answers"
    figure, axes = panel(4.0, title=subject, grid="y")
    looks: Any = {
        "train": {"marker": "o", "color": LOOKS[1].colour, "alpha": 0.55, "markeredgewidth": 0},
        "test": {"marker": "s", "color": LOOKS[2].colour, "markerfacecolor": SURFACE},
    }
    for name, rows in points.items():
        if len(rows):
            axes.plot(*rows.T, linestyle="none", markersize=4.5, **looks[name], label=name)
    axes.plot(x, said, color=LOOKS[0].colour, linewidth=2.4, label="predicted", zorder=3)
    heights = np.concatenate([rows[:, 1] for rows in points.values()])
    if heights.size:
        reach = np.ptp(heights) or 1.0
        low, high = axes.get_ylim()
        axes.set_ylim(max(low, heights.min() - reach), min(high, heights.max() + reach))
    axes.set_xlabel(feature_name)
    axes.set_ylabel(target)
    figure.legend(loc="outside lower center", ncols=3)
    return titled(figure, _alt(subject, x, said, points))


def _alt(subject: str, x: np.ndarray, said: np.ndarray, points: dict[str, np.ndarray]) -> str:
    known = np.isfinite(said)
    if not known.any():
        return f"{subject}: no answers."
    low, high = np.nanargmin(said), np.nanargmax(said)
    text = (
        f"{subject} from {x[0]:.4g} to {x[-1]:.4g}: answers from {said[low]:.4g} (at {x[low]:.4g}) "
        f"to {said[high]:.4g} (at {x[high]:.4g})."
    )
    marks = " and ".join(f"{count(len(rows))} {name}" for name, rows in points.items() if len(rows))
    return f"{text} With {marks} points." if marks else text
