"""One quantity of several trainings, each over epochs of its own."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from chainrule.reports.figures.axes import drawable, log_scale, panels
from chainrule.reports.figures.style import look, styled, titled
from chainrule.reports.numbers import capital

__all__ = ["overlaid_curves"]

# Beyond this ratio between largest and smallest, a linear axis hides most of the curves.
LOG_RATIO = 20.0

Curve = tuple[Sequence[float | None], Sequence[float | None]]


@styled
def overlaid_curves(
    curves: Mapping[str, Curve],
    *,
    along: str = "epoch",
    quantity: str = "loss",
    title: str = "",
    logarithmic: bool = False,
) -> Figure:
    """Curves by name, each as its epochs and its values; a value of None leaves a gap.

    The axis is logarithmic when the values are positive and span more than a factor of 20, and so
    are the epochs when one training is that much longer than another, or ``logarithmic`` says so.
    ``along`` is what stands under them.
    """
    subject = f"{title}: {quantity}" if title else capital(quantity)
    rows = -(-len(curves) // 2)
    figure, (axes,) = panels(1, 3.4 + 0.24 * rows, title=subject, grid="y")
    series = {
        name: (np.array(places, dtype=float), np.array(values, dtype=float))
        for name, (places, values) in curves.items()
    }
    for index, (name, (places, values)) in enumerate(series.items()):
        style = look(index)
        axes.plot(
            places,
            drawable(values),
            color=style.colour,
            linestyle=style.line,
            marker=style.marker,
            markerfacecolor=style.face,
            markevery=max(1, len(places) // 8),
            markersize=5,
            label=name,
        )
    known = np.concatenate([np.empty(0), *(values for _, values in series.values())])
    known = known[np.isfinite(known)]
    if known.size and known.min() > 0 and known.max() / LOG_RATIO > known.min():
        log_scale(axes)
    axes.set_xlabel(along)
    lengths = [places.max() for places, _ in series.values() if places.size]
    far = bool(lengths) and min(lengths) > 0 and max(lengths) > LOG_RATIO * min(lengths)
    if far or logarithmic:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    else:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.legend(loc="outside lower center", ncols=min(2, len(curves)))
    return titled(figure, _alt(series, subject, along))


def _alt(series: Mapping[str, tuple[np.ndarray, np.ndarray]], subject: str, along: str) -> str:
    parts = []
    for name, (places, values) in series.items():
        known = values[np.isfinite(values)]
        if known.size:
            span = f"{len(places)} epochs" if along == "epoch" else f"{places[-1]:,g} {along}"
            parts.append(f"{name} from {known[0]:.4g} to {known[-1]:.4g} in {span}")
    return f"{subject}: {'; '.join(parts) or 'no values'}."
