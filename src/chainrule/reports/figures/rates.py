"""A learning-rate range test: the loss against a rate that grows from step to step."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from chainrule.reports.figures.axes import panel
from chainrule.reports.figures.style import LOOKS, MUTED, styled, titled

__all__ = ["learning_rate_range"]

ROOM = 0.15  # above and below what is shown, of its height


@styled
def learning_rate_range(
    rates: Sequence[float] | np.ndarray,
    losses: Sequence[float | None] | np.ndarray,
    smoothed: Sequence[float | None] | np.ndarray,
    *,
    suggested: float | None = None,
    lowest: float | None = None,
    diverged: float | None = None,
    title: str = "",
) -> Figure:
    """The loss of each step, faint, and the smoothed loss, with the rates that are read off.

    Parameters
    ----------
    rates, losses, smoothed, suggested, lowest, diverged
        As `chainrule.estimators.range_test.learning_rate_range_test` returns them.
    title : str
        Whose test it is.

    Returns
    -------
    matplotlib.figure.Figure
        Its height shows what the smoothed loss was up to the divergence; beyond, the lines leave
        it.
    """
    along = np.asarray(rates, dtype=float)
    values, smooth = (np.array(row, dtype=float) for row in (losses, smoothed))
    subject = f"{title}: learning-rate range test" if title else "Learning-rate range test"
    figure, axes = panel(3.4, title=subject, grid="y")
    axes.plot(along, values, color=MUTED, linewidth=0.9, alpha=0.6, label="loss of the batch")
    axes.plot(along, smooth, color=LOOKS[0].colour, linewidth=2.2, label="smoothed")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    _limits(axes, smooth)
    marks = (
        (suggested, "suggested", LOOKS[2].colour, (0, (4, 3)), 0),
        (lowest, "lowest", MUTED, (0, (1, 2)), 1),
        (diverged, "diverged", LOOKS[4].colour, "-", 2),
    )
    for rate, says, colour, line, height in marks:
        if rate is not None:
            _mark(axes, rate, f"{says} {rate:.2g}", colour, line, height)
    axes.set_xlabel("learning rate")
    axes.set_ylabel("loss before the update")
    below: Any = "outside lower center"
    figure.legend(loc=below, ncols=2)
    return titled(figure, _alt(subject, along, suggested, lowest, diverged))


def _limits(axes: Axes, smooth: np.ndarray) -> None:
    """What the smoothed loss was up to its lowest point, and a little more."""
    known = np.isfinite(smooth)
    if not known.any():
        return
    low = float(smooth[known].min())
    place = int(np.where(known, smooth, np.inf).argmin())
    high = float(smooth[: place + 1][known[: place + 1]].max())
    high = high if high > low else float(smooth[known].max())
    room = ROOM * ((high - low) or abs(high) or 1.0)
    axes.set_ylim(low - room, high + 2 * room)


def _mark(axes: Axes, rate: float, says: str, colour: str, line: Any, height: int) -> None:
    axes.axvline(rate, color=colour, linewidth=1.2, linestyle=line)
    axes.annotate(
        says,
        (rate, 1),
        xycoords=("data", "axes fraction"),
        xytext=(0, 2 + 11 * height),
        textcoords="offset points",
        ha="center",
        va="bottom",
        color=MUTED,
        fontsize=9,
    )


def _alt(
    subject: str,
    rates: np.ndarray,
    suggested: float | None,
    lowest: float | None,
    diverged: float | None,
) -> str:
    if not len(rates):
        return f"{subject}: no step was made."
    text = f"{subject}, from {rates[0]:.2g} to {rates[-1]:.2g} in {len(rates)} steps."
    if lowest is not None:
        text += f" The smoothed loss is lowest at {lowest:.2g}"
        text += "." if suggested is None else f"; suggested: {suggested:.2g}."
    else:
        text += " The loss never fell."
    return text + (f" It diverged at {diverged:.2g}." if diverged is not None else "")
