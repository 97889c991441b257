"""One hyperparameter against what came of each of its values, with intervals."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from chainrule.errors import InvalidInputError
from chainrule.reports.figures.axes import log_scale, panel, wants_log
from chainrule.reports.figures.style import LOOKS, look, styled, titled
from chainrule.reports.numbers import setting

__all__ = ["sweep_profile"]

APART = 0.14  # between the marks of two profiles over one value


@styled
def sweep_profile(
    values: Sequence[Any],
    means: Mapping[str, Sequence[float | None] | np.ndarray],
    *,
    intervals: Mapping[str, Sequence[tuple[float | None, float | None]]] | None = None,
    diverged: Mapping[str, Sequence[float]] | None = None,
    name: str = "batch size",
    quantity: str = "final loss",
    title: str = "",
) -> Figure:
    """A mark with its interval for each value, a line for each of several ways to compare them;
    crosses at the foot for what diverged.

    Parameters
    ----------
    values : (n,) sequence
        Of the hyperparameter, from left to right, side by side.
    means : mapping of names to (n,) sequences
        What came of each value, such as at equal epochs and at equal updates. Not a number, or
        None, where there is nothing.
    intervals : mapping of names to (n,) sequences of pairs, optional
        The ends of each mean's interval.
    diverged : mapping of names to (n,) sequences, optional
        The share of the trainings that diverged; those above 0 have a cross.
    name, quantity, title : str
        The hyperparameter, what was measured, and in which sweep.

    Returns
    -------
    matplotlib.figure.Figure
        Half the page's width. The vertical axis is logarithmic where all means are positive and
        span more than a factor of 20.

    Raises
    ------
    InvalidInputError
        A sequence has another length than there are values.
    """
    subject = f"{title}: {quantity}" if title else quantity[:1].upper() + quantity[1:]
    figure, axes = panel(3.2, title=subject, grid="y")
    count = len(values)
    rows = {called: _array(row, (count,)) for called, row in means.items()}
    lost = {
        called: _array((diverged or {}).get(called, [0.0] * count), (count,)) for called in rows
    }
    nothing = [(None, None)] * count
    for number, (called, row) in enumerate(rows.items()):
        at = np.arange(count) + APART * (number - (len(rows) - 1) / 2)
        ends = _array((intervals or {}).get(called, nothing), (count, 2))
        _draw(axes, number, called, at, row, ends)
        _crosses(axes, at[lost[called] > 0])
    if wants_log(np.concatenate([*rows.values(), np.empty(0)])):
        log_scale(axes)
    axes.set_xticks(np.arange(count), [setting(value) for value in values])
    axes.set_xlim(-0.5, count - 0.5)
    axes.set_xlabel(name)
    if len(rows) > 1:
        below: Any = "outside lower center"
        figure.legend(loc=below, ncols=len(rows))
    return titled(figure, _alt(subject, values, rows, lost, name))


def _array(given: Any, shape: tuple[int, ...]) -> np.ndarray:
    found = np.array(given, dtype=float).reshape(-1, *shape[1:])
    if found.shape != shape:
        raise InvalidInputError(
            f"A number for each of {shape[0]} values is required, came {len(found)}."
        )
    return found


def _draw(
    axes: Axes, number: int, called: str, at: np.ndarray, means: np.ndarray, ends: np.ndarray
) -> None:
    style = look(number)
    axes.plot(
        at,
        means,
        color=style.colour,
        linestyle=style.line,
        marker=style.marker,
        markerfacecolor=style.face,
        label=called,
    )
    known = np.isfinite(ends).all(axis=1) & np.isfinite(means)
    reach = np.array([means - ends[:, 0], ends[:, 1] - means])[:, known]
    bars: Any = {"ecolor": style.colour, "elinewidth": 1.2, "capsize": 4, "fmt": "none"}
    axes.errorbar(at[known], means[known], np.maximum(reach, 0), **bars)


def _crosses(axes: Axes, places: np.ndarray) -> None:
    foot: Any = {"transform": axes.get_xaxis_transform(), "clip_on": False}
    cross: Any = {"color": LOOKS[4].colour, "markersize": 7, "mew": 1.5, "linestyle": "none"}
    axes.plot(places, np.full(len(places), 0.03), "x", **cross, **foot)


def _alt(
    subject: str,
    values: Sequence[Any],
    rows: Mapping[str, np.ndarray],
    lost: Mapping[str, np.ndarray],
    name: str,
) -> str:
    parts = []
    for called, row in rows.items():
        pairs = [
            f"{setting(value)} {_said(mean, share)}"
            for value, mean, share in zip(values, row, lost[called], strict=True)
        ]
        parts.append(f"{called}: {', '.join(pairs)}" if called else ", ".join(pairs))
    return f"{subject} by {name}. {'; '.join(parts)}."


def _said(mean: float, lost: float) -> str:
    share = "" if not lost else "diverged" if lost >= 1 else f"({100 * lost:.0f} % diverged)"
    known = f"{mean:.4g}" if np.isfinite(mean) else ""
    return " ".join(part for part in (known, share) if part) or "nothing"
