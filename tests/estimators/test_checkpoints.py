"""A training that is stopped and taken up again ends with the bits of one that was not."""

import contextlib
import json

import numpy as np
import pytest

from chainrule import MLPClassifier
from chainrule.estimators.checkpoints import Snapshot, kept_by

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
RNG = np.random.default_rng(3)
X = RNG.normal(size=(90, 5))
y = (X[:, 0] + X[:, 1] ** 2 + 0.3 * RNG.normal(size=90) > 0.8).astype(int) + (X[:, 2] > 1)
X_VAL, Y_VAL = X[:25], y[:25]

SETTINGS = {
    "adam-dropout": {"dropout": 0.25, "max_iter": 7},
    "early-stopping": {"early_stopping": True, "n_iter_no_change": 2, "max_iter": 30, "tol": 0.02},
    "adaptive": {
        "solver": "sgd", "learning_rate": "adaptive", "learning_rate_init": 0.5, "tol": 0.05,
        "n_iter_no_change": 1, "max_iter": 12,
    },
    "slowing": {
        "solver": "adamw", "schedule": {"name": "reduce_on_plateau", "patience": 1},
        "learning_rate_init": 0.3, "n_iter_no_change": 50, "max_iter": 12,
    },
    "invscaling": {"solver": "sgd", "learning_rate": "invscaling", "max_iter": 6},
    "steps": {"max_steps": 29, "momentum": 0.5, "solver": "sgd", "shuffle": False},
    "diverging": {
        "solver": "sgd", "learning_rate_init": 1e6, "on_divergence": "keep", "max_iter": 6,
    },
    "diagnosed": {"diagnose": True, "dropout": 0.25, "solver": "sgd", "max_iter": 5},
    "best-kept": {"restore_best": True, "learning_rate_init": 0.2, "max_iter": 9},
}  # fmt: skip


class Shelf:
    """Keeps every state as JSON and arrays; ``stop_after`` epochs it stops the training."""

    def __init__(self, snapshot=None, stop_after=None):
        self.first, self.stop_after, self.last, self.rows = snapshot, stop_after, None, []

    def begin(self):
        return self.first

    def epoch(self, row):
        self.rows.append({name: value for name, value in row.items() if name != "seconds"})

    def stopping(self):
        return self.stop_after is not None and len(self.rows) >= self.stop_after

    def due(self):
        return True

    def keep(self, snapshot):
        arrays = {name: array.copy() for name, array in snapshot.arrays.items()}
        self.last = Snapshot(json.loads(json.dumps(snapshot.facts)), arrays)


def train(settings, shelf, validated=False):
    est = MLPClassifier((6, 4), random_state=1, batch_size=16, **settings)
    extra = {"X_val": X_VAL, "y_val": Y_VAL} if validated else {}
    with kept_by(shelf):
        est.fit(X, y, **extra)
    return est


def facts(est):
    names = (
        "n_iter_", "t_", "loss_", "best_epoch_", "best_loss_", "best_validation_score_",
        "loss_curve_", "validation_scores_", "diverged_",
    )  # fmt: skip
    history = {name: row for name, row in est.history_.items() if name != "seconds"}
    return {name: getattr(est, name) for name in names}, history


def assert_same(one, other):
    for a, b in zip(
        [*one.coefs_, *one.intercepts_], [*other.coefs_, *other.intercepts_], strict=True
    ):
        assert a.tobytes() == b.tobytes()
    (mine, history), (theirs, their_history) = facts(one), facts(other)
    np.testing.assert_equal(mine, theirs)
    np.testing.assert_equal(history, their_history)


CRITERIA = [
    {"name": "GL", "alpha": 8},
    {"name": "PQ", "alpha": 0.01, "strip": 2},
    {"name": "UP", "strips": 1, "strip": 2},
]


@pytest.mark.parametrize("validated", [False, True], ids=["alone", "validated"])
@pytest.mark.parametrize("name", SETTINGS)
def test_stopped_after_any_epoch_it_goes_on_to_the_same_bits(name, validated):
    check_going_on(SETTINGS[name], validated)


@pytest.mark.parametrize("criterion", CRITERIA, ids=lambda criterion: criterion["name"])
def test_with_a_criterion_that_stops_it(criterion):
    settings = {"stopping": criterion, "learning_rate_init": 0.2, "max_iter": 40}
    assert 2 < check_going_on({**settings, "n_iter_no_change": 99}, True) < 40


def check_going_on(settings, validated):
    whole = Shelf()
    expected = train(settings, whole, validated)
    assert_same(expected, train(settings, None, validated))
    for stop in range(1, len(whole.rows) + 1):
        shelf = Shelf(stop_after=stop)
        with contextlib.suppress(KeyboardInterrupt):
            train(settings, shelf, validated)
        again = Shelf(shelf.last)
        assert_same(expected, train(settings, again, validated))
        np.testing.assert_equal(again.rows, whole.rows)
    return len(whole.rows)


def test_a_stop_within_an_epoch_keeps_the_state_at_its_beginning(monkeypatch):
    monkeypatch.setattr("chainrule.engine.fit.capacity", lambda *_: 2)  # an epoch is 3 ranges
    settings = SETTINGS["adam-dropout"]
    expected = train(settings, None)

    class Impatient(Shelf):
        ranges = 0

        def stopping(self):
            self.ranges += 1
            return self.ranges == 8

    shelf = Impatient()
    with pytest.raises(KeyboardInterrupt):
        train(settings, shelf)
    assert len(shelf.last.facts["books"]["rows"]) == 2
    assert_same(expected, train(settings, Shelf(shelf.last)))


def test_it_can_be_stopped_again_and_again():
    settings, snapshot = SETTINGS["early-stopping"], None
    expected = train(settings, None)
    for stop in range(1, expected.n_iter_):
        shelf = Shelf(snapshot, stop_after=stop)
        with pytest.raises(KeyboardInterrupt):
            train(settings, shelf)
        snapshot = shelf.last
    assert_same(expected, train(settings, Shelf(snapshot)))


def test_partial_fit_goes_on_from_it_as_from_the_other():
    settings = SETTINGS["adam-dropout"]
    shelf = Shelf(stop_after=3)
    with pytest.raises(KeyboardInterrupt):
        train(settings, shelf)
    whole, resumed = train(settings, None), train(settings, Shelf(shelf.last))
    assert_same(whole.partial_fit(X, y), resumed.partial_fit(X, y))


def test_only_what_is_inside_is_kept():
    shelf = Shelf()
    train({"max_iter": 2, "tol": 0.0}, shelf)
    n = len(shelf.rows)
    MLPClassifier((2,), max_iter=1).fit(X, y)
    assert len(shelf.rows) == n
