"""The learning-rate range test: a quadratic whose losses are known, compiled fits, the rules."""

import copy

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression

from chainrule import MLPClassifier, MLPRegressor
from chainrule.errors import InvalidInputError
from chainrule.estimators.range_test import learning_rate_range_test, read_off

X, y = make_classification(120, 6, random_state=0)


def straight(**settings):
    """A straight line, trained by plain gradient descent on all rows at once."""
    return MLPRegressor(
        hidden_layer_sizes=(),
        solver="sgd",
        momentum=0.0,
        alpha=0.0,
        batch_size=64,
        random_state=0,
        **settings,
    )


def test_on_a_quadratic_every_loss_is_the_closed_form():
    """Of least squares with x of mean 0, the errors of w and b shrink by 1 - rate times their
    curvature, mean(x^2) and 1, at each step; half the residuals' variance stays."""
    x = np.linspace(-2, 2, 64)
    x *= 2 / np.sqrt(np.mean(x**2))
    y = 3 * x + 1 + np.sin(17 * np.arange(64))
    best = np.polyfit(x, y, 1)
    curvatures, rest = np.array([4.0, 1.0]), 0.5 * np.mean((y - np.polyval(best, x)) ** 2)
    net = straight()
    found = learning_rate_range_test(net, x[:, None], y, low=1e-3, high=10, steps=60)
    first = copy.deepcopy(net).set_params(max_steps=1, learning_rate_init=1e-300)
    first.fit(x[:, None], y)
    errors = np.array([first.coefs_[0][0, 0], first.intercepts_[0][0]]) - best
    expected = []
    for rate in found.rates:
        expected.append(rest + 0.5 * curvatures @ errors**2)
        errors = errors * (1 - rate * curvatures)
    np.testing.assert_allclose(found.losses, expected, rtol=1e-8)
    # A rate above 2 / 4 makes the error of w grow, from the nothing that it had become.
    assert 0.05 < found.suggested < 0.5 < found.lowest < found.diverged


@pytest.mark.parametrize("solver", ["adam", "sgd", "rmsprop"])
def test_its_losses_are_those_of_a_fit_with_the_same_rates(solver):
    """A batch of all rows: then the exponential schedule moves at each step."""
    net = MLPClassifier(
        (5,), solver=solver, batch_size=len(X), dropout=0.3, l2=0.01, alpha=1e-4, random_state=3
    )
    found = learning_rate_range_test(net, X, y, low=1e-4, high=1e-1, steps=31)
    fitted = copy.deepcopy(net).set_params(
        learning_rate_init=1e-4,
        schedule={"name": "exponential", "rate": 10**0.1, "every": 1.0},
        max_iter=31,
        n_iter_no_change=100,
    )
    with pytest.warns(match="Maximum iterations"):
        fitted.fit(X, y)
    np.testing.assert_allclose(found.losses, fitted.history_["train_loss"], rtol=1e-6)
    np.testing.assert_allclose(found.rates, fitted.history_["learning_rate"], rtol=1e-9)


def test_batches_are_those_of_the_first_epochs():
    """At a rate at which nothing moves, an epoch's losses average to that of all rows."""
    net = MLPClassifier((5,), batch_size=30, alpha=0.0, random_state=1)
    found = learning_rate_range_test(net, X, y, low=1e-12, high=1.1e-12, steps=24)
    for epoch in np.split(found.losses, 6):
        assert epoch.mean() == pytest.approx(found.losses[:4].mean(), rel=1e-6)
        assert len(set(epoch)) == 4
    assert found.diverged is None


def state(estimator):
    return {name: repr(value) for name, value in sorted(vars(estimator).items())}


@pytest.mark.parametrize("fitted", [False, True])
def test_the_estimator_is_left_as_it_is(fitted):
    stream = np.random.RandomState(5)
    net = MLPClassifier((4,), max_iter=2, early_stopping=True, schedule="cosine")
    if fitted:
        net.set_params(random_state=1)
        with pytest.warns(match="Maximum iterations"):
            net.fit(X, y)
    net.set_params(random_state=stream)
    before, drawn = state(net), copy.deepcopy(stream).randint(2**31)
    learning_rate_range_test(net, X, y, steps=20)
    assert state(net) == before
    assert stream.randint(2**31) == drawn


def test_equal_seeds_give_equal_tests():
    net = MLPClassifier((4,), batch_size=16, random_state=2)
    one, other = (learning_rate_range_test(net, X, y, steps=40) for _ in range(2))
    assert one.losses.tolist() == other.losses.tolist()


def test_sparse_rows_give_what_dense_ones_do():
    net = MLPClassifier((4,), batch_size=16, random_state=2)
    dense = learning_rate_range_test(net, X, y, steps=30)
    sparse = learning_rate_range_test(net, scipy.sparse.csr_array(X), y, steps=30)
    assert sparse.losses.tolist() == dense.losses.tolist()


def test_rows_that_weigh_nothing_count_for_nothing():
    weights = (np.arange(len(X)) < 90).astype(float)
    net = MLPClassifier((4,), batch_size=len(X), alpha=0.0, random_state=2)
    some = learning_rate_range_test(net, X, y, weights, steps=25, high=0.1)
    net.set_params(batch_size=90)
    few = learning_rate_range_test(net, X[:90], y[:90], steps=25, high=0.1)
    np.testing.assert_allclose(some.losses, few.losses, rtol=1e-9)


def curve(rates, limit):
    """A loss that falls from 2 to 0.2 and explodes beyond the limit."""
    fallen = 0.2 + 1.8 / (1 + (rates / (limit / 30)) ** 2)
    return fallen + np.where(rates > limit, 3 * np.log(rates / limit) ** 2, 0.0)


@given(st.floats(1e-3, 1e-1), st.floats(1e-3, 1e3))
def test_the_rules_follow_the_curve_and_not_its_units(limit, units):
    rates = np.geomspace(1e-6, 10, 300)
    found = read_off(rates, units * curve(rates, limit))
    assert limit / 3 < found.lowest < 3 * limit
    assert limit < found.diverged < 20 * limit
    assert found.suggested == pytest.approx(found.lowest / 10)
    assert len(found.rates) == len(found.losses) == len(found.smoothed) < 300


def test_the_smoothed_losses_are_weighted_means():
    losses = 1 + np.random.default_rng(0).random(12)
    found = read_off(np.geomspace(1e-3, 1, 12), losses, smoothing=0.5)
    for k in range(12):
        weights = 0.5 ** np.arange(k, -1, -1)
        assert found.smoothed[k] == pytest.approx(weights @ losses[: k + 1] / weights.sum())


def test_a_loss_that_never_falls_suggests_nothing():
    rates = np.geomspace(1e-3, 1, 50)
    found = read_off(rates, np.linspace(1, 30, 50))
    assert found.lowest is None and found.suggested is None
    assert found.diverged is not None


def test_a_loss_that_is_not_finite_ends_it_at_once():
    losses = np.array([1.0, 0.9, np.nan, 5.0])
    found = read_off(np.geomspace(1, 8, 4), losses)
    assert found.diverged == pytest.approx(4.0) and len(found.rates) == 3


def test_noise_around_a_small_loss_is_no_divergence():
    losses = np.concatenate([np.linspace(1, 0.001, 40), np.full(40, 0.02)])
    assert read_off(np.geomspace(1e-4, 1, 80), losses).diverged is None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"low": 0.0}, "0 < low < high"),
        ({"low": 1.0, "high": 0.1}, "0 < low < high"),
        ({"high": np.inf}, "0 < low < high"),
        ({"steps": 5}, "steps must be at least 20"),
        ({"smoothing": 1.0}, "smoothing must be at least 0"),
    ],
)
def test_settings_out_of_their_range(settings, message):
    with pytest.raises(InvalidInputError, match=message):
        learning_rate_range_test(MLPClassifier(), X, y, **settings)


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (LogisticRegression(), "takes chainrule's MLPClassifier or MLPRegressor, came Logistic"),
        (MLPClassifier(solver="lbfgs"), "has no learning rate to test"),
    ],
)
def test_estimators_without_a_rate(estimator, message):
    with pytest.raises(InvalidInputError, match=message):
        learning_rate_range_test(estimator, X, y)
