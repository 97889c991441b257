"""Ctrl-C keeps what was learnt so far, with a warning, and the training can go on."""

import numpy as np
import pytest

import chainrule.engine.fit
import chainrule.estimators.fullbatch
from chainrule import MLPClassifier
from chainrule.estimators.problem import Problem

BASE = {"hidden_layer_sizes": (6,), "batch_size": 16, "random_state": 3, "alpha": 0}


class InterruptAt:
    """A callback that presses Ctrl-C after some epochs."""

    def __init__(self, epoch):
        self.epoch = epoch

    def setup(self, estimator, context): ...

    def on_fit_task_begin(self, estimator, context): ...

    def on_fit_task_end(self, estimator, context):
        if context.parent is not None and context.task_id + 1 == self.epoch:
            raise KeyboardInterrupt

    def teardown(self, estimator, context): ...


@pytest.fixture
def interrupt_range(monkeypatch):
    """Makes the n-th range of steps end with Ctrl-C, before it has changed anything."""

    def at(number, capacity=6):
        run, calls = chainrule.engine.fit.run_range, []

        def interrupted(*args):
            calls.append(args)
            if len(calls) == number:
                raise KeyboardInterrupt
            return run(*args)

        monkeypatch.setattr("chainrule.engine.fit.run_range", interrupted)
        monkeypatch.setattr("chainrule.engine.fit.capacity", lambda *_: capacity)

    return at


def test_in_a_callback(problem, same_network):
    X, y, _ = problem("multiclass")
    net = MLPClassifier(**BASE).set_callbacks(InterruptAt(4))
    with pytest.warns(UserWarning, match=r"interrupted by user after 4 epoch\(s\)") as caught:
        net.fit(X, y)
    assert caught[0].filename == __file__
    assert net.n_iter_ == len(net.loss_curve_) == len(net.history_["epoch"]) == 4
    with pytest.warns(match="Maximum iterations"):
        same_network(net, MLPClassifier(**BASE, max_iter=4).fit(X, y))


def test_in_the_middle_of_the_work(problem, same_network, interrupt_range):
    X, y, _ = problem("multiclass")
    with pytest.warns(match="Maximum iterations"):
        shorter = MLPClassifier(**BASE, max_iter=3).fit(X, y)
    interrupt_range(4)
    with pytest.warns(UserWarning, match=r"interrupted by user after 3 epoch\(s\)"):
        net = MLPClassifier(**BASE).fit(X, y)
    same_network(net, shorter)
    assert net.predict(X).shape == (90,)
    assert not net.diverged_


def test_in_the_middle_of_a_validation(problem, same_network, monkeypatch):
    def interrupted(*args):
        calls.append(args)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return measure(*args)

    X, y, _ = problem("multiclass")
    measure, calls = Problem.measure, []
    monkeypatch.setattr(Problem, "measure", interrupted)
    with pytest.warns(UserWarning, match=r"interrupted by user after 3 epoch\(s\)"):
        net = MLPClassifier(**BASE).fit(X, y, X_val=X, y_val=y)
    assert np.isfinite(net.history_["validation_loss"]).tolist() == [True, True, False]
    with pytest.warns(match="Maximum iterations"):
        same_network(net, MLPClassifier(**BASE, max_iter=3).fit(X, y))


def test_within_an_epoch_its_steps_so_far_are_kept(problem, same_network, interrupt_range):
    X, y, _ = problem("multiclass")
    by_steps = MLPClassifier(**BASE, max_steps=8).fit(X, y)
    interrupt_range(5, capacity=2)
    with pytest.warns(UserWarning, match="interrupted by user"):
        net = MLPClassifier(**BASE).fit(X, y)
    assert net.history_["steps"].tolist() == [6, 2]
    same_network(net, by_steps)


def test_in_the_first_step(problem, same_network, interrupt_range):
    X, y, _ = problem("multiclass")
    interrupt_range(1)
    with pytest.warns(UserWarning, match=r"interrupted by user after 0 epoch\(s\)"):
        net = MLPClassifier(**BASE).fit(X, y)
    assert net.n_iter_ == 0
    assert net.loss_curve_ == []
    assert np.isnan(net.loss_)
    assert np.isfinite(net.predict_proba(X)).all()


@pytest.mark.parametrize("range_steps", [2, 6])
def test_with_early_stopping(range_steps, problem, interrupt_range):
    X, y, _ = problem("multiclass")
    interrupt_range(8, capacity=range_steps)
    with pytest.warns(UserWarning, match="interrupted"):
        net = MLPClassifier(**BASE, early_stopping=True).fit(X, y)
    assert len(net.validation_scores_) == len(net.loss_curve_) == net.n_iter_
    assert net.best_validation_score_ == np.nanmax(net.validation_scores_)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_the_training_can_go_on_as_if_nothing_had_happened(solver, problem, same_network):
    X, y, _ = problem("multiclass")
    params = {**BASE, "solver": solver}
    with pytest.warns(match="Maximum iterations"):
        whole = MLPClassifier(**params, max_iter=6).fit(X, y)
    net = MLPClassifier(**params).set_callbacks(InterruptAt(4))
    with pytest.warns(UserWarning, match="interrupted"):
        net.fit(X, y)
    net.set_callbacks().partial_fit(X, y).partial_fit(X, y)
    same_network(net, whole)
    assert net.loss_curve_ == whole.loss_curve_


def test_partial_fit_goes_on_after_an_interrupted_range(problem, same_network, interrupt_range):
    X, y, _ = problem("multiclass")
    with pytest.warns(match="Maximum iterations"):
        whole = MLPClassifier(**BASE, max_iter=4).fit(X, y)
    interrupt_range(3)
    with pytest.warns(UserWarning, match="interrupted"):
        net = MLPClassifier(**BASE).fit(X, y)
    same_network(net.partial_fit(X, y).partial_fit(X, y), whole)


def test_the_best_weights_are_kept_then_too(problem, same_network):
    X, y, _ = problem("multiclass")
    params = {**BASE, "learning_rate_init": 0.5, "restore_best": True}
    net = MLPClassifier(**params).set_callbacks(InterruptAt(9))
    with pytest.warns(UserWarning, match="interrupted"):
        net.fit(X, y, X_val=X[:20], y_val=y[:20])
    assert net.best_epoch_ < 9
    with pytest.warns(match="Maximum iterations"):
        shorter = MLPClassifier(**{**BASE, "learning_rate_init": 0.5, "max_iter": net.best_epoch_})
        shorter.fit(X, y)
    same_network(net, shorter)


def test_lbfgs_keeps_its_last_iteration(problem, same_network):
    X, y, _ = problem("multiclass")
    with pytest.warns(match="lbfgs failed to converge"):
        shorter = MLPClassifier(**BASE, solver="lbfgs", max_iter=4).fit(X, y)
    net = MLPClassifier(**BASE, solver="lbfgs").set_callbacks(InterruptAt(4))
    with pytest.warns(UserWarning, match=r"interrupted by user after 4 iteration\(s\)") as caught:
        net.fit(X, y)
    assert caught[0].filename == __file__
    same_network(net, shorter)
    np.testing.assert_allclose(net.loss_, shorter.loss_)
    assert net.n_iter_ == 4


def test_lbfgs_before_its_first_iteration(problem, monkeypatch):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    X, y, _ = problem("multiclass")
    monkeypatch.setattr(chainrule.estimators.fullbatch, "minimise", interrupted)
    with pytest.warns(UserWarning, match=r"interrupted by user after 0 iteration\(s\)"):
        net = MLPClassifier(**BASE, solver="lbfgs").fit(X, y)
    assert net.n_iter_ == 0
    assert not net.diverged_
    assert np.isfinite(net.predict_proba(X)).all()
