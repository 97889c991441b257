"""The learning curves of a whole search, each ending where its training ended."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from chainrule.errors import InvalidInputError, unknown_name
from chainrule.reports.figures.axes import FULL, log_scale, panel, wants_log
from chainrule.reports.figures.scales import faint
from chainrule.reports.figures.style import INK, LOOKS, MUTED, styled, titled
from chainrule.reports.numbers import several

__all__ = ["ENDS", "candidate_curves"]

ENDS = {
    "finished": ("", MUTED, "had their whole budget"),
    "stopped": ("s", LOOKS[2].colour, "stopped by themselves"),
    "dropped": ("|", LOOKS[0].colour, "dropped by the search"),
    "diverged": ("X", LOOKS[4].colour, "diverged"),
}
"""How a training may have ended: its mark, the mark's colour, and what the legend says."""

ENDS_AT = {"epoch": "epochs", "updates": "updates"}


@styled
def candidate_curves(
    curves: Sequence[Sequence[float | None] | np.ndarray],
    ended: Sequence[str],
    *,
    epochs: Sequence[Sequence[float] | np.ndarray] | None = None,
    best: int | None = None,
    logarithmic: bool | None = None,
    along: str = "epoch",
    quantity: str = "validation loss",
    title: str = "",
) -> Figure:
    """A thin line a candidate, the best one strong, with a mark where and how each ended.

    Parameters
    ----------
    curves : (n,) sequence of sequences
        A value an epoch, of different lengths. None or what is not finite leaves a gap.
    ended : (n,) sequence of str
        How each ended: ``finished`` (no mark), ``stopped`` (its patience), ``dropped`` (by
        halving), ``diverged``.
    epochs : (n,) sequence of sequences, optional
        The epochs of the values; 1, 2, ... if not given.
    best : int, optional
        Which is drawn strong.
    logarithmic : bool, optional
        Unless told, the vertical axis is logarithmic where the values of those that did not
        diverge are positive and span more than a factor of 20.
    along : {"epoch", "updates"}, default="epoch"
        What ``epochs`` are; updates lie on a logarithmic scale.
    quantity, title : str
        What is drawn, and of which search.

    Returns
    -------
    matplotlib.figure.Figure
        As wide as the page. Its height shows those that did not diverge; a diverging line leaves
        it, and its mark lies at the upper edge.

    Raises
    ------
    InvalidInputError
        The lengths differ, or a training ended in a way that is not known.
    """
    series = _series(curves, ended, epochs)
    subject = f"{title}: {quantity}" if title else quantity[:1].upper() + quantity[1:]
    figure, axes = panel(3.6, title=subject, grid="y", width=FULL)
    shown = [values for (_, values), how in zip(series, ended, strict=True) if how != "diverged"]
    # The first epoch of those that diverged later counts too: they began among the others.
    shown += [values[:1] for _, values in series if len(values) > 1 or not shown]
    every = np.concatenate([*shown, np.empty(0)])
    if logarithmic is None:
        logarithmic = wants_log(every)
    for number, (places, values) in enumerate(series):
        if number != best:
            axes.plot(places, values, color=MUTED, linewidth=0.8, alpha=faint(len(series)))
    if best is not None:
        axes.plot(*series[best], color=LOOKS[0].colour, linewidth=2.4, label="best", zorder=3)
    if logarithmic:
        log_scale(axes)
    top = _limit(axes, every[np.isfinite(every)], logarithmic)
    _marks(axes, series, ended, top)
    axes.set_xlabel(along)
    if along == "epoch":
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    else:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        place: Any = "outside lower center"
        figure.legend(handles, labels, loc=place, ncols=len(handles))
    return titled(figure, _alt(subject, series, ended, best, along))


def _series(
    curves: Sequence[Any], ended: Sequence[str], epochs: Sequence[Any] | None
) -> list[tuple[np.ndarray, np.ndarray]]:
    lengths = (len(curves), len(ended), len(curves) if epochs is None else len(epochs))
    if len(set(lengths)) > 1:
        raise InvalidInputError(
            "An end, and epochs if given, are required for each curve; came "
            f"{lengths[0]} curves, {lengths[1]} ends and {lengths[2]} epochs."
        )
    for how in ended:
        if how not in ENDS:
            raise InvalidInputError(unknown_name("end of a training", how, ENDS))
    found = []
    for number, curve in enumerate(curves):
        values = np.array(curve, dtype=float)
        values = np.where(np.isfinite(values), values, np.nan)
        along = np.arange(1, len(values) + 1) if epochs is None else np.asarray(epochs[number])
        found.append((along.astype(float), values))
    return found


def _limit(axes: Axes, known: np.ndarray, logarithmic: bool) -> float:
    """Show these values, with some room; returns the upper edge."""
    if not known.size:
        return float(axes.get_ylim()[1])
    low, high = float(known.min()), float(known.max())
    if logarithmic:
        room = (high / low) ** 0.05
        axes.set_ylim(low / room, high * room)
    else:
        room = 0.05 * ((high - low) or 1.0)
        axes.set_ylim(low - room, high + room)
    return float(axes.get_ylim()[1])


def _marks(
    axes: Axes, series: Sequence[tuple[np.ndarray, np.ndarray]], ended: Sequence[str], top: float
) -> None:
    """Where the lines end, by how; those above the edge at the edge."""
    for how, (marker, colour, says) in ENDS.items():
        ends = [_end(*series[k]) for k, each in enumerate(ended) if each == how]
        places = np.array([end for end in ends if end is not None]).reshape(-1, 2)
        if not marker or not len(places):
            continue
        axes.plot(
            places[:, 0],
            np.minimum(places[:, 1], top),
            marker=marker,
            markersize=8 if marker == "|" else 6,
            markeredgecolor=colour if marker == "|" else INK,
            markeredgewidth=1.6 if marker == "|" else 0.5,
            color=colour,
            linestyle="none",
            clip_on=False,
            zorder=4,
            label=f"{says} ({len(ends)})",
        )


def _end(along: np.ndarray, values: np.ndarray) -> tuple[float, float] | None:
    """The last finite value, and its epoch."""
    known = np.flatnonzero(np.isfinite(values))
    return (float(along[known[-1]]), float(values[known[-1]])) if known.size else None


def _alt(
    subject: str,
    series: Sequence[tuple[np.ndarray, np.ndarray]],
    ended: Sequence[str],
    best: int | None,
    along: str,
) -> str:
    counts = [
        f"{sum(each == how for each in ended)} {ENDS[how][2]}" for how in ENDS if how in ended
    ]
    text = f"{subject} of {several(len(series), 'candidate')}: {', '.join(counts) or 'none'}."
    end = _end(*series[best]) if best is not None else None
    if best is not None and end is not None:
        first = series[best][1][np.isfinite(series[best][1])][0]
        text += f" The best goes from {first:.4g} to {end[1]:.4g} in {end[0]:g} {ENDS_AT[along]}."
    return text
