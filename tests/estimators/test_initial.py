"""The numbers of a network before its first step, against those of one that stands still."""

import numpy as np
import pytest

from chainrule import MLPClassifier, MLPRegressor
from chainrule.estimators.diagnosis import COLUMNS
from chainrule.estimators.initial import initial_diagnosis

rng = np.random.default_rng(0)
X = rng.normal(size=(300, 6))
LABELS = (X[:, 0] > 0).astype(int)
STILL = {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 1e-30, "max_iter": 1, "l2": 0.0,
         "random_state": 3, "diagnose": True}  # fmt: skip


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    ("net", "y"),
    [
        (MLPClassifier((5, 4), **STILL), LABELS),
        (MLPClassifier((5,), activation="tanh", init={"name": "normal", "scale": 1e-3}, **STILL),
         LABELS),
        (MLPRegressor(hidden_layer_sizes=(5, 4), **STILL), X[:, 1] + X[:, 2]),
    ],
)  # fmt: skip
def test_they_are_those_after_an_epoch_that_moved_nothing(net, y):
    found = initial_diagnosis(net, X, y)
    assert not hasattr(net, "coefs_")
    net.fit(X, y)
    assert set(found) == set(COLUMNS) - {"update_ratio"}
    for name, values in found.items():
        np.testing.assert_allclose(values, net.history_[name][0], rtol=1e-12)


def test_small_weights_pass_on_little_each_way():
    """By hand: N(0, s²) weights and unit inputs; a relu layer halves the mean square."""
    scale, widths = 0.001, (200, 150, 100)
    inputs = rng.normal(size=(400, 500))
    net = MLPClassifier(widths, init={"name": "normal", "scale": scale}, random_state=0)
    found = initial_diagnosis(net, inputs, rng.integers(2, size=400))
    size = 1.0
    for fan_in, spread in zip((500, 200, 150), found["activation_std"][:3], strict=True):
        pre = scale * np.sqrt(fan_in) * size
        size = pre * np.sqrt(0.5)
        assert spread == pytest.approx(pre * np.sqrt(0.5 - 0.5 / np.pi), rel=0.25)
    assert found["gradient_norm"][0] < 1e-3 * found["gradient_norm"][-1]
