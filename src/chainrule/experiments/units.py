"""How the units of a network's last hidden layer share the work, on the test part.

Three questions, each of one fitted network: how often are the units silent; how much of the output
layer's weights belongs to one of them; and what is lost when one of them is taken away (its
activation set to 0, as dropout does, and nothing else changed). A network that leans on single
units loses much by the worst of these removals; one that shares the work loses little by any.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from chainrule.data.splits import Part
from chainrule.experiments.inside import is_network, tape_of
from chainrule.experiments.results import UnitUse

__all__ = ["unit_use"]

CHUNK = 1000  # rows at a time: activations of all rows of a wide network need not fit in memory


def unit_use(estimator: Any, test: Part) -> UnitUse | None:
    """Of the last hidden layer; None for a model without one."""
    if not is_network(estimator) or len(estimator.coefs_) < 2:
        return None
    W = np.asarray(estimator.coefs_[-1], dtype=float)  # (units, outputs)
    hits, zeros = np.zeros(len(W)), 0
    right = 0
    for A, Z, y in _chunks(estimator, test):
        zeros += int(np.sum(A == 0))
        right += int(np.sum(_classes(estimator, Z) == y))
        for unit in range(len(W)):
            without = Z - np.outer(A[:, unit], W[unit])
            hits[unit] += np.sum(_classes(estimator, without) == y)
    n = len(test.y)
    lost = (right - hits) / n
    strength = np.square(W).sum(axis=1)
    return UnitUse(
        n_units=len(W),
        zero_share=zeros / (n * len(W)),
        weight_share=float(strength.max() / strength.sum()) if strength.any() else None,
        lost_on_average=float(lost.mean()),
        lost_at_worst=float(lost.max()),
    )


def _chunks(estimator: Any, test: Part) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """The last hidden layer's activations, the output's pre-activations and the classes."""
    for start in range(0, len(test.y), CHUNK):
        rows = slice(start, start + CHUNK)
        tape = tape_of(estimator, test.X[rows])
        yield tape.A[-2].astype(float), tape.Z[-1].astype(float), test.y[rows]


def _classes(estimator: Any, Z: np.ndarray) -> np.ndarray:
    """What is predicted: all output activations keep the order."""
    found = Z.argmax(axis=1) if Z.shape[1] > 1 else (Z[:, 0] > 0).astype(int)
    return np.asarray(estimator.classes_[found])
