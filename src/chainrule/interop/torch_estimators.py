"""A network read from PyTorch as an estimator: what its outputs mean, and the labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.equations.network import Layer
from chainrule.errors import InvalidInputError, unknown_name
from chainrule.estimators import MLPClassifier, MLPRegressor
from chainrule.interop.assembled import binarizer, set_network
from chainrule.interop.torch_reading import Parsed, hidden, one_or_all, rates

__all__ = ["TASKS", "estimator"]

TASKS = ("classification", "multilabel", "regression")

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class _Meaning:
    """What the outputs are: scikit-learn's word for the targets (None of a regression), the
    estimator's ``loss``, and the last layer, which may have been rewritten."""

    y_type: str | None
    loss: str
    last: Layer
    classes: Array | None = None


def estimator(
    found: Parsed, classes: Sequence[Any] | None, task: str | None, settings: dict[str, Any]
) -> Any:
    """A fitted estimator of the network; ``settings`` are further parameters of it."""
    output, last = found.activations[-1], found.layers[-1]
    task = _task(task, classes, output, last.W.shape[1])
    if task == "regression":
        meaning = _regression(output, last, classes)
    elif task == "multilabel":
        meaning = _multilabel(output, last, classes)
    else:
        meaning = _classification(output, last, classes)
    names = hidden(found)
    kind = MLPRegressor if meaning.y_type is None else MLPClassifier
    est = kind(
        **{
            "hidden_layer_sizes": tuple(layer.W.shape[1] for layer in found.layers[:-1]),
            "activation": one_or_all(names, "relu"),
            "dropout": one_or_all(rates(found), 0.0),
            "loss": meaning.loss,
            "input_scale": found.input_scale,
            "dtype": last.W.dtype.name,
            **settings,
        }
    )
    est._validate_params()
    labels = None
    if meaning.y_type is not None:
        assert meaning.classes is not None
        labels = binarizer(meaning.classes, meaning.y_type)
    set_network(est, (*found.layers[:-1], meaning.last), labels)
    return est


def _task(task: str | None, classes: Any, output: str | None, n_out: int) -> str:
    if task is not None:
        if task not in TASKS:
            raise InvalidInputError(unknown_name("task", task, TASKS))
        return task
    if classes is not None or output in ("softmax", "log_softmax"):
        return "classification"
    if output == "logistic":
        return "classification" if n_out == 1 else "multilabel"
    if output == "exp":
        return "regression"
    raise InvalidInputError(
        "The module's last layer is linear: its outputs may be logits or values. Say which with "
        f"task=, one of {', '.join(TASKS)}, or name the classes."
    )


def _wrong(task: str, output: str, fitting: str) -> InvalidInputError:
    return InvalidInputError(
        f"A {task} has {fitting} as its output; the module ends with {output}. Change the module's "
        "end or task=."
    )


def _regression(output: str | None, last: Layer, classes: Any) -> _Meaning:
    if classes is not None:
        raise InvalidInputError("classes were given, and task='regression': give one of them.")
    losses = {None: "squared_error", "identity": "squared_error", "exp": "poisson"}
    if output not in losses:
        raise _wrong("regression", str(output), "no activation, or the exponential of a Poisson's")
    return _Meaning(None, losses[output], last)


def _multilabel(output: str | None, last: Layer, classes: Any) -> _Meaning:
    if output not in (None, "identity", "logistic"):
        raise _wrong("multilabel classification", str(output), "logits, or a sigmoid for each")
    n_out = last.W.shape[1]
    if n_out < 2:
        raise InvalidInputError(
            "task='multilabel' needs an output for each of several labels; the module has one. "
            "Use task='classification'."
        )
    if classes is not None and list(classes) != list(range(n_out)):
        raise InvalidInputError(
            "The labels of task='multilabel' are the columns 0, 1, ... of y: leave classes out."
        )
    return _Meaning("multilabel-indicator", "log_loss", last, np.arange(n_out))


def _classification(output: str | None, last: Layer, classes: Any) -> _Meaning:
    n_out = last.W.shape[1]
    known = np.arange(max(n_out, 2)) if classes is None else np.asarray(classes)
    if known.ndim != 1 or len(np.unique(known)) != len(known) or len(known) != max(n_out, 2):
        raise InvalidInputError(
            f"Required {max(n_out, 2)} different classes, in the order of the module's outputs; "
            f"came {known.tolist()}."
        )
    order = np.argsort(known)  # scikit-learn's classes_ ascend
    if n_out == 1:
        if output not in (None, "identity", "logistic"):
            raise _wrong("classification with one output", str(output), "a logit, or a sigmoid")
        if order[0] == 1:  # the probability of the other class: 1 - s(z) = s(-z)
            last = Layer(-last.W, -last.b)
        return _Meaning("binary", "log_loss", last, known[order])
    last = Layer(np.ascontiguousarray(last.W[:, order]), last.b[order])
    if output == "logistic":
        if n_out == 2:
            raise _wrong("classification with two outputs", "a sigmoid each", "logits or a softmax")
        return _Meaning("multiclass", "binary_cross_entropy", last, known[order])
    if output not in (None, "identity", "softmax", "log_softmax"):
        raise _wrong("classification", str(output), "logits, a softmax, or a sigmoid for each")
    if n_out == 2:  # ours has one output: the softmax of two logits is the sigmoid of z2 - z1
        last = Layer(last.W[:, 1:] - last.W[:, :1], last.b[1:] - last.b[:1])
        return _Meaning("binary", "log_loss", last, known[order])
    return _Meaning("multiclass", "log_loss", last, known[order])
