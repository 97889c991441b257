"""The gradient noise scale along trainings, beside the batch sizes that were used."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from chainrule.reports.figures.axes import log_scale, panel
from chainrule.reports.figures.style import MUTED, look, styled, titled

__all__ = ["Scales", "gradient_noise"]


class Scales(NamedTuple):
    """Noise scales of one training, in rows, after so many updates; each (n,). What is not finite
    (or None) has no upper end, or is left out."""

    updates: Sequence[float | None]
    scales: Sequence[float | None]
    lows: Sequence[float | None]
    highs: Sequence[float | None]


@styled
def gradient_noise(
    trainings: Mapping[str, Sequence[Sequence[float | None]]],
    *,
    batch_sizes: Sequence[int] = (),
    title: str = "",
) -> Figure:
    """The simple noise scale against the updates, with its 95 % interval; a line across for each
    batch size.

    Below a training's curve, twice the rows are worth two steps; above it, they are worth nothing.

    Parameters
    ----------
    trainings : mapping of names to sequences
        Four of them (or `Scales`): after how many updates
        `chainrule.estimators.gradient_noise.gradient_noise_scale` found which scale, and the ends
        of its intervals.
    batch_sizes : sequence of int, optional
        Drawn across.
    title : str
        In which sweep.

    Returns
    -------
    matplotlib.figure.Figure
        Both axes are logarithmic.
    """
    subject = f"{title}: gradient noise scale" if title else "Gradient noise scale"
    figure, axes = panel(3.6, title=subject, grid="y")
    measured = {name: Scales(*rows) for name, rows in trainings.items()}
    for number, (name, found) in enumerate(measured.items()):
        _draw(axes, number, name, *(np.array(row, dtype=float) for row in found))
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    log_scale(axes)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    for size in batch_sizes:
        axes.axhline(size, color=MUTED, linewidth=1.0, linestyle=(0, (4, 3)), zorder=1)
        axes.annotate(
            f"batch {size:,}",
            (1, size),
            xycoords=("axes fraction", "data"),
            xytext=(-2, 2),
            textcoords="offset points",
            ha="right",
            va="bottom",
            color=MUTED,
            fontsize=8.5,
        )
    axes.set_xlabel("updates")
    axes.set_ylabel("rows")
    if trainings:
        below: Any = "outside lower center"
        figure.legend(loc=below, ncols=min(3, len(trainings)))
    return titled(figure, _alt(subject, measured, batch_sizes))


def _draw(
    axes: Axes,
    number: int,
    name: str,
    updates: np.ndarray,
    scales: np.ndarray,
    lows: np.ndarray,
    highs: np.ndarray,
) -> None:
    style = look(number)
    known = np.isfinite(scales)
    axes.plot(
        updates[known],
        scales[known],
        color=style.colour,
        linestyle=style.line,
        marker=style.marker,
        markerfacecolor=style.face,
        label=name,
    )
    barred = known & np.isfinite(lows) & (lows > 0)
    for at, low, high, scale in zip(updates, lows, highs, scales, strict=True):
        if np.isfinite(low) and low > 0 and np.isfinite(scale):
            top = high if np.isfinite(high) else max(10 * scale, 10 * low)
            axes.plot([at, at], [low, top], color=style.colour, linewidth=1.2, alpha=0.7)
    open_above = barred & ~np.isfinite(highs)
    arrow: Any = {"linestyle": "none", "marker": "^", "color": style.colour, "markersize": 5}
    axes.plot(updates[open_above], 10 * np.maximum(scales, lows)[open_above], **arrow)


def _alt(subject: str, trainings: Mapping[str, Scales], batch_sizes: Sequence[int]) -> str:
    parts = []
    for name, found in trainings.items():
        known = [
            (at, scale)
            for at, scale in zip(found.updates, found.scales, strict=True)
            if at is not None and scale is not None and np.isfinite(scale)
        ]
        if known:
            (first, low), (last, high) = known[0], known[-1]
            parts.append(
                f"{name} from {low:.3g} rows after {first:,g} updates to {high:.3g} after {last:,g}"
            )
    text = f"{subject}: {'; '.join(parts) or 'nothing was measured'}."
    if batch_sizes:
        text += f" Batch sizes: {', '.join(f'{size:,}' for size in batch_sizes)}."
    return text
