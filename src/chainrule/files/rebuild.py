"""An estimator from header and arrays, once both have been checked by themselves.

What is left to check is what only the estimator's class knows: its parameters, and that they
and the arrays mean the same network.
"""

from collections.abc import Mapping
from importlib import import_module
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.files import text, transformers, values
from chainrule.files.header import MLP, Fitted, Labels, Pipeline, ValidationChance
from chainrule.files.records import NotFinite
from chainrule.files.refusal import message, refuse, shown
from chainrule.files.stream import read_stream

__all__ = ["CLASSES", "arrays_of", "class_named", "classes_of", "rebuild"]

CLASSES: Mapping[str, str] = {
    "MLPClassifier": "chainrule.estimators",
    "MLPRegressor": "chainrule.estimators",
}
"""The estimators that a file can hold, and where they live."""

Arrays = dict[str, npt.NDArray[Any]]


def class_named(name: str) -> type[Any]:
    """The estimator's class, imported when first needed."""
    found: type[Any] = getattr(import_module(CLASSES[name]), name)
    return found


def rebuild(model: MLP | Pipeline, arrays: Arrays) -> Any:
    """The estimator or Pipeline that the checked header and arrays describe."""
    if isinstance(model, MLP):
        return _network(model, arrays)
    from sklearn.pipeline import Pipeline as Steps

    found = [
        transformers.rebuild(record, arrays_of(number, arrays))
        for number, record in enumerate(model.steps, 1)
    ]
    steps = Steps([*zip(model.names, [*found, _network(model.network, arrays)], strict=True)])
    try:
        steps._validate_steps()
    except (ValueError, TypeError) as error:
        refuse("a Pipeline that scikit-learn takes", f"another: {message(error)}")
    return steps


def arrays_of(number: int, arrays: Arrays) -> Arrays:
    """The arrays of the n-th transformer, by its own names."""
    prefix = f"step{number}."
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }


def _network(model: MLP, arrays: Arrays) -> Any:
    params = {name: values.decode(value, name) for name, value in model.params.items()}
    if model.random_state:
        params["random_state"] = read_stream(model.random_state, arrays["random_state"])
    est = _constructed(model, params)
    layers = range(1, len(model.network.sizes))
    est.coefs_ = [arrays[f"W{number}"] for number in layers]
    est.intercepts_ = [arrays[f"b{number}"] for number in layers]
    est.n_features_in_, est.n_outputs_ = model.network.sizes[0], model.network.sizes[-1]
    est.n_layers_ = len(model.network.sizes)
    est.out_activation_ = model.network.activations[-1]
    if model.feature_names:
        est.feature_names_in_ = text.unpack(arrays, "feature_names", 0)
    _set_labels(est, model, arrays)
    _set_fitted(est, model.fitted, arrays)
    if model.history is not None:
        est.history_ = {name: arrays[f"history.{name}"] for name in model.history}
    _check_predicts(est, model)
    _set_training(est, model, arrays)
    return est


def _constructed(model: MLP, params: dict[str, Any]) -> Any:
    made = class_named(model.estimator)
    if unknown := params.keys() - set(made._get_param_names()):
        refuse(f"parameters that {model.estimator} has", shown(min(unknown)))
    est = made(**params)
    try:
        est._validate_params()
    except (ValueError, TypeError) as error:
        refuse("parameters that the estimator takes", f"others: {message(error)}")
    return est


def _set_labels(est: Any, model: MLP, arrays: Arrays) -> None:
    if model.labels is None:
        return
    from sklearn.preprocessing import LabelBinarizer

    binarizer = LabelBinarizer()
    binarizer.classes_ = est.classes_ = classes_of(model.labels, arrays)
    binarizer.y_type_, binarizer.sparse_input_ = model.labels.y_type, model.labels.sparse
    est._label_binarizer = binarizer


def classes_of(labels: Labels, arrays: Arrays) -> npt.NDArray[Any]:
    """The labels, of the type that they were."""
    if labels.text is None:
        classes = arrays["classes"]
    else:
        classes = text.unpack(arrays, "classes", labels.text)
    if not all(low < high for low, high in pairwise(classes)):
        refuse("labels in ascending order, each once", shown(classes.tolist()))
    multilabel = labels.y_type == "multilabel-indicator"
    if multilabel and classes.tolist() != list(range(labels.count)):
        refuse("the labels 0, 1, ... of several labels a sample", shown(classes.tolist()))
    return classes


def _set_fitted(est: Any, fitted: Fitted, arrays: Arrays) -> None:
    for name in fitted.model_fields_set:
        value = getattr(fitted, name)
        if isinstance(value, NotFinite):
            value = _float(value)
        elif isinstance(value, ValidationChance):
            value = {each: _float(getattr(value, each)) for each in type(value).model_fields}
        elif value == "array":
            value = arrays[name.removesuffix("_")].tolist()
        setattr(est, name, value)


def _float(value: float | NotFinite) -> float:
    return float(value.float if isinstance(value, NotFinite) else value)


def _check_predicts(est: Any, model: MLP) -> None:
    """The parameters and the network must mean the same forward pass, and output and labels
    the same kind of target."""
    try:
        came = list(est._activations())
        output, _, _ = est._output_and_loss()
    except (ValueError, TypeError) as error:
        refuse("parameters that fit the network", f"others: {message(error)}")
    if [*came[:-1], output] != model.network.activations:
        refuse(
            f"the activations {shown(model.network.activations)} by the parameters as well",
            shown([*came[:-1], output]),
        )


def _set_training(est: Any, model: MLP, arrays: Arrays) -> None:
    est._no_improvement_count = 0  # as a training that left no session has it
    if model.training is None:
        return
    facts = model.training.model_dump()
    random = facts.pop("random")
    facts |= {f"random_{key}": value for key, value in random.items()}
    state = {
        name.removeprefix("state."): array
        for name, array in arrays.items()
        if name.startswith("state.")
    }
    est._import_state(facts, state)
    if model.random_state == model.training.random and np.array_equal(
        arrays["random_state"], state["random_key"]
    ):
        est.random_state = est._session.random_state  # one stream, as before saving
