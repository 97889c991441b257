"""The network as a drawing: where its circles and lines stand, how thick each line is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chainrule.equations.network import Layer
from chainrule.worked.names import SUBSCRIPTS, Name, parsed
from chainrule.worked.quantities import Trace
from chainrule.worked.render.numbers import exact

__all__ = ["Caption", "Drawing", "Edge", "Node", "drawing"]

Floats = npt.NDArray[np.float64]

RADIUS = 22
MOST_UNITS = 10
"""A layer of more units shows this many: those with the largest weights."""
NUMBERED = 5
"""Weights have numbers where two layers that follow each other have at most so many units."""
ACROSS, ACROSS_NUMBERED = 170, 240
LABEL_LINE = 15
THINNEST, THICKEST = 0.4, 5.0


@dataclass(frozen=True)
class Node:
    """A unit: its letter with what stands above and below, and its bias (or nothing)."""

    x: float
    y: float
    letter: str
    above: str
    below: str
    bias: str = ""


@dataclass(frozen=True)
class Edge:
    """A weight; ``label`` is its number, empty where there is no room for it."""

    x1: float
    y1: float
    x2: float
    y2: float
    width: float
    negative: bool
    label: str
    label_x: float
    label_y: float


@dataclass(frozen=True)
class Caption:
    x: float
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Drawing:
    width: float
    height: float
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    captions: tuple[Caption, ...]
    words: str
    """What it shows, for whom cannot see it."""


def drawing(trace: Trace) -> Drawing:
    """The network of the first step, with its weights."""
    layers = trace.example.layers()
    sizes = [layers[0].W.shape[0], *(layer.W.shape[1] for layer in layers)]
    chosen = [_chosen(layers, place, size) for place, size in enumerate(sizes)]
    most = max(len(units) for units in chosen)
    numbered = max(sizes) <= NUMBERED
    apart = 2 * RADIUS + (26 if max(sizes[1:]) <= MOST_UNITS else 14)  # room for the biases
    apart = max(apart, LABEL_LINE * (most + 1)) if numbered else apart
    across = ACROSS_NUMBERED if numbered else ACROSS
    height = most * apart + 16
    places = [
        [(70 + place * across, 8 + height / 2 + (k - (len(units) - 1) / 2) * apart)
         for k in range(len(units))]
        for place, units in enumerate(chosen)
    ]  # fmt: skip
    return Drawing(
        width=140 + across * (len(sizes) - 1),
        height=height + 56,
        nodes=tuple(
            node
            for place, units in enumerate(chosen)
            for node in _nodes(trace, layers, place, units, places[place])
        ),
        edges=tuple(
            edge
            for place, layer in enumerate(layers)
            for edge in _edges(
                layer, chosen[place : place + 2], places[place : place + 2], numbered
            )
        ),
        captions=tuple(
            Caption(places[place][0][0], _caption(trace, place, sizes[place], len(units)))
            for place, units in enumerate(chosen)
        ),
        words=_words(trace, layers, sizes),
    )


def _chosen(layers: Sequence[Layer], place: int, size: int) -> Sequence[int]:
    """Which units of a layer are drawn (0 is the inputs)."""
    if size <= MOST_UNITS:
        return range(size)
    strength = np.zeros(size)
    if place > 0:
        strength += np.square(layers[place - 1].W).sum(axis=0)
    if place < len(layers):
        strength += np.square(layers[place].W).sum(axis=1)
    return sorted(int(k) for k in np.argsort(-strength, kind="stable")[:MOST_UNITS])


def _nodes(
    trace: Trace,
    layers: Sequence[Layer],
    place: int,
    units: Sequence[int],
    places: Sequence[tuple[float, float]],
) -> list[Node]:
    names = trace.example.names
    name = parsed(f"A{place}" if place else "X", names)
    b = layers[place - 1].b if place else None
    few = all(len(layer.b) <= MOST_UNITS for layer in layers)
    return [
        Node(x, y, *_label(name, k + 1, names.style),
             bias=f"b = {exact(float(f'{b[k]:.3g}'))}" if b is not None and few else "")
        for k, (x, y) in zip(units, places, strict=True)
    ]  # fmt: skip


def _label(name: Name, unit: int, style: str) -> tuple[str, str, str]:
    """The letter, and what stands above and below it."""
    if style == "bracket":
        return name.letter, f"[{name.layer}]" if name.layer else "", str(unit)
    layer = name.layer.translate(SUBSCRIPTS) if style == "subscript" else name.layer
    return f"{name.letter}{layer}", "", str(unit)


def _edges(
    layer: Layer,
    chosen: Sequence[Sequence[int]],
    places: Sequence[Sequence[tuple[float, float]]],
    numbered: bool,
) -> list[Edge]:
    """The weights between two columns of circles. A number stands at that share of its line at
    which the numbers of all lines are equally far from each other."""
    strongest = float(np.abs(layer.W).max()) or 1.0
    share = 1 / (len(chosen[0]) + 1)
    found = []
    for j, (x2, y2) in zip(chosen[1], places[1], strict=True):
        for i, (x1, y1) in zip(chosen[0], places[0], strict=True):
            weight = float(layer.W[i, j])
            size = abs(weight) / strongest
            found.append(
                Edge(
                    x1=x1,
                    y1=y1,
                    x2=x2,
                    y2=y2,
                    width=round(THINNEST + (THICKEST - THINNEST) * size, 2) if weight else 0.0,
                    negative=weight < 0,
                    label=exact(float(f"{weight:.3g}")) if numbered else "",
                    label_x=round(share * x1 + (1 - share) * x2, 1),
                    label_y=round(share * y1 + (1 - share) * y2, 1),
                )
            )
    return sorted(found, key=lambda edge: edge.width)


def _caption(trace: Trace, place: int, size: int, drawn: int) -> tuple[str, ...]:
    what = f"layer {place}: {trace.example.activations[place - 1]}" if place else "inputs"
    return (what,) if drawn == size else (what, f"{drawn} of {size} units")


def _words(trace: Trace, layers: Sequence[Layer], sizes: Sequence[int]) -> str:
    parts = [f"{sizes[0]} inputs" if sizes[0] > 1 else "1 input"]
    for number, (name, layer) in enumerate(zip(trace.example.activations, layers, strict=True), 1):
        units = "unit" if len(layer.b) == 1 else "units"
        least, greatest = (exact(float(f"{x:.3g}")) for x in (layer.W.min(), layer.W.max()))
        weights = f"weights from {least} to {greatest}"
        parts.append(f"layer {number} of {len(layer.b)} {name} {units}, {weights}")
    return f"The network: {'; '.join(parts)}."
