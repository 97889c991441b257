"""A whole grid search at a glance: score against the parameter with the most values."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from chainrule.reports.figures.axes import panels
from chainrule.reports.figures.grid import Candidate, Grid
from chainrule.reports.figures.style import INK, MUTED, look, styled, titled
from chainrule.reports.numbers import capital, setting, settings

__all__ = ["search_overview"]

# A candidate this many times further from the best than the median candidate is cut off.
CUT = 10.0


@styled
def search_overview(
    candidates: Sequence[Candidate],
    best: Mapping[str, Any],
    *,
    title: str = "",
    score: str = "cross-validated accuracy",
) -> Figure:
    """Every candidate's score: along the longest parameter, a line each of the next, a panel each
    of the third. A ring marks the best. Further parameters show their best value only."""
    grid = Grid(candidates)
    facets, lines = grid.values(2), grid.values(1)
    figure, row = panels(len(facets), 3.5 if len(lines) > 1 else 3.0, title=title, grid="y")
    for axes, facet in zip(row, facets, strict=True):
        _draw(axes, grid, facet, best)
    row[0].set_ylabel(score)
    _cut(figure, row[0], [value for _, value in candidates if value is not None])
    if len(lines) > 1:
        handles, labels = row[0].get_legend_handles_labels()
        ncols = min(6, len(labels))
        place: Any = "outside lower center"
        figure.legend(handles, labels, title=grid.name(1), loc=place, ncols=ncols)
    return titled(figure, _alt(candidates, best, score))


def _draw(axes: Axes, grid: Grid, facet: Any, best: Mapping[str, Any]) -> None:
    positions = np.arange(len(grid.values(0)))
    for index, line in enumerate(grid.values(1)):
        style, scores = look(index), grid.scores(line, facet)
        axes.plot(
            positions,
            scores,
            color=style.colour,
            linestyle=style.line,
            marker=style.marker,
            markerfacecolor=style.face,
            markersize=5,
            label=setting(line),
        )
        at = grid.position(best, line, facet)
        if at is not None:
            axes.plot(at, scores[at], "o", color=INK, markersize=15, mfc="none", mew=1.4)
    axes.set_xticks(positions, [setting(value) for value in grid.values(0)])
    # Many values stand close together.
    axes.tick_params(axis="x", labelsize=10 if len(positions) < 9 else 8.5)
    axes.margins(x=0.06, y=0.12)
    axes.set_xlabel(grid.name(0))
    if len(grid.values(2)) > 1:
        heading = f"{grid.name(2)} {setting(facet)}"
        axes.set_title(heading, size=10, weight="normal", loc="center")


def _cut(figure: Figure, axes: Axes, scores: Sequence[float]) -> None:
    """Leave hopeless candidates below the axis: they would squash the interesting ones flat."""
    if not scores:
        return
    best = max(scores)
    floor = best - CUT * (best - float(np.median(scores)))
    low = sum(value < floor for value in scores)
    if low and floor < best:
        axes.set_ylim(floor, best + (best - floor) * 0.12)
        note = f"{low} lower {'score' if low == 1 else 'scores'} below the axis"
        figure.text(0.99, 0.975, note, ha="right", va="top", color=MUTED, fontsize=9)


def _alt(candidates: Sequence[Candidate], best: Mapping[str, Any], score: str) -> str:
    known = [value for _, value in candidates if value is not None]
    text = f"{capital(score)} of {len(candidates)} candidates"
    if known:
        text += f", from {min(known):.4f} to {max(known):.4f}"
    return f"{text}. Best: {settings(best)}."
