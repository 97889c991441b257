"""A regressor's answers beside the truth: one against the other, and how far they are apart."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from chainrule.errors import InvalidInputError
from chainrule.reports.figures.axes import panel
from chainrule.reports.figures.style import INK, LOOKS, MUTED, styled, titled
from chainrule.reports.numbers import count

__all__ = ["predicted_against_true", "residuals"]

TENTHS = 10  # groups of equally many answers, whose middles show a trend
FEWEST = 30  # answers, below which no trend is drawn
MARGIN = 0.04


@styled
def predicted_against_true(
    truth: Any,
    predicted: Any,
    *,
    target: str = "",
    n_rows: int | None = None,
    title: str = "",
) -> Figure:
    """A dot a row: the truth along, the answer up. On the dashed line the two are equal.

    Parameters
    ----------
    truth, predicted : (n,) arrays
        In one unit. Answers that are not finite are left out, and counted in the text.
    target : str
        What is predicted, with its unit.
    n_rows : int, optional
        Of how many rows these are the first.
    title : str
        Whose answers these are.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InvalidInputError
        The two are not equally many.
    """
    y, said = _pairs(truth, predicted)
    subject = f"{title}: predicted against true" if title else "Predicted against true"
    figure, axes = panel(4.4, title=subject)
    both = np.concatenate([y, said]) if y.size else np.array([0.0, 1.0])
    room = MARGIN * (np.ptp(both) or 1.0)
    ends = (both.min() - room, both.max() + room)
    axes.plot(ends, ends, color=MUTED, linewidth=1.2, linestyle=(0, (4, 3)), label="as it is")
    _dots(axes, y, said, "a row")
    axes.set_xlim(ends)
    axes.set_ylim(ends)
    axes.set_xlabel(f"true {target}".strip())
    axes.set_ylabel(f"predicted {target}".strip())
    figure.legend(loc="outside lower center", ncols=2)
    lost = np.size(predicted) - y.size
    return titled(figure, _alt_against(subject, y, said, n_rows or np.size(predicted), lost))


@styled
def residuals(
    truth: Any,
    predicted: Any,
    *,
    rmse: float | None = None,
    target: str = "",
    title: str = "",
) -> Figure:
    """A dot a row: the answer along, and up how far the truth lies above it.

    Answers are grouped into tenths by their size, from 30 rows on; a square is the middle (median)
    of a tenth. Squares that leave the line at 0 together show a trend that the model has missed.

    Parameters
    ----------
    truth, predicted : (n,) arrays
        In one unit. Answers that are not finite are left out.
    rmse : float, optional
        Drawn as two dotted lines; unless told, that of these rows.
    target, title : str
        What is predicted, with its unit, and whose answers these are.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InvalidInputError
        The two are not equally many.
    """
    y, said = _pairs(truth, predicted)
    left = y - said
    if rmse is None:
        rmse = float(np.sqrt(np.mean(left**2))) if left.size else float("nan")
    subject = f"{title}: residuals" if title else "Residuals"
    figure, axes = panel(4.4, title=subject, grid="y")
    axes.axhline(0, color=MUTED, linewidth=1.2, linestyle=(0, (4, 3)))
    if np.isfinite(rmse):
        for side in (-rmse, rmse):
            axes.axhline(side, color=MUTED, linewidth=1.2, linestyle=(0, (1, 2)))
        axes.plot([], [], color=MUTED, linewidth=1.2, linestyle=(0, (1, 2)), label="± RMSE")
    _dots(axes, said, left, "a row")
    middles = _middles(said, left)
    if middles is not None:
        orange: Any = {"color": LOOKS[1].colour, "markeredgecolor": INK, "markeredgewidth": 0.7}
        axes.plot(*middles, "-", color=LOOKS[1].colour, linewidth=1.4, zorder=3)
        axes.plot(*middles, "s", **orange, markersize=7, zorder=4, label="middle of a tenth")
    axes.set_xlabel(f"predicted {target}".strip())
    axes.set_ylabel("true less predicted")
    figure.legend(loc="outside lower center", ncols=3)
    return titled(figure, _alt_residuals(subject, said, left, rmse, middles))


def _pairs(truth: Any, predicted: Any) -> tuple[np.ndarray, np.ndarray]:
    """Those of which the answer is finite."""
    y, said = (np.array(each, dtype=float).ravel() for each in (truth, predicted))
    if y.shape != said.shape:
        raise InvalidInputError(
            f"Required an answer for each row; came {said.size} answers and {y.size} true values. "
            "Pass the answers for the rows whose truth is given."
        )
    known = np.isfinite(said) & np.isfinite(y)
    return y[known], said[known]


def _dots(axes: Axes, along: np.ndarray, up: np.ndarray, label: str) -> None:
    axes.plot(
        along,
        up,
        linestyle="none",
        marker="o",
        color=LOOKS[0].colour,
        markersize=4.5,
        alpha=0.65,
        markeredgewidth=0,
        zorder=2,
        label=label,
    )


def _middles(said: np.ndarray, left: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    if said.size < FEWEST:
        return None
    groups = np.array_split(np.argsort(said, kind="stable"), TENTHS)
    medians = [(np.median(said[group]), np.median(left[group])) for group in groups]
    along, up = np.array(medians).T
    return along, up


def _alt_against(subject: str, y: np.ndarray, said: np.ndarray, n_rows: int, lost: int) -> str:
    if not y.size:
        return f"{subject}: no answers."
    shown = (
        f"{count(y.size)} of {count(n_rows)} rows" if y.size < n_rows else f"{count(n_rows)} rows"
    )
    text = (
        f"{subject} for {shown}: true values from {y.min():.4g} to {y.max():.4g}, answers from "
        f"{said.min():.4g} to {said.max():.4g}."
    )
    if y.size > 1 and y.std() > 0 and said.std() > 0:
        text += f" Correlation {np.corrcoef(y, said)[0, 1]:.3f}."
    return f"{text} {count(lost)} answers are no numbers." if lost else text


def _alt_residuals(
    subject: str,
    said: np.ndarray,
    left: np.ndarray,
    rmse: float,
    middles: tuple[np.ndarray, np.ndarray] | None,
) -> str:
    if not left.size:
        return f"{subject}: no answers."
    text = (
        f"{subject}, true less predicted, of {count(left.size)} rows: from {left.min():.4g} to "
        f"{left.max():.4g}, median {np.median(left):.4g}, RMSE {rmse:.4g}."
    )
    if middles is not None:
        _, up = middles
        text += f" The middles of tenths go from {up.min():.4g} to {up.max():.4g}."
    return text
