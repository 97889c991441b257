"""scikit-learn's multilayer perceptrons as ours, and ours as scikit-learn's.

Both directions keep weights, labels, curves and, where it is there, the optimizer's state, so that
the other one predicts the same numbers and can be trained further.
"""

import warnings
from collections.abc import Callable, Iterator
from copy import deepcopy
from inspect import signature
from typing import Any

import numpy as np
from sklearn import neural_network
from sklearn.base import is_classifier
from sklearn.pipeline import Pipeline

from chainrule.equations.network import Layer
from chainrule.errors import InvalidInputError
from chainrule.estimators import MLPClassifier, MLPRegressor
from chainrule.estimators.base import BaseMLP
from chainrule.interop.assembled import set_network
from chainrule.interop.sklearn_optimizers import optimizer_of, session_of

__all__ = ["from_sklearn", "to_sklearn"]

THEIRS = (neural_network.MLPClassifier, neural_network.MLPRegressor)
ACTIVATIONS = ("identity", "logistic", "relu", "tanh")
SOLVERS = ("adam", "lbfgs", "sgd")
OUTPUTS = {"multiclass": "softmax", "binary": "logistic", "multilabel-indicator": "logistic"}
"""scikit-learn's output activation, by its word for the kind of targets."""

RECORDS = (
    "n_features_in_",
    "feature_names_in_",
    "n_iter_",
    "t_",
    "loss_",
    "loss_curve_",
    "best_loss_",
    "validation_scores_",
    "best_validation_score_",
    "_no_improvement_count",
)
"""What a training leaves besides the network, under the same names in both."""

HARMLESS = {"device", "diagnose", "on_divergence", "rho", "weight_decay"}
"""Parameters of ours that change no training of the solvers that scikit-learn has."""


def from_sklearn(model: Any) -> Any:
    """A scikit-learn ``MLPClassifier`` or ``MLPRegressor`` as ours, with the same parameters.

    A fitted one has the same weights, labels, curves and optimizer's state: it predicts the same,
    and ``partial_fit``, or ``fit`` with ``warm_start=True``, goes on from there. (Ours goes on in
    its random stream, where scikit-learn's ``partial_fit`` begins the stream anew at each call.)

    Parameters
    ----------
    model
        An ``sklearn.neural_network.MLPClassifier`` or ``MLPRegressor``, fitted or not, or a
        Pipeline that ends in one: its last step is replaced, the others are copied.

    Returns
    -------
    MLPClassifier, MLPRegressor or Pipeline
        Nothing of it is shared with the one given. A fitted regressor of several outputs gets
        ``loss="sklearn_squared_error"``, so that it is trained further as scikit-learn would.
        ``history_``, which scikit-learn has not, is empty.

    Raises
    ------
    InvalidInputError
        Another kind of model.
    """
    if isinstance(model, Pipeline):
        return _with_last(model, from_sklearn)
    if not isinstance(model, THEIRS):
        raise _unknown(model, "an sklearn.neural_network.MLPClassifier or MLPRegressor")
    params = deepcopy(model.get_params(deep=False))
    if params.get("loss") == "squared_error" and getattr(model, "n_outputs_", 1) > 1:
        params["loss"] = "sklearn_squared_error"
    classifier = is_classifier(model)
    est = (MLPClassifier if classifier else MLPRegressor)(**params)
    if hasattr(model, "coefs_"):
        labels = deepcopy(model._label_binarizer) if classifier else None
        set_network(est, tuple(map(Layer, model.coefs_, model.intercepts_)), labels)
        _copy_records(model, est)
        session = session_of(model)
        if session is not None:
            est._session = session
    return est


def to_sklearn(model: Any) -> Any:
    """An ``MLPClassifier`` or ``MLPRegressor`` of ours as scikit-learn's.

    ``input_scale`` is folded into the first layer's weights. Parameters that scikit-learn has no
    word for (dropout, ``l2``, schedules, AdamW, ...) change how a network is trained, not what a
    fitted one predicts: a fitted one is converted without them, with a warning that names them;
    one that is not fitted is refused.

    Parameters
    ----------
    model
        An ``MLPClassifier`` or ``MLPRegressor`` of ours, fitted or not, or a Pipeline that ends in
        one: its last step is replaced, the others are copied.

    Returns
    -------
    sklearn.neural_network.MLPClassifier, MLPRegressor or Pipeline
        Nothing of it is shared with the one given.

    Raises
    ------
    InvalidInputError
        Another kind of model, or one that scikit-learn cannot express: hidden layers of several
        activations or others than its four, a sigmoid for each of several classes, or, before it
        is fitted, a parameter of the training.
    """
    if isinstance(model, Pipeline):
        return _with_last(model, to_sklearn)
    if not isinstance(model, BaseMLP):
        raise _unknown(model, "a chainrule.MLPClassifier or MLPRegressor")
    fitted = hasattr(model, "coefs_")
    if lacking := [*_lacking(model, fitted)]:
        _say(lacking, fitted)
    made = neural_network.MLPClassifier if is_classifier(model) else neural_network.MLPRegressor
    est = made(**_their_parameters(model, list(signature(made).parameters)))
    if fitted:
        _set_theirs(est, model)
    return est


def _with_last(pipeline: Pipeline, convert: Callable[[Any], Any]) -> Pipeline:
    name, last = pipeline.steps[-1]
    found = deepcopy(pipeline)
    found.steps[-1] = (name, convert(last))
    return found


def _unknown(model: Any, wanted: str) -> InvalidInputError:
    kind = type(model)
    return InvalidInputError(
        f"Required {wanted}, or a Pipeline that ends in one; came "
        f"{kind.__module__}.{kind.__qualname__}."
    )


def _copy_records(source: Any, target: Any) -> None:
    for name in RECORDS:
        if hasattr(source, name):
            setattr(target, name, deepcopy(getattr(source, name)))


# ours as theirs


def _their_parameters(model: BaseMLP, names: list[str]) -> dict[str, Any]:
    given = deepcopy(model.get_params(deep=False))
    found = {name: given[name] for name in names} | {"activation": _activation(model)}
    if model.l2 == 0:
        found["alpha"] = 0.0
    if model.solver not in SOLVERS:
        found["solver"] = "adam"
    if model.shuffle == "replacement":
        found["shuffle"] = True
    if "loss" in names:
        found["loss"] = "poisson" if model.loss == "poisson" else "squared_error"
    return found


def _activation(model: BaseMLP) -> str:
    """The one activation of all hidden layers."""
    given = model.activation
    names = {given} if isinstance(given, str) else {*map(str, given)}
    if len(names) > 1 or not names <= {*ACTIVATIONS}:
        raise InvalidInputError(
            "scikit-learn's networks have one activation in all hidden layers, one of "
            f"{', '.join(ACTIVATIONS)}; this one has {given!r}. Export it otherwise: "
            "chainrule.interop.torch.to_module takes all."
        )
    return names.pop() if names else "relu"


def _lacking(model: BaseMLP, fitted: bool) -> Iterator[str]:
    """The parameters that scikit-learn has no word for, as ``name=value``; of a fitted network
    those of its training."""
    harmless = HARMLESS | ({"dtype", "input_scale"} if fitted else set())
    made = neural_network.MLPClassifier if is_classifier(model) else neural_network.MLPRegressor
    theirs = signature(made).parameters
    for name, each in signature(type(model)).parameters.items():
        value = getattr(model, name)
        if name in harmless or name in theirs or name == "loss" or _equal(value, each.default):
            continue
        if not (name == "l2" and value == 0):
            yield f"{name}={value!r}"
    if model.solver not in SOLVERS:
        yield f"solver={model.solver!r}"
    if model.shuffle == "replacement":
        yield "shuffle='replacement'"
    yield from _lacking_loss(model)


def _lacking_loss(model: BaseMLP) -> Iterator[str]:
    if is_classifier(model):
        if model.loss != "log_loss":
            yield f"loss={model.loss!r}"
    elif model.loss == "squared_error":
        if getattr(model, "n_outputs_", 1) > 1:  # there, its gradient is n_outputs times ours
            yield "loss='squared_error' of several outputs"
    elif model.loss not in ("sklearn_squared_error", "poisson"):
        yield f"loss={model.loss!r}"


def _equal(value: Any, default: Any) -> bool:
    if isinstance(default, float) and np.ndim(value):  # one dropout rate a layer
        return bool(np.all(np.asarray(value) == default))
    return value is default or bool(value == default)


def _say(lacking: list[str], fitted: bool) -> None:
    named = ", ".join(lacking)
    if not fitted:
        raise InvalidInputError(
            f"scikit-learn's networks know no {named}: trained there, this would be another "
            "network. Set it back to the default, or fit first and convert the fitted one."
        )
    warnings.warn(
        f"scikit-learn knows no {named}: the network predicts the same, and would be trained "
        "further without it.",
        stacklevel=3,
    )


def _set_theirs(est: Any, model: BaseMLP) -> None:
    """The fitted attributes of scikit-learn's."""
    if is_classifier(model):
        y_type = model._label_binarizer.y_type_
        if model.out_activation_ != OUTPUTS[y_type]:
            raise InvalidInputError(
                f"scikit-learn's classifier of {y_type} targets has a {OUTPUTS[y_type]} output; "
                f"this one has {model.out_activation_} (loss={model.loss!r})."
            )
        est._label_binarizer = deepcopy(model._label_binarizer)
        est.classes_ = est._label_binarizer.classes_
    first, *rest = map(np.array, model.coefs_)
    scale = 1.0 if model.input_scale is None else model.input_scale
    est.coefs_ = [first / first.dtype.type(scale), *rest]
    est.intercepts_ = [*map(np.array, model.intercepts_)]
    est._best_coefs, est._best_intercepts = deepcopy((est.coefs_, est.intercepts_))
    est.n_layers_, est.n_outputs_ = model.n_layers_, model.n_outputs_
    est.out_activation_ = model.out_activation_
    _copy_records(model, est)
    optimizer = optimizer_of(model) if scale == 1 else None  # its moments are of other weights
    if optimizer is not None:
        est._optimizer = optimizer
