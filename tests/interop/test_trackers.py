"""What all trackers' callbacks do, with a tracker that writes down what it is given."""

import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

import chainrule
from chainrule import MLPClassifier, MLPRegressor
from chainrule.errors import DivergenceError, InvalidInputError, MissingExtraError
from chainrule.interop.trackers import guarded
from chainrule.interop.trackers.callback import TrackerCallback
from chainrule.interop.trackers.guarded import Guarded, TrackingWarning
from chainrule.interop.trackers.rows import results, row
from chainrule.interop.trackers.sink import plain

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

BASE = {"hidden_layer_sizes": (5,), "batch_size": 20, "max_iter": 4, "random_state": 0}


class Notebook:
    """A tracker on paper; ``breaks(n)`` says whether the n-th call fails."""

    def __init__(self, breaks=lambda call: False):
        self.breaks, self.calls = breaks, 0
        self.known, self.seen, self.found, self.files, self.closed = {}, [], None, {}, None
        self.sendings = 0

    def _call(self):
        self.calls += 1
        if self.breaks(self.calls):
            raise ConnectionError(f"no server, call {self.calls}")

    def parameters(self, values):
        self._call()
        self.known |= values

    def points(self, points):
        self._call()
        self.sendings += 1
        self.seen += points

    def results(self, values, epoch):
        self._call()
        self.found = dict(values), epoch

    def file(self, path):
        self._call()
        self.files[path.name] = path.read_bytes()

    def close(self, failed):
        self._call()
        assert self.closed is None
        self.closed = "failed" if failed else "finished"


class Noting(TrackerCallback):
    tracker = "Paper"

    def __init__(self, log_model=False, breaks=lambda call: False):
        super().__init__(log_model)
        self.breaks, self.books = breaks, []

    def open(self, est):
        self.books.append(Notebook(self.breaks))
        return self.books[-1]


@pytest.fixture
def at_once(monkeypatch):
    """Each point is sent when it is there."""
    monkeypatch.setattr(guarded, "SECONDS", 0.0)
    monkeypatch.setattr(guarded, "SHARE", np.inf)


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4))
    return X, (X[:, 0] + X[:, 1] > 0).astype(int)


def table(history):
    """A history as points have it."""
    return [row(history, index) for index in range(len(history["epoch"]))]


def test_a_run_has_parameters_points_and_results(data, at_once):
    X, y = data
    noting = Noting()
    net = MLPClassifier(**BASE).set_callbacks(noting)
    net.fit(X[:40], y[:40], X_val=X[40:], y_val=y[40:], watch={"test": (X, y)})
    (book,) = noting.books
    assert book.known["hidden_layer_sizes"] == "(5,)"
    assert book.known["batch_size"] == 20
    assert book.known["estimator"] == "MLPClassifier"
    assert (book.known["n_rows"], book.known["n_features"]) == (40, 4)
    assert [point.epoch for point in book.seen] == [1, 2, 3, 4]
    assert book.sendings == 4
    assert [point.values for point in book.seen] == table(net.history_)
    wanted = {"train_loss", "validation_loss", "validation_score", "learning_rate"}
    assert wanted | {"test_loss", "test_score"} <= book.seen[0].values.keys()
    assert book.found == (results(net), 4)
    assert (book.closed, book.files) == ("finished", {})


def test_points_wait_until_it_is_worth_sending_them(data, monkeypatch):
    monkeypatch.setattr(guarded, "SECONDS", 3600.0)
    noting = Noting()
    net = MLPClassifier(**BASE).set_callbacks(noting).fit(*data)
    (book,) = noting.books
    assert book.sendings == 1
    assert [point.values for point in book.seen] == table(net.history_)
    times = [point.time for point in book.seen]
    assert times == sorted(times)


@pytest.mark.parametrize("solver", ["lbfgs", "sgd"])
def test_columns_that_are_not_there_are_left_out(data, solver):
    noting = Noting()
    MLPClassifier(**BASE, solver=solver).set_callbacks(noting).fit(*data)
    values = noting.books[0].seen[0].values
    assert "train_loss" in values
    assert "validation_loss" not in values
    assert ("learning_rate" in values) == (solver == "sgd")


def test_a_diagnosis_has_a_name_for_each_layer(data):
    noting = Noting()
    MLPClassifier(**BASE, diagnose=True).set_callbacks(noting).fit(*data)
    names = noting.books[0].seen[-1].values.keys()
    layered = {name for name in names if "/" in name}
    assert layered
    assert {name.rpartition("/")[2] for name in layered} <= {"1", "2"}


def test_results_are_of_the_best_epoch(data):
    X, y = data
    net = MLPClassifier(**{**BASE, "max_iter": 6}, restore_best=True)
    net.fit(X[:40], y[:40], X_val=X[40:], y_val=y[40:])
    found, best = results(net), net.best_epoch_ - 1
    assert found["best_epoch"] == net.best_epoch_
    assert found["best_validation_loss"] == net.history_["validation_loss"][best]
    assert found["best_validation_score"] == net.history_["validation_score"].max()
    assert found["n_parameters"] == 4 * 5 + 5 + 5 + 1
    assert (found["n_iter"], found["diverged"]) == (6, 0)


def test_tracking_changes_no_bit(data):
    noting = Noting()
    tracked = MLPClassifier(**BASE).set_callbacks(noting).fit(*data)
    plain_net = MLPClassifier(**BASE).fit(*data)
    for mine, other in zip(tracked.coefs_, plain_net.coefs_, strict=True):
        np.testing.assert_array_equal(mine, other)


def test_each_fit_is_a_run_and_partial_fit_goes_on_in_its_numbers(data):
    noting = Noting()
    net = MLPRegressor(**BASE).set_callbacks(noting)
    net.partial_fit(*data).partial_fit(*data)
    net.fit(*data)
    epochs = [[point.epoch for point in book.seen] for book in noting.books]
    assert epochs == [[1], [2], [1, 2, 3, 4]]
    assert [book.closed for book in noting.books] == ["finished"] * 3


def test_a_search_has_a_run_for_each_fit(data):
    noting = Noting()
    net = MLPClassifier(**BASE).set_callbacks(noting)
    GridSearchCV(net, {"alpha": [0.1, 1.0]}, cv=2).fit(*data)
    assert [book.known["alpha"] for book in noting.books[:4]] == [0.1, 0.1, 1.0, 1.0]
    assert len(noting.books) == 5
    assert all(len(book.seen) == 4 and book.closed == "finished" for book in noting.books)


def test_the_model_is_kept_where_it_is_wanted(data, tmp_path):
    noting = Noting(log_model=True)
    net = MLPClassifier(**BASE).set_callbacks(noting).fit(*data)
    ((name, content),) = noting.books[0].files.items()
    assert name == "model.safetensors"
    (tmp_path / name).write_bytes(content)
    again = chainrule.load(tmp_path / name)
    np.testing.assert_array_equal(again.predict_proba(data[0]), net.predict_proba(data[0]))


# what goes wrong


def test_a_run_that_cannot_be_opened_is_an_error_before_anything_is_trained(data):
    noting = Noting(breaks=lambda call: call == 1)
    net = MLPClassifier(**BASE).set_callbacks(noting)
    with pytest.raises(ConnectionError, match="no server, call 1"):
        net.fit(*data)
    assert len(net.history_["epoch"]) == 0


def test_a_tracker_that_goes_costs_a_warning_and_not_the_training(data, at_once):
    """From the second point on nothing is taken: one warning, no further tries until the end."""
    noting = Noting(breaks=lambda call: call > 2, log_model=True)
    net = MLPClassifier(**BASE).set_callbacks(noting)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        net.fit(*data)
    (warning,) = [each for each in said if each.category is not ConvergenceWarning]
    assert warning.category is TrackingWarning
    assert "Paper does not take the run any more (ConnectionError: no server" in str(
        warning.message
    )
    assert len(net.history_["epoch"]) == 4
    (book,) = noting.books
    assert len(book.seen) == 1
    assert book.calls == 5  # parameters, a point; and in vain a point, all at the end, the closing
    np.testing.assert_array_equal(
        net.coefs_[0], MLPClassifier(**BASE).fit(*data).coefs_[0], strict=True
    )


def test_a_tracker_that_comes_back_has_the_whole_run(data, at_once):
    noting = Noting(breaks=lambda call: call == 3)
    net = MLPClassifier(**BASE).set_callbacks(noting)
    with pytest.warns(TrackingWarning, match="sent once more at its end"):
        net.fit(*data)
    (book,) = noting.books
    assert [point.values for point in book.seen] == table(net.history_)
    assert book.found == (results(net), 4)
    assert (book.sendings, book.closed) == (2, "finished")


def test_a_model_that_cannot_be_saved_is_a_warning(data):
    class Mine(MLPClassifier):
        pass

    noting = Noting(log_model=True)
    with pytest.warns(TrackingWarning, match="subclass|Mine"):
        Mine(**BASE).set_callbacks(noting).fit(*data)
    (book,) = noting.books
    assert (book.files, book.closed) == ({}, "finished")
    assert book.found is not None


def test_a_training_that_raises_is_a_failed_run_with_its_points(data):
    X, y = data
    noting = Noting()
    net = MLPRegressor(**{**BASE, "solver": "sgd", "learning_rate_init": 1e200})
    with pytest.raises(DivergenceError):
        net.set_callbacks(noting).fit(X, y)
    (book,) = noting.books
    assert book.closed == "failed"
    assert book.found[0]["diverged"] == 1


def test_a_training_that_another_callback_breaks_off_keeps_its_points(data):
    class Breaking:
        def setup(self, estimator, context): ...
        def teardown(self, estimator, context): ...
        def on_fit_task_begin(self, estimator, context): ...
        def on_fit_task_end(self, estimator, context):
            if context.task_name == "epoch" and context.task_id == 2:
                raise LookupError("broken off")

    noting = Noting()
    with pytest.raises(LookupError, match="broken off"):
        MLPClassifier(**BASE).set_callbacks(noting, Breaking()).fit(*data)
    (book,) = noting.books
    assert [point.epoch for point in book.seen] == [1, 2, 3]
    assert (book.found, book.closed) == (None, "failed")


def test_other_estimators_are_refused(data):
    noting = Noting()
    if not hasattr(LogisticRegression, "set_callbacks"):
        with pytest.raises(InvalidInputError, match="was set on a LogisticRegression"):
            noting.setup(LogisticRegression(), None)
        return
    with pytest.raises(InvalidInputError, match="was set on a LogisticRegression"):
        LogisticRegression().set_callbacks(noting).fit(*data)


@pytest.mark.parametrize(
    ("module", "name", "package", "extra"),
    [
        ("mlflow", "MLflowCallback", "mlflow", "mlflow"),
        ("wandb", "WandbCallback", "wandb", "wandb"),
        ("tensorboard", "TensorBoardCallback", "tensorboardX.event_file_writer", "tensorboard"),
    ],
)
def test_a_package_that_is_missing_is_an_error_that_says_how_to_install_it(
    module, name, package, extra, monkeypatch
):
    monkeypatch.setitem(sys.modules, package, None)
    home = pytest.importorskip(f"chainrule.interop.trackers.{module}")
    with pytest.raises(MissingExtraError, match=rf"pip install 'chainrule\[{extra}\]'"):
        getattr(home, name)()


# parts


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, 1),
        (True, True),
        (0.5, 0.5),
        ("adam", "adam"),
        (None, "None"),
        ((50, 10), "(50, 10)"),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        ({"name": "cosine"}, "{'name': 'cosine'}"),
    ],
)
def test_parameters_are_plain(value, expected):
    found = plain(value)
    assert (found, type(found)) == (expected, type(expected))


def test_sending_never_takes_more_than_its_share(monkeypatch):
    clock = iter(np.arange(0.0, 1e6, 0.25))
    monkeypatch.setattr(guarded.time, "perf_counter", lambda: next(clock))
    book = Notebook()
    sink = Guarded(book, "Paper")
    for epoch in range(1, 2001):
        sink.point(epoch, {"train_loss": 1.0})
    # a sending is two looks at the clock, 0.25 s: the next one is 12.5 s or 50 points later
    assert 2000 // 55 <= book.sendings <= 2000 // 45
    sink.close(False)
    assert [point.epoch for point in book.seen] == list(range(1, 2001))


def test_importing_the_rooms_loads_no_tracker():
    import subprocess

    code = (
        "import sys, chainrule.interop, chainrule.interop.trackers, chainrule.estimators\n"
        "print(*{'mlflow', 'wandb', 'tensorboardX'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
    assert Path(chainrule.__file__).exists()
