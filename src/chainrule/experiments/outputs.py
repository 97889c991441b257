"""What the output layer computes and what is made of it: logits beside probabilities."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.data.splits import Part
from chainrule.equations.activations import ACTIVATIONS
from chainrule.experiments.inside import tape_of
from chainrule.experiments.results import OutputRow

__all__ = ["output_rows"]


def output_rows(
    estimator: Any, rows: np.ndarray, test: Part, class_names: Sequence[str], count: int
) -> tuple[OutputRow, ...]:
    """The first ``count`` test rows with the logits and the probabilities of each class.

    Args:
        rows: (n, features), the first test rows as the estimator takes them.
        test: the test part as the source has it.
    """
    rows, n_classes = rows[:count], len(class_names)
    if not len(rows):
        return ()
    known = np.asarray(estimator.classes_)
    Z = tape_of(estimator, rows).Z[-1]
    P = np.asarray(estimator.predict_proba(rows))
    # One output for two classes is the logit of the second.
    logits = _columns(Z, known[-Z.shape[1] :], n_classes, np.nan)
    probabilities = _columns(P, known, n_classes, 0.0)
    twice: list[tuple[float, ...]] = [()] * len(rows)
    if estimator.out_activation_ == "softmax":
        again = _columns(ACTIVATIONS["softmax"].function(P), known, n_classes, 0.0)
        twice = [*map(tuple, again.tolist())]
    return tuple(
        OutputRow(
            index=at,
            label=class_names[test.y[at]],
            pixels=tuple(map(float, np.ravel(test.X[at]))),
            logits=tuple(logits[at].tolist()),
            probabilities=tuple(probabilities[at].tolist()),
            softmax_again=twice[at],
        )
        for at in range(len(rows))
    )


def _columns(values: np.ndarray, classes: np.ndarray, n_classes: int, other: float) -> np.ndarray:
    """A column for each class of the data; ``other`` where the model has none."""
    found = np.full((len(values), n_classes), other)
    found[:, classes] = values
    return found
