"""A search as lines through all its hyperparameters at once."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from chainrule.reports.figures.axes import FULL, panel
from chainrule.reports.figures.by_parameter import numbers
from chainrule.reports.figures.scales import Scale, cut, faint, scales
from chainrule.reports.figures.style import GRID, INK, LOOKS, MUTED, SURFACE, look, styled, titled
from chainrule.reports.numbers import settings, several

__all__ = ["parallel_coordinates"]

BELOW = -0.1  # where the lines of those without a score end


@styled
def parallel_coordinates(
    parameters: Sequence[Mapping[str, Any]],
    scores: Sequence[float | None] | np.ndarray,
    *,
    log: Collection[str] | None = None,
    top: int = 5,
    score: str = "score",
    title: str = "",
) -> Figure:
    """A line a candidate, through its value of each hyperparameter, to its score at the right.

    The best ones are drawn strong, each with a colour, a line and a mark of its own; the others
    thin. The line of one that diverged ends in a cross under the scores.

    Parameters
    ----------
    parameters : (n,) sequence of mappings
        The candidates' hyperparameters. Only those that vary, and that all candidates have, get an
        axis.
    scores : (n,) sequence
        Their scores, the higher the better. None or not a number: it diverged.
    log : collection of str, optional
        The names whose axis is logarithmic, as `Space.log` of a search; unless told, it is where
        all numbers are positive and span more than a factor of 20.
    top : int, default=5
        How many are drawn strong; at most six.
    score, title : str
        What was measured, and in which search.

    Returns
    -------
    matplotlib.figure.Figure
        As wide as the page.

    Raises
    ------
    InvalidInputError
        The two have not the same length.
    """
    values = numbers(parameters, scores)
    found = {
        name: scale
        for name, scale in scales(parameters, log).items()
        if all(name in each for each in parameters)
    }
    subject = f"{title}: candidates by {score}" if title else f"Candidates by {score}"
    figure, axes = panel(3.9, title=subject, width=FULL)
    order = _order(values)
    strong = [k for k in order[: min(top, len(LOOKS))] if np.isfinite(values[k])]
    heights = _heights(found, parameters, values)
    across = np.arange(len(found) + 1)
    for k in reversed(order):
        if k not in strong:
            _thin(axes, across, heights[k], bool(np.isnan(values[k])), faint(len(values)))
    for place, k in reversed([*enumerate(strong)]):
        style = look(place)
        axes.plot(
            across,
            heights[k],
            color=style.colour,
            linestyle=style.line,
            marker=style.marker,
            markerfacecolor=style.face,
            markersize=6,
            linewidth=2.2,
            label=f"{place + 1}. {values[k]:.4g}",
            zorder=4,
        )
    _rulers(axes, found, values, score)
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        below: Any = "outside lower center"
        figure.legend(handles[::-1], labels[::-1], loc=below, ncols=len(LOOKS))
    _note(figure, values)
    return titled(figure, _alt(subject, parameters, values, strong))


def _order(values: np.ndarray) -> list[int]:
    """The best first, those without a score last."""
    return [int(k) for k in np.argsort(np.where(np.isnan(values), np.inf, -values), kind="stable")]


def _heights(
    found: Mapping[str, Scale], parameters: Sequence[Mapping[str, Any]], values: np.ndarray
) -> np.ndarray:
    """Where each candidate's line crosses each ruler, (n, rulers)."""
    columns = [scale.places([each[name] for each in parameters]) for name, scale in found.items()]
    low, high = _ends(values)
    ends = np.clip((values - low) / (high - low), 0, 1)
    return np.column_stack([*columns, np.where(np.isnan(ends), BELOW, ends)])


def _ends(values: np.ndarray) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    if not known.size:
        return 0.0, 1.0
    floor = cut(values)
    low, high = float(known.min()) if floor is None else floor, float(known.max())
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _thin(axes: Axes, across: np.ndarray, heights: np.ndarray, lost: bool, strength: float) -> None:
    line: Any = {"linewidth": 0.9, "alpha": strength, "color": MUTED}
    axes.plot(across, heights, linestyle=(0, (1, 2)) if lost else "-", **line)
    if lost:
        cross: Any = {"marker": "x", "markersize": 6, "mew": 1.4, "linestyle": "none"}
        axes.plot(across[-1:], heights[-1:], color=LOOKS[4].colour, **cross)


def _rulers(axes: Axes, found: Mapping[str, Scale], values: np.ndarray, score: str) -> None:
    """A vertical axis for each hyperparameter and one for the score, with their numbers."""
    axes.set_xlim(-0.15, len(found) + 0.2)
    axes.set_ylim(BELOW - 0.06, 1.06)
    axes.set_yticks([])
    names = [f"{name}\n(log)" if scale.log else name for name, scale in found.items()]
    axes.set_xticks(range(len(found) + 1), [*names, score])
    low, high = _ends(values)
    marks = [scale.ticks() for scale in found.values()]
    marks.append(([0, 0.5, 1], [f"{each:.4g}" for each in (low, (low + high) / 2, high)]))
    frame: Any = {"facecolor": SURFACE, "edgecolor": "none", "alpha": 0.85, "pad": 0.8}
    for place, (heights, labels) in enumerate(marks):
        axes.plot([place, place], [0, 1], color=GRID, linewidth=3, zorder=0.5)
        for height, label in zip(heights, labels, strict=True):
            axes.text(
                place + 0.03,
                height,
                label,
                fontsize=8.5,
                va="center",
                color=INK,
                zorder=5,
                bbox=frame,
            )


def _note(figure: Figure, values: np.ndarray) -> None:
    said = []
    lost, floor = int(np.isnan(values).sum()), cut(values)
    if lost:
        said.append(f"× {lost} diverged")
    if floor is not None:
        said.append(f"{int((values < floor).sum())} lower end at the foot of the scores")
    if said:
        figure.text(0.99, 0.985, ", ".join(said), ha="right", va="top", color=MUTED, fontsize=9)


def _alt(
    subject: str,
    parameters: Sequence[Mapping[str, Any]],
    values: np.ndarray,
    strong: Sequence[int],
) -> str:
    text = f"{subject}: {several(len(values), 'candidate')}"
    lost = int(np.isnan(values).sum())
    text += f", {lost} of which diverged." if lost else "."
    for place, k in enumerate(strong[:3], 1):
        text += f" {place}. {values[k]:.4g} with {settings(parameters[k])}."
    return text
