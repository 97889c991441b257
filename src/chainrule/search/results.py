"""``cv_results_`` as scikit-learn's searches shape it, with columns of our own."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import rankdata

from chainrule.errors import InvalidInputError, unknown_name
from chainrule.search.statistics import corrected_t_test, spread

__all__ = ["best_index", "cv_results", "p_values", "ranks"]

Results = dict[str, Any]


def cv_results(
    candidates: Sequence[Mapping[str, Any]],
    test_scores: Mapping[str, Any],
    *,
    fit_times: Any,
    score_times: Any,
    diverged: Any,
    epochs: Any,
    ratio: float,
    train_scores: Mapping[str, Any] | None = None,
    more: Mapping[str, Any] | None = None,
    among: Any | None = None,
    refused: Any | None = None,
) -> Results:
    """A column a key, a row a candidate: scikit-learn's columns, in its order, and then ours.

    Parameters
    ----------
    candidates : (n,) sequence of mappings
        The parameters of each.
    test_scores : mapping of metric names to (n, splits) or (n, splits, seeds) arrays
        ``{"score": ...}`` for a single metric. Not a number, or an error score, where a training
        diverged or failed.
    fit_times, score_times, diverged, epochs : arrays of that shape
        Seconds; whether the training diverged; the epochs that it was trained.
    ratio : float
        Test rows over training rows of a split, for the p values.
    train_scores : mapping, optional
        As ``test_scores``, for ``return_train_score=True``.
    more : mapping of names to (n,) arrays, optional
        Further columns, such as scikit-learn's ``iter`` and ``n_resources``; they come first, as
        there.
    among : (n,) array of bool, optional
        Who may be the best, to which the p values are; all by default.
    refused : (n,) array of bool, optional
        Who was not trained, because the estimator refused it; nobody by default.

    Returns
    -------
    dict
        scikit-learn's keys: ``mean_fit_time``, ``std_fit_time``, ``mean_score_time``,
        ``std_score_time``, ``param_NAME`` (masked where a candidate lacks it), ``params``, and for
        each metric ``splitK_test_METRIC``, ``mean_test_METRIC``, ``std_test_METRIC`` (n in the
        denominator), ``rank_test_METRIC`` (equal means share the smaller rank, not a number is
        last, and so is who diverged, whatever the error score), and the same of ``train`` without
        the ranks. With several seeds, each split is the mean over them.

        Ours: ``diverged`` (any of its trainings did), ``refused``, ``epochs`` (mean over its
        trainings); and for each metric ``std_over_folds``, ``std_over_seeds`` (n - 1 in the
        denominator, `statistics.spread`) and ``p_value`` against the best of that metric
        (`p_values`); with several seeds ``splitK_seedJ_test_METRIC``. With several metrics these
        three end in ``_METRIC``.

    Raises
    ------
    InvalidInputError
        There is no candidate, or an array has another shape than the test scores.

    Notes
    -----
    Unlike scikit-learn, scores that are not finite raise no warning: ``diverged`` marks them.
    """
    shape = _shape(candidates, test_scores)
    results: Results = {name: np.asarray(column) for name, column in (more or {}).items()}
    for name, given in (("fit_time", fit_times), ("score_time", score_times)):
        _mean_and_std(results, name, _table(name, given, shape).mean(axis=2))
    results.update(_parameters(candidates))
    results["params"] = [dict(each) for each in candidates]
    gone: np.ndarray = np.any(_table("diverged", diverged, shape), axis=(1, 2))
    missed = np.asarray([False] * shape[0] if refused is None else refused, bool)
    lost = np.logical_or(gone, missed)
    for metric, given in test_scores.items():
        table = _table(f"test scores of {metric}", given, shape).mean(axis=2)
        _splits(results, f"test_{metric}", table)
        means = results[f"mean_test_{metric}"]
        results[f"rank_test_{metric}"] = ranks(np.where(lost, np.nan, means))
        if train_scores is not None:
            table = _table(f"train scores of {metric}", train_scores[metric], shape)
            _splits(results, f"train_{metric}", table.mean(axis=2))
    results["diverged"] = gone
    results["refused"] = missed
    results["epochs"] = _table("epochs", epochs, shape).mean(axis=(1, 2))
    for metric, given in test_scores.items():
        ending = "" if list(test_scores) == ["score"] else f"_{metric}"
        table = _table("", given, shape)
        spreads = [spread(each) for each in table]
        results[f"std_over_folds{ending}"] = np.array([each.folds for each in spreads])
        results[f"std_over_seeds{ending}"] = np.array([each.seeds for each in spreads])
        judged = np.where(lost[:, None, None], np.nan, table)
        results[f"p_value{ending}"] = p_values(judged, ratio, among=among)
        if shape[2] > 1:
            for split, seed in np.ndindex(shape[1:]):
                results[f"split{split}_seed{seed}_test_{metric}"] = table[:, split, seed]
    return results


def ranks(means: np.ndarray) -> np.ndarray:
    """1 is best; equal means share the smaller rank; those that are not a number share the last."""
    return rankdata(-np.where(np.isnan(means), -np.inf, means), method="min").astype(np.int32)


def p_values(
    scores: Any, ratio: float, *, best: int | None = None, among: Any | None = None
) -> np.ndarray:
    """Of each candidate against the best, by `statistics.corrected_t_test`.

    The best is the one of this number, or has the largest mean ``among`` those that may be taken;
    its own value is 1. Not a number where a candidate has no score, or there is one split.
    """
    table = np.asarray(scores, dtype=float)
    means = table.mean(axis=tuple(range(1, table.ndim)))
    if best is None:
        means = means if among is None else np.where(among, means, np.nan)
        if np.isnan(means).all():
            return np.full(len(table), np.nan)
        best = int(np.nanargmax(means))
    return np.array([corrected_t_test(each, table[best], ratio).p_value for each in table])


def best_index(
    results: Results, refit: Any = True, *, metric: str = "score", among: Any | None = None
) -> int:
    """Whom to refit, as scikit-learn's searches decide.

    Parameters
    ----------
    results : dict
        Of `cv_results`.
    refit : bool, str or callable
        A metric's name; or a callable that is given the results and returns the index; True or
        False mean ``metric``.
    metric : str, default="score"
        The metric where ``refit`` names none.
    among : (n,) array of bool, optional
        Who may be taken by score: for a strategy that halves, those that had the whole budget. A
        callable decides for itself.

    Returns
    -------
    int
        The first with the smallest rank.

    Raises
    ------
    InvalidInputError
        There is no such metric, a callable returned no index, or nobody may be taken.
    """
    count = len(results["params"])
    if callable(refit):
        index = refit(results)
        if not isinstance(index, int | np.integer) or not 0 <= index < count:
            raise InvalidInputError(
                f"refit must return the index of a candidate, 0 to {count - 1}; came {index!r}."
            )
        return int(index)
    name = refit if isinstance(refit, str) else metric
    known = [key[len("rank_test_") :] for key in results if key.startswith("rank_test_")]
    if name not in known:
        raise InvalidInputError(
            unknown_name("metric", name, known) + " With several metrics, refit names the one "
            "that decides, is a callable, or False."
        )
    allowed = np.ones(count, dtype=bool) if among is None else np.asarray(among, dtype=bool)
    if not allowed.any():
        raise InvalidInputError("Nobody may be taken: among is false for every candidate.")
    order = np.where(allowed, results[f"rank_test_{name}"], count + 1)
    return int(order.argmin())


def _shape(candidates: Sequence[Any], scores: Mapping[str, Any]) -> tuple[int, int, int]:
    if not candidates or not scores:
        raise InvalidInputError("Results need at least one candidate and one metric.")
    first = np.asarray(next(iter(scores.values())), dtype=float)
    shape = (*first.shape, 1) if first.ndim == 2 else first.shape
    if len(shape) != 3 or shape[0] != len(candidates) or not first.size:
        raise InvalidInputError(
            f"Scores of shape ({len(candidates)}, splits) or ({len(candidates)}, splits, seeds) "
            f"are required, came {first.shape}."
        )
    return shape


def _table(name: str, given: Any, shape: tuple[int, int, int]) -> np.ndarray:
    table = np.asarray(given)
    table = table.astype(bool if name == "diverged" else float)
    if table.ndim == 2:
        table = table[:, :, None]
    if table.shape != shape:
        raise InvalidInputError(f"{name}: shape {shape} is required, came {table.shape}.")
    return table


def _mean_and_std(results: Results, name: str, table: np.ndarray) -> None:
    means = table.mean(axis=1)
    results[f"mean_{name}"] = means
    with np.errstate(invalid="ignore"):  # infinite scores
        results[f"std_{name}"] = np.sqrt(((table - means[:, None]) ** 2).mean(axis=1))


def _splits(results: Results, name: str, table: np.ndarray) -> None:
    for split in range(table.shape[1]):
        results[f"split{split}_{name}"] = table[:, split]
    _mean_and_std(results, name, table)


def _parameters(candidates: Sequence[Mapping[str, Any]]) -> Results:
    """Each parameter's values as a masked array, by first appearance."""
    rows: dict[str, dict[int, Any]] = {}
    for row, parameters in enumerate(candidates):
        for name, value in parameters.items():
            rows.setdefault(name, {})[row] = value
    return {f"param_{name}": _masked(values, len(candidates)) for name, values in rows.items()}


def _masked(values: Mapping[int, Any], count: int) -> np.ma.MaskedArray:
    """Numbers and truth values keep their type; all else (text, tuples) is kept as objects."""
    kind: np.dtype[Any] = np.dtype(object)
    try:
        found = np.array(list(values.values()))
    except ValueError:  # sequences of different lengths
        pass
    else:
        if found.ndim == 1 and found.dtype.kind != "U":
            kind = found.dtype
    column = np.ma.MaskedArray(np.empty(count, dtype=kind), mask=True)
    for row, value in values.items():
        column[row] = value
    return column
