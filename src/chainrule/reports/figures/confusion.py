"""Who was taken for whom."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from chainrule.reports.figures.axes import panel
from chainrule.reports.figures.style import LOOKS, MUTED, styled, titled
from chainrule.reports.numbers import count

__all__ = ["confusion_matrix"]

RIGHT = LOOKS[0].colour
WRONG = LOOKS[4].colour


@styled
def confusion_matrix(
    counts: Sequence[Sequence[int]], labels: Sequence[str], *, title: str = ""
) -> Figure:
    """Counts by true class (rows) and predicted class (columns); mistakes are the strong colour.

    Empty cells stay empty, so that the mistakes can be seen. The tint of a cell is its share of
    its row, and the count is written in it: nothing rests on colour alone.
    """
    matrix = np.asarray(counts, dtype=int)
    total, right = int(matrix.sum()), int(np.trace(matrix))
    summary = f"{count(total - right)} of {count(total)} wrong"
    figure, axes = panel(4.3, title=f"{title}: {summary}" if title else summary)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    for row, column in np.argwhere(matrix > 0):
        hit = row == column
        # From a floor up, so that one mistake in a large class is still visible.
        strength = 0.30 * shares[row, column] if hit else 0.22 + 0.6 * shares[row, column]
        corner = (column - 0.46, row - 0.46)
        tint = {"facecolor": RIGHT if hit else WRONG, "alpha": strength, "linewidth": 0}
        axes.add_patch(Rectangle(corner, 0.92, 0.92, **tint))
        weight = "normal" if hit else "bold"
        axes.text(column, row, str(matrix[row, column]), ha="center", va="center", weight=weight)
    ticks = range(len(labels))
    axes.set_xticks(ticks, labels)
    axes.set_yticks(ticks, labels)
    axes.set_xlim(-0.5, len(labels) - 0.5)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.set_aspect("equal")
    axes.set_xlabel("predicted", color=MUTED)
    axes.set_ylabel("true", color=MUTED)
    return titled(figure, _alt(matrix, labels, title))


def _alt(matrix: np.ndarray, labels: Sequence[str], title: str) -> str:
    total, right = int(matrix.sum()), int(np.trace(matrix))
    whose = f", {title}" if title else ""
    opening = f"Confusion matrix{whose}: {count(right)} of {count(total)} right."
    mistakes = matrix - np.diag(np.diag(matrix))
    if not mistakes.any():
        return opening + " No mistake."
    row, column = divmod(int(mistakes.argmax()), len(labels))
    times = int(mistakes[row, column])
    often = "once" if times == 1 else f"{times} times"
    mistake = f"{labels[row]} taken for {labels[column]}, {often}"
    return f"{opening} The most frequent mistake: {mistake}."
