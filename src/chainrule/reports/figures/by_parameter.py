"""A search, hyperparameter by hyperparameter."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from chainrule.errors import InvalidInputError
from chainrule.reports.figures.axes import small_panels
from chainrule.reports.figures.scales import Scale, cut, scales
from chainrule.reports.figures.style import INK, LOOKS, MUTED, styled, titled
from chainrule.reports.numbers import settings, several

__all__ = ["score_by_parameter"]

MARGIN = 0.12  # of the height, for those without a score


@styled
def score_by_parameter(
    parameters: Sequence[Mapping[str, Any]],
    scores: Sequence[float | None] | np.ndarray,
    *,
    log: Collection[str] | None = None,
    best: int | None = None,
    score: str = "score",
    title: str = "",
) -> Figure:
    """Every candidate's score against each hyperparameter that varies, a panel each.

    A dot is a candidate; a ring marks the best; a cross at the foot is one that diverged.

    Parameters
    ----------
    parameters : (n,) sequence of mappings
        The candidates' hyperparameters, as ``cv_results_["params"]``.
    scores : (n,) sequence
        Their scores, the higher the better. None or not a number: it diverged.
    log : collection of str, optional
        The names whose axis is logarithmic, as `Space.log` of a search; unless told, it is where
        all numbers are positive and span more than a factor of 20.
    best : int, optional
        The candidate that was chosen; unless told, the first with the highest score.
    score, title : str
        What was measured, and in which search.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InvalidInputError
        The two have not the same length.
    """
    values = numbers(parameters, scores)
    found = scales(parameters, log)
    if best is None and np.isfinite(values).any():
        best = int(np.nanargmax(values))
    subject = f"{title}: {score}" if title else score[:1].upper() + score[1:]
    columns = min(3, max(1, len(found)))
    figure, cells = small_panels(len(found), 2.3, title=subject, columns=columns)
    limits = _limits(values)
    for place, (axes, (name, scale)) in enumerate(zip(cells, found.items(), strict=False)):
        _draw(axes, name, scale, parameters, values, best)
        axes.set_ylim(*limits)
        axes.grid(True, axis="y")
        axes.tick_params(axis="y", labelleft=place % columns == 0)
    if not found:
        figure.supxlabel("no hyperparameter varies", color=MUTED, fontsize=9)
    _note(figure, values)
    return titled(figure, _alt(subject, parameters, values, best))


def numbers(parameters: Sequence[Any], scores: Any) -> np.ndarray:
    """Scores as numbers, not a number for those without."""
    values = np.array([np.nan if each is None else each for each in scores], dtype=float)
    if len(values) != len(parameters):
        raise InvalidInputError(
            f"A score for each candidate is required, came {len(parameters)} candidates and "
            f"{len(values)} scores."
        )
    return np.where(np.isfinite(values), values, np.nan)


def _limits(values: np.ndarray) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    if not known.size:
        return 0.0, 1.0
    floor = cut(values)
    low, high = float(known.min()) if floor is None else floor, float(known.max())
    room = (high - low) or max(abs(high), 1.0) * 0.1
    return low - MARGIN * room, high + MARGIN * room


def _draw(
    axes: Axes,
    name: str,
    scale: Scale,
    parameters: Sequence[Mapping[str, Any]],
    values: np.ndarray,
    best: int | None,
) -> None:
    having = [k for k, each in enumerate(parameters) if name in each]
    places = scale.places([parameters[k][name] for k in having])
    if not scale.continuous:
        places = places + _aside(having, len(scale.kinds))
    here = values[having]
    dots: Any = {"linestyle": "none", "alpha": 0.7, "markeredgewidth": 0}
    axes.plot(places, here, "o", color=LOOKS[0].colour, markersize=5, **dots)
    lost = places[np.isnan(here)]
    if lost.size:
        foot: Any = {"transform": axes.get_xaxis_transform(), "clip_on": False}
        cross: Any = {"color": LOOKS[4].colour, "markersize": 5.5, "mew": 1.3, "linestyle": "none"}
        axes.plot(lost, np.full(len(lost), 0.02), "x", **cross, **foot)
    if best in having:
        at = having.index(best)
        axes.plot(places[at], here[at], "o", color=INK, markersize=12, mfc="none", mew=1.4)
    axes.set_xlim(-0.08, 1.08)
    axes.set_xticks(*scale.ticks())
    crowded = sum(len(label) for label in scale.ticks()[1]) > 26
    axes.tick_params(axis="x", labelsize=7.5 if crowded else 9)
    axes.set_xlabel(name)


def _aside(numbers: Sequence[int], kinds: int) -> np.ndarray:
    """A small step to the side, another for each candidate, so that dots of one value do not lie
    on each other; the golden section spreads any run of numbers evenly."""
    golden = (5**0.5 - 1) / 2
    return 0.3 / kinds * ((np.array(numbers) * golden) % 1 - 0.5)


def _note(figure: Figure, values: np.ndarray) -> None:
    """What is not where the eye looks for it."""
    said = []
    lost, floor = int(np.isnan(values).sum()), cut(values)
    if lost:
        said.append(f"× {lost} diverged")
    if floor is not None:
        low = int((values < floor).sum())
        said.append(f"{several(low, 'lower score')} below the axis")
    if said:
        figure.text(0.99, 0.985, ", ".join(said), ha="right", va="top", color=MUTED, fontsize=9)


def _alt(
    subject: str, parameters: Sequence[Mapping[str, Any]], values: np.ndarray, best: int | None
) -> str:
    text = f"{subject} of {several(len(values), 'candidate')} by hyperparameter"
    known = values[np.isfinite(values)]
    if known.size:
        text += f", from {known.min():.4g} to {known.max():.4g}"
    if len(known) < len(values):
        text += f"; {len(values) - len(known)} diverged"
    return text + (f". Best: {settings(parameters[best])}." if best is not None else ".")
