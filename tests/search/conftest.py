"""What the tests of searches share: one small problem, one small network, and two rates."""

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier as TheirClassifier

from chainrule import MLPClassifier

SETTINGS = {
    "hidden_layer_sizes": (6,),
    "max_iter": 4,
    "batch_size": 16,
    "learning_rate_init": 0.01,
    "random_state": 3,
}


@pytest.fixture(scope="session")
def blobs():
    """``X`` ``(90, 5)`` and ``y`` of three classes; read-only."""
    rng = np.random.RandomState(7)
    X = rng.standard_normal((90, 5))
    y = (X @ rng.standard_normal((5, 3)) + 0.3 * rng.standard_normal((90, 3))).argmax(axis=1)
    for array in (X, y):
        array.flags.writeable = False
    return X, y


@pytest.fixture
def network():
    """``network(**settings)``: an estimator of ours."""
    return lambda **more: MLPClassifier(**{**SETTINGS, **more})


@pytest.fixture
def theirs():
    """scikit-learn's network with the same settings."""
    return lambda **more: TheirClassifier(**{**SETTINGS, **more})
