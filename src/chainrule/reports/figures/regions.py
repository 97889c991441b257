"""Where a classifier of two features draws its lines."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from chainrule.errors import InvalidInputError
from chainrule.reports.figures.axes import panel
from chainrule.reports.figures.style import INK, LOOKS, SURFACE, look, styled, titled
from chainrule.reports.numbers import count

__all__ = ["decision_regions", "region_grid"]

Points = tuple[Any, Any]  # (n, 2) features, (n,) class indices

# The strength of the tint where a class just wins, and where it is certain.
FAINT, FULL = 0.06, 0.5

# Colours repeat after six classes; marks do not for twelve.
MARKS = (*(each.marker for each in LOOKS), "X", "<", "*", "h", ">", "p")


def region_grid(
    X: Any, steps: int = 120, margin: float = 0.08
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A grid of rows over the range of ``X``, for `decision_regions`.

    Parameters
    ----------
    X : (n, 2) array
        The points that will be drawn.
    steps : int
        Values along each feature.
    margin : float
        What is added at each side, as a share of the range.

    Returns
    -------
    first, second : (steps,) arrays
        The values along the two features.
    rows : (steps * steps, 2) array
        All pairs of them, the first feature running fastest: give them to the model.
    """
    low, high = np.min(X, axis=0), np.max(X, axis=0)
    wide = np.where(high > low, high - low, 1.0)
    first, second = (
        np.linspace(low[k] - margin * wide[k], high[k] + margin * wide[k], steps) for k in (0, 1)
    )
    across, up = np.meshgrid(first, second)
    return first, second, np.column_stack([across.ravel(), up.ravel()])


@styled
def decision_regions(
    first: Any,
    second: Any,
    probabilities: Any,
    *,
    train: Points | None = None,
    test: Points | None = None,
    class_names: Sequence[str] | None = None,
    feature_names: Sequence[str] = ("first feature", "second feature"),
    title: str = "",
) -> Figure:
    """Which class wins where, how surely, and the points on top.

    The colour is that of the most probable class, stronger where its probability is higher; a line
    lies where two classes are equally probable. Training points are full, test points hollow; each
    class has a mark of its own.

    Parameters
    ----------
    first, second : (n1,), (n2,) arrays
        Evenly spaced values along the two features.
    probabilities : (n2 * n1, classes) array
        The classes' probabilities at each pair of values, the first feature running fastest, as
        `region_grid` makes them. A single column is the probability of the second of two classes.
    train, test : pair of (n, 2) and (n,) arrays, optional
        Points and the indices of their classes.
    class_names, feature_names : sequence of str, optional
        Classes are numbered from 0 unless they have names.
    title : str
        Whose lines these are.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InvalidInputError
        There is not one row of probabilities for each pair of values.
    """
    first, second = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    P = _on_the_grid(first, second, probabilities)
    names = [str(each) for each in (class_names or range(P.shape[2]))]
    subject = f"{title}: decision regions" if title else "Decision regions"
    # A legend of many classes takes nothing from the picture.
    rows = len(names) if train is not None and test is not None else -(-len(names) // 4)
    figure, axes = panel(4.0 + 0.19 * rows, title=subject)
    _tint(axes, first, second, P)
    _lines(axes, first, second, P)
    _points(axes, train, "train", names)
    _points(axes, test, "test", names)
    axes.set_xlim(first[0], first[-1])
    axes.set_ylim(second[0], second[-1])
    axes.set_xlabel(feature_names[0])
    axes.set_ylabel(feature_names[1])
    _legend(figure, names, train is not None, test is not None)
    return titled(figure, _alt(subject, P, names, train, test))


def _on_the_grid(first: np.ndarray, second: np.ndarray, probabilities: Any) -> np.ndarray:
    P = np.asarray(probabilities, dtype=float)
    P = P[:, None] if P.ndim == 1 else P
    if P.ndim != 2 or len(P) != len(first) * len(second) or min(len(first), len(second)) < 2:
        raise InvalidInputError(
            "Required one row of probabilities for each pair of values: at least 2 values along "
            f"either feature, and {len(first)} * {len(second)} rows; came an array of shape "
            f"{np.shape(probabilities)}. Predict the rows of region_grid(X)."
        )
    P = np.column_stack([1 - P, P]) if P.shape[1] == 1 else P
    return P.reshape(len(second), len(first), -1)


def _tint(axes: Axes, first: np.ndarray, second: np.ndarray, P: np.ndarray) -> None:
    classes = P.shape[2]
    winner, sure = P.argmax(axis=2), P.max(axis=2)
    pixels = np.empty((*winner.shape, 4))
    pixels[:, :, :3] = np.array([to_rgb(look(k).colour) for k in range(classes)])[winner]
    # From an even share to certainty. Where nothing finite is known, nothing is tinted.
    share = (sure - 1 / classes) / (1 - 1 / classes) if classes > 1 else sure
    tint = FAINT + (FULL - FAINT) * np.clip(share, 0, 1)
    pixels[:, :, 3] = np.where(np.isfinite(sure), tint, 0)
    right, up = (first[1] - first[0]) / 2, (second[1] - second[0]) / 2
    extent = (first[0] - right, first[-1] + right, second[0] - up, second[-1] + up)
    axes.imshow(pixels, extent=extent, origin="lower", aspect="auto", interpolation="none")


def _lines(axes: Axes, first: np.ndarray, second: np.ndarray, P: np.ndarray) -> None:
    """Each class against the best of the others: the line is where the two are equal."""
    classes = P.shape[2]
    # Of two classes, one has the line of both.
    for k in range(classes if classes > 2 else classes - 1):
        lead = P[:, :, k] - np.delete(P, k, axis=2).max(axis=2)
        if (lead < 0).any() and (lead > 0).any():
            axes.contour(first, second, lead, [0.0], colors=INK, linewidths=1.0)


def _points(axes: Axes, points: Points | None, part: str, names: Sequence[str]) -> None:
    if points is None:
        return
    X, y = np.asarray(points[0], dtype=float), np.asarray(points[1])
    hollow = part == "test"
    for k in range(len(names)):
        style = look(k)
        axes.plot(
            *X[y == k].T.reshape(2, -1),
            linestyle="none",
            marker=MARKS[k % len(MARKS)],
            color=style.colour,
            markersize=5.5,
            markerfacecolor=SURFACE if hollow else style.colour,
            markeredgecolor=style.colour if hollow else INK,
            markeredgewidth=1.5 if hollow else 0.5,
            label=f"{names[k]}, {part}",
        )


def _legend(figure: Figure, names: Sequence[str], train: bool, test: bool) -> None:
    """A mark a class and part; without points, a mark a class."""
    axes = figure.axes[0]
    if not train and not test:
        for k, name in enumerate(names):
            style = look(k)
            axes.plot([], [], linestyle="none", marker="s", color=style.colour, label=name)
    handles, labels = axes.get_legend_handles_labels()
    # Filled column by column: a row holds the two parts of a class.
    ncols = 2 if train and test else min(4, len(names))
    figure.legend(handles, labels, loc="outside lower center", ncols=ncols, fontsize=9)


def _alt(
    subject: str,
    P: np.ndarray,
    names: Sequence[str],
    train: Points | None,
    test: Points | None,
) -> str:
    areas = np.bincount(P.argmax(axis=2).ravel(), minlength=len(names)) / P[:, :, 0].size
    shares = ", ".join(
        f"{name} {100 * area:.0f} %" for name, area in zip(names, areas, strict=True)
    )
    parts = {"training": train, "test": test}
    marks = " and ".join(
        f"{count(len(each[1]))} {name}" for name, each in parts.items() if each is not None
    )
    text = f"{subject} of {len(names)} classes; shares of the area: {shares}."
    return f"{text} On top: {marks} points." if marks else text
