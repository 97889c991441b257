"""TensorBoard's event files, read back with the package's own messages."""

import pickle
import struct
from pathlib import Path

import numpy as np
import pytest

import chainrule
from chainrule import MLPClassifier
from chainrule.interop.trackers.guarded import TrackingWarning
from chainrule.interop.trackers.rows import results, row
from chainrule.interop.trackers.tensorboard import TensorBoardCallback, TensorBoardSink

events = pytest.importorskip("tensorboardX.proto.event_pb2")
hparams = pytest.importorskip("tensorboardX.proto.plugin_hparams_pb2")
crc = pytest.importorskip("tensorboardX.record_writer").masked_crc32c

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

BASE = {"hidden_layer_sizes": (5,), "batch_size": 20, "max_iter": 3, "random_state": 0}


@pytest.fixture(scope="module")
def data():
    X = np.random.default_rng(0).normal(size=(60, 4))
    return X, (X[:, 0] + X[:, 1] > 0).astype(int)


def read(folder: Path) -> list:
    """The events of a folder's files: length, its check sum, the message, its check sum."""
    found = []
    for path in sorted(folder.glob("events.out.tfevents.*")):
        content = path.read_bytes()
        while content:
            (size,) = struct.unpack("<Q", content[:8])
            message, check = content[12 : 12 + size], content[12 + size : 16 + size]
            assert struct.unpack("<I", check) == (crc(message),)
            found.append(events.Event.FromString(message))
            content = content[16 + size :]
    return found


def scalars(folder: Path) -> dict[str, dict[int, float]]:
    """Each curve as ``{step: value}``."""
    found: dict[str, dict[int, float]] = {}
    for event in read(folder):
        for value in event.summary.value:
            if value.WhichOneof("value") == "simple_value":
                found.setdefault(value.tag, {})[event.step] = value.simple_value
    return found


def test_each_epoch_is_a_point(data, tmp_path):
    X, y = data
    net = MLPClassifier(**BASE).set_callbacks(TensorBoardCallback(tmp_path))
    net.fit(X[:40], y[:40], X_val=X[40:], y_val=y[40:], watch={"test": (X, y)})
    curves = scalars(tmp_path / "MLPClassifier-1")
    for name in ("train_loss", "validation_loss", "validation_score", "learning_rate", "test_loss"):
        expected = dict(enumerate(net.history_[name], 1))
        assert curves[name] == pytest.approx(expected, rel=1e-6)
    for name, value in results(net).items():
        assert curves[name] == {3: pytest.approx(value, rel=1e-6)}
    times = [event.wall_time for event in read(tmp_path / "MLPClassifier-1")]
    assert max(times) - min(times) < 60


def test_the_parameters_are_a_table_and_a_line_of_hparams(data, tmp_path):
    net = MLPClassifier(**BASE).set_callbacks(TensorBoardCallback(tmp_path)).fit(*data)
    values = [
        value for event in read(tmp_path / "MLPClassifier-1") for value in event.summary.value
    ]
    (text,) = [value for value in values if value.tag == "parameters/text_summary"]
    assert "| hidden_layer_sizes | (5,) |" in text.tensor.string_val[0].decode()
    (begun,) = [value for value in values if value.tag == "_hparams_/session_start_info"]
    content = hparams.HParamsPluginData.FromString(begun.metadata.plugin_data.content)
    known = content.session_start_info.hparams
    assert known["batch_size"].number_value == 20
    assert known["solver"].string_value == net.solver
    assert known["early_stopping"].bool_value is False


def test_each_fit_has_a_folder_or_all_have_one(data, tmp_path):
    net = MLPClassifier(**BASE).set_callbacks(TensorBoardCallback(tmp_path, log_model=True))
    net.fit(*data).fit(*data)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "MLPClassifier-1",
        "MLPClassifier-2",
    ]
    again = chainrule.load(tmp_path / "MLPClassifier-2" / "model.safetensors")
    np.testing.assert_array_equal(again.predict(data[0]), net.predict(data[0]))
    net = MLPClassifier(**BASE).set_callbacks(TensorBoardCallback(tmp_path, run_name="mine"))
    for _ in range(3):
        net.partial_fit(*data, classes=[0, 1])
    curve = scalars(tmp_path / "mine")["train_loss"]
    assert curve == pytest.approx(dict(enumerate(net.history_["train_loss"], 1)), rel=1e-6)


def test_a_disk_that_is_full_is_a_warning(data, tmp_path, monkeypatch):
    real = TensorBoardSink.points

    def full(self, points):
        self._writer._py_recordio_writer._writer.close()  # what is written now is an error
        real(self, points)

    monkeypatch.setattr(TensorBoardSink, "points", full)
    net = MLPClassifier(**BASE).set_callbacks(TensorBoardCallback(tmp_path))
    with pytest.warns(TrackingWarning, match="TensorBoard does not take the run any more"):
        net.fit(*data)
    assert len(net.history_["epoch"]) == 3


def test_a_callback_can_be_sent_to_another_process(data, tmp_path):
    callback = pickle.loads(pickle.dumps(TensorBoardCallback(tmp_path)))
    net = MLPClassifier(**BASE).set_callbacks(callback).fit(*data)
    curves = scalars(tmp_path / "MLPClassifier-1")
    assert curves["train_loss"][3] == pytest.approx(row(net.history_, 2)["train_loss"], rel=1e-6)
