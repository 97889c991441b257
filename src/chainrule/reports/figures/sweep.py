"""Two hyperparameters against each other: a number for each pair."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from chainrule.errors import InvalidInputError
from chainrule.reports.figures.axes import FULL, HALF, panel, wants_log
from chainrule.reports.figures.style import INK, LOOKS, MUTED, SURFACE, styled, titled
from chainrule.reports.numbers import setting

__all__ = ["sweep_map"]

COLOUR = LOOKS[0].colour
LOST = LOOKS[4].colour

# The tint of the worst and of the best cell.
FAINT, FULL_TINT = 0.05, 0.55
# So many cells and more side by side have the whole page.
WIDE = 7


@styled
def sweep_map(
    first: Sequence[Any],
    second: Sequence[Any],
    values: Any,
    *,
    diverged: Any | None = None,
    names: tuple[str, str] = ("learning rate", "batch size"),
    quantity: str = "final loss",
    larger_is_better: bool = False,
    digits: int = 3,
    title: str = "",
) -> Figure:
    """A cell for each pair of values, with its number in it; the better, the stronger the tint.

    Cells that diverged are hatched and say so, the best has a frame, and pairs that were not tried
    stay empty: nothing rests on colour alone.

    Parameters
    ----------
    first : (m,) sequence
        Values of the first hyperparameter, from left to right.
    second : (n,) sequence
        Values of the second, from bottom to top.
    values : (n, m) array
        What came of each pair. Not a number: it was not tried, or diverged.
    diverged : (n, m) array, optional
        The share of the trainings that diverged, or whether: cells above 0 are marked, and say
        which share if it is not all.
    names : pair of str
        The two hyperparameters.
    quantity : str
        What the numbers are.
    larger_is_better : bool, default=False
        Of a loss the smallest is the best.
    digits : int, default=3
        Significant digits of the numbers.
    title : str
        In which sweep.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InvalidInputError
        An array is not of shape (n, m).

    Notes
    -----
    The tint follows the logarithm where all values are positive and span more than a factor of 20.
    """
    table = _table("values", values, first, second)
    table = np.where(np.isfinite(table), table, np.nan)
    lost = _table(
        "diverged", np.zeros(table.shape) if diverged is None else diverged, first, second
    )
    subject = f"{title}: {quantity}" if title else quantity[:1].upper() + quantity[1:]
    width = FULL if len(first) >= WIDE else HALF
    figure, axes = panel(1.5 + 0.5 * len(second), title=subject, width=width)
    strength = _strength(table, larger_is_better)
    best = _best(np.where(lost >= 1, np.nan, table), larger_is_better)
    for row, column in np.ndindex(table.shape):
        here = (row, column)
        says = "" if np.isnan(table[here]) else f"{table[here]:.{digits}g}"
        _cell(axes, here, float(strength[here]), says, float(lost[here]), here == best)
    axes.set_xticks(range(len(first)), [setting(value) for value in first])
    axes.set_yticks(range(len(second)), [setting(value) for value in second])
    axes.set_xlim(-0.55, len(first) - 0.45)
    axes.set_ylim(-0.55, len(second) - 0.45)
    axes.set_xlabel(names[0])
    axes.set_ylabel(names[1])
    better = "larger" if larger_is_better else "smaller"
    figure.text(0.99, 0.985, f"stronger is {better}", ha="right", va="top", color=MUTED, fontsize=9)
    return titled(figure, _alt(subject, first, second, table, lost, best, names))


def _table(name: str, given: Any, first: Sequence[Any], second: Sequence[Any]) -> np.ndarray:
    table = np.array(given, dtype=float)
    if table.shape != (len(second), len(first)):
        raise InvalidInputError(
            f"{name}: an array of shape ({len(second)}, {len(first)}) is required, a row for each "
            f"value of the second hyperparameter; came {table.shape}."
        )
    return table


def _strength(table: np.ndarray, larger_is_better: bool) -> np.ndarray:
    """How strong each cell's tint is: 0 to 1 from the worst to the best."""
    known = np.isfinite(table)
    if not known.any():
        return np.zeros(table.shape)
    scaled = np.log(np.where(known, table, 1.0)) if wants_log(table) else table
    low, high = np.nanmin(scaled[known]), np.nanmax(scaled[known])
    share = (scaled - low) / (high - low) if high > low else np.zeros(table.shape)
    return np.where(known, share if larger_is_better else 1 - share, 0.0)


def _best(table: np.ndarray, larger_is_better: bool) -> tuple[int, int] | None:
    if not np.isfinite(table).any():
        return None
    flat = np.nanargmax(table) if larger_is_better else np.nanargmin(table)
    row, column = np.unravel_index(flat, table.shape)
    return int(row), int(column)


def _cell(
    axes: Axes, at: tuple[int, int], strength: float, says: str, lost: float, best: bool
) -> None:
    row, column = at
    corner, sides = (column - 0.47, row - 0.46), (0.94, 0.92)
    if says:
        tint = FAINT + (FULL_TINT - FAINT) * strength
        axes.add_patch(Rectangle(corner, *sides, facecolor=COLOUR, alpha=tint, linewidth=0))
    if lost > 0:
        hatched: Any = {"fill": False, "hatch": "////", "edgecolor": LOST, "alpha": 0.75}
        axes.add_patch(Rectangle(corner, *sides, linewidth=0, **hatched))
    if best:
        axes.add_patch(Rectangle(corner, *sides, fill=False, edgecolor=INK, linewidth=1.8))
    lines = [says] if says else []
    if lost > 0:
        lines.append("diverged" if lost >= 1 else f"{100 * lost:.0f} % div.")
    # Over the hatching, text has a ground of its own.
    ground: Any = {"facecolor": SURFACE, "edgecolor": "none", "alpha": 0.8, "pad": 1.0}
    for place, line in enumerate(lines):
        axes.text(
            column,
            row if len(lines) == 1 else row + (0.18, -0.2)[place],
            line,
            ha="center",
            va="center",
            fontsize=9.5 if line == says else 8,
            weight="bold" if best and line == says else "normal",
            bbox=ground if lost > 0 else None,
        )


def _alt(
    subject: str,
    first: Sequence[Any],
    second: Sequence[Any],
    table: np.ndarray,
    lost: np.ndarray,
    best: tuple[int, int] | None,
    names: tuple[str, str],
) -> str:
    text = f"{subject} over {len(first)} values of {names[0]} and {len(second)} of {names[1]}."
    if best is not None:
        row, column = best
        text += (
            f" Best: {table[best]:.4g} at {names[0]} {setting(first[column])}, {names[1]} "
            f"{setting(second[row])}."
        )
    pairs = [
        f"{setting(first[column])} with {setting(second[row])}"
        for row, column in np.argwhere(lost > 0)
    ]
    if pairs:
        listed = ", ".join(pairs[:6]) + (f" and {len(pairs) - 6} more" if len(pairs) > 6 else "")
        text += f" Diverged: {listed}."
    return text
