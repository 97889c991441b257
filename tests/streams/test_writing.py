"""Predictions in files: whole or not there, and gone on with after a stop."""

import csv
import errno
import os
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from chainrule.errors import DataError, MissingExtraError
from chainrule.streams import writing
from chainrule.streams.predict import predict_batches
from chainrule.streams.writing import predict_to

SUFFIXES = (".csv", ".parquet", ".arrow", ".feather", ".npy")


def read(path):
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            names, *rows = csv.reader(file)
        return {name: list(each) for name, each in zip(names, zip(*rows, strict=True), strict=True)}
    if path.suffix == ".parquet":
        return {name: list(each) for name, each in pd.read_parquet(path).items()}
    with pa.memory_map(str(path)) as file:
        return pa.ipc.open_file(file).read_all().to_pydict()


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", ["texts", "numbers", "truth", "values"])
def test_every_kind_of_file(models, tmp_path, name, suffix):
    _, path, frame, _ = models[name]
    out = tmp_path / f"o{suffix}"
    assert predict_to(path, frame, out) == len(frame)
    assert list(tmp_path.iterdir()) == [out]
    (batch,) = predict_batches(path, frame)
    if suffix == ".npy":
        np.testing.assert_array_equal(np.load(out), batch.outputs)
        return
    expected = {"prediction": batch.predictions}
    if name != "values":
        P = batch.probabilities
        expected |= {f"probability_{c}": P[:, at] for at, c in enumerate(batch.model.classes)}
    found = read(out)
    assert list(found) == list(expected)
    for column, values in expected.items():
        if suffix == ".csv":
            kind = values.dtype.type if values.dtype.kind == "f" else str
            np.testing.assert_array_equal([kind(x) for x in found[column]], values.astype(kind))
        else:
            assert found[column] == values.tolist()


def test_without_probabilities_and_without_rows(models, tmp_path):
    _, path, frame, _ = models["texts"]
    predict_to(path, frame, tmp_path / "o.csv", probabilities=False)
    assert list(read(tmp_path / "o.csv")) == ["prediction"]
    for suffix in SUFFIXES:
        out = tmp_path / f"none{suffix}"
        assert predict_to(path, frame.iloc[:0], out) == 0
        assert out.exists()
    header = (tmp_path / "none.csv").read_text(encoding="utf-8")
    assert header.startswith("prediction,probability_no,")
    assert pd.read_parquet(tmp_path / "none.parquet").shape == (0, 4)


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(writing, "PART_BLOCKS", 2)


def stop_at(limit, error=KeyboardInterrupt):
    def on_rows(rows):
        if rows >= limit:
            raise error

    return on_rows


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_stopped_one_goes_on(wide, tmp_path, small_parts, suffix):
    _, path, X = wide
    whole, out = tmp_path / f"whole{suffix}", tmp_path / f"out{suffix}"
    np.save(tmp_path / "X.npy", X)
    source, options = tmp_path / "X.npy", {"memory": "300MB"}
    predict_to(path, source, whole, **options)
    for limit in (1, 200, 300):
        with pytest.raises(KeyboardInterrupt):
            predict_to(path, source, out, on_rows=stop_at(limit), **options)
        assert not out.exists()
    seen = []
    predict_to(path, source, out, on_rows=seen.append, **options)
    assert seen[0] > 128  # what was done is not done again
    assert out.read_bytes() == whole.read_bytes()
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted(
        ["X.npy", whole.name, out.name]
    )


def test_stopped_while_the_file_itself_is_written(wide, tmp_path, monkeypatch, small_parts):
    """All rows are computed, the last of them no whole chunk."""
    _, path, X = wide
    predict_to(path, X, tmp_path / "whole.csv")

    def full(temporary, *_):
        temporary.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setitem(writing.WRITERS, ".csv", full)
        with pytest.raises(DataError, match=r"cannot be written.*No space left.*is kept"):
            predict_to(path, X, tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()
    assert not list((tmp_path / "out.csv.parts").glob("whole*"))
    seen = []
    assert predict_to(path, X, tmp_path / "out.csv", on_rows=seen.append) == len(X)
    assert seen == []  # nothing was left to compute
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_a_disk_that_is_full_half_way(wide, tmp_path, monkeypatch, small_parts):
    _, path, X = wide
    write_bytes, done = writing.write_bytes, []

    def some(path, data):
        if len(done) == 2:  # the note and a part
            raise OSError(errno.ENOSPC, "No space left on device")
        done.append(path)
        write_bytes(path, data)

    with monkeypatch.context() as patched:
        patched.setattr(writing, "write_bytes", some)
        with pytest.raises(DataError, match="No space left"):
            predict_to(path, X, tmp_path / "out.npy", memory="300MB")
    assert [each.name for each in tmp_path.iterdir()] == ["out.npy.parts"]
    predict_to(path, X, tmp_path / "out.npy", memory="1GB")  # another memory does not matter
    expected = np.concatenate([batch.outputs for batch in predict_batches(path, X)])
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), expected)


KILLED = """
import os, signal, sys
from chainrule.streams import writing
writing.PART_BLOCKS = 2
def on_rows(rows):
    if rows >= 300:
        os.kill(os.getpid(), signal.SIGKILL)
writing.predict_to(sys.argv[1], sys.argv[2], sys.argv[3], memory="300MB", on_rows=on_rows)
"""


def test_a_killed_one_goes_on(wide, tmp_path, small_parts):
    _, path, X = wide
    source, out = tmp_path / "X.npy", tmp_path / "out.csv"
    np.save(source, X)
    done = subprocess.run([sys.executable, "-c", KILLED, path, source, out], env={**os.environ})
    assert done.returncode == -signal.SIGKILL
    assert sorted(each.name for each in tmp_path.iterdir()) == ["X.npy", "out.csv.parts"]
    seen = []
    predict_to(path, source, out, memory="300MB", on_rows=seen.append)
    assert seen[0] > 128
    predict_to(path, source, tmp_path / "whole.csv")
    assert out.read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_parts_of_another_prediction(models, wide, tmp_path, small_parts):
    _, path, X = wide
    out = tmp_path / "out.csv"
    np.save(tmp_path / "X.npy", X)

    def stopped():
        with pytest.raises(KeyboardInterrupt):
            predict_to(path, tmp_path / "X.npy", out, memory="300MB", on_rows=stop_at(300))

    stopped()
    with pytest.raises(DataError, match="holds parts of another prediction"):
        predict_to(path, X[::-1], out)  # rows of the same number
    os.utime(tmp_path / "X.npy", (0, 0))
    with pytest.raises(DataError, match="holds parts of another prediction"):
        predict_to(path, tmp_path / "X.npy", out)
    _, other, frame, _ = models["values"]
    assert predict_to(other, frame, out, force=True) == len(frame)
    assert not (tmp_path / "out.csv.parts").exists()


def test_two_tables_in_memory_are_two(wide, tmp_path, small_parts):
    _, path, X = wide
    out, other = tmp_path / "out.npy", X.copy()
    other[-1, -1] += 1
    with pytest.raises(KeyboardInterrupt):
        predict_to(path, X, out, memory="300MB", on_rows=stop_at(300))
    with pytest.raises(DataError, match="parts of another"):
        predict_to(path, other, out)
    assert predict_to(path, X, out) == len(X)


@pytest.mark.parametrize("left", ["nothing", "a temporary file"])
def test_a_folder_in_which_nothing_was_done_yet(models, tmp_path, left):
    _, path, frame, _ = models["values"]
    (tmp_path / "o.csv.parts").mkdir()
    if left != "nothing":
        (tmp_path / "o.csv.parts" / ".chainrule-1.tmp").write_bytes(b"half")
    assert predict_to(path, frame, tmp_path / "o.csv") == len(frame)
    assert [each.name for each in tmp_path.iterdir()] == ["o.csv"]


def test_a_note_that_is_damaged(models, tmp_path):
    _, path, frame, _ = models["values"]
    (tmp_path / "o.csv.parts").mkdir()
    (tmp_path / "o.csv.parts" / "note.json").write_text("{")
    with pytest.raises(DataError, match="parts of another"):
        predict_to(path, frame, tmp_path / "o.csv")


def test_rows_that_are_refused_leave_nothing(models, tmp_path):
    _, path, frame, _ = models["values"]
    wrong = frame.astype({"z": object})
    wrong.loc[400, "z"] = "much"
    wrong.to_csv(tmp_path / "t.csv", index=False)
    for source in (tmp_path / "t.csv", frame[["z"]]):
        with pytest.raises(
            DataError, match=r"row 401: required a number, came 'much'|missing: 'x'"
        ):
            predict_to(path, source, tmp_path / "o.csv")
        assert [each.name for each in tmp_path.iterdir()] == ["t.csv"]


def test_places_that_cannot_be_written_to(models, tmp_path):
    _, path, frame, _ = models["values"]
    (tmp_path / "o.csv").write_text("mine")
    for name, said in (
        ("o.txt", "ends in one of .csv, .parquet"),
        ("o.csv", "is there already"),
        ("none/o.csv", "is no folder"),
    ):
        with pytest.raises(DataError, match=said):
            predict_to(path, frame, tmp_path / name)
    assert (tmp_path / "o.csv").read_text() == "mine"
    predict_to(path, frame, tmp_path / "o.csv", force=True)
    assert len(read(tmp_path / "o.csv")["prediction"]) == len(frame)


def test_one_process_at_a_time(wide, tmp_path, small_parts):
    """Who comes second is told, and harms nothing."""
    _, path, X = wide
    out = tmp_path / "out.csv"
    said = []

    def second(rows):
        if not said:
            for force in (False, True):
                with pytest.raises(DataError, match="another process makes this prediction") as no:
                    predict_to(path, X, out, memory="300MB", force=force)
                said.append(no)

    assert predict_to(path, X, out, memory="300MB", on_rows=second) == len(X)
    assert len(said) == 2
    assert len(read(out)["prediction"]) == len(X)
    assert [each.name for each in tmp_path.iterdir()] == ["out.csv"]


def test_parts_of_another_prediction_are_forgotten(models, wide, tmp_path, small_parts):
    _, path, X = wide
    out = tmp_path / "out.csv"
    with pytest.raises(KeyboardInterrupt):
        predict_to(path, X, out, memory="300MB", on_rows=stop_at(300))
    assert predict_to(path, X[:100], out, memory="300MB", force=True) == 100
    assert len(read(out)["prediction"]) == 100


def test_rows_that_become_fewer_meanwhile(wide, tmp_path, monkeypatch):
    """A file that is not the answer for all rows does not look whole."""
    _, path, X = wide
    batches = writing.predict_batches
    monkeypatch.setattr(writing, "predict_batches", lambda *a, **k: list(batches(*a, **k))[:-1])
    with pytest.raises(DataError, match=f"required {len(X)} rows, .*It was changed meanwhile"):
        predict_to(path, X, tmp_path / "out.csv")
    assert not list(tmp_path.iterdir())


def test_it_does_not_take_the_place_of_what_it_is_made_of(models, tmp_path):
    _, path, frame, _ = models["texts"]
    source = tmp_path / "rows.csv"
    frame.to_csv(source, index=False)
    before = source.read_bytes()
    with pytest.raises(DataError, match="has the rows of this prediction"):
        predict_to(path, source, source, force=True)
    assert source.read_bytes() == before


def test_without_pyarrow_it_is_missed_before_the_work(wide, tmp_path, monkeypatch):
    _, path, X = wide
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'chainrule\[parquet\]'"):
        predict_to(path, X, tmp_path / "out.parquet", on_rows=stop_at(1, AssertionError))
    assert not list(tmp_path.iterdir())
    assert predict_to(path, X, tmp_path / "out.npy") == len(X)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_few_values_at_a_time(wide, tmp_path, monkeypatch, suffix):
    """The same file, but for the groups of rows that some formats have."""
    _, path, X = wide
    predict_to(path, X, tmp_path / f"whole{suffix}")
    monkeypatch.setattr(writing, "VALUES", {"text": 50, "binary": 50})
    monkeypatch.setattr(writing, "PART_BYTES", 100)
    predict_to(path, X, tmp_path / f"parts{suffix}", memory="300MB")
    whole, parts = (
        np.load(path) if suffix == ".npy" else np.array(list(read(path).values()))
        for path in (tmp_path / f"{name}{suffix}" for name in ("whole", "parts"))
    )
    np.testing.assert_array_equal(whole, parts)


def test_what_ctrl_c_leaves_is_said(wide, tmp_path, small_parts):
    _, path, X = wide
    out = tmp_path / "out.csv"
    with pytest.raises(KeyboardInterrupt) as stopped:
        predict_to(path, X, out, memory="300MB", on_rows=stop_at(1))
    assert str(stopped.value) == ""  # nothing is left
    assert not list(tmp_path.iterdir())
    with pytest.raises(KeyboardInterrupt, match=r"rows are done, and kept in .*out\.csv\.parts"):
        predict_to(path, X, out, memory="300MB", on_rows=stop_at(300))
    assert predict_to(path, X, out, memory="300MB") == len(X)
