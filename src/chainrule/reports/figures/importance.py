"""Which hyperparameters the scores depend on."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from chainrule.reports.figures.axes import panel
from chainrule.reports.figures.style import LOOKS, MUTED, styled, titled

__all__ = ["parameter_importance"]


@styled
def parameter_importance(
    shares: Mapping[str, float], *, title: str = "", source: str = "fANOVA"
) -> Figure:
    """The share of the scores' variance that each hyperparameter explains, the largest on top.

    Parameters
    ----------
    shares : mapping of names to float
        Between 0 and 1, as `chainrule.search.importances` finds them.
    title : str
        In which search.
    source : str
        How they were found.

    Returns
    -------
    matplotlib.figure.Figure
        Half the page's width.
    """
    ordered = sorted(shares.items(), key=lambda each: -each[1])
    subject = f"{title}: importance" if title else "Importance of hyperparameters"
    figure, axes = panel(1.1 + 0.36 * max(1, len(ordered)), title=subject, grid="x")
    rows = np.arange(len(ordered))
    values = np.array([share for _, share in ordered], dtype=float)
    bars: Any = {"color": LOOKS[0].colour, "height": 0.62, "alpha": 0.85}
    axes.barh(rows, values, **bars)
    most = float(values.max(initial=0)) or 1.0
    for row, value in enumerate(values):
        axes.text(value + 0.015 * most, row, _percent(value), va="center", fontsize=9)
    axes.set_yticks(rows, [name for name, _ in ordered])
    axes.set_ylim(max(1, len(ordered)) - 0.4, -0.6)
    axes.set_xlim(0, 1.12 * most)
    axes.set_xticks([])
    axes.set_xlabel(f"share of the scores' variance ({source})", color=MUTED)
    return titled(figure, _alt(subject, ordered))


def _percent(share: float) -> str:
    return "< 1 %" if 0 < share < 0.01 else f"{100 * share:.0f} %"


def _alt(subject: str, ordered: list[tuple[str, float]]) -> str:
    told = ", ".join(f"{name} {_percent(share)}" for name, share in ordered)
    return f"{subject}: {told or 'nothing was measured'}."
