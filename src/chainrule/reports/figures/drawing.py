"""A drawing of a network: its layers, their units, and how many parameters lie between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from chainrule.errors import InvalidInputError
from chainrule.reports.figures.axes import FULL, HALF, panel
from chainrule.reports.figures.style import LOOKS, MUTED, SURFACE, styled, titled
from chainrule.reports.numbers import count, several

__all__ = ["network_drawing"]

# A layer of more units than this shows its first and its last five, and dots between them.
UNITS = 12
ENDS = 5
# A deeper network shows its first and its last layers, and dots between them.
LAYERS = 10


@dataclass(frozen=True)
class Column:
    """One layer, and where its units are drawn."""

    number: int  # 0 is the input
    units: int
    heights: tuple[float, ...]
    dots: bool


@styled
def network_drawing(
    sizes: Sequence[int],
    activations: Sequence[str] | None = None,
    *,
    title: str = "",
) -> Figure:
    """The layers as columns of units, with their sizes, activations and parameters.

    Of a layer with more than 12 units ten are drawn, with dots for the rest; of a network with more
    than 10 columns the first five and the last five.

    Parameters
    ----------
    sizes : sequence of int
        The number of inputs, the units of each hidden layer, and the number of outputs.
    activations : sequence of str, optional
        One a layer: ``len(sizes) - 1`` of them.
    title : str
        Which network this is.

    Returns
    -------
    matplotlib.figure.Figure
        A circle a drawn unit; half the page's width for up to five columns, all of it for more.

    Raises
    ------
    InvalidInputError
        There are fewer than two sizes, one is below 1, or the activations are of another number.
    """
    _check(sizes, activations)
    parameters = [(a + 1) * b for a, b in pairwise(sizes)]
    shown = _shown(len(sizes))
    tallest = max(_span(sizes[number]) for number in shown)
    columns = [_column(number, sizes[number], tallest) for number in shown]
    total = f"{count(sum(parameters))} parameters"
    width = HALF if len(columns) <= 5 else FULL
    figure, axes = panel(
        1.5 + 0.2 * tallest, title=f"{title}: {total}" if title else total, width=width
    )
    places = _places(shown)
    for at, column in zip(places, columns, strict=True):
        _units(axes, at, column)
        _words(axes, at, tallest, column, len(sizes) - 1, activations)
    for (left, before), (right, after) in pairwise(zip(places, columns, strict=True)):
        if after.number == before.number + 1:
            _weights(axes, left, before, right, after)
            where = ((left + right) / 2, tallest + 3.2)
            said = count(parameters[before.number])
            axes.text(*where, said, ha="center", va="center", fontsize=8.5)
        else:
            _skipped(axes, (left + right) / 2, tallest / 2, after.number - before.number - 1)
    axes.set_xlim(-0.55, places[-1] + 0.55)
    axes.set_ylim(tallest + 3.7, -0.6)
    axes.set_xticks([])
    axes.set_yticks([])
    return titled(figure, _alt(sizes, activations, parameters, title))


def _check(sizes: Sequence[int], activations: Sequence[str] | None) -> None:
    if len(sizes) < 2 or min(sizes) < 1:
        raise InvalidInputError(
            "Required the number of inputs, the units of each hidden layer and the number of "
            f"outputs, all at least 1; came {list(sizes)}. Pass for example (784, 100, 10)."
        )
    if activations is not None and len(activations) != len(sizes) - 1:
        raise InvalidInputError(
            f"Required one activation a layer, {len(sizes) - 1} for the sizes {list(sizes)}; came "
            f"{len(activations)}. The input has none; the output may be 'identity'."
        )


def _shown(length: int) -> list[int]:
    if length <= LAYERS:
        return list(range(length))
    return [*range(LAYERS // 2), *range(length - LAYERS // 2, length)]


def _places(shown: Sequence[int]) -> list[float]:
    """Where the columns stand: a distance of 1, and 1.6 where layers are left out."""
    places = [0.0]
    for before, after in pairwise(shown):
        places.append(places[-1] + (1.0 if after == before + 1 else 1.6))
    return places


def _span(units: int) -> float:
    """How high a column is, in distances between units; the dots take two."""
    return units - 1.0 if units <= UNITS else 2 * ENDS + 1.0


def _column(number: int, units: int, tallest: float) -> Column:
    steps = np.arange(units if units <= UNITS else 2 * ENDS, dtype=float)
    if units > UNITS:
        steps[ENDS:] += 2
    heights = steps + (tallest - _span(units)) / 2
    return Column(number, units, tuple(heights.tolist()), units > UNITS)


def _units(axes: Axes, at: float, column: Column) -> None:
    offsets = [(at, height) for height in column.heights]
    circles = EllipseCollection(
        [9.0] * len(offsets),
        [9.0] * len(offsets),
        [0.0] * len(offsets),
        units="points",
        offsets=offsets,
        offset_transform=axes.transData,
        facecolors=SURFACE if column.number == 0 else LOOKS[0].colour,
        edgecolors=LOOKS[0].colour,
        linewidths=1.4,
        zorder=3,
        label=f"units of layer {column.number}",
    )
    axes.add_collection(circles)
    if column.dots:
        middle = (column.heights[0] + column.heights[-1]) / 2
        for down in (-0.5, 0.0, 0.5):
            axes.plot([at], [middle + down], "o", color=MUTED, markersize=2, zorder=3)


def _words(
    axes: Axes,
    at: float,
    foot: float,
    column: Column,
    last: int,
    activations: Sequence[str] | None,
) -> None:
    kinds = {0: "input", last: "output"}
    kind = kinds.get(column.number, f"layer {column.number}")
    style: Any = {"ha": "center", "va": "center"}
    axes.text(at, foot + 0.85, count(column.units), weight="bold", **style)
    axes.text(at, foot + 1.65, kind, fontsize=9, color=MUTED, **style)
    if activations is not None and column.number:
        axes.text(at, foot + 2.4, activations[column.number - 1], fontsize=9, **style)


def _weights(axes: Axes, left: float, before: Column, right: float, after: Column) -> None:
    """All lines between two columns, as one path."""
    ends = [((left, y), (right, z)) for y in before.heights for z in after.heights]
    codes = [Path.MOVETO, Path.LINETO] * len(ends)
    path = Path(np.array(ends).reshape(-1, 2), codes)
    axes.add_patch(PathPatch(path, facecolor="none", edgecolor=MUTED, linewidth=0.5, alpha=0.4))


def _skipped(axes: Axes, at: float, middle: float, layers: int) -> None:
    axes.text(at, middle, "···", ha="center", va="center", fontsize=14, color=MUTED)
    noun = "layer" if layers == 1 else "layers"
    where = (at, middle + 1.3)
    axes.text(*where, f"{layers} more\n{noun}", ha="center", va="center", fontsize=8.5)


def _alt(
    sizes: Sequence[int],
    activations: Sequence[str] | None,
    parameters: Sequence[int],
    title: str,
) -> str:
    def told(number: int) -> str:
        function = f" ({activations[number - 1]})" if activations is not None else ""
        return f"{count(sizes[number])}{function}"

    hidden = _runs([told(number) for number in range(1, len(sizes) - 1)])
    layers = "a hidden layer" if len(sizes) == 3 else "hidden layers"
    units = "unit" if len(sizes) == 3 and sizes[1] == 1 else "units"
    inside = f"{layers} of {hidden} {units}" if hidden else "no hidden layer"
    listed = _runs([count(each) for each in parameters])
    outputs = f"{told(len(sizes) - 1)} output{'' if sizes[-1] == 1 else 's'}"
    return (
        f"{title or 'A network'}: {several(sizes[0], 'input')}, {inside}, {outputs}; "
        f"{several(sum(parameters), 'parameter')}, by layer {listed}."
    )


def _runs(words: Sequence[str]) -> str:
    """The words in a line, equal neighbours multiplied out: ``2×100, 50``."""
    runs = [(word, len(list(group))) for word, group in groupby(words)]
    return ", ".join(word if times == 1 else f"{times}×{word}" for word, times in runs)
