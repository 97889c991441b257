"""The gradient noise scale, against least squares with known noise, jax's gradients of each row,
and the formulas read backwards."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.datasets import make_classification
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

from chainrule import MLPClassifier, MLPRegressor
from chainrule.errors import InvalidInputError
from chainrule.estimators.gradient_noise import fieller, gradient_noise_scale, two_sizes

SETTINGS = {"max_steps": 5, "random_state": 0}
X, y = make_classification(200, 6, n_classes=3, n_informative=4, random_state=0)


@pytest.fixture(scope="module")
def net():
    """Fitted when a test asks for it, and not by every process that collects the tests."""
    return MLPClassifier((5,), **SETTINGS).fit(X, y)


def exact(gradients):
    """tr(Sigma) and |G|^2 of rows' gradients (n, parameters), all equally likely."""
    return float(np.sum(np.var(gradients, axis=0))), float(np.sum(gradients.mean(axis=0) ** 2))


def assert_agrees(found, gradients):
    noise, signal = exact(gradients)
    assert found.noise == pytest.approx(noise, rel=0.05)
    assert found.signal == pytest.approx(signal, rel=0.1)
    assert found.low < noise / signal < found.high


def test_least_squares_with_known_noise():
    """y = X w + noise, and the network a line at 0: a row's gradient is -y (x, 1).

    For x normal with covariance 1 and noise of variance s^2, E y^2 = |w|^2 + s^2 and
    G = -(w, 0), so that tr(Sigma) = (d + 3) |w|^2 + (d + 1) s^2 - |w|^2.
    """
    rng = np.random.default_rng(1)
    d, s, w = 8, 1.5, np.linspace(0.2, 1, 8)
    rows = rng.standard_normal((200_000, d))
    values = rows @ w + s * rng.standard_normal(len(rows))
    line = MLPRegressor(hidden_layer_sizes=(), **SETTINGS).fit(rows[:50], values[:50])
    line.coefs_[0][:] = 0.0
    line.intercepts_[0][:] = 0.0
    found = gradient_noise_scale(line, rows, values, batch_sizes=(1, 4096), repeats=40)
    known = (d + 2) * w @ w + (d + 1) * s**2
    assert found.noise == pytest.approx(known, rel=0.03)
    assert found.signal == pytest.approx(w @ w, rel=0.06)
    assert found.scale == pytest.approx(known / (w @ w), rel=0.06)
    gradients = -values[:, None] * np.column_stack([rows, np.ones(len(rows))])
    assert_agrees(found, gradients)


def by_jax(network, rows, labels):
    """Each row's gradient, by automatic differentiation of the loss in jax."""

    def loss(parameters, x, label):
        A = x
        for number, (W, b) in enumerate(parameters):
            A = A @ W + b
            if number + 1 < len(parameters):
                A = jnp.maximum(A, 0)
        return -jax.nn.log_softmax(A)[label]

    parameters = [
        (jnp.asarray(W), jnp.asarray(b))
        for W, b in zip(network.coefs_, network.intercepts_, strict=True)
    ]
    found = jax.vmap(jax.grad(loss), in_axes=(None, 0, 0))(parameters, rows, labels)
    return np.concatenate([np.reshape(part, (len(rows), -1)) for pair in found for part in pair], 1)


@pytest.mark.parametrize("sizes", [(1, 1024), (8, 1024)])
def test_a_classifier_against_automatic_differentiation(net, sizes):
    found = gradient_noise_scale(net, X, y, batch_sizes=sizes, repeats=60)
    assert_agrees(found, by_jax(net, X.astype(np.float32), y))


def test_both_estimates_are_without_bias(net):
    """From many small estimates: their means are what they should be, by a t-test."""
    noise, signal = exact(by_jax(net, X.astype(np.float32), y))
    singles = [
        gradient_noise_scale(net, X, y, batch_sizes=(4, 16), repeats=2, random_state=seed)
        for seed in range(400)
    ]
    for estimates, truth in (
        ([each.noise for each in singles], noise),
        ([each.signal for each in singles], signal),
    ):
        assert stats.ttest_1samp(estimates, truth).pvalue > 0.001
        # and the test can tell: a tenth away it says no
        assert stats.ttest_1samp(estimates, 1.25 * truth).pvalue < 0.01


positive = st.floats(1e-3, 1e3)


@given(positive, positive, st.integers(1, 8), st.integers(2, 9))
def test_the_formulas_read_backwards(noise, signal, small, times):
    large = small * times
    norms = [np.full(5, signal + noise / size) for size in (small, large)]
    found = two_sizes(*norms, small, large)
    assert found.scale == pytest.approx(noise / signal, rel=1e-6)
    assert found.low == pytest.approx(found.scale, rel=1e-3)
    assert found.high == pytest.approx(found.scale, rel=1e-3)


@given(st.integers(0, 2**32 - 1), st.floats(0.5, 20))
@settings(max_examples=30)
def test_fieller_holds_the_quotients_that_a_t_test_cannot_refuse(seed, level):
    rng = np.random.default_rng(seed)
    below = level + rng.standard_normal(6)
    above = 3 + rng.standard_normal(6) + 0.5 * below
    low, high = fieller(above, below)
    for quotient in (low, high):
        if 0 < quotient < math.inf:
            p = stats.ttest_1samp(above - quotient * below, 0).pvalue
            assert p == pytest.approx(0.05, abs=1e-6)
    inside = low + 1.0 if high == math.inf else (low + high) / 2
    assert stats.ttest_1samp(above - inside * below, 0).pvalue > 0.05 - 1e-9


def test_a_gradient_that_cannot_be_told_from_nothing():
    """With tr(Sigma) = 1, |G_B|^2 is 1/B for a gradient of 0, give or take."""
    found = two_sizes([1.0, 1.01, 0.99], [0.012, 0.009, 0.0105], 1, 100)
    assert found.high == math.inf and 100 < found.low < found.scale < math.inf
    none = two_sizes([1.0, 1.01, 0.99], [0.009, 0.0091, 0.0092], 1, 100)
    assert (none.scale, none.low, none.high) == (math.inf, math.inf, math.inf)


def test_dropout_is_noise_too(net):
    quiet = gradient_noise_scale(net, X, y)
    noisy = gradient_noise_scale(net.set_params(dropout=0.5), X, y)
    net.set_params(dropout=0.0)
    assert noisy.noise > 1.2 * quiet.noise


def test_weights_count_as_so_many_rows(net):
    twice = np.where(np.arange(len(X)) < 50, 2.0, 1.0)
    weighted = by_jax(net, X.astype(np.float32), y) * (twice / twice.mean())[:, None]
    assert_agrees(gradient_noise_scale(net, X, y, twice, repeats=60), weighted)


def test_bytes_and_sparse_rows(net):
    pixels = np.random.default_rng(0).integers(0, 256, (200, 6)).astype(np.uint8)
    small = MLPClassifier((5,), input_scale=255.0, dtype="float32", **SETTINGS).fit(pixels, y)
    one = gradient_noise_scale(small, pixels, y)
    small.set_params(input_scale=None)
    other = gradient_noise_scale(small, (pixels / 255.0).astype(np.float32), y)
    assert one.scale == pytest.approx(other.scale, rel=1e-4)
    sparse = gradient_noise_scale(net, scipy.sparse.csr_array(X), y)
    assert sparse == gradient_noise_scale(net, X, y)


def test_equal_seeds_give_equal_numbers_and_the_network_is_left_as_it_is(net):
    before = {name: repr(value) for name, value in vars(net).items()}
    assert gradient_noise_scale(net, X, y) == gradient_noise_scale(net, X, y)
    assert {name: repr(value) for name, value in vars(net).items()} == before


@pytest.mark.parametrize("sizes", [(0, 8), (8, 8), (3, 8), (8, 1)])
def test_sizes_that_cannot_be(net, sizes):
    with pytest.raises(InvalidInputError, match="batch_sizes must be a small and a larger"):
        gradient_noise_scale(net, X, y, batch_sizes=sizes)


def test_what_has_no_noise_scale(net):
    with pytest.raises(InvalidInputError, match="repeats must be at least 2"):
        gradient_noise_scale(net, X, y, repeats=1)
    with pytest.raises(InvalidInputError, match="came LogisticRegression"):
        gradient_noise_scale(LogisticRegression(), X, y)
    with pytest.raises(NotFittedError):
        gradient_noise_scale(MLPClassifier(), X, y)
