"""How much of the variance each principal component holds."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from chainrule.reports.figures.axes import log_scale, stack, wants_log
from chainrule.reports.figures.style import LOOKS, MUTED, styled, titled
from chainrule.reports.numbers import count

__all__ = ["pca_spectrum"]

FLOOR = 1e-6  # the smallest share on a logarithmic axis


@styled
def pca_spectrum(
    ratios: Sequence[float] | np.ndarray, *, chosen: int | None = None, title: str = ""
) -> Figure:
    """The share of variance that the components explain: together (above) and each (below).

    Parameters
    ----------
    ratios : (components,) sequence of float
        The share of all variance that each component explains, the largest first.
    chosen : int, optional
        How many components were kept: marked, with the share that they explain together.
    title : str
        Of which data.

    Returns
    -------
    matplotlib.figure.Figure
        Two axes: the cumulative share, and the share of each component (logarithmic where the
        positive ones span more than a factor of 20).
    """
    shares = np.asarray(ratios, dtype=float)
    together = np.cumsum(shares)
    along = np.arange(1, len(shares) + 1)
    subject = f"{title}: variance explained" if title else "Variance explained"
    figure, (upper, lower) = stack((1.25, 1), 4.2, title=subject, grid="y")
    line: Any = {"color": LOOKS[0].colour, "marker": "o" if len(shares) <= 30 else ""}
    upper.plot(along, together, markersize=4, **line)
    upper.set_ylim(0, 1.04)
    upper.set_ylabel("together", color=MUTED)
    # Components without variance (constant pixels) have no place on a logarithmic axis.
    each = np.where(shares > 0, shares, np.nan)
    lower.plot(along, each, markersize=4, **line)
    if wants_log(each):
        log_scale(lower)
        # What is smaller counts for nothing, and would press the rest flat.
        lower.set_ylim(bottom=max(np.nanmin(each), FLOOR) / 1.5)
    else:
        lower.set_ylim(bottom=0)
    lower.set_ylabel("each", color=MUTED)
    lower.set_xlabel("component")
    lower.xaxis.set_major_locator(MaxNLocator(integer=True))
    if chosen is not None and 1 <= chosen <= len(shares):
        _mark(upper, lower, chosen, float(together[chosen - 1]))
    return titled(figure, _alt(subject, shares, together, chosen))


def _mark(upper: Axes, lower: Axes, chosen: int, share: float) -> None:
    across: Any = {"color": LOOKS[4].colour, "linewidth": 1.2, "linestyle": "--"}
    for axes in (upper, lower):
        axes.axvline(chosen, **across)
    upper.plot([chosen], [share], "D", color=LOOKS[4].colour, markersize=6)
    left, right = upper.get_xlim()
    on_left = chosen > (left + right) / 2
    upper.annotate(
        f"{count(chosen)} kept: {100 * share:.1f} %",
        # Half way up: the curve, which only bends down, is above on either side.
        (chosen, share / 2),
        xytext=(-6 if on_left else 6, 0),
        textcoords="offset points",
        ha="right" if on_left else "left",
        fontsize=9,
    )


def _alt(subject: str, shares: np.ndarray, together: np.ndarray, chosen: int | None) -> str:
    text = f"{subject} by {count(len(shares))} principal components"
    if not shares.size:
        return text + "."
    text += f": the first explains {100 * shares[0]:.1f} %"
    for share in (0.9, 0.95, 0.99):
        if together[-1] >= share - 1e-9:
            # Sums of shares miss round numbers by their last bits.
            needed = int(np.argmax(together >= share - 1e-9)) + 1
            text += f"; {100 * share:.0f} % take {count(needed)}"
    if chosen is not None and 1 <= chosen <= len(shares):
        text += f". Kept: {count(chosen)}, which explain {100 * together[chosen - 1]:.1f} %"
    return text + "."
