"""Who was taken for whom."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from chainrule.reports.figures.axes import panel
from chainrule.reports.figures.style import LOOKS, MUTED, styled, titled
from chainrule.reports.numbers import count

__all__ = ["confusion_matrix"]

RIGHT = LOOKS[0].colour
WRONG = LOOKS[4].colour

# Up to so many classes, a cell has room for its share of the row; and for its count.
WITH_SHARES = 10
WITH_COUNTS = 20
# So many names stand along a side before some are left out.
NAMES = 25


@styled
def confusion_matrix(
    counts: Sequence[Sequence[int]] | np.ndarray, labels: Sequence[str], *, title: str = ""
) -> Figure:
    """Counts by true class (rows) and predicted class (columns); mistakes are the strong colour.

    Empty cells stay empty, so that the mistakes can be seen. The tint of a cell is its share of
    its row. Up to 20 classes the count is written in each cell, and up to 10 classes the share,
    where it comes to 1 %: nothing rests on colour alone. Beyond, the cells are an image, every
    so-manieth class has its name, and the most frequent mistakes are listed under it.

    Parameters
    ----------
    counts : (classes, classes) array of int
        Row i, column j: how often class i was taken for class j.
    labels : sequence of str
        The names of the classes.
    title : str
        Whose mistakes these are.

    Returns
    -------
    matplotlib.figure.Figure
    """
    matrix = np.asarray(counts, dtype=int)
    total, right = int(matrix.sum()), int(np.trace(matrix))
    summary = f"{count(total - right)} of {count(total)} wrong"
    figure, axes = panel(4.6, title=f"{title}: {summary}" if title else summary)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    many = len(labels) > WITH_COUNTS
    if many:
        _image(axes, matrix, shares)
    else:
        _cells(axes, matrix, shares)
    _names(axes, labels)
    axes.set_aspect("equal")
    often = _often(matrix, labels)
    axes.set_xlabel("predicted", color=MUTED)
    if many and often:
        figure.supxlabel("most often: " + "\n".join(often[:3]), color=MUTED, fontsize=8.5)
    axes.set_ylabel("true", color=MUTED)
    return titled(figure, _alt(total, right, often, title))


def _strength(shares: np.ndarray) -> np.ndarray:
    """How strong each cell's tint is."""
    # From a floor up, so that one mistake in a large class is still visible.
    wrong = 0.22 + 0.6 * shares
    return np.where(np.eye(len(shares), dtype=bool), 0.30 * shares, wrong)


def _cells(axes: Axes, matrix: np.ndarray, shares: np.ndarray) -> None:
    size = min(10.0, 100 / len(matrix))
    strength = _strength(shares)
    for row, column in np.argwhere(matrix > 0):
        hit = row == column
        corner = (column - 0.46, row - 0.46)
        colour = RIGHT if hit else WRONG
        axes.add_patch(
            Rectangle(
                corner, 0.92, 0.92, facecolor=colour, alpha=strength[row, column], linewidth=0
            )
        )
        said = len(matrix) <= WITH_SHARES and round(100 * shares[row, column]) >= 1
        axes.text(
            column,
            row - (0.13 if said else 0),
            str(matrix[row, column]),
            ha="center",
            va="center",
            weight="normal" if hit else "bold",
            fontsize=size,
        )
        if said:
            share = f"{100 * shares[row, column]:.0f} %"
            axes.text(column, row + 0.27, share, ha="center", va="center", fontsize=7)


def _image(axes: Axes, matrix: np.ndarray, shares: np.ndarray) -> None:
    pixels = np.empty((*matrix.shape, 4))
    pixels[:, :, :3] = to_rgb(WRONG)
    pixels[np.eye(len(matrix), dtype=bool), :3] = to_rgb(RIGHT)
    # No number says how strong a tint is: so it starts higher than in a cell that has one.
    pixels[:, :, 3] = np.where(matrix > 0, np.clip(0.25 + _strength(shares), 0, 1), 0)
    axes.imshow(pixels)
    axes.spines[:].set_visible(True)


def _names(axes: Axes, labels: Sequence[str]) -> None:
    every = -(-len(labels) // NAMES)
    shown = range(0, len(labels), every)
    names = [labels[each] for each in shown]
    axes.set_yticks(shown, names)
    axes.set_xticks(shown, names)
    # Names side by side need the width that they have together.
    if sum(len(name) + 1 for name in names) > 45:
        axes.tick_params(axis="x", rotation=90)
    if len(names) > 14:
        axes.tick_params(labelsize=7.5)
    axes.set_xlim(-0.5, len(labels) - 0.5)
    axes.set_ylim(len(labels) - 0.5, -0.5)


def _often(matrix: np.ndarray, labels: Sequence[str]) -> list[str]:
    """The five most frequent mistakes, in words."""
    mistakes = matrix - np.diag(np.diag(matrix))
    order = np.argsort(-mistakes, axis=None, kind="stable")[:5]
    found = []
    for row, column in (divmod(int(each), len(labels)) for each in order):
        times = int(mistakes[row, column])
        if times:
            often = "once" if times == 1 else f"{times} times"
            found.append(f"{labels[row]} taken for {labels[column]}, {often}")
    return found


def _alt(total: int, right: int, often: Sequence[str], title: str) -> str:
    whose = f", {title}" if title else ""
    opening = f"Confusion matrix{whose}: {count(right)} of {count(total)} right."
    if not often:
        return opening + " No mistake."
    return f"{opening} The most frequent mistake: {often[0]}."
