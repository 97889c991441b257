"""Calibration, against naive loops, scipy and cases with a known answer."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import softmax

from chainrule import MLPClassifier
from chainrule.errors import InvalidInputError
from chainrule.estimators.calibration import (
    expected_calibration_error,
    fit_temperature,
    negative_log_likelihood,
    reliability,
    with_temperature,
)

seeds = st.integers(0, 2**32 - 1)


def drawn(seed, n=400, k=4, true_temperature=1.0, scale=2.0):
    """Logits, and labels that are drawn from softmax(logits / true_temperature)."""
    rng = np.random.default_rng(seed)
    Z = scale * rng.normal(size=(n, k))
    P = softmax(Z / true_temperature, axis=1)
    y = (rng.random((n, 1)) > np.cumsum(P, axis=1)).sum(axis=1).clip(max=k - 1)
    return Z, y


def naive(P, y, bins):
    """Equal widths, in a loop over samples and bins."""
    rows = []
    for m in range(bins):
        inside = [
            (max(p), int(np.argmax(p)) == label)
            for p, label in zip(P, y, strict=True)
            if m / bins < max(p) <= (m + 1) / bins
        ]
        rows.append(inside)
    error = 0.0
    for inside in rows:
        if inside:
            confidence, right = np.mean(inside, axis=0)
            error += len(inside) / len(P) * abs(confidence - right)
    return rows, error


@given(seeds, st.integers(1, 20), st.integers(2, 5))
@settings(max_examples=40, deadline=None)
def test_equal_widths_are_the_naive_loop(seed, bins, k):
    Z, y = drawn(seed, 60, k)
    P = softmax(Z, axis=1)
    rows, error = naive(P, y, bins)
    found = reliability(P, y, bins)
    assert found.counts.tolist() == [len(inside) for inside in rows]
    for m, inside in enumerate(rows):
        expected = np.mean(inside, axis=0) if inside else [np.nan, np.nan]
        np.testing.assert_allclose([found.confidence[m], found.accuracy[m]], expected)
    assert expected_calibration_error(P, y, bins) == pytest.approx(error)


def test_a_confidence_on_an_edge_belongs_to_the_bin_below():
    P = np.array([[0.5, 0.5], [0.75, 0.25], [0.2, 0.8], [1.0, 0.0]])
    found = reliability(P, [0, 0, 0, 0], bins=4)
    np.testing.assert_allclose(found.edges, [0, 0.25, 0.5, 0.75, 1])
    assert found.counts.tolist() == [0, 1, 1, 2]
    np.testing.assert_array_equal(found.accuracy, [np.nan, 1, 1, 0.5])
    np.testing.assert_allclose(found.confidence, [np.nan, 0.5, 0.75, 0.9])
    assert found.error == pytest.approx((0.5 + 0.25 + 2 * 0.4) / 4)


@given(seeds, st.integers(1, 12), st.integers(12, 80))
@settings(max_examples=40, deadline=None)
def test_equal_mass_is_a_split_of_the_sorted_confidences(seed, bins, n):
    Z, y = drawn(seed, n, 3)
    P = softmax(Z, axis=1)
    found = reliability(P, y, bins, strategy="mass")
    order = np.argsort(P.max(axis=1))
    right = P.argmax(axis=1) == y
    assert found.counts.sum() == n
    assert found.counts.max() - found.counts.min() <= 1
    start, error = 0, 0.0
    for m, count in enumerate(found.counts):
        inside = order[start : start + count]
        start += count
        assert found.confidence[m] == pytest.approx(P[inside].max(axis=1).mean())
        assert found.accuracy[m] == pytest.approx(right[inside].mean())
        assert found.edges[m] == P[inside].max(axis=1).min()
        error += count / n * abs(found.confidence[m] - found.accuracy[m])
    assert expected_calibration_error(P, y, bins, "mass") == pytest.approx(error)


@pytest.mark.parametrize("strategy", ["width", "mass"])
def test_the_order_of_the_samples_does_not_matter(strategy):
    rng = np.random.default_rng(0)
    P = np.array([[0.6, 0.4]] * 10 + [[0.1, 0.9]] * 10)  # ties in plenty
    y = rng.integers(0, 2, 20)
    order = rng.permutation(20)
    np.testing.assert_equal(
        reliability(P, y, 4, strategy), reliability(P[order], y[order], 4, strategy)
    )


def test_a_calibrated_classifier_has_next_to_no_error():
    Z, y = drawn(1, 40_000)
    P = softmax(Z, axis=1)
    assert expected_calibration_error(P, y) < 0.012
    assert expected_calibration_error(P, y, strategy="mass") < 0.012
    assert expected_calibration_error(softmax(3 * Z, axis=1), y) > 0.1


def test_an_always_sure_one_has_its_errors():
    P = np.eye(3)[[0, 1, 2, 0]]
    assert expected_calibration_error(P, [0, 1, 2, 1]) == pytest.approx(0.25)


@given(seeds, st.sampled_from([0.3, 1.0, 2.5, 8.0]))
@settings(max_examples=40, deadline=None)
def test_the_temperature_is_scipy_s_minimum(seed, true):
    Z, y = drawn(seed, 300, true_temperature=true)
    T = fit_temperature(Z, y, logits=True)
    if not np.isfinite(T):
        return
    found = minimize_scalar(
        lambda beta: negative_log_likelihood(Z, y, 1 / beta, logits=True),
        bounds=(0.3 / T, 3 / T), method="bounded", options={"xatol": 1e-13},
    )  # fmt: skip
    assert negative_log_likelihood(Z, y, T, logits=True) <= found.fun + 1e-15
    # a minimum is only known to the root of the rounding by its values: so by its slope
    step = 1e-5 / T
    slopes = [
        negative_log_likelihood(Z, y, 1 / beta, logits=True)
        for beta in (1 / T - step, 1 / T + step)
    ]
    assert abs(slopes[1] - slopes[0]) / (2 * step) < 1e-7
    np.testing.assert_allclose(1 / T, found.x, rtol=1e-5)


def test_the_temperature_is_scipy_s_root_to_eight_digits():
    from scipy.optimize import newton

    for seed in range(5):
        Z, y = drawn(seed, true_temperature=2.0)

        def slope(beta, Z=Z, y=y):
            P = softmax(beta * Z, axis=1)
            return np.mean((P * Z).sum(axis=1) - Z[np.arange(len(y)), y])

        expected = 1 / newton(slope, 0.5, tol=1e-13)
        assert fit_temperature(Z, y, logits=True) == pytest.approx(expected, abs=1e-8)


@given(seeds, st.floats(0.2, 5))
@settings(max_examples=40, deadline=None)
def test_probabilities_and_logits_say_the_same(seed, factor):
    Z, y = drawn(seed, 200, true_temperature=1.5)
    T = fit_temperature(Z, y, logits=True)
    assert fit_temperature(softmax(Z, axis=1), y) == pytest.approx(T, rel=1e-9)
    assert fit_temperature(factor * Z + 7, y, logits=True) == pytest.approx(factor * T, rel=1e-9)
    again = with_temperature(softmax(Z, axis=1), T)
    np.testing.assert_allclose(again, with_temperature(Z, T, logits=True), rtol=1e-9)
    assert fit_temperature(again, y) == pytest.approx(1, rel=1e-9)


@pytest.mark.parametrize("power", [-900, -60, 60, 250, 900])
def test_logits_of_any_size_have_one(power):
    Z, y = drawn(4, 200, true_temperature=1.5)
    T = fit_temperature(Z, y, logits=True)
    scaled = fit_temperature(np.ldexp(Z, power), y, logits=True)
    assert np.ldexp(scaled, -power) == pytest.approx(T, rel=1e-9)


def test_the_true_temperature_is_found():
    Z, y = drawn(2, 60_000, true_temperature=2.5)
    assert fit_temperature(Z, y, logits=True) == pytest.approx(2.5, rel=0.03)


@given(seeds)
@settings(max_examples=30, deadline=None)
def test_the_likelihood_is_convex_in_one_over_t(seed):
    Z, y = drawn(seed, 50)
    betas = np.linspace(0.05, 4, 30)
    values = [negative_log_likelihood(Z, y, 1 / beta, logits=True) for beta in betas]
    assert (np.diff(values, 2) >= -1e-12).all()


def test_a_temperature_changes_no_prediction_and_mends_the_error():
    Z, y = drawn(3, 8000)
    P = softmax(3 * Z, axis=1)  # three times too sure
    T = fit_temperature(P[:4000], y[:4000])
    cooled = with_temperature(P[4000:], T)
    np.testing.assert_array_equal(cooled.argmax(axis=1), P[4000:].argmax(axis=1))
    np.testing.assert_allclose(cooled.sum(axis=1), 1)
    before, after = (expected_calibration_error(Q, y[4000:]) for Q in (P[4000:], cooled))
    assert after < before / 4


def test_what_has_no_minimum():
    assert fit_temperature([[0.9, 0.1], [0.1, 0.9]], [1, 0]) == np.inf
    np.testing.assert_allclose(with_temperature([[0.9, 0.1]], np.inf), [[0.5, 0.5]])
    with pytest.raises(InvalidInputError, match="all 2 are, and the lower"):
        fit_temperature([[0.9, 0.1], [0.1, 0.9]], [0, 1])


def test_probabilities_of_zero_are_the_smallest_of_their_type():
    P = np.array([[1.0, 0.0], [0.3, 0.7], [0.6, 0.4]])
    for dtype in (np.float32, np.float64):
        assert np.isfinite(fit_temperature(P.astype(dtype), [0, 1, 1]))
        assert with_temperature(P.astype(dtype), 2.0)[0, 1] == pytest.approx(
            np.sqrt(np.finfo(dtype).tiny), rel=1e-4
        )


@pytest.mark.parametrize(
    ("P", "y", "message"),
    [
        ([0.5, 0.5], [0, 1], r"got shape \(2,\)"),
        ([[0.5, np.nan]], [0], "NaN or infinities"),
        ([[0.5, 0.6]], [0], "sum to 1"),
        ([[1.5, -0.5]], [0], "not be negative"),
        ([[0.5, 0.5]], [0, 1], r"1 labels are needed, \(n,\); got shape \(2,\)"),
        ([[0.5, 0.5]], [2], "from 0 to 1"),
        ([[0.5, 0.5]], ["a"], "numpy.searchsorted"),
        ([[0.5, 0.5]], [0.0], "float64"),
    ],
)
def test_what_is_wrong_is_said(P, y, message):
    for function in (reliability, fit_temperature):
        with pytest.raises(InvalidInputError, match=message):
            function(P, y)


def test_other_arguments_are_checked():
    with pytest.raises(InvalidInputError, match="bins must be at least 1"):
        reliability([[0.5, 0.5]], [0], bins=0)
    with pytest.raises(InvalidInputError, match="Did you mean 'mass'"):
        reliability([[0.5, 0.5]], [0], strategy="mas")
    with pytest.raises(InvalidInputError, match="must be positive, got 0"):
        with_temperature([[0.5, 0.5]], 0)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_an_estimator_s_probabilities_can_be_given_as_they_are():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(600, 5))
    y = np.where(X[:, 0] + rng.normal(size=600) > 0, "yes", "no")
    net = MLPClassifier(
        (50,), max_iter=80, learning_rate_init=0.01, random_state=0, dtype="float32"
    )
    net.fit(X[:100], y[:100])
    labels = np.searchsorted(net.classes_, y)
    P = net.predict_proba(X)
    T = fit_temperature(P[100:350], labels[100:350])
    assert T > 1.5  # it has learnt by heart, and is too sure
    before = expected_calibration_error(P[350:], labels[350:])
    assert expected_calibration_error(with_temperature(P[350:], T), labels[350:]) < before
