"""``train``, ``predict``, ``evaluate``, ``info`` and ``export`` on folders of images."""

import csv
import json
import tomllib
import warnings

import numpy as np
import pytest
from PIL import Image
from tests.tables.images_made import photos, picture
from typer.testing import CliRunner

import chainrule
from chainrule.cli import app
from chainrule.data.photos import load_photos
from chainrule.models.images import ImageInput
from chainrule.streams.predict import frozen

pytestmark = pytest.mark.usefixtures("no_figures")

SMALL = [
    "--set",
    "models.net.settings.max_iter=30",
    "--set",
    "models.net.settings.learning_rate_init=0.01",
    "--set",
    "models.net.settings.hidden_layer_sizes=[16]",
    "--set",
    "models.trees.settings.max_iter=3",
]


def command(*arguments, columns=100):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return CliRunner().invoke(app, list(map(str, arguments)), env={"COLUMNS": str(columns)})


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run's folder, what was said, and photographs, old and new."""
    folder = tmp_path_factory.mktemp("cli")
    old = photos(folder / "my photos", n=15, size=(6, 5))
    (old / "red" / "notes.txt").touch()
    new = photos(folder / "new", n=5, size=(20, 30), first=100)
    done = command("train", old, *SMALL, "--out", folder / "run")
    assert done.exit_code == 0, done.output
    return folder / "run", done.stdout, old, new


def test_what_was_decided_is_said(made):
    _, said, _, _ = made
    for text in ("class: 15 images", "6 x 5", "all 45 images", "rgb", "1 other files (1 .txt)"):
        assert text in said
    for model in ("Network", "Always the commonest class", "Logistic regression", "Boosted trees"):
        assert model in said


def test_the_report_has_pictures(made):
    results = json.loads((made[0] / "results.json").read_text(encoding="utf-8"))
    assert results["data"]["image_shape"] == [6, 5, 3]
    labels = {each["label"] for each in results["data"]["samples"]}
    assert labels == {"blue", "green", "red"}
    net = results["models"][0]
    assert net["scores"]["test"] > 0.8
    assert net["pictures"]["weights"]["shape"] == [6, 5, 3]
    report = (made[0] / "report.html").read_text(encoding="utf-8")
    assert "first layer" in report and "Who was taken for whom" in report


def test_predict_evaluate_and_info(made, tmp_path):
    run, _, _, new = made
    done = command("predict", run, new, "-o", tmp_path / "o.csv")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("15 predictions: ")
    with (tmp_path / "o.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [*rows[0]] == [
        "file",
        "prediction",
        *(f"probability_{c}" for c in ("blue", "green", "red")),
    ]
    right = np.mean([row["file"].split("/")[0] == row["prediction"] for row in rows])
    found = json.loads(command("evaluate", run, new, "--json").stdout)
    assert found["accuracy"] == right > 0.8
    done = command(
        "predict", run, new / "red" / "000.png", "-o", tmp_path / "1.csv", "--no-probabilities"
    )
    assert done.exit_code == 0, done.output
    assert (
        tmp_path / "1.csv"
    ).read_text() == f"file,prediction\n000.png,{rows[10]['prediction']}\n"
    said = command("info", run).stdout
    assert "6 x 5 pixels (height x width), rgb" in said and "format 3" in said
    assert "27 rows of my photos/" in said


def test_the_dry_run_gives_the_spec_that_repeats_it(made, tmp_path):
    run, _, old, new = made
    done = command("train", old, *SMALL, "--dry-run", "--out", tmp_path / "none")
    assert done.exit_code == 0 and not (tmp_path / "none").exists()
    spec = done.stdout[done.stdout.index("name = ") :]
    assert tomllib.loads(spec)["data"]["folder"]["size"] == [6, 5]
    (tmp_path / "spec.toml").write_text(spec, encoding="utf-8")
    again = command("run", tmp_path / "spec.toml", "--out", tmp_path / "again")
    assert again.exit_code == 0, again.output
    X = load_photos(new, ImageInput(6, 5, "rgb")).X_train
    one, two = (chainrule.load(each / "model.safetensors") for each in (run, tmp_path / "again"))
    assert one.classes_.tolist() == ["blue", "green", "red"]
    np.testing.assert_array_equal(one.predict_proba(X), two.predict_proba(X))


def test_flags_and_a_narrow_terminal(made):
    *_, old, _ = made
    done = command("train", old, "--size", "4x7", "--grey", "--crop", "--dry-run", columns=60)
    assert done.exit_code == 0, done.output
    folder = tomllib.loads(done.stdout[done.stdout.index("name = ") :])["data"]["folder"]
    assert (folder["size"], folder["colour"], folder["fit"]) == ([4, 7], "grey", "crop")
    table = done.stdout[: done.stdout.index("name = ")]
    assert max(map(len, table.splitlines())) <= 60 and "4 x 7" in table


def test_export(made, tmp_path):
    """The row of an image's pixels gives the same answer elsewhere."""
    onnxruntime = pytest.importorskip("onnxruntime")
    run, _, _, new = made
    done = command("export", run, tmp_path / "m.onnx")
    assert done.exit_code == 0, done.output
    assert "a row of 90 numbers from 0 to 255" in " ".join(done.stdout.split())
    X = load_photos(new, ImageInput(6, 5, "rgb")).X_train
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    labels, P = session.run(None, {session.get_inputs()[0].name: X.astype(np.float32)})
    model = frozen(run)
    assert labels.tolist() == model.predict(X).tolist()
    np.testing.assert_allclose(P, model.predict_proba(X), atol=1e-5)
    by_hand = np.asarray(
        Image.open(new / "red" / "000.png").resize((5, 6), Image.Resampling.BILINEAR)
    )
    assert abs(by_hand.reshape(-1).astype(int) - X[10]).max() <= 2
    for name in ("m.h", "m.py"):
        assert command("export", run, tmp_path / name).exit_code == 0
        assert (tmp_path / name).exists()


def one_class(folder):
    photos(folder, 3, {"red": (1, 0, 0)})


def no_class(folder):
    folder.mkdir()
    picture((1, 0, 0)).save(folder / "1.png")


def damaged(folder):
    photos(folder, 6)
    (folder / "red" / "000.png").write_text("text")


@pytest.mark.parametrize(
    ("make", "arguments", "said"),
    [
        (lambda f: f.mkdir(), [], "holds no images"),
        (no_class, [], "no sub-folders with images"),
        (one_class, [], "at least two classes"),
        (lambda f: photos(f, 4), [], "has 4 images to train on; required at least 5"),
        (damaged, [], "1 of 18 images cannot be read: red/000.png (no image by its content)"),
        (lambda f: photos(f, 5), ["--size", "big"], "required a size in pixels"),
        (lambda f: photos(f, 5), ["--size", "0"], "sides of 1 to 256 pixels"),
        (lambda f: photos(f, 5), ["--size", "9999x9999"], "sides of 1 to 256 pixels"),
        (lambda f: photos(f, 5), ["--target", "y"], "--target: for tables"),
        (lambda f: photos(f, 5), ["--drop", "y", "--no-header"], "--drop, --no-header: for tables"),
        (lambda f: f.write_text("a,b\n1,2\n"), [], "required a file that ends in one of"),
    ],
)
def test_mistakes_are_named_and_leave_nothing(tmp_path, make, arguments, said):
    make(tmp_path / "p")
    if "ends in" in said:
        arguments = ["--target", "b"]
    done = command("train", tmp_path / "p", *arguments, "--out", tmp_path / "run")
    assert done.exit_code == 2
    assert said.casefold() in " ".join(done.stderr.split()).casefold()
    assert [each.name for each in tmp_path.iterdir()] == ["p"]


def test_mistakes_with_tables(tmp_path, made):
    table = tmp_path / "t.csv"
    table.write_text("a,b\n1,2\n", encoding="utf-8")
    for arguments, said in (
        ([], "required the column to predict, for a table: --target COLUMN"),
        (["--target", "b", "--size", "8"], "--size: for folders of images"),
        (["--target", "b", "--rgb"], "--grey/--rgb: for folders of images"),
    ):
        done = command("train", table, *arguments)
        assert done.exit_code == 2 and said.casefold() in " ".join(done.stderr.split()).casefold()
    done = command("train", tmp_path / "none")
    assert done.exit_code == 2 and "Give the path of a table or a folder" in done.stderr
    done = command("info", tmp_path / "none")
    assert done.exit_code == 2 and "does not exist" in done.stderr
    done = command("predict", made[0], tmp_path, "-o", tmp_path / "o.csv")
    assert done.exit_code == 2 and "holds no images" in done.stderr
