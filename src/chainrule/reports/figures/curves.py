"""Learning curves: one quantity, epoch by epoch, on the training part and beside it."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from chainrule.reports.figures.axes import log_scale, panel
from chainrule.reports.figures.style import MUTED, look, styled, titled

__all__ = ["learning_curves"]

# Beyond this ratio between largest and smallest, a linear axis hides all but the first epochs.
LOG_RATIO = 20.0

# The same part of the data looks the same in every figure, also where it stands alone.
FIXED = {"training": 0, "validation": 1}


@styled
def learning_curves(
    curves: Mapping[str, Sequence[float | None]],
    *,
    epochs: Sequence[float] | None = None,
    best_epoch: float | None = None,
    quantity: str = "loss",
    title: str = "",
) -> Figure:
    """Curves by name over the epochs (1, 2, ... if not given), the best epoch marked.

    A value of None leaves a gap. The axis is logarithmic when the values are positive and span
    more than a factor of 20.
    """
    series = {name: np.array(values, dtype=float) for name, values in curves.items()}
    length = max((len(values) for values in series.values()), default=0)
    along = np.arange(1, length + 1) if epochs is None else np.asarray(epochs, dtype=float)
    subject = f"{title}: {quantity}" if title else quantity.capitalize()
    figure, axes = panel(3.2, title=subject, grid="y")
    for index, (name, values) in enumerate(series.items()):
        style = look(FIXED.get(name, index))
        axes.plot(
            along[: len(values)],
            values,
            color=style.colour,
            linestyle=style.line,
            marker=style.marker,
            markevery=max(1, length // 8),
            markersize=5,
            label=name,
        )
    logarithmic = _wants_log(series)
    if logarithmic:
        log_scale(axes)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if best_epoch is not None:
        _mark_best(axes, best_epoch)
    axes.legend()
    return titled(figure, _alt(series, along, best_epoch, subject, logarithmic))


def _wants_log(series: Mapping[str, np.ndarray]) -> bool:
    values = np.concatenate([*series.values(), np.empty(0)])
    values = values[np.isfinite(values)]
    return bool(values.size and values.min() > 0 and values.max() > LOG_RATIO * values.min())


def _mark_best(axes: Axes, best_epoch: float) -> None:
    axes.axvline(best_epoch, color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
    # The label stands on the side where there is room for it.
    left, right = axes.get_xlim()
    on_left = best_epoch > (left + right) / 2
    axes.annotate(
        f"best epoch {best_epoch:g}",
        (best_epoch, 1),
        xycoords=("data", "axes fraction"),
        xytext=(-5 if on_left else 5, 2),
        textcoords="offset points",
        ha="right" if on_left else "left",
        va="bottom",
        color=MUTED,
        fontsize=9,
    )


def _alt(
    series: Mapping[str, np.ndarray],
    along: np.ndarray,
    best_epoch: float | None,
    subject: str,
    logarithmic: bool,
) -> str:
    parts = []
    for name, values in series.items():
        known = values[np.isfinite(values)]
        if known.size:
            parts.append(f"{name} from {known[0]:.4g} to {known[-1]:.4g}")
    text = f"{subject} over {len(along)} epochs: {'; '.join(parts) or 'no values'}."
    if best_epoch is not None:
        text += f" Best epoch {best_epoch:g}."
    return text + (" Logarithmic scale." if logarithmic else "")
