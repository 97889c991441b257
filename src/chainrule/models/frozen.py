"""A fitted model as arrays: preparation, layers and labels, for prediction and for export.

It knows nothing of training, and imports neither jax nor scikit-learn; what leaves Chainrule (an
ONNX graph, a C header, a script) is made from it.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from chainrule.equations.network import Layer, forward
from chainrule.errors import InvalidInputError
from chainrule.models.images import ImageInput
from chainrule.models.sklearn_steps import frozen_steps
from chainrule.models.steps import Step

__all__ = ["FrozenModel", "freeze"]

Array = npt.NDArray[Any]
Task = Literal["binary", "multiclass", "multilabel", "regression"]

CHUNK_BYTES = 2**23
"""About what the widest layer's values of one chunk take."""


@dataclass(frozen=True, eq=False)
class FrozenModel:
    """What a fitted estimator, or a Pipeline that ends in one, does to rows.

    ``task``: ``"binary"`` has one output, the probability of the second of two ``classes``;
    ``"multiclass"`` an output a class, whose largest is the answer; ``"multilabel"`` an output a
    label, which is there above 1/2; ``"regression"`` the values themselves.
    ``steps`` are applied to the rows one after the other, then ``input_scale`` divides them (None:
    nothing does), then the layers 1..L with ``activations[l - 1]`` each.
    ``feature_names`` are those of the columns that the first step takes; None where the model was
    trained without names. ``image`` says what images the rows are, and ``missing`` which texts
    stand for a value that is not there in files of text, where the model's file does.
    """

    task: Task
    layers: tuple[Layer, ...]
    activations: tuple[str, ...]
    steps: tuple[Step, ...] = ()
    input_scale: float | None = None
    classes: Array | None = None
    feature_names: tuple[str, ...] | None = None
    image: ImageInput | None = None
    missing: tuple[str, ...] | None = None

    @property
    def n_in(self) -> int:
        """The columns of the rows that it takes."""
        return self.steps[0].n_in if self.steps else int(self.layers[0].W.shape[0])

    @property
    def sizes(self) -> tuple[int, ...]:
        """The units of every layer of the network, the input's first."""
        return (*(len(layer.W) for layer in self.layers), int(self.layers[-1].W.shape[1]))

    def prepared(self, X: Array) -> Array:
        """The rows as the first layer takes them."""
        X = self._checked(X)
        for step in self.steps:
            X = step(X)
        dtype = np.result_type(X.dtype, self.layers[0].W.dtype)
        X = X.astype(dtype, copy=False)
        return X if self.input_scale is None else X / dtype.type(self.input_scale)

    def outputs(self, X: Array) -> Array:
        """The network's outputs ``(n, n_out)`` for rows ``(n, n_in)``, some rows at a time."""
        X = self._checked(X)
        size = self.chunk_rows
        parts = [self._chunk(X[at : at + size]) for at in range(0, max(len(X), 1), size)]
        return np.concatenate(parts)

    @property
    def chunk_rows(self) -> int:
        """The rows that are computed at a time."""
        widest = max(self.n_in, *self.sizes)
        return int(np.clip(CHUNK_BYTES // (widest * self.layers[0].W.itemsize), 64, 2048))

    def _chunk(self, X: Array) -> Array:
        X = self.prepared(X)
        layers = [Layer(W.astype(X.dtype), b.astype(X.dtype)) for W, b in self.layers]
        with np.errstate(over="ignore", invalid="ignore"):
            return np.asarray(forward(layers, self.activations, X).A[-1])

    def _checked(self, X: Array) -> Array:
        if X.ndim != 2 or X.shape[1] != self.n_in:
            raise InvalidInputError(
                f"Required rows with {self.n_in} columns, as the model was trained with; came an "
                f"array of shape {X.shape}."
            )
        return X

    def predict(self, X: Array) -> Array:
        """The labels (``(n, n_labels)`` of 0 and 1 for multilabel), or the values."""
        return self.decided(self.outputs(X))

    def decided(self, A: Array) -> Array:
        """The labels or the values that outputs ``(n, n_out)`` mean."""
        if self.task == "regression":
            return A.ravel() if A.shape[1] == 1 else A
        assert self.classes is not None
        if self.task == "multilabel":
            return (A > 0.5).astype(np.int64)
        if self.task == "multiclass":
            return self.classes[A.argmax(axis=1)]
        # with a single class there is nothing to tell apart
        return self.classes[(A.ravel() > 0.5).astype(int) * (len(self.classes) - 1)]

    def predict_proba(self, X: Array) -> Array:
        """The probability of each class, ``(n, n_classes)``."""
        return self.probabilities(self.outputs(X))

    def probabilities(self, A: Array) -> Array:
        """The probabilities that outputs ``(n, n_out)`` mean."""
        if self.task == "regression":
            raise InvalidInputError("A regression has values and no probabilities: use predict.")
        return np.hstack([1 - A, A]) if self.task == "binary" else A


def freeze(model: Any) -> FrozenModel:
    """The arrays of a fitted ``MLPClassifier`` or ``MLPRegressor``, or of a scikit-learn Pipeline
    that ends in one.

    Raises
    ------
    InvalidInputError
        Another estimator, one that is not fitted, or a step of the Pipeline that is not known.
    """
    if isinstance(model, FrozenModel):
        return model
    named = list(getattr(model, "steps", [("", model)]))
    *before, (_, est) = named
    kinds = {"MLPClassifier", "MLPRegressor"}
    if not (kinds & {each.__name__ for each in type(est).__mro__ if _is_ours(each)}):
        raise InvalidInputError(
            "Required a chainrule.MLPClassifier or MLPRegressor, or a Pipeline that ends in one; "
            f"came {type(est).__module__}.{type(est).__qualname__}."
        )
    if not hasattr(est, "coefs_"):
        raise InvalidInputError(f"Required a fitted {type(est).__name__}: call fit first.")
    steps = frozen_steps(before)
    names = getattr(named[0][1], "feature_names_in_", None)
    return FrozenModel(
        task=_task(est),
        layers=tuple(map(Layer, map(np.asarray, est.coefs_), map(np.asarray, est.intercepts_))),
        activations=tuple(est._activations()),
        steps=steps,
        input_scale=est.input_scale,
        classes=np.asarray(est.classes_) if hasattr(est, "classes_") else None,
        feature_names=None if names is None else tuple(map(str, names)),
    )


def _is_ours(kind: type) -> bool:
    return kind.__module__.startswith("chainrule.estimators")


def _task(est: Any) -> Task:
    if not hasattr(est, "classes_"):
        return "regression"
    kinds: dict[str, Task] = {
        "binary": "binary",
        "multiclass": "multiclass",
        "multilabel-indicator": "multilabel",
    }
    return kinds[est._label_binarizer.y_type_]
