"""Panels of two sizes, and scales with plain numbers on them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from chainrule.reports.figures.style import bare
from chainrule.reports.figures.wrapping import wrapped

__all__ = [
    "FULL",
    "HALF",
    "drawable",
    "legend_below",
    "log_scale",
    "panel",
    "panels",
    "small_panels",
    "stack",
    "wants_log",
]

# Inches. Two halves stand side by side on a wide page; a half fills the width of a phone.
HALF = 5.0
FULL = 10.2

# What a title looks like, how far it stays from the sides (as a share of the width), and what a
# further line takes (inches).
TITLE: dict[str, Any] = {"weight": "bold", "size": 11}
MARGIN = 0.01
LINE = 1.25 * TITLE["size"] / 72

# Beyond this ratio between largest and smallest, a linear axis hides all but the largest.
LOG_RATIO = 20.0

# Larger values than this, and smaller ones than its inverse, are drawn at it: float64 ends at
# 1.8e308, and an axis reaches further than its values do.
EXTREME = 1e150


def panel(
    height: float, *, title: str = "", grid: str | None = None, width: float = HALF
) -> tuple[Figure, Axes]:
    """A figure, half-width unless told otherwise, with one set of axes."""
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    bare(axes, grid=grid)
    _headed(figure, title)
    return figure, axes


def panels(
    count: int, height: float, *, title: str = "", grid: str | None = None
) -> tuple[Figure, list[Axes]]:
    """A full-width figure with ``count`` sets of axes side by side that share their scales."""
    figure = Figure(figsize=(FULL, height), layout="constrained")
    row = figure.subplots(1, count, sharex=True, sharey=True, squeeze=False)[0]
    for axes in row:
        bare(axes, grid=grid)
    _headed(figure, title)
    return figure, list(row)


def stack(
    shares: Sequence[float], height: float, *, title: str = "", grid: str | None = None
) -> tuple[Figure, list[Axes]]:
    """A half-width figure with axes below each other, of these shares of the height, that share
    the horizontal scale."""
    figure = Figure(figsize=(HALF, height), layout="constrained")
    ratios = {"height_ratios": list(shares)}
    column = figure.subplots(len(shares), 1, sharex=True, squeeze=False, gridspec_kw=ratios)[:, 0]
    for axes in column:
        bare(axes, grid=grid)
    _headed(figure, title)
    return figure, list(column)


def small_panels(
    count: int, height: float, *, title: str = "", grid: str | None = None, columns: int = 2
) -> tuple[Figure, list[Axes]]:
    """Small axes in rows of ``columns``, each ``height`` high and with scales of its own.

    A single one has half the page; two columns have half of it for small things, and all of it
    where they are as high as wide ones are.
    """
    columns = min(columns, max(count, 1))
    rows = -(-max(count, 1) // columns)
    width = FULL if columns > 1 and height > 2 else HALF
    figure = Figure(figsize=(width, 0.35 + height * rows), layout="constrained")
    cells = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes in cells[count:]:
        axes.remove()
    for axes in cells[:count]:
        bare(axes, grid=grid)
    _headed(figure, title)
    return figure, cells[:count]


def _headed(figure: Figure, title: str) -> None:
    # Over the whole figure and not over the axes: titles of neighbours then stand in line. Without
    # a title the line stays free, and all figures keep one shape; further lines make it higher.
    width, height = figure.get_size_inches()
    lines = wrapped(title, width * (1 - 2 * MARGIN), **TITLE)
    figure.set_size_inches(width, height + LINE * max(0, len(lines) - 1))
    figure.suptitle("\n".join(lines) or " ", x=MARGIN, ha="left", **TITLE)


def legend_below(figure: Figure, columns: int) -> None:
    """A legend under the axes, in so many columns, or fewer where they would be cut off."""
    for each in range(columns, 0, -1):
        legend = figure.legend(loc="outside lower center", ncols=each)
        if each == 1 or legend.get_window_extent().width <= figure.bbox.width:
            return
        legend.remove()


def wants_log(values: np.ndarray) -> bool:
    """Whether a logarithmic axis helps: all finite values are positive, and the largest is more
    than 20 times the smallest."""
    known = values[np.isfinite(values)]
    return bool(known.size and known.min() > 0 and known.max() / LOG_RATIO > known.min())


def drawable(values: np.ndarray) -> np.ndarray:
    """The values as an axis can hold them: those nearer to the ends of float64 than `EXTREME`, as
    of a run that diverged, are drawn at it. The margins and ticks beyond them would overflow."""
    size = np.clip(np.abs(values), 1 / EXTREME, EXTREME)
    as_they_are = (values == 0) | ~np.isfinite(values)
    return np.where(as_they_are, values, np.copysign(size, values))


def log_scale(axes: Axes) -> None:
    """A logarithmic vertical axis labelled 0.01, 0.1, 1 in place of powers of ten."""
    axes.set_yscale("log")
    axis: Axis = axes.yaxis
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())
