"""An estimator whose network was trained elsewhere: the fitted attributes that predicting, saving
and further training need."""

from collections.abc import Sequence
from typing import Any

import numpy.typing as npt
from sklearn.preprocessing import LabelBinarizer

from chainrule.equations.network import Layer
from chainrule.estimators import history

__all__ = ["binarizer", "set_network"]

Array = npt.NDArray[Any]


def binarizer(classes: Array, y_type: str) -> LabelBinarizer:
    """The encoder of targets of these ascending ``classes``; ``y_type`` is scikit-learn's word for
    the kind of targets."""
    found = LabelBinarizer()
    found.classes_, found.y_type_, found.sparse_input_ = classes, y_type, False
    return found


def set_network(est: Any, layers: Sequence[Layer], labels: LabelBinarizer | None = None) -> None:
    """Make the layers the estimator's own, as if it had trained for no epoch yet.

    ``labels`` encodes a classifier's targets; a regressor has none.
    """
    if labels is not None:
        est._label_binarizer, est.classes_ = labels, labels.classes_
    est._keep(layers)
    est.n_features_in_, est.n_outputs_ = layers[0].W.shape[0], layers[-1].W.shape[1]
    est.n_layers_ = len(layers) + 1
    est.out_activation_, _, _ = est._output_and_loss()
    est.n_iter_ = est.t_ = est._no_improvement_count = 0
    est.history_ = history.empty()
    est.diverged_, est.best_epoch_ = False, None
    if est.solver != "lbfgs":
        est._begin_curves()
