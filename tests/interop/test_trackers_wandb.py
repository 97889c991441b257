"""Weights & Biases' own client, offline, and the file it leaves read back."""

import json
import os
import re
import struct
import time
from pathlib import Path

import numpy as np
import pytest

wandb = pytest.importorskip("wandb")
messages = pytest.importorskip("wandb.proto.wandb_internal_pb2")

import chainrule  # noqa: E402
from chainrule import MLPClassifier  # noqa: E402
from chainrule.interop.trackers.guarded import TrackingWarning  # noqa: E402
from chainrule.interop.trackers.rows import results  # noqa: E402
from chainrule.interop.trackers.wandb import WandbCallback, WandbSink  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

BASE = {"hidden_layer_sizes": (5,), "batch_size": 20, "max_iter": 3, "random_state": 0}


@pytest.fixture(scope="module", autouse=True)
def place(tmp_path_factory):
    """All that the client writes goes to one folder; nothing is sent anywhere."""
    folder = tmp_path_factory.mktemp("wandb")
    names = ("WANDB_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_DATA_DIR")
    wanted = dict.fromkeys(names, str(folder))
    wanted |= {"WANDB_MODE": "offline", "WANDB_SILENT": "true", "WANDB_ERROR_REPORTING": "false"}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    yield folder
    wandb.teardown()
    for name, value in before.items():
        os.environ.pop(name) if value is None else os.environ.update({name: value})


@pytest.fixture(scope="module")
def data():
    X = np.random.default_rng(0).normal(size=(60, 4))
    return X, (X[:, 0] + X[:, 1] > 0).astype(int)


def read(path: Path) -> list:
    """The records of a run's file: after 7 bytes, blocks of 32 KiB with pieces of a record each:
    check sum, length, and whether it is whole (1), first (2), middle (3) or last (4)."""
    content, at, found, piece = path.read_bytes(), 7, [], b""
    while at + 7 <= len(content):
        left = 2**15 - at % 2**15
        if left < 7:
            at += left
            continue
        _, size, kind = struct.unpack("<IHB", content[at : at + 7])
        if at + 7 + size > len(content):
            break  # it is being written
        piece += content[at + 7 : at + 7 + size]
        at += 7 + size
        if kind in (1, 4):
            found.append(messages.Record.FromString(piece))
            piece = b""
    return found


def the_run(place: Path, name: str) -> list:
    """The records of the one run with this name, which has ended; its last ones reach the disk a
    moment after ``finish``."""
    for _ in range(200):
        files = [read(path) for path in place.glob("wandb/offline-run-*/run-*.wandb")]
        found = [records for records in files if name in names(records) and ended(records)]
        if found:
            (records,) = found
            return records
        time.sleep(0.1)
    raise AssertionError(f"no run {name!r} that has ended")


def names(records: list) -> list[str]:
    return [each.run.display_name for each in records if each.WhichOneof("record_type") == "run"]


def ended(records: list) -> bool:
    return any(each.WhichOneof("record_type") == "exit" for each in records)


def items(updates) -> dict:
    return {each.key or "/".join(each.nested_key): json.loads(each.value_json) for each in updates}


def history(records: list) -> list[dict]:
    return [
        items(each.history.item) for each in records if each.WhichOneof("record_type") == "history"
    ]


def test_each_epoch_is_a_point(data, place):
    X, y = data
    callback = WandbCallback("digits", name="first", tags=["a"], log_model=True)
    net = MLPClassifier(**BASE).set_callbacks(callback)
    net.fit(X[:40], y[:40], X_val=X[40:], y_val=y[40:], watch={"test": (X, y)})
    records = the_run(place, "first")
    rows = history(records)
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    for name in ("train_loss", "validation_loss", "validation_score", "learning_rate", "test_loss"):
        assert [row[name] for row in rows] == net.history_[name].tolist()
    (begun,) = [each.run for each in records if each.WhichOneof("record_type") == "run"]
    assert (begun.project, list(begun.tags)) == ("digits", ["a"])
    config = items(
        update for each in records for update in (*each.config.update, *each.run.config.update)
    )
    assert config["hidden_layer_sizes"] == "(5,)"
    assert config["n_rows"] == 40
    summary = items(update for each in records for update in each.summary.update)
    for name, value in results(net).items():
        assert summary[name] == value
    (exit_record,) = [each for each in records if each.WhichOneof("record_type") == "exit"]
    assert exit_record.exit.exit_code == 0
    (kept,) = [each.artifact for each in records if each.WhichOneof("record_type") == "artifact"]
    (content,) = kept.manifest.contents
    assert (kept.type, content.path) == ("model", "model.safetensors")
    again = chainrule.load(content.local_path)
    np.testing.assert_array_equal(again.predict(X), net.predict(X))


def test_a_run_of_ones_own_takes_every_partial_fit_and_stays_open(data, place):
    mine = wandb.init(project="own", name="mine", reinit="create_new")
    net = MLPClassifier(**BASE).set_callbacks(WandbCallback(run=mine))
    for _ in range(3):
        net.partial_fit(*data, classes=[0, 1])
    mine.log({"after": 1})
    mine.finish()
    rows = history(the_run(place, "mine"))
    losses = [row["train_loss"] for row in rows if "train_loss" in row]
    assert losses == net.history_["train_loss"].tolist()
    assert rows[-1]["after"] == 1


def test_an_active_run_is_left_alone(data, place):
    active = wandb.init(project="other", name="active")
    MLPClassifier(**BASE).set_callbacks(WandbCallback("digits", name="beside")).fit(*data)
    assert wandb.run is active
    active.finish()
    assert history(the_run(place, "active")) == []
    assert len(history(the_run(place, "beside"))) == 3


def test_a_client_that_fails_is_a_warning(data, monkeypatch):
    def gone(self, points):
        self.run.finish()
        self.run.log({"epoch": 1})  # a run that has ended takes nothing

    monkeypatch.setattr(WandbSink, "points", gone)
    net = MLPClassifier(**BASE).set_callbacks(WandbCallback("digits", name="gone"))
    with pytest.warns(TrackingWarning, match="Weights & Biases does not take the run any more"):
        net.fit(*data)
    assert len(net.history_["epoch"]) == 3


def test_a_setting_that_is_unknown_is_an_error_before_the_training(data):
    net = MLPClassifier(**BASE).set_callbacks(WandbCallback("digits", colour="red"))
    with pytest.raises(TypeError, match="colour"):
        net.fit(*data)


def test_the_page_s_lines_run(data, place):
    page = (Path(__file__).parents[2] / "docs" / "trackers.md").read_text("utf-8")
    (block,) = [b for b in re.findall(r"^```py\n(.*?)^```", page, re.M | re.S) if "wandb" in b]
    before = set(place.glob("wandb/offline-run-*"))
    exec(block, {"net": MLPClassifier(**BASE), "X": data[0], "y": data[1]})
    assert len(set(place.glob("wandb/offline-run-*")) - before) == 1
