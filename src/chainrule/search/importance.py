"""Which hyperparameters the scores depend on: fANOVA, by Optuna."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.errors import InvalidInputError
from chainrule.search.optional import optuna_for, quiet

__all__ = ["importances"]

ENOUGH = 4  # fewer scores tell nothing of anything


def importances(
    parameters: Sequence[Mapping[str, Any]],
    scores: Sequence[float] | np.ndarray,
    *,
    log: Collection[str] = (),
    seed: int = 0,
) -> dict[str, float]:
    """The share of the scores' variance that each hyperparameter explains by itself.

    Parameters
    ----------
    parameters : (n,) sequence of mappings
        The candidates' hyperparameters, as ``cv_results_["params"]``.
    scores : (n,) array
        Their scores. A candidate whose score is not finite (it diverged) is left out: the shares
        are of the differences among those that trained.
    log : collection of str
        Names that are on a logarithmic scale (`Space.log`).
    seed : int
        Of the random forest.

    Returns
    -------
    dict
        Names with shares that add up to 1, the largest first. Layer sizes count as two: their
        number (``NAME: layers``) and all hidden units (``NAME: units``). Hyperparameters that
        have one value only, or that some candidates lack, are left out.

    Raises
    ------
    MissingExtraError
        Optuna is not installed (the extra ``optuna``).
    InvalidInputError
        There are fewer than four scores, they are all equal, or no hyperparameter varies.

    Notes
    -----
    A random forest is fitted to the scores; a hyperparameter's share is the variance of its
    marginal, the forest's prediction averaged over all others, evenly over the ranges that were
    tried. What two of them do only together belongs to neither.

    F. Hutter, H. Hoos and K. Leyton-Brown, "An Efficient Approach for Assessing Hyperparameter
    Importance", ICML 2014.
    """
    optuna = optuna_for("The importance of hyperparameters")
    values = np.asarray(scores, dtype=float)
    if values.shape != (len(parameters),):
        raise InvalidInputError(
            f"A score for each of {len(parameters)} candidates is required, came {values.shape}."
        )
    known = [int(k) for k in np.flatnonzero(np.isfinite(values))]
    if len(known) < ENOUGH or np.ptp(values[known]) == 0:
        raise InvalidInputError(
            f"At least {ENOUGH} finite scores that are not all equal are required, came "
            f"{len(known)}."
        )
    rows = [_flat(parameters[k]) for k in known]
    columns = _varying(rows)
    if not columns:
        raise InvalidInputError("No hyperparameter that all candidates have varies among them.")
    scales = {name: _scale(optuna, column, name in log) for name, column in columns.items()}
    with quiet(optuna):
        study = optuna.create_study(direction="maximize")
    for row, score in enumerate(values[known]):
        point = {name: scales[name][1][row] for name in columns}
        distributions = {name: scales[name][0] for name in columns}
        study.add_trial(
            optuna.create_trial(params=point, distributions=distributions, value=float(score))
        )
    forest = optuna.importance.FanovaImportanceEvaluator(seed=seed)
    found = optuna.importance.get_param_importances(study, evaluator=forest)
    return {name: float(share) for name, share in found.items()}


def _flat(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """With layer sizes as two numbers."""
    found: dict[str, Any] = {}
    for name, value in parameters.items():
        if isinstance(value, tuple | list) and all(_number(each) for each in value):
            found[f"{name}: layers"] = len(value)
            found[f"{name}: units"] = sum(value)
        else:
            found[name] = value
    return found


def _varying(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    common = [name for name in rows[0] if all(name in row for row in rows)]
    columns = {name: [row[name] for row in rows] for name in common}
    return {name: each for name, each in columns.items() if len({*map(repr, each)}) > 1}


def _scale(optuna: Any, column: Sequence[Any], log: bool) -> tuple[Any, list[Any]]:
    """Optuna's distribution over the values that were tried, and the values as it takes them.

    The forest splits a scale at thresholds, but its marginals average evenly over it: so the
    logarithm of what is on a logarithmic scale.
    """
    if all(_number(value) for value in column):
        numbers = np.asarray(column, dtype=float)
        if log and numbers.min() > 0:
            numbers = np.log(numbers)
        scale = optuna.distributions.FloatDistribution(numbers.min(), numbers.max())
        return scale, [float(each) for each in numbers]
    texts = [repr(value) for value in column]
    return optuna.distributions.CategoricalDistribution(list(dict.fromkeys(texts))), texts


def _number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)
