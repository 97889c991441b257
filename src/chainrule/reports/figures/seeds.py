"""One score over many seeds, beside a number that somebody printed."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from chainrule.reports.figures.axes import panel
from chainrule.reports.figures.style import INK, LOOKS, MUTED, styled, titled
from chainrule.reports.numbers import capital

__all__ = ["seed_distribution"]


@styled
def seed_distribution(
    values: Sequence[float | None],
    *,
    mean_interval: tuple[float, float] | None = None,
    next_interval: tuple[float, float] | None = None,
    printed: Sequence[float] = (),
    quantity: str = "test accuracy",
    title: str = "",
) -> Figure:
    """A dot a seed, equal values stacked; below, the intervals; across, the printed values."""
    known = np.array([value for value in values if value is not None], dtype=float)
    xs, heights = _stacked(known)
    tallest = max(heights, default=1)
    subject = f"{title}: {quantity}" if title else capital(quantity)
    figure, axes = panel(2.5 + 0.1 * tallest, title=subject)
    axes.plot(xs, heights, "o", color=LOOKS[0].colour, markersize=6.5, label="one seed")
    mean = float(known.mean()) if known.size else float("nan")
    rows = [(next_interval, 2.0, "one further run, 95 %"), (mean_interval, 5.0, "the mean, 95 %")]
    for level, (interval, width, label) in zip((-2.0, -0.8), rows, strict=True):
        if interval is not None:
            axes.plot(interval, [level] * 2, color=INK, linewidth=width, label=label, alpha=0.75)
    axes.plot([mean], [-0.8], marker="|", markersize=14, color=INK, linestyle="none")
    for value in printed:
        axes.axvline(value, color=LOOKS[4].colour, linestyle="--", linewidth=1.4)
    if printed:
        listed = ", ".join(f"{each:.4f}" for each in printed)
        axes.plot([], [], "--", color=LOOKS[4].colour, linewidth=1.4, label=f"printed {listed}")
    axes.set_ylim(-3.0, tallest + 1.0)
    axes.set_yticks([])
    axes.set_xlabel(quantity, color=MUTED)
    axes.spines["bottom"].set_visible(True)
    axes.tick_params(axis="x", length=3)
    figure.legend(loc="outside lower center", ncols=2)
    return titled(figure, _alt(known, mean, mean_interval, printed, subject))


def _stacked(values: np.ndarray) -> tuple[list[float], list[int]]:
    """Sorted values, each with its height in the pile of its equals."""
    xs: list[float] = []
    heights: list[int] = []
    # Scores are ratios of counts: what differs by rounding only is the same score.
    for value in np.sort(values.round(9)):
        heights.append(heights[-1] + 1 if xs and xs[-1] == value else 1)
        xs.append(float(value))
    return xs, heights


def _alt(
    known: np.ndarray,
    mean: float,
    interval: tuple[float, float] | None,
    printed: Sequence[float],
    subject: str,
) -> str:
    text = f"{subject} over {known.size} seeds: mean {mean:.4f}"
    if interval is not None:
        text += f", 95 % interval {interval[0]:.4f} to {interval[1]:.4f}"
    if known.size:
        text += f", from {known.min():.4f} to {known.max():.4f}"
    if printed:
        text += f". Printed: {', '.join(f'{each:.4f}' for each in printed)}"
    return text + "."
