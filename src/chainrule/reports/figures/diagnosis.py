"""What each layer does, epoch by epoch: gradients, updates, dead and saturated units."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.path import Path
from matplotlib.textpath import TextPath
from matplotlib.ticker import MaxNLocator, PercentFormatter

from chainrule.errors import InvalidInputError
from chainrule.reports.figures.axes import drawable, log_scale, small_panels, wants_log
from chainrule.reports.figures.style import INK, MUTED, SURFACE, look, styled, titled

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

# With more layers there is no legend: the lines carry their numbers.
NAMED = 12
# Of more layers than this, the text alternative tells the first and the last.
TOLD = 8


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
        A value that is None or not finite leaves a gap. A layer without any value has no line, and
        a quantity without any has no panel.
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
    tables = {name: each for name, each in tables.items() if np.isfinite(each).any()}
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
    if cells:
        _legend(figure, cells, depth)
    else:
        figure.supxlabel("nothing was measured", color=MUTED, fontsize=9)
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
    every = max(1, length // 4)
    for k in range(depth):
        values = drawable(table[:, k])
        if not np.isfinite(values).any():
            continue
        style = look(k)
        name = layers[k] if layers else f"layer {k + 1}"
        axes.plot(
            along, values, color=style.colour, linestyle=style.line, linewidth=1.4, label=name
        )
        # Marks of neighbours stand beside each other, not on top.
        at = slice(k * every // depth, None, every)
        disc: Any = {"marker": "o", "markersize": 8.5, "markerfacecolor": SURFACE}
        number: Any = {"marker": _digits(k + 1), "markersize": 5 if k < 9 else 6.5}
        bare_line: Any = {"linestyle": "none", "zorder": 3}
        axes.plot(along[at], values[at], color=style.colour, **disc, **bare_line)
        axes.plot(along[at], values[at], color=INK, markeredgewidth=0, **number, **bare_line)


def _digits(number: int) -> Path:
    """A number as a mark, its middle at the origin."""
    drawn = TextPath((0, 0), str(number), size=10)
    box = drawn.get_extents()
    middle = [(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2]
    return Path(drawn.vertices - middle, drawn.codes)


def _scales(axes: Axes, name: str, table: np.ndarray) -> None:
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if name.endswith("_share"):
        axes.set_ylim(-0.03, 1.03)
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    elif wants_log(table):
        log_scale(axes)


def _legend(figure: Figure, cells: Sequence[Axes], depth: int) -> None:
    """One for all panels: each layer once, in order, its line with its number on top."""
    found: dict[str, Any] = {}
    for axes in cells:
        lines = axes.get_lines()
        for line, disc, number in zip(lines[::3], lines[1::3], lines[2::3], strict=True):
            found.setdefault(str(line.get_label()), (line, disc, number))
    columns = max(1, min(4 if len(cells) == 1 else 8, depth))
    if len(found) > NAMED:
        figure.supxlabel("the numbers are those of the layers", color=MUTED, fontsize=9)
    elif found:
        place: Any = "outside lower center"
        figure.legend(list(found.values()), list(found), loc=place, ncols=columns, fontsize=9)


def _alt(subject: str, tables: Mapping[str, np.ndarray]) -> str:
    if not tables:
        return f"{subject}: nothing was measured."
    epochs = max(len(table) for table in tables.values())
    told = []
    for name, table in tables.items():
        heading = QUANTITIES.get(name, name.replace("_", " "))
        ends = [
            f"layer {k + 1} from {known[0]:.3g} to {known[-1]:.3g}"
            for k in range(table.shape[1])
            if (known := table[np.isfinite(table[:, k]), k]).size
        ]
        if len(ends) > TOLD:
            ends = [ends[0], f"... and {ends[-1]}"]
        told.append(f"{heading}: {', '.join(ends)}")
    return f"{subject} over {epochs} epoch{'' if epochs == 1 else 's'}. {'; '.join(told)}."
