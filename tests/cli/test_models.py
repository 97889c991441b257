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
from chainrule.files.light import load_header

pytestmark = pytest.mark.usefixtures("no_figures")

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
    for text in ("target: 3 classes", "1 row without it is left out", "left out, as asked for"):
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
    assert "classification, of 'kind'" in said and f"{NAME} (category)" in said
    assert "rows of people.csv" in said and "test accuracy" in said
    said = command("info", numbers[0]).stdout
    assert "regression, of 'price'" in said
    results = json.loads((numbers[0] / "results.json").read_text("utf-8"))
    search = next(each["search"] for each in results["models"] if each["key"] == "net")
    assert f"random, best of 2: {search['mean']:.4f}" in said
    assert f"dropout={search['best']['dropout']:.4g}" in said
    about = load_header(numbers[0] / "model.safetensors").about
    assert about.search.decoded() == search["best"] and about.search.candidates == 2


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


def test_brackets_are_printed_as_they_are(folder, tmp_path):
    """In paths, names and texts: what is printed is the user's, and no markup."""
    frame = people().rename(columns={"age": "[red]age", NAME: "[/b]"})[["[red]age", "[/b]", "kind"]]
    frame["[i]"] = "[bold]"
    frame.to_csv(tmp_path / "[b]t.csv", index=False)
    out = tmp_path / "[r]x"
    done = command("train", tmp_path / "[b]t.csv", "--target", "kind", *SMALL, "--out", out)
    assert done.exit_code == 0, done.output
    for text in ("[red]age", "[/b]", "'[bold]' in every row", f"Report: {out}/", f"Spec: {out}/"):
        assert text in done.stdout, text


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
    gaps = ["--missing", "", "--missing", "no answer"]
    done = command(*asked, "--stream", "--memory", "2GB", *gaps, "--out", tmp_path / "run")
    assert done.exit_code == 0, done.output
    assert "add --stream" not in done.stdout
    assert "random sample" in (tmp_path / "run" / "report.html").read_text()
    assert not (tmp_path / "run" / "stream").exists()
    table = tomllib.loads((tmp_path / "run" / "spec.toml").read_text())["data"]["table"]
    assert (table["stream"], table["memory"]) == (True, "2GB")
    kept = load_header(tmp_path / "run" / "model.safetensors").about
    assert kept.missing == ["", "no answer"]
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


def test_what_stands_for_missing(classes, tmp_path):
    """The model's file has the texts; the rows with them are those with gaps."""
    frame = people()[["age", "kind"]]
    frame.to_csv(tmp_path / "gaps.csv", index=False)
    frame.to_csv(tmp_path / "marks.csv", index=False, na_rep="-99")
    flags = ["--missing", "-99", "--missing", "no answer"]
    done = command("train", tmp_path / "marks.csv", "--target", "kind", *SMALL, *flags, "--out",
                   tmp_path / "run")  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "numbers; 19 missing" in done.stdout and "1 row without it is left out" in done.stdout
    options = tomllib.loads((tmp_path / "run" / "spec.toml").read_text())["data"]["table"][
        "options"
    ]
    assert options == {"missing": ["-99", "no answer"]}
    assert "'-99', 'no answer', in files of text" in command("info", tmp_path / "run").stdout
    assert "missing" not in command("info", classes[0]).stdout  # none was said
    for name, more in (("gaps.csv", ["--missing", ""]), ("marks.csv", [])):
        out = tmp_path / f"{name}.out.csv"
        done = command("predict", tmp_path / "run", tmp_path / name, "-o", out, *more)
        assert done.exit_code == 0, done.output
        done = command("evaluate", tmp_path / "run", tmp_path / name, "--json", *more)
        assert json.loads(done.stdout)["left_out"] == 1
    outs = [(tmp_path / f"{name}.out.csv").read_bytes() for name in ("gaps.csv", "marks.csv")]
    assert outs[0] == outs[1]
    done = command("predict", tmp_path / "run", tmp_path / "gaps.csv", "-o", tmp_path / "none.csv")
    assert done.exit_code == 2 and "required a number, came ''" in done.stderr, done.output


def test_contradictions_are_named(folder):
    asked = ["train", folder / "people.csv", "--target", "kind", "--dry-run"]
    for more, text in (
        (["--drop", "age", "--number", "age"], "--drop 'age'"),
        (["--number", "age", "--category", "age"], "--category 'age'"),
        (["--drop", "kind"], "--target 'kind'"),
        (["--category", "kind"], "--task classification"),
        (["--number", NAME], "required a number, came"),
    ):
        done = command(*asked, *more)
        assert done.exit_code == 2 and text in done.stderr, done.output


def test_an_array_among_several(tmp_path):
    X, y = arrays()
    both = np.column_stack([X, y == "right"])
    np.savez(tmp_path / "t.npz", A=both, B=both[:, ::-1])
    done = command("train", tmp_path / "t.npz", "--target", "x4", "--dry-run")
    assert done.exit_code == 2 and "(--array A)" in done.stderr
    flags = ["--array", "A"]
    done = command("train", tmp_path / "t.npz", "--target", "x4", *SMALL, *flags, "--out",
                   tmp_path / "run")  # fmt: skip
    assert done.exit_code == 0, done.output
    done = command(
        "predict", tmp_path / "run", tmp_path / "t.npz", "-o", tmp_path / "o.npy", *flags
    )
    assert done.exit_code == 0, done.output
    done = command("evaluate", tmp_path / "run", tmp_path / "t.npz", "--json", *flags)
    (batch,) = chainrule.predict_batches(tmp_path / "run", X)
    assert json.loads(done.stdout)["accuracy"] == np.mean(batch.predictions == (y == "right"))


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


def arrays(n=120):
    X = np.random.RandomState(1).normal(size=(n, 3)).astype(np.float32)
    return X, np.where(X[:, 0] > 0, "right", "left")


def test_train_from_npy(tmp_path):
    """Columns are x1, x2, ..., and any of them is the target."""
    X, y = arrays()
    np.save(tmp_path / "t.npy", np.column_stack([X, y == "right"]))
    run, said = trained_on(tmp_path, "t.npy", "x4")
    assert "target: 2 classes" in said
    model = load_header(run / "model.safetensors")
    assert model.about.target == "x4"
    np.save(tmp_path / "new.npy", X)
    assert predicted(run, tmp_path, "new.npy") == predicted(run, tmp_path, "t.npy")
    found = json.loads(command("evaluate", run, tmp_path / "t.npy", "--json").stdout)
    (batch,) = chainrule.predict_batches(run, X)
    assert batch.predictions.dtype == np.int64 and found["rows"] == len(X)
    assert found["accuracy"] == np.mean(batch.predictions == (y == "right"))


def test_train_from_npz(tmp_path):
    """X and y are what anybody would take them for."""
    X, y = arrays()
    np.savez(tmp_path / "t.npz", X=X, y=y)
    run, said = trained_on(tmp_path, "t.npz", "y")
    assert "target: 2 classes" in said
    (batch,) = chainrule.predict_batches(run, X)
    np.savez(tmp_path / "new.npz", X=X)
    rows = predicted(run, tmp_path, "new.npz")
    assert rows == predicted(run, tmp_path, "t.npz")
    assert [row["prediction"] for row in rows] == batch.predictions.tolist()
    found = json.loads(command("evaluate", run, tmp_path / "t.npz", "--json").stdout)
    assert found["accuracy"] == np.mean(batch.predictions == y)
    done = command("train", tmp_path / "new.npz", "--target", "y", "--dry-run")
    assert done.exit_code == 2 and "Unknown column 'y'" in done.stderr


def trained_on(folder, name, target):
    done = command("train", folder / name, "--target", target, *SMALL, "--out", folder / "run")
    assert done.exit_code == 0, done.output
    return folder / "run", done.stdout


def predicted(run, folder, name):
    done = command("predict", run, folder / name, "-o", folder / f"{name}.csv")
    assert done.exit_code == 0, done.output
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_network_without_names_and_an_npz_with_y(tmp_path):
    """Its columns are those of X; y is the truth."""
    X, y = arrays()
    net = chainrule.MLPClassifier((4,), solver="lbfgs", max_iter=20, random_state=0).fit(X, y)
    chainrule.save(net, tmp_path / "m", about={"target": "y"})
    np.savez(tmp_path / "t.npz", X=X, y=y)
    rows = predicted(tmp_path / "m", tmp_path, "t.npz")
    assert [row["prediction"] for row in rows] == net.predict(X).tolist()
    done = command("evaluate", tmp_path / "m", tmp_path / "t.npz", "--json")
    assert json.loads(done.stdout)["accuracy"] == net.score(X, y)


@pytest.mark.parametrize("known", [["only"], ["no", "yes"], [7], [True]])
def test_the_probabilities_of_one_class_and_of_two(tmp_path, known):
    """A column for each class: the first ones of predict_proba."""
    X, _ = arrays(40)
    y = np.array(known)[np.arange(40) % len(known)]
    net = chainrule.MLPClassifier((4,), solver="lbfgs", alpha=1.0, random_state=0).fit(X, y)
    chainrule.save(net, tmp_path / "m", about={"target": "y"})
    np.savez(tmp_path / "t.npz", X=X, y=y)
    rows = predicted(tmp_path / "m", tmp_path, "t.npz")
    names = [f"probability_{each}" for each in np.array(known)]
    assert list(rows[0]) == ["prediction", *names]
    assert {row["prediction"] for row in rows} <= {str(each) for each in np.array(known)}
    written = [[float(row[name]) for name in names] for row in rows]
    wanted = net.predict_proba(X)[:, : len(known)]
    np.testing.assert_allclose(written, wanted, rtol=1e-5, atol=1e-7)
    if len(known) == 1:
        assert np.min(written) > 0.9
    found = json.loads(command("evaluate", tmp_path / "m", tmp_path / "t.npz", "--json").stdout)
    own = wanted[np.arange(40), np.arange(40) % len(known)]
    assert found["log_loss"] == pytest.approx(-np.log(own).mean(), rel=1e-4, abs=1e-7)


def test_json_has_no_nan(tmp_path):
    """A target of one value has no R2: null, which any parser takes."""
    X, _ = arrays(40)
    net = chainrule.MLPRegressor(hidden_layer_sizes=(3,), solver="lbfgs", random_state=0)
    chainrule.save(net.fit(X, X[:, 0]), tmp_path / "m")
    np.savez(tmp_path / "t.npz", X=X, y=np.ones(40))

    def refuse(name):
        raise AssertionError(name)

    done = command("evaluate", tmp_path / "m", tmp_path / "t.npz", "--target", "y", "--json")
    found = json.loads(done.stdout, parse_constant=refuse)
    assert found["r2"] is None and found["mae"] > 0 and found["rows"] == 40
    text = command("evaluate", tmp_path / "m", tmp_path / "t.npz", "--target", "y").stdout
    assert "nan" in text


@pytest.mark.parametrize(("kind", "measure"), [("classes", "accuracy"), ("numbers", "RMSE")])
def test_what_8_bits_cost_where_the_rows_have_the_truth(kind, measure, folder, request, tmp_path):
    """Read as the flags say, from a file that is not as the training's was."""
    run, _ = request.getfixturevalue(kind)
    frame = pd.read_csv(folder / "people.csv")
    frame.to_csv(tmp_path / "t.csv", index=False, sep=";", encoding="utf-16", na_rep="-")
    asked = ["export", run, tmp_path / "Net 1.h", "--int8", tmp_path / "t.csv"]
    flags = ["--encoding", "utf-16", "--delimiter", ";", "--missing", "-"]
    done = command(*asked, *flags)
    assert done.exit_code == 0, done.output
    truth = {"classes": "kind", "numbers": "price"}[kind]
    n = int(np.isfinite(frame["price"]).sum()) if kind == "numbers" else N - 1
    assert f"Rows without '{truth}', left out: {N - n}." in done.stdout
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("Against float32")]
    assert f"on {n} rows: largest difference" in line
    before = float(line.split(f"{measure} ")[1].split(" before and ")[0])
    found = json.loads(command("evaluate", run, folder / "people.csv", "--json").stdout)
    assert before == pytest.approx(found[measure.lower()], rel=1e-4)
    assert "names begin with net_1_" in done.stdout and (tmp_path / "Net 1.h").exists()
    done = command("export", run, tmp_path / "n.h", *flags)
    assert done.exit_code == 2 and "--int8 DATA" in done.stderr


def test_a_c_header_in_8_bits(tmp_path):
    X, y = arrays()
    net = chainrule.MLPClassifier((4,), solver="lbfgs", max_iter=20, random_state=0).fit(X, y)
    chainrule.save(net, tmp_path / "m")
    np.save(tmp_path / "rows.npy", X)
    small, whole = tmp_path / "model.h", tmp_path / "whole.h"
    done = command("export", tmp_path / "m", small, "--int8", tmp_path / "rows.npy")
    assert done.exit_code == 0, done.output
    assert "int8 arithmetic, 21 parameters" in done.stdout
    assert f"Against float32, on {len(X)} rows: largest difference" in done.stdout
    assert "int8_t" in small.read_text("utf-8") and "model_predict" in small.read_text("utf-8")
    assert command("export", tmp_path / "m", whole).exit_code == 0
    assert "int8_t" not in whole.read_text("utf-8").replace("uint8_t", "")
    for arguments, said in (
        ([tmp_path / "m.onnx", "--int8", tmp_path / "rows.npy"], "8 bits are for a C header"),
        ([tmp_path / "n.h", "--int8", tmp_path / "none.npy"], "does not exist"),
    ):
        done = command("export", tmp_path / "m", *arguments)
        assert done.exit_code == 2 and said in done.stderr
    assert {each.name for each in tmp_path.iterdir()} == {"m", "rows.npy", "model.h", "whole.h"}


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
