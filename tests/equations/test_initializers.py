"""Every initializer: its scale beside PyTorch's and scikit-learn's, and what the draws become."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from sklearn.neural_network import MLPRegressor
from torch.nn import init

from chainrule.equations.initializers import INITIALIZERS, initial

FAN_IN, FAN_OUT = 300, 200

EACH = pytest.mark.parametrize("row", INITIALIZERS.values(), ids=list(INITIALIZERS))

# The variance that each row is to give its weights.
VARIANCES = {
    "glorot_uniform": 2 / (FAN_IN + FAN_OUT),
    "glorot_normal": 2 / (FAN_IN + FAN_OUT),
    "he_uniform": 2 / FAN_IN,
    "he_normal": 2 / FAN_IN,
    "lecun_uniform": 1 / FAN_IN,
    "lecun_normal": 1 / FAN_IN,
    "uniform": 0.1**2 / 3,
    "normal": 0.1**2,
    "constant": 0.0,
    "sklearn": 2 / (FAN_IN + FAN_OUT),
}

# PyTorch keeps W as (n_out, n_in).
TORCH = {
    "glorot_uniform": init.xavier_uniform_,
    "glorot_normal": init.xavier_normal_,
    "he_uniform": lambda w: init.kaiming_uniform_(w, nonlinearity="relu"),
    "he_normal": lambda w: init.kaiming_normal_(w, nonlinearity="relu"),
    "lecun_uniform": lambda w: init.kaiming_uniform_(w, nonlinearity="linear"),
    "lecun_normal": lambda w: init.kaiming_normal_(w, nonlinearity="linear"),
    "uniform": lambda w: init.uniform_(w, -0.1, 0.1),
    "normal": lambda w: init.normal_(w, 0, 0.1),
    "constant": lambda w: init.constant_(w, 0.1),
}


def draws(row, shape=(FAN_IN, FAN_OUT)):
    rng = np.random.default_rng(11)
    return rng.normal(size=shape) if row.distribution == "normal" else rng.uniform(-1, 1, shape)


def test_every_row_has_its_variance():
    assert set(VARIANCES) == set(INITIALIZERS), "Add the new row's variance above."


@EACH
def test_row_is_complete(row):
    assert INITIALIZERS[row.name] is row
    assert row.source
    assert row.distribution in ("uniform", "normal", "constant")


@EACH
def test_weights_have_the_variance(row):
    """60,000 draws: the sample's variance is within 2 % of the stated one (over 3 sigma)."""
    W = initial(row, draws(row), FAN_IN, FAN_OUT)
    deviation = math.sqrt(VARIANCES[row.name])
    assert np.var(W) == pytest.approx(VARIANCES[row.name], rel=0.02, abs=1e-30)
    mean = 0.1 if row.distribution == "constant" else 0.0
    assert abs(W.mean() - mean) <= 4 * deviation / math.sqrt(W.size) + 1e-15
    if row.distribution == "uniform":
        bound = deviation * math.sqrt(3)
        assert 0.999 * bound < np.abs(W).max() <= bound * (1 + 1e-15)


@pytest.mark.parametrize("name", TORCH)
def test_weights_are_spread_like_torchs(name):
    torch.manual_seed(0)
    theirs = TORCH[name](torch.empty(FAN_OUT, FAN_IN, dtype=torch.float64)).numpy()
    row = INITIALIZERS[name]
    W = initial(row, draws(row), FAN_IN, FAN_OUT)
    assert W.std() == pytest.approx(theirs.std(), rel=0.02, abs=1e-12)
    if row.distribution == "uniform":
        assert np.abs(W).max() == pytest.approx(np.abs(theirs).max(), rel=1e-3)


@pytest.mark.parametrize(
    ("activation", "factor"), [("relu", 6.0), ("tanh", 6.0), ("logistic", 2.0)]
)
def test_sklearn_is_sklearns(activation, factor):
    """From the same random numbers: weights, then biases, layer by layer."""
    n, sizes = 2, (4, 3, 1)
    network = MLPRegressor(
        hidden_layer_sizes=sizes[1:-1],
        activation=activation,
        solver="sgd",
        learning_rate_init=1e-300,
        random_state=5,
    )
    network.partial_fit(np.zeros((n, 4)), np.zeros(n))
    row, random = INITIALIZERS["sklearn"], np.random.RandomState(5)
    assert row.biases
    for level, (i, o) in enumerate(pairwise(sizes)):
        for array, shape in ((network.coefs_[level], (i, o)), (network.intercepts_[level], (o,))):
            numbers = random.uniform(-1, 1, shape)
            found = initial(row, numbers, i, o, factor=factor)
            np.testing.assert_allclose(found, array, rtol=1e-13, atol=1e-16)


@EACH
def test_settings_change_the_result(row):
    for setting, value in row.settings.items():
        small = initial(row, draws(row), FAN_IN, FAN_OUT)
        large = initial(row, draws(row), FAN_IN, FAN_OUT, **{setting: 4 * value})
        ratio = 2 if setting == "factor" else 4
        np.testing.assert_allclose(large, ratio * small, rtol=1e-14)


@EACH
def test_unknown_settings_are_refused(row):
    with pytest.raises(TypeError, match="gain"):
        initial(row, draws(row), FAN_IN, FAN_OUT, gain=2.0)


@EACH
def test_runs_unchanged_in_each_library(row, backend):
    numbers = draws(row, (4, 3))
    backend.check(initial(row, backend.array(numbers), 4, 3), initial(row, numbers, 4, 3))
