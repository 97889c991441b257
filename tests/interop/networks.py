"""Fitted estimators of random weights: what interoperates does not ask how they were trained."""

from itertools import pairwise

import numpy as np

from chainrule import MLPClassifier, MLPRegressor
from chainrule.equations.network import Layer
from chainrule.interop.assembled import binarizer, set_network

N_IN = 5
N_OUT = {"binary": 1, "multiclass": 3, "multilabel": 3, "regression": 1, "outputs": 2}
LABELS = {
    "binary": (np.array(["no", "yes"]), "binary"),
    "multiclass": (np.array([3, 5, 7]), "multiclass"),
    "multilabel": (np.arange(3), "multilabel-indicator"),
}
TASKS = tuple(N_OUT)
REGRESSIONS = ("regression", "outputs")

X = np.random.default_rng(1).normal(size=(40, N_IN))


def random_layers(sizes, dtype="float64", seed=0):
    rng = np.random.default_rng(seed)
    return tuple(
        Layer(
            (rng.normal(size=(a, b)) / np.sqrt(a)).astype(dtype), rng.normal(size=b).astype(dtype)
        )
        for a, b in pairwise(sizes)
    )


def made(task="multiclass", dtype="float64", seed=0, **params):
    """An estimator with hidden layers of 6 and 4 units, unless told otherwise."""
    kind = MLPRegressor if task in REGRESSIONS else MLPClassifier
    params = {"hidden_layer_sizes": (6, 4), "random_state": 0, "dtype": dtype, **params}
    est = kind(**params)
    layers = random_layers((N_IN, *params["hidden_layer_sizes"], N_OUT[task]), dtype, seed)
    set_network(est, layers, binarizer(*LABELS[task]) if task in LABELS else None)
    return est


def targets(task, n=40, seed=2):
    """What such a network could be trained on."""
    rng = np.random.default_rng(seed)
    if task == "multilabel":
        return rng.integers(0, 2, (n, 3))
    if task in LABELS:
        classes = LABELS[task][0]
        return classes[rng.permutation(np.arange(n) % len(classes))]
    values = rng.normal(size=(n, N_OUT[task]))
    return values[:, 0] if task == "regression" else values
