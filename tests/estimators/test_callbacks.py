"""scikit-learn's callback protocol."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.model_selection import GridSearchCV

from chainrule import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

BASE = {"hidden_layer_sizes": (6,), "batch_size": 16, "max_iter": 4, "random_state": 3}


class Recorder:
    """Writes down what it is told; stops the training where ``stop(n)`` is true."""

    def __init__(self, stop=lambda epoch: False):
        self.stop, self.events, self.seen = stop, [], []

    def setup(self, estimator, context):
        self.events.append("setup")

    def on_fit_task_begin(
        self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None
    ):
        self.events.append(f"begin {context.task_name}")
        if fitted_estimator is not None and not self.seen:
            self.first = fitted_estimator.predict_proba(X)

    def on_fit_task_end(
        self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None
    ):
        self.events.append(f"end {context.task_name}")
        if context.task_name == "epoch" and fitted_estimator is not None:
            self.seen.append((fitted_estimator, X, y, metadata))
            return self.stop(len(self.seen))
        return False

    def teardown(self, estimator, context):
        self.events.append("teardown")


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_the_calls_are_one_task_a_fit_and_one_subtask_an_epoch(solver, problem):
    X, y, _ = problem("multiclass")
    recorder = Recorder()
    MLPClassifier(**BASE, solver=solver).set_callbacks(recorder).fit(X, y)
    epochs = ["begin epoch", "end epoch"] * 4
    assert recorder.events == ["setup", "begin fit", *epochs, "end fit", "teardown"]


def test_an_epoch_of_several_ranges_is_one_task(problem, monkeypatch):
    X, y, _ = problem("multiclass")
    recorder = Recorder()
    monkeypatch.setattr("chainrule.engine.fit.capacity", lambda *_: 4)
    MLPClassifier(**BASE).set_callbacks(recorder).fit(X, y)
    assert recorder.events.count("begin epoch") == recorder.events.count("end epoch") == 4


def test_an_epoch_begins_before_its_work(problem):
    X, y, _ = problem("multiclass")
    recorder = Recorder()
    net = MLPClassifier(**BASE).set_callbacks(recorder).fit(X, y)
    still = MLPClassifier(**{**BASE, "learning_rate_init": 1e-300, "max_iter": 1}).fit(X, y)
    np.testing.assert_allclose(recorder.first, still.predict_proba(X))
    assert not np.allclose(recorder.first, net.predict_proba(X))


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_each_epoch_has_an_estimator_as_if_training_had_stopped_there(
    solver, problem, same_network
):
    X, y, _ = problem("strings")
    recorder = Recorder()
    net = MLPClassifier(**BASE, solver=solver).set_callbacks(recorder).fit(X, y)
    for epochs, (fitted, X_seen, y_seen, metadata) in enumerate(recorder.seen, 1):
        shorter = MLPClassifier(**{**BASE, "max_iter": epochs}, solver=solver).fit(X, y)
        same_network(fitted, shorter)
        np.testing.assert_array_equal(X_seen, X)
        np.testing.assert_array_equal(y_seen, y)
        assert metadata is None
        assert fitted.history_.keys() == shorter.history_.keys()
        for name in fitted.history_.keys() - {"seconds"}:
            np.testing.assert_array_equal(fitted.history_[name], shorter.history_[name])
    same_network(recorder.seen[-1][0], net)


def test_the_history_of_an_epoch_goes_on_from_what_was_trained_before(problem):
    X, y, _ = problem("multiclass")
    recorder = Recorder()
    net = MLPClassifier(**{**BASE, "max_iter": 2}, warm_start=True).set_callbacks(recorder)
    net.fit(X, y).fit(X, y)
    epochs = [seen[0].history_["epoch"].tolist() for seen in recorder.seen]
    assert epochs == [[1], [1, 2], [1, 2, 3], [1, 2, 3, 4]]


@pytest.mark.parametrize("name", ["binary", "multilabel"])
def test_targets_are_given_as_they_came(name, problem):
    X, y, weights = problem(name)
    recorder = Recorder()
    MLPClassifier(**BASE).set_callbacks(recorder).fit(X, y, weights)
    _, _, y_seen, metadata = recorder.seen[0]
    np.testing.assert_array_equal(y_seen, y)
    np.testing.assert_array_equal(metadata["sample_weight"], weights)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_callback_can_stop_the_training(solver, problem, same_network):
    X, y, _ = problem("multiclass")
    recorder = Recorder(stop=lambda epoch: epoch == 2)
    net = MLPClassifier(**{**BASE, "max_iter": 99}, solver=solver).set_callbacks(recorder)
    net.fit(X, y)
    assert net.n_iter_ == 2
    same_network(net, MLPClassifier(**{**BASE, "max_iter": 2}, solver=solver).fit(X, y))
    assert recorder.events[-2:] == ["end fit", "teardown"]


def test_each_partial_fit_is_a_fit_of_one_epoch(problem):
    X, y, _ = problem("regression")
    recorder = Recorder(stop=lambda epoch: False)
    recorder.on_fit_task_begin = lambda estimator, context: recorder.events.append("begin")
    net = MLPRegressor(**BASE).set_callbacks(recorder)
    net.partial_fit(X, y).partial_fit(X, y)
    assert recorder.events == ["setup", "begin", "begin", "end epoch", "end fit", "teardown"] * 2


def test_every_begin_has_an_end_when_the_training_diverges(problem):
    X, y, _ = problem("regression")
    recorder = Recorder()
    recorder.on_fit_task_begin = lambda estimator, context: recorder.events.append("begin")
    params = {**BASE, "solver": "sgd", "learning_rate_init": 1e200, "on_divergence": "keep"}
    assert MLPRegressor(**params).set_callbacks(recorder).fit(X, y).diverged_
    assert recorder.events == ["setup", "begin", "begin", "end epoch", "end fit", "teardown"]


def test_what_a_callback_raises_comes_through_and_it_is_torn_down(problem):
    def fail(epoch):
        raise LookupError("no such file")

    X, y, _ = problem("multiclass")
    recorder = Recorder(stop=fail)
    with pytest.raises(LookupError, match="no such file"):
        MLPClassifier(**BASE).set_callbacks(recorder).fit(X, y)
    assert recorder.events[-1] == "teardown"


def test_clones_have_the_callbacks_of_their_original(problem):
    X, y, _ = problem("multiclass")
    recorder = Recorder()
    clone(MLPClassifier(**BASE).set_callbacks(recorder)).fit(X, y)
    assert len(recorder.seen) == 4


@pytest.mark.parametrize("weighted", [False, True])
def test_scikit_learns_scoring_monitor(weighted, problem):
    X, y, weights = problem("multiclass")
    monitor = ScoringMonitor(scoring="accuracy")
    net = MLPClassifier(**BASE).set_callbacks(monitor)
    net.fit(X, y, weights if weighted else None)
    log = monitor.get_logs()
    scores = [row["accuracy"] for row in log.data if row["task_name"] == "epoch"]
    assert log.estimator_name == "MLPClassifier"
    assert len(scores) == 4
    np.testing.assert_allclose(scores[-1], net.score(X, y, weights if weighted else None))


def test_scikit_learns_progress_bar(problem, capsys):
    X, y, _ = problem("multiclass")
    MLPClassifier(**BASE).set_callbacks(ProgressBar()).fit(X, y)
    assert "MLPClassifier - fit" in capsys.readouterr().out


def test_callbacks_of_a_search_reach_its_networks(problem, capsys):
    X, y, _ = problem("multiclass")
    search = GridSearchCV(MLPClassifier(**BASE), {"alpha": [0.1, 1.0]}, cv=2)
    search.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(X, y)
    assert "MLPClassifier" in capsys.readouterr().out
