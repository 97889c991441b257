"""The classifier."""

from numbers import Real
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy.special import log_expit, log_softmax
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import (
    _check_partial_fit_first_call,
    type_of_target,
    unique_labels,
)
from sklearn.utils.validation import check_is_fitted

from chainrule.equations.losses import smoothed
from chainrule.errors import InvalidInputError
from chainrule.estimators.base import BaseMLP, stochastic_only
from chainrule.estimators.parameters import (
    ACTIVATION,
    ACTIVATION_DOC,
    HIDDEN_LAYER_SIZES,
    HIDDEN_LAYER_SIZES_DOC,
    estimator,
    parameter,
)
from chainrule.estimators.streamed import refuse_stream

__all__ = ["MLPClassifier"]

OUTPUT_AND_LOSS = {
    ("log_loss", "multiclass"): ("softmax", "cross_entropy"),
    ("log_loss", "labels"): ("logistic", "binary_cross_entropy"),
    ("mean_squared_error", "multiclass"): ("softmax", "mean_squared_error"),
    ("mean_squared_error", "labels"): ("logistic", "mean_squared_error"),
    ("double_softmax", "multiclass"): ("softmax", "logit_cross_entropy"),
    ("binary_cross_entropy", "multiclass"): ("logistic", "binary_cross_entropy"),
    ("binary_cross_entropy", "labels"): ("logistic", "binary_cross_entropy"),
}
"""The output activation and the equations' loss, by the parameter ``loss`` and whether one of
several classes is to be found or each output is a label of its own (binary, multilabel)."""


@estimator
class MLPClassifier(ClassifierMixin, BaseMLP):
    """A multilayer perceptron that tells classes apart.

    It takes the place of ``sklearn.neural_network.MLPClassifier``: with the same parameters
    and ``random_state`` it gives the same ``loss_curve_``, stops at the same epoch and
    predicts the same labels, in a fraction of the time. What scikit-learn's has not starts
    at ``dropout`` below.

    {parameters}

    Attributes
    ----------
    classes_ : array, (n_classes,)
        The labels.
    coefs_, intercepts_ : lists of arrays
        W of each layer, (n_in, n_out), and b, (n_out,).
    loss_curve_ : list
        The loss of each epoch as scikit-learn has it, penalty included.
    history_ : dict of arrays
        A row an epoch: epoch, steps, train_loss, penalty, validation_loss,
        validation_score, learning_rate, seconds; and what ``diagnose`` measures.
    best_epoch_ : int or None
        The epoch, from 1, with the best monitored value.
    chance_loss_ : float
        The loss of the best answer that is the same for every row.
    validation_chance_ : dict or None
        What that answer gets on the rows to validate on: ``loss``, ``score``, the number of
        ``rows``, and ``luck`` (see `chainrule.estimators.chance`).
    overfit_epoch_ : int or None
        The epoch from which on the validation loss stays above its minimum by more than its
        noise (see ``docs/diagnosis.md``).
    diverged_ : bool
        Whether training left the finite numbers.
    windows_ : chainrule.engine.windows.Windows
        How streamed rows were cut, where memory did not hold them all; else there is none.
    n_iter_, t_, loss_, best_loss_, validation_scores_, best_validation_score_, n_layers_,
    n_outputs_, out_activation_, n_features_in_, feature_names_in_
        As in scikit-learn.

    Examples
    --------
    >>> from chainrule import MLPClassifier
    >>> from sklearn.datasets import load_digits
    >>> X, y = load_digits(return_X_y=True)
    >>> net = MLPClassifier((50,), max_iter=30, tol=0, n_iter_no_change=30, random_state=0)
    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     _ = net.fit(X, y)
    >>> bool(net.score(X, y) > 0.98)
    True
    """

    hidden_layer_sizes: Any = parameter(
        default=(100,), constraint=HIDDEN_LAYER_SIZES, doc=HIDDEN_LAYER_SIZES_DOC, kw_only=False
    )
    activation: Any = parameter(
        default="relu", constraint=ACTIVATION, doc=ACTIVATION_DOC, kw_only=False
    )
    loss: Any = parameter(
        default="log_loss",
        constraint=[
            StrOptions({"log_loss", "mean_squared_error", "binary_cross_entropy", "double_softmax"})
        ],
        doc=(
            "'log_loss' (cross-entropy), 'mean_squared_error' of the probabilities, or "
            "'binary_cross_entropy': each class against all others by a sigmoid of its own, so "
            "that the outputs of several classes do not sum to 1. 'double_softmax' is a mistake "
            "that is made with losses that take logits, kept to show what it does: the softmax is "
            "applied once more to the probabilities."
        ),
    )
    class_weight: Any = parameter(
        default=None,
        constraint=[dict, StrOptions({"balanced"}), None],
        doc=(
            "What each class counts for: a mapping from label to weight, or 'balanced' "
            "(n_samples / (n_classes * count)). Multiplied with the sample weights."
        ),
    )
    label_smoothing: Any = parameter(
        default=0.0,
        constraint=[Interval(Real, 0, 1, closed="left")],
        doc=(
            "Share s of each target that is spread evenly: (1 - s) y + s / n_classes (for two "
            "classes, and for each of several labels, s / 2). In training alone: the validation "
            "loss and scores are of the true labels."
        ),
    )

    def _encode(self, y: Any, first: bool, incremental: bool) -> npt.NDArray[Any]:
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        known = hasattr(self, "classes_")
        if not known or (not self.warm_start and not incremental):
            self._label_binarizer = LabelBinarizer().fit(y)
            self.classes_ = self._label_binarizer.classes_
        elif self.warm_start and not incremental:
            self._check_same_classes(y)
        else:
            self._check_classes(y)
        return self._label_binarizer.transform(y).astype(bool)

    def _encode_known(self, y: Any) -> npt.NDArray[Any]:
        self._check_classes(y, "y_val")
        return self._label_binarizer.transform(y).astype(bool)

    def _decode(self, Y: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return self._label_binarizer.inverse_transform(Y.astype(np.int64))

    def _check_same_classes(self, y: Any) -> None:
        classes = unique_labels(y)
        if set(classes) != set(self.classes_):
            raise InvalidInputError(
                "warm_start can only be used where `y` has the same classes as in the previous "
                f"call to fit. Previously got {self.classes_}, `y` has {classes}. Fit anew with "
                "warm_start=False."
            )

    def _check_classes(self, y: Any, name: str = "y") -> None:
        kind, fitted = type_of_target(y), self._label_binarizer.y_type_
        if kind.startswith("multilabel") != fitted.startswith("multilabel"):
            raise InvalidInputError(
                f"`{name}` must hold targets of the kind that was learnt, {fitted}; got {kind}."
            )
        unseen = np.setdiff1d(unique_labels(y), self.classes_)
        if len(unseen):
            raise InvalidInputError(
                f"`{name}` has classes not in `self.classes_`: {unseen.tolist()}. `self.classes_` "
                f"has {self.classes_}. Name every class at the first call of partial_fit "
                "(classes=...), or have them all in the training data."
            )

    def _output_and_loss(self) -> tuple[str, str, float]:
        multiclass = self._label_binarizer.y_type_ == "multiclass"
        if self.loss == "double_softmax" and not multiclass:
            raise InvalidInputError(
                "loss='double_softmax' needs three classes or more, one a sample: two classes and "
                "labels have no softmax. Use 'log_loss'."
            )
        output, loss = OUTPUT_AND_LOSS[self.loss, "multiclass" if multiclass else "labels"]
        return output, loss, 1.0

    def _training_targets(self, Y: npt.NDArray[Any]) -> npt.NDArray[Any]:
        if self.label_smoothing == 0:
            return Y
        kind = "distribution" if self.out_activation_ == "softmax" else "label"
        return smoothed(Y.astype(np.float64), float(self.label_smoothing), kind)

    def _class_weights(self, y: Any) -> npt.NDArray[Any] | None:
        if self.class_weight is None:
            return None
        if isinstance(self.class_weight, dict) and y.ndim == 2:
            raise InvalidInputError(
                "A mapping for class_weight needs one label a sample, and y has several. Use "
                "class_weight='balanced' or sample_weight."
            )
        return compute_sample_weight(self.class_weight, y)

    def _score_outputs(
        self, A: npt.NDArray[Any], Y: npt.NDArray[Any], weights: npt.NDArray[Any] | None
    ) -> float:
        """Accuracy: the share of samples with every label right."""
        if self._label_binarizer.y_type_ == "multiclass":
            right = A.argmax(axis=1) == Y.argmax(axis=1)
        else:
            right = ((A > 0.5) == Y).all(axis=1)
        return float(np.average(right, weights=weights))

    @available_if(stochastic_only)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """One epoch over ``X`` and ``y``, going on from the last.

        k calls give what ``fit`` for k epochs gives, bit for bit: the random stream, the
        optimizer and the schedule go on. ``classes`` names all labels at the first call.
        """
        refuse_stream(X)
        if _check_partial_fit_first_call(self, classes):
            multilabel = type_of_target(y).startswith("multilabel")
            self._label_binarizer = LabelBinarizer().fit(y if multilabel else classes)
        return self._partial_fit(X, y, sample_weight)

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """The most probable label of each row (for multilabel targets, those above 1/2)."""
        A = self._outputs(X)
        return self._label_binarizer.inverse_transform(A.ravel() if A.shape[1] == 1 else A)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The accuracy on ``X``: the share of rows that ``predict`` gives the labels ``y`` of (for
        multilabel targets all of a row's), or of their weights."""
        if sample_weight is None and isinstance(y, np.ndarray) and y.dtype.kind in "biuU":
            # the same without checks, which take longer than a small network's prediction
            predicted = self.predict(X)
            if predicted.shape == y.shape and y.ndim == 1 and predicted.dtype == y.dtype:
                return float(np.mean(predicted == y))
        return float(super().score(X, y, sample_weight))

    def predict_proba(self, X: Any) -> npt.NDArray[Any]:
        """The probability of each class, ``(n_samples, n_classes)``, in the order of
        ``classes_``."""
        A = self._outputs(X)
        return np.hstack([1 - A, A]) if A.shape[1] == 1 else A

    def predict_log_proba(self, X: Any) -> npt.NDArray[Any]:
        """The logarithm of ``predict_proba``, ``(n_samples, n_classes)``.

        It is made from the last layer's pre-activations, and so is finite also where a probability
        is too small for its type and is rounded to 0.
        """
        check_is_fitted(self)
        Z = self._outputs(X, (*self._activations()[:-1], "identity"))
        high = Z.astype(np.float64)
        if self.out_activation_ == "softmax":
            return log_softmax(high, axis=1).astype(Z.dtype)
        both = [log_expit(-high), log_expit(high)] if Z.shape[1] == 1 else [log_expit(high)]
        return np.hstack(both).astype(Z.dtype)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
