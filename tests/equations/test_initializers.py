"""Every initializer: its scale beside PyTorch's and scikit-learn's, and what the draws become."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neural_network import MLPRegressor
from torch.nn import init

from chainrule.equations.initializers import INITIALIZERS, initial, orthonormal

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
    "orthogonal": 1 / max(FAN_IN, FAN_OUT),
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
    "orthogonal": init.orthogonal_,
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
    with pytest.raises(TypeError, match="gian"):
        initial(row, draws(row), FAN_IN, FAN_OUT, gian=2.0)


@EACH
def test_runs_unchanged_in_each_library(row, backend):
    numbers = draws(row, (4, 3))
    backend.check(initial(row, backend.array(numbers), 4, 3), initial(row, numbers, 4, 3))


# Orthogonal weights

SHAPES = [(6, 4), (4, 6), (5, 5), (1, 3), (3, 1)]


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (1, 3), (3, 1)], ids=str)
def test_orthogonal_is_that_of_torch(shape):
    """From the same draws, which PyTorch makes of its seed. (Of square draws it makes the columns
    of its W orthonormal, which are the rows of ours: as good, and another matrix.)"""
    torch.manual_seed(4)
    numbers = torch.empty(shape[::-1], dtype=torch.float64).normal_().numpy().T
    torch.manual_seed(4)
    theirs = init.orthogonal_(torch.empty(shape[::-1], dtype=torch.float64), gain=1.7).numpy().T
    found = initial(INITIALIZERS["orthogonal"], numbers, *shape, gain=1.7)
    np.testing.assert_allclose(found, theirs, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_orthogonal_is_gram_schmidt(shape):
    """Column by column, what is left beside those before it: R's diagonal is then positive."""
    numbers = np.random.default_rng(2).normal(size=shape)
    columns = []
    for column in numbers.T if shape[0] >= shape[1] else numbers:
        for other in columns:
            column = column - (other @ column) * other
        columns.append(column / np.linalg.norm(column))
    wanted = np.array(columns).T if shape[0] >= shape[1] else np.array(columns)
    np.testing.assert_allclose(orthonormal(numbers), wanted, rtol=1e-9, atol=1e-12)


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_orthogonal_weights_are_at_right_angles_and_keep_lengths(n_in, n_out, seed):
    W = orthonormal(np.random.default_rng(seed).normal(size=(n_in, n_out)))
    products = W.T @ W if n_in >= n_out else W @ W.T
    np.testing.assert_allclose(products, np.eye(min(n_in, n_out)), atol=1e-12)
    x = np.random.default_rng(seed + 1).normal(size=min(n_in, n_out))
    image = W @ x if n_in >= n_out else x @ W
    assert np.linalg.norm(image) == pytest.approx(np.linalg.norm(x), rel=1e-12)
