"""MLflow's own client, on a local database and against a server that is not there."""

import os
import re
from pathlib import Path

import numpy as np
import pytest

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"  # before MLflow is imported
mlflow = pytest.importorskip("mlflow")
pytest.importorskip("sqlalchemy")

import chainrule  # noqa: E402
from chainrule import MLPClassifier  # noqa: E402
from chainrule.interop.trackers.guarded import TrackingWarning  # noqa: E402
from chainrule.interop.trackers.mlflow import MLflowCallback, MLflowSink  # noqa: E402
from chainrule.interop.trackers.rows import results  # noqa: E402
from chainrule.interop.trackers.sink import Point  # noqa: E402

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    # MLflow's models of its tables, as SQLAlchemy 2.1 sees them
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning"),
]

BASE = {"hidden_layer_sizes": (5,), "batch_size": 20, "max_iter": 3, "random_state": 0}


@pytest.fixture(scope="module")
def data():
    X = np.random.default_rng(0).normal(size=(60, 4))
    return X, (X[:, 0] + X[:, 1] > 0).astype(int)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A database in a folder, where the artifacts are as well."""
    folder = tmp_path_factory.mktemp("mlflow")
    before = Path.cwd()
    os.chdir(folder)  # the artifacts' default place is below where one is
    try:
        yield f"sqlite:///{folder / 'mlflow.db'}"
    finally:
        os.chdir(before)


def runs(place, experiment):
    client = mlflow.MlflowClient(tracking_uri=place)
    found = client.get_experiment_by_name(experiment)
    return client, client.search_runs([found.experiment_id], order_by=["start_time"])


def test_each_epoch_is_a_point(data, place):
    X, y = data
    callback = MLflowCallback("points", tracking_uri=place, run_name="first", log_model=True)
    net = MLPClassifier(**BASE).set_callbacks(callback)
    net.fit(X[:40], y[:40], X_val=X[40:], y_val=y[40:], watch={"test": (X, y)})
    client, (run,) = runs(place, "points")
    assert (run.info.run_name, run.info.status) == ("first", "FINISHED")
    for name in ("train_loss", "validation_loss", "validation_score", "learning_rate", "test_loss"):
        curve = client.get_metric_history(run.info.run_id, name)
        assert [(each.step, each.value) for each in curve] == list(
            enumerate(net.history_[name].tolist(), 1)
        )
    for name, value in results(net).items():
        assert run.data.metrics[name] == value
    assert run.data.params["hidden_layer_sizes"] == "(5,)"
    assert run.data.params["n_rows"] == "40"
    path = client.download_artifacts(run.info.run_id, "model.safetensors")
    np.testing.assert_array_equal(chainrule.load(path).predict(X), net.predict(X))


def test_a_run_of_ones_own_takes_every_partial_fit_and_stays_open(data, place):
    client = mlflow.MlflowClient(tracking_uri=place)
    mine = client.create_run(client.create_experiment("own")).info.run_id
    net = MLPClassifier(**BASE)
    net.set_callbacks(MLflowCallback("own", tracking_uri=place, run_id=mine))
    for _ in range(3):
        net.partial_fit(*data, classes=[0, 1])
    curve = client.get_metric_history(mine, "train_loss")
    assert [each.value for each in curve] == net.history_["train_loss"].tolist()
    assert client.get_run(mine).info.status == "RUNNING"


def test_nothing_global_is_changed(data, place, monkeypatch):
    before = mlflow.get_tracking_uri()
    MLPClassifier(**BASE).set_callbacks(MLflowCallback("quiet", tracking_uri=place)).fit(*data)
    assert mlflow.get_tracking_uri() == before
    assert mlflow.active_run() is None


def test_more_numbers_than_a_request_takes(place):
    sink = MLflowSink("many", place)
    points = [Point(n, 1000 + n, {"a": float(n), "b/1": 0.5}) for n in range(1, 1203)]
    sink.points(points)
    sink.parameters({f"p{n}": n for n in range(230)})
    client, (run,) = runs(place, "many")
    assert len(client.get_metric_history(run.info.run_id, "a")) == 1202
    assert run.data.params["p229"] == "229"


def test_a_server_that_is_not_there_is_an_error_before_the_training(data, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    net = MLPClassifier(**BASE)
    net.set_callbacks(MLflowCallback(tracking_uri="http://127.0.0.1:9"))
    with pytest.raises(mlflow.exceptions.MlflowException, match=r"127\.0\.0\.1"):
        net.fit(*data)
    assert len(net.history_["epoch"]) == 0


def test_a_server_that_goes_is_a_warning(data, place, monkeypatch):
    """After it was opened, the run's client is that of a server that is not there."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    real = MLflowSink.parameters

    def then_gone(self, values):
        real(self, values)
        self.client = mlflow.MlflowClient(tracking_uri="http://127.0.0.1:9")

    monkeypatch.setattr(MLflowSink, "parameters", then_gone)
    net = MLPClassifier(**BASE).set_callbacks(MLflowCallback("gone", tracking_uri=place))
    with pytest.warns(TrackingWarning, match="MLflow does not take the run any more"):
        net.fit(*data)
    assert len(net.history_["epoch"]) == 3
    assert len(runs(place, "gone")[1]) == 1


def test_the_page_s_lines_run(data, place):
    page = (Path(__file__).parents[2] / "docs" / "trackers.md").read_text("utf-8")
    (block,) = [b for b in re.findall(r"^```py\n(.*?)^```", page, re.M | re.S) if "mlflow" in b]
    exec(block, {"net": MLPClassifier(**BASE), "X": data[0], "y": data[1]})
    assert len(runs(place, "digits")[1]) == 1  # where one is, which is the place
