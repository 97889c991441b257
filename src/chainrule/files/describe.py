"""A fitted estimator as header and arrays."""

from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from chainrule.files import text, values
from chainrule.files.header import MLP, Fitted
from chainrule.files.refusal import explain, message, refuse
from chainrule.files.stream import stream_of

__all__ = ["describe"]

Arrays = dict[str, npt.NDArray[Any]]
NUMBERS = ("loss_", "best_loss_", "best_validation_score_", "chance_loss_")
COUNTS = ("n_iter_", "t_", "best_epoch_")
CURVES = ("loss_curve_", "validation_scores_")


def describe(est: Any, training_state: bool) -> tuple[MLP, Arrays]:
    """The header's part on a fitted estimator, and its arrays."""
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
            number = float(found[name])
            found[name] = number if np.isfinite(number) else {"float": str(number)}
    for name in COUNTS:
        if found.get(name) is not None:
            found[name] = int(found[name])
    return found


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
