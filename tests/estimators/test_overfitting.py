"""The onset of over-fitting, on noisy curves whose onset is known, and on trained networks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule import MLPClassifier, MLPRegressor
from chainrule.estimators.overfitting import noise, overfitting, smoothed

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

NOISE = {
    "normal": lambda rng, n: rng.normal(size=n),
    "uniform": lambda rng, n: rng.uniform(-1.7, 1.7, n),
    "heavy tails": lambda rng, n: rng.standard_t(3, n),
    "upwards": lambda rng, n: rng.exponential(size=n),
}
seeds = st.integers(0, 2**32 - 1)


def u_shaped(n, onset, slope):
    """Falls towards 0.5 until the onset, and rises by ``slope`` an epoch from there."""
    t = np.arange(1, n + 1)
    falling = 0.5 + 2 * (np.exp(-t / 5) - np.exp(-onset / 5))
    return np.where(t <= onset, falling, 0.5 + slope * (t - onset))


@pytest.mark.parametrize("kind", NOISE)
@pytest.mark.parametrize("n", [8, 12, 25, 60, 150, 400])
def test_of_flat_curves_fewer_than_five_in_a_hundred_are_given_one(kind, n):
    rng = np.random.default_rng(n)
    found = [overfitting(0.3 + 0.01 * NOISE[kind](rng, n)) is not None for _ in range(400)]
    assert np.mean(found) < 0.05


def test_noise_that_wanders_is_taken_into_account():
    rng = np.random.default_rng(0)
    given_one = 0
    for _ in range(300):
        steps, x = rng.normal(size=150), np.zeros(150)
        for t in range(1, 150):
            x[t] = 0.5 * x[t - 1] + steps[t]
        given_one += overfitting(1 + 0.01 * x[50:]) is not None
    assert given_one / 300 < 0.1


@given(seeds, st.sampled_from([0.0, 0.001, 0.005, 0.02]), st.integers(30, 150), st.data())
@settings(deadline=None, max_examples=150)
def test_u_shaped_curves_by_how_steeply_they_rise(seed, sigma, n, data):
    """It is found within the time that the loss takes to climb out of its band."""
    onset = data.draw(st.integers(12, n // 2))
    slope = data.draw(st.floats(max(0.002, 16 * sigma / (n - onset)), 0.2))
    curve = u_shaped(n, onset, slope)
    found = overfitting(curve + sigma * np.random.default_rng(seed).normal(size=n))
    assert found is not None
    window = 21 // 2
    late = (found.band + 4 * sigma) / slope
    early = window + 2 * sigma / slope
    assert -early <= found.epoch - onset <= late + window


@pytest.mark.parametrize(
    ("sigma", "slope", "limit"), [(0.002, 0.02, 3), (0.005, 0.005, 8), (0.01, 0.005, 12)]
)
def test_its_error_in_epochs(sigma, slope, limit):
    rng = np.random.default_rng(1)
    errors = []
    for _ in range(100):
        onset = int(rng.integers(20, 60))
        found = overfitting(u_shaped(100, onset, slope) + sigma * rng.normal(size=100))
        errors.append(found.epoch - onset)
    assert 0 <= np.median(errors) <= limit
    assert np.abs(errors).max() <= 2 * limit + 4


@given(seeds, st.sampled_from([0.0, 0.001, 0.02]), st.integers(8, 200), st.floats(2, 40))
@settings(deadline=None, max_examples=100)
def test_curves_that_fall_and_stay_have_none(seed, sigma, n, pace):
    """Fewer than 5 in 100 by chance: a wrong onset must at least be a small rise."""
    t = np.arange(n)
    curve = 0.5 + 2 * np.exp(-t / pace) + sigma * np.random.default_rng(seed).normal(size=n)
    found = overfitting(curve)
    assert found is None or (sigma > 0 and found.last - found.minimum < 4 * sigma)


def test_falling_curves_have_none():
    rng = np.random.default_rng(2)
    t = np.arange(80)
    curves = [1 - 0.01 * t + 0.02 * rng.normal(size=80) for _ in range(100)]
    curves += [0.5 + np.exp(-t / 15) + 0.01 * rng.normal(size=80) for _ in range(100)]
    assert sum(overfitting(curve) is not None for curve in curves) < 5


@given(seeds, st.integers(0, 59), st.floats(0.1, 1e6))
@settings(deadline=None, max_examples=80)
def test_one_bad_epoch_changes_nothing_much(seed, at, height):
    """A spike is no trend: a curve with an onset keeps it, a falling one has none."""
    rng = np.random.default_rng(seed)
    falling = 2 * np.exp(-np.arange(60) / 10) + 0.5 - 0.004 * np.arange(60)
    falling[at] += height
    assert overfitting(falling) is None
    rising = u_shaped(60, 20, 0.02) + 0.002 * rng.normal(size=60)
    before = overfitting(rising)
    rising[at] += height
    assert abs(overfitting(rising).epoch - before.epoch) <= 4


def test_a_diverging_end_is_found():
    t = np.arange(1, 61)
    curve = 0.5 + 2 * np.exp(-t / 5) + 0.01 * np.random.default_rng(3).normal(size=60)
    curve[50:] += 0.05 * 2.0 ** np.arange(10)
    assert 48 <= overfitting(curve).epoch <= 53
    curve[50:] = np.inf
    assert 48 <= overfitting(curve).epoch <= 52


def test_coming_back_late_counts():
    """What comes within its noise of the minimum once more has not left it for good."""
    t = np.arange(90)
    curve = 0.5 + 2 * np.exp(-t / 4) + 0.002 * np.random.default_rng(4).normal(size=90)
    stays, comes_back = curve + 0.3 * (t >= 30), curve + 0.3 * ((t >= 30) & (t < 60))
    assert 29 <= overfitting(stays).epoch <= 31
    assert overfitting(comes_back) is None


@given(seeds, st.floats(1e-3, 1e3), st.floats(-5, 5))
@settings(deadline=None, max_examples=60)
def test_units_do_not_matter(seed, scale, shift):
    curve = u_shaped(70, 25, 0.01) + 0.003 * np.random.default_rng(seed).normal(size=70)
    plain, changed = overfitting(curve), overfitting(scale * curve + shift)
    assert plain.epoch == changed.epoch
    np.testing.assert_allclose(changed.band, scale * plain.band, rtol=1e-6)


def test_epochs_without_a_loss_are_passed_over_and_counted():
    curve = u_shaped(60, 20, 0.02)
    with_gap = np.concatenate([np.full(7, np.nan), curve])
    assert overfitting(with_gap).epoch == overfitting(curve).epoch + 7


@pytest.mark.parametrize("losses", [[], [0.5], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7], [np.nan] * 20])
def test_too_little_says_nothing(losses):
    assert overfitting(losses) is None


def test_the_noise_is_that_of_the_values_about_their_trend():
    rng = np.random.default_rng(5)
    t = np.arange(4000)
    for trend in (0 * t, 0.3 * t, 1e-4 * t**2):
        assert noise(trend + 0.5 * rng.normal(size=4000)) == pytest.approx(0.5, rel=0.08)
    assert noise(3.0 * t) == 0


def test_smoothing_is_the_naive_running_median():
    values = np.random.default_rng(6).normal(size=30)
    naive = [np.median(values[i : i + 5]) for i in range(26)]
    np.testing.assert_array_equal(smoothed(values, 5), naive)


def noisy_labels(n, rng):
    X = rng.normal(size=(n, 8))
    y = (X[:, 0] + rng.normal(size=n) > 0).astype(int)
    return X, y


def test_a_network_that_learns_its_rows_by_heart_has_one(tmp_path):
    import chainrule

    rng = np.random.default_rng(7)
    X, y = noisy_labels(60, rng)
    X_val, y_val = noisy_labels(400, rng)
    net = MLPClassifier(
        (64,), learning_rate_init=0.01, max_iter=120, n_iter_no_change=200, random_state=0
    ).fit(X, y, X_val=X_val, y_val=y_val)
    losses = net.history_["validation_loss"]
    assert net.overfit_epoch_ == overfitting(losses).epoch
    assert abs(net.overfit_epoch_ - (np.argmin(losses) + 1)) < 15
    chainrule.save(net, tmp_path / "net.safetensors")
    assert chainrule.load(tmp_path / "net.safetensors").overfit_epoch_ == net.overfit_epoch_


def test_without_validation_data_there_is_none():
    rng = np.random.default_rng(8)
    X, y = noisy_labels(60, rng)
    for net in (MLPClassifier(4, max_iter=3), MLPRegressor(hidden_layer_sizes=4, max_iter=3)):
        assert not hasattr(net, "overfit_epoch_")
        assert net.fit(X, y).overfit_epoch_ is None
