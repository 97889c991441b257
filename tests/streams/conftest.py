"""Small models in files, and rows for them."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline

import chainrule
from chainrule import MLPClassifier, MLPRegressor
from chainrule.tables.transformer import TablePreparation

N = 500
LABELS = {
    "texts": np.array(["no", "perhaps", "yes ☂, or so"], object),
    "numbers": np.array([-3, 5, 12]),
    "truth": np.array([False, True]),
}


def people(n=N, seed=0):
    random = np.random.RandomState(seed)
    x = random.normal(size=n)
    x[::7] = np.nan
    town = random.choice(["Bonn", "Rome"], n)
    return pd.DataFrame({"x": x, "town": town, "z": random.normal(size=n)})


def truth(frame, labels):
    score = frame["x"].fillna(0) + frame["z"] + (frame["town"] == "Rome")
    return labels[np.digitize(score, np.quantile(score, np.arange(1, len(labels)) / len(labels)))]


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """``models[name]``: a Pipeline, its file, a table and what is true of it."""
    folder, made, frame = tmp_path_factory.mktemp("models"), {}, people()
    for name, labels in LABELS.items():
        net = MLPClassifier((6,), solver="lbfgs", max_iter=40, alpha=1.0, random_state=0)
        made[name] = (make_pipeline(TablePreparation(), net), truth(frame, labels))
    net = MLPRegressor(hidden_layer_sizes=(6,), solver="lbfgs", max_iter=40, random_state=0)
    y = np.asarray(frame["z"] ** 2 + frame["x"].fillna(1.0))
    made["values"] = (make_pipeline(TablePreparation(), net), y)
    found = {}
    for name, (pipe, y) in made.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            pipe.fit(frame, y)
        chainrule.save(pipe, folder / name, about={"target": "y"})
        found[name] = pipe, folder / name, frame, y
    return found


@pytest.fixture(scope="session")
def wide(tmp_path_factory):
    """A network of so many columns that its rows are few at a time: its file, and rows."""
    X = np.random.RandomState(0).normal(size=(300, 20_000)).astype(np.float32)
    net = MLPRegressor(hidden_layer_sizes=(2,), max_iter=1, random_state=0, solver="sgd")
    with pytest.warns(match="(?i)converge"):
        net.fit(X[:20], X[:20, 0])
    path = tmp_path_factory.mktemp("wide") / "m"
    chainrule.save(net, path)
    return net, path, X
