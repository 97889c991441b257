"""fit for k epochs is k calls of partial_fit, bit for bit; how a training is cut is no matter."""

import numpy as np
import pytest

from chainrule import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

BASE = {
    "hidden_layer_sizes": (6,),
    "batch_size": 16,
    "max_iter": 4,
    "n_iter_no_change": np.inf,
    "random_state": 3,
}
SGD = {"solver": "sgd", "learning_rate_init": 0.05}
PLATEAU = {"name": "reduce_on_plateau", "patience": 0, "threshold": 0.99, "factor": 0.5}
TRAININGS = {
    "adam": {},
    "adamw": {"solver": "adamw"},
    "sgd": {**SGD, "momentum": 0},
    "nesterov": SGD,
    "momentum": {**SGD, "nesterovs_momentum": False},
    "batch-of-1": {**SGD, "batch_size": 1},
    "one-batch": {"batch_size": 90},
    "unshuffled": {"shuffle": False},
    "float32": {"dtype": "float32"},
    "dropout": {"dropout": 0.3},
    "dropout-from-a-stream": {"dropout": 0.3, "random_state": "stream"},
    "clipped": {"clip_global_norm": 0.1},
    "l2": {"l2": 0.01},
    "invscaling": {**SGD, "learning_rate": "invscaling"},
    "adaptive": {**SGD, "learning_rate": "adaptive", "tol": 10.0, "n_iter_no_change": 1},
    "exponential": {"schedule": {"name": "exponential", "rate": 0.5, "staircase": False}},
    "step": {**SGD, "schedule": {"name": "step", "every": 2}},
    "cosine": {"schedule": {"name": "cosine", "warmup": 1.5}},
    "rmsprop": {"solver": "rmsprop"},
    "adagrad": {"solver": "adagrad"},
    "l1": {"l1": 0.05},
    "max-norm": {"max_norm": 0.6},
    "label-smoothing": {"label_smoothing": 0.1},
    "one-cycle": {"schedule": "one_cycle"},
    "reduced": {"schedule": PLATEAU},
    "reduced-cooling": {"schedule": {**PLATEAU, "cooldown": 1, "patience": 1}},
}


def classifier(**changed):
    params = {**BASE, **changed}
    if params["random_state"] == "stream":
        params["random_state"] = np.random.RandomState(9)
    return MLPClassifier(**params)


@pytest.fixture
def same_training(same_network):
    def check(first, second):
        same_network(first, second)
        assert first.loss_curve_ == second.loss_curve_
        for name, column in first.history_.items():
            if name != "seconds":
                np.testing.assert_array_equal(column, second.history_[name], err_msg=name)
        assert first.t_ == second.t_
        assert first.best_loss_ == second.best_loss_

    return check


@pytest.mark.parametrize("changed", TRAININGS.values(), ids=TRAININGS)
def test_fit_is_as_many_partial_fits(changed, problem, same_training):
    X, y, weights = problem("multiclass")
    whole = classifier(**changed).fit(X, y, weights)
    pieces = classifier(**changed)
    for _ in range(4):
        pieces.partial_fit(X, y, weights, classes=[0, 1, 2])
    same_training(whole, pieces)


GOING_ON = ["adam", "dropout-from-a-stream", "adaptive", "exponential", "reduced-cooling"]


@pytest.mark.parametrize("name", GOING_ON)
def test_partial_fit_goes_on_from_fit(name, problem, same_training):
    X, y, _ = problem("multiclass")
    whole = classifier(**TRAININGS[name]).set_params(max_iter=6).fit(X, y)
    pieces = classifier(**TRAININGS[name]).fit(X, y).partial_fit(X, y).partial_fit(X, y)
    same_training(whole, pieces)


def test_a_fit_begins_with_the_whole_rate_and_a_new_count(problem):
    """Warm or not: as the optimizer's state and the schedule's clock, so what it watched."""
    X, y, _ = problem("multiclass")
    net = classifier(schedule={**PLATEAU, "patience": 1}, warm_start=True).fit(X, y).fit(X, y)
    rates = net.history_["learning_rate"] / 0.001
    np.testing.assert_allclose(rates, [1, 1, 1, 0.5] * 2)
    net.partial_fit(X, y)
    assert net.history_["learning_rate"][-1] == pytest.approx(0.0005)


def test_the_regressor_too(problem, same_training):
    X, y, _ = problem("outputs")
    pieces = MLPRegressor(**BASE)
    for _ in range(4):
        pieces.partial_fit(X, y)
    same_training(MLPRegressor(**BASE).fit(X, y), pieces)


class Idle:
    """A callback that only wants to be asked after each epoch."""

    def setup(self, estimator, context): ...

    def on_fit_task_begin(self, estimator, context): ...

    def on_fit_task_end(self, estimator, context): ...

    def teardown(self, estimator, context): ...


CUTS = {
    "validation": lambda net, X, y: net.fit(X, y, X_val=X, y_val=y),
    "callback": lambda net, X, y: net.set_callbacks(Idle()).fit(X, y),
    "best-kept-aside": lambda net, X, y: net.set_params(restore_best=True).fit(X, y),
    "steps": lambda net, X, y: net.set_params(max_iter=200, max_steps=24).fit(X, y),
}


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
@pytest.mark.parametrize("name", ["adam", "dropout", "nesterov"])
def test_looking_at_each_epoch_changes_nothing(name, cut, problem, same_network):
    X, y, _ = problem("multiclass")
    plain = classifier(**TRAININGS[name]).fit(X, y)
    looked_at = cut(classifier(**TRAININGS[name]), X, y)
    assert plain.loss_curve_ == looked_at.loss_curve_
    assert np.argmin(plain.history_["train_loss"]) == 3  # so that the best epoch is the last
    same_network(plain, looked_at)


@pytest.mark.parametrize("capacity", [1, 4, 7])
@pytest.mark.parametrize("name", ["adam", "dropout", "reduced", "one-cycle"])
def test_the_length_of_a_range_changes_nothing(name, capacity, problem, same_network, monkeypatch):
    X, y, _ = problem("multiclass")
    plain = classifier(**TRAININGS[name]).fit(X, y)
    monkeypatch.setattr("chainrule.engine.fit.capacity", lambda *_: capacity)
    cut = classifier(**TRAININGS[name]).fit(X, y)
    assert plain.loss_curve_ == cut.loss_curve_
    same_network(plain, cut)


def test_another_solver_goes_on_with_the_weights_alone(problem):
    X, y, _ = problem("multiclass")
    net = classifier().fit(X, y)
    before = net.loss_
    net.set_params(solver="sgd").partial_fit(X, y)
    assert net.loss_ < before
    assert set(net._session.state) == {"velocity"}


def test_minibatches_can_follow_lbfgs(problem):
    X, y, _ = problem("multiclass")
    net = MLPClassifier(**{**BASE, "solver": "lbfgs"}).fit(X, y)
    before = net.loss_
    net.set_params(solver="adam").partial_fit(X, y)
    assert net.loss_curve_ == [net.loss_]
    assert net.loss_ < 2 * before
    assert len(net.history_["epoch"]) == 5


def test_dropout_masks_are_a_function_of_the_seed(problem, same_network):
    X, y, _ = problem("multiclass")
    for seed in (7, "stream"):
        same_network(*(classifier(dropout=0.3, random_state=seed).fit(X, y) for _ in range(2)))
    streams = np.random.RandomState(0), np.random.RandomState(0)
    for stream, rate in zip(streams, (0.0, 0.3), strict=True):
        classifier(dropout=rate, random_state=stream).fit(X, y)
    assert streams[0].random() == streams[1].random()  # masks take no numbers from the stream
