"""What each layer does, epoch by epoch: gradients, updates, dead and saturated units."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from chainrule.errors import InvalidInputError
from chainrule.reports.figures.axes import log_scale, small_panels, wants_log
from chainrule.reports.figures.style import look, styled, titled

__all__ = ["QUANTITIES", "layer_diagnosis"]

QUANTITIES = {
    "gradient_norm": "gradient norm",
    "update_ratio": "update-to-weight ratio",
    "dead_share": "dead units",
    "saturated_share": "saturated units",
    "activation_mean": "activation mean",
    "activation_std": "activation spread (SD)",
}
"""What is known by name, and its heading."""


@styled
def layer_diagnosis(
    rows: Mapping[str, Any],
    *,
    epochs: Sequence[float] | np.ndarray | None = None,
    layers: Sequence[str] | None = None,
    title: str = "",
) -> Figure:
    """Quantities of each layer over the epochs, a panel each.

    A layer's line carries the layer's number as its mark, so that layers can be told apart without
    colour. A quantity whose name ends in ``_share`` is drawn in per cent. The others have a
    logarithmic axis where all their values are positive and span more than a factor of 20.

    Parameters
    ----------
    rows : mapping of names to (epochs, layers) arrays
        ``gradient_norm``, ``update_ratio``, ``dead_share``, ``saturated_share``,
        ``activation_mean``, ``activation_std``, or others, which are headed by their own name.
        A value that is None or not finite leaves a gap; a layer without any value has no line.
    epochs : (epochs,) sequence, optional
        1, 2, ... if not given.
    layers : sequence of str, optional
        Names for the legend, beside the numbers.
    title : str
        Whose layers these are.

    Returns
    -------
    matplotlib.figure.Figure
        Half the page's width for a single quantity, all of it for more.

    Raises
    ------
    InvalidInputError
        An array is not of shape (epochs, layers).
    """
    tables = {name: _table(name, values) for name, values in rows.items()}
    depth = max((table.shape[1] for table in tables.values()), default=0)
    headings = [QUANTITIES.get(name, name.replace("_", " ")) for name in tables]
    subject = ", ".join(headings) if len(headings) == 1 else "layer by layer"
    subject = f"{title}: {subject}" if title else subject[:1].upper() + subject[1:]
    figure, cells = small_panels(len(tables), 2.7, title=subject, grid="y")
    for axes, heading, (name, table) in zip(cells, headings, tables.items(), strict=True):
        along = np.arange(1, len(table) + 1) if epochs is None else np.asarray(epochs, dtype=float)
        _lines(axes, along, table, layers)
        _scales(axes, name, table)
        if len(tables) > 1:
            axes.set_title(heading, size=10, weight="normal", loc="left")
    _legend(figure, cells, depth)
    return titled(figure, _alt(subject, tables))


def _table(name: str, values: Any) -> np.ndarray:
    found = np.array(values, dtype=float)
    if found.ndim != 2:
        raise InvalidInputError(
            f"Required an array of shape (epochs, layers) for {name!r}, came one of shape "
            f"{found.shape}. Pass a row an epoch, with a value a layer."
        )
    return np.where(np.isfinite(found), found, np.nan)


def _lines(axes: Axes, along: np.ndarray, table: np.ndarray, layers: Any) -> None:
    length, depth = table.shape
    every = max(1, length // 5)
    for k in range(depth):
        if not np.isfinite(table[:, k]).any():
            continue
        style = look(k)
        axes.plot(
            along,
            table[:, k],
            color=style.colour,
            linestyle=style.line,
            linewidth=1.4,
            marker=f"${k + 1}$",
            markersize=7 if k < 9 else 9,
            # Marks of neighbours stand beside each other, not on top.
            markevery=(min(k * every // max(depth, 1), length - 1), every),
            label=layers[k] if layers else f"layer {k + 1}",
        )


def _scales(axes: Axes, name: str, table: np.ndarray) -> None:
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if name.endswith("_share"):
        axes.set_ylim(-0.03, 1.03)
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    elif wants_log(table):
        log_scale(axes)


def _legend(figure: Figure, cells: Sequence[Axes], depth: int) -> None:
    """One for all panels: each layer once, in order."""
    found: dict[str, Any] = {}
    for axes in cells:
        handles, labels = axes.get_legend_handles_labels()
        for label, handle in zip(labels, handles, strict=True):
            found.setdefault(label, handle)
    columns = max(1, min(4 if len(cells) == 1 else 8, depth))
    if found:
        place: Any = "outside lower center"
        figure.legend(list(found.values()), list(found), loc=place, ncols=columns, fontsize=9)


def _alt(subject: str, tables: Mapping[str, np.ndarray]) -> str:
    epochs = max((len(table) for table in tables.values()), default=0)
    told = []
    for name, table in tables.items():
        heading = QUANTITIES.get(name, name.replace("_", " "))
        ends = [
            f"layer {k + 1} from {known[0]:.3g} to {known[-1]:.3g}"
            for k in range(table.shape[1])
            if (known := table[np.isfinite(table[:, k]), k]).size
        ]
        told.append(f"{heading}: {', '.join(ends) or 'no values'}")
    return f"{subject} over {epochs} epoch{'' if epochs == 1 else 's'}. {'; '.join(told)}."
