"""Panels of two sizes, and scales with plain numbers on them."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from chainrule.reports.figures.style import bare

__all__ = ["FULL", "HALF", "log_scale", "panel", "panels"]

# Inches. Two halves stand side by side on a wide page; a half fills the width of a phone.
HALF = 5.0
FULL = 10.2


def panel(height: float, *, title: str = "", grid: str | None = None) -> tuple[Figure, Axes]:
    """A half-width figure with one set of axes."""
    figure = Figure(figsize=(HALF, height), layout="constrained")
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


def _headed(figure: Figure, title: str) -> None:
    # Over the whole figure and not over the axes: titles of neighbours then stand in line. Without
    # a title the line stays free, and all figures keep one shape.
    figure.suptitle(title or " ", x=0.01, ha="left", weight="bold", size=11)


def log_scale(axes: Axes) -> None:
    """A logarithmic vertical axis labelled 0.01, 0.1, 1 in place of powers of ten."""
    axes.set_yscale("log")
    axis = axes.yaxis
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())
