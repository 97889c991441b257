"""No parameter does nothing: each one changes the result, or says here why it may not."""

import inspect

import numpy as np
import pytest

from chainrule import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

BASE = {"hidden_layer_sizes": (6,), "batch_size": 16, "max_iter": 3, "random_state": 3}
SGD = {"solver": "sgd", "learning_rate_init": 0.05}
INVSCALING = {**SGD, "learning_rate": "invscaling"}
EARLY = {"early_stopping": True, "max_iter": 12, "learning_rate_init": 0.1}

CHANGES = {  # parameter: (what the base is changed to, one value, another value)
    "hidden_layer_sizes": ({}, (6,), (6, 6)),
    "activation": ({}, "relu", "tanh"),
    "solver": ({}, "adam", "adamw"),
    "alpha": ({}, 1e-4, 1.0),
    "batch_size": ({}, 16, 20),
    "learning_rate": (SGD, "constant", "invscaling"),
    "learning_rate_init": ({}, 0.001, 0.002),
    "power_t": (INVSCALING, 0.5, 0.4),
    "max_iter": ({}, 3, 4),
    "shuffle": ({}, True, False),
    "random_state": ({}, 3, 4),
    "tol": ({"max_iter": 12, "n_iter_no_change": 1}, 0.0, 10.0),
    "momentum": (SGD, 0.9, 0.8),
    "nesterovs_momentum": (SGD, True, False),
    "early_stopping": ({}, False, True),
    "validation_fraction": (EARLY, 0.2, 0.3),
    "beta_1": ({}, 0.9, 0.8),
    "beta_2": ({}, 0.999, 0.99),
    "epsilon": ({}, 1e-8, 1e-2),
    "n_iter_no_change": ({"tol": 10.0, "max_iter": 12}, 1, 3),
    "max_fun": ({"solver": "lbfgs", "max_iter": 12}, 3, 9),
    "dropout": ({}, 0.0, [0.5]),
    "l2": ({}, None, 0.1),
    "l1": ({}, 0.0, 0.1),
    "max_norm": ({}, None, 0.5),
    "rho": ({"solver": "rmsprop"}, 0.9, 0.5),
    "weight_decay": ({"solver": "adamw"}, 0.01, 0.5),
    "schedule": ({}, None, "exponential"),
    "clip_global_norm": (SGD, None, 0.01),
    "monitor": (
        {**EARLY, "tol": 0.02, "n_iter_no_change": 1},
        "validation_score",
        "validation_loss",
    ),
    "stopping": ({**EARLY, "restore_best": False}, None, {"name": "GL", "alpha": 0}),
    "max_steps": ({"max_iter": 200}, 6, 7),
    "restore_best": ({"learning_rate_init": 0.5, "max_iter": 9}, False, True),
    "divergence_threshold": ({"on_divergence": "keep"}, np.inf, 1e-6),
    "init": ({}, None, "he_normal"),
    "data_seed": ({}, None, 5),
    "input_scale": ({}, None, 2.0),
    "dtype": ({}, "float64", "float32"),
}
OWN = {
    MLPClassifier: {
        "loss": ({}, "log_loss", "mean_squared_error"),
        "class_weight": ({}, None, {0: 5, 1: 1, 2: 1}),
        "label_smoothing": ({}, 0.0, 0.2),
    },
    MLPRegressor: {"loss": ({}, "squared_error", "mean_squared_error")},
}
ELSEWHERE = {  # these change what is said, kept or used, and not the numbers of one fit
    "verbose": "test_progress.py",
    "warm_start": "test_parity_continued.py",
    "diagnose": "test_diagnosis.py",
    "on_divergence": "test_divergence.py",
    "device": "test_bad_parameters.py",
}
ROWS = [
    pytest.param(kind, name, row, id=f"{kind.__name__}-{name}")
    for kind, own in OWN.items()
    for name, row in (CHANGES | own).items()
]


@pytest.mark.parametrize("kind", OWN)
def test_every_parameter_has_a_row(kind):
    assert set(CHANGES | OWN[kind]) | set(ELSEWHERE) == set(inspect.signature(kind).parameters)


@pytest.mark.parametrize(("kind", "name", "row"), ROWS)
def test_it_changes_the_result(kind, name, row, problem):
    X, y, _ = problem("multiclass" if kind is MLPClassifier else "regression")
    changed, one, another = row
    outputs = []
    for value in (one, another):
        net = kind(**{**BASE, **changed, name: value}).fit(X, y)
        outputs.append(net.predict_proba(X) if kind is MLPClassifier else net.predict(X))
        assert np.isfinite(outputs[-1]).all()
    assert not np.array_equal(*outputs)


SAME = {
    "alpha-replaced-by-l2": ({"l2": 0.1}, {"l2": 0.1, "alpha": 1e-4}),
    "schedule-replaces": ({}, {"schedule": "constant"}),
    "device-cpu": ({}, {"device": "cpu"}),
    "no-dropout": ({}, {"dropout": [0]}),
    "activation-per-layer": ({}, {"activation": ["relu"]}),
    "threshold-never-reached": ({}, {"divergence_threshold": 1e6}),
    "keeping-what-does-not-diverge": ({}, {"on_divergence": "keep"}),
    "clip-never-reached": ({}, {"clip_global_norm": 1e6}),
    "limit-never-reached": ({}, {"max_norm": 1e6}),
    "no-l1": ({}, {"l1": 0}),
    "no-smoothing": ({}, {"label_smoothing": 0}),
    "plateau-never-reached": ({}, {"schedule": "reduce_on_plateau"}),
    "init-by-its-own-name": ({}, {"init": "sklearn"}),
    "invscaling-by-schedule": (
        {**INVSCALING, "power_t": 0.4},
        {**SGD, "schedule": {"name": "invscaling", "power": 0.4}},
    ),
}


@pytest.mark.parametrize(("one", "another"), SAME.values(), ids=SAME)
def test_two_ways_to_say_the_same(one, another, problem, same_network):
    X, y, _ = problem("multiclass")
    same_network(
        MLPClassifier(**{**BASE, **one}).fit(X, y), MLPClassifier(**{**BASE, **another}).fit(X, y)
    )


@pytest.mark.parametrize("solver", ["rmsprop", "adagrad"])
def test_epsilon_is_for_every_solver_that_has_one(solver, problem):
    X, y, _ = problem("multiclass")
    small, large = (
        MLPClassifier(**BASE, solver=solver, epsilon=epsilon).fit(X, y) for epsilon in (1e-8, 1.0)
    )
    assert not np.array_equal(small.coefs_[0], large.coefs_[0])


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_two_ways_to_ask_for_huber(solver, problem, same_network):
    X, y, _ = problem("regression")
    nets = [
        MLPRegressor(**BASE, solver=solver, loss=loss).fit(X, y)
        for loss in ("huber", {"name": "huber"}, {"name": "huber", "delta": 1})
    ]
    for other in nets[1:]:
        same_network(nets[0], other)
    narrow = MLPRegressor(**BASE, solver=solver, loss={"name": "huber", "delta": 0.1}).fit(X, y)
    assert not np.array_equal(narrow.coefs_[0], nets[0].coefs_[0])
