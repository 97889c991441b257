"""The distance between what a model scores on data it has seen and on data it has not."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from chainrule.reports.figures.axes import panel
from chainrule.reports.figures.style import INK, LOOKS, MUTED, SURFACE, styled, titled

__all__ = ["train_test_gap"]


@styled
def train_test_gap(
    scores: Mapping[str, tuple[float, float]], *, quantity: str = "accuracy", title: str = ""
) -> Figure:
    """One row a model: hollow mark on the training part, full mark on the test part."""
    figure, axes = panel(1.2 + 0.5 * len(scores), title=title, grid="x")
    colour = LOOKS[0].colour
    for row, (train, test) in enumerate(scores.values()):
        axes.plot([test, train], [row, row], color=MUTED, linewidth=2.5, alpha=0.5, zorder=2)
        axes.annotate(
            f"{train - test:+.4f}",
            ((train + test) / 2, row),
            xytext=(0, 6),
            textcoords="offset points",
            ha="center",
            va="bottom",
            color=INK,
            fontsize=9,
        )
    rows = range(len(scores))
    trains, tests = [pair[0] for pair in scores.values()], [pair[1] for pair in scores.values()]
    full: Any = {
        "linestyle": "none",
        "color": colour,
        "markersize": 8,
        "clip_on": False,
        "zorder": 3,
    }
    axes.plot(tests, rows, marker="o", label="test", **full)
    axes.plot(trains, rows, marker="o", label="train", **full, markerfacecolor=SURFACE, mew=1.8)
    axes.set_yticks(rows, list(scores))
    axes.set_ylim(len(scores) - 0.5, -0.6)
    axes.set_xlabel(quantity)
    figure.legend(loc="outside lower center", ncols=2)
    widest = max(scores, key=lambda name: scores[name][0] - scores[name][1])
    train, test = scores[widest]
    alt = f"Train against test {quantity} of {len(scores)} models. The widest gap is that of "
    return titled(figure, f"{alt}{widest}: {train:.4f} on train, {test:.4f} on test.")
