"""The fitted transformers of a Pipeline as steps: a row for each class that is known."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.errors import InvalidInputError
from chainrule.models.steps import Affine, Bounds, Fill, Projection, Step

__all__ = ["KNOWN", "frozen_steps"]


def frozen_steps(named: Sequence[tuple[str, Any]]) -> tuple[Step, ...]:
    """The steps of a Pipeline's transformers, ``(name, transformer)`` each.

    Raises
    ------
    InvalidInputError
        A transformer that is not of the classes in `KNOWN`, or is not fitted.
    """
    found: list[Step] = []
    for name, transformer in named:
        if transformer is None or transformer == "passthrough":
            continue
        kind = f"{type(transformer).__module__.split('.')[0]}.{type(transformer).__name__}"
        if kind not in KNOWN:
            known = ", ".join(each.partition(".")[2] for each in sorted(KNOWN))
            raise InvalidInputError(
                f"The step {name!r} of the Pipeline is a {type(transformer).__module__}."
                f"{type(transformer).__qualname__}; required one of {known}. Apply it to the rows "
                "beforehand, and give the rest of the Pipeline."
            )
        if not hasattr(transformer, "n_features_in_"):
            raise InvalidInputError(f"The step {name!r} of the Pipeline is not fitted.")
        found += KNOWN[kind](transformer)
    return tuple(found)


def _standard(scaler: Any) -> list[Step]:
    n = scaler.n_features_in_
    shift = scaler.mean_ if scaler.with_mean else np.zeros(n)
    scale = scaler.scale_ if scaler.with_std else np.ones(n)
    return [Affine(np.asarray(shift), np.asarray(scale))]


def _robust(scaler: Any) -> list[Step]:
    n = scaler.n_features_in_
    shift = scaler.center_ if scaler.with_centering else np.zeros(n)
    scale = scaler.scale_ if scaler.with_scaling else np.ones(n)
    return [Affine(np.asarray(shift), np.asarray(scale))]


def _min_max(scaler: Any) -> list[Step]:
    """x * scale_ + min_ is (x - shift) / scale with scale = 1 / scale_, shift = -min_ / scale_."""
    steps: list[Step] = [Affine(-scaler.min_ / scaler.scale_, 1 / scaler.scale_)]
    if scaler.clip:
        low, high = scaler.feature_range
        steps.append(Bounds(float(low), float(high), scaler.n_features_in_))
    return steps


def _max_abs(scaler: Any) -> list[Step]:
    return [Affine(np.zeros(scaler.n_features_in_), np.asarray(scaler.scale_))]


def _pca(pca: Any) -> list[Step]:
    V = pca.components_.T
    if pca.whiten:
        V = V / np.sqrt(pca.explained_variance_)
    return [Projection(np.asarray(pca.mean_), np.ascontiguousarray(V))]


def _imputer(imputer: Any) -> list[Step]:
    try:
        values = np.asarray(imputer.statistics_, np.float64)  # of a constant they are objects
        plain = not np.isnan(values).any()
    except (TypeError, ValueError):
        plain = False
    missing = imputer.missing_values
    if not plain or imputer.add_indicator or not (isinstance(missing, float) and np.isnan(missing)):
        raise InvalidInputError(
            "Required a SimpleImputer of numbers that fills NaN, adds no indicator and has a value "
            "for each column; came one with other settings."
        )
    return [Fill(values)]


KNOWN: Mapping[str, Callable[[Any], list[Step]]] = {
    "sklearn.MaxAbsScaler": _max_abs,
    "sklearn.MinMaxScaler": _min_max,
    "sklearn.PCA": _pca,
    "sklearn.RobustScaler": _robust,
    "sklearn.SimpleImputer": _imputer,
    "sklearn.StandardScaler": _standard,
}
