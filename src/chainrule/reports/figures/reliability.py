"""Whether a model is right as often as it says."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from chainrule.errors import InvalidInputError
from chainrule.reports.figures.axes import stack
from chainrule.reports.figures.style import INK, LOOKS, MUTED, styled, titled
from chainrule.reports.numbers import count
from chainrule.reports.numbers import temperature as shown

__all__ = ["Bins", "binned", "draw_bins", "reliability_diagram"]


@dataclass(frozen=True)
class Bins:
    """Predictions by their confidence, in bins of equal width from 0 to 1."""

    counts: tuple[int, ...]
    confidence: tuple[float | None, ...]  # the mean in each bin; None where it is empty
    accuracy: tuple[float | None, ...]

    @property
    def ece(self) -> float | None:
        """The expected calibration error: sum over bins of n_b / n |accuracy_b - confidence_b|."""
        total = sum(self.counts)
        rows = zip(self.counts, self.confidence, self.accuracy, strict=True)
        gaps = [n * abs(a - c) for n, c, a in rows if a is not None and c is not None]
        return sum(gaps) / total if total else None


def binned(confidence: Any, correct: Any, bins: int = 10) -> Bins:
    """Puts predictions into bins; a confidence on an edge belongs to the bin below it."""
    sure, right = np.asarray(confidence, dtype=float), np.asarray(correct, dtype=float)
    known = np.isfinite(sure)
    if sure.shape != right.shape or sure.ndim != 1 or (known & ((sure < 0) | (sure > 1))).any():
        raise InvalidInputError(
            "Required a confidence between 0 and 1 and a truth value for each prediction; came "
            f"arrays of shapes {sure.shape} and {right.shape}. Pass proba.max(axis=1) and "
            "proba.argmax(axis=1) == y."
        )
    place = np.clip(np.ceil(sure[known] * bins).astype(int) - 1, 0, bins - 1)
    counts = np.bincount(place, minlength=bins)
    sums = [np.bincount(place, each[known], minlength=bins) for each in (sure, right)]
    means = [
        tuple(float(s / n) if n else None for s, n in zip(each, counts, strict=True))
        for each in sums
    ]
    return Bins(tuple(counts.tolist()), *means)


def reliability_diagram(
    confidence: Sequence[float] | np.ndarray,
    correct: Sequence[bool] | np.ndarray,
    *,
    bins: int = 10,
    after: Sequence[float] | np.ndarray | None = None,
    temperature: float | None = None,
    title: str = "",
) -> Figure:
    """How often a model is right, against how sure it is, with the number of predictions below.

    On the diagonal it is right as often as it says; below it, it is too sure. The expected
    calibration error (ECE), the mean distance between the two over all predictions, is in the
    title.

    Parameters
    ----------
    confidence : (n,) array of float
        The probability that the model gives to what it predicts, between 0 and 1; NaN is left out.
    correct : (n,) array of bool
        Whether it is right.
    bins : int
        Bins of equal width from 0 to 1.
    after : (n,) array of float, optional
        The confidence in the same predictions at a temperature: hollow marks, and a second ECE.
    temperature : float, optional
        That temperature, for the legend.
    title : str
        Whose predictions these are.

    Returns
    -------
    matplotlib.figure.Figure
        Two axes: accuracy by confidence, and the counts.

    Raises
    ------
    InvalidInputError
        The arrays are not equally long, or a confidence is no probability.
    """
    found = binned(confidence, correct, bins)
    cooled = None if after is None else binned(after, correct, bins)
    return draw_bins(found, after=cooled, temperature=temperature, title=title)


@styled
def draw_bins(
    found: Bins, *, after: Bins | None = None, temperature: float | None = None, title: str = ""
) -> Figure:
    """`reliability_diagram` of what was binned before."""
    ece = "no prediction" if found.ece is None else f"ECE {found.ece:.4f}"
    subject = f"{title}: reliability, {ece}" if title else f"Reliability, {ece}"
    figure, (upper, lower) = stack((3, 1), 4.8, title=subject, grid="y")
    _accuracies(upper, found)
    at = ""
    if after is not None and after.ece is not None:
        name = "a temperature" if temperature is None else f"temperature {shown(temperature)}"
        at = f"at {name}: ECE {after.ece:.4f}"
        _after(upper, after, at)
    _counts(lower, found)
    figure.legend(loc="outside lower center", ncols=2, fontsize=9)
    text = _alt(subject, found)
    return titled(figure, f"{text} A{at[1:]}." if at else text)


def _after(axes: Axes, found: Bins, label: str) -> None:
    """The bins at the temperature: hollow, and larger than what they may lie upon."""
    pairs = zip(found.confidence, found.accuracy, strict=True)
    filled = [(c, a) for c, a in pairs if c is not None and a is not None]
    if filled:
        style: Any = {"marker": "D", "markersize": 8, "markeredgewidth": 1.6, "clip_on": False}
        axes.plot(
            *zip(*filled, strict=True),
            linestyle="none",
            markerfacecolor="none",
            markeredgecolor=LOOKS[2].colour,
            label=label,
            **style,
        )


def _accuracies(axes: Axes, found: Bins) -> None:
    edges = np.linspace(0, 1, len(found.counts) + 1)
    filled = [k for k, n in enumerate(found.counts) if n]
    accuracy = [found.accuracy[k] or 0.0 for k in filled]
    confidence = [found.confidence[k] or 0.0 for k in filled]
    width = 0.94 / len(found.counts)
    middles = (edges[:-1] + edges[1:])[filled] / 2
    blue, orange = LOOKS[0].colour, LOOKS[4].colour
    axes.bar(middles, accuracy, width, color=blue, alpha=0.35, linewidth=0, label="share right")
    axes.plot([0, 1], [0, 1], color=INK, linewidth=1, linestyle="--", label="as sure as right")
    # From what is said to what is so: the distance whose mean is the ECE.
    axes.vlines(confidence, confidence, accuracy, color=orange, linewidth=2, label="the gap")
    # A model that is always sure stands on the very edge.
    marks: Any = {"color": blue, "markersize": 6, "linestyle": "none", "clip_on": False}
    axes.plot(confidence, accuracy, "o", **marks, label="mean of a bin")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.03)
    axes.set_ylabel("accuracy")


def _counts(axes: Axes, found: Bins) -> None:
    bins = len(found.counts)
    middles = (np.arange(bins) + 0.5) / bins
    axes.bar(middles, found.counts, 0.94 / bins, color=MUTED, linewidth=0)
    # Numbers stand over their bars as long as they have room beside each other.
    if bins <= 15:
        for middle, number in zip(middles, found.counts, strict=True):
            if number:
                style: Any = {"ha": "center", "va": "bottom", "fontsize": 7.5}
                axes.text(middle, number, count(number), **style)
    axes.set_ylim(0, 1.25 * max(1, *found.counts))
    axes.set_yticks([])
    axes.set_ylabel("predictions", color=MUTED)
    axes.set_xlabel("confidence")


def _alt(subject: str, found: Bins) -> str:
    total = sum(found.counts)
    text = f"{subject}, of {count(total)} predictions in {len(found.counts)} bins."
    rows = list(zip(found.counts, found.confidence, found.accuracy, strict=True))
    filled = [(n, c, a) for n, c, a in rows if c is not None and a is not None]
    if not filled:
        return text
    n, sure, right = max(filled)
    sums = [sum(row[0] * row[k] for row in filled) / total for k in (1, 2)]
    return (
        f"{text} Mean confidence {sums[0]:.4f}, accuracy {sums[1]:.4f}. The fullest bin holds "
        f"{count(n)}: confidence {sure:.4f}, accuracy {right:.4f}."
    )
