"""How a layer's activations are spread."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from chainrule.reports.figures.axes import small_panels
from chainrule.reports.figures.style import INK, LOOKS, MUTED, styled, titled
from chainrule.reports.numbers import count

__all__ = ["Histogram", "activation_histograms", "draw_histograms", "histogram"]

BINS = 40
LAYERS = 12  # more are not drawn
TAIL = 0.001  # the share of values at either end that may fall outside the bins


@dataclass(frozen=True)
class Histogram:
    """One layer's values, counted. Zeros have no bin: a ReLU makes so many that nothing else could
    be seen beside them."""

    edges: tuple[float, ...]  # one more than counts
    counts: tuple[int, ...]
    total: int  # all finite values, zeros and those outside the bins included
    zeros: int
    not_finite: int
    mean: float
    std: float


def histogram(values: Any, bins: int = BINS) -> Histogram:
    """Counts an array of activations of any shape."""
    found = np.asarray(values, dtype=float).ravel()
    known = found[np.isfinite(found)]
    others = known[known != 0]
    # A handful of extreme values would leave the rest a single bar.
    low, high = 0.0, 1.0
    if others.size:
        low = float(np.quantile(others, TAIL, method="lower"))
        high = float(np.quantile(others, 1 - TAIL, method="higher"))
    low, high = (low, high) if low < high else (low - 0.5, high + 0.5)
    counts, edges = np.histogram(others, bins=bins, range=(low, high))
    mean = std = float("nan")
    if known.size:
        # scaled by a power of 2, which rounds nothing, for squares that would overflow
        power = int(np.frexp(np.abs(known).max())[1])
        scaled = np.ldexp(known, -power)
        mean, std = (float(np.ldexp(each, power)) for each in (scaled.mean(), scaled.std()))
    return Histogram(
        edges=tuple(edges.tolist()),
        counts=tuple(counts.tolist()),
        total=int(known.size),
        zeros=int(known.size - others.size),
        not_finite=int(found.size - known.size),
        mean=mean,
        std=std,
    )


def activation_histograms(
    activations: Mapping[str, Any] | Sequence[Any], *, bins: int = BINS, title: str = ""
) -> Figure:
    """A histogram of each layer's activations, with their mean, spread and share of zeros.

    Parameters
    ----------
    activations : mapping of names to arrays, or sequence of arrays
        One array a layer, of any shape; layers without names are numbered from 1.
    bins : int
        Bars in each histogram. Zeros are counted in words and not in a bar; the outermost 0.1 % of
        values at either end have no bar either.
    title : str
        Whose activations these are.

    Returns
    -------
    matplotlib.figure.Figure
        One panel a layer; of more than 12 layers, 12 at equal distances from the first to the last.
    """
    named = activations if isinstance(activations, Mapping) else _numbered(activations)
    return draw_histograms({n: histogram(each, bins) for n, each in named.items()}, title=title)


def _numbered(activations: Sequence[Any]) -> dict[str, Any]:
    return {f"layer {number}": each for number, each in enumerate(activations, 1)}


@styled
def draw_histograms(layers: Mapping[str, Histogram], *, title: str = "") -> Figure:
    """`activation_histograms` of what was counted before."""
    names = list(layers)
    if len(names) > LAYERS:
        chosen = np.linspace(0, len(names) - 1, LAYERS).round().astype(int)
        names = [names[each] for each in chosen]
    some = f" ({len(names)} of {len(layers)} layers)" if len(names) < len(layers) else ""
    subject = f"{title}: activations{some}" if title else f"Activations{some}"
    figure, cells = small_panels(len(names), 1.75, title=subject)
    for axes, name in zip(cells, names, strict=True):
        _draw(axes, layers[name])
        axes.set_title(name, size=10, loc="left", pad=14)
    return titled(figure, _alt(subject, {name: layers[name] for name in names}))


def _draw(axes: Axes, found: Histogram) -> None:
    edges = np.array(found.edges)
    shares = np.array(found.counts) / max(found.total, 1)
    axes.bar(edges[:-1], shares, np.diff(edges), align="edge", color=LOOKS[0].colour, linewidth=0)
    if edges[0] <= 0 <= edges[-1]:
        axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.spines["bottom"].set_visible(True)
    axes.text(0, 1.03, _words(found), transform=axes.transAxes, fontsize=8, color=MUTED)


def _words(found: Histogram) -> str:
    if not found.total:
        return "no finite value"
    words = [f"mean {found.mean:.3g}, SD {found.std:.3g}"]
    if found.zeros:
        words.append(f"{100 * found.zeros / found.total:.3g} % are 0")
    if found.not_finite:
        words.append(f"{count(found.not_finite)} not finite")
    return "; ".join(words)


def _alt(subject: str, layers: Mapping[str, Histogram]) -> str:
    told = "; ".join(f"{name}: {_words(each)}" for name, each in layers.items())
    return f"{subject}, a histogram a layer. {told[:1].upper()}{told[1:]}."
