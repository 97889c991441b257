"""Prechelt's criteria: curves worked out by hand, properties, and trainings that they stop."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chainrule
from chainrule import MLPClassifier, MLPRegressor
from chainrule.errors import InvalidInputError
from chainrule.estimators.prechelt import (
    STOPPING,
    generalisation_loss,
    progress,
    stopping_epoch,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

VALIDATION = [2.0, 1.0, 1.04, 1.1, 1.05, 0.8, 0.9, 1.0, 1.2, 1.3]
TRAINING = [4.0, 2.0, 1.0, 1.0, 1.0, 0.5, 0.4, 0.2, 0.2, 0.2]


def test_generalisation_loss_by_hand():
    found = [generalisation_loss(VALIDATION[:t]) for t in range(1, 11)]
    # against 2, then 1 (epoch 2), then 0.8 (epoch 6)
    np.testing.assert_allclose(found, [0, 0, 4, 10, 5, 0, 12.5, 25, 50, 62.5], atol=1e-12)


def test_progress_by_hand():
    # (4 + 2) / (2 * 2) - 1 = 0.5; (1 + 1) / 2 - 1 = 0; (0.5 + 0.4) / 0.8 - 1 = 0.125
    ends = {2: 500, 4: 0, 6: 500, 8: 500, 10: 0}
    for t, expected in ends.items():
        assert progress(TRAINING[:t], 2) == pytest.approx(expected, abs=1e-9), t
    assert progress(TRAINING[:7], 5) == pytest.approx(1000 * (3.9 / 2.0 - 1))
    assert progress(TRAINING[:2], 5) == pytest.approx(500)  # a strip that has only begun


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("GL", {"alpha": 3.9}, 3),
        ("GL", {"alpha": 5}, 4),
        ("GL", {}, 4),
        ("GL", {"alpha": 10.1}, 7),
        ("GL", {"alpha": 100}, None),
        # at the ends of strips GL / P is 0 / 500, 10 / 0, 0 / 500, 25 / 500, 62.5 / 0
        ("PQ", {"alpha": 0.5, "strip": 2}, 4),
        # and with k = 5: 5 / (1000 (9 / 5 - 1)), 62.5 / (1000 (1.5 / 1 - 1)) = 0.125
        ("PQ", {"alpha": 0.1, "strip": 5}, 10),
        ("PQ", {"alpha": 0.13, "strip": 5}, None),
        ("PQ", {"alpha": 0.006, "strip": 5}, 5),
        # at the ends of strips of 2: 1, 1.1, 0.8, 1, 1.3
        ("UP", {"strips": 1, "strip": 2}, 4),
        ("UP", {"strips": 2, "strip": 2}, 10),
        ("UP", {"strips": 3, "strip": 2}, None),
        # of 3: 1.04, 0.8, 1.2
        ("UP", {"strips": 1, "strip": 3}, 9),
        # of 1: three rises in a row first end with 0.9, 1, 1.2
        ("UP", {"strips": 3, "strip": 1}, 9),
        ("UP", {}, None),
    ],
)
def test_the_epoch_by_hand(name, given, expected):
    assert stopping_epoch(STOPPING[name], VALIDATION, TRAINING, **given) == expected


losses = st.lists(st.floats(0.01, 100), min_size=1, max_size=40)


@given(losses)
def test_a_loss_that_falls_is_never_stopped(values):
    falling = sorted(values, reverse=True)
    for row in STOPPING.values():
        assert stopping_epoch(row, falling, falling) is None


@given(losses, st.floats(0.001, 1000))
@settings(max_examples=60)
def test_units_do_not_matter(values, scale):
    for t in range(1, len(values) + 1):
        here = values[:t]
        np.testing.assert_allclose(
            generalisation_loss([scale * v for v in here]), generalisation_loss(here), atol=1e-8
        )
        np.testing.assert_allclose(
            progress([scale * v for v in here], 5), progress(here, 5), atol=1e-8
        )


@given(losses, st.floats(0, 50), st.floats(0, 50))
@settings(max_examples=60)
def test_a_larger_alpha_never_stops_sooner(values, one, another):
    low, high = sorted((one, another))
    for name in ("GL", "PQ"):
        early, late = (
            stopping_epoch(STOPPING[name], values, values[::-1], alpha=alpha) or np.inf
            for alpha in (low, high)
        )
        assert early <= late


@given(losses, st.integers(1, 4), st.integers(1, 6))
@settings(max_examples=60)
def test_up_is_the_recursion_of_the_paper(values, strips, strip):
    """UP_s stops after t if UP_{s-1} would after t - k, and E(t) > E(t - k)."""

    def up(s, t):
        if t - strip < 1 or not values[t - 1] > values[t - strip - 1]:
            return False
        return s == 1 or up(s - 1, t - strip)

    ends = range(strip, len(values) + 1, strip)
    expected = next((t for t in ends if up(strips, t)), None)
    found = stopping_epoch(STOPPING["UP"], values, values, strips=strips, strip=strip)
    assert found == expected


@given(losses)
def test_progress_and_loss_are_not_negative(values):
    assert generalisation_loss(values) >= 0
    assert progress(values, 5) >= -1e-9


def test_zero_losses_are_no_trouble():
    assert generalisation_loss([1.0, 0.0]) == 0
    assert generalisation_loss([0.0, 0.1]) == np.inf
    assert stopping_epoch(STOPPING["PQ"], [0.0] * 10, [0.0] * 10) is None
    assert stopping_epoch(STOPPING["GL"], [1.0, np.nan, 2.0], [1.0] * 3) == 3


# In a training

BASE = {
    "hidden_layer_sizes": (16,), "batch_size": 16, "max_iter": 60, "random_state": 0,
    "n_iter_no_change": 99, "learning_rate_init": 0.05,
}  # fmt: skip


@pytest.fixture
def data(problem):
    X, y, _ = problem("multiclass")
    return {"X": X[:45], "y": y[:45], "X_val": X[45:], "y_val": y[45:]}


@pytest.mark.parametrize(
    "criterion",
    [
        "GL",
        {"name": "GL", "alpha": 20},
        {"name": "PQ", "alpha": 0.05, "strip": 3},
        {"name": "UP", "strips": 2, "strip": 2},
    ],
    ids=str,
)
def test_it_stops_where_the_curves_say(criterion, data):
    whole = MLPClassifier(**BASE).fit(**data)
    net = MLPClassifier(**BASE, stopping=criterion).fit(**data)
    given = {} if isinstance(criterion, str) else dict(criterion)
    name = given.pop("name", criterion)
    curves = [whole.history_[column].tolist() for column in ("validation_loss", "train_loss")]
    expected = stopping_epoch(STOPPING[name], *curves, **given)
    assert 2 < expected < 60
    assert net.n_iter_ == expected
    np.testing.assert_array_equal(net.loss_curve_, whole.loss_curve_[:expected])


def test_the_best_weights_are_kept_unless_it_is_said_otherwise(data, same_network):
    by_loss = {**BASE, "monitor": "validation_loss"}
    net = MLPClassifier(**by_loss, stopping="GL").fit(**data)
    assert net.best_epoch_ < net.n_iter_
    best = MLPClassifier(**{**by_loss, "max_iter": net.best_epoch_}).fit(**data)
    same_network(net, best)
    last = MLPClassifier(**by_loss, stopping="GL", restore_best=False).fit(**data)
    assert not np.array_equal(last.coefs_[0], net.coefs_[0])


def test_it_counts_anew_in_each_fit_and_goes_into_the_file(data, tmp_path):
    net = MLPClassifier(**BASE, stopping={"name": "GL", "alpha": 20}, warm_start=True)
    chainrule.save(net.fit(**data), tmp_path / "net.safetensors")
    assert chainrule.load(tmp_path / "net.safetensors").stopping == {"name": "GL", "alpha": 20}
    first = net.n_iter_
    second = net.fit(**data)
    losses = second.history_["validation_loss"][first:].tolist()
    assert stopping_epoch(STOPPING["GL"], losses, losses, alpha=20) == second.n_iter_


def test_early_stopping_s_own_split_will_do(problem):
    X, y, _ = problem("regression")
    net = MLPRegressor(**BASE, early_stopping=True, stopping={"name": "GL", "alpha": 1})
    assert net.fit(X, y).n_iter_ < 60


def test_without_validation_data_it_is_refused(problem):
    X, y, _ = problem("multiclass")
    with pytest.raises(InvalidInputError, match=r"no validation data. Give X_val and y_val"):
        MLPClassifier(**BASE, stopping="PQ").fit(X, y)
    with pytest.raises(InvalidInputError, match="partial_fit does not support stopping='PQ'"):
        MLPClassifier(**BASE, stopping="PQ").partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(InvalidInputError, match="knows no stopping"):
        MLPClassifier(**BASE, stopping="PQ", solver="lbfgs").fit(X, y, X_val=X, y_val=y)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"name": "gl"}, "Unknown stopping name 'gl'"),
        ({"alpha": 5}, "needs the key 'name'"),
        ({"name": "GL", "alpa": 5}, "alpa.*alpha"),
        ({"name": "GL", "alpha": -1}, "must not be negative"),
        ({"name": "GL", "alpha": "5"}, "must be a number"),
        ({"name": "PQ", "strip": 0}, "must be a whole number from 1, got 0"),
        ({"name": "UP", "strips": 1.5}, "must be a whole number from 1, got 1.5"),
    ],
)
def test_what_is_wrong_is_said(given, message, data):
    with pytest.raises(InvalidInputError, match=message):
        MLPClassifier(**BASE, stopping=given).fit(**data)
