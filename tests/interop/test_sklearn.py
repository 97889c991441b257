"""scikit-learn's networks as ours and ours as scikit-learn's: the same numbers, now and later."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import neural_network
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from tests.interop.networks import REGRESSIONS, TASKS, X, made, targets

import chainrule
from chainrule import MLPClassifier, MLPRegressor
from chainrule.errors import InvalidInputError
from chainrule.interop.sklearn import ACTIVATIONS, from_sklearn, to_sklearn
from chainrule.models import freeze

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SETTINGS = {"hidden_layer_sizes": (6, 4), "max_iter": 4, "random_state": 0, "batch_size": 15}
SOLVERS = {
    "adam": {},
    "nesterov": {"solver": "sgd", "learning_rate_init": 0.05},
    "plain": {"solver": "sgd", "learning_rate": "invscaling", "momentum": 0.0},
    "adaptive": {
        "solver": "sgd",
        "learning_rate": "adaptive",
        "nesterovs_momentum": False,
        "tol": 10.0,
        "n_iter_no_change": 1,
    },
    "early stopping": {"early_stopping": True, "n_iter_no_change": 1},
    "lbfgs": {"solver": "lbfgs"},
}


def theirs(task="multiclass", **params):
    kind = neural_network.MLPClassifier
    if task in REGRESSIONS:
        kind = neural_network.MLPRegressor
    return kind(**{**SETTINGS, **params})


def said(model, rows=X):
    return getattr(model, "predict_proba", model.predict)(rows)


def assert_alike(a, b, tolerance=1e-12):
    np.testing.assert_allclose(said(a), said(b), rtol=tolerance, atol=tolerance)
    assert np.array_equal(a.predict(X), b.predict(X)) or not hasattr(a, "classes_")
    for name in ("n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_", "n_features_in_"):
        assert getattr(a, name) == getattr(b, name), name
    assert hasattr(a, "loss_curve_") == hasattr(b, "loss_curve_")
    if hasattr(a, "loss_curve_"):
        np.testing.assert_allclose(a.loss_curve_, b.loss_curve_, rtol=1e-6)
        assert a.best_loss_ == pytest.approx(b.best_loss_)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("task", ["multiclass", "outputs"])
def test_there_and_back_and_trained_further(task, solver):
    """With their own training as the oracle: the same numbers at once, after further epochs of
    ``partial_fit`` (in the rows' order), and after a ``fit`` with a warm start."""
    y = targets(task)
    a = theirs(task, shuffle=False, warm_start=True, **SOLVERS[solver]).fit(X, y)
    b = from_sklearn(a)
    c = to_sklearn(b)
    assert type(c) is type(a) and type(b).__module__.startswith("chainrule")
    assert_alike(a, b)
    assert_alike(a, c)
    if solver not in ("lbfgs", "early stopping"):
        for each in (a, b, c):
            for _ in range(3):
                each.partial_fit(X, y)
        assert_alike(a, b, 1e-9)
        assert_alike(a, c)
    if solver != "early stopping":  # the split's draws go on in one stream, or begin anew
        for each in (a, b, c):
            each.fit(X, y)
        assert_alike(a, b, 1e-6)
        assert_alike(a, c)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("task", TASKS)
def test_ours_predicts_the_same_as_theirs(task, activation, tmp_path):
    """Against our own NumPy, which needs no estimator, as the second oracle."""
    loss = {"loss": "sklearn_squared_error"} if task == "outputs" else {}
    est = made(task, activation=activation, **loss)
    y, found = targets(task), to_sklearn(est)
    assert_alike(est, found)
    assert found.score(X, y) == pytest.approx(est.score(X, y), rel=1e-12)
    expected = freeze(est).predict(X) if task in REGRESSIONS else freeze(est).predict_proba(X)
    np.testing.assert_allclose(said(found), expected, rtol=1e-12, atol=1e-12)
    back = from_sklearn(found)
    for mine, again in zip(
        est.coefs_ + est.intercepts_, back.coefs_ + back.intercepts_, strict=True
    ):
        assert np.array_equal(mine, again)
    chainrule.save(back, tmp_path / "net.safetensors")
    assert np.array_equal(said(chainrule.load(tmp_path / "net.safetensors")), said(back))


@given(st.sampled_from(TASKS), st.lists(st.integers(1, 5), max_size=3), st.integers(0, 99))
def test_any_network_comes_back_with_its_bits(task, sizes, seed):
    est = made(task, seed=seed, hidden_layer_sizes=tuple(sizes), activation="tanh")
    back = from_sklearn(to_sklearn(est) if task != "outputs" else _quietly(est))
    assert all(np.array_equal(a, b) for a, b in zip(est.coefs_, back.coefs_, strict=True))
    np.testing.assert_array_equal(back.predict(X), est.predict(X))


def _quietly(est):
    with pytest.warns(UserWarning, match="loss='squared_error' of several outputs"):
        return to_sklearn(est)


def test_labels_and_feature_names():
    import pandas as pd

    table = pd.DataFrame(X, columns=[*"abcde"])
    y = np.array(["ape", "bee", "cat"])[np.arange(40) % 3]
    a = theirs().fit(table, y)
    b = from_sklearn(a)
    assert b.feature_names_in_.tolist() == [*"abcde"] and b.classes_.tolist() == [
        "ape",
        "bee",
        "cat",
    ]
    assert b.predict(table).tolist() == a.predict(table).tolist()
    assert to_sklearn(b).predict(table).tolist() == a.predict(table).tolist()
    with pytest.raises(ValueError, match="feature names"):
        b.predict(table[[*"edcba"]])


def test_float32_stays_float32():
    rows = X.astype(np.float32)
    a = theirs().fit(rows, targets("multiclass"))
    b = from_sklearn(a)
    assert b.coefs_[0].dtype == to_sklearn(b).coefs_[0].dtype == np.float32
    np.testing.assert_allclose(said(a, rows), said(b, rows), atol=1e-6)
    b.partial_fit(rows, targets("multiclass"))
    assert b.coefs_[0].dtype == np.float32


def test_ours_goes_on_where_theirs_stopped():
    """Trained by us, then further by scikit-learn, is trained by us alone: Adam's moments too."""
    y = targets("multiclass")
    est = MLPClassifier(**SETTINGS, shuffle=False).fit(X, y)
    found = to_sklearn(est)
    for _ in range(3):
        est.partial_fit(X, y)
        found.partial_fit(X, y)
    assert found._optimizer.t == 3 * 7
    np.testing.assert_allclose(said(est), said(found), rtol=1e-9)


def test_unfitted_ones_are_converted():
    for model in (theirs(alpha=0.5), theirs("regression", loss="poisson")):
        ours = from_sklearn(model)
        assert not hasattr(ours, "coefs_") and ours.loss in ("log_loss", "poisson")
        again = to_sklearn(ours)
        assert type(again) is type(model) and again.get_params() == model.get_params()
    assert to_sklearn(MLPRegressor(loss="sklearn_squared_error")).loss == "squared_error"


def test_no_penalty_is_no_penalty():
    assert to_sklearn(MLPClassifier(l2=0)).alpha == 0


def test_the_input_scale_is_folded_into_the_first_layer():
    rows = np.random.default_rng(0).integers(0, 256, (20, 5)).astype(np.uint8)
    est = made(input_scale=255.0)
    found = to_sklearn(est)
    np.testing.assert_allclose(said(found, rows), said(est, rows.astype(float)), rtol=1e-12)
    with pytest.raises(InvalidInputError, match=r"know no input_scale=255"):
        to_sklearn(MLPClassifier(input_scale=255))


def test_in_a_pipeline_the_last_step_is_replaced():
    steps = (StandardScaler(), PCA(3, random_state=0))
    a = make_pipeline(*steps, theirs()).fit(X, targets("multiclass"))
    b = from_sklearn(a)
    c = to_sklearn(b)
    assert isinstance(b, Pipeline) and isinstance(b[-1], MLPClassifier)
    assert [name for name, _ in c.steps] == [name for name, _ in a.steps]
    np.testing.assert_allclose(b.predict_proba(X), a.predict_proba(X), rtol=1e-12)
    np.testing.assert_allclose(c.predict_proba(X), a.predict_proba(X), rtol=1e-12)
    assert b[0] is not a[0] and isinstance(a[-1], neural_network.MLPClassifier)


def test_nothing_is_shared():
    a = theirs(random_state=np.random.RandomState(0)).fit(X, targets("multiclass"))
    b = from_sklearn(a)
    expected, draws = said(a), a.random_state.get_state()[2]
    b.partial_fit(X, targets("multiclass"))
    assert np.array_equal(said(a), expected) and a.random_state.get_state()[2] == draws
    c, before = to_sklearn(b), said(b)
    c.partial_fit(X, targets("multiclass"))
    assert np.array_equal(said(b), before)


@pytest.mark.parametrize("activation", ["gelu", ("relu", "tanh")])
def test_activations_that_they_have_not_are_refused(activation):
    with pytest.raises(InvalidInputError, match=r"one of identity, logistic, relu, tanh"):
        to_sklearn(made(activation=activation))
    assert to_sklearn(made(activation=["tanh", "tanh"])).activation == "tanh"


def test_outputs_that_they_have_not_are_refused():
    with (
        pytest.warns(UserWarning, match="loss='binary_cross_entropy'"),
        pytest.raises(InvalidInputError, match="multiclass targets has a softmax output"),
    ):
        to_sklearn(made(loss="binary_cross_entropy"))


LACKING = {
    "dropout": {"dropout": (0.5, 0.0)},
    "l2": {"l2": 0.01},
    "schedule": {"schedule": "cosine"},
    "solver": {"solver": "adamw"},
    "shuffle": {"shuffle": "replacement"},
    "init": {"init": "he_normal"},
    "class_weight": {"class_weight": {3: 1.0, 5: 2.0, 7: 1.0}},
    "max_steps": {"max_steps": 10},
    "loss": {"loss": "mean_squared_error"},
}


@pytest.mark.parametrize("name", LACKING)
def test_of_the_training_what_they_lack_is_said(name):
    """A fitted network predicts the same without; one that is not fitted would be another."""
    with pytest.warns(UserWarning, match=f"scikit-learn knows no {name}=.*predicts the same"):
        found = to_sklearn(made(**LACKING[name]))
    np.testing.assert_allclose(said(found), said(made(**LACKING[name])), rtol=1e-12)
    found.partial_fit(X, targets("multiclass"))
    with pytest.raises(InvalidInputError, match=f"know no {name}=.*fit first"):
        to_sklearn(MLPClassifier(**LACKING[name]))


def test_what_changes_no_number_is_passed_over():
    params = {"device": "cpu", "diagnose": True, "on_divergence": "keep", "weight_decay": 0.5}
    assert to_sklearn(MLPClassifier(**params, dropout=[0.0])).get_params() == (
        neural_network.MLPClassifier().get_params()
    )


def test_other_models_are_refused():
    with pytest.raises(InvalidInputError, match=r"MLPRegressor, or a Pipeline.*StandardScaler"):
        from_sklearn(StandardScaler())
    with pytest.raises(InvalidInputError, match=r"came chainrule.*MLPClassifier"):
        from_sklearn(MLPClassifier())
    with pytest.raises(InvalidInputError, match=r"came sklearn\.neural_network"):
        to_sklearn(neural_network.MLPClassifier())
