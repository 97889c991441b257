"""``train``, ``predict``, ``evaluate``, ``info`` and ``export``, end to end on small tables."""

import csv
import json
import tomllib
import warnings

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import chainrule
from chainrule.cli import app

N = 240
NAME = 'my "town".x = ü'
SMALL = [
    "--set",
    "models.net.settings.max_iter=3",
    "--set",
    "models.trees.settings.max_iter=3",
    "--set",
    "models.net.settings.hidden_layer_sizes=[8]",
]


def command(*arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return CliRunner().invoke(app, list(map(str, arguments)), env={"COLUMNS": "100"})


def people():
    random = np.random.RandomState(0)
    age = random.normal(40, 10, N).round(2)
    town = random.choice(["Bonn", "Rome"], N)
    kind = np.where(age > 45, "old, or so", np.where(town == "Rome", "roman", "young"))
    since = pd.Timestamp("2020-01-01") + pd.to_timedelta(random.randint(0, 999, N), "D")
    frame = pd.DataFrame({"age": age, NAME: town, "since": since.date, "kind": kind})
    frame.loc[::13, "age"] = np.nan
    frame.loc[5, "kind"] = None
    frame["price"] = (1000 * age + random.normal(size=N)).round(3)
    frame.loc[3, "price"] = np.nan
    frame.loc[4, "price"] = np.inf
    return frame


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("trained")
    people().to_csv(made / "people.csv", index=False)
    return made


def trained(folder, out, *arguments):
    done = command("train", folder / "people.csv", *arguments, "--out", folder / out)
    assert done.exit_code == 0, done.output
    return folder / out, done.stdout


@pytest.fixture(scope="module")
def classes(folder):
    return trained(folder, "classes", "--target", "kind", "--drop", "price", *SMALL)


@pytest.fixture(scope="module")
def numbers(folder):
    return trained(
        folder, "numbers", "--target", "price", "--drop", "kind", "--tune", 2, *SMALL[:4]
    )


def test_what_was_decided_is_said(classes, numbers):
    _, said = classes
    for text in ("target: 3 classes", "1 rows without it are left out", "left out, as asked for"):
        assert text in said
    assert NAME in said and "19 missing" in said
    for baseline in ("Always the commonest class", "Logistic regression", "Boosted trees"):
        assert baseline in said
    _, said = numbers
    for text in ("target: numbers", "2 rows without it", "Always the mean", "Ridge regression"):
        assert text in said


@pytest.mark.parametrize("kind", ["classes", "numbers"])
def test_predict_and_evaluate(kind, folder, request, tmp_path):
    run, _ = request.getfixturevalue(kind)
    target = {"classes": "kind", "numbers": "price"}[kind]
    frame = pd.read_csv(folder / "people.csv")
    frame.assign(extra="x")[[*frame.columns[::-1].tolist(), "extra"]].to_parquet(
        tmp_path / "p.parquet"
    )
    for source, out in ((folder / "people.csv", "a.csv"), (tmp_path / "p.parquet", "b.csv")):
        done = command("predict", run, source, "-o", tmp_path / out)
        assert done.exit_code == 0, done.output
        assert done.stdout.startswith(f"{N} predictions: ")
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    done = command("evaluate", run, folder / "people.csv", "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    if kind == "classes":
        assert list(rows[0])[1:] == [f"probability_{c}" for c in ("old, or so", "roman", "young")]
        known = frame[target].notna()
        right = frame[target][known] == np.array([row["prediction"] for row in rows])[known]
        assert found["accuracy"] == right.mean()
        assert found["left_out"] == 1
    else:
        known = np.isfinite(frame[target])
        errors = np.array([float(row["prediction"]) for row in rows])[known] - frame[target][known]
        assert found["mae"] == pytest.approx(np.abs(errors).mean(), rel=1e-5)
        assert found["rows"] == N - 2
    text = command("evaluate", run, folder / "people.csv").stdout
    assert f"rows      {found['rows']}" in text or str(found["rows"]) in text


def test_the_model_in_python(classes, folder):
    """The saved Pipeline takes the table itself, and knows the labels."""
    model = chainrule.load(classes[0] / "model.safetensors")
    frame = pd.read_csv(folder / "people.csv")
    assert model.classes_.tolist() == ["old, or so", "roman", "young"]
    (batch,) = chainrule.predict_batches(classes[0], folder / "people.csv")
    np.testing.assert_array_equal(model.predict(frame), batch.predictions)


def test_info(classes, numbers):
    said = command("info", classes[0]).stdout
    assert "classification of kind" in said and f"{NAME} (category)" in said
    assert "rows of people.csv" in said and "test accuracy" in said
    assert "regression of price" in command("info", numbers[0]).stdout


def test_the_dry_run_gives_the_spec_that_repeats_it(classes, folder, tmp_path):
    arguments = ["--target", "kind", "--drop", "price", *SMALL, "--dry-run"]
    done = command("train", folder / "people.csv", *arguments, "--out", tmp_path / "none")
    assert done.exit_code == 0, done.output
    assert not (tmp_path / "none").exists()
    spec = done.stdout[done.stdout.index("name = ") :]
    table = tomllib.loads(spec)["data"]["table"]
    assert table["kinds"] == {"age": "number", NAME: "category", "since": "date"}
    (tmp_path / "spec.toml").write_text(spec, encoding="utf-8")
    again = command("run", tmp_path / "spec.toml", "--out", tmp_path / "again")
    assert again.exit_code == 0, again.output
    files = [each / "model.safetensors" for each in (classes[0], tmp_path / "again")]
    one, two = (chainrule.load(path) for path in files)
    frame = pd.read_csv(folder / "people.csv")
    np.testing.assert_array_equal(one.predict_proba(frame), two.predict_proba(frame))


def test_what_is_set_is_not_searched(folder):
    arguments = ["--target", "price", "--drop", "kind", "--tune", 2, "--dry-run"]
    done = command(
        "train", folder / "people.csv", *arguments, "--set", "models.net.settings.dropout=0.0"
    )
    spec = tomllib.loads(done.stdout[done.stdout.index("name = ") :])
    net = spec["models"]["net"]
    assert "dropout" not in net["search"]["space"] and net["settings"]["dropout"] == 0.0


def test_a_file_larger_than_the_memory_is_streamed_or_warned_of(folder, tmp_path, monkeypatch):
    asked = ["train", folder / "people.csv", "--target", "kind", "--drop", "price", *SMALL]
    done = command(*asked, "--stream", "--memory", "2GB", "--out", tmp_path / "run")
    assert done.exit_code == 0, done.output
    assert "add --stream" not in done.stdout
    assert "random sample" in (tmp_path / "run" / "report.html").read_text()
    assert not (tmp_path / "run" / "stream").exists()
    table = tomllib.loads((tmp_path / "run" / "spec.toml").read_text())["data"]["table"]
    assert (table["stream"], table["memory"]) == (True, "2GB")
    monkeypatch.setattr("chainrule.streams.memory.bytes_of", lambda memory: 1000)
    monkeypatch.setattr("chainrule.experiments.run", lambda spec, **more: None)
    assert "The file is larger than 1GB" in command(*asked).stdout


def test_no_header(tmp_path):
    random = np.random.RandomState(0)
    rows = random.normal(size=(120, 3)).round(4)
    rows[:, 2] = rows[:, 0] - rows[:, 1]
    np.savetxt(tmp_path / "t.csv", rows, delimiter=",", fmt="%.4f")
    data = tmp_path / "t.csv"
    done = command("train", data, "--target", "x3", "--dry-run")
    assert done.exit_code == 2 and "--no-header" in done.stderr
    pipe = chainrule.MLPRegressor(hidden_layer_sizes=(3,), solver="lbfgs", random_state=0)
    pipe.fit(pd.DataFrame(rows[:, :2], columns=["x1", "x2"]), rows[:, 2])
    chainrule.save(pipe, tmp_path / "m", about={"target": "x3"})
    done = command("predict", tmp_path / "m", data, "-o", tmp_path / "o.csv", "--no-header")
    assert done.exit_code == 0, done.output
    done = command("evaluate", tmp_path / "m", data, "--no-header", "--json")
    assert json.loads(done.stdout)["r2"] > 0.9
    done = command("train", data, "--target", "x3", "--no-header", "--dry-run")
    assert "header = false" in done.stdout


def test_a_plain_model_as_onnx(tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    X = np.random.RandomState(0).normal(size=(60, 2)).astype(np.float32)
    net = chainrule.MLPRegressor(hidden_layer_sizes=(3,), solver="lbfgs", random_state=0)
    net.fit(X, X[:, 0])
    chainrule.save(net, tmp_path / "m")
    done = command("export", tmp_path / "m", tmp_path / "m.onnx")
    assert done.exit_code == 0, done.output
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    (found, *_) = session.run(None, {session.get_inputs()[0].name: X})
    np.testing.assert_allclose(found.ravel(), net.predict(X), atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--target", "kin"], "Unknown column 'kin'. Did you mean 'kind'"),
        (
            ["--target", "kind", "--task", "ranking"],
            "--task: required classification or regression",
        ),
        (["--target", "kind", "--task", "regression"], "Required numbers to predict in 'kind'"),
        (["--target", "kind", "--delimiter", ";"], "Unknown column 'kind'"),
        (["--target", "kind", "--encoding", "klingon"], "Unknown encoding"),
        (["--target", "kind", "--drop", "none"], "Unknown column 'none'"),
    ],
)
def test_mistakes(folder, tmp_path, arguments, said):
    done = command("train", folder / "people.csv", *arguments, "--out", tmp_path / "run")
    assert done.exit_code == 2
    assert said in done.stderr
    assert not (tmp_path / "run").exists()


def test_mistakes_of_a_prediction(classes, folder, tmp_path):
    pd.read_csv(folder / "people.csv").drop(columns="age").to_csv(tmp_path / "t.csv", index=False)
    for arguments, said in (
        ([tmp_path / "t.csv", "-o", tmp_path / "o.csv"], "missing: 'age'"),
        ([folder / "people.csv", "-o", tmp_path / "t.csv"], "is there already"),
        ([folder / "people.csv", "-o", tmp_path / "o.csv", "--memory", "1MB"], "at least 300 MB"),
    ):
        done = command("predict", classes[0], *arguments)
        assert done.exit_code == 2 and said in done.stderr, done.output
    assert [each.name for each in tmp_path.iterdir()] == ["t.csv"]
