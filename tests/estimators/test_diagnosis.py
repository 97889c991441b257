"""What a diagnosis measures, against sums that are written out; and that it changes nothing."""

from itertools import pairwise

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

import chainrule
from chainrule import MLPClassifier, MLPRegressor
from chainrule.equations.network import Layer
from chainrule.estimators.diagnosis import COLUMNS, diagnose, sample
from chainrule.estimators.problem import Rows

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

BASE = {"hidden_layer_sizes": (6, 4), "batch_size": 16, "max_iter": 3, "random_state": 3}


def network(rng, sizes, scale=1.0):
    return [Layer(scale * rng.normal(size=n), rng.normal(size=n[1])) for n in pairwise(sizes)]


def loss_of(layers, X, Y, weights):
    """Weighted mean cross-entropy of a tanh, relu, softmax network, written out."""
    A = np.tanh(X @ layers[0].W + layers[0].b)
    A = np.maximum(A @ layers[1].W + layers[1].b, 0)
    Z = A @ layers[2].W + layers[2].b
    log_p = Z - np.log(np.exp(Z).sum(axis=1, keepdims=True))
    return -(weights / weights.sum() * (Y * log_p).sum(axis=1)).sum()


def measured(layers, X, Y, weights=None, before=None, steps=7):
    names = ("tanh", "relu", "softmax")
    return diagnose(before or layers, layers, steps, names, "cross_entropy", {}, X, Y, weights)


def test_the_gradients_are_those_of_finite_differences():
    rng = np.random.default_rng(0)
    layers = network(rng, (3, 5, 4, 3))
    X, Y, weights = rng.normal(size=(12, 3)), np.eye(3)[rng.integers(0, 3, 12)], rng.random(12)
    found = measured(layers, X, Y, weights)["gradient_norm"]
    for number, layer in enumerate(layers):
        squares = 0.0
        for part in layer:
            for at in np.ndindex(part.shape):
                was, values = part[at], []
                for step in (1e-6, -1e-6):
                    part[at] = was + step
                    values.append(loss_of(layers, X, Y, weights))
                part[at] = was
                squares += ((values[0] - values[1]) / 2e-6) ** 2
        assert found[number] == pytest.approx(np.sqrt(squares), rel=1e-6)


def test_the_ratio_is_the_change_over_steps_and_size():
    rng = np.random.default_rng(1)
    after, before = network(rng, (3, 5, 4, 3)), network(rng, (3, 5, 4, 3))
    before[1] = after[1]
    after[2] = Layer(0 * after[2].W, after[2].b)
    found = measured(after, rng.normal(size=(4, 3)), np.eye(3)[[0, 1, 2, 0]], before=before)
    change = np.sqrt(((after[0].W - before[0].W) ** 2).sum())
    assert found["update_ratio"] == [
        pytest.approx(change / 7 / np.sqrt((after[0].W ** 2).sum())), 0.0, 0.0
    ]  # fmt: skip


def test_dead_saturated_and_spread_are_counted_unit_by_unit():
    rng = np.random.default_rng(2)
    layers = network(rng, (3, 40, 40, 3), scale=2.0)
    X = rng.normal(size=(9, 3))
    found = measured(layers, X, np.eye(3)[rng.integers(0, 3, 9)])
    A1 = np.tanh(X @ layers[0].W + layers[0].b)
    Z2 = A1 @ layers[1].W + layers[1].b
    saturated = sum(np.mean(1 - A1[:, unit] ** 2) < 0.05 for unit in range(40))
    dead = sum(all(z <= 0 for z in Z2[:, unit]) for unit in range(40))
    assert 0 < saturated < 40
    assert 0 < dead < 40
    np.testing.assert_equal(found["saturated_share"], [saturated / 40, np.nan, np.nan])
    np.testing.assert_equal(found["dead_share"], [np.nan, dead / 40, np.nan])
    assert found["activation_mean"][:2] == pytest.approx([A1.mean(), np.maximum(Z2, 0).mean()])
    assert found["activation_std"][:2] == pytest.approx([A1.std(), np.maximum(Z2, 0).std()])


def test_logistic_units_saturate_where_their_derivative_is_small():
    X, Y = np.array([[-1.0], [1.0]]), np.array([[0.0], [1.0]])
    for slope, expected in ((10.0, 1.0), (0.5, 0.0)):
        layers = [Layer(np.array([[slope]]), np.zeros(1)), Layer(np.ones((1, 1)), np.zeros(1))]
        found = diagnose(
            layers, layers, 1, ("logistic", "logistic"), "binary_cross_entropy", {}, X, Y
        )
        np.testing.assert_equal(found["saturated_share"], [expected, np.nan])


def test_numbers_that_overflow_are_told_and_raise_nothing():
    rng = np.random.default_rng(3)
    layers = [Layer((1e30 * W).astype("f"), b.astype("f")) for W, b in network(rng, (3, 5, 4, 3))]
    found = measured(layers, np.ones((4, 3), "f"), np.eye(3, dtype="f")[[0, 1, 2, 0]])
    assert not np.isfinite(found["gradient_norm"]).all()
    assert set(found) == set(COLUMNS)


@given(st.integers(1, 2000), st.integers(0, 2**32 - 1), st.booleans())
@settings(deadline=None, max_examples=60)
def test_the_sample_is_spread_evenly_over_what_counts(n, seed, weighted):
    weights = np.random.default_rng(seed).integers(0, 3, n).astype(float) if weighted else None
    if weighted:
        weights[0] = 1.0
    rows = Rows(np.arange(n)[:, None], np.arange(n)[:, None], weights)
    taken = sample(rows)
    counting = np.arange(n) if weights is None else np.flatnonzero(weights)
    chosen = taken.X[:, 0]
    assert len(taken) == min(256, len(counting))
    assert (chosen[0], chosen[-1]) == (
        counting[0],
        counting[-1] if len(counting) > 1 else chosen[0],
    )
    assert set(chosen) <= set(counting)
    gaps = np.diff(np.searchsorted(counting, chosen))
    assert len(gaps) == 0 or (gaps.min() >= 1 and gaps.max() - gaps.min() <= 1)
    if weighted:
        np.testing.assert_array_equal(taken.weights, weights[chosen])


CASES = {
    "adam": {},
    "sgd-best-kept": {"solver": "sgd", "restore_best": True, "learning_rate_init": 0.1},
    "lbfgs": {"solver": "lbfgs"},
    "dropout": {"dropout": 0.5},
    "float32": {"dtype": "float32"},
    "early-stopping": {"early_stopping": True},
    "steps": {"max_iter": 200, "max_steps": 15},
    "smoothed": {"label_smoothing": 0.2},
}


@pytest.mark.parametrize("changed", CASES.values(), ids=CASES)
def test_every_other_number_is_the_same_without(changed, problem, same_network):
    X, y, weights = problem("multiclass")
    plain, net = (
        MLPClassifier(**{**BASE, **changed}, diagnose=diagnose).fit(X, y, weights)
        for diagnose in (False, True)
    )
    same_network(plain, net)
    for name, column in plain.history_.items():
        if name != "seconds":
            np.testing.assert_array_equal(net.history_[name], column)
    assert not set(COLUMNS) & set(plain.history_)
    for name in COLUMNS:
        column = net.history_[name]
        assert column.shape == (len(plain.history_["epoch"]), 3)
        assert column.flags.owndata
    assert np.isfinite(net.history_["gradient_norm"]).all()
    assert (net.history_["gradient_norm"][0] > 0).all()
    assert (net.history_["update_ratio"][0] > 0).all()


def test_the_last_row_is_that_of_the_fitted_network(problem):
    X, y, weights = problem("multiclass")
    net = MLPClassifier(**{**BASE, "activation": ["tanh", "relu"]}, diagnose=True)
    net.fit(X, y, weights)
    layers = [Layer(W, b) for W, b in zip(net.coefs_, net.intercepts_, strict=True)]
    counts = weights > 0
    expected = measured(layers, X[counts], np.eye(3)[y[counts]], weights[counts])
    for name in set(COLUMNS) - {"update_ratio"}:
        np.testing.assert_allclose(net.history_[name][-1], expected[name], rtol=1e-12)


def test_the_ratio_is_of_each_epoch_by_itself(problem):
    X, y, _ = problem("multiclass")
    one = MLPClassifier(**{**BASE, "max_iter": 1}).fit(X, y)
    two = MLPClassifier(**{**BASE, "max_iter": 2}, diagnose=True).fit(X, y)
    changes = [np.linalg.norm(W - V) for W, V in zip(two.coefs_, one.coefs_, strict=True)]
    sizes = [np.linalg.norm(W) for W in two.coefs_]
    np.testing.assert_allclose(
        two.history_["update_ratio"][1], np.array(changes) / sizes / 6, rtol=1e-9
    )


def test_one_epoch_in_several_ranges_is_one_epoch(problem, monkeypatch):
    X, y, _ = problem("multiclass")
    whole = MLPClassifier(**BASE, diagnose=True).fit(X, y)
    monkeypatch.setattr("chainrule.engine.fit.capacity", lambda *_: 2)
    cut = MLPClassifier(**BASE, diagnose=True).fit(X, y)
    np.testing.assert_array_equal(cut.history_["update_ratio"], whole.history_["update_ratio"])


def test_partial_fit_and_warm_start_go_on(problem):
    X, y, _ = problem("multiclass")
    whole = MLPClassifier(**BASE, diagnose=True).fit(X, y)
    parts = MLPClassifier(**BASE, diagnose=True)
    for _ in range(3):
        parts.partial_fit(X, y, classes=[0, 1, 2])
    for name in COLUMNS:
        np.testing.assert_array_equal(parts.history_[name], whole.history_[name])
    whole.set_params(warm_start=True, diagnose=False).fit(X, y)
    assert (
        np.isnan(whole.history_["gradient_norm"]).all(axis=1).tolist() == [False] * 3 + [True] * 3
    )
    later = MLPClassifier(**BASE).fit(X, y).set_params(diagnose=True).partial_fit(X, y)
    assert np.isnan(later.history_["gradient_norm"]).all(axis=1).tolist() == [True] * 3 + [False]


def test_bytes_sparse_rows_and_floats_are_the_same():
    rng = np.random.default_rng(4)
    images = (rng.integers(0, 256, (80, 10)) * (rng.random((80, 10)) < 0.4)).astype(np.uint8)
    y = (images[:, 0] > 40).astype(int)
    settings = {**BASE, "dtype": "float32", "diagnose": True}
    floats = (images / np.float32(255)).astype(np.float32)
    nets = [
        MLPClassifier(**settings, input_scale=255).fit(images, y),
        MLPClassifier(**settings).fit(floats, y),
        MLPClassifier(**settings).fit(scipy.sparse.csc_array(floats), y),
    ]
    for net in nets[1:]:
        for name in COLUMNS:
            np.testing.assert_allclose(net.history_[name], nets[0].history_[name], rtol=1e-5)


@pytest.mark.parametrize("target", ["regression", "outputs", "counts"])
def test_a_regressor_is_diagnosed_as_well(target, problem):
    X, y, _ = problem(target)
    loss = "poisson" if target == "counts" else {"name": "huber", "delta": 0.5}
    net = MLPRegressor(**BASE, loss=loss, diagnose=True).fit(X, y)
    assert np.isfinite(net.history_["gradient_norm"]).all()
    assert np.isnan(net.history_["saturated_share"]).all()


def test_a_network_without_hidden_layers(problem):
    X, y, _ = problem("multiclass")
    net = MLPClassifier(**{**BASE, "hidden_layer_sizes": ()}, diagnose=True).fit(X, y)
    assert net.history_["gradient_norm"].shape == (3, 1)


def test_an_epoch_that_diverged_has_none(problem):
    X, y, _ = problem("regression")
    net = MLPRegressor(
        **{**BASE, "max_iter": 30}, solver="sgd", learning_rate_init=1e6, diagnose=True,
        on_divergence="keep",
    ).fit(X, y)  # fmt: skip
    assert net.diverged_
    assert np.isnan(net.history_["gradient_norm"][-1]).all()


@pytest.mark.parametrize("epochs", [1, 3])
def test_it_is_kept_in_the_model_file(epochs, problem, tmp_path):
    X, y, _ = problem("multiclass")
    net = MLPClassifier(**{**BASE, "max_iter": epochs}, diagnose=True)
    net.fit(X, y, watch={"test": (X, y)})
    chainrule.save(net, tmp_path / "net.safetensors")
    loaded = chainrule.load(tmp_path / "net.safetensors")
    assert list(loaded.history_) == list(net.history_)
    for name, column in net.history_.items():
        np.testing.assert_array_equal(loaded.history_[name], column)
    assert loaded.diagnose is True
    assert loaded.partial_fit(X, y).history_["update_ratio"].shape == (epochs + 1, 3)
