"""Recall class by class, for several models."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from chainrule.reports.figures.axes import legend_below, panel
from chainrule.reports.figures.style import GRID, look, styled, titled

__all__ = ["recall_by_class"]

# The share of a class's row over which the models' marks are spread, so that none hides another.
SPREAD = 0.74


@styled
def recall_by_class(
    recalls: Mapping[str, Sequence[float | None]], labels: Sequence[str], *, title: str = ""
) -> Figure:
    """One row a class, one mark a model: who recognises what, and who does not."""
    table = {name: np.array(values, dtype=float) for name, values in recalls.items()}
    rows = np.arange(len(labels))
    height = 1.3 + len(labels) * max(0.28, 0.11 * len(table))
    figure, axes = panel(height, title=title, grid="x")
    for row in rows[1:]:
        axes.axhline(row - 0.5, color=GRID, linewidth=0.8)
    offsets = np.linspace(-SPREAD / 2, SPREAD / 2, len(table)) if len(table) > 1 else np.zeros(1)
    for index, ((name, values), offset) in enumerate(zip(table.items(), offsets, strict=True)):
        style = look(index)
        axes.plot(
            values,
            rows + offset,
            linestyle="none",
            color=style.colour,
            marker=style.marker,
            markerfacecolor=style.face,
            markersize=6,
            label=name,
            clip_on=False,
        )
    axes.set_yticks(rows, labels)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.set_xlim(right=1.0)
    axes.set_xlabel("recall on the test part")
    axes.set_ylabel("true class")
    legend_below(figure, 2)
    return titled(figure, _alt(table, labels))


def _alt(table: Mapping[str, np.ndarray], labels: Sequence[str]) -> str:
    lowest = []
    for name, values in table.items():
        if np.isfinite(values).any():
            at = int(np.nanargmin(values))
            lowest.append(f"{name} {values[at]:.4f} on {labels[at]}")
    return f"Recall by class. The lowest: {'; '.join(lowest) or 'none known'}."
