"""The studies as figures: readable in print, in grey and for the colour-blind.

The colours are Okabe and Ito's; a line never rests on its colour alone, it has a style and a marker
of its own, and its name at its side. matplotlib is imported where something is drawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.worked.studies.curves import Curve, Curves
from chainrule.worked.studies.first_order import FirstOrder

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["curves_figure", "first_order_figure"]

INK, MUTED, GRID = "#1d2129", "#5b6470", "#dce0e5"
TOP = 20.0
"""A loss above it asks for a logarithmic axis."""


@dataclass(frozen=True)
class Look:
    """What tells one line from another."""

    colour: str
    marker: str
    line: Any


LOOKS = (
    Look("#0072b2", "o", "-"),
    Look("#d55e00", "s", "--"),
    Look("#009e73", "^", "-."),
    Look("#cc79a7", "D", (0, (5, 1, 1, 1))),
    Look("#e69f00", "v", (0, (3, 1))),
    Look("#56b4e9", "P", (0, (1, 1))),
)
OURS = {
    "axes.axisbelow": True,
    "axes.edgecolor": MUTED,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 10,
    "grid.color": GRID,
    "legend.frameon": False,
    "legend.handlelength": 3.2,
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
}


def curves_figure(found: Curves) -> "Figure":
    """All curves on one pair of axes, with their verdicts.

    The loss that a network is trained on is a thick line; the double sigmoid of the same network is
    a thin one in its colour, with open markers, and a grey line shows what it cannot fall below.
    Epochs are on a logarithmic axis, so that the first ones can be told apart; losses too where
    they pass ``TOP``. The figure's label is its text alternative.

    Examples
    --------
    >>> from chainrule.worked.studies.curves import curves
    >>> figure = curves_figure(curves("E-2.4", double=False))
    >>> figure.axes[0].get_xlabel()
    'epoch (at its start)'
    """
    with _drawing():
        figure, axes = _panel(9.0, 6.2, found.title)
        for curve in found.curves:
            _line(axes, curve, _look(found, curve))
        _floors(axes, found)
        axes.set_xscale("log")
        _plain_log(axes.xaxis)
        _scale_losses(axes, found)
        axes.set_xlabel("epoch (at its start)")
        axes.set_ylabel("loss")
        figure.legend(loc="outside lower center", ncols=2 if len(found) > 1 else 1, fontsize=9)
        figure.set_label(f"{found.title}: the loss over the epochs. " + " ".join(found.says))
        figure.draw_without_rendering()
    return figure


def first_order_figure(found: FirstOrder) -> "Figure":
    """For each network, the loss after a step (solid) and what the gradient promises (dashed), over
    the rate.

    Examples
    --------
    >>> from chainrule.worked.studies.first_order import first_order
    >>> len(first_order_figure(first_order("E-2.4")).axes[0].lines)
    5
    """
    with _drawing():
        figure, axes = _panel(7.0, 4.4, f"{found.title}: the first step")
        every = max(1, max(len(start.rates) for start in found.starts) // 8)
        for number, start in enumerate(found.starts):
            look = LOOKS[number % len(LOOKS)]
            shared: dict[str, Any] = {
                "color": look.colour, "marker": look.marker, "markevery": every, "markersize": 5,
            }  # fmt: skip
            axes.plot(start.rates, start.losses, "-", label=f"{start.name}: the loss", **shared)
            axes.plot(
                start.rates, start.promised, "--", markerfacecolor="white",
                label=f"{start.name}: L - η|g|²", **shared,
            )  # fmt: skip
        axes.axhline(0, color=MUTED, linewidth=1)
        axes.set_xscale("log")
        _plain_log(axes.xaxis)
        axes.set_ylim(*_window(found))
        axes.set_xlabel("learning rate η")
        axes.set_ylabel("loss after one step")
        figure.legend(loc="outside lower center", ncols=2, fontsize=9)
        figure.set_label(f"{found.title}: promise and loss of one step. " + " ".join(found.says))
        figure.draw_without_rendering()
    return figure


def _drawing() -> Any:
    """Matplotlib's own defaults with ours on top, for as long as something is drawn."""
    import matplotlib as mpl

    settings: dict[Any, Any] = dict(mpl.rcParamsDefault)
    settings.pop("backend", None)  # choosing one would import pyplot
    return mpl.rc_context(settings | OURS)


def _panel(width: float, height: float, title: str) -> "tuple[Figure, Axes]":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", weight="bold", size=11)
    return figure, figure.add_subplot()


def _scale_losses(axes: "Axes", found: Curves) -> None:
    """From 0, so that heights compare; logarithmic where one curve would press the others flat."""
    losses = np.concatenate([curve.losses for curve in found.curves])
    if losses[np.isfinite(losses)].max(initial=0.0) > TOP:
        axes.set_yscale("log")
        _plain_log(axes.yaxis)
    else:
        axes.set_ylim(bottom=0)


def _floors(axes: "Axes", found: Curves) -> None:
    """What the double sigmoid gives if every output is right."""
    floors = [curve.floor for curve in found.curves if curve.floor is not None]
    for floor in sorted(set(floors)):
        axes.axhline(floor, color=MUTED, linewidth=1)
        axes.annotate(
            f"no double sigmoid below {floor:.3f}", (0, floor),
            xycoords=("axes fraction", "data"), xytext=(4, -3), textcoords="offset points",
            va="top", color=MUTED, fontsize=9,
        )  # fmt: skip


def _look(found: Curves, curve: Curve) -> Look:
    """A double sigmoid looks as the right curve of its network does."""
    names = [one.name for one in found.curves if not one.double]
    own = [i for i, name in enumerate(names) if curve.name.startswith(f"{name} ")]
    number = names.index(curve.name) if curve.name in names else own[0] if own else len(names)
    return LOOKS[number % len(LOOKS)]


def _line(axes: "Axes", curve: Curve, look: Look) -> None:
    losses = np.where(np.isfinite(curve.losses), curve.losses, np.nan)
    axes.plot(
        np.arange(1, len(losses) + 1),
        losses,
        color=look.colour,
        linestyle=look.line,
        linewidth=1.0 if curve.double else 2.0,
        marker=look.marker,
        markerfacecolor="white" if curve.double else look.colour,
        markersize=4 if curve.double else 6,
        markevery=_spread(len(losses)),
        label=f"{curve.name}: {curve.verdict}",
    )


def _spread(count: int) -> list[int]:
    """Places for markers at equal distances on a logarithmic axis."""
    return sorted({round(x) - 1 for x in np.geomspace(1, count, min(12, count))})


def _plain_log(axis: Any) -> None:
    """0.01, 0.1, 1 in place of powers of ten."""
    from matplotlib.ticker import FuncFormatter, NullLocator

    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())


def _window(found: FirstOrder) -> tuple[float, float]:
    """The losses, and as much of the promise below 0 as leaves them readable."""
    losses: Sequence[float] = [
        x for start in found.starts for x in (start.loss, *start.losses) if np.isfinite(x)
    ]
    top = min(max(losses), 4 * max(start.loss for start in found.starts))
    return -0.35 * top, 1.1 * top
