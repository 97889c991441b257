"""Metadata routing: weights and validation data find their way through meta-estimators."""

import numpy as np
import pytest
import sklearn
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from chainrule import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

BASE = {"hidden_layer_sizes": (6,), "batch_size": 16, "max_iter": 4, "random_state": 3}
VALIDATED = {"X_val": True, "y_val": True, "sample_weight_val": True}


@pytest.fixture(autouse=True)
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_everything_that_fit_takes_can_be_requested(kind):
    everything = {"sample_weight": True, "watch": True, **VALIDATED}
    requests = kind().set_fit_request(**everything).get_metadata_routing()
    assert requests.fit.requests == everything
    assert "sample_weight" in kind().get_metadata_routing().score.requests
    assert "sample_weight" in kind().get_metadata_routing().partial_fit.requests


def test_nothing_is_passed_on_that_was_not_asked_for(problem):
    X, y, weights = problem("multiclass")
    search = GridSearchCV(MLPClassifier(**BASE), {"alpha": [0.1]}, cv=2)
    with pytest.raises(ValueError, match=r"\[sample_weight\] are passed but are not explicitly"):
        search.fit(X, y, sample_weight=weights)


def test_weights_through_a_search(problem, same_network):
    X, y, weights = problem("multiclass")
    net = MLPClassifier(**BASE).set_fit_request(sample_weight=True)
    net.set_score_request(sample_weight=False)
    search = GridSearchCV(net, {"alpha": [0.1, 1.0]}, cv=2).fit(X, y, sample_weight=weights)
    best = MLPClassifier(**BASE, **search.best_params_).fit(X, y, weights)
    same_network(search.best_estimator_, best)


def test_validation_data_through_a_search(problem):
    X, y, weights = problem("multiclass")
    net = MLPClassifier(**BASE).set_fit_request(**VALIDATED)
    search = GridSearchCV(net, {"alpha": [0.1, 1.0]}, cv=2)
    search.fit(X[:60], y[:60], X_val=X[60:], y_val=y[60:], sample_weight_val=weights[60:])
    expected = MLPClassifier(**BASE, **search.best_params_).fit(
        X[:60], y[:60], X_val=X[60:], y_val=y[60:], sample_weight_val=weights[60:]
    )
    np.testing.assert_array_equal(
        search.best_estimator_.history_["validation_loss"], expected.history_["validation_loss"]
    )


def test_validation_data_through_cross_validation(problem):
    X, y, _ = problem("regression")
    found = cross_validate(
        MLPRegressor(**BASE).set_fit_request(X_val=True, y_val=True),
        X[:60],
        y[:60],
        cv=2,
        params={"X_val": X[60:], "y_val": y[60:]},
        return_estimator=True,
    )
    for net in found["estimator"]:
        assert np.isfinite(net.history_["validation_loss"]).all()


def test_a_pipeline_transforms_the_validation_data_as_it_transforms_the_rest(problem):
    """With what it learnt from the training rows alone: nothing leaks (scikit-learn #18748)."""
    X, y, _ = problem("multiclass")
    X = 5 * X + 3
    pipeline = Pipeline(
        [
            ("scale", StandardScaler()),
            ("net", MLPClassifier(**BASE).set_fit_request(X_val=True, y_val=True)),
        ],
        transform_input=["X_val"],
    ).fit(X[:60], y[:60], X_val=X[60:], y_val=y[60:])
    scaler = StandardScaler().fit(X[:60])
    expected = MLPClassifier(**BASE).fit(
        scaler.transform(X[:60]), y[:60], X_val=scaler.transform(X[60:]), y_val=y[60:]
    )
    np.testing.assert_array_equal(
        pipeline["net"].history_["validation_loss"], expected.history_["validation_loss"]
    )
    assert pipeline.score(X[60:], y[60:]) == expected.history_["validation_score"][-1]
