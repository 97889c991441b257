"""Progress: a bar on a terminal, a few lines otherwise, and nothing unless asked for."""

import io
import itertools
import re
from types import SimpleNamespace

import pytest
from sklearn.model_selection import GridSearchCV

from chainrule import MLPClassifier
from chainrule.estimators import progress

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

BASE = {"hidden_layer_sizes": (6,), "batch_size": 16, "max_iter": 5, "random_state": 3}


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_silent_by_default(solver, problem, capfd):
    X, y, _ = problem("multiclass")
    MLPClassifier(**BASE, solver=solver).fit(X, y)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_the_first_and_the_last_epoch_on_stderr(solver, problem, capfd):
    X, y, _ = problem("multiclass")
    MLPClassifier(**BASE, solver=solver, verbose=True).fit(X, y)
    out, err = capfd.readouterr()
    first, last = err.splitlines()
    assert out == ""
    assert re.fullmatch(r"epoch 1/5, loss \d\.\d+", first)
    assert re.fullmatch(r"epoch 5/5, loss \d\.\d+", last)


def test_validation_is_shown_beside_it(problem, capfd):
    X, y, _ = problem("multiclass")
    MLPClassifier(**BASE, verbose=True).fit(X, y, X_val=X, y_val=y)
    last = capfd.readouterr().err.splitlines()[-1]
    assert re.fullmatch(r"epoch 5/5, loss [\d.]+, validation loss [\d.]+, score 0\.\d{4}", last)


def test_an_unknown_number_of_epochs_is_not_shown(problem, capfd):
    X, y, _ = problem("multiclass")
    MLPClassifier(**{**BASE, "max_iter": 200}, max_steps=12, verbose=1).fit(X, y)
    assert [line.split(",")[0] for line in capfd.readouterr().err.splitlines()] == [
        "epoch 1",
        "epoch 2",
    ]


def test_a_line_every_few_seconds(problem, capfd, monkeypatch):
    X, y, _ = problem("multiclass")
    clock = itertools.count(0.0, 2.0)  # two seconds each time it is read
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    MLPClassifier(**{**BASE, "max_iter": 40}, verbose=True).fit(X, y)
    lines = capfd.readouterr().err.splitlines()
    assert 5 < len(lines) < 40
    assert lines[-1].startswith("epoch 40/40")


def test_a_search_is_silent(problem, capfd):
    X, y, _ = problem("multiclass")
    GridSearchCV(MLPClassifier(**BASE), {"alpha": [0.1, 1.0]}, cv=2).fit(X, y)
    assert capfd.readouterr() == ("", "")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_bar_on_a_terminal(problem, capfd, monkeypatch):
    X, y, _ = problem("multiclass")
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    MLPClassifier(**BASE, verbose=True).fit(X, y)
    assert "5/5" in terminal.getvalue()
    assert "loss" in terminal.getvalue()
    assert capfd.readouterr().out == ""


def test_the_numbers_do_not_depend_on_it(problem, same_network, capfd):
    X, y, _ = problem("multiclass")
    same_network(MLPClassifier(**BASE).fit(X, y), MLPClassifier(**BASE, verbose=True).fit(X, y))
    assert capfd.readouterr().err
