"""Learning curves: one quantity, epoch by epoch, on the training part and beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from chainrule.reports.figures.axes import drawable, legend_below, log_scale, panel, wants_log
from chainrule.reports.figures.style import LOOKS, MUTED, look, styled, titled
from chainrule.reports.numbers import capital

__all__ = ["learning_curves"]

# The same part of the data looks the same in every figure, also where it stands alone.
FIXED = {"training": 0, "validation": 1, "test": 2}


@dataclass(frozen=True)
class Mark:
    """An epoch that is marked by a line across, and what it says."""

    epoch: float
    says: str
    colour: str
    line: Any


@styled
def learning_curves(
    curves: Mapping[str, Sequence[float | None] | np.ndarray],
    *,
    epochs: Sequence[float] | np.ndarray | None = None,
    best_epoch: float | None = None,
    overfit_epoch: float | None = None,
    diverged: bool | None = None,
    logarithmic: bool | None = None,
    quantity: str = "loss",
    title: str = "",
) -> Figure:
    """Curves by name over the epochs, with the epochs marked that matter.

    Parameters
    ----------
    curves : mapping of names to sequences
        A value an epoch. None leaves a gap, as does a value that is not finite. The names
        ``training``, ``validation`` and ``test`` look the same in every figure.
    epochs : sequence, optional
        The epoch of each value; 1, 2, ... if not given.
    best_epoch, overfit_epoch : float, optional
        Marked by a line across: the epoch of the lowest loss or of the best score, and the one
        from which the model over-fits.
    diverged : bool, optional
        Marks where training left the finite numbers: the epoch after the first curve's last
        finite value. Unless told, it is looked for: a curve that ends in NaN or infinity (not
        None) diverged.
    logarithmic : bool, optional
        Unless told, the vertical axis is logarithmic where all values are positive and the largest
        is more than 20 times the smallest.
    quantity, title : str
        What is drawn, and of whom.

    Returns
    -------
    matplotlib.figure.Figure
        One line a curve, in the order given.
    """
    series = {name: _finite(values) for name, values in curves.items()}
    length = max((len(values) for values in series.values()), default=0)
    along = np.arange(1, length + 1) if epochs is None else np.asarray(epochs, dtype=float)
    if diverged is None:
        diverged = any(_ends_badly(values) for values in curves.values())
    best = f"{'lowest' if 'loss' in quantity else 'best'} {quantity}"
    marks = _marks(best_epoch, best, overfit_epoch, _end(series, along) if diverged else None)
    subject = f"{title}: {quantity}" if title else capital(quantity)
    figure, axes = panel(3.5, title=subject, grid="y")
    for (name, values), number in zip(series.items(), _looks(series), strict=True):
        style = look(number)
        axes.plot(
            along[: len(values)],
            drawable(values),
            color=style.colour,
            linestyle=style.line,
            marker=style.marker,
            markerfacecolor=style.face,
            markevery=max(1, length // 8),
            markersize=5,
            label=name,
        )
    if logarithmic is None:
        logarithmic = wants_log(np.concatenate([*series.values(), np.empty(0)]))
    if logarithmic:
        log_scale(axes)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if length == 1:
        axes.set_xlim(along[0] - 1, along[0] + 1)
    for height, mark in enumerate(marks):
        _draw(axes, mark, height)
    if series:
        # Below, where it hides no curve: in a corner, a flat one runs through it.
        legend_below(figure, min(3, len(series)))
    return titled(figure, _alt(series, along, marks, subject, logarithmic))


def _finite(values: Any) -> np.ndarray:
    found = np.array(values, dtype=float)
    return np.where(np.isfinite(found), found, np.nan)


def _ends_badly(values: Any) -> bool:
    last = values[-1] if len(values) else None
    return last is not None and not np.isfinite(last)


def _end(series: Mapping[str, np.ndarray], along: np.ndarray) -> float | None:
    """The epoch after the first curve's last finite value; the last epoch if there is none after
    it (a loss that is finite, but out of all bounds)."""
    if not len(along):
        return None
    known = np.flatnonzero(np.isfinite(next(iter(series.values()))))
    after = int(known[-1]) + 1 if known.size else 0
    return float(along[min(after, len(along) - 1)])


def _looks(series: Mapping[str, np.ndarray]) -> list[int]:
    """The look of each curve: its fixed one, or the next that no other curve here has."""
    taken = {FIXED[name] for name in series if name in FIXED}
    free = iter(number for number in range(len(series) + len(FIXED)) if number not in taken)
    return [FIXED[name] if name in FIXED else next(free) for name in series]


def _marks(best: float | None, words: str, overfit: float | None, end: float | None) -> list[Mark]:
    warning = LOOKS[4].colour
    marks = []
    if best is not None:
        marks.append(Mark(best, f"{words} in epoch {best:g}", MUTED, (0, (4, 3))))
    if overfit is not None:
        marks.append(Mark(overfit, f"over-fits from epoch {overfit:g}", warning, (0, (1, 2))))
    if end is not None:
        marks.append(Mark(end, f"diverged in epoch {end:g}", warning, "-"))
    return marks


def _draw(axes: Axes, mark: Mark, height: int) -> None:
    """The line, and its label over the axes, a line of text higher for each mark."""
    axes.axvline(mark.epoch, color=mark.colour, linewidth=1.2, linestyle=mark.line)
    # The label stands on the side where there is room for it.
    left, right = axes.get_xlim()
    on_left = mark.epoch > (left + right) / 2
    axes.annotate(
        mark.says,
        (mark.epoch, 1),
        xycoords=("data", "axes fraction"),
        xytext=(-5 if on_left else 5, 2 + 12 * height),
        textcoords="offset points",
        ha="right" if on_left else "left",
        va="bottom",
        color=MUTED,
        fontsize=9,
    )


def _alt(
    series: Mapping[str, np.ndarray],
    along: np.ndarray,
    marks: Sequence[Mark],
    subject: str,
    logarithmic: bool,
) -> str:
    parts = []
    for name, values in series.items():
        known = values[np.isfinite(values)]
        if known.size:
            parts.append(f"{name} from {known[0]:.4g} to {known[-1]:.4g}")
    epochs = "1 epoch" if len(along) == 1 else f"{len(along)} epochs"
    text = f"{subject} over {epochs}: {'; '.join(parts) or 'no values'}."
    for mark in marks:
        text += f" {mark.says[0].upper()}{mark.says[1:]}."
    return text + (" Logarithmic scale." if logarithmic else "")
