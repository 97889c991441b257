"""What the parameters beyond scikit-learn's mean, one equation each."""

import numpy as np
import pytest
import scipy.special
import torch
from sklearn.utils.class_weight import compute_sample_weight

from chainrule import MLPClassifier, MLPRegressor
from chainrule.equations.initializers import INITIALIZERS
from chainrule.equations.schedules import SCHEDULES

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

BASE = {"hidden_layer_sizes": (6,), "batch_size": 16, "max_iter": 3, "random_state": 3}
ONE_STEP = {
    "batch_size": 90,
    "max_iter": 1,
    "solver": "sgd",
    "momentum": 0,
    "learning_rate_init": 0.1,
    "alpha": 0,
}
STILL = {"learning_rate_init": 1e-300, "max_iter": 1}


def arrays(net):
    return net.coefs_ + net.intercepts_


def close(first, second, **kwargs):
    for a, b in zip(arrays(first), arrays(second), strict=True):
        np.testing.assert_allclose(a, b, **kwargs)


@pytest.mark.parametrize("class_weight", ["balanced", {0: 2.0, 1: 0.5, 2: 1.0}])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_class_weights_are_sample_weights(class_weight, solver, problem, same_network):
    X, y, weights = problem("multiclass")
    params = {**BASE, "solver": solver}
    by_sample = compute_sample_weight(class_weight, y)
    by_class = MLPClassifier(**params, class_weight=class_weight)
    same_network(by_class.fit(X, y), MLPClassifier(**params).fit(X, y, by_sample))
    same_network(
        by_class.fit(X, y, weights), MLPClassifier(**params).fit(X, y, weights * by_sample)
    )


def test_class_weights_of_strings(problem, same_network):
    X, names, _ = problem("strings")
    _, numbers, _ = problem("multiclass")
    named = MLPClassifier(**BASE, class_weight={"ape": 3, "bee": 1, "cat": 1}).fit(X, names)
    same_network(named, MLPClassifier(**BASE, class_weight={0: 3, 1: 1, 2: 1}).fit(X, numbers))


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_l2_is_alpha_over_the_rows_of_a_full_batch(solver, problem):
    X, y, _ = problem("multiclass")
    params = {**BASE, "batch_size": 90, "solver": solver}
    close(
        MLPClassifier(**params, l2=0.02).fit(X, y),
        MLPClassifier(**params, alpha=0.02 * 90).fit(X, y),
        rtol=1e-9,
    )


def test_l2_does_not_depend_on_the_batch_size(problem):
    X, y, _ = problem("multiclass")
    for given, same in (({"l2": 0.1}, True), ({"alpha": 0.1}, False)):
        few, many = (
            MLPClassifier(**{**BASE, **STILL, "batch_size": size}, **given).fit(X, y)
            for size in (15, 30)
        )
        assert np.isclose(few.history_["penalty"][0], many.history_["penalty"][0]) == same
    squares = sum(np.sum(W * W) for W in few.coefs_)
    np.testing.assert_allclose(few.history_["penalty"][0], 0.05 / 15 * squares)


def test_weight_decay_shrinks_weights_and_not_biases(problem):
    X, y, _ = problem("multiclass")
    params = {**BASE, **ONE_STEP, "solver": "adamw"}
    start = MLPClassifier(**{**params, **STILL}).fit(X, y)
    free, decayed = (MLPClassifier(**params, weight_decay=decay).fit(X, y) for decay in (0.0, 0.5))
    for W0, W, W_free in zip(start.coefs_, decayed.coefs_, free.coefs_, strict=True):
        np.testing.assert_allclose(W_free - W, 0.1 * 0.5 * W0, rtol=1e-9, atol=1e-15)
    np.testing.assert_array_equal(free.intercepts_[0], decayed.intercepts_[0])


def test_clipping_bounds_the_norm_of_all_gradients_together(problem):
    X, y, _ = problem("multiclass")
    params = {**BASE, **ONE_STEP}
    start = MLPClassifier(**{**params, **STILL}).fit(X, y)
    net = MLPClassifier(**params, clip_global_norm=0.01).fit(X, y)
    squares = sum(np.sum((a - b) ** 2) for a, b in zip(arrays(net), arrays(start), strict=True))
    np.testing.assert_allclose(np.sqrt(squares), 0.1 * 0.01)


def test_one_activation_a_layer(problem):
    X, y, _ = problem("multiclass")
    params = {**BASE, "hidden_layer_sizes": (6, 4)}
    net = MLPClassifier(**params, activation=["tanh", "relu"]).fit(X, y)
    (W1, W2, W3), (b1, b2, b3) = net.coefs_, net.intercepts_
    scores = np.maximum(np.tanh(X @ W1 + b1) @ W2 + b2, 0) @ W3 + b3
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    expected = odds / odds.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(net.predict_proba(X), expected, rtol=1e-12)
    assert not np.array_equal(
        net.predict_proba(X),
        MLPClassifier(**params, activation=["relu", "tanh"]).fit(X, y).predict_proba(X),
    )


def test_one_dropout_rate_a_layer(problem, same_network):
    X, y, _ = problem("multiclass")
    params = {**BASE, "hidden_layer_sizes": (6, 4)}
    one, each = (MLPClassifier(**params, dropout=rate).fit(X, y) for rate in (0.5, [0.5, 0.5]))
    same_network(one, each)
    first, second = (
        MLPClassifier(**params, dropout=rate).fit(X, y) for rate in ([0.5, 0], [0, 0.5])
    )
    assert not np.array_equal(first.coefs_[0], second.coefs_[0])


def test_dropout_is_not_for_validation_and_prediction(problem):
    X, y, _ = problem("multiclass")
    net = MLPClassifier(**BASE, dropout=0.5).fit(X, y, X_val=X, y_val=y)
    last = -np.mean(np.log(net.predict_proba(X)[np.arange(90), y]))
    np.testing.assert_allclose(net.history_["validation_loss"][-1], last)
    assert net.history_["train_loss"][-1] > net.history_["validation_loss"][-1]


LOSSES = {
    ("MLPClassifier", "mean_squared_error"): lambda Y, A: np.mean((A - Y) ** 2),
    ("MLPClassifier", "log_loss"): lambda Y, A: -np.mean(np.sum(Y * np.log(A), axis=1)),
    ("MLPClassifier", "double_softmax"): lambda Y, A: (
        -np.mean(np.sum(Y * scipy.special.log_softmax(A, axis=1), axis=1))
    ),
    ("MLPClassifier", "binary_cross_entropy"): lambda Y, A: (
        -np.mean(np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A), axis=1))
    ),
    ("MLPRegressor", "squared_error"): lambda Y, A: 0.5 * np.mean((A - Y) ** 2),
    ("MLPRegressor", "sklearn_squared_error"): lambda Y, A: 0.5 * np.mean((A - Y) ** 2),
    ("MLPRegressor", "mean_squared_error"): lambda Y, A: np.mean((A - Y) ** 2),
    ("MLPRegressor", "absolute_error"): lambda Y, A: np.mean(np.abs(A - Y).sum(1)),
    ("MLPRegressor", "huber"): lambda Y, A: np.mean(scipy.special.huber(1.0, A - Y).sum(1)),
}


@pytest.mark.parametrize(("kind", "loss"), LOSSES, ids=map("-".join, LOSSES))
def test_each_loss_is_what_its_name_says(kind, loss, problem):
    params = {**BASE, **STILL, "alpha": 0, "loss": loss}
    if kind == "MLPClassifier":
        X, y, _ = problem("multiclass")
        net = MLPClassifier(**params).fit(X, y)
        Y, A = np.eye(3)[y], net.predict_proba(X)
    else:
        X, Y, _ = problem("outputs")
        net = MLPRegressor(**params).fit(X, Y)
        A = net.predict(X)
    np.testing.assert_allclose(net.loss_, LOSSES[kind, loss](Y, A))


@pytest.mark.parametrize("name", INITIALIZERS)
def test_each_rule_for_initial_weights(name, problem):
    X, y, _ = problem("multiclass")
    row = INITIALIZERS[name]
    net = MLPClassifier(**{**BASE, **STILL, "hidden_layer_sizes": (400,)}, init=name).fit(X, y)
    scale = row.scale(5, 400, **row.settings)
    W, b = net.coefs_[0], net.intercepts_[0]
    assert (np.abs(b).max() > 1e-200) == row.biases
    if row.distribution == "uniform":
        assert 0.99 * scale < np.abs(W).max() <= scale
    elif name == "orthogonal":
        np.testing.assert_allclose(W @ W.T, np.eye(5), atol=1e-12)
        V = net.coefs_[1]
        np.testing.assert_allclose(V.T @ V, np.eye(3), atol=1e-12)
    elif row.distribution == "normal":
        np.testing.assert_allclose(W.std(), scale, rtol=0.05)
    else:
        assert np.unique(W).tolist() == np.unique(b).tolist() == [scale]


def test_an_initial_scale_of_ones_own(problem):
    X, y, _ = problem("multiclass")
    net = MLPClassifier(**{**BASE, **STILL}, init={"name": "uniform", "scale": 1e-3}).fit(X, y)
    assert 5e-4 < np.abs(net.coefs_[0]).max() <= 1e-3


def step_sizes(net, start):
    """By how much each weight moved, over the learning rate."""
    return [(a - b) / 0.1 for a, b in zip(arrays(net), arrays(start), strict=True)]


@pytest.mark.parametrize("alpha", [{"alpha": 0}, {"alpha": 9.0}, {"alpha": 1e-4, "l2": 0.1}])
def test_l1_pulls_each_weight_alike(alpha, problem):
    """Beside either L2, and not the biases; the reported penalty is the sum of both."""
    X, y, _ = problem("multiclass")
    params = {**BASE, **ONE_STEP, **alpha}
    start = MLPClassifier(**{**params, **STILL}).fit(X, y)
    plain = MLPClassifier(**params).fit(X, y)
    pulled = MLPClassifier(**params, l1=0.2).fit(X, y)
    for W0, W, V in zip(start.coefs_, plain.coefs_, pulled.coefs_, strict=True):
        np.testing.assert_allclose(W - V, 0.1 * 0.2 * np.sign(W0), rtol=1e-9)
    np.testing.assert_array_equal(plain.intercepts_[0], pulled.intercepts_[0])
    size = sum(np.abs(W).sum() for W in start.coefs_)
    before, after = plain.history_["penalty"][0], pulled.history_["penalty"][0]
    np.testing.assert_allclose(after - before, 0.2 * size)


def test_l1_does_not_depend_on_the_batch_size(problem):
    X, y, _ = problem("multiclass")
    params = {**BASE, **STILL, "alpha": 0, "l1": 0.1}
    few, many = (MLPClassifier(**{**params, "batch_size": n}).fit(X, y) for n in (15, 30))
    assert few.history_["penalty"] == pytest.approx(many.history_["penalty"], rel=1e-12)


def test_l1_makes_weights_small_that_are_of_no_use(problem):
    """Two columns decide; the weights of the others shrink beside them."""
    X, _, _ = problem("multiclass")
    y = (X[:, 0] - X[:, 1] > 0).astype(int)
    params = {**BASE, "hidden_layer_sizes": (), "max_iter": 300, "learning_rate_init": 0.02}
    free, sparse = (
        MLPClassifier(**params, alpha=0, l1=l1, tol=0, n_iter_no_change=np.inf).fit(X, y)
        for l1 in (0.0, 0.05)
    )
    shares = [
        np.abs(net.coefs_[0][2:]).sum() / np.abs(net.coefs_[0]).sum() for net in (free, sparse)
    ]
    assert shares[1] < 0.2 * shares[0]


@pytest.mark.parametrize("solver", ["sgd", "adam", "rmsprop", "adagrad"])
def test_no_unit_s_weights_are_longer_than_max_norm(solver, problem):
    X, y, _ = problem("multiclass")
    params = {**BASE, "solver": solver, "learning_rate_init": 0.05}
    net, free = (MLPClassifier(**params, max_norm=limit).fit(X, y) for limit in (0.7, None))
    norms, others = (
        np.concatenate([np.linalg.norm(W, axis=0) for W in each.coefs_]) for each in (net, free)
    )
    assert norms.max() <= 0.7 * (1 + 1e-12)
    assert np.isclose(norms, 0.7).any()
    assert others.max() > 0.7


def test_rmsprop_and_adagrad_begin_with_the_gradient_s_sign(problem):
    X, y, _ = problem("multiclass")
    params = {**BASE, **ONE_STEP, "epsilon": 1e-300}
    start = MLPClassifier(**{**params, **STILL}).fit(X, y)
    for solver, size in (("adagrad", 1.0), ("rmsprop", 1 / np.sqrt(1 - 0.8))):
        net = MLPClassifier(**{**params, "solver": solver}, rho=0.8).fit(X, y)
        moved = np.concatenate([np.abs(part).ravel() for part in step_sizes(net, start)])
        moved = moved[moved > 1e-9]  # but for weights that no gradient reaches
        assert len(moved) > 40
        np.testing.assert_allclose(moved, size, rtol=1e-9)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_label_smoothing_is_that_of_torch(solver, problem):
    """In training alone: the validation loss and the score are of the true labels."""
    X, y, _ = problem("multiclass")
    params = {**BASE, "alpha": 0, "label_smoothing": 0.2, "solver": solver}
    changed = STILL if solver == "adam" else {"max_iter": 1}
    net = MLPClassifier(**{**params, **changed}).fit(X, y, X_val=X, y_val=y)
    logits = torch.tensor(net.predict_log_proba(X))
    wanted, true = (
        torch.nn.functional.cross_entropy(logits, torch.tensor(y), label_smoothing=share).item()
        for share in (0.2, 0.0)
    )
    np.testing.assert_allclose(net.history_["train_loss"][-1], wanted)
    np.testing.assert_allclose(net.history_["validation_loss"][-1], true)
    assert net.history_["validation_score"][-1] == net.score(X, y)


@pytest.mark.parametrize("name", ["binary", "multilabel"])
def test_labels_of_their_own_are_smoothed_towards_a_half(name, problem):
    X, y, _ = problem(name)
    net = MLPClassifier(**{**BASE, **STILL}, alpha=0, label_smoothing=0.2).fit(X, y)
    P = net.predict_proba(X)
    P, Y = (P[:, 1:], y[:, None]) if name == "binary" else (P, y)
    Y = 0.8 * Y + 0.1
    wanted = -(Y * np.log(P) + (1 - Y) * np.log(1 - P)).sum(axis=1).mean()
    np.testing.assert_allclose(net.history_["train_loss"][0], wanted)


def test_smoothed_networks_are_less_sure(problem):
    X, y, _ = problem("multiclass")
    params = {**BASE, "max_iter": 200, "learning_rate_init": 0.02}
    sure, modest = (MLPClassifier(**params, label_smoothing=s).fit(X, y) for s in (0.0, 0.3))
    assert modest.predict_proba(X).max(axis=1).mean() < sure.predict_proba(X).max(axis=1).mean()
    assert modest.score(X, y) > 0.9


@pytest.mark.parametrize("loss", ["absolute_error", "huber"])
def test_a_robust_loss_is_less_moved_by_an_outlier(loss, problem):
    X, y, _ = problem("regression")
    wild = y.copy()
    wild[0] += 1e4
    params = {**BASE, **ONE_STEP}

    def moved(given):
        clean, dirty = (MLPRegressor(**params, loss=given).fit(X, target) for target in (y, wild))
        return max(np.abs(a - b).max() for a, b in zip(arrays(clean), arrays(dirty), strict=True))

    assert moved(loss) < 0.01 < 1 < moved("squared_error")


RATES = {
    "constant": ({}, [1, 1, 1, 1]),
    "invscaling": ({"power": 1.0}, [1, 1 / 91, 1 / 181, 1 / 271]),
    "step": ({"factor": 0.5, "every": 2}, [1, 1, 0.5, 0.5]),
    "exponential": ({"rate": 0.25, "every": 2, "staircase": False}, [1, 0.5, 0.25, 0.125]),
    "cosine": ({"warmup": 2, "floor": 0.1}, [0, 0.5, 1, 0.55]),
    "adaptive": ({"divisor": 10, "smallest": 0.019}, [1, 1, 1, 0.1, 0.1]),
    "one_cycle": ({"rise": 0.5, "start": 4, "end": 5}, [0.25, 0.625, 1, 0.525]),
    # with this threshold nothing improves on the first epoch
    "reduce_on_plateau": ({"patience": 0, "threshold": 0.99, "factor": 0.5}, [1, 1, 0.5, 0.25]),
}


@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize("name", SCHEDULES)
def test_each_schedule(name, solver, problem):
    X, y, _ = problem("multiclass")
    settings, expected = RATES[name]
    params = {**BASE, "solver": solver, "max_iter": 4, "learning_rate_init": 0.02}
    if name == "adaptive":  # two epochs without improvement, twice
        params |= {"max_iter": 9, "tol": 10.0, "n_iter_no_change": 1}
    net = MLPClassifier(**params, schedule={"name": name, **settings}).fit(X, y)
    np.testing.assert_allclose(net.history_["learning_rate"], 0.02 * np.array(expected), atol=1e-12)


@pytest.mark.parametrize("given", ["float32", "float64"])
@pytest.mark.parametrize("dtype", ["auto", "float32", "float64"])
def test_the_type_of_arithmetic(dtype, given, problem):
    X, y, _ = problem("multiclass")
    net = MLPClassifier(**BASE, dtype=dtype).fit(X.astype(given), y)
    expected = given if dtype == "auto" else dtype
    assert {array.dtype.name for array in arrays(net)} == {expected}
    assert net.predict_proba(X.astype(expected)).dtype == expected


# A rate that goes by the losses

WATCH = {"name": "reduce_on_plateau", "factor": 0.5, "patience": 2, "threshold": 0.05}
LONG = {**BASE, "max_iter": 40, "n_iter_no_change": np.inf, "learning_rate_init": 0.03}


def torch_rates(values, base, factor, patience, threshold, **more):
    """The rates of epochs whose losses these are, by PyTorch."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=base)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=factor, patience=patience, threshold=threshold, eps=0, **more
    )
    found = []
    for value in values:
        found.append(optimizer.param_groups[0]["lr"])
        scheduler.step(value)
    return found


@pytest.mark.parametrize("validated", [False, True])
@pytest.mark.parametrize("more", [{}, {"cooldown": 3}, {"smallest": 0.01}], ids=str)
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_reduce_on_plateau_is_that_of_torch(validated, more, solver, problem):
    """By the validation loss, or without one by the training loss with its penalty."""
    X, y, _ = problem("multiclass")
    given = {"X_val": X[60:], "y_val": y[60:]} if validated else {}
    net = MLPClassifier(**LONG, solver=solver, schedule={**WATCH, **more})
    net.fit(X[:60], y[:60], **given)
    history = net.history_
    values = history["validation_loss"] if validated else np.array(net.loss_curve_)
    settings = {key: value for key, value in WATCH.items() if key != "name"}
    settings |= {"min_lr" if key == "smallest" else key: value for key, value in more.items()}
    wanted = torch_rates(values, 0.03, **settings)
    np.testing.assert_allclose(history["learning_rate"], wanted, rtol=1e-6)
    assert len(np.unique(wanted)) >= 3
    assert net.n_iter_ == 40  # it goes on at the smallest rate


def test_its_count_is_not_the_patience_of_the_training(problem):
    X, y, _ = problem("multiclass")
    flat = {**BASE, "max_iter": 30, "tol": 10.0}  # no epoch after the first counts as improved
    watch = {**WATCH, "threshold": 0.99}
    net = MLPClassifier(**flat, n_iter_no_change=7, schedule=watch).fit(X, y)
    assert net.n_iter_ == 1 + 7 + 1
    rates = net.history_["learning_rate"] / 0.001
    np.testing.assert_allclose(rates, [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25])


def test_looking_at_each_epoch_does_not_change_the_rates(problem, same_network):
    """Ranges of several epochs end where the rate may change."""
    X, y, _ = problem("multiclass")
    plain = MLPClassifier(**LONG, schedule=WATCH).fit(X, y)
    looked_at = MLPClassifier(**LONG, schedule=WATCH, restore_best=True).fit(X, y)
    rates = plain.history_["learning_rate"]
    np.testing.assert_array_equal(rates, looked_at.history_["learning_rate"])
    assert len(np.unique(rates)) >= 3
