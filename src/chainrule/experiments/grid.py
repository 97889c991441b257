"""A grid search by cross-validation, in this process, where a diverged candidate is a result."""

import math
from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from chainrule.data import preparation
from chainrule.data.record import PixelRange
from chainrule.data.splits import Part
from chainrule.experiments.datasets import prepared_by
from chainrule.experiments.fitting import fit
from chainrule.experiments.fitting import score as score_of
from chainrule.experiments.recorder import Recorder
from chainrule.experiments.results import Candidate, Search
from chainrule.experiments.spec import CompareSpec, ModelSpec, Settings
from chainrule.experiments.tasks import of_spec
from chainrule.models.columns import Column

__all__ = ["points", "search"]


class Fold(NamedTuple):
    train: Part
    held_out: Part


class Tried(NamedTuple):
    """A candidate with the score on each fold; not a number where training diverged."""

    parameters: Settings
    scores: list[float]

    @property
    def mean(self) -> float:
        return float(np.mean(self.scores))


def points(grid: dict[str, list[Any]]) -> list[Settings]:
    """Every combination of a grid, in the order of scikit-learn's ParameterGrid.

    The keys are sorted and the last one moves fastest: among equal scores the first point wins,
    so the order is part of the result.
    """
    keys = sorted(grid)
    return [dict(zip(keys, values, strict=True)) for values in product(*(grid[k] for k in keys))]


def search(
    key: str,
    spec: CompareSpec,
    train: Part,
    pixel_range: PixelRange,
    recorder: Recorder,
    columns: tuple[Column, ...] = (),
) -> Search:
    """Scores every point of the model's grid on folds of the (raw) training part."""
    model = spec.members[key]
    folds = list(_folds(spec, model, train, pixel_range, columns))
    candidates = points(model.grid or {})
    tried = []
    with recorder.steps(f"{model.label}: search", len(candidates) * len(folds)) as step:
        for number, parameters in enumerate(candidates, 1):
            settings = {**model.settings, **parameters}

            def score(settings: Settings = settings) -> list[float]:
                found = []
                for fold in folds:
                    fitted = fit(model.family, settings, fold.train)
                    found.append(score_of(fitted, fold.held_out))
                    step()
                return found

            name = f"{key}: candidate {number}"
            if recorder.journal.knows(name):
                for _ in folds:
                    step()
            scores = recorder.remember(name, score)
            tried.append(Tried(parameters, scores))
            recorder.write("candidate", model=key, parameters=parameters, folds=scores)
    return _ranked(tried, len(folds))


def _folds(
    spec: CompareSpec,
    model: ModelSpec,
    train: Part,
    pixel_range: PixelRange,
    columns: tuple[Column, ...],
) -> Iterator[Fold]:
    for inside, outside in of_spec(spec).folds(spec.folds, train.y):
        seen = train.X if spec.prepare_on == "training part" else train.X[inside]
        how = prepared_by(spec.data)
        prepare = preparation.fit(model.prepare, seen, pixel_range, columns, how)
        X = prepare(train.X).astype(model.dtype)
        yield Fold(Part(X[inside], train.y[inside]), Part(X[outside], train.y[outside]))


def _ranked(tried: list[Tried], folds: int) -> Search:
    """Ranks as GridSearchCV does: equal means share the smallest rank, not-a-number is last."""
    from scipy.stats import rankdata

    means = np.array([-math.inf if math.isnan(one.mean) else one.mean for one in tried])
    ranks = rankdata(-means, method="min").astype(int)
    candidates = tuple(
        Candidate(
            parameters=one.parameters,
            mean=one.mean,
            std=float(np.std(one.scores)),
            folds=tuple(one.scores),
            rank=int(rank),
            diverged=math.isnan(one.mean),
        )
        for one, rank in zip(tried, ranks, strict=True)
    )
    best = candidates[int(ranks.argmin())]
    return Search(
        strategy="grid",
        folds=folds,
        best=best.parameters,
        mean=best.mean,
        std=best.std,
        candidates=candidates,
    )
