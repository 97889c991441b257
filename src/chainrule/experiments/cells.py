"""From the trainings of one combination of a sweep to its record."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from chainrule.experiments.record import Distribution, Number
from chainrule.experiments.statistics import distribution
from chainrule.experiments.tuned import Cell, Lost, Noise

__all__ = ["cell_of", "judged_by", "worth"]

FINAL = ("train_loss", "validation_loss", "validation_score", "test_loss", "test_score")

Facts = Mapping[str, Any]
"""A training: its ``history`` (a list a column), ``seconds``, ``diverged``, and perhaps ``noise``.
Numbers that are not finite are None."""


def cell_of(
    name: str,
    parameters: Mapping[str, Any],
    steps: int,
    seeds: Sequence[int],
    trainings: Sequence[Facts],
    probes: Sequence[tuple[int, Facts]] = (),
    *,
    shares: bool = True,
) -> Cell:
    """One combination.

    Args:
        steps: the updates of an epoch.
        trainings: one a seed.
        probes: further ones of fewer updates than an epoch has, with their seeds.
        shares: whether scores are shares, between 0 and 1.
    """
    pairs = list(zip(seeds, trainings, strict=True))
    kept = [(seed, facts) for seed, facts in pairs if not facts["diverged"]]
    lost = [_lost(seed, facts) for seed, facts in pairs if facts["diverged"]]
    survivors = [facts for _, facts in kept]
    shown = {seed for seed, _ in kept or pairs[:1]}
    every = [facts for seed, facts in (*probes, *pairs) if seed in shown]
    over = partial(_over, survivors, shares)
    noise = [facts["noise"] for _, facts in (*probes, *pairs) if facts.get("noise")]
    return Cell(
        name=name,
        parameters=dict(parameters),
        updates=max((_updates(facts) for facts in survivors or trainings), default=0),
        **{column: over(column, _last) for column in FINAL},
        best_epochs=tuple(_best_epoch(facts, steps) for facts in survivors if _scored(facts)),
        best_score=over("validation_score", max),
        lowest_loss=over("validation_loss", min),
        lost=tuple(lost),
        noise=tuple(Noise(**each) for each in noise),
        curves=_curves(every, steps),
    )


def worth(cell: Cell) -> tuple[float, float]:
    """What a cell is chosen by: the larger, the better. Cells of which a training diverged come
    after all others."""
    value = cell.validation_score or cell.train_loss
    if value is None or value.mean is None:
        return -math.inf, -math.inf
    sign = 1.0 if cell.validation_score else -1.0
    return -float(len(cell.lost)), sign * value.mean


def judged_by(cells: Sequence[Cell]) -> str:
    """The field of `Cell` that `worth` goes by."""
    return "validation_score" if any(cell.validation_score for cell in cells) else "train_loss"


def _updates(facts: Facts) -> int:
    return int(sum(facts["history"]["steps"]))


def _known(facts: Facts, column: str) -> list[float]:
    return [value for value in facts["history"].get(column, ()) if value is not None]


def _last(values: Sequence[float]) -> float:
    return values[-1]


def _scored(facts: Facts) -> bool:
    return bool(_known(facts, "validation_score"))


def _over(
    trainings: Sequence[Facts],
    shares: bool,
    column: str,
    pick: Callable[[list[float]], float],
) -> Distribution | None:
    """One number of each training, over all of them; None where there is none."""
    values = [pick(known) for facts in trainings if (known := _known(facts, column))]
    return distribution(values, shares=shares and column.endswith("_score")) if values else None


def _best_epoch(facts: Facts, steps: int) -> float:
    """The first with the highest validation score; a share of one where there is no whole one."""
    history = facts["history"]
    scores = [-math.inf if value is None else value for value in history["validation_score"]]
    best = int(np.argmax(scores))
    return float(np.cumsum(history["steps"])[best] / steps)


def _lost(seed: int, facts: Facts) -> Lost:
    losses = _known(facts, "train_loss")
    return Lost(
        seed=seed,
        epoch=int(facts["history"]["epoch"][-1]),
        last_finite_loss=losses[-1] if losses else None,
    )


def _curves(trainings: Sequence[Facts], steps: int) -> dict[str, tuple[Number, ...]]:
    """The means over trainings by updates so far, thinned."""
    points: dict[int, list[dict[str, float]]] = {}
    for facts in trainings:
        history = facts["history"]
        for row, updates in enumerate(np.cumsum(history["steps"])):
            values = {c: history[c][row] for c in FINAL if row < len(history.get(c, ()))}
            known = {c: value for c, value in values.items() if value is not None}
            points.setdefault(int(updates), []).append(known)
    along = _thinned(sorted(points))
    found: dict[str, tuple[Number, ...]] = {
        "epoch": tuple(updates / steps for updates in along),
        "updates": tuple(float(updates) for updates in along),
    }
    for column in FINAL:
        means = tuple(_mean([each.get(column) for each in points[at]]) for at in along)
        if any(value is not None for value in means):
            found[column] = means
    return found


def _mean(values: Sequence[float | None]) -> Number:
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if known else None


MOST = 80
"""Points that are kept of a curve."""


def _thinned(along: Sequence[int]) -> list[int]:
    """At most `MOST` of them, evenly spaced, the first and the last included."""
    if len(along) <= MOST:
        return list(along)
    chosen = np.linspace(0, len(along) - 1, MOST).round().astype(int)
    return [along[place] for place in np.unique(chosen)]
