"""A training that leaves the finite numbers: an error, or a result."""

import numpy as np
import pytest
from sklearn import neural_network

import chainrule.engine.fit
from chainrule import MLPClassifier, MLPRegressor
from chainrule.errors import DivergenceError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

BASE = {"hidden_layer_sizes": (6,), "batch_size": 16, "max_iter": 12, "random_state": 3}
EXPLODING = {  # by about 1000 a step
    **BASE,
    "hidden_layer_sizes": (),
    "solver": "sgd",
    "momentum": 0,
    "learning_rate_init": 1000.0,
    "n_iter_no_change": np.inf,
}
BURSTING = {  # learns for two epochs, and is gone within two more
    **BASE,
    "activation": "identity",
    "solver": "sgd",
    "learning_rate_init": 0.15,
}


def test_by_default_it_is_scikit_learns_error(problem):
    X, y, _ = problem("regression")
    said = "Solver produced non-finite parameter weights"
    with pytest.raises(ValueError, match=said) as theirs, np.errstate(all="ignore"):
        neural_network.MLPRegressor(**BURSTING).fit(X, y)
    with pytest.raises(DivergenceError, match="on_divergence='keep'") as ours:
        MLPRegressor(**BURSTING).fit(X, y)
    assert str(ours.value).startswith(str(theirs.value))


@pytest.mark.parametrize("capacity", [None, 4, 24], ids=["whole", "parts", "several"])
@pytest.mark.parametrize("validated", [False, True], ids=["alone", "validated"])
@pytest.mark.parametrize("params", [EXPLODING, BURSTING], ids=["exploding", "bursting"])
def test_keep_has_the_weights_after_the_last_good_epoch(
    params, validated, capacity, problem, same_network, monkeypatch
):
    """However the epochs, of 6 steps each, were cut into ranges."""
    X, y, _ = problem("regression")
    validation = {"X_val": X, "y_val": y} if validated else {}
    if capacity:
        monkeypatch.setattr("chainrule.engine.fit.capacity", lambda *_: capacity)
    net = MLPRegressor(**params, on_divergence="keep").fit(X, y, **validation)
    assert net.diverged_
    assert 1 < net.n_iter_ < 12
    assert not np.isfinite(net.history_["train_loss"][-1])
    assert np.isfinite(net.history_["train_loss"][:-1]).all()
    assert np.isfinite(net.predict(X)).all()
    good = MLPRegressor(**{**params, "max_iter": net.n_iter_ - 1}).fit(X, y)
    same_network(net, good)
    assert not good.diverged_


def test_restore_best_keeps_the_best_of_a_diverged_training(problem, same_network):
    X, y, _ = problem("regression")
    net = MLPRegressor(**BURSTING, on_divergence="keep", restore_best=True).fit(X, y)
    assert net.diverged_
    assert net.best_epoch_ == np.nanargmin(net.history_["train_loss"]) + 1 == 2
    same_network(net, MLPRegressor(**{**BURSTING, "max_iter": 2}).fit(X, y))


def test_early_stopping_keeps_the_best_of_a_diverged_training(problem):
    X, y, _ = problem("regression")
    net = MLPRegressor(**BURSTING, on_divergence="keep", early_stopping=True).fit(X, y)
    assert net.diverged_
    assert len(net.validation_scores_) == len(net.loss_curve_) == net.n_iter_
    assert net.best_validation_score_ == net.validation_scores_[net.best_epoch_ - 1]
    assert np.isfinite(net.predict(X)).all()


def test_divergence_in_the_first_epoch_leaves_the_initial_weights(problem, same_network):
    X, y, _ = problem("regression")
    params = {**EXPLODING, "learning_rate_init": 1e200, "on_divergence": "keep"}
    net = MLPRegressor(**params).fit(X, y)
    assert (net.diverged_, net.n_iter_) == (True, 1)
    same_network(net, MLPRegressor(**{**EXPLODING, "learning_rate_init": 1e-300}).fit(X, y))


class StopAtOnce:
    def setup(self, estimator, context): ...

    def on_fit_task_begin(self, estimator, context): ...

    def on_fit_task_end(self, estimator, context):
        return True

    def teardown(self, estimator, context): ...


@pytest.mark.parametrize("callbacks", [[], [StopAtOnce()]], ids=["budget", "stopped"])
def test_weights_that_are_not_finite_are_never_kept_though_every_loss_is(callbacks, problem):
    """One step an epoch: the loss is taken before the step that overflows."""
    X, y, _ = problem("regression")
    params = {**EXPLODING, "batch_size": 90, "max_iter": 1, "learning_rate_init": 1e308}
    net = MLPRegressor(**params, on_divergence="keep").set_callbacks(*callbacks)
    net.fit(X, y * 1e10)
    assert np.isfinite(net.history_["train_loss"]).all()
    assert net.diverged_
    assert np.isfinite(net.coefs_[0]).all()


SETTINGS = {
    "rate": ({"learning_rate_init": 1e200}, 1),
    "penalty": ({"l2": 1e200}, 1),
    "targets": ({}, 1e200),
}


@pytest.mark.parametrize(("changed", "scale"), SETTINGS.values(), ids=SETTINGS)
def test_what_float32_cannot_hold_diverges_without_another_warning(changed, scale, problem):
    X, y, _ = problem("regression")
    params = {**EXPLODING, "dtype": "float32", **changed}
    assert MLPRegressor(**params, on_divergence="keep").fit(X, y * scale).diverged_


def test_a_threshold_of_ones_own(problem, same_network):
    X, y, _ = problem("regression")
    free = MLPRegressor(**EXPLODING, on_divergence="keep").fit(X, y)
    losses = free.history_["train_loss"]
    bounded = MLPRegressor(**EXPLODING, on_divergence="keep", divergence_threshold=losses[2]).fit(
        X, y
    )
    first_above = int(np.argmax(losses > losses[2]))
    assert bounded.diverged_
    assert bounded.n_iter_ == first_above + 1
    same_network(bounded, MLPRegressor(**{**EXPLODING, "max_iter": first_above}).fit(X, y))


def test_partial_fit_diverges_likewise(problem, same_network):
    X, y, _ = problem("regression")
    whole = MLPRegressor(**EXPLODING, on_divergence="keep").fit(X, y)
    pieces = MLPRegressor(**EXPLODING, on_divergence="keep")
    while not getattr(pieces, "diverged_", False):
        pieces.partial_fit(X, y)
    same_network(whole, pieces)
    np.testing.assert_array_equal(whole.loss_curve_, pieces.loss_curve_)
    with pytest.raises(DivergenceError, match=r"Epoch \d"):
        for _ in range(12):
            pieces.set_params(on_divergence="raise").partial_fit(X, y)


def test_the_next_fit_begins_anew(problem):
    X, y, _ = problem("regression")
    net = MLPRegressor(**EXPLODING, on_divergence="keep").fit(X, y)
    net.set_params(learning_rate_init=1e-4).fit(X, y)
    assert not net.diverged_
    assert net.n_iter_ == len(net.history_["epoch"]) == 12


def test_lbfgs_diverges_likewise(problem):
    """scikit-learn gives back the initial weights here, with a loss of NaN and a warning."""
    X, y, _ = problem("regression")
    params = {**BASE, "solver": "lbfgs", "activation": "identity"}
    with np.errstate(all="ignore"), pytest.raises(DivergenceError, match="non-finite"):
        MLPRegressor(**params).fit(X * 1e200, y)
    with np.errstate(all="ignore"):
        net = MLPRegressor(**params, on_divergence="keep").fit(X * 1e200, y)
    assert net.diverged_
    assert np.isfinite(net.coefs_[0]).all()


def test_a_budget_of_steps_may_end_in_it(problem, same_network):
    X, y, _ = problem("regression")
    params = {name: value for name, value in BURSTING.items() if name != "max_iter"}
    net = MLPRegressor(**params, max_steps=21, on_divergence="keep").fit(X, y)
    assert net.diverged_
    assert net.history_["steps"].tolist() == [6, 6, 6, 3]
    same_network(net, MLPRegressor(**params, max_iter=3).fit(X, y))


def test_ctrl_c_in_an_epoch_that_has_diverged_goes_back_to_its_beginning(
    problem, same_network, monkeypatch
):
    def interrupted(*args):
        calls.append(args)
        if len(calls) == 11:  # the second pair of steps of the fourth epoch
            raise KeyboardInterrupt
        return run(*args)

    X, y, _ = problem("regression")
    good = MLPRegressor(**{**BURSTING, "max_iter": 3}).fit(X, y)
    run, calls = chainrule.engine.fit.run_range, []
    monkeypatch.setattr("chainrule.engine.fit.run_range", interrupted)
    monkeypatch.setattr("chainrule.engine.fit.capacity", lambda *_: 2)
    with pytest.warns(UserWarning, match="interrupted"):
        net = MLPRegressor(**BURSTING, on_divergence="keep").fit(X, y)
    same_network(net, good)


def test_a_classifier_with_huge_numbers_is_no_crash(problem):
    X, y, _ = problem("multiclass")
    net = MLPClassifier(**{**EXPLODING, "learning_rate_init": 1e200}, on_divergence="keep").fit(
        X, y, X_val=X, y_val=y
    )
    assert net.diverged_
    assert np.isfinite(net.predict_proba(X)).all()
