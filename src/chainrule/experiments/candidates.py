"""From a search's results to its record: every candidate, what tells them apart, and the choice."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.errors import InvalidInputError, MissingExtraError
from chainrule.experiments.families import to_toml
from chainrule.experiments.recorder import finite
from chainrule.experiments.results import Candidate, Ended, Search
from chainrule.experiments.tuned import Curve
from chainrule.experiments.tuning_spec import SearchSpec
from chainrule.search import importances
from chainrule.search.population import PopulationSearchCV, penalty

__all__ = ["record_of"]

MOST = 60
"""Points that are kept of a candidate's curve."""

ENOUGH = 10
"""Fewer candidates say nothing of which hyperparameter matters."""


def record_of(
    searched: PopulationSearchCV,
    spec: SearchSpec,
    prefix: str,
    splits: int,
    n_test: int | None,
    log: tuple[str, ...],
) -> Search:
    """The record of a search that was fitted.

    Args:
        prefix: what stands before the names of the network's parameters.
        splits, n_test: how many splits there are, and the rows that judge on one; None where the
            score is no share of them.
        log: the names of hyperparameters on a logarithmic scale.
    """
    table = searched.cv_results_
    parameters = [
        {name.removeprefix(prefix): to_toml(value) for name, value in each.items()}
        for each in table["params"]
    ]
    curves, curve_of = _curves(searched.curves_, len(parameters))
    candidates = tuple(
        Candidate(
            parameters=parameters[row],
            mean=table["mean_test_score"][row],
            std=table["std_test_score"][row],
            folds=tuple(float(table[f"split{k}_test_score"][row]) for k in range(splits)),
            rank=int(table["rank_test_score"][row]),
            diverged=bool(table["diverged"][row]),
            std_over_folds=table["std_over_folds"][row],
            std_over_seeds=table["std_over_seeds"][row],
            p_value=table["p_value"][row],
            n_parameters=int(table["n_parameters"][row]),
            epochs=table["epochs"][row],
            ended=_ended(searched, row, prefix),
            curve=curves[row],
        )
        for row in range(len(parameters))
    )
    best = candidates[searched.best_index_]
    simplest, rule = _simplest(searched, candidates, prefix, splits, n_test)
    return Search(
        strategy=spec.strategy,
        folds=splits,
        best=best.parameters,
        mean=best.mean,
        std=best.std,
        candidates=candidates,
        seeds=tuple(searched.seeds_),
        simplest=simplest,
        rule=rule,
        log=log,
        curve_of=curve_of,
        importance=_importance(candidates, log),
        block_sizes=searched.block_sizes_ or None,
    )


def _ended(searched: PopulationSearchCV, row: int, prefix: str) -> Ended:
    """How the candidate's trainings ended; of several ways the first of these."""
    every: Sequence[Mapping[str, Any]] = searched.curves_
    mine = [each for each in every if each["candidate"] == row]
    if any(each["diverged"] for each in mine):
        return "diverged"
    if not all(each["ended"] for each in mine):
        return "dropped"
    settings = {**searched.estimator.get_params(), **searched.cv_results_["params"][row]}
    if settings[f"{prefix}max_steps"] is not None:
        return "finished"
    wanted = settings[f"{prefix}max_iter"]
    return "stopped" if any(len(each["train_loss"]) < wanted for each in mine) else "finished"


def _curves(trainings: Sequence[Mapping[str, Any]], count: int) -> tuple[list[Curve | None], str]:
    """One curve a candidate, and what they show: the validation loss, where it was measured."""
    validated = any(each["validation_loss"] for each in trainings)
    name = "validation_loss" if validated else "train_loss"
    own: list[list[Sequence[float | None]]] = [[] for _ in range(count)]
    for each in trainings:
        own[each["candidate"]].append(each[name])
    return [_mean_curve(rows) for rows in own], name.replace("_", " ").replace(
        "train ", "training "
    )


def _mean_curve(rows: Sequence[Sequence[float | None]]) -> Curve | None:
    """The mean of a candidate's trainings, as far as all of them go."""
    length = min((len(row) for row in rows), default=0)
    if not length:
        return None
    table = np.array([row[:length] for row in rows], dtype=float)
    chosen = np.unique(np.linspace(0, length - 1, min(length, MOST)).round().astype(int))
    means = table.mean(axis=0)[chosen]
    return Curve(
        epochs=tuple((chosen + 1).tolist()),
        values=tuple(finite([float(f"{value:.5g}") for value in means])),
    )


def _simplest(
    searched: PopulationSearchCV,
    candidates: Sequence[Candidate],
    prefix: str,
    splits: int,
    n_test: int | None,
) -> tuple[dict[str, Any] | None, str]:
    """The one-standard-error choice. On a single split from a single seed the standard error is
    that of a share of the rows that judge, and where the score is none there is no choice."""
    if splits > 1 or len(searched.seeds_) > 1:
        found = getattr(searched, "one_standard_error_", None)
        if found is None:
            return None, ""
        return candidates[found["index"]].parameters, found["rule"]
    best = candidates[searched.best_index_]
    if best.mean is None or n_test is None:
        return None, ""
    error = math.sqrt(best.mean * (1 - best.mean) / n_test)
    within = [
        each
        for each in candidates
        if each.mean is not None
        and each.mean >= best.mean - error
        and (each is best or each.ended != "dropped")
    ]
    strength = {
        id(each): penalty(searched.estimator, searched.cv_results_["params"][row])
        for row, each in enumerate(candidates)
    }
    chosen = min(within, key=lambda each: (each.n_parameters or 0, -strength[id(each)]))
    return chosen.parameters, "fewest parameters, then largest l2, then first"


def _importance(candidates: Sequence[Candidate], log: Sequence[str]) -> dict[str, float] | None:
    """Of which hyperparameters the scores depend, where Optuna is there and they tell."""
    if len(candidates) < ENOUGH:
        return None
    scores = [math.nan if each.mean is None else each.mean for each in candidates]
    try:
        return importances([each.parameters for each in candidates], np.array(scores), log=log)
    except (InvalidInputError, MissingExtraError):
        return None
