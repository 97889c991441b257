"""Nothing of scikit-learn's is missing: parameters, defaults, methods and fitted attributes."""

import inspect

import numpy as np
import pytest
from sklearn import neural_network

from chainrule import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

PAIRS = {
    "classifier": (MLPClassifier, neural_network.MLPClassifier),
    "regressor": (MLPRegressor, neural_network.MLPRegressor),
}
both_kinds = pytest.mark.parametrize(("ours", "theirs"), PAIRS.values(), ids=PAIRS)


def parameters(kind):
    return inspect.signature(kind).parameters


def positional(given):
    return [name for name, p in given.items() if p.kind is p.POSITIONAL_OR_KEYWORD]


def public(thing):
    return {name for name in dir(thing) if not name.startswith("_")}


@both_kinds
def test_every_parameter_has_scikit_learns_default(ours, theirs):
    mine = parameters(ours)
    for name, parameter in parameters(theirs).items():
        assert mine[name].default == parameter.default, name
        assert type(mine[name].default) is type(parameter.default), name


@both_kinds
def test_positional_parameters_are_scikit_learns_in_order(ours, theirs):
    assert positional(parameters(ours)) == positional(parameters(theirs))


@both_kinds
def test_values_that_scikit_learn_accepts_are_accepted(ours, theirs):
    for name, constraints in theirs._parameter_constraints.items():
        mine = [str(constraint) for constraint in ours._parameter_constraints[name]]
        for constraint in constraints:
            if hasattr(constraint, "options"):
                options = set().union(
                    *(getattr(c, "options", set()) for c in ours._parameter_constraints[name])
                )
                assert constraint.options <= options, name
            else:
                assert str(constraint) in mine, name


@both_kinds
def test_every_public_method_is_there_with_its_arguments(ours, theirs):
    assert public(theirs) <= public(ours)
    for name in public(theirs):
        if inspect.isfunction(method := getattr(theirs, name)):
            wanted = inspect.signature(method).parameters
            given = inspect.signature(getattr(ours, name)).parameters
            assert set(wanted) <= set(given), name
            assert positional(given) == positional(wanted), name


@both_kinds
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_every_fitted_attribute_is_there(ours, theirs, solver, early_stopping, problem):
    X, y, _ = problem("binary")
    params = {"hidden_layer_sizes": (6,), "batch_size": 16, "max_iter": 2, "random_state": 0}
    fitted = [
        kind(**params, solver=solver, early_stopping=early_stopping).fit(X, y)
        for kind in (ours, theirs)
    ]
    own = {"history_", "best_epoch_", "overfit_epoch_", "diverged_", "set_callbacks"}
    own |= {"chance_loss_", "validation_chance_", "findings"}
    expected = public(fitted[1]) | own | set(parameters(ours))
    assert public(fitted[0]) == expected - ({"partial_fit"} if solver == "lbfgs" else set())
    for name in public(fitted[1]) - set(parameters(theirs)):
        if name.endswith("_"):
            assert isinstance(getattr(fitted[1], name), type(getattr(fitted[0], name))), name


@both_kinds
def test_partial_fit_is_not_there_for_lbfgs(ours, theirs):
    """scikit-learn's regressor shows it even then: its condition is never called."""
    assert all(hasattr(kind(solver="adam"), "partial_fit") for kind in (ours, theirs))
    assert not hasattr(ours(solver="lbfgs"), "partial_fit")
    with pytest.raises(AttributeError) as caught:
        _ = ours(solver="lbfgs").partial_fit
    assert "partial_fit is only available for stochastic optimizers. lbfgs is not" in str(
        caught.value.__cause__
    )


def test_feature_names_are_kept_and_checked(problem):
    pandas = pytest.importorskip("pandas")
    X, y, _ = problem("binary")
    frame = pandas.DataFrame(X, columns=list("abcde"))
    net = MLPClassifier((6,), batch_size=16, max_iter=2, random_state=0).fit(frame, y)
    assert list(net.feature_names_in_) == list("abcde")
    np.testing.assert_array_equal(net.predict(frame), MLPClassifier.predict(net, frame))
    with pytest.raises(ValueError, match="feature names should match"):
        net.predict(frame[list("edcba")])


@both_kinds
def test_every_parameter_is_documented(ours, theirs):
    for name in parameters(ours):
        assert f"\n{name} : default=" in inspect.getdoc(ours), name


@pytest.mark.parametrize("kind", ["multiclass", "binary", "multilabel"])
def test_predict_log_proba_is_the_logarithm(kind, problem):
    X, y, _ = problem(kind)
    net = MLPClassifier((6,), batch_size=16, max_iter=2, random_state=0).fit(X, y)
    log = net.predict_log_proba(X)
    np.testing.assert_allclose(log, np.log(net.predict_proba(X)), rtol=1e-12, atol=1e-15)
    assert net.score(X, y) == np.mean((net.predict(X) == y).reshape(len(X), -1).all(axis=1))


@pytest.mark.parametrize("kind", ["multiclass", "binary"])
def test_the_logarithm_of_what_is_rounded_to_zero_is_finite(kind, problem):
    X, y, _ = problem(kind)
    X = X.astype(np.float32)
    net = MLPClassifier((6,), batch_size=16, max_iter=2, random_state=0).fit(X, y)
    net.coefs_[-1] *= 1e4
    log = net.predict_log_proba(X)
    assert (net.predict_proba(X) == 0).any() and log.dtype == np.float32
    assert np.isfinite(log).all() and log.min() < -1000
