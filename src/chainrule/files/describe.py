"""A fitted estimator as header and arrays."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from chainrule.errors import ModelFileError
from chainrule.files import text, transformers, values
from chainrule.files.header import MLP, Fitted, Pipeline
from chainrule.files.rebuild import CLASSES, class_named
from chainrule.files.refusal import explain, message, refuse
from chainrule.files.stream import stream_of

__all__ = ["describe", "searched"]

Arrays = dict[str, npt.NDArray[Any]]
NUMBERS = ("loss_", "best_loss_", "best_validation_score_", "chance_loss_")
COUNTS = ("n_iter_", "t_", "best_epoch_")
CURVES = ("loss_curve_", "validation_scores_")


def describe(est: Any, training_state: bool) -> tuple[MLP | Pipeline, Arrays]:
    """The header's part on a fitted estimator or Pipeline, and its arrays."""
    if type(est).__name__ != "Pipeline":
        return _network(est, training_state)
    *named, (last, network) = est.steps
    model, arrays = _network(network, training_state)
    kept = [each for each in named if each[1] is not None and each[1] != "passthrough"]
    steps = []
    for number, (name, transformer) in enumerate(kept, 1):
        record, found = transformers.describe(transformer, name)
        steps.append(record)
        arrays |= {f"step{number}.{each}": array for each, array in found.items()}
    names = [*(name for name, _ in kept), last]
    try:
        given = {"kind": "pipeline", "names": names, "steps": steps, "network": model}
        return Pipeline.model_validate(given), arrays
    except ValidationError as error:
        explain(error, "the fitted Pipeline")


def _check_kind(est: Any) -> None:
    name = type(est).__name__
    if name in CLASSES and type(est) is class_named(name):
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(est, "coefs_")
        return
    accepted = " or ".join(f"chainrule.{each}" for each in CLASSES)
    raise ModelFileError(
        f"Required a fitted {accepted}, a Pipeline that ends in one, or a search that was "
        f"refitted; came an object of type {type(est).__module__}.{type(est).__qualname__}. A "
        "model file carries no code, so subclasses and other estimators cannot be stored: save "
        "the network itself."
    )


def _network(est: Any, training_state: bool) -> tuple[MLP, Arrays]:
    _check_kind(est)
    try:
        est._validate_params()
        activations = list(est._activations())
        arrays = _layers(est)
    except (ValueError, TypeError) as error:
        refuse("parameters that fit the network", f"others: {message(error)}")
    description = {
        "kind": "mlp",
        "estimator": type(est).__name__,
        **_parameters(est, arrays),
        "network": {
            "sizes": [*(len(W) for W in est.coefs_), est.coefs_[-1].shape[1]],
            "activations": activations,
            "dtype": est.coefs_[0].dtype.name,
        },
        "labels": _labels(est, arrays),
        "feature_names": _feature_names(est, arrays),
        "fitted": _fitted(est, arrays),
        **_history(est, arrays),
        "training": _training(est, arrays) if training_state else None,
    }
    try:
        return MLP.model_validate(description), arrays
    except ValidationError as error:
        explain(error, "the fitted estimator")


def _layers(est: Any) -> Arrays:
    arrays = {}
    for number, (W, b) in enumerate(zip(est.coefs_, est.intercepts_, strict=True), 1):
        arrays[f"W{number}"], arrays[f"b{number}"] = np.asarray(W), np.asarray(b)
    return arrays


def _parameters(est: Any, arrays: Arrays) -> dict[str, Any]:
    params, stream = est.get_params(deep=False), None
    if isinstance(params["random_state"], np.random.RandomState):
        stream, arrays["random_state"] = stream_of(params["random_state"])
        params["random_state"] = None
    encoded = {name: values.encode(value, name) for name, value in params.items()}
    return {"params": encoded, "random_state": stream}


def _labels(est: Any, arrays: Arrays) -> dict[str, Any] | None:
    if not hasattr(est, "classes_"):
        return None
    classes = np.asarray(est.classes_)
    if text.is_text(classes):
        arrays |= text.pack(classes, "classes")
    elif classes.dtype.name in values.NUMPY_TYPES:
        arrays["classes"] = classes
    else:
        refuse("labels that are strings, numbers or truth values", f"dtype {classes.dtype}")
    return {
        "y_type": est._label_binarizer.y_type_,
        "count": len(classes),
        "text": text.width(classes) if text.is_text(classes) else None,
        "sparse": bool(est._label_binarizer.sparse_input_),
    }


def _feature_names(est: Any, arrays: Arrays) -> bool:
    if not hasattr(est, "feature_names_in_"):
        return False
    arrays |= text.pack(est.feature_names_in_, "feature_names")
    return True


def _fitted(est: Any, arrays: Arrays) -> dict[str, Any]:
    found = {name: getattr(est, name) for name in Fitted.model_fields if hasattr(est, name)}
    for name in CURVES:
        if found.get(name) is not None:
            arrays[name.removesuffix("_")] = np.asarray(found[name], np.float64)
            found[name] = "array"
    for name in NUMBERS:
        if found.get(name) is not None:
            found[name] = number_of(found[name])
    if chance := found.get("validation_chance_"):
        found["validation_chance_"] = {k: number_of(v) for k, v in chance.items()}
    for name in COUNTS:
        if found.get(name) is not None:
            found[name] = int(found[name])
    return found


def number_of(value: Any) -> float | dict[str, str]:
    """A number as the header's records have it."""
    number = float(value)
    return number if np.isfinite(number) else {"float": str(number)}


def searched(
    strategy: str, candidates: int, score: float, params: Mapping[str, Any]
) -> dict[str, Any]:
    """How a model's parameters were found, as ``about["search"]`` has it."""
    return {
        "strategy": strategy,
        "candidates": candidates,
        "best_score": number_of(score),
        "best_params": {str(name): values.encode(value, name) for name, value in params.items()},
    }


def _history(est: Any, arrays: Arrays) -> dict[str, list[str] | None]:
    if not hasattr(est, "history_"):
        return {"history": None}
    for name, column in est.history_.items():
        arrays[f"history.{name}"] = column
    by_layer = [name for name, column in est.history_.items() if np.ndim(column) == 2]
    found: dict[str, list[str] | None] = {"history": list(est.history_)}
    return found | ({"history_by_layer": by_layer} if by_layer else {})


def _training(est: Any, arrays: Arrays) -> dict[str, Any] | None:
    facts, state = est._export_state()
    arrays |= {f"state.{name}": array for name, array in state.items()}
    if not facts:
        return None
    random = {key: facts.pop(f"random_{key}") for key in ("position", "has_gauss", "gauss")}
    return {**facts, "random": random}
