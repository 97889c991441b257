"""``fit`` on streamed rows: as on arrays where they fit, and by windows where they do not."""

import json
import os
import pickle
import signal
import subprocess
import sys
from contextlib import suppress

import numpy as np
import pytest

import chainrule
from chainrule import MLPClassifier, MLPRegressor
from chainrule.errors import InvalidInputError
from chainrule.estimators.checkpoints import Snapshot, kept_by

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

N = 90  # rows and features of the other tests' problems, so that programs are shared
SETTINGS = {"hidden_layer_sizes": (6, 4), "batch_size": 16, "random_state": 1, "max_iter": 4}


@pytest.fixture
def table(problem):
    """The rows, with the target as the last column, and apart from it."""
    X, y, _ = problem("multiclass")
    return np.column_stack([X, y]), X, y


def streamed(table, **settings):
    return chainrule.stream(table, "x6", **settings)


FITTING = [
    {"early_stopping": True, "class_weight": "balanced"}, {"shuffle": "replacement"},
    {"solver": "lbfgs"}, {"dtype": "float32", "dropout": 0.25},
]  # fmt: skip


@pytest.mark.parametrize("more", FITTING, ids=str)
def test_what_fits_into_memory_is_trained_on_as_arrays_are(table, same_network, more):
    whole, X, y = table
    expected = MLPClassifier(**SETTINGS, **more).fit(X, y.astype(int))
    net = MLPClassifier(**SETTINGS, **more).fit(streamed(whole))
    same_network(net, expected)
    np.testing.assert_array_equal(net.classes_, expected.classes_)
    np.testing.assert_array_equal(net.predict(X), expected.predict(X))
    if "loss_curve_" in vars(expected):
        assert net.loss_curve_ == expected.loss_curve_
    assert not hasattr(net, "windows_")


@pytest.mark.parametrize("more", [{}, {"class_weight": "balanced"}], ids=str)
def test_windows_in_the_files_order_are_the_training_in_memory(table, same_network, more):
    whole, X, y = table
    expected = MLPClassifier(**SETTINGS, **more, shuffle=False).fit(X, y.astype(int))
    net = MLPClassifier(**SETTINGS, **more, shuffle=False).fit(streamed(whole, window_rows=32))
    assert net.windows_.count == 3
    same_network(net, expected)
    assert net.loss_curve_ == expected.loss_curve_
    assert net.chance_loss_ == expected.chance_loss_
    assert net.validation_chance_ == expected.validation_chance_


def test_values_are_streamed_too(problem, same_network):
    X, y, _ = problem("regression")
    expected = MLPRegressor(**SETTINGS, shuffle=False).fit(X, y)
    whole = np.column_stack([X, y])
    net = MLPRegressor(**SETTINGS, shuffle=False).fit(streamed(whole, window_rows=32))
    same_network(net, expected)
    with pytest.raises(InvalidInputError, match="poisson"):
        MLPRegressor(**SETTINGS, loss="poisson").fit(streamed(whole, window_rows=32))


def test_label_smoothing_is_of_the_targets_alone(table, same_network):
    whole, X, y = table
    settings = {**SETTINGS, "label_smoothing": 0.2, "shuffle": False}
    expected = MLPClassifier(**settings).fit(X, y.astype(int), X_val=X[:9], y_val=y[:9])
    net = MLPClassifier(**settings).fit(streamed(whole, window_rows=32), X_val=X[:9], y_val=y[:9])
    same_network(net, expected)
    np.testing.assert_array_equal(
        net.history_["validation_loss"], expected.history_["validation_loss"]
    )


def test_bytes_stay_bytes(same_network, problem):
    _, y, _ = problem("binary")
    X = np.random.RandomState(0).randint(0, 256, (N, 5)).astype(np.uint8)
    settings = {**SETTINGS, "shuffle": False, "input_scale": 255.0}
    expected = MLPClassifier(**settings).fit(X, y)
    whole = np.column_stack([X, y]).astype(np.uint8)
    rows = streamed(whole, window_rows=32)
    same_network(MLPClassifier(**settings).fit(rows), expected)
    assert rows.spooled(True, ["float64", "float32"]).facts.dtype == "uint8"


def test_shuffled_windows_learn_and_are_seeded(table, same_network):
    whole, X, y = table
    settings = {**SETTINGS, "max_iter": 100, "learning_rate_init": 0.02}
    rows = streamed(whole, window_rows=32)
    net = MLPClassifier(**settings).fit(rows)
    assert net.score(X, y) > 0.9
    same_network(net, MLPClassifier(**settings).fit(streamed(whole, window_rows=32)))
    other = MLPClassifier(**{**settings, "random_state": 2, "max_iter": 1}).fit(rows)
    assert not np.array_equal(net.coefs_[0], other.coefs_[0])


def test_held_out_rows_are_never_trained_on(table, monkeypatch):
    """The target of each row is told by its first feature, so what is seen can be told apart."""
    whole, _, _ = table
    whole = whole.copy()
    whole[:, 0] = np.arange(N)
    seen, held = [], []
    from chainrule.engine.windowed import WindowedRows
    from chainrule.estimators.problem import Judge

    block, judge = WindowedRows.block, Judge.__call__

    def look(self, table):
        data, rows = block(self, table)
        seen.append(data.X[:, 0][np.asarray(data.weights) > 0].copy())
        return data, rows

    def measure(self, layers, rows):
        held.append(rows.X[:, 0])
        return judge(self, layers, rows)

    monkeypatch.setattr(WindowedRows, "block", look)
    monkeypatch.setattr(Judge, "__call__", measure)
    net = MLPClassifier(**{**SETTINGS, "max_iter": 1}, early_stopping=True, validation_fraction=0.2)
    net.fit(streamed(whole, window_rows=32))
    seen = np.concatenate(seen)
    assert len(held) == 1
    np.testing.assert_array_equal(np.sort(np.concatenate([seen, held[0]])), np.arange(N))
    assert len(seen) == net.windows_.n_rows == net.t_


def test_class_weights_go_by_all_rows(table):
    whole, _, y = table
    settings = {**SETTINGS, "class_weight": "balanced", "max_iter": 1}
    net = MLPClassifier(**settings).fit(streamed(whole, window_rows=32))
    inverse = N / (3 * np.bincount(y.astype(int)))
    by_hand = MLPClassifier(**{**settings, "class_weight": dict(enumerate(inverse))})
    by_hand.fit(streamed(whole, window_rows=32))
    np.testing.assert_allclose(net.coefs_[0], by_hand.coefs_[0], rtol=1e-12)
    with pytest.raises(InvalidInputError, match="above 0 for each class"):
        settings["class_weight"] = {0: 0.0}
        MLPClassifier(**settings).fit(streamed(whole, window_rows=32))


def test_diagnosis_chance_and_callbacks_go_by_a_sample(table):
    whole, X, y = table
    known = MLPClassifier(**SETTINGS, diagnose=True, shuffle=False).fit(X, y.astype(int))
    net = MLPClassifier(**SETTINGS, diagnose=True, shuffle=False)
    net.fit(streamed(whole, window_rows=32))
    assert set(net.history_) == set(known.history_)
    np.testing.assert_allclose(
        net.history_["gradient_norm"], known.history_["gradient_norm"], rtol=1e-9
    )  # of so few rows the sample is all


def test_names_are_kept(table, problem):
    import pandas as pd

    _, X, y = table
    frame = pd.DataFrame(X, columns=list("abcde")).assign(
        y=np.array(["n", "o", "p"])[y.astype(int)]
    )
    net = MLPClassifier(**SETTINGS).fit(chainrule.stream(frame, "y", window_rows=32))
    assert net.feature_names_in_.tolist() == list("abcde")
    assert net.predict(frame[list("abcde")]).tolist()[0] in ("n", "o", "p")
    with pytest.raises(ValueError, match="feature names"):
        net.predict(frame[list("edcba")])


REFUSED = {
    "y beside them": (lambda net, rows: net.fit(rows, np.zeros(N)), "bring their target"),
    "weights beside them": (
        lambda net, rows: net.fit(rows, sample_weight=np.ones(N)), "came sample_weight beside"
    ),
    "partial_fit": (lambda net, rows: net.partial_fit(rows, None, classes=[0, 1]), "a stream came"),
    "lbfgs": (lambda net, rows: net.set_params(solver="lbfgs").fit(rows), "needs all rows"),
    "replacement": (
        lambda net, rows: net.set_params(shuffle="replacement").fit(rows), "draws each row from all"
    ),
    "a large batch": (
        lambda net, rows: net.set_params(batch_size=40).fit(rows), "batch of 40 rows"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_refused(table, name):
    do, text = REFUSED[name]
    with pytest.raises(InvalidInputError, match=text):
        do(MLPClassifier(**SETTINGS), streamed(table[0], window_rows=32))


def test_ctrl_c_keeps_what_there_is(table, monkeypatch):
    """Pressed while the fifth window is waited for, in the second epoch."""
    from chainrule.engine.windowed import WindowedRows

    enter, calls = WindowedRows.enter, []

    def enter_or_stop(self, *where):
        calls.append(where)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return enter(self, *where)

    monkeypatch.setattr(WindowedRows, "enter", enter_or_stop)
    net = MLPClassifier(**SETTINGS)
    with pytest.warns(UserWarning, match="interrupted by user after 2 epoch"):
        net.fit(streamed(table[0], window_rows=32))
    assert net.history_["steps"].tolist() == [6, 2]  # the second is what was done of it
    assert np.isfinite(net.history_["train_loss"]).all()
    assert net.t_ == N + 32


# going on


class Shelf:
    """Keeps every state as JSON and arrays; stops the training after so many of them."""

    def __init__(self, snapshot=None, stop_after=None):
        self.first, self.stop_after, self.kept, self.rows = snapshot, stop_after, [], []

    def begin(self):
        return self.first

    def epoch(self, row):
        self.rows.append({name: value for name, value in row.items() if name != "seconds"})

    def stopping(self):
        return self.stop_after is not None and len(self.kept) + 1 >= self.stop_after

    def due(self):
        return True

    def keep(self, snapshot):
        arrays = {name: array.copy() for name, array in snapshot.arrays.items()}
        self.kept.append(Snapshot(json.loads(json.dumps(snapshot.facts)), arrays))


KEPT = {
    "plain": {},
    "early-stopping": {"early_stopping": True, "n_iter_no_change": 2},
    "diagnosed": {"diagnose": True, "dropout": 0.25, "solver": "sgd"},
    "steps": {"max_steps": 14, "restore_best": True},
    "diverging": {"solver": "sgd", "learning_rate_init": 1e6, "on_divergence": "keep"},
    "weighted": {"class_weight": "balanced", "shuffle": False},
}


def fit_kept(table, more, shelf):
    settings = {**SETTINGS, "max_iter": 3, **more}
    if "max_steps" in more:
        del settings["max_iter"]
    net = MLPClassifier(**settings)
    with kept_by(shelf):
        net.fit(streamed(table, window_rows=32))
    return net


@pytest.mark.parametrize("name", KEPT)
def test_stopped_after_any_window_it_goes_on_to_the_same_bits(table, same_network, name):
    whole, more = table[0], KEPT[name]
    shelf = Shelf()
    expected = fit_kept(whole, more, shelf)
    same_network(expected, fit_kept(whole, more, None))
    stops = len(shelf.kept)
    assert any("within" in state.facts for state in shelf.kept) or name == "diverging"
    for stop in sorted({1, 2, stops // 2, stops}):
        first = Shelf(stop_after=stop)
        with suppress(KeyboardInterrupt):
            fit_kept(whole, more, first)
        again = Shelf(first.kept[-1])
        net = fit_kept(whole, more, again)
        same_network(net, expected)
        assert net.loss_curve_ == expected.loss_curve_ or name == "diverging"
        assert (net.n_iter_, net.t_, net.diverged_) == (
            expected.n_iter_, expected.t_, expected.diverged_
        )  # fmt: skip
        np.testing.assert_equal(again.rows, shelf.rows)


def test_arrays_can_be_left_within_an_epoch_as_well(table, same_network, monkeypatch):
    _, X, y = table
    monkeypatch.setattr("chainrule.engine.fit.capacity", lambda plan, row_bytes=0: 2)

    def fit(shelf):
        with kept_by(shelf):
            return MLPClassifier(**SETTINGS, early_stopping=True, diagnose=True).fit(X, y)

    shelf = Shelf()
    expected = fit(shelf)
    for stop in (2, 4, 7):
        first = Shelf(stop_after=stop)
        with pytest.raises(KeyboardInterrupt):
            fit(first)
        again = Shelf(first.kept[-1])
        same_network(fit(again), expected)
        np.testing.assert_equal(again.rows, shelf.rows)


KILLED = """
import json, os, pickle, sys, time, warnings
import numpy as np
from chainrule import MLPClassifier, stream
from chainrule.estimators.checkpoints import kept_by
warnings.simplefilter("ignore")
file, states, last = sys.argv[1:]
class Shelf:
    count = 0
    def begin(self):
        return pickle.load(open(states, "rb")) if os.path.exists(states) else None
    def epoch(self, row): pass
    def stopping(self): return False
    def due(self): return True
    def keep(self, snapshot):
        with open(states + ".new", "wb") as file:
            pickle.dump(snapshot, file)
        os.replace(states + ".new", states)
        self.count += 1
        if self.count == int(last):
            print("here", flush=True)
            time.sleep(600)
net = MLPClassifier((6, 4), batch_size=16, random_state=1, max_iter=4)
with kept_by(Shelf()):
    net.fit(stream(file, "x6", window_rows=32))
print(json.dumps([W.tolist() for W in net.coefs_]), flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no such signal")
def test_killed_it_goes_on_in_another_process(table, tmp_path, same_network):
    file, states = tmp_path / "rows.npy", tmp_path / "states"
    np.save(file, table[0])
    expected = MLPClassifier(**SETTINGS).fit(chainrule.stream(file, "x6", window_rows=32))
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, file, states, "5"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "here\n"
        process.send_signal(signal.SIGKILL)
    assert "within" in pickle.loads(states.read_bytes()).facts
    done = subprocess.run(
        [sys.executable, "-c", KILLED, file, states, "0"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    for ours, theirs in zip(expected.coefs_, json.loads(done.stdout), strict=True):
        assert ours.tolist() == theirs
